"""The sandbox is killed at any moment; whoever uses it gets an answer, and the next call works."""

import contextlib
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sandboxes import DESCENDANTS_WHEN_IDLE, descendants, needs, opened, server_process

from arlarena_bench.envs.tir_math.sandbox import Result, Sandbox, stream

CALLS = 150


@pytest.fixture(scope="module", params=["bwrap", "namespaces", "none"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with opened(request.param) as sandbox:
        yield sandbox


def everything(box: Sandbox) -> list[int]:
    return [server_process(box), *descendants(box)]


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it went with another
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("which", range(3))
def test_any_process_is_killed_between_calls(box: Sandbox, which: int) -> None:
    assert box.run("print(1)").output == "1\n"
    processes = everything(box)
    kill(processes[which % len(processes)])
    results = [box.run("print(2)") for _ in range(3)]
    for result in results[:2]:
        assert result.output == "2\n" or result.error.startswith(("Killed", "SandboxError"))
    assert results[2].output == "2\n"


def test_everything_is_killed_between_calls(box: Sandbox) -> None:
    box.run("1")
    for pid in everything(box):
        kill(pid)
    assert box.run("print(2)").output == "2\n"


def while_it_runs(box: Sandbox, then: Callable[[], None]) -> Result:
    timer = threading.Timer(0.2, then)
    timer.start()
    result = box.run("import time\nprint('up', flush=True)\ntime.sleep(0.5)\nprint('done')")
    timer.join()
    return result


def test_the_server_is_killed_during_a_call(box: Sandbox) -> None:
    box.run("1")
    result = while_it_runs(box, lambda: kill(server_process(box)))
    # Run once more: the code of the first time died with all it did.
    assert result == Result("up\ndone\n")
    assert box.run("print(2)").output == "2\n"


@pytest.mark.parametrize("stateful", [False, True])
def test_a_sandbox_that_is_stopped_is_replaced_in_time(
    box: Sandbox, stateful: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with box.session() as session:
        run = session.run if stateful else box.run
        run("1")
        for pid in everything(box):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        started = time.monotonic()
        with monkeypatch.context() as patch:
            patch.setattr(stream, "PATIENCE", 0.5)
            assert run("print(1)", timeout=0.5).timed_out
        assert time.monotonic() - started < 20
        assert run("print(2)").output == "2\n"


def test_everything_is_killed_during_a_call(box: Sandbox) -> None:
    box.run("1")
    result = while_it_runs(box, lambda: [kill(pid) for pid in everything(box)] and None)
    assert result.error.startswith("Killed") or result == Result("up\ndone\n")
    assert box.run("print(2)").output == "2\n"


def test_a_session_whose_server_is_killed_says_so_and_goes_on(box: Sandbox) -> None:
    with box.session() as session:
        session.run("x = 1")
        for pid in everything(box):
            kill(pid)
        lost = session.run("print(x)")
        assert lost.error.endswith("the variables of the session are gone")
        assert session.run("print(2)").output == "2\n"


def test_calls_leave_nothing_behind(box: Sandbox) -> None:
    def count() -> tuple[int, int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count(), resident(box)

    for _ in range(20):
        box.run("print(1)")
    fds, threads, memory = count()
    for number in range(CALLS):
        assert box.run(f"print({number})").output == f"{number}\n"
    time.sleep(0.1)
    after = count()
    assert after[0] <= fds + 2 * 4, "descriptors: only those of children forked ahead"
    assert after[1] == threads
    assert after[2] <= memory + (2 << 20)
    assert len(descendants(box)) <= DESCENDANTS_WHEN_IDLE[box.isolation]


def resident(box: Sandbox) -> int:
    """Return the bytes that the fork server itself occupies."""
    pages = 0
    for pid in [server_process(box), *descendants(box)]:
        statm = Path(f"/proc/{pid}/statm").read_text().split()
        pages = max(pages, int(statm[1]))
    return pages * resource.getpagesize()
