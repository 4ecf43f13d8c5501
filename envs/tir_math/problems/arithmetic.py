"""Arithmetic too large to do in the head."""

from fractions import Fraction
from math import gcd

from .draw import Draw
from .problem import Problem, fraction, program


def _product(draw: Draw) -> Problem:
    a, b = draw.between(123, 9876), draw.between(123, 9876)
    text = draw.pick(
        ("What is {a} × {b}?", "Compute the product of {a} and {b}.", "Multiply {a} by {b}.")
    )
    return Problem(text.format(a=a, b=b), str(a * b), f"print({a} * {b})")


def _mixed(draw: Draw) -> Problem:
    a, b, c, d = (draw.between(1_000, 99_999) for _ in range(4))
    e = draw.between(100_000, 999_999)
    text = draw.pick(
        (
            "Evaluate {a} · {b} − {c} · {d} + {e}.",
            "Take the product of {a} and {b}, subtract the product of {c} and {d}, and add {e}. "
            "What do you get?",
        )
    )
    return Problem(
        text.format(a=a, b=b, c=c, d=d, e=e),
        str(a * b - c * d + e),
        f"first = {a} * {b}\nsecond = {c} * {d}\nprint(first - second + {e})",
    )


def _digits(draw: Draw) -> Problem:
    base, exponent = draw.between(3, 99), draw.between(20, 90)
    left, total = base**exponent, 0
    while left:
        left, digit = divmod(left, 10)
        total += digit
    text = draw.pick(
        (
            "Find the sum of the decimal digits of {a}^{n}.",
            "Write out {a}^{n} in base ten and add up its digits. What is the total?",
        )
    )
    code = f"print(sum(int(digit) for digit in str({base} ** {exponent})))"
    return Problem(text.format(a=base, n=exponent), str(total), code)


def _fractions(draw: Draw) -> Problem:
    a, b, c, d, e, f = (draw.between(11, 97) for _ in range(6))
    # a/b − c/d · e/f over one denominator.
    top, bottom = a * d * f - c * e * b, b * d * f
    common = gcd(top, bottom)
    text = draw.pick(
        (
            "Compute {a}/{b} − {c}/{d} · {e}/{f} as a fraction in lowest terms.",
            "What is {a}/{b} minus the product of {c}/{d} and {e}/{f}? Give an exact fraction.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        print(Fraction($a, $b) - Fraction($c, $d) * Fraction($e, $f))
        """,
        **{"a": a, "b": b, "c": c, "d": d, "e": e, "f": f},
    )
    answer = fraction(Fraction(top // common, bottom // common))
    return Problem(text.format(a=a, b=b, c=c, d=d, e=e, f=f), answer, code)


def _continued(draw: Draw) -> Problem:
    terms = [draw.between(1, 30) for _ in range(draw.between(5, 7))]
    before, now = (0, 1), (1, 0)
    for term in terms:
        before, now = now, (term * now[0] + before[0], term * now[1] + before[1])
    text = draw.pick(
        (
            "Find the value of the continued fraction [{0}; {1}] as a fraction in lowest terms.",
            "A continued fraction has the terms [{0}; {1}]. Which rational number is it?",
        )
    )
    code = program(
        """
        from fractions import Fraction
        terms = $terms
        value = Fraction(terms[-1])
        for term in reversed(terms[:-1]):
            value = term + 1 / value
        print(value)
        """,
        terms=terms,
    )
    listed = ", ".join(map(str, terms[1:]))
    return Problem(text.format(terms[0], listed), fraction(Fraction(*now)), code)


LEVELS = (_product, _mixed, _digits, _fractions, _continued)
