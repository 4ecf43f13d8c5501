import sys
from pathlib import Path

import pytest

from arlarena_bench.harness import doctor
from arlarena_bench.harness.doctor import Check, cores, examine, report


@pytest.fixture
def checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Check]:
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "start").mkdir(parents=True)
    (tmp_path / "cache" / "start" / "weights").write_bytes(bytes(2_500_000))
    return {check.name: check for check in examine()}


def test_what_is_installed_is_found(checks: dict[str, Check]) -> None:
    assert checks["torch"].ok
    assert checks["typer"].ok
    assert checks["python"].found.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert int(checks["cores"].found) == cores() >= 1


def test_the_cache_is_measured(checks: dict[str, Check], tmp_path: Path) -> None:
    assert checks["cache"].found.startswith(f"{tmp_path / 'cache'} (2.5 MB)")


def test_isolation_and_gpu_are_reported(checks: dict[str, Check]) -> None:
    for name in ("isolation: bwrap", "isolation: unshare", "GPU"):
        assert checks[name].ok is not False  # nothing here needs them
        assert checks[name].found


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "requires", lambda _: ["no-such-package>=3", "torch>=99", "x; extra == 'b'"]
    )
    found = {check.name: check for check in doctor._packages()}
    assert found["no-such-package"] == Check(
        "no-such-package", "not installed", False, "pip install 'no-such-package>=3'"
    )
    assert found["torch"].ok is False
    assert "pip install 'torch>=99'" in report(found.values())
    assert "x" not in found  # extras are optional


def test_optional_packages_never_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OPTIONAL", {"no-such-package": "nothing"})
    check = list(doctor._packages())[-1]
    assert check.ok is None
    assert check.advice == "for nothing: pip install no-such-package"


def test_a_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 1e18)
    disks = [check for check in doctor._disk() if check.name.startswith("free disk")]
    assert [check.ok for check in disks] == [False, False]
