"""A place in a list of tokens, from which readers go on."""

from collections.abc import Callable
from typing import TypeVar

from .expression import UnreadableError
from .names import RELATIONS
from .notation import END, Token

_DEEPEST = 40
_OPENING = frozenset(("(", "[", "{", "\\{"))
_CLOSING = frozenset((")", "]", "}", "\\}"))
_SEPARATORS = frozenset((",", ";", "and", "or", "\\land", "\\lor"))

Read = TypeVar("Read")


class Cursor:
    """A place in a list of tokens.

    Args:
        listed: The tokens of an answer.
    """

    def __init__(self, listed: list[Token]) -> None:
        self._tokens = [*listed, END]
        self._at = 0
        self._depth = 0
        # Which brackets hold several things, or a relation: found once, so that no reader ever
        # has to go back and reading takes linear time.
        self._several: set[int] = set()
        self._closes: dict[int, int] = {}
        opened: list[int] = []
        for place, token in enumerate(self._tokens):
            if token.kind in ("symbol", "command") and token.text in _OPENING:
                opened.append(place)
            elif token.kind in ("symbol", "command") and token.text in _CLOSING and opened:
                self._closes[opened.pop()] = place
            elif opened and (separates(token) or token.text in RELATIONS or token.text == ":"):
                self._several.add(opened[-1])

    @property
    def token(self) -> Token:
        """The next token."""
        return self._tokens[self._at]

    def next(self) -> Token:
        """Return the next token and go past it."""
        token = self.token
        self._at += token is not END
        return token

    def sees(self, *texts: str) -> bool:
        """Return whether one of these comes next."""
        return self.token.kind in ("symbol", "command", "word") and self.token.text in texts

    def takes(self, *texts: str) -> bool:
        """Go past one of these if it comes next; return whether it did."""
        found = self.sees(*texts)
        self._at += found
        return found

    def needs(self, *texts: str) -> str:
        """Go past one of these, and return it.

        Raises:
            UnreadableError: If something else comes next.
        """
        if not self.sees(*texts):
            raise UnreadableError
        return self.next().text

    def nested(self, rule: Callable[[], Read]) -> Read:
        """Read something inside something else.

        Raises:
            UnreadableError: If that is too deep for the stack.
        """
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        result = rule()
        self._depth -= 1
        return result


def separates(token: Token) -> bool:
    r"""Return whether a token stands between the items of a list: `,`, `;`, `and`, `\text{or}`."""
    if token.kind == "text":
        return token.text.strip(" ,").lower() in _SEPARATORS
    return token.kind in ("symbol", "command", "word") and token.text in _SEPARATORS
