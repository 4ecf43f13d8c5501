"""An iteration of a former release, its code taken from the repository's history.

The code is written into a temporary folder (`git archive`) and runs in a process of its own, which
imports it from there (`release_worker.py`); what else it imports is what is installed.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from arlarena_bench.recipe import Recipe
from benchmarks.contest import Measured, Step

COMMIT = "21a3887"
PACKAGE = "arlarena_bench"
PARTS = ("baselines", "envs")  # which `pyproject.toml` installs as parts of the package
WORKER = Path(__file__).with_name("release_worker.py")


class AbsentError(Exception):
    """The release's code cannot be had; the message says why, in a line."""


def unpack(folder: Path) -> None:
    """Write the release's package into `folder`, to be imported from there.

    Raises:
        AbsentError: If this is no clone of the repository, or one without its history.
    """
    command = ["git", "archive", COMMIT, PACKAGE, *PARTS]
    try:
        done = subprocess.run(command, cwd=WORKER.parents[1], capture_output=True, check=True)
    except FileNotFoundError:
        raise AbsentError("git is not installed") from None
    except subprocess.CalledProcessError as error:
        raise AbsentError(error.stderr.decode().strip().splitlines()[0]) from None
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    for part in PARTS:
        (folder / part).rename(folder / PACKAGE / part)


@contextmanager
def former_step(recipe: Recipe, start: Path) -> Iterator[Step]:
    """Give the release's iteration under a recipe of today, as far as it knows the settings.

    Args:
        recipe: Of the environment the release has its own recipe; method and `train` are of today.
        start: Folder of the start policy.

    Raises:
        AbsentError: If its code cannot be had.
    """
    told = {
        "preset": recipe.name,
        "environment": recipe.environment.name,
        "start": str(start),
        "seed": recipe.seed,
        "method": recipe.method.name,
        "train": recipe.train.model_dump(mode="json"),
    }
    with tempfile.TemporaryDirectory() as folder:
        unpack(Path(folder))
        worker = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), json.dumps(told)],
            env={**os.environ, "PYTHONPATH": folder, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

        def step(number: int) -> Measured:
            assert worker.stdin is not None
            assert worker.stdout is not None
            print(number, file=worker.stdin, flush=True)
            return Measured(**json.loads(worker.stdout.readline()))

        try:
            yield step
        finally:
            worker.communicate()  # it ends where its input does
