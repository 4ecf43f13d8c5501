"""Colours by their plainest name, as the original compares options."""

from collections.abc import Container
from typing import cast

# The original's list (princeton-nlp/WebShop, MIT), in its order: the first that occurs counts.
_LIST = """
alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown
burgundy camel camo caramel champagne charcoal cheetah chestnut chocolate christmas coffee
cognac copper coral cranberry cream crystal dark denim eggplant elephant espresso fuchsia gold
granite grape graphite grass gray green grey heather indigo ivory ivy khaki lavender lemon
leopard light lilac lime magenta maroon mauve merlot midnight mint mocha multicolor mushroom
mustard natural navy nude olive orange peach pewter pink plum purple rainbow red rose royal rust
sand sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger
turquoise violet walnut wheat white wine yellow
"""
COLOURS = tuple(_LIST.split())


def plain_colour(option: object) -> object:
    """Return the first colour that an option contains, or the option itself.

    A string contains its substrings. Goals made by rule have `(name, value)` pairs, and of a pair
    only a whole member counts: the original compares them so, and scores depend on it.
    """
    inside = cast(Container[str], option)
    return next((colour for colour in COLOURS if colour in inside), option)
