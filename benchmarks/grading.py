"""Grading: where our comparison and math-verify differ, and what a verdict costs.

Run with `python -m benchmarks.grading`. The corpus is made here, from fixed seeds: numbers, pairs,
sets, powers and the like, each written in every notation that people and programs use. Two
notations of one value are a right answer, notations of two values a wrong one. With `--champ FILE`
the answers of CHAMP are compared with each other, too: its `v0.json` from the package
`champ-dataset` 1.0.0, of which nothing is kept here.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations, product
from pathlib import Path
from random import Random
from typing import NamedTuple

from rich.progress import track
from tabulate import tabulate

from arlarena_bench.envs.tir_math import answers
from arlarena_bench.envs.tir_math.grader import by_math_verify, grader_version

VALUES = 4
EXAMPLES = 3
CHAMP_PAIRS = 600


class Pair(NamedTuple):
    """An answer beside the right one, and whether it is right."""

    kind: str
    gold: str
    answer: str
    right: bool


def whole(rng: Random) -> list[str]:
    """Return a whole number in several notations."""
    n = rng.randrange(1_000, 999_999)
    latex = f"{n:,}".replace(",", "{,}")
    noisy = f"{n}.00000000001"
    return [f"{n}", f"{n}.0", f"{n:,}", latex, f"{n}.", f"x={n}", rf"\frac{{{2 * n}}}{{2}}", noisy]


def fraction(rng: Random) -> list[str]:
    """Return a fraction in several notations."""
    value = Fraction(rng.randrange(20, 99), rng.choice((7, 11, 13, 17)))
    a, b = value.numerator, value.denominator
    mixed = rf"{a // b}\frac{{{a % b}}}{{{b}}}"
    return [rf"\frac{{{a}}}{{{b}}}", f"{a}/{b}", f"Fraction({a}, {b})", repr(a / b), mixed]


def repeating(rng: Random) -> list[str]:
    """Return a repeating decimal in several notations."""
    period = rng.choice("1245678")
    return [rf"0.\overline{{{period}}}", rf"\frac{{{period}}}{{9}}", f"0.{period * 3}..."]


def scientific(rng: Random) -> list[str]:
    """Return a power of ten with a mantissa in several notations."""
    mantissa, power = rng.randrange(11, 99) / 10, rng.randrange(-12, -5)
    value = float(f"{mantissa}e{power}")
    return [rf"{mantissa} \times 10^{{{power}}}", repr(value), f"{mantissa}E{power}"]


def tiny(rng: Random) -> list[str]:
    """Return a small power of two in several notations."""
    power = rng.randrange(30, 90)
    return [rf"\frac{{1}}{{2^{{{power}}}}}", f"2^{{-{power}}}", f"2**(-{power})", repr(2.0**-power)]


def based(rng: Random) -> list[str]:
    """Return a number in base five, and as it is."""
    n = rng.randrange(30, 124)
    digits = f"{n // 25}{n // 5 % 5}{n % 5}"
    return [f"{digits}_5", f"{digits}_{{5}}", rf"{digits}_{{\text{{five}}}}", f"{n}"]


def irrational(rng: Random) -> list[str]:
    """Return a multiple of a root in several notations."""
    a, b = rng.randrange(2, 9), rng.choice((2, 3, 5, 7))
    return [
        rf"{a}\sqrt{{{b}}}",
        rf"\sqrt{{{a * a * b}}}",
        f"{a}*sqrt({b})",
        repr(a * float(b) ** 0.5),
    ]


def multiple_of_pi(rng: Random) -> list[str]:
    """Return a multiple of π in several notations."""
    a = rng.randrange(2, 12)
    return [rf"\frac{{\pi}}{{{a}}}", f"pi/{a}", f"π/{a}", repr(3.141592653589793 / a)]


def complex_number(rng: Random) -> list[str]:
    """Return a complex number in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(2, 9)
    return [f"{a}+{b}i", f"{a} + {b}*I", f"({a}+{b}j)", f"{b}i+{a}"]


def ordered_pair(rng: Random) -> list[str]:
    """Return a pair in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(10, 19)
    return [f"({a},{b})", f"({a}, {b}.0)", rf"\left({a}, {b}\right)"]


def finite_set(rng: Random) -> list[str]:
    """Return a set in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(10, 19)
    return [rf"\{{{a},{b}\}}", f"{b},{a}", f"[{a}, {b}]", f"{{{b}, {a}}}", rf"{a}\text{{ or }}{b}"]


def interval(rng: Random) -> list[str]:
    """Return a half-open interval in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(10, 19)
    return [f"({a},{b}]", rf"\left({a}, {b}\right]", f"Interval.Lopen({a}, {b})"]


def matrix(rng: Random) -> list[str]:
    """Return a column in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(10, 19)
    return [
        rf"\begin{{pmatrix}}{a}\\{b}\end{{pmatrix}}",
        f"Matrix([[{a}], [{b}]])",
        f"[[{a}]\n [{b}]]",
    ]


def polynomial(rng: Random) -> list[str]:
    """Return a polynomial in several notations."""
    a, b = rng.randrange(2, 9), rng.randrange(2, 9)
    return [f"x^2+{a + b}x+{a * b}", f"(x+{a})(x+{b})", f"x**2 + {a + b}*x + {a * b}"]


def percentage(rng: Random) -> list[str]:
    """Return a percentage and the same share."""
    n = rng.randrange(2, 99)
    return [rf"{n}\%", rf"\frac{{{n}}}{{100}}", f"{n}%"]


