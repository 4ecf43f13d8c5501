import pytest

from arlarena_bench.envs.alfworld import Game
from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.generator import game
from arlarena_bench.envs.alfworld.goals import TASKS, Goal
from arlarena_bench.envs.alfworld.mini import FURNITURE, KINDS, LAMP_STANDS, MiniHousehold
from arlarena_bench.envs.alfworld.tasks import Task
from arlarena_bench.errors import ArenaError

MINI = MiniHousehold()


@pytest.mark.parametrize("task", TASKS)
def test_what_the_goal_needs_is_there_and_not_done(task: str) -> None:
    sizes = set()
    for number in range(60):
        drawn = MINI.draw(Draw("tests", number), task=task)
        scene = MINI.scene(drawn)
        kinds = [receptacle.kind for receptacle in scene.receptacles]
        sizes.add(len(kinds))
        wanted = [item for item in scene.items if item.kind == drawn.goal.object]
        assert set(kinds) <= set(FURNITURE)
        assert len(wanted) == drawn.goal.count
        assert {item.kind for item in scene.items} <= {*KINDS, "DeskLamp"}
        if drawn.goal.looks:
            lamps = [item for item in scene.items if item.kind == "DeskLamp"]
            assert [lamp.receptacle.kind in LAMP_STANDS for lamp in lamps] == [True]
        else:
            assert drawn.goal.target in kinds
            assert drawn.goal.target not in {item.receptacle.kind for item in wanted}
        for once in ("Fridge", "Microwave", "SinkBasin"):
            assert kinds.count(once) <= 1
        assert len({receptacle.location for receptacle in scene.receptacles}) == len(kinds)
    assert sizes == {4, 5, 6, 7, 8}


def test_the_engine_plays_it() -> None:
    for number in range(12):
        scene = MINI.scene(MINI.draw(Draw("tests", number)))
        content = game(scene, "do it")
        played = Game.from_data(content)
        assert [played.step(command).won for command in content["walkthrough"]][-1]
        assert len(content["walkthrough"]) <= 12


def test_only_its_own_tasks() -> None:
    with pytest.raises(ArenaError, match="none of the reduced household"):
        MINI.scene(Task(Goal("pick_and_place_simple", "Apple", "Desk"), "12", 0))
    with pytest.raises(ArenaError, match="none of the reduced household"):
        MINI.scene(Task(Goal("pick_and_place_simple", "Sofa", "Desk"), "mini", 0))


@pytest.mark.parametrize("number", [1199, 2886, 3513])
def test_a_room_of_targets_alone_is_drawn_again(number: int) -> None:
    """About one task for two objects in a thousand draws receptacles of the target's kind only."""
    task = MINI.draw(Draw("rooms of targets", number), task="pick_two_obj_and_place")
    scene = MINI.scene(task)
    assert any(receptacle.kind != task.goal.target for receptacle in scene.receptacles)
