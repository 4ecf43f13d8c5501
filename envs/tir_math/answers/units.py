"""Units of measure that answers carry."""

import re
from fractions import Fraction

# Dimension → (names, size), from which a quantity can be converted to another of its dimension.
_TABLE: dict[str, tuple[tuple[str, Fraction], ...]] = {
    "length": (
        ("mm millimeter millimetre", Fraction(1, 1000)),
        ("cm centimeter centimetre", Fraction(1, 100)),
        ("m meter metre", Fraction(1)),
        ("km kilometer kilometre", Fraction(1000)),
        ("in inch inches", Fraction(254, 10000)),
        ("ft foot feet", Fraction(3048, 10000)),
        ("yd yard", Fraction(9144, 10000)),
        ("mi mile", Fraction(1609344, 1000)),
    ),
    "mass": (
        ("mg milligram", Fraction(1, 1000)),
        ("g gram", Fraction(1)),
        ("kg kilogram", Fraction(1000)),
        ("lb lbs pound", Fraction(45359237, 100000)),
    ),
    "time": (
        ("s sec second", Fraction(1)),
        ("min minute", Fraction(60)),
        ("h hr hour", Fraction(3600)),
        ("day", Fraction(86400)),
        ("week", Fraction(604800)),
    ),
    "volume": (
        ("ml milliliter millilitre", Fraction(1, 10**6)),
        ("l liter litre", Fraction(1, 1000)),
    ),
    "money": (("cent", Fraction(1, 100)), ("$ dollar", Fraction(1))),
    "euro": (("€ euro", Fraction(1)),),
    "pound sterling": (("£", Fraction(1)),),
    "angle": (("° degree deg", Fraction(1)),),
    "speed": (("mph", Fraction(1609344, 3600000)), ("kmh kph km/h", Fraction(1000, 3600))),
}
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_VOLUME = 3
_NAMES = {
    name: (dimension, size)
    for dimension, units in _TABLE.items()
    for names, size in units
    for name in names.split()
}
# Names of one letter are variables unless they stand in \text{…}.
WORDS = frozenset(name for name in _NAMES if len(name) > 1 and name.isalpha()) | {
    *(name + "s" for name in _NAMES if len(name) > 2 and name.isalpha()),
    *("unit", "units", "square", "sq", "cubic", "cu"),
}
_POWER = re.compile(r"\^?([23])$|\^\{([23])\}$")


def measure(unit: str) -> tuple[str, Fraction] | None:
    """Return a unit's dimension and size, None for words that are no known unit.

    `square units` and the like have a dimension of their own only in name: they are no known unit.
    """
    words = unit.lower().replace(".", " ").split()
    power = 1
    if words and words[0] in _POWERS:
        power = _POWERS[words.pop(0)]
    if words and (raised := _POWER.search(words[-1])):
        power = int(raised[1] or raised[2])
        words[-1] = words[-1][: raised.start()]
    name = "".join(words)
    known = _NAMES.get(name) or _NAMES.get(name.removesuffix("s"))
    if known is None:
        return None
    dimension, size = known
    if power > 1:
        if dimension != "length":
            return None
        dimension = "volume" if power == _VOLUME else "area"
    return dimension, size**power
