"""Functions of numbers: exact ones of fractions, and all others to 160 digits."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import comb, factorial, gcd, isqrt, lcm
from typing import Any

from .expression import UnreadableError

_DIGITS = 160
# Results so much smaller than what they came from are nothing but rounding.
_NOISE = 100
_LARGEST_FACTORIAL = 2_500
# Of a binomial coefficient, in bits.
_LARGEST = 20_000
# Beyond it an exponent is no longer a number of a few words.
LARGEST_EXPONENT = 2**60
_LARGEST_ANGLE = 2**400

# A real or complex number of mpmath, which has no types.
Approximate = Any
Value = Fraction | Approximate


@cache
def context() -> Any:
    """Return mpmath with a precision of its own, which nobody else changes."""
    from mpmath.ctx_mp import MPContext

    made = MPContext()
    made.dps = _DIGITS
    return made


def approximate(value: Value) -> Approximate:
    """Return a value as mpmath's number."""
    if isinstance(value, Fraction):
        return context().mpf(value.numerator) / value.denominator
    return value


def tiny() -> Approximate:
    """Return the share of a number that is only rounding."""
    return context().mpf(10) ** -_NOISE


def clean(value: Approximate) -> Approximate:
    """Make parts zero that are only rounding: the sine of π, the real part of i²."""
    own = context()
    if not own.isfinite(value):
        raise UnreadableError
    noise = tiny()
    if isinstance(value, own.mpc):
        size = abs(value)
        real = value.real if abs(value.real) > size * noise else own.mpf(0)
        imaginary = value.imag if abs(value.imag) > size * noise else own.mpf(0)
        value = own.mpc(real, imaginary) if imaginary else real
    return value


def square_root(value: Fraction) -> Fraction | None:
    """Return the square root of a fraction if that is a fraction."""
    if value < 0:
        return None
    above, below = isqrt(value.numerator), isqrt(value.denominator)
    exact = above * above == value.numerator and below * below == value.denominator
    return Fraction(above, below) if exact else None


def _whole(*values: Fraction) -> list[int]:
    if any(value.denominator != 1 for value in values):
        raise UnreadableError
    return [value.numerator for value in values]


def _factorial(value: Fraction) -> Fraction | None:
    if value.denominator != 1:
        return None  # of a letter
    n = value.numerator
    if not 0 <= n <= _LARGEST_FACTORIAL:
        raise UnreadableError
    return Fraction(factorial(n))


def _binomial(above: Fraction, below: Fraction) -> Fraction | None:
    if above.denominator != 1:
        return None  # of a letter
    n, k = _whole(above, below)
    if n < 0 or k < 0 or min(k, n - k) * n.bit_length() > _LARGEST:
        raise UnreadableError
    return Fraction(comb(n, k))


def _quotient(above: Fraction, below: Fraction = Fraction(1)) -> Fraction:
    return above / below


EXACT: dict[str, Callable[..., Fraction | None]] = {
    "*": lambda a, b: a * b,
    "/": _quotient,
    "abs": abs,
    "sqrt": square_root,
    "factorial": _factorial,
    "binomial": _binomial,
    "floor": lambda a: Fraction(a.__floor__()),
    "ceil": lambda a: Fraction(a.__ceil__()),
    "gcd": lambda *a: Fraction(gcd(*_whole(*a))),
    "lcm": lambda *a: Fraction(lcm(*_whole(*a))),
    "max": max,
    "min": min,
    "Mod": lambda a, b: a % b,
    "re": lambda a: a,
    "conjugate": lambda a: a,
    "im": lambda a: Fraction(0),
    "sign": lambda a: Fraction((a > 0) - (a < 0)),
}


def _angle(name: str) -> Callable[[Any, Approximate], Approximate]:
    def apply(own: Any, value: Approximate) -> Approximate:
        if abs(value) > _LARGEST_ANGLE:
            raise UnreadableError
        result = getattr(own, name)(value)
        # A multiple of π is known only to so many digits.
        return result if abs(result) > tiny() else own.mpf(0)

    return apply


def _reciprocal(name: str) -> Callable[[Any, Approximate], Approximate]:
    apply = _angle(name)
    return lambda own, value: 1 / apply(own, value)


def _exponential(own: Any, value: Approximate) -> Approximate:
    if abs(value) > LARGEST_EXPONENT:
        raise UnreadableError
    return own.exp(value)


def _root(own: Any, value: Approximate, order: Approximate) -> Approximate:
    odd = own.isint(order) and int(order) % 2 == 1
    if odd and own.im(value) == 0 and own.re(value) < 0:
        return -own.power(-value, 1 / order)
    return own.power(value, 1 / order)


def _logarithm(own: Any, value: Approximate, base: Approximate | None = None) -> Approximate:
    return own.log(value) if base is None else own.log(value) / own.log(base)


def _rounding(name: str) -> Callable[[Any, Approximate], Approximate]:
    def apply(own: Any, value: Approximate) -> Approximate:
        if abs(value) > 10**_NOISE or abs(value - own.nint(value)) < tiny():
            raise UnreadableError
        return getattr(own, name)(value)

    return apply


def _gamma(own: Any, *values: Approximate) -> Approximate:
    """Return n! for what is no whole number, or the binomial coefficient of two numbers."""
    if any(abs(value) > _LARGEST_FACTORIAL for value in values):
        raise UnreadableError
    if len(values) == 1:
        return own.gamma(values[0] + 1)
    n, k = values
    return own.gammaprod([n + 1], [k + 1, n - k + 1])


APPROXIMATE: dict[str, Callable[..., Approximate]] = {
    "*": lambda own, a, b: a * b,
    "/": lambda own, a, b: a / b,
    "π": lambda own: +own.pi,
    "e": lambda own: own.exp(1),
    "i": lambda own: own.mpc(0, 1),
    "golden": lambda own: (1 + own.sqrt(5)) / 2,
    "degree": lambda own, a: a * own.pi / 180,
    "abs": lambda own, a: abs(a),
    "sqrt": lambda own, a: own.sqrt(a),
    "cbrt": lambda own, a: _root(own, a, own.mpf(3)),
    "root": _root,
    "exp": _exponential,
    "factorial": _gamma,
    "binomial": _gamma,
    "ln": _logarithm,
    "log": _logarithm,
    "log10": lambda own, a: own.log(a) / own.log(10),
    "log2": lambda own, a: own.log(a) / own.log(2),
    "floor": _rounding("floor"),
    "ceil": _rounding("ceil"),
    "max": lambda own, *a: max(a),
    "min": lambda own, *a: min(a),
    "re": lambda own, a: own.re(a),
    "im": lambda own, a: own.im(a),
    "sign": lambda own, a: own.sign(a),
    "conjugate": lambda own, a: own.conj(a),
    **{
        name: _angle(name)
        for name in (
            "sin",
            "cos",
            "tan",
            "sinh",
            "cosh",
            "tanh",
            "asin",
            "acos",
            "atan",
            "asinh",
            "acosh",
            "atanh",
        )
    },
    **{
        name: _reciprocal(inverse)
        for name, inverse in {
            "cot": "tan",
            "sec": "cos",
            "csc": "sin",
            "coth": "tanh",
            "sech": "cosh",
            "csch": "sinh",
        }.items()
    },
    "acot": lambda own, a: own.acot(a),
    "asec": lambda own, a: own.asec(a),
    "acsc": lambda own, a: own.acsc(a),
}
