"""Panels that a test may damage."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest


@contextmanager
def copied_panels(module: ModuleType, place: Path) -> Iterator[Path]:
    """Copy a module's panels, which it reads instead of the package's own meanwhile."""
    folder = place / "panels"
    shutil.copytree(module.FOLDER, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FOLDER", folder)
        _forget(module)
        yield folder
    _forget(module)


def _forget(module: ModuleType) -> None:
    for function in vars(module).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()
