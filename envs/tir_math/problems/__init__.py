"""Generated problems: ten families of five levels, each with a program that proves its answer."""

from collections.abc import Mapping

from . import (
    arithmetic,
    calculus,
    counting,
    equations,
    geometry,
    modular,
    number_theory,
    probability,
    series,
    word_problems,
)
from .draw import Draw
from .problem import Maker, Problem

__all__ = ["FAMILIES", "LEVELS", "Draw", "Problem", "make", "normalised"]

FAMILIES: Mapping[str, tuple[Maker, ...]] = {
    "arithmetic": arithmetic.LEVELS,
    "modular": modular.LEVELS,
    "counting": counting.LEVELS,
    "equations": equations.LEVELS,
    "number-theory": number_theory.LEVELS,
    "series": series.LEVELS,
    "geometry": geometry.LEVELS,
    "calculus": calculus.LEVELS,
    "probability": probability.LEVELS,
    "word-problems": word_problems.LEVELS,
}
LEVELS = range(1, 6)
# Not the signs of mathematics: `x + 3` is not `x − 3`.
_PUNCTUATION = str.maketrans(dict.fromkeys(".,;:?!", " "))
_THOUGHTS = (
    "Let me compute this with a short program.",
    "This is best left to a program.",
    "I will let Python work it out.",
    "A few lines of Python give the exact answer.",
)


def make(family: str, level: int, draw: Draw) -> Problem:
    """Draw a problem."""
    problem = FAMILIES[family][level - 1](draw)
    return problem._replace(family=family, level=level, thought=draw.pick(_THOUGHTS))


def normalised(text: str) -> str:
    """Return a problem's text without letter case, spacing and punctuation, to compare it."""
    return " ".join(text.casefold().replace("−", "-").translate(_PUNCTUATION).split())
