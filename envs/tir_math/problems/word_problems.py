"""Word problems."""

from fractions import Fraction

from .draw import Draw
from .problem import Problem, fraction, program

_NAMES = ("Ada", "Bruno", "Chen", "Dalia", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun")
_GOODS = ("pencils", "notebooks", "lemons", "screws", "tulips", "tiles", "batteries", "candles")


def _purchase(draw: Draw) -> Problem:
    name, one = draw.pick(_NAMES), draw.pick(_GOODS)
    two = draw.pick([item for item in _GOODS if item != one])
    a, b = draw.between(23, 190), draw.between(23, 190)
    p, q = draw.between(17, 390), draw.between(17, 390)
    text = draw.pick(
        (
            "{name} buys {a} {one} at {p} cents each and {b} {two} at {q} cents each. How many "
            "cents does that cost altogether?",
            "A shop charges {p} cents for each of its {one} and {q} cents for each of its {two}. "
            "What does {name} pay, in cents, for {a} of the first and {b} of the second?",
        )
    )
    shown = text.format(name=name, one=one, two=two, a=a, b=b, p=p, q=q)
    code = f"first = {a} * {p}\nsecond = {b} * {q}\nprint(first + second)"
    return Problem(shown, str(a * p + b * q), code)


def _trains(draw: Draw) -> Problem:
    u, v = draw.between(41, 159), draw.between(41, 159)
    distance, ahead = draw.between(200, 900), draw.between(1, 60)
    # The first covers its start alone; the rest is covered by both.
    alone = Fraction(u * ahead, 60)
    answer = (distance - alone) / (u + v)
    text = draw.pick(
        (
            "Two towns are {d} km apart. A train leaves the first at {u} km/h towards the second, "
            "and {m} minutes later another leaves the second at {v} km/h towards the first. How "
            "many hours after the second train's start do they meet? Give an exact fraction.",
            "A car drives at {u} km/h along a road of {d} km. After {m} minutes a bus sets out "
            "from the other end towards it at {v} km/h. How many hours does the bus drive until "
            "they meet, as an exact fraction?",
        )
    )
    code = program(
        """
        from fractions import Fraction
        left = $d - $u * Fraction($m, 60)
        print(left / ($u + $v))
        """,
        **{"d": distance, "u": u, "v": v, "m": ahead},
    )
    return Problem(text.format(d=distance, u=u, v=v, m=ahead), fraction(answer), code)


def _tickets(draw: Draw) -> Problem:
    dear, cheap = draw.between(15, 40), draw.between(5, 14)
    adults, children = draw.between(20, 400), draw.between(20, 400)
    people, money = adults + children, adults * dear + children * cheap
    text = draw.pick(
        (
            "Tickets cost {a} euros for adults and {c} euros for children. {n} visitors paid {t} "
            "euros in all. How many of them were adults?",
            "{n} people came to a concert and paid {t} euros together; an adult paid {a} euros and "
            "a child {c}. Find the number of adults.",
        )
    )
    code = program(
        """
        for adults in range($n + 1):
            if $a * adults + $c * ($n - adults) == $t:
                print(adults)
        """,
        **{"a": dear, "c": cheap, "n": people, "t": money},
    )
    return Problem(text.format(a=dear, c=cheap, n=people, t=money), str(adults), code)


def _pumps(draw: Draw) -> Problem:
    a, b = draw.distinct(2, 5, 48)
    c = draw.between(50, 120)
    answer = Fraction(a * b * c, b * c + a * c - a * b)
    text = draw.pick(
        (
            "One pump fills a pool in {a} hours and another in {b} hours, while a leak would empty "
            "it in {c} hours. How many hours does it take to fill the pool with both pumps and the "
            "leak? Give an exact fraction.",
            "Alone, one machine packs an order in {a} hours and a second one in {b}; a third, by "
            "mistake, would unpack it in {c} hours. All three run. After how many hours, exactly, "
            "is the order packed?",
        )
    )
    code = program(
        """
        from fractions import Fraction
        rate = Fraction(1, $a) + Fraction(1, $b) - Fraction(1, $c)
        print(1 / rate)
        """,
        **{"a": a, "b": b, "c": c},
    )
    return Problem(text.format(a=a, b=b, c=c), fraction(answer), code)


def _savings(draw: Draw) -> Problem:
    start, yearly = draw.between(100, 9_000), draw.between(10, 900)
    percent, years = draw.between(2, 9), draw.between(5, 25)
    growth = Fraction(100 + percent, 100)
    # The geometric series, in cents; a half cent never occurs within these bounds by itself.
    exact = start * growth**years + yearly * (growth**years - 1) / (growth - 1)
    cents = int(exact * 100 + Fraction(1, 2))
    text = draw.pick(
        (
            "An account holds {s} euros. At the end of each year it earns {p} percent interest and "
            "then {y} euros are paid in. What is the balance after {n} years, rounded to the cent?",
            "{name} starts with {s} euros in the bank. Every year adds {p} percent interest, after "
            "which {name} deposits {y} euros. How many euros are there after {n} years? Round to "
            "two decimals.",
        )
    )
    shown = text.format(s=start, p=percent, y=yearly, n=years, name=draw.pick(_NAMES))
    code = program(
        """
        from fractions import Fraction
        balance = Fraction($s)
        for _ in range($n):
            balance = balance * Fraction(100 + $p, 100) + $y
        cents = int(balance * 100 + Fraction(1, 2))
        print(f"{cents // 100}.{cents % 100:02d}")
        """,
        **{"s": start, "p": percent, "y": yearly, "n": years},
    )
    return Problem(shown, f"{cents // 100}.{cents % 100:02d}", code)


LEVELS = (_purchase, _trains, _tickets, _pumps, _savings)
