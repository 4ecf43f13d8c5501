"""Policies without a model: the ends of every scale."""

import random
from collections.abc import Sequence

from arlarena_bench.episode import Generation
from arlarena_bench.errors import unknown
from arlarena_bench.policy.base import Policy, Question
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.streams import Stream


class OraclePolicy:
    """Follows the environment's own solution."""

    def respond(
        self,
        questions: Sequence[Question],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer with the first command of each environment's plan."""
        return [
            _follow(environment, environment.game.demonstrator.oracle())
            for environment in environments
        ]


class ExpertPolicy:
    """Follows the player whom the environment has for demonstrations."""

    def respond(
        self,
        questions: Sequence[Question],
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


class RandomPolicy:
    """Takes a random action that makes sense, in a valid reply."""

    def respond(
        self,
        questions: Sequence[Question],
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


class NullPolicy:
    """Says nothing."""

    def respond(
        self,
        questions: Sequence[Question],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        """Answer every question with an empty reply."""
        return [Generation("") for _ in questions]


SCRIPTED = ("expert", "null", "oracle", "random")


def scripted_policy(name: str) -> Policy:
    """Return a scripted policy by name.

    Raises:
        ArenaError: If there is none of that name.
    """
    match name:
        case "oracle":
            return OraclePolicy()
        case "expert":
            return ExpertPolicy()
        case "random":
            return RandomPolicy()
        case "null":
            return NullPolicy()
    raise unknown("scripted policy", name, SCRIPTED)
