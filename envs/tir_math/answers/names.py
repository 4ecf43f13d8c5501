"""Names of functions and constants, in LaTeX and in Python."""

from collections.abc import Mapping


def _words(text: str) -> list[str]:
    return text.split()


GREEK = frozenset(
    _words(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu "
        "xi rho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi "
        "Psi Omega ell"
    )
)
# Functions of one argument, by every name that they go by.
FUNCTIONS: Mapping[str, str] = {
    **{
        name: name
        for name in _words(
            "sin cos tan cot sec csc sinh cosh tanh coth sech csch asin acos atan acot asec acsc "
            "asinh acosh atanh exp ln cbrt sqrt abs floor ceil sign re im conjugate factorial"
        )
    },
    **{"arc" + name: "a" + name for name in _words("sin cos tan cot sec csc sinh cosh tanh")},
    **{"log10": "log10", "log2": "log2", "lg": "log10"},
    **{"ceiling": "ceil", "Abs": "abs", "Re": "re", "Im": "im", "sgn": "sign"},
}
# Functions of several.
SEVERAL = frozenset(_words("binomial comb gcd lcm max min Max Min root Mod"))
# What LaTeX writes without brackets: `\sin x`.
OPERATORS = frozenset(
    _words("sin cos tan cot sec csc sinh cosh tanh coth arcsin arccos arctan exp ln lg")
)
# What only says of what type a number is.
CASTS = frozenset(
    _words(
        "float int complex mpf Float Integer Decimal Symbol S "
        "np.float64 np.float32 np.float16 np.int64 np.int32 np.int8 np.uint8 np.complex128 "
        "np.bool_ numpy.float64 numpy.int64 array np.array ImmutableMatrix list set tuple "
        "sorted Tuple"
    )
)
FRACTIONS = frozenset(("Fraction", "Rational"))
MATRICES = frozenset(("Matrix", "ImmutableDenseMatrix", "MutableDenseMatrix"))
INTERVALS: Mapping[str, str] = {
    "Interval": "[]",
    "Interval.open": "()",
    "Interval.Lopen": "(]",
    "Interval.Ropen": "[)",
}
RELATIONS: Mapping[str, str] = {
    **dict.fromkeys(("=", "==", "\\in"), "="),
    "\\approx": "≈",
    **dict.fromkeys(("<=", "\\le", "\\leq", "\\leqslant", "\\leqq"), "≤"),
    **dict.fromkeys((">=", "\\ge", "\\geq", "\\geqslant", "\\geqq"), "≥"),
    **dict.fromkeys(("!=", "\\ne", "\\neq"), "≠"),
    **dict.fromkeys(("<", "\\lt"), "<"),
    **dict.fromkeys((">", "\\gt"), ">"),
}
RELATION_CALLS: Mapping[str, str] = {
    "Eq": "=",
    "Equality": "=",
    "Ne": "≠",
    "Lt": "<",
    "Le": "≤",
    "Gt": ">",
    "Ge": "≥",
    "StrictLessThan": "<",
    "LessThan": "≤",
    "StrictGreaterThan": ">",
    "GreaterThan": "≥",
}
BASES: Mapping[str, int] = {
    name: base
    for base, name in enumerate(
        _words(
            "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen"
        ),
        start=2,
    )
}
# What programs print without a backslash, and is no word of a language.
PRINTED = (
    GREEK
    | frozenset(FUNCTIONS)
    | SEVERAL
    | FRACTIONS
    | MATRICES
    | frozenset(_words("log pi Interval Union FiniteSet GoldenRatio open Lopen Ropen array float"))
)
