import copy
import pickle

import gymnasium as gym
import pytest

from arlarena_bench.errors import ArenaError
from arlarena_bench.text_space import TextSpace


@pytest.mark.parametrize("text", ["", "Go north!", "a\nb\t{c}", "\x00\ud800", "去", "x" * 10**6])
def test_every_string_is_contained(text: str) -> None:
    assert text in TextSpace()


@pytest.mark.parametrize("thing", [None, 1, b"bytes", ["a"]])
def test_nothing_else_is_contained(thing: object) -> None:
    assert thing not in TextSpace()


def test_samples_are_short_printable_sentences() -> None:
    space = TextSpace(seed=0)
    samples = [space.sample() for _ in range(200)]
    assert all(sample.isprintable() and 0 < len(sample) <= 53 for sample in samples)
    assert any(" " in sample for sample in samples)
    assert len(set(samples)) > 190


def test_sampling_follows_its_own_seed() -> None:
    first, second = TextSpace(seed=3), TextSpace()
    second.seed(3)
    expected = [first.sample() for _ in range(5)]
    assert [second.sample() for _ in range(5)] == expected
    second.seed(4)
    assert [second.sample() for _ in range(5)] != expected


def test_a_mask_is_refused() -> None:
    with pytest.raises(ArenaError, match="no mask"):
        TextSpace().sample(mask=object())


def test_copies_are_equal_and_sample_alike() -> None:
    space = TextSpace(seed=1)
    copies = [copy.deepcopy(space), pickle.loads(pickle.dumps(space))]
    assert all(each == space for each in copies)
    expected = space.sample()
    assert [each.sample() for each in copies] == [expected, expected]
    assert space != gym.spaces.Text(8)


def test_it_cannot_be_flattened() -> None:
    assert not TextSpace().is_np_flattenable
