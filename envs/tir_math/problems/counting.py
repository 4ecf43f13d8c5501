"""Combinatorics."""

from collections import Counter
from functools import cache
from math import comb, factorial, prod

from .draw import Draw
from .problem import Problem, program

_WORDS = (
    "BANANA", "LETTER", "PEPPER", "COFFEE", "KITTEN", "BUTTON", "CHEESE", "SADDLE", "RIBBON",
    "MIRROR", "PUZZLE", "CARROT", "PALACE", "TOMATO", "VELVET", "BOTTLE", "ALPACA", "COCOON",
    "BALLOON", "COLLEGE", "FREEDOM", "SUCCESS", "CARAVAN", "TORNADO", "PARADES", "MEETING",
    "LANTERN", "NONSENSE", "TEETERED", "ASSASSIN", "BASEBALL", "FOOTNOTE", "TENTACLE",
)  # fmt: skip


def _committee(draw: Draw) -> Problem:
    men, women = draw.between(6, 11), draw.between(6, 11)
    a, b = draw.between(2, 4), draw.between(2, 4)
    text = draw.pick(
        (
            "A club has {men} men and {women} women. In how many ways can it choose a committee of "
            "{a} men and {b} women?",
            "From {men} red and {women} blue cards, all different, you take {a} red and {b} blue "
            "ones. How many selections are there?",
        )
    )
    code = program(
        """
        from itertools import combinations
        first = len(list(combinations(range($men), $a)))
        second = len(list(combinations(range($women), $b)))
        print(first * second)
        """,
        **{"men": men, "women": women, "a": a, "b": b},
    )
    answer = str(comb(men, a) * comb(women, b))
    return Problem(text.format(men=men, women=women, a=a, b=b), answer, code)


def _letters(draw: Draw) -> Problem:
    word = draw.pick(_WORDS)
    first = draw.pick(sorted(set(word)))
    rest = Counter(word.replace(first, "", 1))
    answer = factorial(len(word) - 1) // prod(map(factorial, rest.values()))
    text = draw.pick(
        (
            "How many different arrangements of the letters of {word} begin with {first}?",
            "The letters of the word {word} are rearranged so that {first} comes first. How many "
            "different strings can result?",
        )
    )
    code = program(
        """
        from itertools import permutations
        strings = set(permutations("$word"))
        print(sum(string[0] == "$first" for string in strings))
        """,
        word=word,
        first=first,
    )
    return Problem(text.format(word=word, first=first), str(answer), code)


def _paths(draw: Draw) -> Problem:
    m, n = draw.between(6, 14), draw.between(6, 14)
    a, b = draw.between(1, m - 1), draw.between(1, n - 1)
    answer = comb(m + n, m) - comb(a + b, a) * comb(m + n - a - b, m - a)
    text = draw.pick(
        (
            "How many paths lead from (0, 0) to ({m}, {n}) by unit steps right or up without "
            "passing through ({a}, {b})?",
            "A robot moves on a grid from (0, 0) to ({m}, {n}), one unit right or up at a time. "
            "The point ({a}, {b}) is blocked. How many routes are left?",
        )
    )
    code = program(
        """
        ways = {(0, 0): 1}
        for x in range($m + 1):
            for y in range($n + 1):
                if (x, y) == ($a, $b):
                    ways[x, y] = 0
                elif (x, y) != (0, 0):
                    ways[x, y] = ways.get((x - 1, y), 0) + ways.get((x, y - 1), 0)
        print(ways[$m, $n])
        """,
        **{"m": m, "n": n, "a": a, "b": b},
    )
    return Problem(text.format(m=m, n=n, a=a, b=b), str(answer), code)


def _bounded(draw: Draw) -> Problem:
    parts, most = draw.between(4, 7), draw.between(5, 12)
    total = draw.between(most + 3, parts * most - 3)
    answer = sum(
        (-1) ** j * comb(parts, j) * comb(total - j * (most + 1) + parts - 1, parts - 1)
        for j in range(parts + 1)
        if total >= j * (most + 1)
    )
    text = draw.pick(
        (
            "In how many ways can {n} identical balls be put into {k} different boxes, at most {m} "
            "in each?",
            "How many solutions in integers from 0 to {m} does x_1 + … + x_{k} = {n} have?",
        )
    )
    code = program(
        """
        ways = [1] + [0] * $n
        for _ in range($k):
            ways = [sum(ways[max(0, s - $m) : s + 1]) for s in range($n + 1)]
        print(ways[$n])
        """,
        **{"n": total, "k": parts, "m": most},
    )
    return Problem(text.format(n=total, k=parts, m=most), str(answer), code)


@cache
def _odd_partitions(total: int, largest: int) -> int:
    """Count partitions into odd parts: as many as into different parts, by Euler's theorem."""
    if total == 0:
        return 1
    return sum(_odd_partitions(total - part, part) for part in range(1, min(total, largest) + 1, 2))


def _partitions(draw: Draw) -> Problem:
    n, least = draw.between(25, 90), draw.between(1, 4)
    answer = _odd_partitions(n, n) if least == 1 else _distinct(n, least)
    text = draw.pick(
        (
            "In how many ways can {n} be written as a sum of different positive integers, each at "
            "least {k}? The order does not matter.",
            "How many sets of integers that are all at least {k} have the sum {n}?",
        )
    )
    code = program(
        """
        ways = [1] + [0] * $n
        for part in range($k, $n + 1):
            for total in range($n, part - 1, -1):
                ways[total] += ways[total - part]
        print(ways[$n])
        """,
        n=n,
        k=least,
    )
    return Problem(text.format(n=n, k=least), str(answer), code)


@cache
def _distinct(total: int, least: int) -> int:
    if total == 0:
        return 1
    return sum(_distinct(total - part, part + 1) for part in range(least, total + 1))


LEVELS = (_committee, _letters, _paths, _bounded, _partitions)
