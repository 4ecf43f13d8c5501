import pytest

from arlarena_bench.envs.alfworld.engine.sexpr import parse
from arlarena_bench.envs.alfworld.goals import SHORT_NAMES, TASKS, Goal
from arlarena_bench.errors import ArenaError

WORDINGS = {
    "pick_and_place_simple": ("put a apple in sidetable", "put some apple on sidetable"),
    "look_at_obj_in_light": (
        "look at apple under the sidetable",
        "examine the apple with the sidetable",
    ),
    "pick_clean_then_place_in_recep": (
        "put a clean apple in sidetable",
        "clean some apple and put it in sidetable",
    ),
    "pick_heat_then_place_in_recep": (
        "put a hot apple in sidetable",
        "heat some apple and put it in sidetable",
    ),
    "pick_cool_then_place_in_recep": (
        "put a cool apple in sidetable",
        "cool some apple and put it in sidetable",
    ),
    "pick_two_obj_and_place": (
        "put two apple in sidetable",
        "find two apple and put them in sidetable",
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_alfworlds_words(task: str) -> None:
    assert Goal(task, "Apple", "SideTable").wordings() == WORDINGS[task]


@pytest.mark.parametrize("task", TASKS)
def test_a_goal_is_read_back_from_its_pddl(task: str) -> None:
    goal = Goal(task, "Apple", "SideTable")
    assert Goal.read(parse(goal.pddl())) == Goal(task, "apple", "sidetable")
    assert goal.short_name == SHORT_NAMES[task]


def test_nested_quantifiers_are_read_too() -> None:
    tree = parse(
        "(and (exists (?r - receptacle) (exists (?o1 - object) (and (inReceptacle ?o1 ?r)"
        " (receptacleType ?r ShelfType) (objectType ?o1 CDType) (exists (?o2 - object)"
        " (and (not (= ?o1 ?o2)) (objectType ?o2 CDType) (receptacleType ?r ShelfType)"
        " (inReceptacle ?o2 ?r)))))))"
    )
    assert Goal.read(tree) == Goal("pick_two_obj_and_place", "cd", "shelf")


@pytest.mark.parametrize(
    "pddl",
    [
        "(opened fridge)",
        "(and (objectType ?o AppleType) (isSliced ?o) (receptacleType ?r ShelfType))",
        "(and (objectType ?o AppleType) (objectType ?p CDType) (receptacleType ?r ShelfType))",
        "(and (objectType ?o AppleType) (isHot ?o) (isClean ?o) (receptacleType ?r ShelfType))",
        "(objectType ?o AppleType)",
    ],
)
def test_other_goals_are_refused(pddl: str) -> None:
    with pytest.raises(ArenaError, match="none of the six types"):
        Goal.read(parse(pddl))
