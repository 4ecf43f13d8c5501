"""Runs code that nobody has read, fast, and lets nothing out."""

from .box import BACKENDS, Sandbox, Session, checked
from .levels import Level, NoSandboxError, active, isolation_report, remedy
from .result import Limits, Result
from .shared import shared

__all__ = [
    "BACKENDS", "Level", "Limits", "NoSandboxError", "Result", "Sandbox", "Session", "active",
    "checked", "isolation_report", "remedy", "shared",
]  # fmt: skip
