import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.processes import end, failure_of, sigterm_interrupts, start
from arlarena_bench.installed import load_recipe

TIED = "from arlarena_bench.tied import die_with_parent; die_with_parent(); "


@pytest.fixture
def job(tmp_path: Path) -> Job:
    recipe = load_recipe("nano", "sokoban").for_run("grpo", 3)
    return Job(recipe, tmp_path / "grpo" / "seed-3", ())


def python(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)


def test_a_tied_process_ends_with_its_parent() -> None:
    process = python(TIED + "import time; time.sleep(60)")
    assert process.stdin is not None
    process.stdin.close()  # as the system does when the parent dies
    assert process.wait(30) == 1


def test_a_tied_process_may_end_before_its_parent() -> None:
    process = python(TIED)
    assert process.wait(30) == 0


def test_a_folder_that_cannot_be_written_is_one_line(job: Job) -> None:
    job.log.parent.parent.joinpath("grpo").write_text("a file where a folder should be")
    with pytest.raises(ArenaError, match="cannot start grpo seed 3"):
        start(job)


def test_success_is_no_failure(job: Job) -> None:
    assert failure_of(job, 0) is None


def test_the_reason_of_a_failure_is_the_last_line_of_its_log(job: Job) -> None:
    job.log.parent.mkdir(parents=True)
    job.log.write_bytes(b"$ python\nstep 1\xff\nerror: mine.py returned NaN\n\n")
    failure = failure_of(job, 2)
    assert failure is not None
    assert (failure.name, failure.reason) == ("grpo seed 3", "error: mine.py returned NaN")
    assert failure.log == job.log


@pytest.mark.skipif(sys.platform == "win32", reason="processes end by signals on POSIX only")
def test_a_killed_run_says_by_what(job: Job) -> None:
    failure = failure_of(job, -signal.SIGKILL)
    assert failure is not None
    assert failure.reason == "killed by SIGKILL"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM cannot be ignored there")
def test_a_process_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arlarena_bench.harness.processes.GRACE", 0.5)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    process = subprocess.Popen(
        [sys.executable, "-c", code + "print('on', flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    end([process])
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself SIGTERM there")
def test_sigterm_is_an_interruption_and_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), sigterm_interrupts():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) == before
