"""Whether a result is what it says: its episodes against the panel, its numbers against these."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product

from arlarena_bench.method_file import method_stem
from arlarena_bench.panel import Panel
from arlarena_bench.plugins import METHODS, plugins
from arlarena_bench.record.episodes import EpisodeRecord, TurnsRecord
from arlarena_bench.record.result import COST_METRICS, CostRecord, Result, Score, TrainingRecord
from arlarena_bench.record.summary import summarise

TOLERANCE = 1e-9
_MOST_NAMED = 3


def check(result: Result, panel: Panel | None = None) -> list[str]:
    """Return what is wrong with a result, one line each; none if all of it agrees.

    Args:
        result: What to check. Turns are compared with their episodes where they were read.
        panel: The panel that it should have played, from the environment of its recipe; without
            it, tasks are only compared between decoders and with the counts on record.
    """
    faults = [*_name_faults(result), *_panel_faults(result, panel)]
    for name in sorted(result.scores):
        faults += [
            f"{name}: {fault}" for fault in _score_faults(result, result.scores[name], panel)
        ]
    if result.training is not None:
        faults += _training_faults(result.training)
        faults += _cost_faults(result.cost, result.training)
    return faults


def _name_faults(result: Result) -> Iterator[str]:
    """Yield what would let one method stand as another."""
    method, control = method_stem(result.recipe.method.name), result.recipe.control
    if result.policy.kind == "trained" and method_stem(result.policy.name) != method:
        yield f"it stands as {result.policy.name}, but its recipe is of {method}"
    if control is not None and control in {plugin.name for plugin in plugins(METHODS)}:
        yield f"it is a control that calls itself {control}, which is a method"


def _panel_faults(result: Result, panel: Panel | None) -> Iterator[str]:
    recorded, settings = result.panel, result.recipe.evaluation
    if panel is not None and (panel.name, panel.digest) != (recorded.name, recorded.digest):
        yield (
            f"it played {recorded.name} ({recorded.digest[:12]}), but the panel of its environment "
            f"is {panel.name} ({panel.digest[:12]})"
        )
    if recorded.split == "test":
        asked = settings.test_tasks or (len(panel.task_ids) if panel else recorded.tasks)
        if recorded.tasks != asked:
            yield f"it played {recorded.tasks} tasks, its recipe asks for {asked}"
        if recorded.attempts != settings.attempts:
            yield (
                f"it played each task {recorded.attempts} times, its recipe asks for "
                f"{settings.attempts}"
            )


def _score_faults(result: Result, score: Score, panel: Panel | None) -> Iterator[str]:
    recorded = result.panel
    played = [(episode.task_id, episode.attempt) for episode in score.episodes]
    failed = {(episode.task_id, episode.attempt): None for episode in score.failed}
    if failed and not result.incomparable:
        yield f"episodes failed, but nothing keeps it off the leaderboard: {_named(list(failed))}"
    if panel is not None and recorded.tasks <= len(panel.task_ids):
        tasks: Sequence[str] = panel.first(recorded.tasks)
    else:
        tasks = list(dict.fromkeys(task for task, _ in [*played, *failed]))
        if len(tasks) != recorded.tasks:
            yield f"{len(tasks)} tasks were played, the record says {recorded.tasks}"
    whole = list(product(tasks, range(recorded.attempts)))
    expected = [key for key in whole if key not in failed]
    counts, asked = Counter(played), Counter(whole)
    if foreign := [key for key in counts if key not in asked]:
        yield f"not of the panel: {_named(foreign)}"
    if twice := [key for key in counts if counts[key] > asked[key] > 0]:
        yield f"played more than once: {_named(twice)}"
    if missing := [key for key in expected if counts[key] < asked[key]]:
        yield f"not played: {_named(missing)}"
    if astray := [key for key in failed if key in counts or key not in asked]:
        yield f"failed, but also played or not of the panel: {_named(astray)}"
    if counts == Counter(expected) and played != expected:
        yield "episodes do not stand in the panel's order"
    impossible = False
    for episode in score.episodes:
        if fault := next(_episode_faults(episode), None):
            impossible = True
            yield f"task {episode.task_id}, attempt {episode.attempt}: {fault}"
    if not impossible and (fault := _summary_fault(score)):
        yield fault


def _named(keys: Sequence[tuple[str, int]]) -> str:
    names = [task if attempt == 0 else f"{task} (attempt {attempt})" for task, attempt in keys]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _episode_faults(episode: EpisodeRecord) -> Iterator[str]:
    if not episode.action_valid <= episode.format_valid <= episode.length:
        yield (
            f"{episode.format_valid} replies of valid format and {episode.action_valid} valid "
            f"actions in {episode.length} turns"
        )
    if (turns := episode.turns) is not None:
        yield from _turns_faults(episode, turns)


def _turns_faults(episode: EpisodeRecord, turns: TurnsRecord) -> Iterator[str]:
    for name in TurnsRecord.model_fields:
        entries = getattr(turns, name)
        if entries is not None and len(entries) != episode.length:
            yield f"{len(entries)} {name} for {episode.length} turns"
            return
    sums = {
        "reward": math.fsum(turns.rewards),
        "penalty": math.fsum(turns.penalties),
        "reply_tokens": sum(map(len, turns.token_ids)),
        "format_valid": sum(turns.format_valid),
        "action_valid": sum(turns.action_valid),
    }
    for name, total in sums.items():
        if not _equal(getattr(episode, name), total):
            yield f"{name} is {getattr(episode, name)}, but its turns give {total}"


def _summary_fault(score: Score) -> str | None:
    told, computed = (
        dict(_numbers(summary.model_dump()))
        for summary in (score.summary, summarise(score.episodes))
    )
    for name in sorted(told.keys() | computed.keys()):
        ours, theirs = told.get(name), computed.get(name)
        if ours is None or theirs is None or not _equal(ours, theirs):
            return f"summary {name} is {ours}, but the episodes give {theirs}"
    return None


def _numbers(data: dict[str, float | dict[str, float]]) -> Iterator[tuple[str, float]]:
    for name, value in data.items():
        if isinstance(value, dict):
            yield from ((f"{name} {key}", part) for key, part in value.items())
        else:
            yield name, value


def _training_faults(training: TrainingRecord) -> Iterator[str]:
    if training.collapse_step is not None and training.collapse_step > training.steps:
        yield f"collapse at step {training.collapse_step} of {training.steps}"
    for name, values in sorted(training.metrics.items()):
        if len(values) != training.steps + 1:
            yield f"metric {name} has {len(values)} values for {training.steps + 1} steps"
            return
    steps = training.metrics.get("step")
    if steps is not None and list(steps) != list(range(training.steps + 1)):
        yield f"the steps on record are not 0 to {training.steps}"


def _cost_faults(cost: CostRecord, training: TrainingRecord) -> Iterator[str]:
    for name, metric in COST_METRICS.items():
        told, counted = getattr(cost, name), training.last(metric)
        if told is not None and counted is not None and told != counted:
            yield f"cost {name} is {told}, but its steps counted {counted:g}"
    episodes, steps = cost.episodes, cost.environment_steps
    if episodes is not None and steps is not None and steps < episodes:
        yield f"cost has {steps} environment steps for {episodes} episodes"


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
