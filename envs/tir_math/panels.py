"""The problems behind task ids: the frozen validation and test panels, and training.

`python -m arlarena_bench.envs.tir_math.panels` draws the panels again and says whether the files
are the same; `--write` replaces the files.
"""

import hashlib
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from arlarena_bench.errors import ArenaError
from arlarena_bench.frozen import frozen_command
from arlarena_bench.task_set import HELD_OUT, HIDDEN, FrozenTasks, file_name, hidden_name

from . import problems
from .problems import Draw, Problem, mini

FOLDER = Path(__file__).parent / "frozen-problems"
NAMES = {"full": "tir-math", "mini": "tir-math-mini"}
# What a panel holds so many of: every level of every family, and every short family.
EACH = {"full": 10, "mini": 60}


class FrozenProblem(NamedTuple):
    """A problem of a panel.

    Attributes:
        kind: Its family and level, as in `kinds`.
        draw: Number of the random stream that it was drawn from.
        digest: SHA-256 of its text, answer and program.
        key: Identity of the problem in whatever words; see `key`.
    """

    kind: str
    draw: int
    digest: str
    key: str


def kinds(size: str) -> list[str]:
    """Return every kind of problem, `family/level`, in the order in which panels take turns."""
    if size == "mini":
        return [f"{family}/1" for family in mini.FAMILIES]
    return [f"{family}/{level}" for level, family in product(problems.LEVELS, problems.FAMILIES)]


def draw_problem(size: str, kind: str, draw: Draw) -> Problem:
    """Draw a problem of a kind."""
    family, level = kind.split("/")
    return mini.make(family, draw) if size == "mini" else problems.make(family, int(level), draw)


def key(problem: Problem) -> str:
    """Return the identity of a problem: its program, which no choice of words changes."""
    return hashlib.sha256(problem.program.encode()).hexdigest()[:32]


def content_digest(problem: Problem) -> str:
    """Return the SHA-256 of what is asked, the answer and the program."""
    parts = "\0".join((problem.text, problem.answer, problem.program))
    return hashlib.sha256(parts.encode()).hexdigest()


class Problems(FrozenTasks[FrozenProblem]):
    """The generated problems of one size.

    Args:
        size: `"full"` or `"mini"`.
    """

    def __init__(self, size: str) -> None:
        super().__init__(NAMES[size], FOLDER, size)

    def parse(self, content: str) -> dict[str, FrozenProblem]:
        """Read a panel's file: a line a problem, its number, kind, draw, digest and key."""
        lines = map(str.split, content.splitlines())
        return {n: FrozenProblem(kind, int(draw), *rest) for n, kind, draw, *rest in lines}

    def digest(self, record: FrozenProblem) -> str:
        """Return the SHA-256 of what is asked, the answer and the program."""
        return record.digest

    def identity(self, task_id: str) -> str:
        """Return the key of a problem."""
        return key(find(task_id, self.kind))

    @cached_property
    def held_out_keys(self) -> frozenset[str]:
        """The key of every problem of the panels; training avoids them."""
        return frozenset(p.key for split in HELD_OUT for p in self.frozen(split).values())


@lru_cache
def problem_set(size: str) -> Problems:
    """Return the problems of one size, one set for the whole process."""
    return Problems(size)


@lru_cache(maxsize=4096)
def find(task_id: str, size: str) -> Problem:
    """Return the problem of a task.

    Raises:
        ArenaError: If there is no such task, or the generator no longer draws the frozen problem.
    """
    tasks = problem_set(size)
    if (number := tasks.training(task_id)) is not None:
        return _training(number, size)
    if (hidden := hidden_name(task_id)) is not None:
        every = kinds(size)
        return draw_problem(size, every[hidden[1] % len(every)], Draw(size, HIDDEN, hidden[0]))
    entry = tasks.find(task_id)
    problem = draw_problem(size, entry.kind, _panel_draw(size, entry.kind, entry.draw))
    if content_digest(problem) != entry.digest:
        raise ArenaError(f"{task_id} is not the problem that was frozen; reinstall the package")
    return problem


def make(size: str) -> dict[str, str]:
    """Draw the panels of one size; return the content of each file by its name.

    The kinds of problem take turns. A problem comes once, in whatever words.
    """
    lines: dict[str, list[str]] = {split: [] for split in HELD_OUT}
    seen: set[str] = set()
    drawn = dict.fromkeys(kinds(size), 0)
    for _, split, kind in product(range(EACH[size]), HELD_OUT, drawn):
        while True:
            number = drawn[kind]
            drawn[kind] += 1
            problem = draw_problem(size, kind, _panel_draw(size, kind, number))
            if key(problem) not in seen:
                break
        seen.add(key(problem))
        entry = f"{kind} {number} {content_digest(problem)} {key(problem)}"
        lines[split].append(f"{len(lines[split]):04d} {entry}\n")
    return {file_name(size, split): "".join(lines[split]) for split in HELD_OUT}


def _training(number: str, size: str) -> Problem:
    for attempt in range(1000):
        draw = Draw(size, "train", number, attempt)
        problem = draw_problem(size, draw.pick(kinds(size)), draw)
        if key(problem) not in problem_set(size).held_out_keys:
            return problem
    raise ArenaError(f"no problem for train/{number} outside the panels")


def _panel_draw(size: str, kind: str, number: int) -> Draw:
    return Draw(size, "panels", kind, number)


def main() -> None:
    """Draw the panels again; compare them with the files or write them."""
    files = {name: text.encode() for size in NAMES for name, text in make(size).items()}
    frozen_command("arlarena_bench.envs.tir_math.panels", __doc__, FOLDER, files)


if __name__ == "__main__":
    main()
