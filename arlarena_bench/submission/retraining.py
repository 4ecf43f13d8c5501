"""Training a run of a bundle again, from its recipe and its shipped start."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path, PurePath
from typing import Literal

from scipy import stats

from arlarena_bench.engines.local import train
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.files import write_whole
from arlarena_bench.record import Result
from arlarena_bench.statistics import clopper_pearson
from arlarena_bench.submission.bundle_folder import METHODS, RUNS, BundleFolder
from arlarena_bench.submission.content_ids import episode_ids
from arlarena_bench.submission.placing import method_folder

FEWEST_SEEDS = 3


@dataclass(frozen=True, slots=True)
class Retrained:
    """What came of training a run again.

    Attributes:
        run: Its folder in the bundle.
        verdict: `"identical"` to the bit; `"within"` the interval, or `"outside"` of it;
            `"not trained"`.
        why: The numbers behind it, or why not; one line.
    """

    run: str
    verdict: Literal["identical", "within", "outside", "not trained"]
    why: str

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.run} {self.verdict}: {self.why}"


def chosen(results: Mapping[str, Result], root: str, named: Sequence[str]) -> list[str]:
    """Return which runs are trained again.

    Without names it is one, of the trained runs in their order that with the number of the
    bundle's root modulo how many there are: who submits could only choose it by other episodes.

    Args:
        results: By run.
        root: Of the bundle's episodes, hexadecimal.
        named: `<method>/<seed>` each, as folders have them.

    Raises:
        ArenaError: If a name is no trained run's, or there is none.
    """
    trained = [run for run in sorted(results) if results[run].policy.kind == "trained"]
    if not trained:
        raise ArenaError("no run of the bundle was trained; leave out --retrain")
    if not named:
        return [trained[int(root, 16) % len(trained)]]
    known = {run.removeprefix(f"{RUNS}/").replace("/seed-", "/"): run for run in trained}
    for name in named:
        if name not in known:
            raise unknown("trained run", name, known)
    return [known[name] for name in dict.fromkeys(named)]


def retrain(
    folder: BundleFolder,
    run: str,
    results: Mapping[str, Result],
    level: float,
    trust_code: bool,
    report: Callable[[str, int, int], None],
) -> Retrained:
    """Train a run again, and compare weights and episodes.

    Args:
        folder: The bundle, verified.
        run: Which.
        results: Of the bundle, by run.
        level: Of the interval in which success has to lie where the run is not the same.
        trust_code: Whether a method's file out of the bundle may be run.
        report: Told which step was made, of how many.
    """
    told = results[run]
    if told.recipe.start.frozen is None:
        return Retrained(run, "not trained", "its start is not shipped")
    if told.recipe.method.source is not None and not trust_code:
        named = f"{METHODS}/{method_folder(told.label)}"
        why = f"its method is code out of the bundle; read {named}, then give --trust-code"
        return Retrained(run, "not trained", why)
    with tempfile.TemporaryDirectory(prefix="arlarena-retrain-") as place:
        again = _trained(folder, told, Path(place), run, report)
    if again.policy.sha256 == told.policy.sha256 and episode_ids(again) == episode_ids(told):
        episodes = sum(len(score.episodes) for score in told.scores.values())
        return Retrained(run, "identical", f"the same weights, and the same {episodes} episodes")
    return by_interval(run, again, results, level)


def _trained(
    folder: BundleFolder,
    told: Result,
    place: Path,
    run: str,
    report: Callable[[str, int, int], None],
) -> Result:
    recipe, method = told.recipe, told.recipe.method
    if method.source is not None:
        for name in method.files:
            content = folder.read(f"{METHODS}/{method_folder(told.label)}/{name}")
            write_whole(place / "method" / name, content)
        # The files are those of the hashes in the recipe: the bundle was verified.
        file = place / "method" / PurePath(method.name).name
        named = method.model_copy(update={"name": str(file)})
        recipe = recipe.model_copy(update={"method": named})

    def on_step(metrics: dict[str, float]) -> None:
        report(f"{run} again", int(metrics["step"]), recipe.train.iterations)

    return train(recipe, place / "run", on_step=on_step)


def by_interval(run: str, again: Result, results: Mapping[str, Result], level: float) -> Retrained:
    """Compare success with the interval of the evaluation, and of one more seed of the method.

    Args:
        run: Which, in the bundle.
        again: What came of it here.
        results: Of the bundle, by run.
        level: Of the intervals; success has to lie in one of them.
    """
    told = results[run]
    found, claimed = again.main.summary.success, told.main.summary.success
    intervals = list(_intervals(told, results, level))
    named = "; ".join(f"[{100 * low:.1f}, {100 * high:.1f}] {of}" for of, (low, high) in intervals)
    inside = any(low <= found <= high for _, (low, high) in intervals)
    return Retrained(
        run,
        "within" if inside else "outside",
        f"not the same to the bit; success {100 * found:.1f} %, claimed {100 * claimed:.1f} %, "
        f"{100 * level:g} % intervals {named}",
    )


def _intervals(
    told: Result, results: Mapping[str, Result], level: float
) -> Iterator[tuple[str, tuple[float, float]]]:
    episodes = told.main.episodes
    solved = sum(episode.success for episode in episodes)
    yield "of the evaluation (Clopper-Pearson)", clopper_pearson(solved, len(episodes), level)
    seeds = [r.main.summary.success for r in results.values() if r.label == told.label]
    if len(seeds) >= FEWEST_SEEDS:
        mean, spread = float(stats.tmean(seeds)), float(stats.tstd(seeds))
        reach = float(stats.t.ppf((1 + level) / 2, len(seeds) - 1))
        reach *= spread * sqrt(1 + 1 / len(seeds))
        yield f"of one more seed (t, {len(seeds)} seeds)", (mean - reach, mean + reach)
