import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile_code import CORPUS, Hostile

from arlarena_bench.envs.tir_math.sandbox import Limits, Result, Sandbox
from arlarena_bench.envs.tir_math.sandbox.monty_backend import INSTALL
from arlarena_bench.errors import ArenaError

pytest.importorskip("pydantic_monty", reason=f"Monty is not installed; {INSTALL}")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox("monty", limits=Limits(memory=1 << 28)) as sandbox:
        assert sandbox.isolation == "monty"
        yield sandbox


def test_prints_fails_and_times_out_like_the_others(box: Sandbox) -> None:
    assert box.run("print(2**10)\n1 + 1") == Result("1024\n")
    failed = box.run("print('before')\n1 / 0")
    assert (failed.output, failed.error) == ("before\n", "ZeroDivisionError: division by zero")
    late = box.run("print('so far')\nwhile True: pass", timeout=0.3)
    assert (late.output, late.error) == ("so far\n", "TimeoutError: stopped after 0.3 s")
    assert late.timed_out
    assert box.run("import sympy").error == "ModuleNotFoundError: No module named 'sympy'"


def test_the_same_code_prints_the_same(box: Sandbox) -> None:
    code = "import random\nprint(random.random())"
    assert box.run(code) == box.run(code)
    assert not box.run(code).failed


def test_a_session_keeps_variables_and_no_worker(box: Sandbox) -> None:
    sessions = [box.session() for _ in range(12)]
    for number, session in enumerate(sessions):
        session.run(f"x = {number}")
    assert [s.run("x += 1\nprint(x)").output for s in sessions] == [f"{n}\n" for n in range(1, 13)]
    assert sessions[0].run("y = 1\n1 / 0").failed
    assert sessions[0].run("print(x)").output == "1\n"
    assert sessions[0].run("while True: pass", timeout=0.2).timed_out
    assert sessions[0].run("print(x)").error == "NameError: name 'x' is not defined"


def test_64_threads_share_the_workers(box: Sandbox) -> None:
    with ThreadPoolExecutor(64) as pool:
        outputs = list(pool.map(lambda n: box.run(f"print({n})").output, range(640)))
    assert outputs == [f"{n}\n" for n in range(640)]


@pytest.mark.parametrize("hostile", CORPUS, ids=[hostile.name for hostile in CORPUS])
def test_nothing_escapes(box: Sandbox, hostile: Hostile) -> None:
    started = time.monotonic()
    code = hostile.code.replace("@FILE@", __file__).replace("@PID@", str(os.getpid()))
    result = box.run(code.replace("@PORT@", "1"), timeout=min(hostile.seconds, 0.3))
    assert time.monotonic() - started < 20
    assert "ESCAPED" not in result.output
    assert "importorskip" not in result.output
    assert "\n" not in result.error
    assert box.run("print(6 * 7)").output == "42\n"


def test_a_forked_process_is_told_to_be_spawned(box: Sandbox) -> None:
    box.run("1")
    child = os.fork()
    if child == 0:
        try:
            box.run("1")
        except ArenaError as error:
            os._exit(0 if "spawn" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert box.run("print(1)").output == "1\n"


def test_a_killed_worker_is_replaced(box: Sandbox) -> None:
    with box._started.pool.checkout() as session:  # type: ignore[union-attr]
        pid = session.worker_pid
    os.kill(pid, signal.SIGKILL)
    results = [box.run("print(1)") for _ in range(4)]
    assert results[-1].output == "1\n"
