"""Derivatives, integrals, extrema."""

from fractions import Fraction
from math import factorial

from .draw import Draw
from .problem import Problem, fraction, polynomial, program


def _coefficients(draw: Draw, degree: int, size: int) -> list[int]:
    return [draw.nonzero(size) for _ in range(degree + 1)]


def _value(coefficients: list[int], x: int) -> int:
    total = 0
    for coefficient in coefficients:
        total = total * x + coefficient
    return total


def _slope(draw: Draw) -> Problem:
    listed, at = _coefficients(draw, 4, 25), draw.nonzero(12)
    derived = [c * power for c, power in zip(listed, (4, 3, 2, 1), strict=False)]
    text = draw.pick(
        (
            "Let f(x) = {0}. Find f'({1}).",
            "What is the slope of the tangent to y = {0} at x = {1}?",
        )
    )
    code = program(
        """
        from sympy import diff, symbols
        x = symbols("x")
        f = sum(c * x**p for p, c in enumerate(reversed($listed)))
        print(diff(f, x).subs(x, $at))
        """,
        listed=listed,
        at=at,
    )
    return Problem(text.format(polynomial(listed), at), str(_value(derived, at)), code)


def _area(draw: Draw) -> Problem:
    listed = _coefficients(draw, 3, 20)
    low, high = sorted(draw.distinct(2, -9, 12))
    answer = sum(
        Fraction(c * (high ** (p + 1) - low ** (p + 1)), p + 1)
        for p, c in enumerate(reversed(listed))
    )
    text = draw.pick(
        (
            "Integrate {0} from x = {a} to x = {b}.",
            "What is the definite integral of f(x) = {0} over the interval [{a}, {b}]?",
        )
    )
    code = program(
        """
        from sympy import integrate, symbols
        x = symbols("x")
        f = sum(c * x**p for p, c in enumerate(reversed($listed)))
        print(integrate(f, (x, $a, $b)))
        """,
        listed=listed,
        a=low,
        b=high,
    )
    return Problem(text.format(polynomial(listed), a=low, b=high), fraction(answer), code)


def _product_rule(draw: Draw) -> Problem:
    a, b, c = _coefficients(draw, 2, 15)
    d, e = _coefficients(draw, 1, 15)
    # (ax² + bx + c)(dx + e) = adx³ + (ae + bd)x² + (be + cd)x + ce.
    answer = polynomial((3 * a * d, 2 * (a * e + b * d), b * e + c * d))
    first, second = polynomial((a, b, c)), polynomial((d, e))
    text = draw.pick(
        (
            "Find the derivative of f(x) = ({0})({1}), multiplied out.",
            "Differentiate ({0})({1}) with respect to x and expand the result.",
        )
    )
    code = program(
        """
        from sympy import diff, expand, latex, symbols
        x = symbols("x")
        f = (($a) * x**2 + ($b) * x + ($c)) * (($d) * x + ($e))
        print(latex(expand(diff(f, x))))
        """,
        **{"a": a, "b": b, "c": c, "d": d, "e": e},
    )
    return Problem(text.format(first, second), answer, code)


def _maximum(draw: Draw) -> Problem:
    p, q = sorted(draw.distinct(2, -9, 9))
    low, high = p - draw.between(1, 8), q + draw.between(1, 8)
    # f' = 6(x − p)(x − q).
    listed = [2, -3 * (p + q), 6 * p * q, draw.nonzero(99)]
    answer = max(_value(listed, x) for x in (low, p, q, high))
    text = draw.pick(
        (
            "What is the largest value of f(x) = {0} for {a} ≤ x ≤ {b}?",
            "Find the maximum of {0} on the interval [{a}, {b}].",
        )
    )
    code = program(
        """
        from sympy import diff, solve, symbols
        x = symbols("x")
        f = sum(c * x**p for p, c in enumerate(reversed($listed)))
        inside = [point for point in solve(diff(f, x), x) if $a < point < $b]
        print(max(f.subs(x, point) for point in [$a, $b, *inside]))
        """,
        listed=listed,
        a=low,
        b=high,
    )
    return Problem(text.format(polynomial(listed), a=low, b=high), str(answer), code)


def _beta(draw: Draw) -> Problem:
    m, n, a = draw.between(2, 9), draw.between(2, 9), draw.between(1, 60)
    answer = Fraction(a * factorial(m) * factorial(n), factorial(m + n + 1))
    text = draw.pick(
        (
            "Evaluate the integral of {a}·x^{m}·(1 − x)^{n} from 0 to 1 exactly.",
            "Find the area between the x-axis and y = {a} x^{m} (1 − x)^{n} for 0 ≤ x ≤ 1, as a "
            "fraction.",
        )
    )
    code = program(
        """
        from sympy import expand, integrate, symbols
        x = symbols("x")
        print(integrate(expand($a * x**$m * (1 - x) ** $n), (x, 0, 1)))
        """,
        **{"a": a, "m": m, "n": n},
    )
    return Problem(text.format(a=a, m=m, n=n), fraction(answer), code)


LEVELS = (_slope, _area, _product_rule, _maximum, _beta)
