"""Expressions, by recursive descent; nothing is ever evaluated as Python."""

from . import names
from .atoms import BINOMIALS, AtomReader
from .cursor import separates
from .expression import Call, Expression, number
from .figures import FRACTIONS
from .units import WORDS

_TIMES = frozenset(("*", "\\cdot", "\\times", "\\ast"))
_OVER = frozenset(("/", "\\div"))
_SIGNS = {"+": "+", "-": "-", "\\pm": "±", "\\mp": "∓"}
# The commands with which a factor can begin.
_FACTORS = (
    FRACTIONS
    | BINOMIALS
    | {"\\" + name for name in names.GREEK | names.OPERATORS}
    | {"\\sqrt", "\\lvert", "\\lfloor", "\\lceil", "\\log", "\\pi", "\\infty"}
)


class TermReader(AtomReader):
    """Reads sums, products and powers."""

    def sum(self) -> Expression:
        """Read terms with `+`, `-` and `±` between them."""
        total = self._signed()
        while self.token.kind in ("symbol", "command") and self.token.text in _SIGNS:
            total = Call(_SIGNS[self.next().text], (total, self._product()))
        return total

    def _signed(self) -> Expression:
        if self.token.kind in ("symbol", "command") and self.token.text in _SIGNS:
            sign = _SIGNS[self.next().text]
            return Call(sign, (number(0), self.nested(self._signed_product)))
        return self._product()

    def _signed_product(self) -> Expression:
        if self.sees(*_SIGNS):
            return self._signed()
        return self._product()

    def _product(self) -> Expression:
        total = self.power()
        while True:
            if self.takes(*_TIMES):
                total = Call("*", (total, self._factor()))
            elif self.takes(*_OVER):
                total = Call("/", (total, self._factor()))
            elif self._juxtaposed():
                total = Call("*", (total, self.power()))
            else:
                return total

    def _factor(self) -> Expression:
        return self._signed() if self.sees("-", "+") else self.power()

    def _juxtaposed(self) -> bool:
        """Return whether a factor follows without a sign between."""
        token = self.token
        if token.kind == "number":
            # `x2` and `3 4` are no products.
            return False
        if token.kind == "word":
            return not separates(token) and not (token.spaced and token.text in WORDS)
        if token.kind == "command":
            return token.text in _FACTORS
        return self.sees("(", "{") or (self.sees("[") and not self._bars)

    def power(self) -> Expression:
        """Read a factor with its exponents and factorials."""
        base = self.primary()
        while True:
            if self.takes("!"):
                base = Call("factorial", (base,))
            elif self.sees("^", "**"):
                sign = self.next().text
                if self._degree():
                    return Call("degree", (base,))
                exponent = self.nested(self._raised if sign == "^" else self._starred)
                base = Call("^", (base, exponent))
            else:
                return base

    def _degree(self) -> bool:
        """Go past the ring that makes an angle's measure, if it comes next."""
        if self.takes("\\circ", "\\degree"):
            return True
        ring = [token.text for token in self._tokens[self._at : self._at + 3]]
        if ring == ["{", "\\circ", "}"]:
            self._at += 3
            return True
        return False

    def _starred(self) -> Expression:
        return self._signed() if self.sees("-", "+") else self.power()

    def operand(self) -> Expression:
        """Read factors without a sign between, up to a bracket or another function."""
        total = self.power()
        while self._juxtaposed() and self.token.text[1:] not in {*names.OPERATORS, "log"}:
            if self.sees("("):
                break
            total = Call("*", (total, self.power()))
        return total
