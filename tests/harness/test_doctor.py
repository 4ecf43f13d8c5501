import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from arlarena_bench.checks import Check
from arlarena_bench.harness import doctor
from arlarena_bench.harness.doctor import cores, examine, report


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


def test_the_gpu_is_reported_and_not_needed(checks: dict[str, Check]) -> None:
    assert checks["GPU"].ok is not False
    assert checks["GPU"].found


def test_environments_say_what_they_need(checks: dict[str, Check]) -> None:
    sandboxes = [name for name in checks if name.startswith("sandbox: ")]
    assert sandboxes == ["sandbox: bwrap", "sandbox: namespaces", "sandbox: none"]
    active = [name for name in sandboxes if checks[name].found.startswith("active")]
    assert len(active) == 1
    for name in sandboxes[: sandboxes.index(active[0])]:
        assert checks[name].advice, "why it does not work"


def test_a_broken_plug_in_is_a_line_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("mine", "json:no_such_function", doctor.CHECKS)
    monkeypatch.setattr(doctor, "entry_points", lambda group: [broken])
    (check,) = doctor._plugins()
    assert (check.name, check.ok) == ("mine", False)
    assert "no_such_function" in check.found


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


def test_optional_packages_of_environments_never_fail(checks: dict[str, Check]) -> None:
    for package in ("textworld", "gym-sokoban", "pyarrow", "pydantic-monty", "spacy"):
        assert checks[package].ok is None, package


def test_a_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 1e18)
    disks = [check for check in doctor._disk() if check.name.startswith("free disk")]
    assert [check.ok for check in disks] == [False, False]
