"""The state of a game as sets and tables, read off its ground facts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

Fact = tuple[str, ...]

# What was done to objects, and so tells states apart.
_DONE = ("isclean", "ishot", "iscool", "ison", "istoggled", "issliced")
_CHANGING = {"atlocation", "holds", "opened", "inreceptacle", "checked", "holdsany", *_DONE}


@dataclass
class World:
    """What is true now. Ids, kinds and predicates are in lower case; kinds end in `type`.

    Attributes:
        names: Id → name in observations and commands.
        at: Where the agent is.
        held: What the agent holds.
        location: Receptacle → the spot from which it is reached.
        kind: Receptacle or object → kind.
        openable: Receptacles that can be closed.
        opened: Those that are open.
        inside: Object → the receptacle it lies in.
        takes: Kind of receptacle → kinds of objects it may hold.
        having: Predicate of one argument → the objects it holds of.
    """

    names: Mapping[str, str]
    at: str = ""
    held: str | None = None
    location: dict[str, str] = field(default_factory=dict)
    kind: dict[str, str] = field(default_factory=dict)
    openable: set[str] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    inside: dict[str, str] = field(default_factory=dict)
    takes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    having: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def read(cls, facts: Iterable[Fact], names: Mapping[str, str]) -> "World":
        """Build the state from ground facts in lower case."""
        world = cls(names)
        for fact in facts:
            world._enter(fact)
        return world

    def now(self, facts: Iterable[Fact]) -> "World":
        """Return the state of the same game at another time; what cannot change is shared."""
        lasting = {p: things for p, things in self.having.items() if p not in _CHANGING}
        world = replace(self, held=None, opened=set(), inside={}, having=defaultdict(set, lasting))
        for fact in facts:
            if fact[0] in _CHANGING:
                world._enter(fact)
        return world

    def _enter(self, fact: Fact) -> None:
        match fact:
            case ("atlocation", _, location):
                self.at = location
            case ("holds", _, item):
                self.held = item
            case ("receptacleatlocation", receptacle, location):
                self.location[receptacle] = location
            case ("receptacletype" | "objecttype", thing, kind):
                self.kind[thing] = kind
            case ("openable", receptacle):
                self.openable.add(receptacle)
            case ("opened", receptacle):
                self.opened.add(receptacle)
            case ("inreceptacle", item, receptacle):
                self.inside[item] = receptacle
            case ("cancontain", receptacle_kind, object_kind):
                self.takes[receptacle_kind].add(object_kind)
            case (predicate, thing):
                self.having[predicate].add(thing)

    def is_closed(self, receptacle: str) -> bool:
        """Return whether a receptacle must be opened before anything is seen or moved."""
        return receptacle in self.openable and receptacle not in self.opened

    def here(self) -> list[str]:
        """Return the receptacles in reach, in the order of their names."""
        reached = (r for r, location in self.location.items() if location == self.at)
        return sorted(reached, key=self.order)

    def contents(self, receptacle: str) -> list[str]:
        """Return what lies in a receptacle, in the order of names."""
        items = (item for item, where in self.inside.items() if where == receptacle)
        return sorted(items, key=self.order)

    def receptacles(self) -> list[str]:
        """Return every receptacle, in the order of their names."""
        return sorted(self.location, key=self.order)

    def of_kind(self, kind: str) -> list[str]:
        """Return everything of a kind such as `"CounterTop"`, in the order of names."""
        wanted = f"{kind.lower()}type"
        return sorted((thing for thing, k in self.kind.items() if k == wanted), key=self.order)

    def order(self, thing: str) -> tuple[str, int]:
        """Return the key by which things are listed: the word, then the number."""
        word, _, number = self.names[thing].partition(" ")
        return word, int(number or 0)

    def key(self) -> str:
        """Return a text that two states share if and only if nothing tells them apart."""
        names = self.names
        lying = sorted((names[item], names[where]) for item, where in self.inside.items())
        done = sorted(
            (predicate, names[item]) for predicate in _DONE for item in self.having[predicate]
        )
        opened = sorted(names[receptacle] for receptacle in self.opened)
        held = names[self.held] if self.held else None
        return repr((self.at, held, opened, lying, done))

    def adjectives(self, item: str) -> list[str]:
        """Return what was done to an object, of `"hot"`, `"cool"` and `"clean"`."""
        words = (("ishot", "hot"), ("iscool", "cool"), ("isclean", "clean"))
        return [word for predicate, word in words if item in self.having[predicate]]