def with_unit(rng: Random) -> list[str]:
    """Return a length with and without its unit."""
    n = rng.randrange(2, 99)
    return [rf"{n}\text{{ cm}}", f"{n}", f"{n} centimeters", f"{n} cm"]


def words(rng: Random) -> list[str]:
    """Return a date in several notations."""
    day = f"{rng.choice(('June', 'July', 'March'))} {rng.randrange(1, 31)}"
    return [rf"\text{{{day}}}", day, day.lower(), rf"\text{{{day}.}}"]


KINDS: dict[str, Callable[[Random], list[str]]] = {
    "whole number": whole,
    "fraction": fraction,
    "repeating decimal": repeating,
    "scientific notation": scientific,
    "tiny number": tiny,
    "number in a base": based,
    "root": irrational,
    "multiple of π": multiple_of_pi,
    "complex number": complex_number,
    "pair": ordered_pair,
    "set": finite_set,
    "interval": interval,
    "matrix": matrix,
    "polynomial": polynomial,
    "percentage": percentage,
    "quantity": with_unit,
    "date": words,
}


def corpus() -> Iterator[Pair]:
    """Yield every pair: notations of one value, and of two values of a kind."""
    for kind, notations in KINDS.items():
        seen: dict[str, list[str]] = {}
        for number in range(10 * VALUES):
            forms = notations(Random(f"{kind} {number}"))
            if len(seen) < VALUES:
                seen.setdefault(forms[0], forms)
        values = list(seen.values())
        for forms, others in zip(values, [*values[1:], values[0]], strict=True):
            for (i, gold), (j, answer) in product(enumerate(forms), enumerate(forms)):
                if i != j:
                    yield Pair(kind, gold, answer, True)
            yield from (Pair(kind, gold, answer, False) for gold, answer in product(forms, others))
    # The same two numbers, as another kind of thing.
    inner = ordered_pair(Random(0))[0].strip("()")
    things = (f"({inner})", f"[{inner})", f"({inner}]", rf"\{{{inner}\}}")
    for gold, answer in permutations(things, 2):
        yield Pair("another kind of thing", gold, answer, False)


def champ(path: Path) -> Iterator[Pair]:
    """Yield CHAMP's answers beside themselves and beside each other."""
    problems = json.loads(path.read_text(encoding="utf-8"))["problems"]
    texts = [p["_raw_answer"].replace("@@", "$") for _, p in sorted(problems.items())]
    yield from (Pair("CHAMP", text, text, True) for text in texts)
    rng = Random("champ")
    for _ in range(CHAMP_PAIRS):
        gold, answer = rng.sample(texts, 2)
        same = re.sub(r"[\s.$]", "", gold) == re.sub(r"[\s.$]", "", answer)
        yield Pair("CHAMP", gold, answer, same)


class Verdict(NamedTuple):
    """What both say of a pair, and how long they took, in milliseconds."""

    pair: Pair
    ours: bool | None
    theirs: bool
    milliseconds: tuple[float, float]

    @property
    def graded(self) -> bool:
        """What an agent is told."""
        return self.theirs if self.ours is None else self.ours


def judge(pair: Pair) -> Verdict:
    """Ask both."""
    started = time.perf_counter()
    ours = answers.compare(pair.gold, pair.answer)
    between = time.perf_counter()
    theirs = by_math_verify(pair.gold, pair.answer)
    ended = time.perf_counter()
    return Verdict(pair, ours, theirs, (1000 * (between - started), 1000 * (ended - between)))


def row(kind: str, verdicts: list[Verdict]) -> list[object]:
    """Return a line of the table."""
    return [
        kind,
        len(verdicts),
        sum(v.graded == v.theirs for v in verdicts),
        sum(v.graded and not v.theirs for v in verdicts),
        sum(v.theirs and not v.graded for v in verdicts),
        sum(v.graded != v.pair.right for v in verdicts),
        sum(v.theirs != v.pair.right for v in verdicts),
        sum(v.ours is None for v in verdicts),
    ]


def main() -> None:
    """Judge the corpus and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.grading", description=__doc__)
    parser.add_argument("--champ", type=Path, metavar="FILE", help="CHAMP's v0.json")
    arguments = parser.parse_args()
    pairs = [*corpus(), *(champ(arguments.champ) if arguments.champ else ())]
    judge(pairs[0])
    verdicts = [judge(pair) for pair in track(pairs, description="pairs")]
    kinds = list(dict.fromkeys(pair.kind for pair in pairs))
    rows = [row(kind, [v for v in verdicts if v.pair.kind == kind]) for kind in kinds]
    headers = [
        "kind",
        "pairs",
        "agree",
        "only we accept",
        "only we reject",
        "we are wrong",
        "math-verify is wrong",
        "left to it",
    ]
    print(tabulate([*rows, row("all", verdicts)], headers, tablefmt="github"))
    for kind in kinds:
        differ = [v for v in verdicts if v.pair.kind == kind and v.graded != v.theirs]
        wrong = [v for v in verdicts if v.pair.kind == kind and v.graded != v.pair.right]
        for verdict in [*differ[:EXAMPLES], *wrong[:EXAMPLES]]:
            said = "accepted" if verdict.graded else "rejected"
            mistaken = ", wrongly" if verdict in wrong else ""
            print(f"{kind}: {verdict.pair.answer!r} for {verdict.pair.gold!r} {said}{mistaken}")
    for name, place in (("ours", 0), ("math-verify in its process", 1)):
        times = sorted(v.milliseconds[place] for v in verdicts)
        p95 = times[int(0.95 * len(times))]
        print(f"{name}: median {statistics.median(times):.2f} ms a verdict, p95 {p95:.2f} ms")
    print(grader_version())


if __name__ == "__main__":
    main()
