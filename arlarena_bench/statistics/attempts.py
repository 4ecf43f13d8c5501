"""Several attempts at one task: pass@k and pass^k."""

from math import comb

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics.samples import check_counts


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that at least one of `k` attempts at a task succeeds.

    The unbiased estimator 1 - C(n - c, k) / C(n, k) (Chen et al. 2021, "Evaluating Large Language
    Models Trained on Code", Eq. 1). Average it over tasks; attempts at one task are one case.

    Args:
        n: Attempts made.
        c: How many succeeded.
        k: Attempts allowed, 1 to n.

    Raises:
        ArenaError: Unless 0 <= c <= n and 1 <= k <= n.
    """
    _check(n, c, k)
    return 1 - comb(n - c, k) / comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return the chance that all of `k` attempts at a task succeed: C(c, k) / C(n, k).

    The measure of reliability of Yao et al. 2024, "τ-bench", written pass^k.

    Args:
        n: Attempts made.
        c: How many succeeded.
        k: Attempts in a row, 1 to n.

    Raises:
        ArenaError: Unless 0 <= c <= n and 1 <= k <= n.
    """
    _check(n, c, k)
    return comb(c, k) / comb(n, k)


def _check(n: int, c: int, k: int) -> None:
    check_counts(n=n, c=c)
    check_counts(n=n, k=k)
    if k < 1:
        raise ArenaError(f"k must be at least 1, got {k}")
