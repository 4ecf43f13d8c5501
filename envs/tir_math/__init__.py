"""TIR Math: problems, an interpreter for code, and a grader; the environment is in `env`.

`Sandbox` runs code, `grade` says whether an answer is right.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .grader import grade as grade
    from .sandbox import Sandbox as Sandbox

__all__ = ["Sandbox", "grade"]

_HOMES = {"Sandbox": ".sandbox", "grade": ".grader"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
