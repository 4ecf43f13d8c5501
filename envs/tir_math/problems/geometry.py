"""Geometry with coordinates."""

from fractions import Fraction
from math import gcd

from .draw import Draw
from .problem import Problem, fraction, program, root

Point = tuple[int, int]


def _points(draw: Draw, count: int, size: int) -> list[Point]:
    return [(draw.between(-size, size), draw.between(-size, size)) for _ in range(count)]


def _twice_area(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])


def _corners(draw: Draw, size: int) -> tuple[Point, Point, Point]:
    while True:
        a, b, c = _points(draw, 3, size)
        if _twice_area(a, b, c):
            return a, b, c


def _area(draw: Draw) -> Problem:
    a, b, c = _corners(draw, 60)
    text = draw.pick(
        (
            "What is the area of the triangle with vertices {0}, {1} and {2}?",
            "Find the area enclosed by the triangle {0}, {1}, {2}.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        points = [$a, $b, $c]
        total = 0
        for (x, y), (u, v) in zip(points, points[1:] + points[:1]):
            total += x * v - u * y
        print(Fraction(abs(total), 2))
        """,
        **{"a": a, "b": b, "c": c},
    )
    return Problem(text.format(a, b, c), fraction(Fraction(abs(_twice_area(a, b, c)), 2)), code)


def _distance(draw: Draw) -> Problem:
    # A common factor, so that there is often a square to be taken out of the root.
    scale, (x, y) = draw.between(2, 12), (draw.between(1, 9), draw.between(1, 9))
    ((u, v),) = _points(draw, 1, 90)
    end = (u + scale * x, v - scale * y)
    text = draw.pick(
        (
            "How far apart are the points {0} and {1}? Give the exact distance.",
            "Find the length of the segment from {0} to {1} in simplest radical form.",
        )
    )
    code = program(
        """
        from sympy import latex, sqrt
        (a, b), (c, d) = $p, $q
        print(latex(sqrt((a - c) ** 2 + (b - d) ** 2)))
        """,
        p=(u, v),
        q=end,
    )
    return Problem(text.format((u, v), end), root(Fraction(scale**2 * (x * x + y * y))), code)


def _inside(draw: Draw) -> Problem:
    a, b, c = _corners(draw, 25)
    edge = sum(gcd(p[0] - q[0], p[1] - q[1]) for p, q in ((a, b), (b, c), (c, a)))
    # Pick's theorem.
    answer = (abs(_twice_area(a, b, c)) - edge + 2) // 2
    text = draw.pick(
        (
            "How many points with integer coordinates lie strictly inside the triangle with "
            "vertices {0}, {1}, {2}?",
            "Count the lattice points in the interior of the triangle {0}, {1}, {2}, its boundary "
            "left out.",
        )
    )
    code = program(
        """
        a, b, c = $a, $b, $c

        def side(p, q, r):
            return (q[0] - p[0]) * (r[1] - p[1]) - (r[0] - p[0]) * (q[1] - p[1])

        count = 0
        for x in range(-25, 26):
            for y in range(-25, 26):
                sides = [side(a, b, (x, y)), side(b, c, (x, y)), side(c, a, (x, y))]
                count += all(s > 0 for s in sides) or all(s < 0 for s in sides)
        print(count)
        """,
        **{"a": a, "b": b, "c": c},
    )
    return Problem(text.format(a, b, c), str(answer), code)


def _circumcentre(draw: Draw) -> Problem:
    a, b, c = _corners(draw, 20)
    twice = 2 * _twice_area(a, b, c)
    x = y = 0
    for p, q, r in ((a, b, c), (b, c, a), (c, a, b)):
        square = p[0] ** 2 + p[1] ** 2
        x += square * (q[1] - r[1])
        y += square * (r[0] - q[0])
    text = draw.pick(
        (
            "Find the centre of the circle through {0}, {1} and {2}.",
            "Which point has the same distance from {0}, {1} and {2}?",
        )
    )
    code = program(
        """
        from sympy import Point, Triangle
        centre = Triangle(Point$a, Point$b, Point$c).circumcenter
        print(f"({centre.x}, {centre.y})")
        """,
        **{"a": a, "b": b, "c": c},
    )
    answer = f"({fraction(Fraction(x, twice))}, {fraction(Fraction(y, twice))})"
    return Problem(text.format(a, b, c), answer, code)


def _height(draw: Draw) -> Problem:
    a, b, c = _corners(draw, 15)
    square = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    text = draw.pick(
        (
            "What is the exact distance of the point {2} from the line through {0} and {1}?",
            "A triangle has the vertices {0}, {1} and {2}. Find its height on the side from {0} to "
            "{1}, in exact form.",
        )
    )
    code = program(
        """
        from sympy import Line, Point, latex
        print(latex(Line(Point$a, Point$b).distance(Point$c)))
        """,
        **{"a": a, "b": b, "c": c},
    )
    answer = root(Fraction(_twice_area(a, b, c) ** 2, square))
    return Problem(text.format(a, b, c), answer, code)


LEVELS = (_area, _distance, _inside, _circumcentre, _height)
