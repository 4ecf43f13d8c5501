"""The six kinds of task: what is asked, in words and in PDDL."""

from collections.abc import Iterator
from dataclasses import dataclass

from arlarena_bench.errors import ArenaError

from .engine.sexpr import Tree

TASKS = (
    "pick_and_place_simple",
    "look_at_obj_in_light",
    "pick_clean_then_place_in_recep",
    "pick_heat_then_place_in_recep",
    "pick_cool_then_place_in_recep",
    "pick_two_obj_and_place",
)
# As the tables of papers call them.
SHORT_NAMES = dict(zip(TASKS, ("pick", "look", "clean", "heat", "cool", "pick2"), strict=True))

_WORDS = {
    "pick_and_place_simple": ("put a {object} in {target}", "put some {object} on {target}"),
    "look_at_obj_in_light": (
        "look at {object} under the {target}",
        "examine the {object} with the {target}",
    ),
    "pick_two_obj_and_place": (
        "put two {object} in {target}",
        "find two {object} and put them in {target}",
    ),
}


@dataclass(frozen=True)
class Treatment:
    """Something done to an object before it is put away.

    Attributes:
        verb: Of the command.
        adjective: Of the object afterwards, as goals are worded.
        appliance: Kind of receptacle that does it.
        needs: Predicate of objects it can be done to.
        gives: Predicate of objects it was done to.
    """

    verb: str
    adjective: str
    appliance: str
    needs: str
    gives: str


TREATMENTS = {
    "pick_clean_then_place_in_recep": Treatment(
        "clean", "clean", "SinkBasin", "cleanable", "isClean"
    ),
    "pick_heat_then_place_in_recep": Treatment("heat", "hot", "Microwave", "heatable", "isHot"),
    "pick_cool_then_place_in_recep": Treatment("cool", "cool", "Fridge", "coolable", "isCool"),
}


@dataclass(frozen=True)
class Goal:
    """What one task asks for.

    Attributes:
        task: One of `TASKS`.
        object: Kind of object.
        target: Kind of receptacle it goes to, or of lamp it is looked at under.
    """

    task: str
    object: str
    target: str

    @property
    def short_name(self) -> str:
        """Return the type of task as tables call it."""
        return SHORT_NAMES[self.task]

    @property
    def treatment(self) -> Treatment | None:
        """What is to be done to the object first."""
        return TREATMENTS.get(self.task)

    @property
    def count(self) -> int:
        """How many objects it takes."""
        return 2 if self.task == "pick_two_obj_and_place" else 1

    @property
    def looks(self) -> bool:
        """Whether the object is looked at under a lamp instead of put somewhere."""
        return self.task == "look_at_obj_in_light"

    def wordings(self) -> tuple[str, str]:
        """Return the two sentences in which ALFWorld asks for it."""
        if self.treatment:
            words = (
                f"put a {self.treatment.adjective} {{object}} in {{target}}",
                f"{self.treatment.verb} some {{object}} and put it in {{target}}",
            )
        else:
            words = _WORDS[self.task]
        first, second = (
            text.format(object=self.object.lower(), target=self.target.lower()) for text in words
        )
        return first, second

    def pddl(self) -> str:
        """Return the condition as PDDL."""
        if self.looks:
            return (
                "(and (exists (?lamp - object ?r - receptacle ?l - location ?a - agent)"
                f" (and (objectType ?lamp {self.target}Type) (toggleable ?lamp) (isToggled ?lamp)"
                " (inReceptacle ?lamp ?r) (receptacleAtLocation ?r ?l) (atLocation ?a ?l)))"
                " (exists (?o - object ?a - agent)"
                f" (and (objectType ?o {self.object}Type) (holds ?a ?o))))"
            )
        things = [f"?o{number}" for number in range(1, self.count + 1)]
        conditions = [f"(receptacleType ?r {self.target}Type)"]
        for thing in things:
            conditions.append(f"(objectType {thing} {self.object}Type)")
            conditions.append(f"(inReceptacle {thing} ?r)")
            if self.treatment:
                conditions.append(f"({self.treatment.needs} {thing})")
                conditions.append(f"({self.treatment.gives} {thing})")
        if self.count == 2:
            conditions.append("(not (= ?o1 ?o2))")
        variables = f"?r - receptacle {' '.join(things)} - object"
        return f"(exists ({variables}) (and {' '.join(conditions)}))"

    @classmethod
    def read(cls, tree: Tree) -> "Goal":
        """Return the goal that a game's PDDL states, whichever way it is written.

        Args:
            tree: Nested lists of words in lower case; so will be the kinds of the goal.

        Raises:
            ArenaError: If it is none of the six.
        """
        literals = [literal for literal in _literals(tree) if literal[0] != "not"]
        kinds = {
            variable: kind.removesuffix("type")
            for predicate, variable, *rest in literals
            if predicate in ("objecttype", "receptacletype")
            for kind in rest
        }
        objects = sorted({literal[1] for literal in literals if literal[0] == "objecttype"})
        targets = {literal[1] for literal in literals if literal[0] == "receptacletype"}
        given = {literal[0] for literal in literals}
        lamps = [literal[1] for literal in literals if literal[0] == "istoggled"]
        treated = [task for task, how in TREATMENTS.items() if how.gives.lower() in given]
        wanted = {kinds[variable] for variable in objects if variable not in lamps}
        if not given.isdisjoint({"issliced", "inreceptacleobject"}) or len(wanted) != 1:
            raise ArenaError("the goal is none of the six types of task")
        (item,) = wanted
        if lamps and lamps[0] in kinds:
            return cls("look_at_obj_in_light", item, kinds[lamps[0]])
        if len(targets) != 1 or len(treated) > 1 or len(objects) > 2:
            raise ArenaError("the goal is none of the six types of task")
        target = kinds[targets.pop()]
        if len(objects) == 2:
            return cls("pick_two_obj_and_place", item, target)
        return cls(treated[0] if treated else "pick_and_place_simple", item, target)


def _literals(tree: Tree) -> Iterator[list[str]]:
    """Yield every list of words in a tree that holds no further list."""
    if isinstance(tree, str):
        return
    words = [part for part in tree if isinstance(part, str)]
    if words and len(words) == len(tree):
        yield words
    for part in tree:
        yield from _literals(part)
