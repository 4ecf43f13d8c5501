"""Rows that have gone through verl get the credit that they get without it."""

import random
from copy import deepcopy

import pytest
import torch

from arlarena_bench import ArenaError, method
from arlarena_bench.engines.verl.credit import SampledRows, by_group
from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.installed import method_names
from arlarena_bench.training.rows import pack_episodes

GROUPS = ("7f_a", "03_b")  # names are any, and groups in any order


def played(rng: random.Random, group: int, *, transcript: bool = False) -> Episode:
    turns, said = [], (1, 2)
    for _ in range(rng.randint(1, 4)):
        tokens = rng.randint(1, 3)
        entropy = tuple(rng.random() for _ in range(tokens))
        reply = Generation("x", said, (5,) * tokens, (-0.5,) * tokens, entropy)
        anchor = rng.choice("ab")
        reward = rng.choice((0.0, 1.0, -0.1))
        turns.append(Turn("?", reply, "x", reward, rng.choice((0.0, 0.1)), True, True, anchor))
        said = (*said, *reply.reply_ids, 9) if transcript else (1, 2)
    return Episode("t", group, turns, void=rng.random() < 0.2, transcript=transcript)


def as_verl_has_them(
    groups: list[list[Episode]], rng: random.Random
) -> tuple[list[str], dict[str, Episode], list[int]]:
    """Keys in an order of verl's, episodes by the key of their first row, and our numbers."""
    keys, first = [], {}
    for name, group in zip(GROUPS, groups, strict=True):
        for session, episode in enumerate(group):
            first[f"{name}_{session}_0"] = episode
            rows = 1 if episode.transcript else len(episode.turns)
            keys += [f"{name}_{session}_{turn}" for turn in range(rows)]
    order = rng.sample(range(len(keys)), len(keys))
    return [keys[number] for number in order], first, order


@pytest.mark.parametrize("transcript", [False, True])
@pytest.mark.parametrize("name", method_names())
def test_credit_is_that_of_the_local_engine(name: str, transcript: bool) -> None:
    chosen = method(name)
    if chosen.needs_turn_rows and transcript:
        pytest.skip("it needs rows of single turns")
    rng = random.Random(0)
    groups = [[played(rng, number, transcript=transcript) for _ in range(4)] for number in (0, 1)]
    _, batch = pack_episodes([e for group in groups for e in group], 0)
    expected = chosen.advantages(batch)
    keys, first, order = as_verl_has_them(deepcopy(groups), rng)
    longest = batch.mask.shape[1]
    entropy = torch.nn.functional.pad(batch.entropy[order], (0, 2), value=7.0)
    assert [keys[i] for i in by_group(keys, GROUPS)] == [
        key for _, key in sorted(zip(order, keys, strict=True))
    ]
    found = SampledRows(keys, first).advantages(chosen, entropy, longest + 2)
    assert torch.equal(found[:, :longest], expected[order])
    assert not found[:, longest:].any()


def test_a_row_that_was_lost_is_noticed() -> None:
    rng = random.Random(1)
    groups = [[played(rng, number) for _ in range(2)] for number in (0, 1)]
    keys, first, _ = as_verl_has_them(groups, rng)
    with pytest.raises(ArenaError, match="lost on their way"):
        SampledRows(keys[1:], first)
