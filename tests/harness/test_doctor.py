import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from arlarena_bench.checks import Check
from arlarena_bench.harness import doctor
from arlarena_bench.harness.doctor import cores, examine, report
from arlarena_bench.plugins import Plugin


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
    auto, *levels = (checks[name] for name in sandboxes)
    assert [level.name for level in levels] == [
        "sandbox: bwrap", "sandbox: namespaces", "sandbox: none",
    ]  # fmt: skip
    assert all(level.found.startswith("works") or level.advice for level in levels)
    isolating = [level.name for level in levels[:-1] if level.found.startswith("works")]
    assert auto.name == "sandbox: auto"
    assert auto.ok is bool(isolating)
    assert auto.found.endswith(isolating[0].partition(": ")[2] if isolating else "programs")


def test_a_broken_plug_in_is_a_line_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("mine", "json:no_such_function", doctor.CHECKS)
    monkeypatch.setattr(doctor, "plugins", lambda group: [Plugin("mine", "strange", broken)])
    (check,) = doctor._plugins()
    assert (check.name, check.ok, check.advice) == ("mine", None, "reinstall strange")
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
