import pytest

from arlarena_bench.envs.alfworld.goals import TASKS, Goal
from arlarena_bench.envs.alfworld.household import FIRST_PLAN
from arlarena_bench.envs.alfworld.rooms import plans, room
from arlarena_bench.envs.alfworld.tasks import Task, goals
from arlarena_bench.errors import ArenaError


def test_a_task_is_named_as_the_original_names_its_folders() -> None:
    task = Task(Goal("pick_heat_then_place_in_recep", "Potato", "SideTable"), "12", 7)
    assert str(task) == "pick_heat_then_place_in_recep-Potato-None-SideTable-12/trial_7"
    assert Task.parse(str(task)) == task


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "pick_heat_then_place_in_recep-Potato-None-SideTable-12"),
        "pick_up-Potato-None-SideTable-12/trial_7",
        "pick_heat_then_place_in_recep-Potato-Bowl-SideTable-12/trial_7",
        "pick_heat_then_place_in_recep-Potato-None-SideTable-12/trial_7\n",
    ],
)
def test_malformed_names(name: str) -> None:
    with pytest.raises(ArenaError, match="names no task"):
        Task.parse(name)


def test_thousands_of_goals_and_rooms() -> None:
    every = {
        seen: {
            (goal, plan)
            for kind in FIRST_PLAN
            for plan in plans(kind, seen=seen)
            for task in TASKS
            for goal in goals(room(plan), task)
        }
        for seen in (True, False)
    }
    assert len(every[True]) > 10_000
    assert len(every[False]) > 1_000
    for seen in (True, False):
        assert {goal.task for goal, _ in every[seen]} == set(TASKS)


def test_what_the_furniture_does_not_allow() -> None:
    bedroom = room(301)
    assert goals(bedroom, "pick_heat_then_place_in_recep") == []
    assert goals(room(1), "look_at_obj_in_light") == []
    for goal in goals(room(1), "pick_heat_then_place_in_recep"):
        assert goal.target != "Microwave"
        assert goal.target in room(1).kinds()
