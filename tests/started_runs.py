"""Runs of a bench one by one: made, waited for, and looked up as processes."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from runs import TINY

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import locked
from arlarena_bench.harness.plan import Job, Request, plan
from arlarena_bench.harness.processes import RunProcess
from arlarena_bench.training.start import start_policy

LONG = (*TINY, "train.iterations=500")


def jobs(out: Path, settings: tuple[str, ...], seeds: int = 1) -> tuple[Job, ...]:
    planned = plan(Request("nano", "sokoban", ("grpo",), seeds, out, settings))
    start_policy(planned.jobs[0].recipe)
    planned.jobs[0].log.parent.mkdir(parents=True)
    return planned.jobs


def until(true: Callable[[], bool]) -> None:
    """Wait for something that takes as long as the machine is busy."""
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(run: RunProcess) -> int:
    until(lambda: run.poll() is not None)
    code = run.poll()
    assert code is not None
    return code


def logged(job: Job) -> int:
    log = job.folder / "metrics.jsonl"
    return len(log.read_text().splitlines()) if log.exists() else 0


def steps(job: Job) -> list[int]:
    """The steps that a run's log has, in its order."""
    lines = (job.folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["step"] for line in lines]


def free(job: Job) -> bool:
    """Whether no process writes into a run's folder."""
    try:
        with locked(job.folder):
            return True
    except ArenaError:
        return False


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"
