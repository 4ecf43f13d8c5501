"""Sums of series."""

from fractions import Fraction

from .draw import Draw
from .problem import Problem, fraction, polynomial, program


def _arithmetic(draw: Draw) -> Problem:
    first, step, terms = draw.between(3, 99), draw.between(3, 49), draw.between(30, 400)
    last = first + (terms - 1) * step
    text = draw.pick(
        (
            "Find the sum {0} + {1} + {2} + … + {3}, in which each term is {d} larger than the one "
            "before.",
            "An arithmetic progression begins with {0} and ends with {3}; its terms grow by {d}. "
            "What is their sum?",
        )
    )
    shown = text.format(first, first + step, first + 2 * step, last, d=step)
    code = f"print(sum(range({first}, {last} + 1, {step})))"
    return Problem(shown, str(terms * (first + last) // 2), code)


def _squares(draw: Draw) -> Problem:
    a, b = draw.between(5, 90), draw.between(120, 900)
    answer = (b * (b + 1) * (2 * b + 1) - (a - 1) * a * (2 * a - 1)) // 6
    text = draw.pick(
        (
            "Compute {a}² + {c}² + … + {b}².",
            "What is the sum of the squares of all integers from {a} to {b}?",
        )
    )
    code = f"print(sum(k * k for k in range({a}, {b} + 1)))"
    return Problem(text.format(a=a, b=b, c=a + 1), str(answer), code)


def _telescope(draw: Draw) -> Problem:
    n, d = draw.between(10, 60), draw.between(1, 4)
    # 1/(k(k+d)) = (1/k − 1/(k+d))/d, and all but d terms at each end cancel.
    ends = sum((Fraction(1, k) - Fraction(1, n + k) for k in range(1, d + 1)), Fraction(0))
    text = draw.pick(
        (
            "Evaluate the sum of 1/(k(k+{d})) for k from 1 to {n} as a fraction in lowest terms.",
            "Let s be the sum of the reciprocals of k·(k+{d}) over k = 1, 2, …, {n}. Find s "
            "exactly.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        print(sum(Fraction(1, k * (k + $d)) for k in range(1, $n + 1)))
        """,
        n=n,
        d=d,
    )
    return Problem(text.format(n=n, d=d), fraction(ends / d), code)


def _alternating(draw: Draw) -> Problem:
    n = draw.between(40, 999)
    answer = n * n * (2 * n + 3) // 4 if n % 2 == 0 else -((n + 1) ** 2) * (2 * n - 1) // 4
    factor = draw.between(2, 9)
    text = draw.pick(
        (
            "Find {c} times the alternating sum −1³ + 2³ − 3³ + … {sign} {n}³.",
            "Multiply the sum of (−1)^k k³ for k = 1, …, {n} by {c}. What is the result?",
        )
    )
    shown = text.format(c=factor, n=n, sign="−" if n % 2 else "+")
    code = f"print({factor} * sum((-1) ** k * k ** 3 for k in range(1, {n} + 1)))"
    return Problem(shown, str(factor * answer), code)


def _closed_form(draw: Draw) -> Problem:
    a, b, c = draw.between(1, 30), draw.nonzero(30), draw.nonzero(30)
    # Σk² = n³/3 + n²/2 + n/6 and Σk = n²/2 + n/2.
    third = Fraction(a, 3)
    second, first = Fraction(a + b, 2), Fraction(a, 6) + Fraction(b, 2) + c
    text = draw.pick(
        (
            "Express the sum of {0} over k = 1, …, n as a polynomial in n.",
            "Find a closed form, in terms of n, for the sum over k from 1 to n of {0}.",
        )
    )
    code = program(
        """
        from sympy import expand, latex, summation, symbols
        k, n = symbols("k n")
        print(latex(expand(summation($a * k**2 + ($b) * k + ($c), (k, 1, n)))))
        """,
        a=a,
        b=b,
        c=c,
    )
    shown = text.format(polynomial((a, b, c), "k"))
    return Problem(shown, polynomial((third, second, first, 0), "n"), code)


LEVELS = (_arithmetic, _squares, _telescope, _alternating, _closed_form)
