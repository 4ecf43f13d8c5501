"""Who has no verl, or another, is told in one line what to install."""

from importlib.metadata import PackageNotFoundError

import pytest

from arlarena_bench import ArenaError
from arlarena_bench.engines.verl import requirement
from arlarena_bench.engines.verl.requirement import VERSION, require_verl


def test_without_verl(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(requirement, "version", absent)
    with pytest.raises(
        ArenaError, match=r"needs verl 0\.9\.1: pip install 'arlarena-bench\[verl\]"
    ):
        require_verl()


def test_with_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: "0.10.0")
    with pytest.raises(ArenaError, match=rf"written for verl {VERSION}, and 0\.10\.0 is installed"):
        require_verl()


def test_with_the_one_it_is_written_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: VERSION)
    require_verl()
