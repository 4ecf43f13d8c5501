"""Players who do not know where things are, for demonstrations."""

from dataclasses import replace

from .compact import clockwise
from .goals import Goal
from .planner import Planner
from .world import World


class Searcher:
    """Goes through the likely places until it has seen what it needs, then plans.

    Args:
        goal: What to reach.
        put: The command that puts something somewhere, with places for both.
    """

    def __init__(self, goal: Goal, put: str) -> None:
        self._goal = goal
        self._put = put
        self._looked_into: set[str] = set()
        self._known: dict[str, str] = {}

    def see(self, world: World) -> None:
        """Take in what is in reach and not closed."""
        for place in world.here():
            if not world.is_closed(place):
                self._looked_into.add(place)
                self._known = {i: where for i, where in self._known.items() if where != place}
                self._known |= dict.fromkeys(world.contents(place), place)
        if world.held:
            self._known.pop(world.held, None)

    def plan(self, world: World) -> list[str]:
        """Return what to do: to the goal, or to the next place worth a look."""
        known = replace(world, inside=self._known)
        if plan := Planner(known, self._goal, self._put).plan():
            return plan
        if self._goal.count == 2:
            first = replace(self._goal, task="pick_and_place_simple")
            if plan := Planner(known, first, self._put).plan():
                return plan
        return self._explore(world)

    def _explore(self, world: World) -> list[str]:
        goal = self._goal
        held = world.kind[world.held] if world.held else ""
        sought = goal.target if goal.looks and held == f"{goal.object.lower()}type" else goal.object
        likely = {
            place
            for place in world.location
            if f"{sought.lower()}type" in world.takes[world.kind[place]]
        }
        here = set(world.here())
        left = [place for place in world.receptacles() if place not in self._looked_into]
        if not left:
            return []
        place = min(left, key=lambda place: (place not in likely, place not in here))
        steps = [] if place in here else [f"go to {world.names[place]}"]
        if world.is_closed(place):
            steps.append(f"open {world.names[place]}")
        return steps


def sweep(world: World, goal: Goal, put: str) -> list[str]:
    """Return the next command of a player who remembers nothing, and the errand it is part of.

    The choice depends only on the goal and on what `compact.describe` says. Places are searched
    clockwise; of the places that would do, the one numbered 1 is used. The errand is a command
    without the names of places.
    """
    here = world.here()
    at = here[0] if here else None
    ahead = f"go to {world.names[clockwise(world)[0]]}"
    treatment = goal.treatment
    target = None if goal.looks else world.of_kind(goal.target)[0]
    wanted = f"{goal.object.lower()}type"

    if world.held is None:
        errand = f"take {goal.object.lower()}"
        if at is None or (goal.count == 2 and at == target):
            return [ahead, errand]
        if world.is_closed(at):
            return [f"open {world.names[at]}", errand]
        for item in world.contents(at):
            if world.kind[item] == wanted:
                return [f"take {world.names[item]} from {world.names[at]}", errand]
        return [ahead, errand]

    item = world.names[world.held]
    word = item.split()[0]
    if world.kind[world.held] != wanted:
        return [_put_down(world, at, item, put) if at else ahead, f"move {word}"]
    if target is None:
        lamps = world.of_kind(goal.target)
        lit = [lamp for lamp in lamps if world.inside[lamp] == at]
        return [f"use {world.names[lit[0]]}" if lit else ahead, f"use {goal.target.lower()}"]
    if treatment and world.held not in world.having[treatment.gives.lower()]:
        appliance = world.of_kind(treatment.appliance)[0]
        errand = f"{treatment.verb} {word}"
        if at == appliance:
            return [f"{treatment.verb} {item} with {world.names[appliance]}", errand]
        return [f"go to {world.names[appliance]}", errand]
    if at == target:
        return [_put_down(world, target, item, put), f"move {word}"]
    return [f"go to {world.names[target]}", f"move {word}"]


def _put_down(world: World, place: str, item: str, put: str) -> str:
    if world.is_closed(place):
        return f"open {world.names[place]}"
    return put.format(item, world.names[place])
