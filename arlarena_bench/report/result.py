"""Reading what finished runs leave behind: `result.json` with its scores, and their timing."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines
from arlarena_bench.report.columns import to_rows
from arlarena_bench.report.comparison import file_label

RESULTS_SCHEMA = 1  # of results.json; a result has its own
TOLERANCE = 1e-6


def _none_if_not_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


# A diverged run may report an infinite KL, which JSON cannot hold.
MaybeFinite = Annotated[float | None, BeforeValidator(_none_if_not_finite)]


class _Part(BaseModel):
    # Later versions may record more; what they add is carried along, not dropped.
    model_config = ConfigDict(extra="allow", frozen=True)


class PanelRecord(_Part):
    """Which tasks were scored: the panel's name, its SHA-256 and how many of its tasks."""

    name: str
    digest: str
    tasks: Annotated[int, Field(ge=1)]


class EpisodeRecord(_Part):
    """One scored episode: the environment's return without penalties, turns and outcome."""

    task_id: str
    cluster: str | None = None
    reward: float
    turns: Annotated[int, Field(ge=0)]
    success: bool
    score: float
    format_valid: float
    action_valid: float


class Summary(_Part):
    """The scores of a run, each of which follows from its episodes."""

    success: float
    score: float
    reward: float
    reward_turn_weighted: float
    format_valid: float
    action_valid: float


class StartRecord(_Part):
    """Which start policy a run began from: `shipped/3` of a set named by its SHA-256, or `cloned`.

    Results of the first release have none; their starts were cloned.
    """

    name: str = "cloned"
    sha256: str = ""
    set: str | None = None


class TrainingRecord(_Part):
    """How training went.

    `start_success` is the start policy's on the validation panel, `start_test_success` its success
    on the panel of the result, None where that was not played. `collapse_step` and
    `collapse_cause` are None for a stable run.
    """

    steps: int
    start_success: MaybeFinite = None
    start_test_success: MaybeFinite = None
    collapse_step: int | None = None
    collapse_cause: str | None = None
    kl_ref_final: MaybeFinite = None
    final_fifth_success_std: MaybeFinite = None
    skipped_updates: int = 0


class Result(_Part):
    """The scores of one trained policy on one panel, with its episodes.

    `conditions` are what scores depend on beside the tasks; `incomparable` says why a result
    cannot stand on the leaderboard, and is empty if it can.
    """

    version_of_schema: Annotated[Literal[1], Field(alias="schema")]
    method: str
    method_source: str | None = None
    options: dict[str, Any] = {}
    environment: str
    environment_name: str
    preset: str
    seed: int
    commit: str | None = None
    version: str
    recipe_digest: str
    start_policy: str
    start: StartRecord = StartRecord()
    conditions: dict[str, str] = {}
    incomparable: str = ""
    panel: PanelRecord
    episodes: Annotated[list[EpisodeRecord], BeforeValidator(to_rows), Field(min_length=1)]
    summary: Summary
    training: TrainingRecord

    @property
    def label(self) -> str:
        """The method's name in tables: what came out of a file never stands as an installed one."""
        return self.method if self.method_source is None else file_label(self.method)

    @property
    def success(self) -> float:
        """Share of episodes that solved their task."""
        return sum(e.success for e in self.episodes) / len(self.episodes)

    @property
    def reward(self) -> float:
        """Episode mean of the environment's return."""
        return sum(e.reward for e in self.episodes) / len(self.episodes)

    @property
    def reward_turn_weighted(self) -> float:
        """Mean over turns of the return of the episode each belongs to.

        What ARLArena's tables call Score: long, failed episodes weigh more.
        """
        turns = sum(e.turns for e in self.episodes)
        return sum(e.turns * e.reward for e in self.episodes) / turns if turns else self.reward

    @model_validator(mode="after")
    def _summary_follows_from_episodes(self) -> "Result":
        for name in ("success", "reward", "reward_turn_weighted"):
            told, computed = getattr(self.summary, name), getattr(self, name)
            if abs(told - computed) > TOLERANCE:
                raise ValueError(f"summary.{name} is {told}, but its episodes give {computed}")
        return self


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run: its result, where it lies, and its CPU minutes where they were kept."""

    result: Result
    source: Path
    cpu_minutes: float | None = None


def read_result(path: Path) -> Result:
    """Read one `result.json`.

    Raises:
        ArenaError: If the file is missing, not JSON, not a result, or contradicts itself.
    """
    return parse_result(_read_json(path), path)


def parse_result(data: Any, path: Path) -> Result:
    """Check `data`, which came from `path`, against the schema of a result."""
    try:
        return Result.model_validate(data)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        reason = problem["msg"].removeprefix("Value error, ")
        message = f"{where}: {reason}" if where else reason
        raise ArenaError(f"{path} is not a result: {message}") from None


def find_runs(place: Path) -> tuple[list[FinishedRun], list[str]]:
    """Find every finished run below a folder, or in the `results.json` of a bench.

    Args:
        place: A folder with `result.json` files in it, or with a `results.json` only, or the path
            of such a file.

    Returns:
        The runs, in order of their paths, and one line for each file that could not be read.

    Raises:
        ArenaError: If `place` does not exist, or is a file that holds no results.
    """
    if place.is_file():
        return _read_bench(place), []
    if not place.is_dir():
        raise ArenaError(f"no folder {place}; give one that `arlarena bench --out` has written")
    runs, problems = [], []
    for path in sorted(place.rglob("result.json")):
        try:
            result = read_result(path)
        except ArenaError as error:
            problems.append(str(error))
            continue
        try:
            minutes = cpu_minutes(path.parent)
        except ArenaError as error:
            problems.append(str(error))
            minutes = None
        runs.append(FinishedRun(result, path.parent, minutes))
    if not runs:
        # What is committed of a large bench is its results.json, without the run folders.
        for path in sorted(place.rglob("results.json")):
            try:
                runs += _read_bench(path)
            except ArenaError as error:
                problems.append(str(error))
    return runs, problems


def stored_command(run: FinishedRun) -> str | None:
    """Return the command that `results.json` of the run's bench names, None where there is none."""
    path = run.source if run.source.is_file() else run.source.parent.parent / "results.json"
    try:
        command = _read_json(path).get("command")
    except (ArenaError, AttributeError):
        return None
    return command if isinstance(command, str) else None


def _read_bench(path: Path) -> list[FinishedRun]:
    data = _read_json(path)
    if (
        not isinstance(data, dict)
        or data.get("schema") != RESULTS_SCHEMA
        or not isinstance(data.get("results"), list)
    ):
        raise ArenaError(f"{path} is not the results.json of a bench")
    results = [parse_result(item, path) for item in data["results"]]
    timing = data.get("timing")
    minutes = timing if isinstance(timing, dict) else {}
    return [
        FinishedRun(result, path, minutes.get(f"{result.label}/seed-{result.seed}"))
        for result in results
    ]


def cpu_minutes(run_folder: Path) -> float | None:
    """Return the CPU minutes of a run from its `timing.jsonl`, None if it kept none.

    Raises:
        ArenaError: If that file is damaged.
    """
    path = run_folder / "timing.jsonl"
    try:
        # A step that was repeated after an interruption is counted once.
        seconds = {line["step"]: float(line["cpu_s/total"]) for line in JsonLines(path)}
    except (KeyError, TypeError, ValueError):
        raise ArenaError(f"{path} has a line without step or cpu_s/total") from None
    return sum(seconds.values()) / 60 if seconds else None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ArenaError(f"{path} is not JSON: {error}") from None
