"""The sandbox: one call of each backend beside a fresh isolated interpreter, measured in one run.

Run with `python -m benchmarks.sandbox`; `--leaks 10000` makes that many calls and counts what is
left of them.
"""

import argparse
import os
import statistics
import subprocess
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import track
from tabulate import tabulate

from arlarena_bench.envs.tir_math.sandbox import Sandbox, disk, isolation_report, levels
from arlarena_bench.errors import ArenaError

CALLS = 300
FRESH = 15
SHARING = 64
PLAIN = "print(6 * 7)"
SYMPY = "import sympy\nx = sympy.Symbol('x')\nprint(sympy.expand((x + 1)**3))"
MONTY = "x = [k * k for k in range(100)]\nprint(sum(x))"


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """Time some work; return all times, sorted."""
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return sorted(times)


def fresh(code: str) -> None:
    """Run code in an interpreter that starts for it alone, in bubblewrap, and imports sympy."""
    start = f"import sys; sys.path.append('{disk.FOLDER}/packages'); import sympy\n{code}"
    command = [*levels.bwrap_command(), disk.interpreter(), *levels.FLAGS, "-c", start]
    subprocess.run(command, env={}, check=True, stdout=subprocess.DEVNULL)


def row(name: str, times: list[float], reference: float | None) -> list[str]:
    """Return a line of the table."""
    median = statistics.median(times)
    p95 = times[int(0.95 * len(times))]
    ratio = f"{reference / median:,.0f}" if reference else ""
    return [name, f"{median:.2f}", f"{p95:.2f}", f"{1000 / median:,.0f}", ratio]


def check(box: Sandbox, code: str) -> Callable[[], None]:
    """Return the call to measure, which must not fail."""

    def call() -> None:
        result = box.run(code)
        if result.failed:
            raise ArenaError(f"the benchmark's own code fails: {result.error}")

    return call


def shared_by_many(box: Sandbox) -> float:
    """Return calls a second when 64 environments call at once."""
    call = check(box, PLAIN)
    with ThreadPoolExecutor(SHARING) as pool:
        started = time.perf_counter()
        for done in [pool.submit(call) for _ in range(20 * SHARING)]:
            done.result()
    return 20 * SHARING / (time.perf_counter() - started)


def processes() -> dict[int, int]:
    """Return the parent of every process of this machine."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
    return found


def used() -> dict[str, int]:
    """Count what this process and everything under it occupies."""
    parents = processes()
    family = [os.getpid()]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    pages = 0
    for pid in family:
        try:
            pages = max(pages, int(Path(f"/proc/{pid}/statm").read_text().split()[1]))
        except OSError:
            continue
    return {
        "processes": len(family),
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "KiB of the largest process": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
    }


def leaks(box: Sandbox, calls: int) -> None:
    """Make many calls and print what is left of them."""
    call = check(box, PLAIN)
    for _ in range(100):
        call()
    before = used()
    for _ in track(range(calls), description=box.isolation):
        call()
    time.sleep(0.5)
    after = used()
    rows = [[name, before[name], after[name]] for name in before]
    print(tabulate(rows, [f"{calls} calls, {box.isolation}", "before", "after"], tablefmt="github"))


def compare(backends: list[str]) -> None:
    """Measure every backend and print the table."""
    reference = None
    rows = []
    try:
        times = milliseconds(lambda: fresh(PLAIN), FRESH)
        reference = statistics.median(times)
        rows.append(row("fresh interpreter in bwrap, imports sympy", times, None))
    except ArenaError as error:
        print(f"no fresh isolated interpreter to compare with: {error}")
    rates = []
    for name in track(backends, description="backends"):
        with Sandbox(name) as box:
            for what, code in (("prints", PLAIN), ("uses sympy", SYMPY)):
                if name == "monty" and code == SYMPY:
                    what, code = "loops", MONTY
                call = check(box, code)
                milliseconds(call, 20)
                rows.append(row(f"{name}: {what}", milliseconds(call, CALLS), reference))
            rates.append([name, f"{shared_by_many(box):,.0f}"])
    headers = ["", "median, ms", "p95, ms", "calls/s", "times faster than fresh"]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True, stralign="right"))
    print()
    headers = [f"{SHARING} environments share it", "calls/s"]
    print(tabulate(rates, headers, tablefmt="github", disable_numparse=True, stralign="right"))
    print(
        f"\n{CALLS} calls a row one after the other, wall-clock time; {os.cpu_count()} processors"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.sandbox", description=__doc__)
    parser.add_argument("--leaks", type=int, metavar="CALLS", help="count what calls leave behind")
    parser.add_argument("--backend", help="only this one")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # `none` isolates nothing, and is measured all the same
    backends = [level.name for level in isolation_report() if level.works]
    try:
        with Sandbox("monty") as box:
            backends.append(box.isolation)
    except ArenaError as error:
        print(f"monty is not measured: {error}")
    if arguments.backend:
        backends = [arguments.backend]
    if arguments.leaks:
        with Sandbox(backends[0]) as box:
            leaks(box, arguments.leaks)
    else:
        compare(backends)


if __name__ == "__main__":
    main()
