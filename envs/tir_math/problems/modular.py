"""Remainders, inverses, congruences."""

from .draw import Draw
from .problem import Problem, program

_PRIMES = [n for n in range(100, 1000) if all(n % d for d in range(2, 32))]


def _power(draw: Draw) -> Problem:
    a, n, m = draw.between(3, 99), draw.between(15, 60), draw.between(11, 97)
    text = draw.pick(
        (
            "What is the remainder when {a}^{n} is divided by {m}?",
            "Find {a}^{n} modulo {m}.",
            "Divide {a}^{n} by {m}. What remains?",
        )
    )
    return Problem(text.format(a=a, n=n, m=m), str(pow(a, n, m)), f"print({a} ** {n} % {m})")


def _tower(draw: Draw) -> Problem:
    a, m = draw.between(12, 999), draw.between(1_000, 9_999)
    n = draw.between(10**6, 10**9)
    # By squaring, for the program uses the built-in.
    value, square, left = 1, a, n
    while left:
        value = value * square % m if left % 2 else value
        square, left = square * square % m, left // 2
    text = draw.pick(
        (
            "Determine the remainder of {a}^{n} on division by {m}.",
            "Which number from 0 to {last} is congruent to {a}^{n} modulo {m}?",
        )
    )
    code = f"print(pow({a}, {n}, {m}))"
    return Problem(text.format(a=a, n=n, m=m, last=m - 1), str(value), code)


def _inverse(draw: Draw) -> Problem:
    m = draw.pick(_PRIMES)
    a = draw.between(2, m - 2)
    text = draw.pick(
        (
            "Find the multiplicative inverse of {a} modulo {m}, as a number from 1 to {last}.",
            "Which x with 0 < x < {m} satisfies {a}x ≡ 1 (mod {m})?",
        )
    )
    code = f"print(next(x for x in range(1, {m}) if {a} * x % {m} == 1))"
    return Problem(text.format(a=a, m=m, last=m - 1), str(pow(a, -1, m)), code)


def _remainders(draw: Draw) -> Problem:
    p, q, r = draw.pick(((7, 11, 13), (9, 10, 11), (8, 15, 17), (13, 19, 23), (16, 21, 25)))
    a, b, c = draw.between(1, p - 1), draw.between(1, q - 1), draw.between(1, r - 1)
    total = p * q * r
    answer = 0
    for modulus, remainder in ((p, a), (q, b), (r, c)):
        others = total // modulus
        answer += remainder * others * pow(others, -1, modulus)
    text = draw.pick(
        (
            "What is the smallest positive integer that leaves remainder {a} when divided by {p}, "
            "{b} when divided by {q}, and {c} when divided by {r}?",
            "Find the least positive n with n ≡ {a} (mod {p}), n ≡ {b} (mod {q}) and "
            "n ≡ {c} (mod {r}).",
        )
    )
    code = program(
        """
        n = 1
        while not (n % $p == $a and n % $q == $b and n % $r == $c):
            n += 1
        print(n)
        """,
        **{"a": a, "b": b, "c": c, "p": p, "q": q, "r": r},
    )
    return Problem(text.format(a=a, b=b, c=c, p=p, q=q, r=r), str(answer % total), code)


def _squares(draw: Draw) -> Problem:
    m = draw.pick(_PRIMES)
    x = draw.between(2, m // 2)
    text = draw.pick(
        (
            "Find all x with 0 ≤ x < {m} and x² ≡ {r} (mod {m}). Give them as a set.",
            "Which residues modulo {m} have the square {r}? List all of them as a set.",
        )
    )
    code = program(
        """
        roots = [x for x in range($m) if x * x % $m == $r]
        print("{" + ", ".join(map(str, roots)) + "}")
        """,
        m=m,
        r=x * x % m,
    )
    return Problem(text.format(m=m, r=x * x % m), rf"\{{{x}, {m - x}\}}", code)


LEVELS = (_power, _tower, _inverse, _remainders, _squares)
