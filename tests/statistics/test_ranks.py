import numpy as np
import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.statistics import best_of, difference, holm, letters_of_pairs, rank_letters
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
