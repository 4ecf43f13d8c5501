"""Probabilities that enumeration gives."""

from fractions import Fraction
from math import comb, perm

from .draw import Draw
from .problem import Problem, fraction, program


def _two_dice(draw: Draw) -> Problem:
    a, b = draw.distinct(2, 4, 30)
    least = draw.between(4, a + b - 1)
    # Of each first number, the second ones that are large enough.
    good = sum(max(0, min(b, b - (least - first) + 1)) for first in range(1, a + 1))
    text = draw.pick(
        (
            "Two fair dice have {a} and {b} sides, numbered from 1. What is the probability that "
            "their sum is at least {s}?",
            "You roll a fair {a}-sided and a fair {b}-sided die. How likely is a total of {s} or "
            "more? Give a fraction.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        good = sum(x + y >= $s for x in range(1, $a + 1) for y in range(1, $b + 1))
        print(Fraction(good, $a * $b))
        """,
        **{"a": a, "b": b, "s": least},
    )
    return Problem(text.format(a=a, b=b, s=least), fraction(Fraction(good, a * b)), code)


def _urn(draw: Draw) -> Problem:
    red, blue = draw.between(4, 9), draw.between(4, 9)
    drawn = draw.between(3, 5)
    wanted = draw.between(1, min(drawn, red) - 1)
    answer = Fraction(comb(red, wanted) * comb(blue, drawn - wanted), comb(red + blue, drawn))
    text = draw.pick(
        (
            "An urn holds {r} red and {b} blue balls. You draw {n} without putting any back. What "
            "is the probability that exactly {k} of them are red?",
            "From a bag with {r} red and {b} blue marbles, {n} are taken at once. Find the chance "
            "that exactly {k} are red.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        from itertools import combinations
        balls = [1] * $r + [0] * $b
        draws = list(combinations(balls, $n))
        print(Fraction(sum(sum(d) == $k for d in draws), len(draws)))
        """,
        **{"r": red, "b": blue, "n": drawn, "k": wanted},
    )
    return Problem(text.format(r=red, b=blue, n=drawn, k=wanted), fraction(answer), code)


def _several_dice(draw: Draw) -> Problem:
    dice, sides = draw.between(3, 4), draw.between(4, 12)
    total = draw.between(dice + 2, dice * sides - 2)
    # By inclusion and exclusion over the dice that would be too large.
    good = sum(
        (-1) ** j * comb(dice, j) * comb(total - j * sides - 1, dice - 1)
        for j in range(dice + 1)
        if total - j * sides >= dice
    )
    text = draw.pick(
        (
            "{n} fair dice with {m} sides each are rolled. What is the probability that the "
            "numbers add up to {s}?",
            "Find the probability of a total of exactly {s} with {n} fair {m}-sided dice.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        from itertools import product
        rolls = list(product(range(1, $m + 1), repeat=$n))
        print(Fraction(sum(sum(roll) == $s for roll in rolls), len(rolls)))
        """,
        **{"n": dice, "m": sides, "s": total},
    )
    shown = text.format(n=dice, m=sides, s=total)
    return Problem(shown, fraction(Fraction(good, sides**dice)), code)


def _shared(draw: Draw) -> Problem:
    people = draw.between(3, 4)
    days = draw.between(5, 60 if people == 3 else 16)
    alone = Fraction(perm(days, people), days**people)
    if draw.pick((True, False)):
        answer, sign = 1 - alone, "<"
        how = "at least two of them are in the same", "two or more come on the same"
    else:
        answer, sign = alone, "=="
        how = "no two of them are in the same", "no two come on the same"
    text = draw.pick(
        (
            "{n} people each choose one of {d} rooms at random. What is the probability that "
            f"{how[0]} room?",
            "{n} visitors each come on one of {d} days, all equally likely. How likely is it that "
            f"{how[1]} day? Give an exact fraction.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        from itertools import product
        choices = list(product(range($d), repeat=$n))
        print(Fraction(sum(len(set(choice)) $sign $n for choice in choices), len(choices)))
        """,
        d=days,
        n=people,
        sign=sign,
    )
    return Problem(text.format(n=people, d=days), fraction(answer), code)


def _run(draw: Draw) -> Problem:
    tosses, length = draw.between(6, 12), draw.between(2, 4)
    parts = draw.between(3, 7)
    heads = draw.between(1, parts - 1)
    p = Fraction(heads, parts)
    # Of no run so far: by the number of heads since the last tail.
    since = [Fraction(1)] + [Fraction(0)] * (length - 1)
    for _ in range(tosses):
        since = [sum(since, Fraction(0)) * (1 - p), *(chance * p for chance in since[:-1])]
    text = draw.pick(
        (
            "A biased coin shows heads with probability {h}/{m}. It is tossed {n} times. What is "
            "the probability that {r} heads in a row occur somewhere?",
            "A player wins each of {n} independent games with probability {h}/{m}. Find the "
            "probability of at least {r} wins in succession at some point.",
        )
    )
    code = program(
        """
        from fractions import Fraction
        from itertools import product
        good = 0
        for tosses in product("HT", repeat=$n):
            if "H" * $r in "".join(tosses):
                good += $h ** tosses.count("H") * ($m - $h) ** tosses.count("T")
        print(Fraction(good, $m ** $n))
        """,
        **{"n": tosses, "r": length, "h": heads, "m": parts},
    )
    shown = text.format(n=tosses, r=length, h=heads, m=parts)
    return Problem(shown, fraction(1 - sum(since)), code)


LEVELS = (_two_dice, _urn, _several_dice, _shared, _run)
