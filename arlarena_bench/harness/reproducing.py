"""Running what stands for the paper's tables, as benches, and collecting what was run before."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from arlarena_bench import installed
from arlarena_bench.environment_names import spelt
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.harness.plan import Job, Request, parse_settings, plan
from arlarena_bench.harness.references import write_references
from arlarena_bench.labels import label
from arlarena_bench.recipe import Recipe, digest
from arlarena_bench.record import FAILURE_FILE, Result, read_failure
from arlarena_bench.report.claims import Claim
from arlarena_bench.report.experiments import named
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.report.measures import key_of_start
from arlarena_bench.report.render import bench_line
from arlarena_bench.report.reproduction import Reproduction

CLAIMS = "claims"
REPRODUCTION = "reproduction"
"""The folder beside a leaderboard that has the runs which only the paper's tables need."""
PUBLISHED = (Path("leaderboard"), Path(REPRODUCTION))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asked to reproduce.

    Attributes:
        what: An experiment, or `"claims"`.
        tier: At what size.
        environments: Short names; none for those that the experiment has by default.
        seeds: Training seeds 0 to `seeds - 1`.
        out: Folder for all runs.
        results: Further folders whose results count.
        settings: Replacements in every recipe, each `"dotted.key=value"`; what a cell sets wins.
    """

    what: str
    tier: str
    environments: tuple[str, ...]
    seeds: int
    out: Path
    results: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()

    def line(self) -> str:
        """Return the command line."""
        words = ["arlarena", "reproduce", self.what, "--tier", self.tier]
        words += ["--env", ",".join(self.environments)] if self.environments else []
        words += ["--seeds", str(self.seeds)]
        for setting in self.settings:
            words += ["--set", setting]
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One cell of an experiment in one environment.

    Attributes:
        experiment: Its name.
        environment: By the paper's name.
        short: By its own.
        cell: Its name.
        preset: Whose recipe it is of.
    """

    experiment: str
    environment: str
    short: str
    cell: str
    preset: str


@dataclass(frozen=True, slots=True)
class Bench:
    """Cells that one `arlarena bench` runs: of one preset, environment and settings."""

    preset: str
    short: str
    settings: tuple[str, ...]
    out: Path
    cells: tuple[Wanted, ...]
    methods: tuple[str, ...]

    def line(self, seeds: int) -> str:
        """Return its command line."""
        line = bench_line(self.preset, self.short, self.methods, seeds, self.settings)
        return f"{line} --out {shlex.quote(self.out.as_posix())}"


