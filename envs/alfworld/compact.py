"""A short way to say what a household looks like, for models with a small vocabulary.

Three lines: the other places, clockwise from here; what is in or on the place here; what is held.
What was done to an object stands before its name, so that no earlier turn need be remembered.
"""

from .world import World

NOWHERE = "door"
"""Where the agent stands at the start: beside nothing."""


def describe(world: World) -> str:
    """Return what is seen from where the agent is."""
    places = ", ".join(world.names[place] for place in clockwise(world))
    here = world.here()
    at = world.names[here[0]] if here else NOWHERE
    held = _name(world, world.held) if world.held else "nothing"
    return f"ahead: {places}\nat {at}: {_seen(world, here)}\nhold {held}"


def clockwise(world: World) -> list[str]:
    """Return the other receptacles, beginning with the one after the agent's."""
    around, here = world.receptacles(), world.here()
    after = around.index(here[-1]) + 1 if here else 0
    return [place for place in around[after:] + around[:after] if place not in here]


def _seen(world: World, here: list[str]) -> str:
    if any(world.is_closed(place) for place in here):
        return "closed"
    items = [_name(world, item) for place in here for item in world.contents(place)]
    return ", ".join(items) or "empty"


def _name(world: World, item: str) -> str:
    return " ".join([*world.adjectives(item), world.names[item]])
