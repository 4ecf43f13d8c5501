"""A room with objects in it and something to do, as ground facts and as a PDDL problem."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from .goals import Goal
from .household import LAMP, LAMP_PLACES, OBJECTS, OPENABLE
from .rooms import Receptacle

AGENT = "agent1"
# In the middle of the room, beside nothing.
START = "loc|0|0|0|0"
# Kinds that actions of the domain name, whether the room has one or not.
NAMED_RECEPTACLES = ("Fridge", "Microwave", "SinkBasin")
NAMED_OBJECTS = ("ButterKnife", "Knife")

Fact = tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """An object and the receptacle it lies in at the start."""

    id: str
    kind: str
    receptacle: Receptacle


@dataclass(frozen=True)
class Scene:
    """A task without its words.

    Attributes:
        receptacles: What stands in the room.
        items: What lies in it.
        goal: What to do.
        anything_anywhere: Whether every receptacle takes every kind of object.
    """

    receptacles: tuple[Receptacle, ...]
    items: tuple[Item, ...]
    goal: Goal
    anything_anywhere: bool = False

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """What holds at the start, ids as PDDL has them."""
        facts: list[Fact] = [("atLocation", AGENT, mangled(START))]
        for receptacle in self.receptacles:
            id = mangled(receptacle.id)
            facts.append(("receptacleAtLocation", id, mangled(receptacle.location)))
            facts.append(("receptacleType", id, f"{receptacle.kind}Type"))
            if receptacle.kind in OPENABLE:
                facts.append(("openable", id))
        for item in self.items:
            id = mangled(item.id)
            facts.append(("objectType", id, f"{item.kind}Type"))
            facts.append(("inReceptacle", id, mangled(item.receptacle.id)))
            facts.append(("objectAtLocation", id, mangled(item.receptacle.location)))
            facts.extend((trait, id) for trait in _traits(item.kind))
        facts.extend(
            ("canContain", f"{receptacle_kind}Type", f"{object_kind}Type")
            for receptacle_kind in self._receptacle_kinds
            for object_kind in self._object_kinds
            if self.anything_anywhere or fits(object_kind, receptacle_kind)
        )
        return tuple(facts)

    @cached_property
    def problem(self) -> str:
        """The PDDL problem."""
        locations = dict.fromkeys([START, *(r.location for r in self.receptacles)])
        objects = {
            "agent": [AGENT],
            "location": map(mangled, locations),
            "receptacle": [mangled(receptacle.id) for receptacle in self.receptacles],
            "object": [mangled(item.id) for item in self.items],
            "rtype": [f"{kind}Type" for kind in self._receptacle_kinds],
            "otype": [f"{kind}Type" for kind in self._object_kinds],
        }
        declared = (f"    {id} - {type_}" for type_, ids in objects.items() for id in ids)
        facts = (f"    ({' '.join(fact)})" for fact in self.facts)
        return "\n".join(
            [
                "(define (problem household)",
                "  (:domain alfred)",
                "  (:objects",
                *declared,
                "  )",
                "  (:init",
                *facts,
                "  )",
                f"  (:goal {self.goal.pddl()})",
                ")\n",
            ]
        )

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of scene and goal; not of ids, wording or how it was drawn."""
        return hashlib.sha256(self.problem.encode()).hexdigest()

    @cached_property
    def _receptacle_kinds(self) -> list[str]:
        return sorted({*NAMED_RECEPTACLES, *(r.kind for r in self.receptacles)})

    @cached_property
    def _object_kinds(self) -> list[str]:
        return sorted({*NAMED_OBJECTS, *(item.kind for item in self.items)})


def mangled(id: str) -> str:
    """Return an id of AI2-THOR without the characters that PDDL forbids."""
    for character, word in (("|", "bar"), ("-", "minus"), ("+", "plus"), (".", "dot")):
        id = id.replace(character, f"_{word}_")
    return id


def fits(object_kind: str, receptacle_kind: str) -> bool:
    """Return whether such a receptacle may hold such an object."""
    if object_kind == LAMP:
        return receptacle_kind in LAMP_PLACES
    return receptacle_kind in OBJECTS[object_kind].places


def _traits(kind: str) -> tuple[str, ...]:
    return ("toggleable",) if kind == LAMP else OBJECTS[kind].traits
