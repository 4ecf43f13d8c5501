"""What a bench consists of: one job for each method and seed."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.labels import folder_name, label
from arlarena_bench.method_file import is_method_file, method_sources, source_digest
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.report.comparison import in_order
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.render import bench_line
from arlarena_bench.report.table import REFERENCES
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method
from arlarena_bench.training.run import finished_result, holds, read_metrics

# What a bench gives each of its runs.
OF_RUNS = {
    "seed": "each run has a seed of its own, and --seeds says how many there are",
    "method.name": "--method says which methods are run",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a bench.

    Attributes:
        recipe: Every setting of the run.
        folder: The run's folder; its log lies beside it.
        arguments: Of `arlarena train`, which make this run.
        until: Step at which it pauses; None where it goes on to its result.
        of_suite: Whether runs in other environments stand beside it.
        called: What it is shown as instead of its method.
    """

    recipe: Recipe
    folder: Path
    arguments: tuple[str, ...]
    until: int | None = None
    of_suite: bool = False
    called: str | None = None

    @property
    def name(self) -> str:
        """Method and seed; of a suite also the environment."""
        run = f"{self.called or label(self.recipe.subject)} seed {self.recipe.seed}"
        return f"{self.recipe.environment.name} {run}" if self.of_suite else run

    @property
    def steps(self) -> int:
        """How many steps there are to make in all."""
        return self.until or self.recipe.train.iterations

    @property
    def log(self) -> Path:
        """Where the run's output goes."""
        return self.folder.with_name(f"{self.folder.name}.log")


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked of a bench.

    Attributes:
        preset: Name of a preset, or path of a recipe.
        environment: Short name or id.
        methods: Names and paths of files; `("all",)` for every installed method and the
            preset's controls.
        seeds: Training seeds 0 to `seeds - 1`.
        out: Folder under which everything is written.
        settings: Replacements in the recipe, each `"dotted.key=value"`.
        stop_on_collapse: Whether a run ends when its policy has collapsed.
        track: Names of trackers that mirror each run.
    """

    preset: str
    environment: str
    methods: tuple[str, ...]
    seeds: int
    out: Path
    settings: tuple[str, ...] = ()
    stop_on_collapse: bool = False
    track: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs of a bench, and the folder in which all of them lie.

    Attributes:
        left_out: Of all installed methods and controls, those that cannot learn from this
            environment's rows, and why.
    """

    request: Request
    folder: Path
    jobs: tuple[Job, ...]
    left_out: Mapping[str, str]

    def command_of(self, runs: Sequence[FinishedRun]) -> str:
        """Return the bench that makes `runs`: those asked for, and those that lay there before."""
        request = self.request
        given = {label(job.recipe.subject): job.recipe.subject for job in self.jobs}
        trained = [run.result.label for run in runs if run.result.policy.kind == "trained"]
        methods = [given.get(name, name) for name in in_order(trained)]
        seeds = max(run.result.seed for run in runs) + 1
        return bench_line(request.preset, request.environment, methods, seeds, request.settings)


def plan(request: Request, lenient: bool = False) -> Plan:
    """Resolve a request, and check all of it before anything is run.

    Args:
        request: What was asked.
        lenient: Whether a method that was named and cannot learn here is left out, as those of
            `all` are.

    Raises:
        ArenaError: If a name is unknown, a method file cannot be used, a method that was named
            cannot learn from this environment's rows, a setting is wrong, or the folder holds
            runs of other settings.
    """
    base = installed.load_recipe(request.preset, request.environment)
    values = parse_settings(request.settings)
    folder = request.out / base.name / base.environment.name
    refuse_settings(values, OF_RUNS)
    check_settings_count(base.with_values(values), values)
    named = _methods(request.methods, base)
    left_out = unfit([base.for_run(name, 0, values) for name in named])
    if left_out and not (lenient or _means_all(request.methods)):
        raise ArenaError(next(iter(left_out.values())))
    fit = [name for name in named if name not in left_out]
    # Seed by seed, so that an interrupted bench leaves complete comparisons.
    jobs = tuple(
        _job(request, folder, base.for_run(name, seed, values))
        for seed in range(request.seeds)
        for name in fit
    )
    _check_present_runs(folder, base, values)
    return Plan(request, folder, jobs, left_out)


