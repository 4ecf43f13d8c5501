"""Running a program twice where everything that must not matter differs."""

import os
import subprocess
import sys
from pathlib import Path


def printed_everywhere(program: str, folder: Path) -> bytes:
    """Return what a program prints, the same under two hash seeds and in two folders."""
    first, second = _printed(program, "0", folder), _printed(program, "4711", Path("/"))
    assert first == second
    return first


def _printed(program: str, hash_seed: str, folder: Path) -> bytes:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "1"}
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return run.stdout
