"""The value of an expression: exact where it is rational, else to 160 digits."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction

from .expression import Expression, Letter, Number, UnreadableError
from .functions import (
    APPROXIMATE,
    EXACT,
    LARGEST_EXPONENT,
    Value,
    approximate,
    clean,
    context,
    square_root,
    tiny,
)

# Numbers of more bits than this are rounded, and then can only be found different.
_BITS = 20_000
# Bits of all exact results together: a fraction of a second.
_WORK = 10_000_000


def sample(letter: str, round_: int) -> Fraction:
    """Return the number that stands for a letter, above 1, below −1 and between them in turn."""
    drawn = int.from_bytes(hashlib.sha256(f"{letter} {round_}".encode()).digest()[:4], "big")
    fraction = Fraction(drawn % 7_919, 7_919)
    return (1 + fraction, -1 - fraction, fraction / 2 + Fraction(1, 4))[round_ % 3]


class Calculator:
    """Calculates expressions at one point.

    Args:
        round_: Which number each letter stands for.

    Attributes:
        rounded: Whether an exact result was too large to keep.
    """

    def __init__(self, round_: int = 0) -> None:
        self._round = round_
        self._work = 0
        self.rounded = False

    def __call__(self, expression: Expression) -> Value:
        """Return the value of an expression.

        Raises:
            UnreadableError: If it has none, or finding it takes too long.
        """
        try:
            return self._value(expression)
        except (ArithmeticError, LookupError, ValueError, TypeError) as error:
            raise UnreadableError from error

    def _value(self, expression: Expression) -> Value:
        if isinstance(expression, Number):
            return expression.value
        if isinstance(expression, Letter):
            return sample(expression.name, self._round)
        values = [self._value(argument) for argument in expression.arguments]
        return self._kept(self._apply(expression.name, values))

    def _kept(self, value: Value) -> Value:
        if isinstance(value, Fraction):
            bits = value.numerator.bit_length() + value.denominator.bit_length()
            self._work += bits
            if self._work > _WORK:
                raise UnreadableError
            if bits > _BITS:
                self.rounded = True
                return approximate(value)
        elif not context().isfinite(value):
            raise UnreadableError
        return value

    def _apply(self, name: str, values: Sequence[Value]) -> Value:
        if name in ("+", "-"):
            return self._added(name, values)
        if name == "^":
            return self._power(values[0], values[1])
        rational = [value for value in values if isinstance(value, Fraction)]
        if len(rational) == len(values) and name in EXACT:
            exact = EXACT[name](*rational)
            if exact is not None:
                return exact
        return clean(APPROXIMATE[name](context(), *map(approximate, values)))

    def _added(self, name: str, values: Sequence[Value]) -> Value:
        first, second = values if len(values) == 2 else (Fraction(0), values[0])
        if name == "-":
            second = -second
        if isinstance(first, Fraction) and isinstance(second, Fraction):
            return first + second
        a, b = approximate(first), approximate(second)
        total = a + b
        largest = max(abs(a), abs(b))
        return total if abs(total) > largest * tiny() else context().mpf(0)

    def _power(self, base: Value, exponent: Value) -> Value:
        if isinstance(base, Fraction) and isinstance(exponent, Fraction):
            if exponent.denominator == 1:
                power = exponent.numerator
                bits = max(base.numerator.bit_length(), base.denominator.bit_length())
                if abs(power) * (bits - 1) <= _BITS:
                    return base**power
                if base in (0, 1, -1):
                    return base if power % 2 or base >= 0 else -base
                self.rounded = True
            elif exponent == Fraction(1, 2) and (root := square_root(base)) is not None:
                return root
        b, e = approximate(base), approximate(exponent)
        if abs(e) * (1 + abs(context().mag(b) if b else 0)) > LARGEST_EXPONENT:
            raise UnreadableError
        return clean(b**e)
