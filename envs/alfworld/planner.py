"""Short plans for someone who knows where everything is.

The search runs over errands (fetch this, put it there, heat it), each of which takes one to three
commands; walking about or opening doors for their own sake is never part of a short plan.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .goals import Goal
from .world import World

# Most errands that are tried for one plan; generated tasks need a few thousand at most.
LIMIT = 200_000


@dataclass(frozen=True)
class _Situation:
    """What errands change: the rest of the world stands still.

    `where` gives the receptacle of each candidate, an object of the wanted kind, and `treated`
    those that are ready to be put away; `lit` holds the lamps switched on. A held object of
    another kind only has to go.
    """

    at: str
    held: str | None
    where: tuple[str | None, ...]
    treated: frozenset[str]
    opened: frozenset[str]
    lit: frozenset[str]


class Planner:
    """Finds commands that reach a goal.

    Args:
        world: The state from which plans start.
        goal: What to reach.
        put: The command that puts something somewhere, with places for both.
    """

    def __init__(self, world: World, goal: Goal, put: str = "move {} to {}") -> None:
        self._world = world
        self._goal = goal
        self._put = put
        self._candidates = world.of_kind(goal.object)
        lamps = world.of_kind(goal.target) if goal.looks else []
        self._lamps = [lamp for lamp in lamps if lamp in world.inside]
        self._targets = [] if goal.looks else world.of_kind(goal.target)
        treatment = goal.treatment
        self._appliances = world.of_kind(treatment.appliance) if treatment else []
        if treatment:
            able = world.having[treatment.needs.lower()]
            self._candidates = [item for item in self._candidates if item in able]

    def plan(self) -> list[str] | None:
        """Return as few commands as errands allow; None if none were found."""
        start = self._start()
        queue: list[tuple[int, int, _Situation, tuple[str, ...]]] = [(0, 0, start, ())]
        reached = {start: 0}
        tried = 0
        while queue:
            cost, _, situation, commands = heapq.heappop(queue)
            if self._done(situation):
                return list(commands)
            if reached[situation] < cost:
                continue
            for step, after in self._errands(situation):
                total = cost + len(step)
                if total < reached.get(after, total + 1):
                    tried += 1
                    if tried > LIMIT:
                        return None
                    reached[after] = total
                    heapq.heappush(queue, (total, tried, after, (*commands, *step)))
        return None

    def _start(self) -> _Situation:
        world, treatment = self._world, self._goal.treatment
        treated = world.having[treatment.gives.lower()] if treatment else set(self._candidates)
        return _Situation(
            world.at,
            world.held,
            tuple(world.inside.get(item) for item in self._candidates),
            frozenset(treated.intersection(self._candidates)),
            frozenset(world.opened),
            frozenset(world.having["istoggled"].intersection(self._lamps)),
        )

    def _done(self, situation: _Situation) -> bool:
        if self._goal.looks:
            beside = any(self._spot_of(lamp) == situation.at for lamp in situation.lit)
            return beside and situation.held in self._candidates
        placed = [
            where
            for item, where in zip(self._candidates, situation.where, strict=True)
            if item in situation.treated
        ]
        return any(placed.count(target) >= self._goal.count for target in self._targets)

    def _errands(self, situation: _Situation) -> Iterator[tuple[list[str], _Situation]]:
        if situation.held is None:
            yield from self._fetching(situation)
        elif situation.held in self._candidates:
            yield from self._using(situation, situation.held)
        else:
            yield from self._putting(situation, situation.held, self._world.receptacles())
        for lamp in self._lamps:
            steps, after = self._walk(situation, self._world.inside[lamp])
            if lamp not in situation.lit:
                steps.append(f"use {self._world.names[lamp]}")
            if steps:
                yield steps, replace(after, lit=after.lit | {lamp})

    def _fetching(self, situation: _Situation) -> Iterator[tuple[list[str], _Situation]]:
        for index, receptacle in enumerate(situation.where):
            if receptacle is None:
                continue
            item = self._candidates[index]
            steps, after = self._reach(situation, receptacle)
            steps.append(f"take {self._world.names[item]} from {self._world.names[receptacle]}")
            yield steps, replace(after, held=item, where=_changed(after.where, index, None))

    def _using(self, situation: _Situation, item: str) -> Iterator[tuple[list[str], _Situation]]:
        world, treatment = self._world, self._goal.treatment
        if treatment and item not in situation.treated:
            for appliance in self._appliances:
                steps, after = self._walk(situation, appliance)
                steps.append(f"{treatment.verb} {world.names[item]} with {world.names[appliance]}")
                yield steps, replace(after, treated=after.treated | {item})
        here = [r for r in world.receptacles() if world.location[r] == situation.at]
        yield from self._putting(situation, item, [*here, *self._targets])

    def _putting(
        self, situation: _Situation, item: str, receptacles: list[str]
    ) -> Iterator[tuple[list[str], _Situation]]:
        world = self._world
        index = self._candidates.index(item) if item in self._candidates else None
        for receptacle in receptacles:
            if world.kind[item] not in world.takes[world.kind[receptacle]]:
                continue
            steps, after = self._reach(situation, receptacle)
            steps.append(self._put.format(world.names[item], world.names[receptacle]))
            where = after.where if index is None else _changed(after.where, index, receptacle)
            yield steps, replace(after, held=None, where=where)

    def _walk(self, situation: _Situation, receptacle: str) -> tuple[list[str], _Situation]:
        """Return the commands that lead to a receptacle, none if it is in reach."""
        spot = self._world.location[receptacle]
        if spot == situation.at:
            return [], situation
        return [f"go to {self._world.names[receptacle]}"], replace(situation, at=spot)

    def _reach(self, situation: _Situation, receptacle: str) -> tuple[list[str], _Situation]:
        """Return the commands that lead to a receptacle and into it."""
        steps, after = self._walk(situation, receptacle)
        if receptacle in self._world.openable and receptacle not in situation.opened:
            steps.append(f"open {self._world.names[receptacle]}")
            after = replace(after, opened=after.opened | {receptacle})
        return steps, after

    def _spot_of(self, lamp: str) -> str:
        return self._world.location[self._world.inside[lamp]]


def _changed(
    where: tuple[str | None, ...], index: int, receptacle: str | None
) -> tuple[str | None, ...]:
    return (*where[:index], receptacle, *where[index + 1 :])
