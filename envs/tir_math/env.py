"""`arlarena/TIRMath-v0` and `arlarena/TIRMathMini-v0`."""

import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.protocol.prompt import PromptTemplate
from arlarena_bench.scene import Scene, SceneCode, SceneText
from arlarena_bench.text_env import TextEnv

from . import panels
from .boxes import last_boxed
from .data import read_data
from .grader import grade, grader_version
from .player import Player
from .problem_files import ProblemFiles
from .problems import Problem
from .reply import CodeOrAnswer, box, code_of
from .sandbox import Result, Session, checked, shared
from .view import View

HORIZONS = {"full": 5, "mini": 3}
# ARLArena's, and what is plenty for one line.
TIMEOUTS = {"full": 10.0, "mini": 5.0}
# Characters of output that are shown: ARLArena's, and what fits beside the short problems.
OUTPUTS = {"full": 512, "mini": 24}
# What every program may call; ARLArena's helper of the same name.
PRELUDE = 'final_answer = lambda answer: print("\\\\boxed{" + str(answer) + "}")\n'

# Where an object lies in memory differs from process to process, and must not reach a prompt.
_ADDRESS = re.compile(r"\bat 0x[0-9A-Fa-f]+")

_ASK = """\
Solve the problem below. Reason first. Wherever a calculation helps, write one Python program \
between a line ```python and a line ```, and stop there: it is run, and what it prints is shown to \
you. {memory} The standard library, sympy and numpy can be imported. When you know the answer, \
write it as \\boxed{{{{answer}}}}; a program may give it with final_answer(answer). You have \
{turns} turns.

Problem: {{task}}
"""
_MEMORY = {
    False: "A program knows nothing of the ones before it.",
    True: "A program can use the variables of the ones before it.",
}


@dataclass(frozen=True, slots=True)
class _Run:
    """What an episode keeps of a program that ran.

    Attributes:
        shown: What the agent is told of it.
        boxed: The answer that it printed in a box, None without one.
        failed: Whether it ended with an error.
        timed_out: Whether it was stopped because its time was over.
        unguarded: Whether nothing kept it from the machine.
    """

    shown: str
    boxed: str | None
    failed: bool
    timed_out: bool
    unguarded: bool


_RUN = TypeAdapter(_Run)


