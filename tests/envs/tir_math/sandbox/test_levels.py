import subprocess
import sys
import warnings

import pytest
from sandboxes import needs

from arlarena_bench.envs.tir_math.sandbox import Sandbox, active, isolation_report, levels
from arlarena_bench.errors import ArenaError


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
    with Sandbox("none") as box, pytest.warns(UserWarning, match="ISOLATES NOTHING"):
        assert box.isolation == "none"


def test_isolation_gives_no_warning() -> None:
    if active() == "none":
        pytest.skip("no isolation works here; install bubblewrap")
    with warnings.catch_warnings(), Sandbox() as box:
        warnings.simplefilter("error")
        assert box.isolation == active()


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