@dataclass(slots=True)
class Programme:
    """All jobs of what was asked.

    Attributes:
        jobs: The runs of each cell; none where it cannot be run.
        unfit: Why it cannot.
    """

    jobs: dict[Wanted, tuple[Job, ...]] = field(default_factory=dict)
    unfit: dict[Wanted, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collected:
    """The runs that there are.

    Attributes:
        runs: (experiment, environment by the paper's name) → cell → seed → run.
        starts: Results of start policies, see `measures.Starts`.
        problems: What could not be used, and why.
    """

    runs: dict[tuple[str, str], dict[str, dict[int, FinishedRun]]]
    starts: dict[tuple[str, str, int], Result]
    problems: list[str]


def wanted(asked: Asked, known: Reproduction) -> list[Wanted]:
    """Return the cells that were asked for.

    Raises:
        ArenaError: If there is no such experiment, tier or environment.
    """
    if asked.tier not in known.tiers:
        raise unknown("tier", asked.tier, known.tiers)
    if asked.what == CLAIMS:
        claims = claims_of(asked, known)
        pairs = {
            (claim.experiment, env, cell): None
            for claim in claims.values()
            for env in claim.environments
            for cell in claim.cells
        }
    else:
        if spelt(asked.what, known.experiments) is None:
            raise unknown("table", asked.what, (*known.experiments, CLAIMS))
        experiment = named(known.experiments, asked.what)
        if experiment.tiers is not None and asked.tier not in experiment.tiers:
            raise ArenaError(f"{asked.what} is run at {', '.join(experiment.tiers)} only")
        chosen = _chosen(asked, known) or experiment.default or tuple(experiment.environments)
        pairs = {(asked.what, env, cell): None for env in chosen for cell in experiment.cells}
    tier = known.tiers[asked.tier]
    return [
        Wanted(name, env, tier.environments[env], cell, known.experiments[name].preset_of(tier))
        for name, env, cell in pairs
    ]


def claims_of(asked: Asked, known: Reproduction) -> dict[str, Claim]:
    """Return the claims of a tier; in the environments that were asked for, if any were."""
    tiers = {name: e.tiers for name, e in known.experiments.items()}
    found = {
        name: claim
        for name, claim in known.claims.items()
        if asked.tier in (tiers[claim.experiment] or known.tiers)
    }
    if chosen := _chosen(asked, known):
        found = {n: c.model_copy(update={"environments": chosen}) for n, c in found.items()}
    return found


def _chosen(asked: Asked, known: Reproduction) -> tuple[str, ...]:
    environments = {s: env for env, s in known.tiers[asked.tier].environments.items()}
    found = []
    for name in asked.environments:
        short = spelt(name, environments)
        if short is None:
            raise unknown(f"environment of tier {asked.tier}", name, environments)
        found.append(environments[short])
    return tuple(dict.fromkeys(found))


def benches(asked: Asked, known: Reproduction, cells: Sequence[Wanted]) -> list[Bench]:
    """Return the benches that run cells; those of equal settings are one.

    Raises:
        ArenaError: If a setting is wrong.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Wanted]] = {}
    for cell in cells:
        settings = _settings(asked, known, cell)
        groups.setdefault((cell.preset, cell.short, settings), []).append(cell)
    found = []
    for (preset, short, settings), members in groups.items():
        methods = tuple(dict.fromkeys(_method(known, cell) for cell in members))
        out = asked.out / _folder(settings[len(asked.settings) :])
        found.append(Bench(preset, short, settings, out, tuple(members), methods))
    return found


def _settings(asked: Asked, known: Reproduction, cell: Wanted) -> tuple[str, ...]:
    """Return the settings of a cell's bench, the user's first; none that would change nothing."""
    experiment, method = known.experiments[cell.experiment], _method(known, cell)
    given = parse_settings(asked.settings)
    base = installed.load_recipe(cell.preset, cell.short)
    values = experiment.values(cell.cell, asked.tier, base.with_values(given))
    if base.for_run(method, 0, given) == base.for_run(method, 0, {**given, **values}):
        return asked.settings
    return (*asked.settings, *(f"{key}={json.dumps(value)}" for key, value in values.items()))


def _method(known: Reproduction, cell: Wanted) -> str:
    return known.experiments[cell.experiment].cells[cell.cell].method


def _folder(settings: Sequence[str]) -> str:
    """Return what the runs of settings lie under; an empty name without any."""
    short = [setting.partition("=")[0].rpartition(".")[2] + "=" + setting.partition("=")[2]
             for setting in settings]  # fmt: skip
    return re.sub(r"[^\w.,=-]", "_", ",".join(short))


def programme(asked: Asked, known: Reproduction, cells: Sequence[Wanted]) -> Programme:
    """Return the jobs of all cells, checked before anything is run.

    Raises:
        ArenaError: As `plan`.
    """
    found = Programme()
    for bench in benches(asked, known, cells):
        request = Request(bench.preset, bench.short, bench.methods, asked.seeds, bench.out,
                          bench.settings)  # fmt: skip
        planned = plan(request, lenient=True)
        for cell in bench.cells:
            method = _method(known, cell)
            called = f"{cell.short} {known.experiments[cell.experiment].cells[cell.cell].name}"
            if method in planned.left_out:
                found.unfit[cell] = planned.left_out[method]
                continue
            found.jobs[cell] = tuple(
                replace(job, called=called) for job in planned.jobs if job.recipe.subject == method
            )
    return found


def left_to_run(programme: Programme, collected: Collected) -> list[Job]:
    """Return the jobs whose results are not there yet, seed by seed, each run once."""
    found: dict[Path, Job] = {}
    for cell, jobs in programme.jobs.items():
        there = collected.runs.get((cell.experiment, cell.environment), {}).get(cell.cell, {})
        found |= {job.folder: job for job in jobs if job.recipe.seed not in there}
    return sorted(found.values(), key=lambda job: job.recipe.seed)


def play_references(programme: Programme, say: Callable[[str], None]) -> None:
    """Play starts, expert and chance beside the runs that have no settings of their own."""
    shortest: dict[tuple[str, str], Path] = {}
    for cell, jobs in programme.jobs.items():
        for job in jobs[:1]:
            folder, place = job.folder.parents[1], (cell.preset, cell.short)
            if len(folder.parts) <= len(shortest.get(place, folder).parts):
                shortest[place] = folder
    for folder in shortest.values():
        if folder.is_dir():
            write_references(folder, say)


def collect(asked: Asked, programme: Programme) -> Collected:
    """Find the results of a programme's runs below all folders given, as `into_cells` has them."""
    results: list[FinishedRun] = []
    problems: list[str] = []
    for place in dict.fromkeys((asked.out, *asked.results)):
        if place.is_dir():
            found, faults = find_runs(place)
            results += found
            problems += faults
    return into_cells(programme, results, problems)


def into_cells(
    programme: Programme, found: Iterable[FinishedRun], problems: Sequence[str] = ()
) -> Collected:
    """Put results where a programme has their runs, whatever their seeds.

    A result counts if every setting but the seed is that of the cell. Runs of one environment
    that began from other starts than most are left out.

    Args:
        programme: What is asked for.
        found: The results.
        problems: What is known not to be usable.
    """
    results = [run for run in found if not run.result.lacks]  # nobody knows what made the others
    trained = [run for run in results if run.result.policy.kind == "trained"]
    usual = _usual_starts(trained)
    by_recipe: dict[str, dict[int, FinishedRun]] = {}
    starts: dict[tuple[str, str, int], Result] = {}
    for run in results:
        result = run.result
        if result.policy.kind == "start":
            starts.setdefault(key_of_start(result), result)
        elif result.policy.kind == "trained" and _start(result) == usual[_made_by(result.recipe)]:
            by_recipe.setdefault(_identity(result.recipe), {}).setdefault(result.seed, run)
    runs: dict[tuple[str, str], dict[str, dict[int, FinishedRun]]] = {}
    for cell, jobs in programme.jobs.items():
        place_of = runs.setdefault((cell.experiment, cell.environment), {})
        place_of[cell.cell] = by_recipe.get(_identity(jobs[0].recipe), {}) if jobs else {}
    others = sum(_start(run.result) != usual[_made_by(run.result.recipe)] for run in trained)
    if others:
        problems = [*problems, f"{others} runs from other start policies than most are left out"]
    return Collected(runs, starts, list(problems))


def _identity(recipe: Recipe) -> str:
    return recipe.model_copy(update={"seed": 0}).digest()


def _made_by(recipe: Recipe) -> str:
    made_by = {"environment", "protocol", "model", "tokenizer", "start", "cloning"}
    return digest(recipe.model_dump(mode="json", include=made_by))


def _start(result: Result) -> str | None:
    return result.start.set or result.start.sha256 if result.start else None


def _usual_starts(trained: Sequence[FinishedRun]) -> dict[str, str | None]:
    """Return what most runs of a start's settings began from; of two as common, the first."""
    counts: dict[str, Counter[str | None]] = {}
    for run in trained:
        counts.setdefault(_made_by(run.result.recipe), Counter())[_start(run.result)] += 1
    return {made_by: count.most_common(1)[0][0] for made_by, count in counts.items()}


def missing_lines(
    programme: Programme, collected: Collected, known: Reproduction, seeds: int
) -> list[str]:
    """Return a line for what is not there, and why."""
    return [
        *_unfit_lines(programme),
        *_short_lines(programme, collected, known, seeds),
        *_failed_lines(programme, collected),
    ]


def _failed_lines(programme: Programme, collected: Collected) -> Iterator[str]:
    for job in left_to_run(programme, collected):
        if (left := job.folder / FAILURE_FILE).is_file():
            yield f"{job.name} failed: {read_failure(left).reason}"


def _unfit_lines(programme: Programme) -> Iterator[str]:
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    for cell, reason in programme.unfit.items():
        reasons.setdefault((cell.short, reason), {})[cell.cell] = None
    for (short, reason), cells in reasons.items():
        yield f"not run in {short}, {', '.join(cells)}: {reason}"


def _short_lines(
    programme: Programme, collected: Collected, known: Reproduction, seeds: int
) -> Iterator[str]:
    short: dict[tuple[str, str, int], list[str]] = {}
    for cell in programme.jobs:
        there = len(collected.runs[cell.experiment, cell.environment][cell.cell])
        if there < seeds:
            place = (cell.experiment, cell.short, there)
            short.setdefault(place, []).append(
                label(known.experiments[cell.experiment].cells[cell.cell].name)
            )
    for (experiment, env, there), cells in short.items():
        yield f"{experiment}, {env}: {there} of {seeds} seeds of {'; '.join(cells)}"


def runs_by_environment(
    collected: Collected, experiment: str
) -> Mapping[str, Mapping[str, Mapping[int, FinishedRun]]]:
    """Return the runs of one experiment by the paper's name of the environment."""
    return {env: cells for (name, env), cells in collected.runs.items() if name == experiment}
