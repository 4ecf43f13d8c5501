"""Short problems for a model of a third of a million parameters.

Every number has at most three digits, and no answer can be found without the tool. The tokenizer
of the nano recipe reads only the words that matter. A thought is the kind of problem and, zero to
three times, its numbers: what a demonstration repeats is of no use, so that a policy can learn to
be brief.
"""

from collections.abc import Mapping
from math import prod

from .draw import Draw
from .problem import Maker, Problem

_REPEATS = (0.4, 0.3, 0.2, 0.1)


def _problem(
    draw: Draw, text: str, answer: int, program: str, slip: str, word: str, *numbers: int
) -> Problem:
    repeats = draw.weighted(range(len(_REPEATS)), _REPEATS)
    listed = ",".join(map(str, numbers * repeats))
    return Problem(text, str(answer), program, thought=f"{word} {listed}".strip(), slip=slip)


def _product(draw: Draw) -> Problem:
    a, b = draw.between(12, 999), draw.between(12, 999)
    text = f"What is the product of {a} and {b}?"
    program, slip = f"print({a}*{b})", f"print({a}+{b})"
    return _problem(draw, text, a * b, program, slip, "product", a, b)


def _triple(draw: Draw) -> Problem:
    numbers = tuple(draw.between(12, 99) for _ in range(3))
    a, b, c = numbers
    text = f"What is the product of {a}, {b} and {c}?"
    program, slip = f"print({a}*{b}*{c})", f"print({a}*{b}+{c})"
    return _problem(draw, text, prod(numbers), program, slip, "product", *numbers)


def _power(draw: Draw) -> Problem:
    a, n, m = draw.between(3, 99), draw.between(5, 29), draw.between(11, 499)
    text = f"What is {a} to the power {n} modulo {m}?"
    program, slip = f"print({a}**{n}%{m})", f"print({a}*{n}%{m})"
    return _problem(draw, text, pow(a, n, m), program, slip, "power", a, n, m)


def _multiples(draw: Draw) -> Problem:
    d, below = draw.between(3, 29), draw.between(100, 999)
    count = (below - 1) // d
    text = f"What is the sum of the multiples of {d} below {below}?"
    program, slip = f"print(sum(range({d},{below},{d})))", f"print(sum(range({d},{below})))"
    return _problem(draw, text, d * count * (count + 1) // 2, program, slip, "multiples", d, below)


def _squares(draw: Draw) -> Problem:
    a, b = draw.between(2, 49), draw.between(60, 199)
    answer = (b * (b + 1) * (2 * b + 1) - (a - 1) * a * (2 * a - 1)) // 6
    text = f"What is the sum of the squares from {a} to {b}?"
    program = f"print(sum(i*i for i in range({a},{b}+1)))"
    slip = f"print(sum(i*i for i in range({a},{b})))"
    return _problem(draw, text, answer, program, slip, "squares", a, b)


def _count(draw: Draw) -> Problem:
    (c, d), below = draw.distinct(2, 3, 19), draw.between(100, 999)
    both = next(n for n in range(c, c * d + 1, c) if n % d == 0)
    answer = (below - 1) // c + (below - 1) // d - (below - 1) // both
    text = f"How many multiples of {c} or {d} are below {below}?"
    program = f"print(sum(i%{c}==0 or i%{d}==0 for i in range(1,{below})))"
    slip = f"print(sum(i%{c}==0 or i%{d}==0 for i in range({below})))"
    return _problem(draw, text, answer, program, slip, "many", c, d, below)


def _chain(draw: Draw) -> Problem:
    a, b, c = draw.between(12, 99), draw.between(3, 19), draw.between(3, 99)
    text = f"Let x be {a} and let y be {b} times x. What is y squared minus {c}?"
    program, slip = f"x={a};y=x*{b};print(y*y-{c})", f"x={a};y=x*{b};print(y-{c})"
    return _problem(draw, text, a * a * b * b - c, program, slip, "let", a, b, c)


FAMILIES: Mapping[str, Maker] = {
    "product": _product,
    "triple": _triple,
    "power": _power,
    "multiples": _multiples,
    "squares": _squares,
    "count": _count,
    "chain": _chain,
}


def make(family: str, draw: Draw) -> Problem:
    """Draw a problem."""
    return FAMILIES[family](draw)._replace(family=family, level=1)
