from collections.abc import Sequence

import pytest
from samples import streams
from signpost import WORDS, signpost_recipe

from arlarena_bench.episode import Episode, Generation
from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.scripted import ExpertPlayer, NullPlayer, OraclePlayer, RandomPlayer
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import record_episode, summarise
from arlarena_bench.streams import Stream
from arlarena_bench.training.evaluate import score_of, summary_of
from arlarena_bench.training.rollout import Arena

TASKS = ("test/ant/bee", "test/cat", "test/dog/dog")


def test_the_oracle_wins_and_every_turn_is_recorded() -> None:
    episodes = Arena(signpost_recipe()).play(OraclePlayer(), TASKS, (0, 0, 1), streams(3))
    assert [episode.task_id for episode in episodes] == list(TASKS)
    assert [episode.group for episode in episodes] == [0, 0, 1]
    assert [len(episode.turns) for episode in episodes] == [2, 1, 2]
    first, second = episodes[0].turns
    assert (first.prompt, first.command, first.anchor) == ("sign ant", "ant", "0 sign ant")
    assert (second.prompt, second.reward, second.penalty) == ("sign bee", 10.0, 0.0)
    assert all(episode.success and episode.total_reward == 10 for episode in episodes)


def test_saying_nothing_costs_the_penalty_until_the_horizon() -> None:
    (episode,) = Arena(signpost_recipe()).play(NullPlayer(), TASKS[:1], (0,), streams(1))
    assert len(episode.turns) == 4
    assert {(turn.reward, turn.penalty) for turn in episode.turns} == {(-0.1, 0.1)}
    assert not any(turn.format_valid or turn.action_valid for turn in episode.turns)
    summary = summary_of([episode])
    assert summary.success == summary.format_valid == 0.0
    assert abs(summary.reward + 0.4) < 1e-12


def test_the_random_policy_scores_what_chance_gives() -> None:
    tasks = [f"test/{word}" for word in WORDS] * 100
    numbers = range(len(tasks))
    episodes = Arena(signpost_recipe()).play(RandomPlayer(), tasks, numbers, streams(len(tasks)))
    chance = 1 - (5 / 6) ** 4
    assert abs(summary_of(episodes).success - chance) < 0.07


def test_an_arena_can_be_used_again() -> None:
    arena = Arena(signpost_recipe())
    long = arena.play(OraclePlayer(), TASKS, (0, 1, 2), streams(3))
    short = arena.play(OraclePlayer(), TASKS[:1], (0,), streams(1))
    assert short[0].turns == long[0].turns


def test_the_expert_is_the_oracle_unless_an_environment_says_otherwise() -> None:
    arena = Arena(signpost_recipe())
    expert, oracle = (
        arena.play(policy, TASKS, (0, 1, 2), streams(3))
        for policy in (ExpertPlayer(), OraclePlayer())
    )
    assert expert == oracle


def test_types_of_task_are_scored_apart_where_there_are_any() -> None:
    (untyped,) = Arena(signpost_recipe()).play(OraclePlayer(), TASKS[:1], (0,), streams(1))
    assert summary_of([untyped]).success_by_category == {}
    typed = [
        Episode("1", 0, untyped.turns, success=True, category="heat"),
        Episode("2", 1, untyped.turns, success=False, category="heat"),
        Episode("3", 2, untyped.turns, success=True, category="cool"),
    ]
    records = [record_episode(episode) for episode in (*typed, untyped)]
    assert [record.category for record in records] == ["heat", "heat", "cool", None]
    assert summarise(records).success_by_category == {"cool": 1.0, "heat": 0.5}


def test_few_at_once_play_as_all_do() -> None:
    tasks = [f"test/{first}/{second}" for first in WORDS for second in WORDS][:10]
    ended: list[str] = []
    few = Arena(signpost_recipe(), at_once=3, on_end=lambda episode: ended.append(episode.task_id))
    whole = Arena(signpost_recipe())
    by_few, by_all = (
        arena.play(RandomPlayer(), tasks, range(10), streams(10)) for arena in (few, whole)
    )
    assert by_few == by_all
    assert sorted(ended) == sorted(tasks)
    assert len({len(episode.turns) for episode in by_few}) > 1  # seats were free at other times


class Broken(OraclePlayer):
    """Has no second reply for the first task."""

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        return [
            Generation("", failure="gone") if ask.prompt == "sign bee" else reply
            for ask, reply in zip(asks, super().respond(asks, environments, streams), strict=True)
        ]


def test_an_episode_without_a_reply_counts_neither_way() -> None:
    episodes = Arena(signpost_recipe()).play(Broken(), TASKS, (0, 0, 1), streams(3))
    assert [episode.failure for episode in episodes] == ["gone", "", ""]
    assert [len(episode.turns) for episode in episodes] == [1, 1, 2]
    score = score_of(episodes, None)
    assert [(e.task_id, e.attempt) for e in score.episodes] == [("test/cat", 1), (TASKS[2], 0)]
    assert score.summary.success == 1.0
    (failed,) = score.failed
    assert (failed.task_id, failed.attempt, failed.reason) == ("test/ant/bee", 0, "gone")
    with pytest.raises(ArenaError, match="no episode was played to its end: gone"):
        score_of(episodes[:1], None)
