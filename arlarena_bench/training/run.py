"""The folder of a run: what was asked, what happened, and where to go on."""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines, locked, write_json, write_whole
from arlarena_bench.method_file import is_method_file, source_files
from arlarena_bench.recipe import Recipe, leaves, parse_recipe
from arlarena_bench.record import (
    FAILURE_FILE,
    RESULT_FILE,
    Result,
    read_result,
    write_result,
)

README = """\
# {method} on {environment}, seed {seed}

A training run of arlarena-bench.

| file | what it is |
|---|---|
| `recipe.yaml` | every setting, resolved |
| `method/` | copies of a method's file and of what it imports beside it |
| `start.json` | SHA-256 of the start policy's weights |
| `metrics.jsonl` | one line a training step; step 0 is the start policy |
| `tracking/` | what trackers have been given, with `--track` |
| `timing.jsonl` | CPU seconds of each step by part |
| `checkpoints/` | weights, optimiser and counters; the newest two |
| `verl/` | with `--engine verl`: its log and its checkpoints |
| `model/` | the trained policy, a Hugging Face folder |
| `result.jsonl.zst` | the result with every reply; written last: where it is, the run is complete |
| `failed.json` | only after the run failed in a bench: why, until it is gone on with and finishes |

To go on after an interruption: `arlarena train --recipe recipe.yaml --out . --resume`, in this
folder.
"""


def holds(folder: Path, recipe: Recipe) -> bool:
    """Return whether a folder holds a run of this recipe; nothing is written.

    Raises:
        ArenaError: If it holds a run of another recipe, or something else.
    """
    stored = folder / "recipe.yaml"
    if stored.exists():
        _check_same(stored, recipe)
        return True
    there = [path.name for path in folder.iterdir()] if folder.exists() else []
    if any(not name.startswith(".") and name != FAILURE_FILE for name in there):
        raise ArenaError(f"{folder} is not empty and holds no run; choose another --out")
    return False


def finished_result(folder: Path, turns: bool = True) -> Result | None:
    """Return the result of a run's folder if the run is complete; nothing is written.

    Args:
        folder: The run's.
        turns: Whether to read the turns of its episodes, too.

    Raises:
        ArenaError: If the result is damaged.
    """
    path = folder / RESULT_FILE
    if not path.exists():
        return None
    try:
        return read_result(path, turns)
    except ArenaError as error:
        raise ArenaError(f"{error}; delete it and pass --resume to make it again") from None


