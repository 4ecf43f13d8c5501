"""Divisors, primes, factorials."""

from math import gcd, prod

from .draw import Draw
from .problem import Problem, program

_PRIMES = [n for n in range(2, 1000) if all(n % d for d in range(2, int(n**0.5) + 1))]


def _common(draw: Draw) -> Problem:
    shared = draw.between(6, 60)
    a, b = shared * draw.between(20, 300), shared * draw.between(20, 300)
    if draw.pick((True, False)):
        text = draw.pick(
            ("Find the greatest common divisor of {a} and {b}.", "What is gcd({a}, {b})?")
        )
        code = "a, b = {a}, {b}\nwhile b:\n    a, b = b, a % b\nprint(a)"
        answer = gcd(a, b)
    else:
        text = draw.pick(
            (
                "Find the least common multiple of {a} and {b}.",
                "What is the smallest positive number that both {a} and {b} divide?",
            )
        )
        code = "n = {a}\nwhile n % {b}:\n    n += {a}\nprint(n)"
        answer = a * b // gcd(a, b)
    return Problem(text.format(a=a, b=b), str(answer), code.format(a=a, b=b))


def _factored(draw: Draw, limit: int) -> tuple[int, dict[int, int]]:
    """Return a number of at least a tenth of `limit`, with its prime factors and exponents."""
    while True:
        primes = [draw.pick(_PRIMES[:12]) for _ in range(draw.between(3, 9))]
        number = prod(primes)
        if limit // 10 <= number <= limit:
            return number, {prime: primes.count(prime) for prime in sorted(set(primes))}


def _divisors(draw: Draw) -> Problem:
    number, factors = _factored(draw, 900_000)
    if draw.pick((True, False)):
        text = draw.pick(
            ("How many positive divisors does {n} have?", "Count the divisors of {n}.")
        )
        answer = prod(e + 1 for e in factors.values())
        code = "print(sum({n} % d == 0 for d in range(1, {n} + 1)))"
    else:
        text = "What is the sum of all positive divisors of {n}?"
        answer = prod((p ** (e + 1) - 1) // (p - 1) for p, e in factors.items())
        code = "print(sum(d for d in range(1, {n} + 1) if {n} % d == 0))"
    return Problem(text.format(n=number), str(answer), code.format(n=number))


def _coprime(draw: Draw) -> Problem:
    number, factors = _factored(draw, 30_000)
    text = draw.pick(
        (
            "How many integers from 1 to {n} have no common factor with {n}?",
            "Compute Euler's totient φ({n}).",
            "How many fractions k/{n} with 0 < k < {n} are in lowest terms?",
        )
    )
    answer = prod((p - 1) * p ** (e - 1) for p, e in factors.items())
    code = program(
        """
        from math import gcd
        print(sum(gcd(k, $n) == 1 for k in range(1, $n + 1)))
        """,
        n=number,
    )
    return Problem(text.format(n=number), str(answer), code)


def _factorial(draw: Draw) -> Problem:
    n, p = draw.between(100, 3000), draw.pick(_PRIMES[:8])
    answer, power = 0, p
    while power <= n:
        answer, power = answer + n // power, power * p
    text = draw.pick(
        (
            "What is the largest k for which {p}^k divides {n}!?",
            "How often does the prime {p} occur in the factorization of {n}!?",
        )
    )
    code = program(
        """
        count = 0
        for k in range(1, $n + 1):
            while k % $p == 0:
                k //= $p
                count += 1
        print(count)
        """,
        n=n,
        p=p,
    )
    return Problem(text.format(n=n, p=p), str(answer), code)


def _largest_prime(draw: Draw) -> Problem:
    primes = [draw.pick(_PRIMES[25:]) for _ in range(3)] + [draw.pick(_PRIMES[:10])]
    text = draw.pick(
        (
            "What is the largest prime factor of {n}?",
            "Factor {n} into primes. Which of them is the largest?",
        )
    )
    code = program(
        """
        n, divisor, largest = $n, 2, 1
        while n > 1:
            if n % divisor == 0:
                largest = divisor
                n //= divisor
            else:
                divisor += 1
        print(largest)
        """,
        n=prod(primes),
    )
    return Problem(text.format(n=prod(primes)), str(max(primes)), code)


LEVELS = (_common, _divisors, _coprime, _factorial, _largest_prime)
