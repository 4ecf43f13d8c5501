"""Whether an answer is right."""

import atexit
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import LostError, Part

from . import answers
from .boxes import last_boxed

# ARLArena gives the same to its grader; here they are seconds of the processor.
SECONDS = 5.0
# On a machine so busy that a process does not get its share, or that sleeps.
PATIENCE = 60.0
# Longer than any answer: what is not the very text of the gold answer is wrong.
LONGEST = 2_000

ADVICE = "see whether the machine is out of memory or processes, and whether `grade` works alone"
_MISSING = "the grader of TIR Math does not start: `pip install math-verify`"
# math-verify, its reader of LaTeX and the run-time of that reader's grammar, its algebra.
_DECIDING = ("math-verify", "latex2sympy2_extended", "antlr4-python3-runtime", "sympy")
_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")


def grade(text: str, gold: str) -> bool:
    r"""Return whether the last `\boxed{…}` of a text holds the right answer.

    Our own comparison decides what it can read, exactly; math-verify, as the field uses it, all
    else: `1/2`, `0.5` and `\frac12` are one answer. What cannot be read, or takes more than 5
    seconds of the processor, is wrong.

    Args:
        text: Any text at all, such as a model's reply.
        gold: The right answer, in LaTeX, with or without a box of its own.

    Raises:
        ArenaError: If math-verify is not installed.
        OutageError: If the grading process answers nothing at all.
    """
    answer = last_boxed(text)
    if answer is None:
        return False
    boxed = last_boxed(gold)
    return _equal(gold.strip() if boxed is None else boxed, answer)


def grader_version() -> str:
    """Return the names and versions of all that decides, for results.

    Verdicts of math-verify depend on the versions of what it reads and calculates with.

    Raises:
        ArenaError: If one of them is not installed.
    """
    try:
        parts = [f"{name} {version(name)}" for name in _DECIDING]
    except PackageNotFoundError:
        raise ArenaError(_MISSING) from None
    return ", ".join([*parts, f"exact comparison {answers.VERSION}"])


def _equal(gold: str, answer: str) -> bool:
    if not gold or not answer:
        return False
    if " ".join(answer.split()) == " ".join(gold.split()):
        return True
    if _INTEGER.fullmatch(gold) and _INTEGER.fullmatch(answer):
        return int(gold) == int(answer)
    if max(len(gold), len(answer)) > LONGEST:
        return False
    return _verdict(gold, answer)


@lru_cache(maxsize=4096)
def _verdict(gold: str, answer: str) -> bool:
    ours = answers.compare(gold, answer)
    return by_math_verify(gold, answer) if ours is None else ours


def by_math_verify(gold: str, answer: str) -> bool:
    """Return math-verify's own verdict on two answers without their boxes.

    Raises:
        ArenaError: If math-verify is not installed.
    """
    return _grader.equal(gold, answer)


class _Grader:
    """One grading process, started when first needed and replaced when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self.forget()

    def forget(self) -> None:
        """Begin anew in a forked process, which must neither read nor end its parent's."""
        self._lock = threading.Lock()
        self._process = None

    def equal(self, gold: str, answer: str) -> bool:
        """Ask; an answer that ends the process again and again is wrong.

        Raises:
            OutageError: If the process answers nothing at all.
        """
        part = Part("the grader of TIR Math", ADVICE, self._check)
        with self._lock:
            return bool(part.ask(lambda: self._ask(gold, answer)))

    def _check(self) -> None:
        if not self._ask("1/2", r"\frac{2}{4}"):
            raise LostError("it finds that 1/2 is not 2/4")

    def _ask(self, gold: str, answer: str) -> bool:
        question = {"gold": gold, "answer": answer, "seconds": SECONDS}
        try:
            process = self._running()
            verdict = self._receive(process) if self._send(process, question) else None
        except (TimeoutError, OSError) as error:
            self._stop()
            raise LostError(str(error) or "no verdict in time") from error
        if verdict is not None:
            return verdict == b"true\n"
        status = self._stop()
        if status == -signal.SIGPROF:
            return False
        raise LostError(f"it ended with status {status}")

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        command = [sys.executable, "-I", str(Path(__file__).with_name("verdict.py"))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            # Unbuffered: a forked process must not write what was left in a buffer a second time.
            bufsize=0,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if self._receive(self._process) != b"ready\n":
            status = self._stop()
            grader_version()  # raises where math-verify is not installed
            raise LostError(f"it does not start: status {status}")
        return self._process

    def _send(self, process: subprocess.Popen[bytes], question: dict[str, Any]) -> bool:
        assert process.stdin is not None
        line = json.dumps(question).encode() + b"\n"
        try:
            while line:
                line = line[process.stdin.write(line) or 0 :]
        except OSError:
            return False
        return True

    def _receive(self, process: subprocess.Popen[bytes]) -> bytes | None:
        """Return the next line, None if the process ended.

        Raises:
            TimeoutError: If it was too slow.
        """
        assert process.stdout is not None
        deadline = time.monotonic() + PATIENCE
        # Unlike `select`, also for descriptors from 1024 on.
        answers = select.poll()
        answers.register(process.stdout, select.POLLIN)
        line = b""
        while not line.endswith(b"\n"):
            if not answers.poll(max(0.0, deadline - time.monotonic()) * 1000):
                raise TimeoutError
            part = os.read(process.stdout.fileno(), 64)
            if not part:
                return None
            line += part
        return line

    def _stop(self) -> int | None:
        """End the process; return how it had ended if it had."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return process.returncode


_grader = _Grader()
os.register_at_fork(after_in_child=_grader.forget)
atexit.register(_grader._stop)
