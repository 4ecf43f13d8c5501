"""Where a result came from: code, packages and machine."""

import functools
import platform
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from pydantic import Field

import arlarena_bench
from arlarena_bench.record.part import RecordPart


class Provenance(RecordPart):
    """What produced a result. The recipe and the hashes of a method's files stand in the result.

    Attributes:
        version: Of this package.
        commit: Of its source checkout, marked when it has changes; None for an installed package.
        python: Version of Python, None where it was not recorded.
        packages: Versions of the packages that this one needs, and of vLLM where it has sampled.
        platform: Operating system and libraries, None where they were not recorded.
        processor: Its name, None where it is not known.
        accelerator: Name of the GPU that torch computed on, None where it used none.
        command: What was run, None for a call from Python.
    """

    version: str
    commit: str | None = None
    python: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    platform: str | None = None
    processor: str | None = None
    accelerator: str | None = None
    command: str | None = None


def provenance(command: str | None = None) -> Provenance:
    """Return what runs here and now."""
    return Provenance(
        version=arlarena_bench.__version__,
        commit=source_commit(),
        python=platform.python_version(),
        packages={**package_versions(), **_sampled_by()},
        platform=platform.platform(),
        processor=_processor(),
        accelerator=_accelerator(),
        command=command,
    )


@functools.cache
def package_versions() -> dict[str, str]:
    """Return the version of each package that this one needs in every installation."""
    needed = [Requirement(line) for line in requires("arlarena-bench") or []]
    return {need.name: version(need.name) for need in needed if need.marker is None}


def _sampled_by() -> dict[str, str]:
    vllm = sys.modules.get("vllm")
    return {} if vllm is None else {"vllm": str(vllm.__version__)}


def source_commit() -> str | None:
    """Return the commit of the source checkout, marked when it has changes; else None."""
    root = Path(arlarena_bench.__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip() or None


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, None) or platform.machine()


def _accelerator() -> str | None:
    # Only a process that has used a GPU has torch, and has set CUDA up.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    return str(torch.cuda.get_device_name())
