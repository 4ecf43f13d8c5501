"""Sokoban: the game, its solver and its levels; the environment is in `env`."""

from .board import Board
from .generator import Generator, Level
from .solver import solve

__all__ = ["Board", "Generator", "Level", "solve"]
