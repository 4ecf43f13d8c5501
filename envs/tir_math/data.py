"""Problems from files: AIME, AMC, MATH500, SimpleRL's MATH 3–5 as on the hub, and CHAMP."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.task_set import SPLITS

from .champ import champ_file, champ_rows
from .problems import Problem, normalised
from .rows import COLUMNS, Row, RowError, problem_of

SAMPLES = ("paper",)
CHAMP = "champ"
_PAPER_SEED, _PAPER_SIZE = 42, 4
Reader = Callable[[Path, bytes], Iterator[tuple[str, Row]]]


@dataclass(frozen=True)
class DataSet:
    """The problems of one file.

    Attributes:
        name: For the panel.
        problems: By row, counted from 0 and written with four digits.
    """

    name: str
    problems: Mapping[str, Problem]

    @cached_property
    def texts(self) -> frozenset[str]:
        """The problems, each by its `identity`."""
        return frozenset(identity(p) for p in self.problems.values())


def identity(problem: Problem) -> str:
    """Return a problem's text without letter case, punctuation and any spacing."""
    return normalised(problem.text).replace(" ", "")


def read_data(
    data: str | Path | Mapping[str, str | Path],
    columns: Mapping[str, str],
    sample: str | None = None,
) -> dict[str, DataSet]:
    """Read one file a split; a single path is the test set.

    Args:
        data: The path, or split → path; in place of a path `"champ"` for what is installed.
        columns: `problem`, `answer`, `category` → name of the column, with dots into a record.
        sample: None for whole sets, `"paper"` for the four problems that ARLArena evaluated.

    Raises:
        ArenaError: For an unknown split, column or sample, or a file that cannot be read.
    """
    if sample is not None and sample not in SAMPLES:
        raise unknown("sample of a data set", sample, SAMPLES)
    if not isinstance(columns, Mapping):
        raise ArenaError(f"columns= takes a name for each role, got {columns!r}")
    for role, name in columns.items():
        if role not in COLUMNS:
            raise unknown("role of a column", role, COLUMNS)
        if not isinstance(name, str):
            raise ArenaError(f"columns= takes the name of the column of each {role}, got {name!r}")
    paths = data if isinstance(data, Mapping) else {"test": data}
    if not paths:
        raise ArenaError("data= names no file of problems")
    sets = {}
    for split, path in paths.items():
        if split not in SPLITS:
            raise unknown("split", split, SPLITS)
        if not isinstance(path, str | Path):
            raise ArenaError(f"data= takes the path of a file of problems, got {path!r}")
        file = champ_file() if path == CHAMP else Path(path).expanduser()
        whole = _read(file, columns)
        # Training was never sampled.
        sets[split] = _paper_sample(whole) if sample and split != "train" else whole
    return sets


def _read(path: Path, columns: Mapping[str, str]) -> DataSet:
    readers: dict[str, Reader] = {
        ".jsonl": _json_lines,
        ".parquet": _parquet,
        ".json": champ_rows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ArenaError(
            f"{path}: expected {CHAMP!r} or a file of problems ending in {' or '.join(readers)}"
        )
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # a path with NUL in it is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise ArenaError(f"cannot read {path}: {reason}") from error
    return _parse(path, content, reader, tuple(sorted(columns.items())))


@lru_cache(maxsize=8)  # the environments of a process share a set
def _parse(
    path: Path, content: bytes, reader: Reader, named: tuple[tuple[str, str], ...]
) -> DataSet:
    columns = dict(named)
    rows = list(reader(path, content))
    if not rows:
        raise ArenaError(f"{path} has no problems")
    problems: dict[str, Problem] = {}
    refused: dict[str, str] = {}
    for number, (where, row) in enumerate(rows):
        try:
            problems[f"{number:04d}"] = problem_of(row, columns)
        except RowError as error:
            refused[where] = str(error)
    if refused:
        raise ArenaError(_refusal(path, refused))
    name = CHAMP if reader is champ_rows else path.stem
    return DataSet(f"tir-math-{name}", problems)


def _refusal(path: Path, refused: Mapping[str, str]) -> str:
    """Return one line: the first row that cannot be read and why, and how many more there are."""
    (first, reason), *others = refused.items()
    line = f"{path}, {first}: {reason}"
    if others:
        named = ", ".join(where for where, _ in others[:3])
        more = ", …" if len(others) > 3 else ""
        line += f" ({len(others)} more cannot be read: {named}{more})"
    return line


def _json_lines(path: Path, content: bytes) -> Iterator[tuple[str, Row]]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield f"line {number}", _json_line(line)


def _json_line(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason: object = error
        if isinstance(error, json.JSONDecodeError):  # which takes every line for the first
            reason = f"{error.msg}: column {error.colno}"
        return f"not JSON ({reason}); correct the line or remove it"
    return row if isinstance(row, dict) else "expected a JSON object with a problem in it"


def _parquet(path: Path, content: bytes) -> Iterator[tuple[str, Row]]:
    try:
        from pyarrow import ArrowException, BufferReader, parquet
    except ImportError:
        raise ArenaError(
            f"reading {path} needs pyarrow: `pip install 'arlarena-bench[parquet]'`"
        ) from None
    try:
        rows = parquet.read_table(BufferReader(content)).to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ArenaError(f"{path} is not a parquet file ({reason}); download it again") from error
    for number, row in enumerate(rows, start=1):
        yield f"row {number}", row


def _paper_sample(whole: DataSet) -> DataSet:
    """Return the rows that pandas' `sample(n=4, random_state=42)` draws."""
    # The legacy generator, because pandas seeds that one.
    chosen = np.random.RandomState(_PAPER_SEED).choice(
        len(whole.problems), min(_PAPER_SIZE, len(whole.problems)), replace=False
    )
    rows = list(whole.problems)
    problems = {rows[place]: whole.problems[rows[place]] for place in chosen}
    label = f"paper-sample-{len(problems)}-of-{len(rows)}-not-comparable"
    return DataSet(f"{whole.name}-{label}", problems)