def plan_suite(request: Request) -> tuple[Plan, ...]:
    """Resolve a request for every environment of its preset, by name.

    A method that cannot learn in one of them is left out there. The environment of the request
    does not count.

    Raises:
        ArenaError: As `plan`, if the preset is unknown, and for a method that cannot learn in any
            of its environments.
    """
    presets = installed.preset_files()
    if request.preset not in presets:
        raise unknown("preset", request.preset, presets)
    plans = tuple(
        plan(replace(request, environment=name), lenient=True)
        for name in sorted(presets[request.preset])
    )
    for name, reason in plans[0].left_out.items():
        if not _means_all(request.methods) and all(name in p.left_out for p in plans):
            raise ArenaError(reason)
    return plans


def jobs_of(plans: Sequence[Plan]) -> tuple[Job, ...]:
    """Return the jobs of all plans seed by seed, so that what is interrupted can be compared."""
    several = len(plans) > 1
    jobs = (replace(job, of_suite=several) for planned in plans for job in planned.jobs)
    return tuple(sorted(jobs, key=lambda job: job.recipe.seed))


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a user asked of one run.

    Attributes:
        preset: Name of a preset, or path of a recipe.
        stored: A recipe file that takes the preset's place; without a method it is taken as it
            is, so that the `recipe.yaml` of a run repeats the run.
        environment: Short name or id; not needed with a file.
        method: Name or path of a file, or one of the preset's controls; the recipe's own if None.
        seed: Training seed; the recipe's own if None.
        settings: Replacements, each `"dotted.key=value"`.
    """

    preset: str
    stored: Path | None
    environment: str
    method: str | None
    seed: int | None
    settings: Sequence[str] = ()

    @classmethod
    def of(cls, preset: str, stored: Path | None, environment: str, *rest: Any) -> "RunRequest":
        """Return a request whose `stored` may also name a preset's recipe, `PRESET.ENVIRONMENT`."""
        if stored is not None and not stored.exists():
            named, _, short = str(stored).rpartition(".")
            if named in installed.preset_files():
                return cls(named, None, short, *rest)
        return cls(preset, stored, environment, *rest)

    def recipe(self) -> Recipe:
        """Return the recipe of the run.

        Raises:
            ArenaError: If a name is unknown, a file cannot be read, or a setting is wrong.
        """
        values, stored, seed = parse_settings(self.settings), self.stored, self.seed
        if stored is not None and self.method is None:
            values = values if seed is None else {"seed": seed, **values}
            recipe = read_recipe(stored).with_values(values)
            _check_controls(recipe)
            check_settings_count(recipe, values)
            _check_method_file(recipe, stored)
            return recipe
        base = (
            read_recipe(stored) if stored else installed.load_recipe(self.preset, self.environment)
        )
        _check_controls(base)
        run = base.for_run(
            self.method or base.method.name, base.seed if seed is None else seed, values
        )
        check_settings_count(run, values)
        return run

    def line(self) -> str:
        """Return the command line of the run, for its record."""
        if self.stored is not None:
            line = ["arlarena", "train", "--recipe", self.stored.as_posix()]
        else:
            line = ["arlarena", "train", "--preset", self.preset, "--env", self.environment]
        line += [] if self.method is None else ["--method", self.method]
        line += [] if self.seed is None else ["--seed", str(self.seed)]
        for setting in self.settings:
            line += ["--set", setting]
        return shlex.join(line)


def check_settings_count(recipe: Recipe, values: Mapping[str, Any]) -> None:
    """Refuse settings of what a start policy was made by that is not made here.

    Raises:
        ArenaError: If one of them would change nothing.
    """
    made_by = ("cloning", "model", "tokenizer")
    idle = next((key for key in values if key.split(".")[0] in made_by), None)
    start = recipe.start
    for kept, kind in ((start.frozen, "frozen"), (start.checkpoint, "checkpoint")):
        if idle is not None and kept is not None:
            what = "shipped" if kind == "frozen" else "a checkpoint"
            raise ArenaError(
                f"--set {idle}: the start policy is {what}, and this would change nothing; "
                f"add --set start.{kind}=null to clone one here"
            )


def refuse_settings(values: Mapping[str, Any], own: Mapping[str, str]) -> None:
    """Refuse settings of what a command gives each run by itself.

    Args:
        values: Dotted key → value.
        own: A key, or a section's name → what to do instead.

    Raises:
        ArenaError: If a setting is of one of those.
    """
    for key in values:
        for name, instead in own.items():
            if key == name or key.startswith(f"{name}."):
                raise ArenaError(f"--set {key}: {instead}")


