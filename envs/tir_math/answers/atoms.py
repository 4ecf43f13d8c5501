"""What expressions are made of: numbers, letters, functions, fractions, roots, brackets."""

import re
from abc import abstractmethod

from . import names
from .expression import INFINITY, Call, Expression, Letter, Number, UnreadableError, number
from .figures import FRACTIONS, FigureReader
from .notation import Reading, Token
from .numerals import based, literal

BINOMIALS = frozenset(("\\binom", "\\dbinom", "\\tbinom"))
_FENCES = {
    "\\lvert": ("\\rvert", "abs"),
    "\\lfloor": ("\\rfloor", "floor"),
    "\\lceil": ("\\rceil", "ceil"),
}
_INVERTED = frozenset(("sin", "cos", "tan", "cot", "sec", "csc"))
_SAME = {"comb": "binomial", "Max": "max", "Min": "min"}


class AtomReader(FigureReader):
    """Reads the parts of expressions.

    Args:
        listed: The tokens of an answer.
        reading: How to take what can be meant in two ways.
        constants: Which of sympy's `E` and `I` are no variables.
    """

    def __init__(self, listed: list[Token], reading: Reading, constants: frozenset[str]) -> None:
        super().__init__(listed)
        self._reading = reading
        self._constants = constants
        self._bars = 0

    @abstractmethod
    def sum(self) -> Expression:
        """Read a whole expression."""

    @abstractmethod
    def operand(self) -> Expression:
        """Read what a function without brackets is applied to."""

    def _raised(self) -> Expression:
        if self.takes("-"):
            return Call("-", (number(0), self.primary()))
        self.takes("+")
        return self._braced_or_primary()

    def _braced_or_primary(self) -> Expression:
        return self._braced() if self.sees("{") else self.primary()

    def _braced(self) -> Expression:
        self.needs("{")
        inner = self.nested(self.sum)
        self.needs("}")
        return inner

    def argument(self) -> Expression:
        """Read what a command takes: something in braces, or else one digit or letter."""
        if self.sees("{"):
            return self._braced()
        token = self.token
        if token.kind in ("number", "word") and len(token.text) > 1:
            self._tokens[self._at] = token._replace(text=token.text[1:], spaced=False)
            return self._name(token.text[0]) if token.kind == "word" else literal(token.text[0])
        return self.nested(self.primary)

    def primary(self) -> Expression:
        """Read one factor, without its exponent.

        Raises:
            UnreadableError: If what comes next begins none.
        """
        token = self.next()
        if token.kind == "number":
            return self.numeral(token.text)
        if token.kind == "word":
            return self._word(token)
        if token.kind == "text":
            return self._set_in_text(token.text)
        if token.kind == "symbol":
            return self._bracketed(token.text)
        if token.kind == "command":
            return self._command(token.text)
        raise UnreadableError

    def _bracketed(self, opening: str) -> Expression:
        if opening == "|":
            self._bars += 1
            inner = self.nested(self.sum)
            self._bars -= 1
            self.needs("|")
            return Call("abs", (inner,))
        closing = {"(": ")", "[": "]", "{": "}"}.get(opening)
        if closing is None:
            raise UnreadableError
        bars, self._bars = self._bars, 0
        inner = self.nested(self.sum)
        if opening == "{" and self.takes("\\choose"):
            inner = Call("binomial", (inner, self.nested(self.sum)))
        self.needs(closing)
        self._bars = bars
        return inner

    # Names

    def _set_in_text(self, text: str) -> Expression:
        text = text.strip()
        if self.sees("_") and re.fullmatch(r"[0-9A-Za-z]+", text):
            self.next()
            return based(text, self.subscript())
        if text in ("e", "i"):
            return Call(text)
        if text in ("lcm", "gcd", "max", "min"):
            return self._called_with_several(text)
        if re.fullmatch(r"-?\d+(\.\d+)?", text):
            sign = -1 if text.startswith("-") else 1
            value = literal(text.lstrip("-"))
            return Number(sign * value.value, value.digits)
        if re.fullmatch(r"[A-Za-z]", text):
            return self._letter(text)
        raise UnreadableError

    def _word(self, token: Token) -> Expression:
        name = token.text
        called = self.sees("(") and not self.token.spaced
        if called and name in names.FUNCTIONS:
            return self._applied(names.FUNCTIONS[name])
        if called and (name in names.SEVERAL or name == "log"):
            return self._called_with_several(name)
        if called and name in names.FRACTIONS:
            return self._called_with_several("/")
        if called and name in names.CASTS:
            return self._applied("+")
        if name == "pi":
            return Call("π")
        if name in ("oo", "inf", "infinity", "Infinity"):
            return INFINITY
        if name in self._constants:
            return Call(name.lower())
        if name == "GoldenRatio":
            return Call("golden")
        if name in names.GREEK:
            return self._letter(name)
        if len(name) > 3 or "." in name or name in names.FUNCTIONS or self.token.kind == "number":
            raise UnreadableError
        # Letters side by side are a product, of which an exponent takes the last.
        if len(name) > 1:
            self._at -= 1
            self._tokens[self._at] = token._replace(text=name[1:], spaced=False)
        return self._name(name[0])

    def _name(self, letter: str) -> Expression:
        if letter in self._constants:
            return Call(letter.lower())
        return Call(letter) if letter in ("e", "i") else self._letter(letter)

    def _letter(self, name: str) -> Expression:
        return Letter(f"{name}_{self.subscript()}" if self.takes("_") else name)

    def _applied(self, name: str) -> Expression:
        self.needs("(")
        inner = self.nested(self.sum)
        self.needs(")")
        return Call(name, (inner,))

    def _called_with_several(self, name: str) -> Expression:
        self.needs("(")
        arguments = [self.nested(self.sum)]
        while self.takes(","):
            arguments.append(self.nested(self.sum))
        self.needs(")")
        return Call(_SAME.get(name, name), tuple(arguments))

    def _command(self, text: str) -> Expression:
        name = text[1:]
        if text in FRACTIONS:
            return Call("/", (self.argument(), self.argument()))
        if text in BINOMIALS:
            return Call("binomial", (self.argument(), self.argument()))
        if text == "\\sqrt":
            return self._root()
        if text in _FENCES:
            closing, function = _FENCES[text]
            inner = self.nested(self.sum)
            self.needs(closing)
            return Call(function, (inner,))
        if name in ("pi", "infty"):
            return Call("π") if name == "pi" else INFINITY
        if name == "imath":
            return Call("i")
        if name == "log" or name in names.OPERATORS:
            return self._operator(name)
        if name in ("gcd", "max", "min"):
            return self._called_with_several(name)
        if name in names.GREEK:
            return self._letter(name)
        raise UnreadableError

    def _root(self) -> Expression:
        if self.takes("["):
            order = self.nested(self.sum)
            self.needs("]")
            return Call("root", (self.argument(), order))
        return Call("sqrt", (self.argument(),))

    def _operator(self, name: str) -> Expression:
        r"""Read `\sin x`, `\sin^2 x`, `\sin^{-1} x`, `\log_2 8`."""
        base = self.argument() if name == "log" and self.takes("_") else None
        power = self.nested(self._raised) if self.takes("^") else None
        inner = self.nested(self.operand)
        function = names.FUNCTIONS.get(name, name)
        if power == Call("-", (number(0), number(1))) and function in _INVERTED:
            return Call("a" + function, (inner,))
        if name == "log":
            ten = base is None and self._reading.decimal_logarithm
            result = Call("log", (inner, base or number(10)) if base or ten else (inner,))
        else:
            result = Call(function, (inner,))
        return Call("^", (result, power)) if power else result
