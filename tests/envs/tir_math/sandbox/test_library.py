"""The standard library, sympy and numpy are there at every level."""

import sys
import zoneinfo
from collections.abc import Iterator
from importlib.util import find_spec
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from field_cases import cases
from sandboxes import needs, opened

from arlarena_bench.envs.tir_math.sandbox import Limits, Sandbox, disk

# What opens a browser or a window, and what Python's builder may have left out.
NOT_IMPORTED = {"antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo"}
OPTIONAL = {"lib2to3", "dbm", "curses", "readline", "nis", "ossaudiodev", "spwd", "crypt"}
POOL = """
from multiprocessing import Pool
def f(x): return x*x
with Pool(2) as p: print(p.map(f,[1,2,3]))
"""
EXECUTOR = """
from concurrent.futures import ProcessPoolExecutor
def f(x): return x * x
with ProcessPoolExecutor(2) as pool: print(list(pool.map(f, [1, 2, 3])))
"""
QUEUE = """
import multiprocessing
queue, lock = multiprocessing.Queue(), multiprocessing.Lock()
def f():
    with lock: queue.put([1, 4, 9])
process = multiprocessing.Process(target=f)
process.start()
print(queue.get())
process.join()
"""
FILES = """
import os, shutil, sqlite3, tempfile
with sqlite3.connect('a.db') as db: db.execute('create table t(x)'); db.execute('insert into t values (9)')
shutil.copy2('a.db', 'b.db')
with tempfile.TemporaryDirectory() as place: os.mkfifo(f'{place}/pipe')
print([1, 4, sqlite3.connect('b.db').execute('select x from t').fetchone()[0]])
"""  # noqa: E501
TASKS = """
import asyncio
async def f(x):
    await asyncio.sleep(0.01)
    return x * x
async def main(): return await asyncio.gather(*(f(x) for x in (1, 2, 3)))
print(asyncio.run(main()))
"""
FULL = "[Errno 28] No space left on device"


@pytest.fixture(scope="module", params=["bwrap", "namespaces", "none"])
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    needs(request.param)
    with opened(request.param) as sandbox:
        yield sandbox


def importable() -> list[str]:
    """Return the standard library's public modules that this interpreter has itself."""
    names = sorted(sys.stdlib_module_names - NOT_IMPORTED - OPTIONAL)
    return [name for name in names if not name.startswith("_") and find_spec(name)]


def test_every_module_of_the_standard_library_can_be_imported(box: Sandbox) -> None:
    names = importable()
    assert len(names) > 150
    code = (
        "import importlib, warnings\nwarnings.simplefilter('ignore')\n"
        f"for name in {names}:\n    try: importlib.import_module(name)\n"
        "    except BaseException as error: print(name, repr(error))"
    )
    assert box.run(code, timeout=120).output == ""


@pytest.mark.parametrize("case", cases("sandbox-standard-library"), ids=itemgetter("id"))
def test_what_failed_in_the_field(box: Sandbox, case: dict[str, Any]) -> None:
    programs = {
        "sandbox-standard-library-1": ("import csv, sqlite3, unittest, html, xml\nprint(csv)", ""),
        "sandbox-standard-library-2": (
            "import numpy as np; print(np.random.default_rng(0).random())",
            "0.6369616873214543\n",
        ),
        "sandbox-standard-library-3": (POOL, "[1, 4, 9]\n"),
    }
    code, output = programs[case["id"]]
    result = box.run(code, timeout=60)
    assert not result.failed, result
    assert output in result.output


@pytest.mark.parametrize("code", [POOL, EXECUTOR, QUEUE, FILES, TASKS])
def test_processes_files_and_tasks(box: Sandbox, code: str) -> None:
    assert box.run(code, timeout=60).output == "[1, 4, 9]\n"


def test_libraries_import_their_rarer_parts(box: Sandbox) -> None:
    code = (
        "import numpy as np, sympy.physics.units, sympy.stats, sympy.combinatorics, mpmath\n"
        "import numpy.polynomial, numpy.fft, numpy.linalg, encodings.idna\n"
        "print(np.linalg.det(np.eye(3)), 'ü'.encode('utf-16-le'), mpmath.zeta(2))"
    )
    assert box.run(code, timeout=60).output == "1.0 b'\\xfc\\x00' 1.64493406684823\n"


def test_time_zones_where_the_system_has_them(box: Sandbox) -> None:
    code = (
        "import zoneinfo, datetime\nzone = zoneinfo.ZoneInfo('Europe/Paris')\n"
        "print(datetime.datetime(2024, 7, 1, tzinfo=zone).utcoffset())"
    )
    try:
        zoneinfo.ZoneInfo("Europe/Paris")
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip("this system has no time zones (tzdata)")
    assert box.run(code).output == "2:00:00\n"


def test_shared_memory_is_part_of_the_call_s_disk_and_gone_after_it() -> None:
    for level in ("bwrap", "namespaces"):
        needs(level)
        with Sandbox(level, limits=Limits(disk=1 << 20)) as box:
            half = "open('{}/x', 'wb').write(bytes(3 << 18))"
            assert not box.run(half.format("/dev/shm")).failed
            both = f"{half.format('/dev/shm')}\n{half.format('/tmp')}"
            assert box.run(both).error == f"OSError: {FULL}"
            assert box.run("import os; print(os.listdir('/dev/shm'))").output == "[]\n"


def test_an_interpreter_that_only_root_may_enter_is_copied_and_removed() -> None:
    needs("none")
    if "lib" not in str(disk.closed_to_others()):
        pytest.skip("takes root, and an interpreter in a folder that is closed to others")
    with opened("none") as box:
        copied = Path(box.run("import csv; print(csv.__file__)").output.strip())
        assert copied.is_file()
        assert not copied.is_relative_to(sys.base_prefix)
    assert not copied.exists()
    assert not copied.parents[2].exists(), "nor the folder that held the copy"
