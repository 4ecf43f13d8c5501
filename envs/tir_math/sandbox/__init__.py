"""Runs code that nobody has read, fast, and lets nothing out."""

from .box import BACKENDS, Sandbox, Session, checked
from .levels import Level, active, isolation_report
from .result import Limits, Result
from .shared import shared

__all__ = [
    "BACKENDS", "Level", "Limits", "Result", "Sandbox", "Session", "active", "checked",
    "isolation_report", "shared",
]  # fmt: skip
