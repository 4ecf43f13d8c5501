"""What a problem is, and how its parts are written."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import isqrt
from string import Template
from textwrap import dedent
from typing import NamedTuple

from .draw import Draw


class Problem(NamedTuple):
    """A problem with its proof.

    Attributes:
        text: What is asked.
        answer: The right answer in LaTeX, found in another way than by the program where there
            is one.
        program: Python that prints the answer.
        family: What kind of problem it is.
        level: From 1 to 5.
        thought: What a demonstration says before it writes the program.
        slip: The program of someone who makes the usual mistake; empty where none is known.
    """

    text: str
    answer: str
    program: str
    family: str = ""
    level: int = 0
    thought: str = ""
    slip: str = ""


Maker = Callable[[Draw], Problem]


def program(text: str, **numbers: object) -> str:
    """Return a program from its indented text, with each `$name` replaced."""
    return Template(dedent(text).strip()).substitute(numbers)


def fraction(value: Fraction | int) -> str:
    """Write a rational number, in lowest terms."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def root(square: Fraction) -> str:
    """Write the square root of a positive rational number with a square-free radicand."""
    # √(a²b / c²d) = a√(bd) / cd, and b and d have no common factor.
    above, below = _square_factor(square.numerator), _square_factor(square.denominator)
    rest = square.denominator // below**2
    factor, under = Fraction(above, below * rest), square.numerator // above**2 * rest
    if under == 1:
        return fraction(factor)
    top = "" if factor.numerator == 1 else f"{factor.numerator} "
    radical = f"{top}\\sqrt{{{under}}}"
    return radical if factor.denominator == 1 else f"\\frac{{{radical}}}{{{factor.denominator}}}"


def _square_factor(number: int) -> int:
    return max(n for n in range(1, isqrt(number) + 1) if number % (n * n) == 0)


def polynomial(coefficients: Iterable[Fraction | int], variable: str = "x") -> str:
    """Write a polynomial, given its coefficients from the highest power down to the constant."""
    listed = [Fraction(c) for c in coefficients]
    terms = ""
    for power, value in zip(range(len(listed) - 1, -1, -1), listed, strict=True):
        if value == 0:
            continue
        sign = "-" if value < 0 else "+"
        size = "" if abs(value) == 1 and power else fraction(abs(value))
        tail = {0: "", 1: variable}.get(power, f"{variable}^{power}")
        terms += f" {sign} {size}{tail}" if terms else f"{sign.strip('+')}{size}{tail}"
    return terms or "0"


def signed(value: int) -> str:
    """Write a number as what is added: `+ 3` or `- 3`."""
    return f"{'-' if value < 0 else '+'} {abs(value)}"
