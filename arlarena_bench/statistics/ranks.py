"""Letters for ties: methods that share one are not separated from each other."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from string import ascii_letters

import numpy as np

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.differences import difference, holm
from arlarena_bench.statistics.intervals import LEVEL
from arlarena_bench.statistics.samples import check_level


def rank_letters(
    samples: Mapping[str, Sequence[float]], paired: bool = False, level: float = LEVEL
) -> dict[str, str]:
    """Return the letters of each method, the highest mean first.

    All pairs are compared (`difference`), their p adjusted by Holm as one family. Two methods share
    a letter if they were not separated; every method not separated from the leader shares one of
    its letters, and `"a"` is always the leader's. Sharing a letter is no evidence of equality: for
    that see `equivalent`.

    Args:
        samples: Method → one value a seed; at least 2 each.
        paired: As in `difference`.
        level: 1 - level is the chance of one or more false separations.

    Raises:
        ArenaError: As `difference`, and if more than 52 letters are needed.
    """
    order = sorted(samples, key=lambda name: (-float(np.mean(samples[name])), name))
    ps = {(a, b): difference(samples[a], samples[b], paired).p for a, b in combinations(order, 2)}
    return letters_of_pairs(order, ps, level)


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
    groups = _groups(order, [pair for pair, p in adjusted if p <= 1 - level])
    if len(groups) > len(ascii_letters):
        raise ArenaError(f"{len(groups)} groups of methods need more than 52 letters")
    letters = dict(zip(ascii_letters, groups, strict=False))
    return {
        name: "".join(letter for letter, group in letters.items() if name in group)
        for name in order
    }


def best_of(letters: Mapping[str, str]) -> set[str]:
    """Return the leader and the methods not separated from it; empty with none to compare it with.

    Args:
        letters: What `rank_letters` or `letters_of_pairs` returned.
    """
    if len(letters) < 2:
        return set()
    leading = set(next(iter(letters.values())))
    return {name for name, own in letters.items() if leading & set(own)}


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
