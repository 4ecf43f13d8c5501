"""Which tasks a room allows, and the name of one."""

import re
from dataclasses import dataclass

from arlarena_bench.errors import ArenaError

from .goals import TASKS, TREATMENTS, Goal
from .household import LAMP, LAMP_ROOMS, OBJECTS
from .rooms import Room
from .scene import fits

# The directory of an original game: task, object, movable receptacle, target, floor plan, trial.
_NAME = re.compile(r"([a-z_]+)-([A-Za-z]+)-None-([A-Za-z]+)-([a-z0-9]+)/trial_([0-9]+)")


@dataclass(frozen=True)
class Task:
    """A goal, where to reach it, and which draw of objects it begins with.

    Attributes:
        goal: What to do.
        plan: Number of the room, `"mini"` for a household of its own.
        trial: Number of the draw.
    """

    goal: Goal
    plan: str
    trial: int

    def __str__(self) -> str:
        goal = self.goal
        return f"{goal.task}-{goal.object}-None-{goal.target}-{self.plan}/trial_{self.trial}"

    @classmethod
    def parse(cls, name: str) -> "Task":
        """Return the task with this name, as `str` writes it.

        Raises:
            ArenaError: If it is no such name.
        """
        match = _NAME.fullmatch(name)
        if match is None or match[1] not in TASKS:
            raise ArenaError(
                f"{name!r} names no task; one is <type>-<object>-None-<target>-<room>/trial_<n>"
            )
        task, item, target, plan, trial = match.groups()
        return cls(Goal(task, item, target), plan, int(trial))


def goals(room: Room, task: str) -> list[Goal]:
    """Return every goal of a type that the room's furniture allows."""
    kinds = sorted(room.kinds())
    treatment = TREATMENTS.get(task)
    if treatment and treatment.appliance not in kinds:
        return []
    found = []
    for item, kind in OBJECTS.items():
        if room.kind not in kind.rooms or (treatment and treatment.needs not in kind.traits):
            continue
        places = [place for place in kinds if fits(item, place)]
        if task == "look_at_obj_in_light":
            if places and has_lamp_place(room):
                found.append(Goal(task, item, LAMP))
            continue
        for target in places:
            if treatment and target == treatment.appliance:
                continue
            # It begins somewhere else.
            if len(places) > 1:
                found.append(Goal(task, item, target))
    return found


def has_lamp_place(room: Room) -> bool:
    """Return whether a desk lamp may stand in the room."""
    return room.kind in LAMP_ROOMS and any(fits(LAMP, kind) for kind in room.kinds())
