"""How numbers are written: decimals, powers of ten, repeating decimals, other bases."""

import re
from fractions import Fraction

from .expression import Number, UnreadableError
from .names import BASES

_LONGEST = 2_000
_LONGEST_PERIODS = 200
_LARGEST_EXPONENT = 5_000
# Digits of other alphabets are none: int() would take them, but a reader of answers need not.
_DECIMAL = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def literal(text: str) -> Number:
    """Return `12`, `.5` or `1.5e-07`.

    Raises:
        UnreadableError: If it is too long, or no number.
    """
    if not _DECIMAL.fullmatch(text):
        raise UnreadableError
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > _LONGEST or len(exponent) > 6 or abs(int(exponent or 0)) > _LARGEST_EXPONENT:
        raise UnreadableError
    whole, point, decimals = mantissa.partition(".")
    value = Fraction(int(whole + decimals or "0"), 10 ** len(decimals))
    if not point and not exponent:
        return Number(value)
    written = (whole + decimals).lstrip("0")
    return Number(value * Fraction(10) ** int(exponent or 0), max(len(written), 1))


def repeating(text: str, period: str) -> Number:
    r"""Return the exact value of a decimal whose last digits repeat: `0.1\overline{6}`.

    Raises:
        UnreadableError: If one of them is no number.
    """
    whole, point, decimals = text.partition(".")
    whole = whole or "0"
    if not point or not re.fullmatch(r"\d{1,200}", period) or not (whole + decimals).isdigit():
        raise UnreadableError
    shift = 10 ** len(decimals)
    tail = Fraction(int(period), (10 ** len(period) - 1) * shift)
    return Number(Fraction(int(whole + decimals), shift) + tail)


def continued(text: str) -> Number:
    """Return the value of a decimal before an ellipsis: that of `0.1666…` is 1/6.

    The shortest period counts that stands there twice or more; without one, the digits stay as
    they are.

    Raises:
        UnreadableError: If there are no decimals, or too many.
    """
    whole, _, decimals = text.partition(".")
    if not decimals.isdigit() or len(decimals) > _LONGEST_PERIODS:
        raise UnreadableError
    for length in range(1, len(decimals) // 2 + 1):
        period = decimals[-length:]
        rest = decimals
        while rest.endswith(period):
            rest = rest[:-length]
        if len(decimals) - len(rest) >= 2 * length:
            return repeating(f"{whole}.{rest}", period)
    return literal(text)


def based(text: str, base: str) -> Number:
    r"""Return the value of `4343_{5}` or `\text{A3}_{\text{sixteen}}`.

    Raises:
        UnreadableError: If there is no such base, or a digit that the base does not have.
    """
    base = base.strip().lower()
    radix = int(base) if re.fullmatch(r"\d{1,2}", base) else BASES.get(base, 0)
    places = text.strip().lower().replace(" ", "")
    whole, _, decimals = places.partition(".")
    allowed = _DIGITS[:radix]
    if not 2 <= radix <= len(_DIGITS) or not whole or len(places) > _LONGEST:
        raise UnreadableError
    if any(digit not in allowed for digit in whole + decimals):
        raise UnreadableError
    return Number(Fraction(int(whole + decimals, radix), radix ** len(decimals)))
