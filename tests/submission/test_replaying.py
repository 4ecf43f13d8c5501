"""Every environment's episodes are stepped again to the same end."""

import json
import math

import pytest

from arlarena_bench import installed
from arlarena_bench.policy.scripted import scripted_player
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.record import EpisodeRecord, record_episode
from arlarena_bench.submission.replaying import Replayer, first_difference
from arlarena_bench.training.evaluate import evaluate
from arlarena_bench.training.rollout import Arena

ENVIRONMENTS = sorted(installed.preset_files()["nano"])


def played(environment: str, script: str) -> list[EpisodeRecord]:
    recipe = installed.load_recipe("nano", environment)
    recipe = recipe.with_values({"evaluation.test_tasks": 3})
    episodes = evaluate(scripted_player(script), Arena(recipe), recipe, "test")
    return [record_episode(episode) for episode in episodes]


@pytest.mark.parametrize("script", ["expert", "random", "null"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_replies_lead_to_the_same_episode(environment: str, script: str) -> None:
    fresh = make_environment(installed.load_recipe("nano", environment))
    for record in played(environment, script):
        assert first_difference(fresh, record) is None
        # A file sorts names, and an environment need not.
        stored = dict(sorted(record.measures.items(), reverse=True))
        assert first_difference(fresh, record.model_copy(update={"measures": stored})) is None
        changed = record.model_copy(update={"measures": {"more": 1.0}})
        assert "measures is {'more': 1.0} in the end" in str(first_difference(fresh, changed))


def test_penalties_are_added_up_alike_by_every_python() -> None:
    fresh = make_environment(installed.load_recipe("nano", "sokoban"))
    record = played("sokoban", "null")[0]
    assert record.turns is not None
    penalties = record.turns.penalties
    assert record.penalty == math.fsum(penalties)
    by_hand = 0.0
    for penalty in penalties:
        by_hand += penalty
    assert by_hand != record.penalty
    assert first_difference(fresh, record.model_copy(update={"penalty": by_hand})) is None
    forged = record.model_copy(update={"penalty": record.penalty + 1e-9})
    assert "penalty is" in str(first_difference(fresh, forged))


def test_of_equal_episodes_the_first_is_stepped() -> None:
    fresh = make_environment(installed.load_recipe("nano", "sokoban"))
    first, other, _ = played("sokoban", "expert")
    replayer = Replayer(fresh)
    for told in (first, first.model_copy(update={"attempt": 1}), other):
        assert replayer.replay(told).fault is None
    assert replayer.replay(first).asks == ()
    assert fresh.game.task_id == other.task_id, "the first was stepped once more"
    assert first.turns is not None
    rewards = (first.turns.rewards[0] + 1, *first.turns.rewards[1:])
    forged = first.model_copy(update={"turns": first.turns.model_copy(update={"rewards": rewards})})
    for _ in range(2):
        assert str(replayer.replay(forged).fault).startswith("turn 1: the reward is ")
    counted = first.model_copy(update={"reply_tokens": first.reply_tokens + 1})
    assert "reply_tokens is " in str(replayer.replay(counted).fault)


def test_what_came_from_outside_is_recalled() -> None:
    fresh = make_environment(installed.load_recipe("nano", "tir_math_mini"))
    record = played("tir_math_mini", "expert")[0]
    assert record.turns is not None
    assert record.turns.outside is not None
    said = json.loads(record.turns.outside[0] or "")
    for forged, fault in (
        (json.dumps(said | {"shown": "12345"}), "turn 2: the agent was asked "),
        (json.dumps(said | {"failed": True}), "execution_error"),
        ("{}", "no output of a program"),
        (None, "turn 1: what came from outside is None, the environment gives "),
    ):
        outside = (forged, *record.turns.outside[1:])
        turns = record.turns.model_copy(update={"outside": outside})
        told = record.model_copy(update={"turns": turns})
        assert fault in str(first_difference(fresh, told))


def test_an_episode_without_turns_or_task_cannot_be_stepped() -> None:
    fresh = make_environment(installed.load_recipe("nano", "sokoban"))
    record = played("sokoban", "expert")[0]
    assert first_difference(fresh, record.model_copy(update={"turns": None})) == (
        "its turns are missing"
    )
    foreign = record.model_copy(update={"task_id": "test/99999"})
    assert "no task 'test/99999'" in str(first_difference(fresh, foreign))