def _check_method_file(recipe: Recipe, stored: Path) -> None:
    """Refuse a recipe whose method's file, or one that it imports, has changed since."""
    method = recipe.method
    if not is_method_file(method.name):
        return
    now = source_digest(method_sources(Path(method.name)))
    if now != method.source:
        raise ArenaError(
            f"{method.name} and what it imports beside it have SHA-256 {now} now, "
            f"{method.source or 'none'} in {stored}; restore the files (the run's folder keeps "
            "copies under method/), or name the method with --method in another --out"
        )


def parse_settings(settings: Sequence[str], option: str = "--set") -> dict[str, Any]:
    """Return `["train.groups=4"]` as `{"train.groups": 4}`; values are JSON, or plain words.

    Args:
        settings: What was given.
        option: By which option, for the error.

    Raises:
        ArenaError: If a setting has no `=`.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not (key and equals):
            raise ArenaError(f"{option} {setting}: write a key and a value, as in key=value")
        try:
            values[key] = json.loads(text)
        except ValueError:
            values[key] = text
    return values


def is_finished(job: Job) -> bool:
    """Return whether the run is complete, or has come to where it pauses.

    Raises:
        ArenaError: If its folder holds another run, or a damaged result or log.
    """
    if not holds(job.folder, job.recipe):
        return False
    if job.until is not None:
        return max(read_metrics(job.folder), default=0) >= job.until
    return finished_result(job.folder, turns=False) is not None


def unfit(recipes: Sequence[Recipe]) -> dict[str, str]:
    """Build every method; return those that cannot learn from the environment's rows, and why.

    Args:
        recipes: Of one environment; at least one.

    Raises:
        ArenaError: If a method cannot be made.
    """
    arena = Arena(recipes[0])
    found = {}
    for recipe in recipes:
        method = installed.method(recipe.method.name, **recipe.method.options)
        try:
            check_method(method, recipe, arena)
        except ArenaError as error:
            found[recipe.subject] = str(error)
    return found


def _means_all(names: Sequence[str]) -> bool:
    return list(names) == ["all"]


def _methods(names: Sequence[str], base: Recipe) -> list[str]:
    """Return the methods and controls that were asked for."""
    _check_controls(base)
    if _means_all(names):
        return [*in_order(installed.usable_methods()), *sorted(base.controls)]
    owners: dict[str, str] = {}
    for name in names:
        other = owners.setdefault(folder_name(label(name)).casefold(), name)
        if other != name:
            raise ArenaError(f"{other} and {name} would share one name; rename the file")
    if not owners:
        raise ArenaError("no method given; see `arlarena list`")
    return list(owners.values())


def _check_controls(base: Recipe) -> None:
    """Refuse controls whose folder or row would be another's."""
    for name in sorted(base.controls):
        if name in {*installed.method_names(), *REFERENCES}:
            kind = "a row of every table" if name in REFERENCES else "a method"
            raise ArenaError(f"controls.{name}: {name} is {kind}; give the control another name")


def _job(request: Request, folder: Path, recipe: Recipe) -> Job:
    name, seed = recipe.subject, recipe.seed
    place = folder / folder_name(label(name)) / f"seed-{seed}"
    arguments = ["--preset", request.preset, "--env", request.environment]
    arguments += ["--method", name, "--seed", str(seed), "--out", str(place), "--resume"]
    for setting in request.settings:
        arguments += ["--set", setting]
    if request.stop_on_collapse:
        arguments.append("--stop-on-collapse")
    for tracker in request.track:
        arguments += ["--track", tracker]
    return Job(recipe, place, tuple(arguments))


def _check_present_runs(folder: Path, base: Recipe, values: Mapping[str, Any]) -> None:
    """Refuse a folder whose runs have other settings: one table must not mix them."""
    for stored in sorted(folder.glob("*/seed-*/recipe.yaml")):
        recipe = read_recipe(stored)
        if recipe.method.source is not None and not Path(recipe.method.name).is_file():
            continue  # the method's file has been moved since; the run keeps a copy of it
        expected = base.for_run(recipe.subject, recipe.seed, values)
        holds(stored.parent, expected)
