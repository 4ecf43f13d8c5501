"""Results of schema 1, as they were published: converted, with what they lack said.

A folder had `results.json`, all results of a bench with their episodes as columns, and
`metrics.csv`. They name their recipe by its digest, so the preset lies beside them as
`recipe.yaml`, and keep neither replies, tokens nor the machine. Nothing else knows of them.
"""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.record.episodes import EpisodeRecord
from arlarena_bench.record.part import Count, PositiveCount, Share, first_line
from arlarena_bench.record.provenance import Provenance
from arlarena_bench.record.result import (
    CostRecord,
    Decoder,
    PanelRecord,
    PolicyRecord,
    Result,
    Score,
    StartRecord,
    TrainingRecord,
)
from arlarena_bench.record.summary import Summary, summarise

LEGACY_FILE = "results.json"
METRICS_FILE = "metrics.csv"
RECIPE_FILE = "recipe.yaml"
DECODER = "sampled"
LACKS = ("replies", "tokens", "penalties", "package versions", "machine")
TOLERANCE = 1e-6


class _Old(BaseModel):
    # What a record held beside these follows from the episodes.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class _OldPanel(_Old):
    name: str
    digest: str
    tasks: PositiveCount


class _OldEpisode(_Old):
    task_id: str
    reward: float
    turns: PositiveCount
    success: bool
    score: Share
    format_valid: Share
    action_valid: Share
    category: str | None = None
    measures: dict[str, float] = Field(default_factory=dict)


class _OldSummary(_Old):
    success: Share
    score: Share
    reward: float
    reward_turn_weighted: float
    format_valid: Share
    action_valid: Share


class _OldTraining(_Old):
    steps: Count
    collapse_step: Count | None = None
    collapse_cause: str | None = None
    final_fifth_success_std: float | None = None
    skipped_updates: Count = 0


class _OldResult(_Old):
    version_of_schema: Annotated[Literal[1], Field(alias="schema")]
    method: str
    method_source: str | None = None
    seed: Count
    commit: str | None = None
    version: str
    recipe_digest: str
    start_policy: str
    conditions: dict[str, str] = Field(default_factory=dict)
    incomparable: str = ""
    panel: _OldPanel
    episodes: tuple[_OldEpisode, ...] = Field(min_length=1)
    summary: _OldSummary
    training: _OldTraining


def read_legacy(path: Path) -> tuple[list[Result], str | None]:
    """Read the `results.json` of a bench of schema 1.

    Returns:
        Its results, and the command that made them if it is on record.

    Raises:
        ArenaError: If it is something else, if a summary does not follow from its episodes, or
            the recipe beside it is not the one that a result names; one line.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ArenaError(f"{path} is not JSON: {error}") from None
    if not (
        isinstance(data, dict) and data.get("schema") == 1 and isinstance(data.get("results"), list)
    ):
        raise ArenaError(f"{path} is not the results.json of a bench")
    metrics = _read_metrics(path.with_name(METRICS_FILE))
    preset = read_recipe(path.with_name(RECIPE_FILE))
    timing = data.get("timing")
    minutes = timing if isinstance(timing, dict) else {}
    results = [_converted(item, path, preset, metrics, minutes) for item in data["results"]]
    command = data.get("command")
    return results, command if isinstance(command, str) else None


def _converted(
    item: Any, path: Path, preset: Recipe, metrics: "_Metrics", minutes: Mapping[str, float]
) -> Result:
    try:
        rows = {**item, "episodes": _rows(item["episodes"])}
        old = _OldResult.model_validate(rows)
        key = f"{old.method}/seed-{old.seed}"
        result = Result(
            policy=PolicyRecord(kind="trained", name=old.method),
            recipe=_recipe(old, preset, path),
            provenance=Provenance(version=old.version, commit=old.commit),
            start=StartRecord(name="cloned", sha256=old.start_policy),
            panel=PanelRecord(**old.panel.model_dump(), split="test"),
            conditions=old.conditions,
            incomparable=old.incomparable,
            headline=DECODER,
            scores={DECODER: _score(old)},
            cost=CostRecord(cpu_seconds=60 * minutes[key] if key in minutes else None),
            training=TrainingRecord(
                **old.training.model_dump(), metrics=metrics.get((old.method, old.seed), {})
            ),
            lacks=LACKS,
        )
    except ValidationError as error:
        raise ArenaError(
            f"{path} is not the results.json of a bench: {first_line(error)}"
        ) from None
    except (TypeError, KeyError, ValueError) as error:
        raise ArenaError(f"{path} is not the results.json of a bench: {error}") from None
    _check_summary(old.summary, result.main.summary, f"{path}: {result.label} seed {old.seed}")
    return result


def _score(old: _OldResult) -> Score:
    episodes = tuple(
        EpisodeRecord(
            task_id=episode.task_id,
            success=episode.success,
            score=episode.score,
            reward=episode.reward,
            penalty=0.0,
            length=episode.turns,
            reply_tokens=0,
            format_valid=round(episode.format_valid * episode.turns),
            action_valid=round(episode.action_valid * episode.turns),
            category=episode.category,
            measures=episode.measures,
        )
        for episode in old.episodes
    )
    return Score(decoder=Decoder(temperature=1.0), summary=summarise(episodes), episodes=episodes)


def _check_summary(told: _OldSummary, computed: Summary, where: str) -> None:
    for name, value in told.model_dump().items():
        follows = getattr(computed, name)
        if abs(value - follows) > TOLERANCE:
            raise ArenaError(f"{where}: summary {name} is {value}, but its episodes give {follows}")


def _recipe(old: _OldResult, preset: Recipe, path: Path) -> Recipe:
    recipe = preset.for_run(old.method, old.seed)
    if recipe.digest() != old.recipe_digest:
        raise ArenaError(
            f"{path}: {old.method} seed {old.seed} is of the recipe {old.recipe_digest[:12]}, "
            f"which {RECIPE_FILE} beside it does not give ({recipe.digest()[:12]}); run it again"
        )
    return recipe


_Metrics = dict[tuple[str, int], dict[str, tuple[float | None, ...]]]


def _read_metrics(path: Path) -> _Metrics:
    """Return (method, seed) → name → one value a step; empty without the file."""
    if not path.is_file():
        return {}
    found: dict[tuple[str, int], dict[str, list[float | None]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                columns = found.setdefault((row.pop("method"), int(row.pop("seed"))), {})
                for name, text in row.items():
                    columns.setdefault(name, []).append(float(text) if text else None)
            except (KeyError, TypeError, ValueError):
                raise ArenaError(f"{path}, line {number}: not a line of metrics") from None
    return {
        run: {name: tuple(values) for name, values in columns.items()}
        for run, columns in found.items()
    }


def _rows(columns: Any) -> Any:
    """Return `{name: column}` as rows, at every depth.

    Raises:
        ValueError: If the columns are not of one length.
    """
    if not isinstance(columns, Mapping):
        return columns
    filled = {name: _rows(column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in filled.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"columns of different lengths: {listed}")
    return [dict(zip(filled, row, strict=True)) for row in zip(*filled.values(), strict=True)]
