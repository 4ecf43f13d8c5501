import random

from signpost import WORDS, signpost_recipe

from arlarena_bench.policy.scripted import NullPolicy, OraclePolicy, RandomPolicy
from arlarena_bench.training.evaluate import summarise
from arlarena_bench.training.rollout import Arena

TASKS = ("test/ant/bee", "test/cat", "test/dog/dog")


def test_the_oracle_wins_and_every_turn_is_recorded() -> None:
    episodes = Arena(signpost_recipe()).play(OraclePolicy(), TASKS, (0, 0, 1))
    assert [episode.task_id for episode in episodes] == list(TASKS)
    assert [episode.group for episode in episodes] == [0, 0, 1]
    assert [len(episode.turns) for episode in episodes] == [2, 1, 2]
    first, second = episodes[0].turns
    assert (first.prompt, first.command, first.anchor) == ("sign ant", "ant", "0 sign ant")
    assert (second.prompt, second.reward, second.penalty) == ("sign bee", 10.0, 0.0)
    assert all(episode.success and episode.total_reward == 10 for episode in episodes)


def test_saying_nothing_costs_the_penalty_until_the_horizon() -> None:
    (episode,) = Arena(signpost_recipe()).play(NullPolicy(), TASKS[:1], (0,))
    assert len(episode.turns) == 4
    assert {(turn.reward, turn.penalty) for turn in episode.turns} == {(-0.1, 0.1)}
    assert not any(turn.format_valid or turn.action_valid for turn in episode.turns)
    summary = summarise([episode])
    assert summary["success"] == summary["format_valid"] == 0.0
    assert abs(summary["reward"] + 0.4) < 1e-12


def test_the_random_policy_scores_what_chance_gives() -> None:
    tasks = [f"test/{word}" for word in WORDS] * 100
    policy = RandomPolicy(random.Random(0))
    episodes = Arena(signpost_recipe()).play(policy, tasks, range(len(tasks)))
    chance = 1 - (5 / 6) ** 4
    assert abs(summarise(episodes)["success"] - chance) < 0.07


def test_an_arena_can_be_used_again() -> None:
    arena = Arena(signpost_recipe())
    long = arena.play(OraclePolicy(), TASKS, (0, 1, 2))
    short = arena.play(OraclePolicy(), TASKS[:1], (0,))
    assert short[0].turns == long[0].turns
