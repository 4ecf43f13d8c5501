"""Making the start policies of a preset again, and comparing them with those that ship."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arlarena_bench import installed
from arlarena_bench.training.cloning import OnStep
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.start_set import StartSet, add_start, find_set, half_precision


@dataclass(frozen=True, slots=True)
class MadeStart:
    """A start policy as cloned on this machine.

    Attributes:
        number: Its seed of cloning.
        sha256: Of its weights in half precision.
        shipped: The same of the one that ships; None where none does.
    """

    number: int
    sha256: str
    shipped: str | None

    def __str__(self) -> str:
        if self.shipped is None:
            return f"start {self.number}: {self.sha256[:12]}, none ships"
        same = self.shipped == self.sha256
        told = "the same to the bit as the one that ships" if same else "another one ships"
        return f"start {self.number}: {self.sha256[:12]}, {told}"


def make_starts(
    preset: str, environment: str, count: int, out: Path | None, on_step: OnStep | None = None
) -> Iterator[MadeStart]:
    """Clone the starts of a preset, one for each seed, and compare them with those that ship.

    Args:
        preset: Its name, or a recipe file.
        environment: Short name.
        count: How many, from seed 0 on.
        out: Folder of a set to write, None to compare only.
        on_step: Receives the progress of cloning.

    Raises:
        ArenaError: If the preset has no such environment, or something cannot be written.
    """
    recipe = installed.load_recipe(preset, environment)
    shipped: StartSet | None = find_set(recipe.start.frozen) if recipe.start.frozen else None
    for number in range(count):
        values = {"start.frozen": None, "cloning.seed": number}
        start = start_policy(recipe.with_values(values), on_step)
        if out is not None:
            add_start(out, number, start)
        digest = hashlib.sha256(half_precision(start)).hexdigest()
        yield MadeStart(number, digest, shipped.weights_digest(number) if shipped else None)
