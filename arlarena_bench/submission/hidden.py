"""A bundle's checkpoints on a panel that nobody has seen, against what the bundle claims."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tabulate import tabulate

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.panel import Panel
from arlarena_bench.record import EpisodeRecord, Result
from arlarena_bench.statistics import difference, holm
from arlarena_bench.streams import python_stream
from arlarena_bench.submission.bundle_folder import BundleFolder
from arlarena_bench.submission.checkpoints import policy_of, without_checkpoint
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.evaluate import evaluation_player, play_tasks
from arlarena_bench.training.rollout import Arena

LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class HiddenScore:
    """One method on the hidden panel.

    Attributes:
        method: Its row.
        seeds: Whose checkpoints were scored.
        trained: Share of the hidden tasks that a seed's training has drawn, too, under other ids;
            of the test panel it draws none.
        claimed: Their mean success on the test panel, as the bundle has it.
        hidden: On the hidden panel.
        low: Lower bound of the 95 % interval of hidden less claimed, over tasks like these.
        high: Upper bound.
        p: Two-sided p of no difference, adjusted for the methods by Holm.
        verdict: `"as claimed"`, `"lower"` or `"higher"`, at 5 %.
    """

    method: str
    seeds: tuple[int, ...]
    trained: float
    claimed: float
    hidden: float
    low: float
    high: float
    p: float
    verdict: str


def score_hidden(
    folder: BundleFolder,
    results: Mapping[str, Result],
    seed: str,
    report: Callable[[str, int, int], None],
) -> list[HiddenScore]:
    """Score the checkpoints of a bundle on a hidden panel, under the headline's decoder.

    The panel has as many tasks as the bundle has played, each as often. Nothing is written.

    Args:
        folder: The bundle, verified.
        results: Its results, by run.
        seed: Of the panel.
        report: Told which run is played, of how many.

    Raises:
        ArenaError: If the environment's tasks are listed, such as official data, or no checkpoint
            came along.
    """
    runs = {
        run: result
        for run, result in results.items()
        if result.policy.kind == "trained" and without_checkpoint(folder, run, result) is None
    }
    if not runs:
        raise ArenaError("no trained run came with its checkpoint")
    shared = next(iter(runs.values()))
    arena = Arena(shared.recipe)
    panel = arena.game.tasks.hidden(seed, shared.panel.tasks)
    found: dict[str, list[tuple[Result, Mapping[str, float]]]] = {}
    for number, (run, result) in enumerate(runs.items()):
        report("hidden panel", number, len(runs))
        played = _played(folder, run, result, arena, panel)
        found.setdefault(result.label, []).append((result, _by_unit(played)))
    report("hidden panel", len(runs), len(runs))
    scores = [_score(method, found[method], arena.game, panel) for method in sorted(found)]
    adjusted = holm(score.p for score in scores)
    return [_judged(score, p) for score, p in zip(scores, adjusted, strict=True)]


def hidden_table(scores: Sequence[HiddenScore]) -> list[str]:
    """Return the scores as lines of a table."""
    rows = [
        (
            score.method,
            len(score.seeds),
            f"{100 * score.claimed:.1f}",
            f"{100 * score.hidden:.1f}",
            f"{100 * (score.hidden - score.claimed):+.1f}",
            f"[{100 * score.low:+.1f}, {100 * score.high:+.1f}]",
            f"{score.p:.3f}",
            f"{100 * score.trained:.0f}",
            score.verdict,
        )
        for score in scores
    ]
    headers = [
        "method",
        "seeds",
        "claimed %",
        "hidden %",
        "Δ",
        "95 % interval",
        "p (Holm)",
        "trained %",
        "",
    ]
    return tabulate(rows, headers, "simple", disable_numparse=True).splitlines()


def _trained_share(result: Result, game: TextEnv, panel: Panel) -> float:
    """Return the share of a panel's tasks that a run's training may have drawn."""
    train, tasks = result.recipe.train, game.tasks
    drawn: set[str] = set()
    for step in range(1, train.iterations + 1):
        stream = python_stream(result.seed, "tasks", step)
        drawn.update(game.sample_task(stream) for _ in range(train.groups * train.max_tries))
    known = {tasks.identity(task) for task in drawn}
    return sum(tasks.identity(task) in known for task in panel.task_ids) / len(panel.task_ids)


def _played(
    folder: BundleFolder, run: str, result: Result, arena: Arena, panel: Panel
) -> Iterator[tuple[str, bool]]:
    """Yield unit and success of each episode on the hidden panel."""
    player = evaluation_player(policy_of(folder, run, result), result.recipe, result.headline)
    tasks, attempts = panel.task_ids, result.panel.attempts
    for each in play_tasks(player, arena, result.recipe, panel, tasks, attempts):
        yield _unit(each), each.success


def _unit(episode: Episode | EpisodeRecord) -> str:
    """Return what an episode stands or falls with: its cluster, or its task."""
    return episode.cluster or episode.task_id


def _by_unit(episodes: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """Return the mean success of each unit."""
    units: dict[str, list[bool]] = {}
    for unit, success in episodes:
        units.setdefault(unit, []).append(success)
    return {unit: sum(found) / len(found) for unit, found in units.items()}


def _score(
    method: str,
    runs: Sequence[tuple[Result, Mapping[str, float]]],
    game: TextEnv,
    panel: Panel,
) -> HiddenScore:
    """Compare means over seeds, of the one panel's tasks with the other's: policies are fixed."""
    claimed = [
        _by_unit((_unit(episode), episode.success) for episode in result.main.episodes)
        for result, _ in runs
    ]
    theirs, ours = ([*_over_seeds(values)] for values in (claimed, [units for _, units in runs]))
    found = difference(ours, theirs)
    return HiddenScore(
        method,
        tuple(result.seed for result, _ in runs),
        sum(_trained_share(result, game, panel) for result, _ in runs) / len(runs),
        sum(theirs) / len(theirs),
        sum(ours) / len(ours),
        found.low,
        found.high,
        found.p,
        "",
    )


def _over_seeds(runs: Sequence[Mapping[str, float]]) -> Iterator[float]:
    """Yield the mean over runs of each unit."""
    for unit in runs[0]:
        yield sum(run[unit] for run in runs) / len(runs)


def _judged(score: HiddenScore, p: float) -> HiddenScore:
    verdict = "higher" if score.hidden > score.claimed else "lower"
    return replace(score, p=p, verdict=verdict if p <= LEVEL else "as claimed")
