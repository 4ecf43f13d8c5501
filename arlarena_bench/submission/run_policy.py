"""Who has sampled a run's replies, and what its turns have learned from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import Result
from arlarena_bench.submission.bundle_folder import BundleFolder, shown
from arlarena_bench.submission.checkpoints import policy_of, without_checkpoint
from arlarena_bench.submission.outside import Relearned, relearned
from arlarena_bench.submission.policy_check import Sampled, check_policy
from arlarena_bench.submission.replaying import Replay
from arlarena_bench.submission.strict_json import RejectedError


@dataclass(frozen=True, slots=True)
class RunPolicy:
    """What was found of who has sampled a run's replies.

    Attributes:
        counts: Whether it decides on the bundle's tier, as all but scripts and starts do.
        unchecked: Why its tokens were not scored again; None if they were.
        decoders: What was found, by decoder.
        outside: What came of asking outside again, such as running its programs.
    """

    counts: bool
    unchecked: str | None
    decoders: dict[str, Sampled] = field(default_factory=dict)
    outside: Relearned = field(default_factory=Relearned)


def run_policy(
    folder: BundleFolder,
    run: str,
    result: Result,
    environment: AgentProtocol,
    replays: Mapping[str, Sequence[Replay]],
    false_alarm: float,
    draws: bool,
) -> RunPolicy:
    """Check who has sampled a run, and what its turns have learned from outside.

    Args:
        folder: The bundle.
        run: The run's folder in it.
        result: What is on record.
        environment: Of the recipe.
        replays: The episodes, stepped again without a fault, by decoder.
        false_alarm: Probability at most that a decoder's tokens are rejected by chance.
        draws: Whether every token has to be the one that its attempt's stream gives.

    Raises:
        RejectedError: If the checkpoint has not sampled them, or outside says otherwise.
    """
    counts = result.policy.kind in ("trained", "model")
    try:
        outside = _relearn(run, environment, replays)
    except RejectedError:
        raise
    except ArenaError as error:
        return RunPolicy(counts, f"what came from outside cannot be asked again here: {error}")
    if (why := without_checkpoint(folder, run, result)) is not None:
        return RunPolicy(counts, why, outside=outside)
    model = policy_of(folder, run, result)
    found = check_policy(run, result, environment.game, model, replays, false_alarm, draws)
    return RunPolicy(counts, None, found, outside)


def _relearn(
    run: str, environment: AgentProtocol, replays: Mapping[str, Sequence[Replay]]
) -> Relearned:
    """Learn again what a run's turns have learned from outside."""
    turns = varying = 0
    for decoder, score in replays.items():
        for each in score:
            found = relearned(environment, each.told)
            if found.fault is not None:
                raise RejectedError(place_of(run, decoder, each, found.fault))
            turns, varying = turns + found.turns, varying + found.varying
    return Relearned(turns, varying)


def place_of(run: str, decoder: str, each: Replay, fault: str) -> str:
    """Return a fault of an episode with the episode's place before it."""
    told = each.told
    return (
        f"{run}, task {shown(told.task_id)}, attempt {told.attempt}, decoder {decoder}, "
        f"{shown(fault)}"
    )
