"""Mistakes for the second phase of behaviour cloning, and for the random agent."""

from collections.abc import Sequence
from random import Random

from .reply import block, box

DIGITS = "0123456789"
# Of a program: a wrong digit, a lost character, the program of another problem, a broken fence.
_PROGRAM_WEIGHTS = (0.35, 0.15, 0.2, 0.1)
# Of an answer: a wrong digit, a broken box.
_ANSWER_WEIGHTS = (0.2, 0.1)


def corrupted_program(program: str, others: Sequence[str], rng: Random) -> str:
    """Return the block of a program with one mistake."""
    (kind,) = rng.choices(range(4), _PROGRAM_WEIGHTS)
    if kind == 0:
        return block(_wrong_digit(program, rng))
    if kind == 1:
        place = rng.randrange(len(program))
        return block(program[:place] + program[place + 1 :])
    if kind == 2:
        return block(rng.choice(others))
    opening, _, rest = block(program).partition("\n")
    return rest if rng.random() < 0.5 else f"{opening}\n{program}"


def corrupted_answer(answer: str, rng: Random) -> str:
    """Return the box of an answer with one mistake."""
    (kind,) = rng.choices(range(2), _ANSWER_WEIGHTS)
    if kind == 0:
        return box(_wrong_digit(answer, rng))
    return box(answer)[:-1]


def _wrong_digit(text: str, rng: Random) -> str:
    places = [place for place, character in enumerate(text) if character in DIGITS]
    if not places:
        return text + rng.choice(DIGITS)
    place = rng.choice(places)
    other = rng.choice(DIGITS.replace(text[place], ""))
    return text[:place] + other + text[place + 1 :]
