"""Letters for ties: methods that share one are not separated from each other."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from string import ascii_letters

import numpy as np
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.differences import difference, holm
from arlarena_bench.statistics.intervals import LEVEL
from arlarena_bench.statistics.samples import ROUNDING, check_level, same_length, sample

DEALS = 9_999  # of the values of each seed to the methods; p is known to 0.002 where it is 0.05


def rank_letters(
    samples: Mapping[str, Sequence[float]], paired: bool = False, level: float = LEVEL
) -> dict[str, str]:
    """Return the letters of each method, the highest mean first.

    All pairs are compared as one family: paired samples by `within_seeds_p`, others one by one
    (`difference`), their p adjusted by Holm. Two methods share a letter if they were not separated;
    every method not separated from the leader shares one of its letters, and `"a"` is always the
    leader's. Sharing a letter is no evidence of equality: for that see `equivalent`.

    Args:
        samples: Method → one value a seed; at least 2 each.
        paired: Whether value s of every method shares what varies, such as its start policy; all
            have as many values then.
        level: 1 - level is the chance of one or more false separations.

    Raises:
        ArenaError: As `difference`, and if more than 52 letters are needed.
    """
    check_level(level)
    order = sorted(samples, key=lambda name: (-float(np.mean(samples[name])), name))
    pairs = list(combinations(order, 2))
    if paired:
        ps = within_seeds_p(samples)
        separated = [pair for pair in pairs if ps[frozenset(pair)] <= 1 - level]
        return _letters(order, separated)
    tested = {(a, b): difference(samples[a], samples[b]).p for a, b in pairs}
    return letters_of_pairs(order, tested, level)


def within_seeds_p(samples: Mapping[str, Sequence[float]]) -> dict[frozenset[str], float]:
    """Return p of each pair of methods, adjusted for all of them.

    The difference of two methods' mean ranks within seeds, against the largest difference between
    any two when every seed's values are dealt to the methods at random (Nemenyi 1963, as Demšar
    2006 has it for Friedman's ranks; here by permutation instead of its limit for many seeds).
    Signs of single pairs, the other exact test, could separate nothing below twelve seeds: six
    allow p = 1/32 at the least, times the number of pairs.

    Args:
        samples: Method → one value a seed, as many for each, in the same order.

    Raises:
        ArenaError: Below 2 values, for NaN or infinity, and for methods of different lengths.
    """
    values = {name: sample(given, 2) for name, given in samples.items()}
    for other in values.values():
        same_length(next(iter(values.values())), other)
    if len(values) < 2:
        return {}
    ranks = stats.rankdata(np.array(list(values.values())), axis=0)
    found = stats.permutation_test(
        list(ranks),
        lambda *columns, axis: np.ptp(np.mean(np.stack(columns), axis=axis), axis=0),
        permutation_type="samples",
        n_resamples=DEALS,
        alternative="greater",
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    largest = np.sort(found.null_distribution)
    # Random deals do not contain the one that was seen; all of them together do.
    drawn = int(factorial(len(values)) ** ranks.shape[1] > DEALS)
    mean = dict(zip(values, ranks.mean(axis=1), strict=True))

    def adjusted(a: str, b: str) -> float:
        bound = abs(mean[a] - mean[b]) - ROUNDING * len(values)
        as_large = len(largest) - int(np.searchsorted(largest, bound))
        return (as_large + drawn) / (len(largest) + drawn)

    return {frozenset(pair): adjusted(*pair) for pair in combinations(values, 2)}


def letters_of_pairs(
    order: Sequence[str], ps: Mapping[tuple[str, str], float], level: float = LEVEL
) -> dict[str, str]:
    """Return the letters of each method, see `rank_letters`, from a test of each pair.

    Args:
        order: The methods, the leader first.
        ps: Two-sided p of each pair, in the order of `order`; not adjusted. A pair that was not
            tested is not separated.
        level: 1 - level is the chance of one or more false separations.

    Raises:
        ArenaError: For a level outside (0, 1), and if more than 52 letters are needed.
    """
    check_level(level)
    adjusted = zip(ps, holm(ps.values()), strict=True)
    return _letters(order, [pair for pair, p in adjusted if p <= 1 - level])


def best_of(letters: Mapping[str, str]) -> set[str]:
    """Return the leader and the methods not separated from it; empty with none to compare it with.

    Args:
        letters: What `rank_letters` or `letters_of_pairs` returned.
    """
    if len(letters) < 2:
        return set()
    leading = set(next(iter(letters.values())))
    return {name for name, own in letters.items() if leading & set(own)}


def _letters(order: Sequence[str], separated: Sequence[tuple[str, str]]) -> dict[str, str]:
    groups = _groups(order, separated)
    if len(groups) > len(ascii_letters):
        raise ArenaError(f"{len(groups)} groups of methods need more than 52 letters")
    letters = dict(zip(ascii_letters, groups, strict=False))
    return {
        name: "".join(letter for letter, group in letters.items() if name in group)
        for name in order
    }


def _groups(order: Sequence[str], separated: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the largest groups without a separated pair, in order of their members.

    Insert and absorb (Piepho 2004, "An algorithm for a letter-based representation of all-pairwise
    comparisons").
    """
    groups = [frozenset(order)]
    for pair in separated:
        split = [
            part
            for group in groups
            for part in ([group - {name} for name in pair] if group >= set(pair) else [group])
        ]
        distinct = sorted(set(split), key=lambda group: sorted(map(order.index, group)))
        groups = [group for group in distinct if not any(group < other for other in distinct)]
    places = sorted(sorted(map(order.index, group)) for group in groups)
    return [[order[place] for place in group] for group in places]