class Run:
    """A run's folder, held by this process alone; made by `Run.open`.

    Attributes:
        folder: The folder.
        recipe: Its settings.
        logged: Step → metrics, as read when the folder was opened.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self.folder = folder
        self.recipe = recipe
        self._metrics = JsonLines(folder / "metrics.jsonl")
        self._timing = JsonLines(folder / "timing.jsonl")
        self._metrics.drop_torn_line()
        self._timing.drop_torn_line()
        self.logged = read_metrics(folder)

    @classmethod
    @contextmanager
    def open(cls, folder: Path, recipe: Recipe, *, resume: bool) -> Iterator["Run"]:
        """Hold a new folder, or with `resume` the one of an interrupted run of this recipe.

        Every other process is kept from writing it meanwhile; one that dies lets go. Nothing is
        written or mended before the folder is held.

        Raises:
            ArenaError: If the folder holds something else, or a run and `resume` is not set, or
                if another process holds it.
        """
        _check_open(folder, recipe, resume)
        with locked(folder):
            if not _check_open(folder, recipe, resume):
                write_whole(folder / "recipe.yaml", recipe.to_yaml())
            run = cls(folder, recipe)
            run._explain()
            yield run

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.folder / "checkpoints"

    @property
    def model(self) -> Path:
        """Where the trained policy lies in the end."""
        return self.folder / "model"

    def _explain(self) -> None:
        """Write what makes the folder stand alone: a readme, and copies of the method's files."""
        recipe, readme = self.recipe, self.folder / "README.md"
        method = recipe.method.name
        if is_method_file(method) and not (copies := self.folder / "method").exists():
            for name, content in source_files(Path(method)).items():
                write_whole(copies / name, content)
        if not readme.exists():
            text = README.format(
                method=recipe.subject, environment=recipe.environment.id, seed=recipe.seed
            )
            write_whole(readme, text)

    def begin_from(self, start: str) -> None:
        """Record the SHA-256 of the start policy's weights, or compare it with the one on record.

        Raises:
            ArenaError: If the run began from another start policy.
        """
        path = self.folder / "start.json"
        if not path.exists():
            write_json(path, {"start_policy": start})
        elif (before := _read_start(path)) != start:
            raise ArenaError(
                f"{self.folder} began from the start policy {before[:12]}, which is {start[:12]} "
                "now: environment or packages have changed since; start again with another --out"
            )

    def cpu_seconds(self) -> float | None:
        """Return the CPU seconds of all steps, None where they were not measured.

        Raises:
            ArenaError: If the log of timings is damaged.
        """
        try:
            # Where many processes made the steps, only the time by the clock is known.
            timed = [line for line in self._timing if "wall_s/update" not in line]
            # A step that was repeated after an interruption is counted once.
            seconds = {line["step"]: float(line["cpu_s/total"]) for line in timed}
        except (KeyError, TypeError, ValueError):
            raise ArenaError(f"{self._timing.path} has a line without step or time") from None
        return sum(seconds.values()) if seconds else None

    def rewind(self, step: int) -> None:
        """Forget the steps after one, which are made anew and need not come out the same."""
        for lines in (self._metrics, self._timing):
            lines.keep(lambda record: record["step"] <= step)
        self.logged = read_metrics(self.folder)

    def finish(self, result: Result) -> None:
        """Write the result; an earlier failure is none any more."""
        write_result(self.folder / RESULT_FILE, result)
        (self.folder / FAILURE_FILE).unlink(missing_ok=True)

    def log(self, step: int, metrics: Mapping[str, float], timing: Mapping[str, float]) -> None:
        """Append a step's metrics.

        A step between the last checkpoint and an interruption is computed twice. It must come
        out the same to the last bit, and is then not written again.

        Raises:
            ArenaError: If it comes out differently.
        """
        record = {name: _finite_or_none(value) for name, value in metrics.items()}
        if timing:
            self._timing.append({"step": step, **timing})
        if step not in self.logged:
            self.logged[step] = {"step": step, **metrics}
            self._metrics.append({"step": step, **record})
            return
        before = self.logged[step]
        changed = [name for name in record if _finite_or_none(before.get(name)) != record[name]]
        if changed:
            raise ArenaError(
                f"{self.folder}: step {step} does not repeat as logged ({changed[0]}: "
                f"{before.get(changed[0])} before, {record[changed[0]]} now); machine or packages "
                "have changed since: start again with another --out"
            )


def read_metrics(folder: Path) -> dict[int, dict[str, float]]:
    """Return step → metrics of a run's folder; numbers that were not finite come back as NaN."""
    return {
        record["step"]: {n: math.nan if v is None else v for n, v in record.items()}
        for record in JsonLines(folder / "metrics.jsonl")
    }


def _finite_or_none(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _check_open(folder: Path, recipe: Recipe, resume: bool) -> bool:
    """Return whether the folder holds this run already, or raise ArenaError if that is wrong."""
    there = holds(folder, recipe)
    if there and not resume:
        raise ArenaError(
            f"{folder} already holds this run; pass --resume to go on, or another --out"
        )
    return there


def _read_start(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["start_policy"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ArenaError(f"{path} is damaged; choose another --out") from None


def _check_same(stored: Path, recipe: Recipe) -> None:
    try:
        data = yaml.safe_load(stored.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        raise ArenaError(f"{stored} is damaged; choose another --out") from None
    before = dict(leaves(parse_recipe(data, str(stored)).model_dump(mode="json")))
    after = dict(leaves(recipe.model_dump(mode="json")))
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            raise ArenaError(
                f"{stored.parent} holds a run of another recipe ({key} is {before.get(key)!r} "
                f"there, {after.get(key)!r} here); choose another --out"
            )
