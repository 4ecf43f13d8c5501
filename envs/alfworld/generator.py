"""Tasks in households of full size, and games in the official file format."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

from arlarena_bench.errors import ArenaError

from .draw import Draw
from .engine.names import display_names
from .goals import TASKS, Goal
from .household import FIRST_PLAN, LAMP, OBJECTS
from .planner import Planner
from .rooms import Receptacle, Room, plans, point, room
from .scene import Item, Scene, fits, mangled
from .tasks import Task, goals, has_lamp_place
from .world import World

# Probability that a room has objects of a kind it could have; then one to three.
KIND_PRESENT = 0.7
MOST_OF_A_KIND = 3
LAMP_PRESENT = 0.6


class Household:
    """Makes the tasks of full-size rooms."""

    name = "alfworld"

    def draw(self, draw: Draw, *, seen: bool = True, task: str | None = None) -> Task:
        """Draw a task.

        Args:
            draw: Source of the choices.
            seen: Whether in a room that is trained in, or in one that never is.
            task: One of `TASKS`; drawn too if None.
        """
        task = task or draw.pick(TASKS)
        while True:
            plan = draw.pick(plans(draw.pick(tuple(FIRST_PLAN)), seen=seen))
            if possible := goals(room(plan), task):
                return Task(draw.pick(possible), str(plan), draw.between(0, 2**30))

    def scene(self, task: Task) -> Scene:
        """Return the scene of a task.

        Raises:
            ArenaError: If the room does not exist or does not allow the goal.
        """
        try:
            where = room(int(task.plan))
        except (ValueError, KeyError):
            raise ArenaError(f"task {task}: there is no room {task.plan}") from None
        if task.goal not in goals(where, task.goal.task):
            raise ArenaError(f"task {task}: room {task.plan} does not allow it")
        draw = Draw("scene", task)
        items: list[Item] = []
        for kind, count in _counts(where, task.goal, draw).items():
            places = [r for r in where.receptacles if fits(kind, r.kind)]
            if kind == task.goal.object and task.goal.treatment is None:
                places = [r for r in places if r.kind != task.goal.target]
            items.extend(place(kind, draw.pick(places), draw) for _ in range(count))
        return Scene(where.receptacles, unique(items), task.goal)


def _counts(where: Room, goal: Goal, draw: Draw) -> dict[str, int]:
    """Return how many objects of each kind the room has."""
    kinds = where.kinds()
    counts = {}
    for kind, properties in OBJECTS.items():
        if where.kind not in properties.rooms or not properties.places & kinds:
            continue
        present = draw.happens(KIND_PRESENT)
        count = draw.between(1, MOST_OF_A_KIND)
        if kind == goal.object:
            counts[kind] = max(count, goal.count)
        elif present:
            counts[kind] = count
    lamp = draw.happens(LAMP_PRESENT)
    if goal.looks or (lamp and has_lamp_place(where)):
        counts[LAMP] = 1
    return counts


def place(kind: str, receptacle: Receptacle, draw: Draw) -> Item:
    """Return an object of a kind, somewhere in a receptacle."""
    x, y, z = (draw.between(*bounds) / 100 for bounds in ((-500, 500), (0, 200), (-500, 500)))
    return Item(f"{kind}|{point(x, y, z)}", kind, receptacle)


def unique(items: list[Item]) -> tuple[Item, ...]:
    """Return the items without those whose id was drawn before."""
    return tuple({item.id: item for item in items}.values())


def game(scene: Scene, wording: str) -> dict[str, Any]:
    """Return a scene as the content of a game file, certified by a plan.

    Args:
        scene: What the game begins with.
        wording: The goal as the player reads it.

    Raises:
        ArenaError: If the planner finds no way to the goal.
    """
    plan = Planner(world(scene), scene.goal).plan()
    if not plan:
        raise ArenaError(f"no plan reaches {wording!r} in this scene")
    return {
        "pddl_domain": _package_text("domain.pddl"),
        "grammar": _package_text("grammar.twl2").replace("@GOAL@", wording),
        "pddl_problem": scene.problem,
        "solvable": True,
        "walkthrough": plan,
    }


def world(scene: Scene) -> World:
    """Return the state in which a scene begins."""
    ids = [receptacle.id for receptacle in scene.receptacles] + [item.id for item in scene.items]
    facts = (tuple(word.lower() for word in fact) for fact in scene.facts)
    return World.read(facts, display_names(mangled(id).lower() for id in ids))


def wording(task: Task) -> str:
    """Return the goal as this task puts it: one of ALFWorld's two sentences."""
    return Draw("wording", task).pick(task.goal.wordings())


@lru_cache
def _package_text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
