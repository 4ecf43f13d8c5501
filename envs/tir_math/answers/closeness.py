"""Whether two quantities are one: exactly, but for what floats and six decimals leave out."""

from fractions import Fraction

from .arithmetic import Calculator
from .expression import Call, Expression, Quantity, UnreadableError, digits, letters, number
from .functions import Approximate, Value, approximate, context
from .units import measure

ROUNDS = 3
# The digits to which numbers that are no fractions must be equal to count as one.
_EQUAL = 100
# Half a unit of the sixth decimal, and of small numbers no more than that share.
_DECIMALS = Fraction(1, 2_000_000)
_SHARE = Fraction(1, 20_000)
# Of a decimal this long all digits but the last must agree, at most `_ASKED` of them.
_LONG, _ASKED = 12, 14
# In bits, of numbers that are compared to so many digits.
_LARGEST_EXPONENT = 50_000
# What a program may print for nothing.
_NOTHING = Fraction(1, 10**12)
# Up to here a float tells whole numbers apart.
_WHOLE = 2**53


def numbers_agree(gold: Value, answer: Value, precision: int) -> bool:
    """Return whether two numbers are one, as the environment's card states the rule.

    Args:
        gold: The right one.
        answer: The other.
        precision: Significant digits of the longest decimal in either; 0 if both are exact.
    """
    if isinstance(gold, Fraction) and isinstance(answer, Fraction):
        difference, size = abs(gold - answer), max(abs(gold), abs(answer))
        whole = gold.denominator == answer.denominator == 1
        if not precision or not difference or (whole and size < _WHOLE):
            return not difference
        return difference <= (_NOTHING if not gold else _tolerance(size, precision))
    own = context()
    a, b = approximate(gold), approximate(answer)
    difference, size = abs(a - b), max(abs(a), abs(b))
    if difference <= size * own.mpf(10) ** -_EQUAL:
        return True
    if not precision:
        return False
    # Exact fractions of so many digits serve for a tolerance.
    allowed = _NOTHING if not a else _tolerance(_fraction(size), precision)
    return bool(difference <= approximate(allowed))


def _tolerance(size: Fraction, precision: int) -> Fraction:
    allowed = min(_DECIMALS, size * _SHARE)
    if precision >= _LONG:
        allowed = max(allowed, size / 10 ** min(precision - 1, _ASKED))
    return allowed


def _fraction(size: Approximate) -> Fraction:
    """Return an approximate number that is not negative as a fraction."""
    exponent = int(context().mag(size))
    if abs(exponent) > _LARGEST_EXPONENT:
        raise UnreadableError
    # A hundred bits are plenty for a tolerance.
    mantissa = Fraction(int(context().ldexp(size, 100 - exponent)))
    return mantissa * Fraction(2) ** (exponent - 100)


def expressions_agree(gold: Expression, answer: Expression) -> bool | None:
    """Return whether two expressions are equal at several points.

    None if letters that only one of them has would have to be explained, or if numbers were too
    large to be kept exactly.

    Raises:
        UnreadableError: If one of them has no value, or finding it takes too long.
    """
    precision = max(digits(gold), digits(answer))
    mine, other = letters(gold), letters(answer)
    rounded = False
    for round_ in range(ROUNDS if mine | other else 1):
        calculators = Calculator(round_), Calculator(round_)
        a, b = calculators[0](gold), calculators[1](answer)
        rounded |= calculators[0].rounded or calculators[1].rounded
        if not numbers_agree(a, b, precision):
            return False if mine == other else None
    return None if rounded else True


def quantities_agree(gold: Quantity, answer: Quantity) -> bool | None:
    """Return whether two quantities are one; units count where both have one.

    Raises:
        UnreadableError: If one of them has no value, or finding it takes too long.
    """
    if gold.unit != answer.unit and "%" in (gold.unit, answer.unit):
        return _percentages(gold, answer)
    if "°" in (gold.unit, answer.unit) and "" in (gold.unit, answer.unit):
        return _angles(gold, answer)
    mine, other = measure(gold.unit), measure(answer.unit)
    if mine is None or other is None or mine == other:
        return expressions_agree(gold.expression, answer.expression)
    if mine[0] != other[0]:
        return False
    return expressions_agree(
        _scaled(gold.expression, mine[1]), _scaled(answer.expression, other[1])
    )


def _percentages(gold: Quantity, answer: Quantity) -> bool | None:
    """Take a number without the sign for a share or for a percentage, whichever is right."""
    share = Fraction(1, 100)
    shares = [
        _scaled(q.expression, share) if q.unit == "%" else q.expression for q in (gold, answer)
    ]
    verdicts = [expressions_agree(*shares), expressions_agree(gold.expression, answer.expression)]
    return True if True in verdicts else None if None in verdicts else False


def _angles(gold: Quantity, answer: Quantity) -> bool | None:
    """Take a number without the ring for degrees or for radians, whichever is right."""
    radians = [
        Call("degree", (q.expression,)) if q.unit == "°" else q.expression for q in (gold, answer)
    ]
    verdicts = [expressions_agree(*radians), expressions_agree(gold.expression, answer.expression)]
    return True if True in verdicts else None if None in verdicts else False


def _scaled(expression: Expression, size: Fraction) -> Expression:
    return Call("*", (expression, number(size)))
