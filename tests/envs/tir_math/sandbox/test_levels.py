import subprocess
import sys
import warnings
from pathlib import Path, PosixPath

import pytest
from sandboxes import needs
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.envs.tir_math import checks
from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.sandbox import (
    Level,
    NoSandboxError,
    Sandbox,
    active,
    isolation_report,
    levels,
)
from arlarena_bench.errors import ArenaError, ArenaWarning


@pytest.fixture
def no_bwrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    levels.isolation_report.cache_clear()
    yield
    levels.isolation_report.cache_clear()


def test_the_report_names_every_level_best_first() -> None:
    report = isolation_report()
    assert [level.name for level in report] == ["bwrap", "namespaces", "none"]
    assert all(level.why and "\n" not in level.why for level in report)
    assert active() == next(level.name for level in report if level.works)


@pytest.mark.usefixtures("no_bwrap")
def test_without_bubblewrap_the_next_level_is_taken_and_the_report_says_why() -> None:
    bwrap, *others = isolation_report()
    assert not bwrap.works
    assert "apt-get install bubblewrap" in bwrap.why
    assert active() == next(level.name for level in others if level.works)
    with pytest.raises(ArenaError, match="apt-get install bubblewrap"):
        Sandbox("bwrap").run("1")


def test_running_without_isolation_is_said_loudly() -> None:
    needs("none")
    with Sandbox("none") as box, pytest.warns(ArenaWarning, match="ISOLATES NOTHING"):
        box.run("1")


def test_isolation_gives_no_warning() -> None:
    needs("auto")
    with warnings.catch_warnings(), Sandbox() as box:
        warnings.simplefilter("error")
        box.run("1")
        assert box.isolation == active() != "none"


@pytest.fixture
def nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a machine without bubblewrap, whose kernel gives no namespaces to anybody."""
    report = (
        Level("bwrap", False, "bubblewrap (bwrap) is not installed"),
        Level("namespaces", False, "unshare: Operation not permitted"),
        Level("none", True, "limits only"),
    )
    monkeypatch.setattr(levels, "isolation_report", lambda: report)
    monkeypatch.setattr(checks, "isolation_report", lambda: report)
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.usefixtures("nothing_works")
def test_auto_never_means_none() -> None:
    with Sandbox() as box:
        for use in (lambda: box.isolation, lambda: box.run("1"), lambda: box.session()):
            with pytest.raises(NoSandboxError) as raised:
                use()
            said = str(raised.value)
            assert "\n" not in said
            for part in (
                "bwrap: bubblewrap (bwrap) is not installed", "unshare: Operation not permitted",
                "apt-get install bubblewrap", "dnf install bubblewrap", "sandbox='monty'",
                "pip install 'arlarena-bench[monty]'", "sandbox='http'", "sandbox='none'",
            ):  # fmt: skip
                assert part in said
    with pytest.raises(NoSandboxError, match="'namespaces' does not work here: unshare"):
        Sandbox("namespaces").run("1")
    assert Sandbox("none").isolation == "none"


@pytest.mark.usefixtures("nothing_works")
def test_an_environment_without_a_sandbox_runs_no_program_and_does_the_rest() -> None:
    env = TirMathEnv()
    prompt, _ = env.reset(options={"task_id": "test/0000"})
    assert env.problem.text in prompt
    assert env.tasks.panel("test").task_ids
    assert env.step(r"\boxed{-1}")[2], "an answer runs nothing"
    env.reset(options={"task_id": "test/0000"})
    with pytest.raises(NoSandboxError):
        env.step("```python\nprint(1)\n```")
    with pytest.raises(NoSandboxError):
        print(env.incomparable)
    assert TirMathEnv(sandbox="none").incomparable.startswith("isolation: none")


@pytest.mark.usefixtures("nothing_works")
def test_doctor_says_that_auto_refuses() -> None:
    auto, *others = checks.checks()
    assert (auto.found, auto.ok) == ("refuses to run programs", False)
    assert "apt-get install bubblewrap" in auto.advice
    assert "only by name" in levels.WHAT_HOLDS["none"]
    assert [check.ok for check in others[:3]] == [None, None, None]


@pytest.mark.usefixtures("nothing_works")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("evaluate", "null", "--env", "tir_math_mini", "--tasks", "1"), 2),
        (("bench", "--env", "tir_math_mini", "--method", "grpo", "--seeds", "1", "--out", "b"), 2),
        (("train", "--env", "tir_math_mini", "--method", "grpo", "--out", "t"), 2),
        (("play", "TIRMathMini"), 2),
        (("list",), 0),
    ],
)
def test_commands_stop_in_one_line(
    command: tuple[str, ...], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, list(command))
    assert done.exit_code == code, done.output
    if code:
        assert done.stderr.startswith("error: no sandbox works here")
        assert done.stderr.count("\n") == 1
        assert not list(tmp_path.rglob("result.*"))


def test_none_by_name_is_said_before_anything_runs(tmp_path: Path) -> None:
    recipe = tmp_path / "bare.yaml"
    base = Path(__file__).parents[4] / "baselines/recipes/nano.tir_math_mini.yaml"
    recipe.write_text(f"extends: {base}\nenvironment:\n  kwargs: {{size: mini, sandbox: none}}\n")
    done = CliRunner().invoke(
        app, ["evaluate", "null", "--preset", str(recipe), "--env", "tir_math_mini", "--tasks", "1"]
    )
    assert done.exit_code == 0, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: not for the leaderboard: isolation: none")
    assert "not for the leaderboard: isolation: none" in done.stdout


@pytest.mark.parametrize(("setting", "closed", "command"), levels.SETTINGS)
def test_a_setting_that_closes_namespaces_is_named(
    setting: str, closed: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Proc(PosixPath):
        def is_file(self) -> bool:
            return str(self) == f"/proc/sys/{setting}"

        def read_text(self) -> str:  # type: ignore[override]
            return f"{closed}\n"

    monkeypatch.setattr(levels, "Path", Proc)
    monkeypatch.setattr(levels.sys, "platform", "linux")
    assert f"Namespaces: `{command}`" in levels.remedy()


def test_on_other_systems_the_other_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels.sys, "platform", "darwin")
    said = levels.remedy()
    assert "sandbox='monty'" in said
    assert "apt-get" not in said


@pytest.mark.parametrize("level", ["bwrap", "namespaces"])
def test_one_who_is_not_root_has_the_same_sandbox(level: str) -> None:
    """As root of nothing: in a user namespace that knows a single, ordinary user."""
    needs(level)
    script = (
        "import os\nfrom arlarena_bench.envs.tir_math.sandbox import Sandbox\n"
        f"assert os.getuid() == 1234\nwith Sandbox({level!r}) as box:\n"
        "    print(box.run('import os, csv\\nprint(os.getuid(), os.listdir(\".\"))').output)\n"
        "    code = 'import os\\nwhile True:\\n    try: os.fork()\\n    except OSError: pass'\n"
        "    print(box.run(code, timeout=0.5).error, box.run('print(1)').output)\n"
    )
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234"]
    if subprocess.run([*command, "true"], capture_output=True).returncode != 0:
        pytest.skip("unshare (util-linux 2.34) with --map-user is needed")
    done = subprocess.run([*command, sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split("\n") == [
        "65534 []", "", "TimeoutError: stopped after 0.5 s 1", "", "",
    ], done.stderr  # fmt: skip
