"""A run's metrics, mirrored: each step once, whatever is interrupted, and never at the run's cost.

`metrics.jsonl` stays the truth. What a tracker has been given is kept below the run's folder, so
that a run that goes on, or one that has ended, gives it what it lacks.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_json
from arlarena_bench.labels import label
from arlarena_bench.recipe import Recipe
from arlarena_bench.tracking.trackers import TRACKERS, Identity, Tracker, check_trackers
from arlarena_bench.training.run import read_metrics

FOLDER = "tracking"
Warn = Callable[[str], None]


class Mirror:
    """Shows a run's steps in a tracker; one that fails is left with a line, and the run goes on.

    Args:
        name: One of `TRACKERS`.
        recipe: The run's.
        folder: The run's.
        warn: Called with that line.
    """

    def __init__(self, name: str, recipe: Recipe, folder: Path, warn: Warn) -> None:
        self._name, self._recipe, self._folder, self._warn = name, recipe, folder, warn
        self._state = folder / FOLDER / f"{name}.json"
        self._tracker: Tracker | None = None
        self._id, self._shown = "", -1
        self._failed = False

    def see(self, record: Mapping[str, float]) -> None:
        """Show a step that has been logged, and before the first all that are in the log."""
        if self._failed:
            return
        try:
            self._show([record] if self._tracker else self._lacking())
        except Exception as error:
            self._leave(error)

    def catch_up(self) -> None:
        """Show what the tracker lacks of a run that had ended before."""
        if self._tracker is None and not self._failed:
            try:
                self._show(self._lacking())
            except Exception as error:
                self._leave(error)

    def close(self) -> None:
        """Let the tracker write what it holds back."""
        if self._tracker is not None and not self._failed:
            try:
                self._tracker.close()
            except Exception as error:
                self._leave(error)

    def _lacking(self) -> list[Mapping[str, float]]:
        """Return the logged steps that the tracker has not been given."""
        self._id, self._shown = _read(self._state) or (_new_id(self._recipe, self._folder), -1)
        logged = read_metrics(self._folder)
        return [logged[step] for step in sorted(logged) if step > self._shown]

    def _show(self, records: Sequence[Mapping[str, float]]) -> None:
        for record in records:
            step = int(record["step"])
            if step <= self._shown:
                continue  # computed twice, after an interruption
            if self._tracker is None:
                self._tracker = TRACKERS[self._name](self._identity())
            # Before it is shown: what is lost with the process is missing, not there twice.
            write_json(self._state, {"run": self._id, "step": step})
            self._shown = step
            self._tracker.log(
                step, {n: v for n, v in record.items() if n != "step" and math.isfinite(v)}
            )

    def _identity(self) -> Identity:
        recipe, own = self._recipe, self._folder / FOLDER / self._name
        own.mkdir(parents=True, exist_ok=True)
        return Identity(
            project=f"arlarena-{recipe.name}-{recipe.environment.name}".replace("/", "-"),
            name=f"{label(recipe.subject)}-seed-{recipe.seed}",
            id=self._id,
            settings=recipe.model_dump(mode="json"),
            folder=own,
        )

    def _leave(self, error: Exception) -> None:
        self._failed = True
        said = str(error).strip().splitlines() or [type(error).__name__]
        self._warn(f"{self._name} mirrors no further steps: {said[0]}")


@contextmanager
def showing(
    names: Sequence[str], recipe: Recipe, folder: Path, warn: Warn
) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """Give what shows a logged step of a run in each of these trackers.

    Raises:
        ArenaError: If there is no such tracker here.
    """
    check_trackers(names)
    mirrors = [Mirror(name, recipe, folder, warn) for name in dict.fromkeys(names)]

    def see(record: Mapping[str, float]) -> None:
        for mirror in mirrors:
            mirror.see(record)

    try:
        yield see
        for mirror in mirrors:
            mirror.catch_up()
    finally:
        for mirror in mirrors:
            mirror.close()


def _new_id(recipe: Recipe, folder: Path) -> str:
    told = f"{recipe.digest()} {folder.resolve().as_posix()}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _read(path: Path) -> tuple[str, int] | None:
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return str(state["run"]), int(state["step"])
    except (OSError, ValueError, KeyError, TypeError):
        raise ArenaError(f"{path} is damaged; delete it to show the run again") from None
