"""What a method is: its four choices, their checks, and the pieces every method needs."""

from arlarena_bench.objective.aggregation import AGGREGATIONS, aggregate
from arlarena_bench.objective.kl import ESTIMATORS, kl
from arlarena_bench.objective.method import Advantage, Filter, Method, TokenLoss, TokenLossFunction
from arlarena_bench.objective.options import Fraction, NonNegative, Positive
from arlarena_bench.objective.ratio import log_ratio, masked_mean
from arlarena_bench.objective.wrapped import Wrapped, checked

__all__ = [
    "AGGREGATIONS",
    "ESTIMATORS",
    "Advantage",
    "Filter",
    "Fraction",
    "Method",
    "NonNegative",
    "Positive",
    "TokenLoss",
    "TokenLossFunction",
    "Wrapped",
    "aggregate",
    "checked",
    "kl",
    "log_ratio",
    "masked_mean",
]
