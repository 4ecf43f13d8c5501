"""Episodes to read turn by turn: a sample, stepped again so that every state can be shown."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.reply import ReplyFormat
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import EpisodeRecord, Result, TurnsRecord, read_result
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.table import START, Row, Table
from arlarena_bench.scene import SceneChoice, SceneGrid, SceneList, ScenePart, SceneText
from arlarena_bench.submission.replaying import first_difference
from arlarena_bench.text_env import TextEnv


@dataclass(frozen=True, slots=True)
class Sample:
    """Episodes of one method.

    Attributes:
        seed: Of training; the least that finished.
        decoder: The headline.
        tasks: How many tasks they are of: the panel's first.
        data: For the browser.
        different: How many of them were not the same when they were stepped again.
    """

    seed: int
    decoder: str
    tasks: int
    data: dict[str, Any]
    different: int

    @property
    def count(self) -> int:
        """How many episodes there are."""
        return len(self.data["episodes"])


class Reader:
    """Reads samples of episodes, and keeps the environments that it steps them in.

    Args:
        tasks: How many of the panel's first tasks a sample has.
    """

    def __init__(self, tasks: int) -> None:
        self._tasks = tasks
        self._made: dict[str, AgentProtocol | str] = {}

    def sample(self, table: Table, row: Row) -> Sample | str:
        """Return the sample of a row, or why there is none, in one line."""
        run = _least(table, row)
        if run.result.lacks:
            return "this older record has no replies"
        try:
            result = read_result(run.source)
        except ArenaError as error:
            return str(error).replace(str(run.source), run.source.name)
        return self._sample(result)

    def _sample(self, result: Result) -> Sample:
        first = list(dict.fromkeys(episode.task_id for episode in result.main.episodes))
        chosen = set(first[: self._tasks])
        environment = self._environment(result)
        told = [
            _told(environment, episode, episode.turns)
            for episode in result.main.episodes
            if episode.task_id in chosen and episode.turns is not None
        ]
        return Sample(
            seed=result.seed,
            decoder=result.headline,
            tasks=len(chosen),
            data={"episodes": told},
            different=sum(episode["difference"] is not None for episode in told),
        )

    def _environment(self, result: Result) -> AgentProtocol | str:
        settings = result.recipe.model_dump_json(include={"environment", "protocol"})
        if settings not in self._made:
            try:
                self._made[settings] = make_environment(result.recipe)
            except (ArenaError, gym.error.Error) as error:
                self._made[settings] = f"its environment cannot be made here: {error}"
        return self._made[settings]


def _least(table: Table, row: Row) -> FinishedRun:
    """Return the run of a row with the least seed."""
    mine = {
        run.result.seed: run
        for run in table.runs
        if row_of(run.result) == (row.method, row.kind == "reference")
    }
    return mine[min(mine)]


def row_of(result: Result) -> tuple[str, bool]:
    """Return the name of the row that a result is in, and whether that is a reference."""
    kind = result.policy.kind
    return (START if kind == "start" else result.label), kind in ("start", "scripted")


def _told(
    environment: AgentProtocol | str, episode: EpisodeRecord, turns: TurnsRecord
) -> dict[str, Any]:
    """Return an episode for the browser; its states as far as it can be stepped again."""
    scenes: list[list[dict[str, Any]]] = []
    instructions: list[str] = []
    difference: str | None
    if isinstance(environment, str):
        difference, read = environment, None
    else:
        difference = first_difference(environment, episode, _watch(scenes, instructions))
        read = environment.game.reply_format
    return {
        "task": episode.task_id,
        "attempt": episode.attempt,
        "category": episode.category,
        "instruction": instructions[0] if instructions else "",
        "success": episode.success,
        "score": episode.score,
        "reward": round(episode.reward, 6),
        "difference": difference,
        "scenes": scenes,
        "turns": [_turn(turns, place, read) for place in range(len(turns.replies))],
    }


def _watch(
    scenes: list[list[dict[str, Any]]], instructions: list[str]
) -> Callable[[TextEnv], None]:
    def watch(game: TextEnv) -> None:
        instructions.append(game.instruction)
        scenes.append([part_data(part) for part in game.scene()])

    return watch


def _turn(turns: TurnsRecord, place: int, read: ReplyFormat | None) -> dict[str, Any]:
    reply = turns.replies[place]
    parsed = read.parse(reply) if read else None
    return {
        "reply": reply,
        "thought": parsed.thought if parsed else "",
        "command": parsed.command if parsed else "",
        "reward": round(turns.rewards[place], 6),
        "penalty": turns.penalties[place],
        "format": turns.format_valid[place],
        "action": turns.action_valid[place],
        "tokens": len(turns.token_ids[place]),
    }


def part_data(part: ScenePart) -> dict[str, Any]:
    """Return a part of a scene for the browser."""
    if isinstance(part, SceneGrid):
        cells = sorted({cell for row in part.rows for cell in row})
        rows = [[cells.index(cell) for cell in row] for row in part.rows]
        return {"kind": "grid", "cells": cells, "rows": rows}
    if isinstance(part, SceneList):
        return {"kind": "list", "heading": part.heading, "rows": part.rows}
    if isinstance(part, SceneChoice):
        return {
            "kind": "choice",
            "name": part.name,
            "values": part.values,
            "chosen": part.chosen,
        }
    kind = "text" if isinstance(part, SceneText) else "code"
    return {"kind": kind, "heading": part.heading, "text": part.text}
