import contextlib
import importlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sandboxes import DESCENDANTS_WHEN_IDLE, descendants, needs, opened, use_shared_sandbox

from arlarena_bench.envs.tir_math.sandbox import Limits, Result, Sandbox, active, shared
from arlarena_bench.errors import ArenaError

# The package's `shared` is the function.
sandbox_of_all = importlib.import_module("arlarena_bench.envs.tir_math.sandbox.shared")


@pytest.fixture(scope="module", params=["bwrap", "namespaces", "none"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with opened(request.param) as sandbox:
        yield sandbox


def test_prints_and_fails_as_a_script_does(box: Sandbox) -> None:
    assert box.run("print(2**10)\n1 + 1") == Result("1024\n")
    assert box.run("assert __name__ == '__main__'\nimport sys\nprint(sys.argv)").output == "['']\n"
    failed = box.run("def f(x):\n    return 1 / x\nprint('before')\nf(0)")
    assert failed.output == "before\n"
    assert failed.error == "ZeroDivisionError: division by zero"
    assert failed.failed
    assert "return 1 / x" in failed.stderr, "the lines of the code belong in its traceback"
    assert "inside" not in failed.stderr, "the frames of the runner do not"


def test_the_libraries_of_mathematics_are_there(box: Sandbox) -> None:
    result = box.run("from sympy import *\nx = symbols('x')\nprint(solve(x**2 - 5*x + 6, x))")
    assert result == Result("[2, 3]\n")
    assert box.run("import numpy as np\nprint(np.arange(4).sum())").output == "6\n"
    assert box.run("import threading\nprint(threading.active_count())").output == "1\n"


def test_a_script_can_leave_and_knows_the_null_device(box: Sandbox) -> None:
    assert box.run("print(1)\nexit()\nprint(2)") == Result("1\n")
    assert box.run("quit(3)").error == "SystemExit: 3"
    code = "import os\nprint(open(os.devnull, 'w').write('x'), open('/dev/zero', 'rb').read(1))"
    assert box.run(code) == Result("1 b'\\x00'\n")


def test_what_a_timeout_cuts_off_is_kept(box: Sandbox) -> None:
    result = box.run("print('so far')\nwhile True: pass", timeout=0.5)
    assert result == Result("so far\n", "TimeoutError: stopped after 0.5 s", "", timed_out=True)


def test_the_same_code_prints_the_same(box: Sandbox) -> None:
    code = "import random\nprint(random.random(), {'b', 'a', 'c'}, hash('x'))"
    first = box.run(code)
    assert not first.failed
    assert box.run(code) == first


def test_warnings_are_no_error(box: Sandbox) -> None:
    result = box.run("import warnings\nwarnings.warn('careful')\nprint(1)")
    assert (result.output, result.error) == ("1\n", "")
    assert "careful" in result.stderr


def test_threads_and_exit_functions_are_waited_for(box: Sandbox) -> None:
    code = (
        "import atexit, threading, time\natexit.register(print, 'third')\n"
        "def f():\n    time.sleep(0.1)\n    print('second')\n"
        "threading.Thread(target=f).start()\nprint('first')"
    )
    assert box.run(code).output == "first\nsecond\nthird\n"


def test_a_session_keeps_variables_and_ends_with_its_process(box: Sandbox) -> None:
    with box.session() as session:
        assert session.run("x = 1\nopen('f', 'w').write('kept')\nprint(x)").output == "1\n"
        assert session.run("1 / 0").error == "ZeroDivisionError: division by zero"
        assert session.run("x += 1\nprint(x, open('f').read())").output == "2 kept\n"
        assert box.run("print(x)").error == "NameError: name 'x' is not defined"
        late = session.run("while True: pass", timeout=0.5)
        assert late.timed_out
        assert late.error.endswith("the variables of the session are gone")
        assert session.run("print(x)").error == "NameError: name 'x' is not defined"
        assert "SIGSEGV" in session.run("import ctypes\nctypes.string_at(0)").error
        assert session.run("print('again')") == Result("again\n")
    with pytest.raises(ArenaError, match="closed"):
        session.run("1")


def test_sessions_do_not_see_each_other(box: Sandbox) -> None:
    with box.session() as one, box.session() as other:
        one.run("x = 1\nopen('/tmp/f' if __import__('os').getpid() == 1 else 'f', 'w')")
        assert other.run("print('x' in globals(), __import__('os').listdir('.'))").output == (
            "False []\n"
        )


def test_what_a_session_prints_between_its_calls_is_not_an_answer(box: Sandbox) -> None:
    with box.session() as session:
        session.run(
            "import threading, time, os\ndef late():\n    time.sleep(0.2)\n    print('late')\n"
            "    os.write(3, b'0' * 9)\nthreading.Thread(target=late, daemon=True).start()"
        )
        session.run("time.sleep(0)", timeout=5)
        threading.Event().wait(0.5)
        assert session.run("time.sleep(0.1)\nprint('now')") == Result("now\n")


def test_a_session_cannot_forge_its_answer(box: Sandbox) -> None:
    with box.session() as session:
        forged = session.run("import os\nx = 1\nos.write(3, b'0' * 100_000)\n1 / 0")
        assert forged.error.startswith("SandboxError: the code wrote to the channel; the variables")
        assert session.run("print(x)").error == "NameError: name 'x' is not defined"


def test_a_session_gains_nothing_from_saying_too_early_that_it_is_done(box: Sandbox) -> None:
    with box.session() as session:
        early = session.run(
            "import os, sys, time\nframe = sys._getframe()\n"
            "while 'request' not in frame.f_locals: frame = frame.f_back\n"
            "os.write(3, frame.f_locals['request']['token'].encode() + b'0')\n"
            "time.sleep(0.5)\n1 / 0"
        )
        assert early == Result("")
        late = session.run("print('next')")
        assert late.error.startswith("SandboxError: the code wrote to the channel; the variables")
        assert session.run("print('third')") == Result("third\n")


def test_many_sessions_leave_room_for_threads(box: Sandbox) -> None:
    code = "import threading\nt = threading.Thread(target=print, args=(7,))\nt.start(); t.join()"
    with contextlib.ExitStack() as stack:
        sessions = [stack.enter_context(box.session()) for _ in range(40)]
        assert not any(session.run("1").failed for session in sessions)
        assert sessions[0].run(code).output == box.run(code).output == "7\n"


def test_a_forked_process_does_not_keep_a_session_alive(box: Sandbox) -> None:
    for _ in range(3):
        box.run("1")  # all that wait for code have been forked then
    session = box.session()
    session.run("1")
    child = os.fork()
    if child == 0:
        signal.pause()
    try:
        session.close()
        for _ in range(1000):
            if len(descendants(box)) <= DESCENDANTS_WHEN_IDLE[box.isolation]:
                break
            time.sleep(0.02)
        else:
            pytest.fail("the session outlived its end")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_64_threads_share_one_server(box: Sandbox) -> None:
    def work(number: int) -> str:
        return "".join(box.run(f"print({number} * 1000 + {k})").output for k in range(3))

    with ThreadPoolExecutor(64) as pool:
        results = list(pool.map(work, range(64)))
    assert results == ["".join(f"{n * 1000 + k}\n" for k in range(3)) for n in range(64)]


def test_limits_are_kept() -> None:
    with Sandbox(active(), limits=Limits(output=1000, memory=1 << 29, disk=1 << 20)) as box:
        assert box.run("print('x' * 1001)").error == "OutputLimit: more than 1000 bytes printed"
        assert box.run("print('x' * 99)").output == "x" * 99 + "\n"
        assert box.run("x = bytes(1 << 29)").error == "MemoryError"
        if box.isolation != "none":
            full = box.run("open('f', 'wb').write(bytes(1 << 21))")
            assert full.error == "OSError: [Errno 28] No space left on device"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"backend": "bwarp"}, "did you mean 'bwrap'"),
        ({"backend": "http"}, "a url goes with"),
        ({"backend": "auto", "url": "http://x"}, "a url goes with"),
        ({"workers": 0}, "at least one"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        Sandbox(**arguments)  # type: ignore[arg-type]


def test_a_wrong_timeout_and_a_closed_sandbox_are_refused(box: Sandbox) -> None:
    with pytest.raises(ArenaError, match="timeout"):
        box.run("1", timeout=0)
    for closed in (Sandbox(), sandbox_of_all.SharedSandbox("auto", None)):
        closed.run("1")
        closed.close()
        with pytest.raises(ArenaError, match="closed"):
            closed.run("1")


def test_the_shared_sandbox_runs_once_what_ends_by_itself() -> None:
    chance = "import os\nprint(os.urandom(8).hex())"
    first = shared().run(chance)
    assert not first.error
    assert shared().run(chance) == first
    assert shared().run(chance, timeout=9.0) != first, "with other limits it may end otherwise"
    wrong = chance + "\nprint(oops)"
    assert shared().run(wrong).error == "NameError: name 'oops' is not defined"
    assert shared().run(wrong) == shared().run(wrong)
    for moment in ("raise MemoryError", "raise SystemExit(3)", "raise OSError(11, 'none left')"):
        failing = f"{chance}\n{moment}"
        assert shared().run(failing).output != shared().run(failing).output
    with shared().session() as variables, shared().session() as others:
        assert variables.run(chance) != others.run(chance)


def test_a_sandbox_of_one_s_own_runs_everything(box: Sandbox) -> None:
    chance = "import os\nprint(os.urandom(8).hex())"
    assert box.run(chance).output != box.run(chance).output


def test_what_the_shared_sandbox_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_of_all, "REMEMBERED", 2)
    chance = "import os\nprint(os.urandom(8).hex())"
    first = shared().run(chance)
    for number in range(3):
        shared().run(f"print({number})")
    assert shared().run(chance) != first
    long = f"{chance}\nprint('x' * {sandbox_of_all.LONGEST})"
    assert shared().run(long) != shared().run(long)


