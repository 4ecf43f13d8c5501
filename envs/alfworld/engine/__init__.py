"""The native engine: PDDL and text grammar of ALFWorld's game files, interpreted."""

from .game import Game, State

__all__ = ["Game", "State"]
