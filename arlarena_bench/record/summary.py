"""The scores of a panel, each of which follows from its episodes."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

from pydantic import Field

from arlarena_bench.record.episodes import EpisodeRecord
from arlarena_bench.record.part import Amount, RecordPart, Share


class Summary(RecordPart):
    """The scores of a panel.

    Attributes:
        success: Share of episodes that solved their task.
        score: Mean quality of the outcome.
        reward: Mean over episodes of the environment's return.
        reward_turn_weighted: Mean over turns of the return of the turn's episode, as the paper's
            tables have it: a long failure weighs more than a short success.
        length: Mean number of turns.
        format_valid: Share of turns whose reply had the strict form.
        action_valid: Share of turns whose reply also named an admissible action.
        success_by_category: Share of solved tasks of each type; empty where tasks have no types.
        measures: Means of the environment's further numbers.
        pass_at: pass@k for k = 1, 2, 4, … attempts at a task; empty for a single attempt.
        pass_hat: pass^k for the same.
    """

    success: Share
    score: Share
    reward: float
    reward_turn_weighted: float
    length: Amount
    format_valid: Share
    action_valid: Share
    success_by_category: dict[str, Share] = Field(default_factory=dict)
    measures: dict[str, float] = Field(default_factory=dict)
    pass_at: dict[str, Share] = Field(default_factory=dict)
    pass_hat: dict[str, Share] = Field(default_factory=dict)


def summarise(episodes: Sequence[EpisodeRecord]) -> Summary:
    """Return the scores of a panel.

    Args:
        episodes: At least one; attempts at one task stand side by side, as many each.
    """
    # Lists, for `fmean` counts what an iterator yields by one of its own, in Python.
    turns = sum(episode.length for episode in episodes)
    pass_at, pass_hat = _attempts(episodes)
    return Summary(
        success=fmean([episode.success for episode in episodes]),
        score=fmean([episode.score for episode in episodes]),
        reward=fmean([episode.reward for episode in episodes]),
        reward_turn_weighted=fmean([e.reward for e in episodes for _ in range(e.length)]),
        length=turns / len(episodes),
        format_valid=sum(episode.format_valid for episode in episodes) / turns,
        action_valid=sum(episode.action_valid for episode in episodes) / turns,
        success_by_category=_by_category(episodes),
        measures=_measures(episodes),
        pass_at=pass_at,
        pass_hat=pass_hat,
    )


def _by_category(episodes: Sequence[EpisodeRecord]) -> dict[str, float]:
    outcomes: dict[str, list[bool]] = {}
    for episode in episodes:
        if episode.category is not None:
            outcomes.setdefault(episode.category, []).append(episode.success)
    return {category: fmean(outcomes[category]) for category in sorted(outcomes)}


def _measures(episodes: Sequence[EpisodeRecord]) -> dict[str, float]:
    names = sorted(set.intersection(*(set(episode.measures) for episode in episodes)))
    return {name: fmean([episode.measures[name] for episode in episodes]) for name in names}


def _attempts(episodes: Sequence[EpisodeRecord]) -> tuple[dict[str, float], dict[str, float]]:
    """Return pass@k and pass^k, each averaged over tasks."""
    tasks = [
        [episode.success for episode in attempts]
        for _, attempts in groupby(episodes, key=lambda episode: episode.task_id)
    ]
    count = min(len(task) for task in tasks)
    if count == 1:
        return {}, {}
    from arlarena_bench.statistics import pass_at_k, pass_hat_k  # SciPy takes a second

    solved = [(len(task), sum(task)) for task in tasks]
    powers = [2**power for power in range(count.bit_length()) if 2**power <= count]
    return (
        {str(k): fmean(pass_at_k(n, c, k) for n, c in solved) for k in powers},
        {str(k): fmean(pass_hat_k(n, c, k) for n, c in solved) for k in powers},
    )
