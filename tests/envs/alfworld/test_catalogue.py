import pytest

from arlarena_bench.envs.alfworld import panels
from arlarena_bench.envs.alfworld.catalogue import find, generate
from arlarena_bench.envs.alfworld.rooms import kind_of, plans
from arlarena_bench.errors import ArenaError


@pytest.mark.parametrize("size", panels.SIZES)
def test_training_avoids_the_panels(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes = [find(f"train/{number}", size)[1].digest for number in range(300)]
    assert panels.households(size).held_out_scenes.isdisjoint(scenes)
    # Were the first of them in a panel, another would be drawn from the same number.
    monkeypatch.setattr(panels.households(size), "held_out_scenes", frozenset(scenes[:1]))
    assert find("train/0", size)[1].digest not in scenes[:1]
    assert find("train/1", size)[1].digest == scenes[1]


def test_training_stays_in_its_rooms() -> None:
    trained = {int(find(f"train/{number}")[0].plan) for number in range(400)}
    assert len(trained) > 60
    for plan in trained:
        kind = kind_of(plan)
        assert kind
        assert plan in plans(kind, seen=True)


def test_any_integer_is_a_task() -> None:
    for number in ("0", "-5", str(10**40)):
        assert generate(f"train/{number}")["solvable"] is True


@pytest.mark.parametrize(
    "task_id",
    [
        *("", "train", "train/", "train/x", "train/007", "train/-0", "train/1 ", "train/٣"),
        *("test/0134", "test/1", "tset/0000", "validation/0140", "//", "\n"),
    ],
)
def test_tasks_that_do_not_exist(task_id: str) -> None:
    with pytest.raises(ArenaError, match=r"no task .* test/0000 to 0133") as caught:
        generate(task_id)
    assert "\n" not in str(caught.value)


def test_another_generator_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    task, _ = panels.households("mini").frozen("test")["0000"]
    changed = panels.FrozenTask(task, "0" * 64)
    monkeypatch.setattr(panels.Households, "find", lambda self, task_id: changed)
    with pytest.raises(ArenaError, match="test/0000 of ALFWorld is no longer what was published"):
        generate("test/0000", "mini")