def test_everybody_gets_the_same_shared_sandbox() -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: shared(), range(64)))) == 1


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_child_process_gets_a_sandbox_of_its_own(how: str) -> None:
    context = multiprocessing.get_context(how)
    assert shared().run("print('before')").output == "before\n"
    results = context.Queue()
    child = context.Process(target=use_shared_sandbox, args=(results,))
    child.start()
    assert results.get(timeout=60) == ["child\n"] * 3
    child.join()
    assert shared().run("print('after')").output == "after\n"


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, json\nfrom arlarena_bench.envs.tir_math import Sandbox\n"
        "print(json.dumps([m for m in ('sympy', 'torch', 'math_verify') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == []


def test_nothing_survives_the_test_process(tmp_path: Path) -> None:
    script = (
        "import os, threading, time\nfrom arlarena_bench.envs.tir_math.sandbox import Sandbox\n"
        f"box = Sandbox({active()!r})\nbox.run('1')\n"
        "print(box._started._server.process.pid, flush=True)\n"
        "threading.Thread(target=box.run, args=('while True: pass',), daemon=True).start()\n"
        "time.sleep(0.2)\nos.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    server = int(done.stdout)
    for _ in range(500):
        if not Path(f"/proc/{server}").exists():
            return
        threading.Event().wait(0.02)
    os.kill(server, 9)
    pytest.fail("the fork server outlived its owner by ten seconds")
