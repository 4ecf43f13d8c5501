import numpy as np
import pytest
from scipy import stats

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import (
    best_of,
    difference,
    holm,
    letters_of_pairs,
    rank_letters,
    within_seeds_p,
)
from arlarena_bench.statistics.ranks import _groups

RNG = np.random.default_rng(0)
SAMPLES = {
    name: RNG.normal(mean, 0.02, 10).tolist()
    for name, mean in [("low", 0.2), ("high", 0.7), ("higher", 0.701), ("middle", 0.5)]
}


def test_ties_share_a_letter() -> None:
    letters = rank_letters(SAMPLES)
    assert list(letters) == sorted(SAMPLES, key=lambda name: -np.mean(SAMPLES[name]))
    assert letters == {"higher": "a", "high": "a", "middle": "b", "low": "c"}


def test_letters_are_shared_exactly_by_what_is_not_separated() -> None:
    rng = np.random.default_rng(1)
    samples = {f"m{n}": rng.normal(n / 12, 0.15, 8).tolist() for n in range(9)}
    letters = rank_letters(samples)
    pairs = [(a, b) for a in samples for b in samples if a < b]
    ps = holm(difference(samples[a], samples[b]).p for a, b in pairs)
    separated = [p <= 0.05 for p in ps]
    assert any(separated)
    assert not all(separated)
    for (a, b), apart in zip(pairs, separated, strict=True):
        assert bool(set(letters[a]) & set(letters[b])) is not apart
    assert "a" in next(iter(letters.values()))


def test_groups_may_overlap() -> None:
    # Piepho's display of three means of which only the ends are separated: a, ab, b.
    assert _groups(["x", "y", "z"], [("x", "z")]) == [["x", "y"], ["y", "z"]]
    assert _groups(["x", "y", "z"], []) == [["x", "y", "z"]]


def test_a_pair_without_a_test_is_not_separated() -> None:
    ps = {("x", "z"): 0.001, ("y", "z"): 0.04}
    assert letters_of_pairs(["x", "y", "z"], ps) == {"x": "a", "y": "a", "z": "b"}
    assert letters_of_pairs(["x", "y", "z"], {("x", "z"): 0.001}) == {"x": "a", "y": "ab", "z": "b"}


def test_five_seeds_cannot_separate_thirteen_methods() -> None:
    # 78 pairs times the smallest exact p, 2 / 252.
    samples = {f"m{n}": [n + s / 100 for s in range(5)] for n in range(13)}
    assert set(rank_letters(samples).values()) == {"a"}


def test_two_methods_within_seeds_are_a_sign_test() -> None:
    higher = {"x": [0.5, 0.6, 0.7, 0.2, 0.3, 0.9], "y": [0.4, 0.5, 0.6, 0.1, 0.2, 0.8]}
    assert within_seeds_p(higher) == {frozenset("xy"): 2 / 2**6}
    mixed = {"x": [2, 2, 2, 2, 2, 1], "y": [1, 1, 1, 1, 1, 2]}
    assert within_seeds_p(mixed) == {frozenset("xy"): 14 / 2**6}
    assert within_seeds_p({"x": [1, 1], "y": [1, 1]}) == {frozenset("xy"): 1.0}


def test_deals_at_random_agree_with_the_limit_for_many_seeds() -> None:
    rng = np.random.default_rng(2)
    samples = {f"m{n}": (rng.normal(size=40) + n / 5).tolist() for n in range(5)}
    ranks = stats.rankdata(np.array(list(samples.values())), axis=0).mean(axis=1)
    unit = np.sqrt(5 * 6 / (12 * 40))
    for pair, p in within_seeds_p(samples).items():
        a, b = sorted(pair)
        distance = abs(ranks[int(a[1])] - ranks[int(b[1])]) / unit
        nemenyi = stats.studentized_range.sf(distance, 5, np.inf)
        assert p == pytest.approx(nemenyi, abs=0.03)


def test_six_seeds_from_their_own_starts_separate_what_lies_far_apart() -> None:
    rng = np.random.default_rng(3)
    starts = rng.normal(0, 0.2, 6)
    samples = {f"m{n}": (starts + rng.normal(0.6, 0.03, 6)).tolist() for n in range(11)}
    fallen = (starts + rng.normal(0.1, 0.1, 6)).tolist()
    letters = rank_letters({**samples, "fallen": fallen}, paired=True)
    leader = next(iter(letters))
    assert not set(letters["fallen"]) & set(letters[leader])
    apart = [name for name in samples if not set(letters[name]) & set(letters[leader])]
    assert apart == []


def test_methods_that_are_alike_are_rarely_separated() -> None:
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(100):
        # Seeds differ, one in five ruins whoever trains from it, and one method always fails.
        good, ruined = rng.normal(0.6, 0.05, (8, 6)), rng.random((8, 6)) < 0.2
        values = np.where(ruined, 0.05, good) + rng.normal(0, 0.1, 6)
        samples = {f"m{n}": row.tolist() for n, row in enumerate(values)}
        ps = within_seeds_p({**samples, "fails": (values.min(axis=0) - 0.1).tolist()})
        wrong += min(p for pair, p in ps.items() if "fails" not in pair) <= 0.05
    assert wrong <= 9  # 100 times 0.05, and two standard deviations


def test_pairs_need_as_many_seeds_each() -> None:
    with pytest.raises(ArenaError, match="as long as each other"):
        rank_letters({"x": [0.5, 0.6], "y": [0.5, 0.6, 0.7]}, paired=True)


def test_one_method_leads_alone() -> None:
    assert rank_letters({"only": [0.5, 0.6]}) == {"only": "a"}
    assert rank_letters({}) == {}


def test_a_lone_seed_gets_a_line() -> None:
    with pytest.raises(ArenaError, match="at least 2 values"):
        rank_letters({"x": [0.5], "y": [0.5, 0.6]})


def test_the_best_are_the_leader_and_what_shares_a_letter_with_it() -> None:
    assert best_of(rank_letters(SAMPLES)) == {"higher", "high"}
    # y and z are separated from each other, neither from the leader, which has both letters.
    letters = letters_of_pairs(["x", "y", "z"], {("y", "z"): 0.001})
    assert letters == {"x": "ab", "y": "a", "z": "b"}
    assert best_of(letters) == {"x", "y", "z"}
    assert best_of({"only": "a"}) == best_of({}) == set()
