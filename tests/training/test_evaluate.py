"""Scoring: one panel, whatever else is played beside its tasks."""

from collections.abc import Sequence

import pytest
from signpost import signpost_recipe

from arlarena_bench.episode import Episode
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.player import Player
from arlarena_bench.policy.scripted import RandomPlayer
from arlarena_bench.training.cloning import clone, record_demonstrations
from arlarena_bench.training.evaluate import evaluate, evaluation_player, evaluation_streams
from arlarena_bench.training.rollout import Arena

# Many words: rows of a batch lose each other, prompts and replies have many lengths.
RECIPE = signpost_recipe(
    **{
        "environment.kwargs": {"signs": 3, "horizon": 8},
        "protocol.history": 2,
        "protocol.template": {"first": "{observation}", "later": "{history} {observation}"},
    }
)


@pytest.fixture(scope="module")
def cloned() -> LanguageModel:
    return clone(RECIPE, record_demonstrations(RECIPE))


@pytest.fixture(params=["model", "random"])
def player(request: pytest.FixtureRequest, cloned: LanguageModel) -> Player:
    return RandomPlayer() if request.param == "random" else evaluation_player(cloned, RECIPE)


def replies(episodes: Sequence[Episode]) -> list[tuple[str, list[str]]]:
    return [(e.task_id, [turn.generation.text for turn in e.turns]) for e in episodes]


def test_sixteen_tasks_alone_are_answered_as_among_sixty_four(player: Player) -> None:
    whole = replies(evaluate(player, Arena(RECIPE), RECIPE, "test"))
    few = RECIPE.with_values({"evaluation.test_tasks": 16})
    assert replies(evaluate(player, Arena(few), few, "test")) == whole[:16]
    assert len({said for _, turns in whole for said in turns}) > 16, "replies must vary"


@pytest.mark.parametrize("limit", [1, 5, 64])
def test_neither_order_nor_batches_change_a_reply(player: Player, limit: int) -> None:
    arena = Arena(RECIPE)
    panel = arena.game.tasks.panel("test")
    tasks = panel.task_ids
    streams = evaluation_streams(RECIPE, panel, tasks)
    expected = replies(evaluate(player, arena, RECIPE, "test"))
    order = sorted(range(len(tasks)), key=lambda number: (7 * number) % 64)
    for first in range(0, len(order), limit):
        part = order[first : first + limit]
        episodes = arena.play(player, [tasks[i] for i in part], part, [streams[i] for i in part])
        assert replies(episodes) == [expected[i] for i in part]


def test_further_attempts_leave_the_first_as_it_was(player: Player) -> None:
    once = replies(evaluate(player, Arena(RECIPE), RECIPE, "test"))
    thrice = RECIPE.with_values({"evaluation.attempts": 3})
    attempts = replies(evaluate(player, Arena(thrice), thrice, "test"))
    seen = dict(reversed(once))
    first = dict(reversed(attempts))
    assert first == seen
    assert attempts[::3] != attempts[1::3]


def test_panels_and_seeds_have_draws_of_their_own() -> None:
    tasks = Arena(RECIPE).game.tasks
    other = RECIPE.with_values({"evaluation.seed": 1})
    names = {
        evaluation_streams(recipe, tasks.panel(split), ["task"])[0].name
        for recipe in (RECIPE, other)
        for split in ("validation", "test")
    }
    assert len(names) == 4
