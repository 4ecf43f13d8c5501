"""What separates methods over several environments: the tests of a suite."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean

from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.contrast import (
    LEAST_FOR_INTERVAL,
    LEAST_FOR_RANK,
    Seeds,
    share_starts,
    success,
)
from arlarena_bench.statistics import (
    Difference,
    average_interval,
    letters_of_pairs,
    standardised_difference,
)


class AcrossEnvironments:
    """Compares methods over the environments that they have in common.

    Args:
        seeds: Environment → method → its runs.
    """

    def __init__(self, seeds: Mapping[str, Mapping[str, Seeds]]) -> None:
        self._seeds = seeds
        # A method with too few seeds says nothing about their spread, either.
        self._scores = {
            name: {
                method: success(runs)
                for method, runs in methods.items()
                if len(runs) >= LEAST_FOR_INTERVAL
            }
            for name, methods in seeds.items()
        }

    def against_baseline(self, methods: Iterable[str]) -> dict[str, Difference]:
        """Return the standardised difference of each method that can be tested.

        Raises:
            ArenaError: Where the seeds of an environment have no spread at all.
        """
        found = {
            method: self._tested(method, BASELINE, LEAST_FOR_INTERVAL)
            for method in methods
            if method != BASELINE
        }
        return {method: difference for method, difference in found.items() if difference}

    def ranks(self, methods: Iterable[str]) -> dict[str, str]:
        """Return rank letters of the methods with seeds enough; pairs by the same test.

        The order is that of the mean standardised differences from the baseline, or of averages
        without one.

        Raises:
            ArenaError: Where the seeds of an environment have no spread at all.
        """
        enough = [m for m in methods if self._enough(self._with(m), m, LEAST_FOR_RANK)]
        places = {method: self._place(method, enough) for method in enough}
        order = sorted(enough, key=lambda method: (-places[method], method))
        pairs = {
            (a, b): found.p
            for a, b in combinations(order, 2)
            if (found := self._tested(a, b, LEAST_FOR_RANK))
        }
        return letters_of_pairs(order, pairs)

    def _place(self, method: str, ranked: Sequence[str]) -> float:
        if BASELINE in ranked:
            found = self._tested(method, BASELINE, LEAST_FOR_RANK)
            return found.estimate if found else 0.0
        return fmean(fmean(self._scores[name][method]) for name in self._with(method))

    def _tested(self, method: str, other: str, least: int) -> Difference | None:
        """Compare two methods over the environments that both have, all with seeds enough."""
        names = [name for name in self._with(method) if other in self._seeds[name]]
        if not (self._enough(names, method, least) and self._enough(names, other, least)):
            return None
        paired = all(
            share_starts(self._seeds[name][method], self._seeds[name][other]) for name in names
        )
        scores = {name: self._scores[name] for name in names}
        return standardised_difference(scores, method, other, paired)

    def _with(self, method: str) -> list[str]:
        return [name for name, methods in self._seeds.items() if method in methods]

    def _enough(self, names: Sequence[str], method: str, least: int) -> bool:
        return bool(names) and all(len(self._seeds[name][method]) >= least for name in names)


def average_bounds(environments: Iterable[Seeds]) -> tuple[float, float] | None:
    """Return the t interval of a method's average over environments, None if one has few seeds."""
    found = [success(seeds) for seeds in environments]
    if min(map(len, found), default=0) < LEAST_FOR_INTERVAL:
        return None
    return average_interval(found)
