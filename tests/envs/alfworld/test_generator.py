import pytest

from arlarena_bench.envs.alfworld import Game
from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.generator import Household, game, wording, world
from arlarena_bench.envs.alfworld.goals import TASKS, Goal
from arlarena_bench.envs.alfworld.tasks import Task
from arlarena_bench.envs.alfworld.world import World
from arlarena_bench.errors import ArenaError

HOUSEHOLD = Household()


@pytest.mark.parametrize("task", TASKS)
def test_games_are_won_by_their_walkthrough(task: str) -> None:
    for number in range(5):
        drawn = HOUSEHOLD.draw(Draw("tests", number), task=task)
        content = game(HOUSEHOLD.scene(drawn), wording(drawn))
        assert list(content) == [
            *("pddl_domain", "grammar", "pddl_problem", "solvable", "walkthrough")
        ]
        played = Game.from_data(content)
        state = played.reset()
        assert state.observation.endswith(f"\n\nYour task is to: {wording(drawn)}.")
        assert wording(drawn) in drawn.goal.wordings()
        for command in content["walkthrough"]:
            assert not state.won
            assert command in state.admissible_commands
            state = played.step(command)
        assert state.won


def test_the_planner_is_told_what_the_engine_reads() -> None:
    scene = HOUSEHOLD.scene(HOUSEHOLD.draw(Draw("tests")))
    played = Game.from_data(game(scene, "do it"))
    assert world(scene) == World.read(played.facts(), world(scene).names)
    assert world(scene).names.items() <= played.names.items()


def test_tasks_do_not_repeat() -> None:
    scenes = [HOUSEHOLD.scene(HOUSEHOLD.draw(Draw("tests", number))) for number in range(1000)]
    assert len({scene.digest for scene in scenes}) == 1000
    assert len({(scene.goal, scene.receptacles) for scene in scenes}) > 900


def test_the_same_task_is_the_same_scene() -> None:
    task = HOUSEHOLD.draw(Draw("tests", "same"))
    assert HOUSEHOLD.scene(task) == HOUSEHOLD.scene(Task.parse(str(task)))
    other = Task(task.goal, task.plan, task.trial + 1)
    assert HOUSEHOLD.scene(task).digest != HOUSEHOLD.scene(other).digest


@pytest.mark.parametrize("plan", ["31", "mini", "301"])
def test_rooms_that_do_not_exist_or_fit(plan: str) -> None:
    goal = Goal("pick_heat_then_place_in_recep", "Potato", "CounterTop")
    with pytest.raises(ArenaError, match=f"room {plan}"):
        HOUSEHOLD.scene(Task(goal, plan, 0))


def test_an_unsolvable_scene_is_refused() -> None:
    task = HOUSEHOLD.draw(Draw("tests"), task="pick_two_obj_and_place")
    scene = HOUSEHOLD.scene(task)
    items = [item for item in scene.items if item.kind != task.goal.object]
    emptied = type(scene)(scene.receptacles, tuple(items), scene.goal)
    with pytest.raises(ArenaError, match="no plan reaches 'x'"):
        game(emptied, "x")
