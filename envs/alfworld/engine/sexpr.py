"""The parentheses of PDDL as nested lists."""

import re
from typing import TypeAlias

from arlarena_bench.errors import ArenaError

Tree: TypeAlias = "str | list[Tree]"

# Far deeper than any domain, and far less deep than Python can go.
DEEPEST = 100

_COMMENT = re.compile(r";[^\n]*")
_TOKEN = re.compile(r"[()]|[^\s()]+")


def parse(text: str) -> list[Tree]:
    """Read one parenthesized expression; words are lower-cased, as PDDL ignores case.

    Raises:
        ArenaError: If the parentheses do not match or go too deep, or if there is not exactly one
            expression.
    """
    stack: list[list[Tree]] = [[]]
    for token in _TOKEN.findall(_COMMENT.sub("", text).lower()):
        if token == "(":
            stack.append([])
            if len(stack) > DEEPEST:
                raise ArenaError(f"more than {DEEPEST} parentheses within each other")
        elif token != ")":
            stack[-1].append(token)
        elif len(stack) > 1:
            closed = stack.pop()
            stack[-1].append(closed)
        else:
            raise ArenaError("a ')' closes nothing")
    if len(stack) > 1:
        raise ArenaError(f"{len(stack) - 1} '(' are never closed; is the text cut off?")
    match stack[0]:
        case [[*tree]]:
            return tree
    raise ArenaError("expected one expression in parentheses")


def show(tree: Tree, limit: int = 60) -> str:
    """Write an expression back as text, cut to `limit` characters, for messages."""
    text = tree if isinstance(tree, str) else f"({' '.join(show(part) for part in tree)})"
    return text if len(text) <= limit else text[: limit - 1] + "…"
