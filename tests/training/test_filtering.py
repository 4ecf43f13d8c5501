"""Dynamic filtering: bounded resampling, the last try's fill, and the cold start."""

from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy

HALF = """
from dataclasses import dataclass, replace
from arlarena_bench.baselines.grpo import grpo

@dataclass(frozen=True)
class Filter:
    def __call__(self, groups):
        return [group for group in groups if KEEP]

def method():
    return replace(grpo(), filter=Filter())
"""


def trainer(tmp_path: Path, keep: str, **changes: object) -> Trainer:
    path = tmp_path / "mine.py"
    path.write_text(HALF.replace("KEEP", keep))
    recipe = signpost_recipe(**changes).for_run(str(path), 0)
    return Trainer(recipe, start_policy(recipe))


def numbers(groups) -> list[int]:
    return [group[0].group for group in groups]


def test_without_a_filter_one_rollout_is_enough(tmp_path: Path) -> None:
    sampled, kept = trainer(tmp_path, "True")._rollout(1)
    assert numbers(sampled) == numbers(kept) == [0, 1, 2, 3]
    assert all(len(group) == 4 for group in sampled)
    assert all(len({episode.task_id for episode in group}) == 1 for group in sampled)


def test_a_filter_samples_until_the_batch_is_full(tmp_path: Path) -> None:
    sampled, kept = trainer(tmp_path, "group[0].group % 2")._rollout(1)
    assert numbers(sampled) == list(range(8))
    assert numbers(kept) == [1, 3, 5, 7]


def test_what_is_too_much_is_cut_in_order(tmp_path: Path) -> None:
    sampled, kept = trainer(tmp_path, "group[0].group != 0")._rollout(1)
    assert numbers(sampled) == list(range(8))
    assert numbers(kept) == [1, 2, 3, 4]


def test_the_last_try_is_filled_with_what_it_dropped(tmp_path: Path) -> None:
    made = trainer(tmp_path, "group[0].group == 9", **{"train.max_tries": 3})
    sampled, kept = made._rollout(1)
    assert numbers(sampled) == list(range(12))
    assert numbers(kept) == [9, 8, 10, 11]


def test_filtering_begins_after_the_cold_start(tmp_path: Path) -> None:
    made = trainer(tmp_path, "False", **{"train.cold_start": 2})
    assert len(made._rollout(2)[0]) == 4
    assert len(made._rollout(3)[0]) == 12


def test_tasks_and_replies_of_a_step_do_not_depend_on_the_steps_before(tmp_path: Path) -> None:
    made = trainer(tmp_path, "True")
    first = made._rollout(5)
    made._rollout(1)
    assert made._rollout(5) == first


@pytest.mark.parametrize("keep", ["1 / 0", "group.absent"])
def test_a_filter_that_fails_is_named(tmp_path: Path, keep: str) -> None:
    with pytest.raises(ArenaError, match="filter"):
        trainer(tmp_path, keep)._rollout(1)