class TirMathEnv(TextEnv):
    r"""Mathematics with a Python interpreter: tool-integrated reasoning.

    A turn is reasoning and then either a fenced Python block, which is executed, or a final
    `\boxed{answer}`. A right answer earns 1. A turn with neither ends the episode and makes it
    void.

    Tasks: `"train/<n>"` for any integer n, generated from it and never one of a panel;
    `"validation/0000"` … and `"test/0000"` …, frozen. With `data`, `"<split>/<row>"`.

    Args:
        size: `"full"` for ten families of problems in five levels, `"mini"` for short ones.
        horizon: Turns after which an episode is truncated; 5, or 3 for `"mini"`.
        sandbox: Where programs run: `"auto"` for the strongest isolation this machine has, which
            fails where it has none, or the name of one; `"none"` isolates nothing.
        timeout: Seconds that a program may take; 10, or 5 for `"mini"`.
        stateful: Whether variables stay between turns.
        max_output: Characters of a program's output that are shown; 512, or 24 for `"mini"`.
        url: Of the service, with `sandbox="http"`.
        data: A file of problems (JSONL or parquet) that is the test panel, or one for each split;
            replaces generated problems. `"champ"` is CHAMP, as the extra `champ` installs it.
        columns: Which columns of `data` hold the `problem` and the `answer`, where their names
            do not tell.
        sample: `"paper"` for the four problems a set that ARLArena evaluated, for comparison with
            its table only.
        render_mode: `"ansi"` or None.

    Raises:
        ArenaError: For an unknown setting, or data that cannot be read.
    """

    reply_format = CodeOrAnswer()
    transcript = True
    demonstrator_class = Player
    view_class = View
    _session: Session | None = None

    def __init__(
        self,
        size: str = "full",
        horizon: int | None = None,
        sandbox: str = "auto",
        timeout: float | None = None,
        stateful: bool = False,
        max_output: int | None = None,
        url: str | None = None,
        data: str | Path | Mapping[str, str | Path] | None = None,
        columns: Mapping[str, str] | None = None,
        sample: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        if size not in tuple(panels.NAMES):
            raise unknown("size of problems", size, panels.NAMES)
        max_output = OUTPUTS[size] if max_output is None else max_output
        if not isinstance(max_output, int) or max_output < 1:
            raise ArenaError(f"max_output must be at least 1, got {max_output!r}")
        if not isinstance(stateful, bool):
            raise ArenaError(f"stateful must be True or False, got {stateful!r}")
        if data is None and (columns or sample):
            raise ArenaError("columns= and sample= say how to read data=, which is missing")
        self.files = None if data is None else ProblemFiles(read_data(data, columns or {}, sample))
        super().__init__(
            tasks=panels.problem_set(size) if self.files is None else self.files,
            horizon=HORIZONS[size] if horizon is None else horizon,
            render_mode=render_mode,
        )
        self.size = size
        self.timeout = checked(TIMEOUTS[size] if timeout is None else timeout)
        self.stateful = stateful
        self.max_output = max_output
        self.sample = sample
        ask = _ASK.format(memory=_MEMORY[stateful], turns=self.horizon)
        self.template = PromptTemplate(first=ask, later=ask)
        # Not started before a program runs.
        self._box = shared(sandbox, url=url)
        self._problem = Problem("", "", "")
        self._begin()

    @property
    def isolation(self) -> str:
        """What keeps programs from the machine; `"none"` if nothing does."""
        return self._box.isolation

    @property
    def problem(self) -> Problem:
        """The current problem, with its answer and its reference program."""
        return self._problem

    def load(self, task_id: str) -> None:
        """Begin a task.

        Raises:
            ArenaError: If there is no such task.
        """
        if self.files is None:
            self._problem = panels.find(task_id, self.size)
        else:
            self._problem = self.files.problem(task_id)
        self._begin()

    def _begin(self) -> None:
        self._forget()
        self._shown = self._problem.text
        self._history = [self._problem.text]
        self._answer: str | None = None
        self._right = False
        self._void = False
        self.output = ""
        self.proved = False
        self._unguarded = False
        self._last_run: _Run | None = None
        self._recalled: _Run | None = None
        self._taken = self._programs = self._errors = self._timeouts = 0

    def observe(self) -> str:
        """Return the problem, and after a turn what is written behind it."""
        return self._shown

    def scene(self) -> Scene:
        """Return the problem, and then what the last program printed."""
        if not self._taken:
            return (SceneText(self._problem.text, "problem"),)
        return () if self._last_run is None else (SceneCode(self._last_run.shown, "output"),)

    def act(self, command: str) -> float:
        """Execute the first block of Python, or else take the last box as the answer."""
        if self.terminated:
            return 0.0
        self._taken += 1
        self._shown = ""
        self._last_run = None
        code = code_of(command)
        answer = last_boxed(command)
        if code is not None:
            answer = self._run(code)
        elif answer is None:
            self._void = True
        if answer is not None:
            self._answer = answer
            self._right = grade(box(answer), self._problem.answer)
        self._history.append(f"{command}\0{self._shown}\0")
        return float(self._right)

    def _run(self, code: str) -> str | None:
        """Execute a program and show its output; return the answer that it boxed, if any."""
        run = self._last_run = self._recalled or self._ran(code)
        self._recalled = None
        self._programs += 1
        self._errors += run.failed
        self._timeouts += run.timed_out
        self._unguarded |= run.unguarded
        self._shown = f"\nCode execution result: {run.shown}\n"
        return run.boxed

    def _ran(self, code: str) -> _Run:
        result = self._execute(PRELUDE + code)
        self.output = result.output.strip()
        self.proved = code.strip() == self._problem.program.strip() and not result.error
        return _Run(
            shown=self._report(result),
            boxed=last_boxed(result.output),
            failed=bool(result.error),
            timed_out=result.timed_out,
            unguarded=self._box.isolation == "none",
        )

    @property
    def outside(self) -> str | None:
        """What came of the last turn's program, as JSON; None for a turn without one."""
        return None if self._last_run is None else json.dumps(asdict(self._last_run))

    def learned(self, outside: str) -> bool:
        """Return whether the last program gave what this says, or the time of one was over."""
        told, run = _RUN.validate_json(outside, strict=True), self._last_run
        if run is None:
            return False
        return told.timed_out or run.timed_out or replace(told, unguarded=run.unguarded) == run

    def forget_outside(self) -> None:
        """Run every program again, also one that has run before."""
        self._box.forget_results()

    def recall(self, outside: str) -> None:
        """Let this be what comes of the next program, which is not run then.

        Raises:
            ArenaError: If it is not what `outside` has returned.
        """
        try:
            self._recalled = _RUN.validate_json(outside, strict=True)
        except ValidationError as error:
            raise ArenaError(f"no output of a program: {error.errors()[0]['msg']}") from None

    def _execute(self, code: str) -> Result:
        if self.stateful:
            if self._session is None:
                self._session = self._box.session()
            return self._session.run(code, self.timeout)
        return self._box.run(code, self.timeout)

    def _report(self, result: Result) -> str:
        output = result.output.strip()
        if result.timed_out and not output:
            return "interpreter timeout"
        parts = [part for part in (output, result.error.strip()) if part]
        text = _ADDRESS.sub("at 0x…", "\n".join(parts))
        return _shortened(text or "no output", self.max_output)

    @property
    def instruction(self) -> str:
        """The problem."""
        return self._problem.text

    @property
    def success(self) -> bool:
        """Whether the answer was right."""
        return self._right

    @property
    def terminated(self) -> bool:
        """Whether an answer was given, or a turn was void."""
        return self._answer is not None or self._void

    @property
    def void(self) -> bool:
        """Whether a turn had neither code nor an answer."""
        return self._void

    @property
    def category(self) -> str | None:
        """The family of the problem."""
        return self._problem.family or None

    @property
    def measures(self) -> dict[str, float]:
        """Shares: of episodes with an answer, of turns with code, of programs that failed.

        `isolated` is 0 where a program ran with nothing to keep it from the machine.
        """
        programs = max(self._programs, 1)
        return {
            "boxed": float(self._answer is not None),
            "code": self._programs / max(self._taken, 1),
            "execution_error": self._errors / programs,
            "timeouts": self._timeouts / programs,
            "isolated": float(not self._unguarded),
        }

    @property
    def conditions(self) -> dict[str, str]:
        """The grader's version, what runs the programs, and what is left out of a file."""
        interpreter = f"python {sys.version_info.major}.{sys.version_info.minor}"
        if self.isolation in ("monty", "http"):
            interpreter = self.isolation
        found = {"grader": grader_version(), "interpreter": interpreter}
        if self.files is not None and self.files.left_out:
            found["left_out"] = f"{self.files.left_out} training problems that a panel has, too"
        return found

    @property
    def incomparable(self) -> str:
        """Why results cannot be compared: a sample, tuning on test problems, no isolation."""
        if self.sample is not None:
            return f"sample={self.sample!r} scores a few problems of each set"
        if self.files is not None and self.files.shared:
            return f"{self.files.shared} test problems are also in validation"
        if self.isolation == "none":
            return "isolation: none; nothing keeps programs from this machine's files and network"
        return ""

    def anchor(self) -> str:
        """Return a digest of the problem and all that was executed and shown since."""
        content = "".join(self._history).encode(errors="replace")
        return hashlib.sha256(content).hexdigest()[:16]

    def is_valid(self, command: str) -> bool:
        """Return whether a command is a program or an answer."""
        return code_of(command) is not None or last_boxed(command) is not None

    def __getstate__(self) -> dict[str, Any]:
        if self._session is not None:
            raise ArenaError(
                "an episode with stateful=True cannot be copied: the variables of its programs "
                "live in a process of their own; copy it before the first program"
            )
        return self.__dict__

    def close(self) -> None:
        """Let go of the variables that a stateful episode kept; the sandbox is shared."""
        self._forget()
        super().close()

    def _forget(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None


def _shortened(text: str, limit: int) -> str:
    """Cut out the middle of a text that is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    kept = limit - 1
    return text[: kept - kept // 2] + "…" + (text[-(kept // 2) :] if kept > 1 else "")
