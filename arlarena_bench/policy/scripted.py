"""Players without a model: the ends of every scale."""

import random
from collections.abc import Sequence

from arlarena_bench.episode import Generation
from arlarena_bench.errors import unknown
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.player import Player
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.streams import Stream


class OraclePlayer:
    """Follows the environment's own solution."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer with the first command of each environment's plan."""
        return [
            _follow(environment, environment.game.demonstrator.oracle())
            for environment in environments
        ]


class ExpertPlayer:
    """Follows the player whom the environment has for demonstrations."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer with what each environment's expert does next."""
        return [
            _follow(environment, environment.game.demonstrator.expert())
            for environment in environments
        ]


def plan_reply(environment: AgentProtocol, plan: list[str]) -> str:
    """Return the reply of someone with a plan: a thought, and the first command."""
    game = environment.game
    return game.reply_format.write(game.demonstrator.thought(plan), plan[0] if plan else "")


def _follow(environment: AgentProtocol, plan: list[str]) -> Generation:
    return Generation(plan_reply(environment, plan))


class RandomPlayer:
    """Takes a random action that makes sense, in a valid reply."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer with a random admissible action of each environment."""
        return [
            Generation(random_reply(environment, stream.python()))
            for environment, stream in zip(environments, streams, strict=True)
        ]


def random_reply(environment: AgentProtocol, rng: random.Random) -> str:
    """Return a valid reply with a random plan."""
    return plan_reply(environment, environment.game.demonstrator.noise(rng))


def habit_reply(environment: AgentProtocol) -> str:
    """Return the valid reply of the poor player of habit."""
    return plan_reply(environment, environment.game.demonstrator.habit())


class NullPlayer:
    """Says nothing."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer everything with an empty reply."""
        return [Generation("") for _ in asks]


SCRIPTED = ("expert", "null", "oracle", "random")


def scripted_player(name: str) -> Player:
    """Return a scripted player by name.

    Raises:
        ArenaError: If there is none of that name.
    """
    match name:
        case "oracle":
            return OraclePlayer()
        case "expert":
            return ExpertPlayer()
        case "random":
            return RandomPlayer()
        case "null":
            return NullPlayer()
    raise unknown("scripted policy", name, SCRIPTED)
