"""What a method is: its four choices, their checks, and the pieces every method needs."""

from arlarena_bench.objective.aggregation import AGGREGATIONS, Totals, aggregate, reduce
from arlarena_bench.objective.kl import ESTIMATORS, kl
from arlarena_bench.objective.method import Advantage, Filter, Method
from arlarena_bench.objective.options import Fraction, NonNegative, Positive
from arlarena_bench.objective.ratio import log_ratio, masked_mean
from arlarena_bench.objective.token_loss import (
    TokenLoss,
    TokenLossFunction,
    combine_info,
    sampler_weights,
)
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
    "Totals",
    "Wrapped",
    "aggregate",
    "checked",
    "combine_info",
    "kl",
    "log_ratio",
    "masked_mean",
    "reduce",
    "sampler_weights",
]
