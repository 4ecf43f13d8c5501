"""What turns learned from outside the environment, such as programs' outputs, learned again."""

from dataclasses import dataclass

from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import EpisodeRecord


@dataclass(frozen=True, slots=True)
class Relearned:
    """What came of learning an episode's outside again.

    Attributes:
        turns: That learned something.
        varying: Of these, turns that learn something else each time, which nobody can compare.
        fault: Where it is not what was recorded, one line that begins with the turn.
    """

    turns: int = 0
    varying: int = 0
    fault: str | None = None


def relearned(environment: AgentProtocol, told: EpisodeRecord) -> Relearned:
    """Ask outside again, and compare with an episode's record.

    Args:
        environment: Of the recipe.
        told: The record, whose replay has no fault.

    Raises:
        ArenaError: If outside cannot be asked here.
    """
    recorded = told.turns.outside if told.turns is not None else None
    if told.turns is None or recorded is None:
        return Relearned()
    asked = [turn for turn, outside in enumerate(recorded) if outside is not None]
    first = _asked(environment, told, recorded)
    others = [turn for turn in asked if not first[turn][1]]
    # Most programs give the same each time, and need no second run.
    second = _asked(environment, told, recorded) if others else first
    same = [turn for turn in others if first[turn][0] == second[turn][0]]
    fault = None
    if same:
        turn = same[0]
        fault = (
            f"turn {turn + 1}: what came from outside is {recorded[turn]}, asked again it is "
            f"{first[turn][0]}"
        )
    return Relearned(len(asked), len(others) - len(same), fault)


def _asked(
    environment: AgentProtocol, told: EpisodeRecord, recorded: tuple[str | None, ...]
) -> list[tuple[str | None, bool]]:
    """Return what each turn learns, and whether that is what was recorded."""
    environment.reset(options={"task_id": told.task_id})
    game, found = environment.game, []
    game.forget_outside()
    for reply, outside in zip(told.turns.replies if told.turns else (), recorded, strict=True):
        environment.step(reply)
        found.append((game.outside, outside is None or game.learned(outside)))
    return found
