"""Numbers as they stand in expressions: with bars, dots, bases and fractions behind them."""

from abc import abstractmethod

from .cursor import Cursor
from .expression import Expression, Number
from .numerals import based, continued, literal, repeating

FRACTIONS = frozenset(("\\frac", "\\dfrac", "\\tfrac", "\\cfrac"))
_BARS = frozenset(("\\overline", "\\bar", "\\dot"))
_DOTS = frozenset(("...", "\\ldots", "\\dots", "\\cdots"))


class FigureReader(Cursor):
    """Reads numbers."""

    @abstractmethod
    def argument(self) -> Expression:
        """Read what a command takes."""

    def numeral(self, text: str) -> Expression:
        """Read what belongs to a number that was just passed."""
        if self.takes(*_BARS):
            return repeating(text, self._period())
        if self.takes(*_DOTS):
            return continued(text)
        if self.takes("_"):
            return based(text, self.subscript())
        value = literal(text)
        return self._mixed(value) if text.isdigit() else value

    def _period(self) -> str:
        brace = self.takes("{")
        digits = self.next().text
        if brace:
            self.needs("}")
        return digits

    def subscript(self) -> str:
        """Read what stands behind a `_` that was just passed."""
        brace = self.takes("{")
        text = self.next().text
        if brace:
            self.takes("\\text")
            self.needs("}")
        return text

    def _mixed(self, whole: Number) -> Expression:
        r"""Add the proper fraction behind a whole number: `1\frac{1}{2}`, `1 1/2`."""
        here = self._at
        if self.takes(*FRACTIONS):
            above, below = self.argument(), self.argument()
        elif self.token.kind == "number" and self.token.spaced:
            above = literal(self.next().text)
            below = (
                literal(self.next().text)
                if self.takes("/") and self.token.kind == "number"
                else above
            )
        else:
            return whole
        if isinstance(above, Number) and isinstance(below, Number):
            proper = 0 < above.value < below.value
            whole_numbers = above.value.denominator == below.value.denominator == 1
            if proper and whole_numbers and not above.digits and not below.digits:
                return Number(whole.value + above.value / below.value)
        self._at = here
        return whole
