"""The reduced household: four to eight receptacles, twelve kinds of objects, the same six tasks."""

from arlarena_bench.errors import ArenaError

from .draw import Draw
from .generator import place, unique
from .goals import TASKS, TREATMENTS, Goal
from .household import LAMP, OBJECTS
from .rooms import Receptacle, furnish
from .scene import Item, Scene
from .tasks import Task

ROOM = "mini"
FURNITURE = (
    "Cabinet",
    "CounterTop",
    "Desk",
    "Drawer",
    "Fridge",
    "Microwave",
    "Shelf",
    "SinkBasin",
)
# One each; of any other there may be several.
APPLIANCES = ("Fridge", "Microwave", "SinkBasin")
LAMP_STANDS = ("CounterTop", "Desk", "Shelf")
KINDS = (
    "Apple",
    "Book",
    "Bowl",
    "Bread",
    "Cup",
    "Egg",
    "Fork",
    "Mug",
    "Pen",
    "Plate",
    "Potato",
    "Tomato",
)
RECEPTACLES = (4, 8)
OTHER_ITEMS = (2, 4)


class MiniHousehold:
    """Makes tasks that take a few turns: every room is a new one, anything may lie anywhere."""

    name = "alfworld-mini"

    def draw(self, draw: Draw, *, seen: bool = True, task: str | None = None) -> Task:
        """Draw a task; as no room comes twice, `seen` has no meaning."""
        task = task or draw.pick(TASKS)
        possible = _goals(task)
        return Task(draw.pick(possible), ROOM, draw.between(0, 2**30))

    def scene(self, task: Task) -> Scene:
        """Return the scene of a task.

        Raises:
            ArenaError: If it is no task of the reduced household.
        """
        goal = task.goal
        if task.plan != ROOM or goal not in _goals(goal.task):
            raise ArenaError(f"task {task} is none of the reduced household")
        draw = Draw("scene", task)
        receptacles = _room(goal, draw)
        # The object must begin somewhere else than it goes.
        while all(receptacle.kind == goal.target for receptacle in receptacles):
            receptacles = _room(goal, draw)
        items: list[Item] = []
        others = [kind for kind in draw.shuffled(KINDS) if kind != goal.object]
        kinds = [goal.object] * goal.count + others[: draw.between(*OTHER_ITEMS)]
        for kind in kinds:
            sources = [r for r in receptacles if kind != goal.object or r.kind != goal.target]
            items.append(place(kind, draw.pick(sources), draw))
        if goal.looks:
            stands = [r for r in receptacles if r.kind in LAMP_STANDS]
            items.append(place(LAMP, draw.pick(stands), draw))
        return Scene(receptacles, unique(items), goal, anything_anywhere=True)


def _goals(task: str) -> list[Goal]:
    if task == "look_at_obj_in_light":
        return [Goal(task, item, LAMP) for item in KINDS]
    treatment = TREATMENTS.get(task)
    return [
        Goal(task, item, target)
        for item in KINDS
        for target in FURNITURE
        if not treatment
        or (target != treatment.appliance and treatment.needs in OBJECTS[item].traits)
    ]


def _room(goal: Goal, draw: Draw) -> tuple[Receptacle, ...]:
    return tuple(furnish(_furniture(goal, draw), draw, shared_spot=0.0))


def _furniture(goal: Goal, draw: Draw) -> dict[str, int]:
    """Return how many receptacles of each kind there are: what the goal needs, and others."""
    counts = dict.fromkeys(FURNITURE, 0)
    needed = [draw.pick(LAMP_STANDS) if goal.looks else goal.target]
    if goal.treatment:
        needed.append(goal.treatment.appliance)
    for kind in needed:
        counts[kind] = 1
    size = draw.between(*RECEPTACLES)
    while sum(counts.values()) < size:
        kind = draw.pick(FURNITURE)
        if kind not in APPLIANCES or not counts[kind]:
            counts[kind] += 1
    return counts
