"""Linear and polynomial equations."""

from fractions import Fraction

from .draw import Draw
from .problem import Problem, fraction, polynomial, program, root, signed


def _linear(draw: Draw) -> Problem:
    a, c = draw.distinct(2, 11, 99)
    b, d = draw.nonzero(999), draw.nonzero(999)
    text = draw.pick(
        (
            "Solve {a}x {b} = {c}x {d} for x.",
            "Which x satisfies {a}x {b} = {c}x {d}? Give an exact value.",
        )
    )
    # By two points of the line a·x + b − c·x − d.
    at_zero, at_one = b - d, a + b - c - d
    answer = Fraction(at_zero, at_zero - at_one)
    code = program(
        """
        from fractions import Fraction
        print(Fraction($d - $b, $a - $c))
        """,
        **{"a": a, "b": f"({b})", "c": c, "d": f"({d})"},
    )
    return Problem(text.format(a=a, b=signed(b), c=c, d=signed(d)), fraction(answer), code)


def _system(draw: Draw) -> Problem:
    x = Fraction(draw.nonzero(40), draw.between(1, 6))
    y = Fraction(draw.nonzero(40), draw.between(1, 6))
    a, b, d, e = 1, 1, 1, 1
    while a * e == b * d:
        a, d = draw.between(2, 19), draw.between(2, 19)
        b, e = draw.nonzero(19), draw.nonzero(19)
    scale = x.denominator * y.denominator
    a, b, d, e = (number * scale for number in (a, b, d, e))
    c, f = a * x + b * y, d * x + e * y
    text = draw.pick(
        (
            "Solve the system {a}x {b}y = {c}, {d}x {e}y = {f}. Give the pair (x, y).",
            "At which point (x, y) do the lines {a}x {b}y = {c} and {d}x {e}y = {f} meet?",
        )
    )
    code = program(
        """
        from fractions import Fraction
        a, b, c = $a, $b, $c
        d, e, f = $d, $e, $f
        determinant = a * e - b * d
        print(f"({Fraction(c * e - b * f, determinant)}, {Fraction(a * f - c * d, determinant)})")
        """,
        **{"a": a, "b": b, "c": c, "d": d, "e": e, "f": f},
    )
    shown = text.format(a=a, b=signed(b), c=c, d=d, e=signed(e), f=f)
    return Problem(shown, f"({fraction(x)}, {fraction(y)})", code)


def _quadratic(draw: Draw) -> Problem:
    p, q = sorted(draw.distinct(2, -90, 90))
    shown = polynomial((1, -(p + q), p * q))
    text = draw.pick(
        (
            "Find all solutions of {0} = 0. Give them as a set.",
            "What is the set of zeros of the polynomial {0}?",
        )
    )
    code = program(
        """
        roots = [x for x in range(-100, 101) if x * x + ($b) * x + ($c) == 0]
        print("{" + ", ".join(map(str, roots)) + "}")
        """,
        b=-(p + q),
        c=p * q,
    )
    return Problem(text.format(shown), rf"\{{{p}, {q}\}}", code)


def _powers_of_roots(draw: Draw) -> Problem:
    p, q, r = draw.nonzero(15), draw.nonzero(15), draw.nonzero(15)
    shown = polynomial((1, -p, q, -r))
    text = draw.pick(
        (
            "Let a, b, c be the complex roots of {0}. Find a^3 + b^3 + c^3.",
            "The polynomial {0} has three complex roots, counted with multiplicity. What is the "
            "sum of their cubes?",
        )
    )
    # The trace of the companion matrix's third power, where the answer is by Newton's identity.
    code = program(
        """
        matrix = [[$p, $q, $r], [1, 0, 0], [0, 1, 0]]

        def times(a, b):
            return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]

        cube = times(matrix, times(matrix, matrix))
        print(cube[0][0] + cube[1][1] + cube[2][2])
        """,
        p=p,
        q=-q,
        r=r,
    )
    return Problem(text.format(shown), str(p**3 - 3 * p * q + 3 * r), code)


def _surd(draw: Draw) -> Problem:
    half, rest = draw.between(2, 40), draw.between(3, 200)
    text = draw.pick(
        (
            "Find the positive solution of {0} = 0 in exact form.",
            "What is the larger zero of {0}? Give it exactly, with a square root if need be.",
        )
    )
    square = root(Fraction(half * half + rest))
    answer = str(half + int(square)) if square.isdecimal() else f"{half} + {square}"
    code = program(
        """
        from sympy import latex, solve, symbols
        x = symbols("x")
        print(latex(max(solve(x**2 - $b * x - $c, x))))
        """,
        b=2 * half,
        c=rest,
    )
    return Problem(text.format(polynomial((1, -2 * half, -rest))), answer, code)


LEVELS = (_linear, _system, _quadratic, _powers_of_roots, _surd)
