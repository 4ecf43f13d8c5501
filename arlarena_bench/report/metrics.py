"""The metrics of every run of a bench, from the runs' folders or from one CSV file."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import JsonLines, write_whole
from arlarena_bench.report.comparison import label_of_folder

Record = Mapping[str, Any]
Metrics = dict[str, dict[int, list[Record]]]
"""Method → seed → one record a step."""

FILE = "metrics.csv"
# Enough to draw curves and to compare; the runs' own logs have every bit.
DIGITS = ".6g"


def find_metrics(folder: Path) -> tuple[Metrics, list[str]]:
    """Find the metrics of every run of one bench, finished or not, or of a lone run.

    Returns:
        The metrics, and one line for each file that is damaged.

    Raises:
        ArenaError: If there is no such folder, or it holds several benches.
    """
    if not folder.is_dir():
        raise ArenaError(f"no folder {folder}; give one that `arlarena bench --out` has written")
    paths = sorted(folder.rglob("metrics.jsonl"))
    if not paths and (folder / FILE).is_file():
        return read_csv(folder / FILE), []
    benches = sorted({path.parents[2].as_posix() for path in paths if _seed(path) is not None})
    if len(benches) > 1:
        raise ArenaError(f"{folder} holds several benches: give one of {', '.join(benches)}")
    found: Metrics = {}
    problems = []
    for path in paths:
        try:
            records: list[Record] = list(JsonLines(path))
        except ArenaError as error:
            problems.append(str(error))
            continue
        seed = _seed(path)
        name = label_of_folder(path.parent.name if seed is None else path.parents[1].name)
        if records:
            found.setdefault(name, {})[seed or 0] = records
    return found, problems


def _seed(metrics: Path) -> int | None:
    """Return the seed of a run that lies in a bench, as `<method>/seed-<n>`."""
    match = re.fullmatch(r"seed-(\d+)", metrics.parent.name)
    return int(match[1]) if match else None


def write_csv(metrics: Metrics, path: Path) -> None:
    """Write a line for each method, seed and step; a metric that a step lacks is left empty."""
    rows = [
        {"method": method, "seed": seed, **record}
        for method, seeds in sorted(metrics.items())
        for seed, records in sorted(seeds.items())
        for record in records
    ]
    names = sorted({name for row in rows for name in row} - {"method", "seed", "step"})
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, ["method", "seed", "step", *names], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    write_whole(path, buffer.getvalue())


def _cell(value: Any) -> Any:
    return format(value, DIGITS) if isinstance(value, float) else value


def read_csv(path: Path) -> Metrics:
    """Read what `write_csv` wrote.

    Raises:
        ArenaError: If the file is not such a table.
    """
    found: Metrics = {}
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                method, seed = row.pop("method"), int(row.pop("seed"))
                record = {name: float(text) for name, text in row.items() if text}
                record["step"] = int(record["step"])
            except (KeyError, TypeError, ValueError):
                raise ArenaError(f"{path}, line {number}: not a line of metrics") from None
            found.setdefault(method, {}).setdefault(seed, []).append(record)
    return found
