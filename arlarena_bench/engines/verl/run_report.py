"""What verl's trainer tells the process that has started it, in a file of the run's folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from arlarena_bench.engines.verl.command import VERL
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines, write_json

_EPISODES = TypeAdapter(dict[str, list[Episode]])


def log_of(folder: Path) -> Path:
    """Return where verl's processes write what they print, by the run's folder."""
    return folder / VERL / "log.txt"


def pointer(log: Path) -> str:
    """Return what to do where verl's own words do not say it."""
    return f"; its log says more: {log}; --resume goes on"


class RunReport:
    """Lines of one start of verl: steps that were made, and why it failed.

    Args:
        folder: The run's.
    """

    def __init__(self, folder: Path) -> None:
        self._lines = JsonLines(folder / VERL / "report.jsonl")
        self._test = folder / VERL / "test.json"
        self._read = 0

    def clear(self) -> None:
        """Begin anew."""
        self._lines.keep(lambda line: False)
        self._test.unlink(missing_ok=True)

    def step(self, step: int, metrics: Mapping[str, float], timing: Mapping[str, float]) -> None:
        """Tell of a step."""
        self._lines.append({"step": step, "metrics": dict(metrics), "timing": dict(timing)})

    def failed(self, reason: str) -> None:
        """Tell why it ends."""
        self._lines.append({"failed": reason})

    def new_steps(self) -> Iterator[tuple[int, dict[str, float], dict[str, float]]]:
        """Yield the steps that were not yielded before: number, metrics, seconds by part.

        Raises:
            ArenaError: If the trainer told of a failure.
        """
        for line in list(self._lines)[self._read :]:
            self._read += 1
            if "failed" in line:
                raise ArenaError(line["failed"])
            yield line["step"], line["metrics"], line["timing"]

    def keep_test(self, episodes: Mapping[str, Sequence[Episode]]) -> None:
        """Write the episodes of the test panel by decoder, the headline first."""
        played: dict[str, Any] = {
            name: [asdict(e) for e in group] for name, group in episodes.items()
        }
        write_json(self._test, {"episodes": played, "order": list(played)})

    def test(self) -> dict[str, list[Episode]]:
        """Return what `keep_test` was given.

        Raises:
            ArenaError: If verl has ended without it.
        """
        if not self._test.exists():
            raise ArenaError(f"verl has ended without playing the test panel: {self._test.parent}")
        content = TypeAdapter(dict[str, Any]).validate_json(self._test.read_bytes())
        episodes = _EPISODES.validate_python(content["episodes"])
        return {name: episodes[name] for name in content["order"]}
