"""Strangers' plug-ins, really installed, do not break or change what is ours."""

import json
from pathlib import Path

import pytest
from distributions import install, install_metadata, run_with

ASK = """
import json
from arlarena_bench import installed
from arlarena_bench.report import comparison
recipe = installed.load_recipe("nano", "sokoban")
print(json.dumps({
    "methods": installed.usable_methods(),
    "options": installed.method("grpo").options(),
    "environments": installed.environment_names(),
    "presets": {name: sorted(recipes) for name, recipes in installed.preset_files().items()},
    "recipe": recipe.digest(),
    "kwargs": __import__("gymnasium").spec("arlarena/Sokoban-v0").entry_point,
    "conventions": [comparison.BASELINE, comparison.DEFAULT_METHODS, comparison.TABLE_ORDER],
}))
"""
METHOD = """
from dataclasses import replace
from arlarena_bench.baselines.grpo import grpo

def method():
    return replace(grpo(), aggregation="seq-mean-token-sum")
"""
REGISTER = """
from arlarena_bench import register_text_env

def register():
    register_text_env("{env_id}", "nowhere:Nothing", short_name={short_name!r})
"""
CONVENTIONS = """
BASELINE = "sampo"
DEFAULT_METHODS = TABLE_ORDER = ("sampo",)
DEFAULT_ENVIRONMENT = DEFAULT_PRESET = "evil"
DEFAULT_SEEDS = 9
"""


def asked(site: Path) -> tuple[dict[str, object], list[str]]:
    """What is installed, and the lines said about it."""
    done = run_with(site, "-c", ASK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr.splitlines()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    found, lines = asked(tmp_path_factory.mktemp("empty"))
    assert lines == []
    return found


def checks_of(line: str) -> dict[str, str]:
    return {"evil.py": f"from arlarena_bench.checks import Check\ndef f():\n    {line}\n"}


# Name → files and entry points; each leaves what is ours as it is, and gets one line.
HOSTILE: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "recipes with other conventions": (
        {"evil/__init__.py": CONVENTIONS},
        {"recipes": "aaa = evil"},
    ),
    "recipes without conventions": ({"evil/__init__.py": ""}, {"recipes": "aaa = evil"}),
    "recipes in no package": ({"evil.py": ""}, {"recipes": "aaa = evil"}),
    "recipes of our entry's name": (
        {"evil/__init__.py": CONVENTIONS},
        {"recipes": "arlarena = evil"},
    ),
    "recipe in place of ours": (
        {"evil/__init__.py": "", "evil/nano.sokoban.yaml": "name: nano"},
        {"recipes": "aaa = evil"},
    ),
    "recipe in place of ours, spelt otherwise": (
        {"evil/__init__.py": "", "evil/nano.Sokoban.yaml": "name: nano"},
        {"recipes": "aaa = evil"},
    ),
    "missing module": ({}, {"methods": "evil = no_such_module:method"}),
    "missing attribute": ({"evil.py": ""}, {"methods": "evil = evil:method"}),
    "no method": ({"evil.py": "def method():\n    return 3\n"}, {"methods": "evil = evil:method"}),
    "exit at import": ({"evil.py": "raise SystemExit(0)"}, {"methods": "evil = evil:method"}),
    "exit when called": (
        {"evil.py": "import sys\ndef method():\n    sys.exit()\n"},
        {"methods": "evil = evil:method"},
    ),
    "exception of its own, in two lines": (
        {"evil.py": "class Odd(BaseException): pass\nraise Odd('one\\ntwo')"},
        {"methods": "evil = evil:method"},
    ),
    "exception that cannot be written": (
        {"evil.py": "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd"},
        {"environments": "evil = evil:register"},
    ),
    "name that is a path": ({"evil.py": METHOD}, {"methods": "../../evil = evil:method"}),
    "name that is a file": ({"evil.py": METHOD}, {"methods": "evil.py = evil:method"}),
    "name that means all": ({"evil.py": METHOD}, {"methods": "all = evil:method"}),
    "environment in place of ours": (
        {
            "evil.py": "import gymnasium\ndef register():\n"
            "    stranger = gymnasium.spec('CartPole-v1')\n"
            "    gymnasium.registry['arlarena/Sokoban-v0'] = stranger\n"
        },
        {"environments": "evil = evil:register"},
    ),
    "short names of ours": (
        {
            "evil.py": "from arlarena_bench.registration import SHORT_NAMES\ndef register():\n"
            "    SHORT_NAMES.clear()\n    SHORT_NAMES['Sokoban'] = 'evil'\n    1 / 0\n"
        },
        {"environments": "evil = evil:register"},
    ),
    "newer version of ours": (
        {"evil.py": REGISTER.format(env_id="Sokoban-v9", short_name=None)},
        {"environments": "arlarena = evil:register"},
    ),
    "environment taken away": (
        {
            "evil.py": "import gymnasium\ndef register():\n"
            "    del gymnasium.registry['arlarena/Sokoban-v0']\n"
        },
        {"environments": "evil = evil:register"},
    ),
    "register that exits": (
        {"evil.py": "def register():\n    raise SystemExit\n"},
        {"environments": "evil = evil:register"},
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_plug_in_changes_nothing(
    case: str, tmp_path: Path, ours: dict[str, object]
) -> None:
    files, entry_points = HOSTILE[case]
    install(tmp_path, "evil", files, **entry_points)
    found, lines = asked(tmp_path)
    assert found == ours
    silent = ("recipes with other conventions", "recipes without conventions")
    assert len(lines) == (case not in silent)
    assert all(line.startswith("warning: ") and "evil" in line for line in lines)


def test_a_list_of_entry_points_that_cannot_be_read(tmp_path: Path) -> None:
    install_metadata(tmp_path, "evil", "[arlarena_bench.methods]\nno equals sign\n")
    (tmp_path / "nameless.dist-info").mkdir()
    # Importing torch fails on such a list; whatever does without torch works.
    code = (
        "from arlarena_bench.environment_names import environment_id; "
        "from arlarena_bench.plugins import plugins; "
        "print(environment_id('sokoban'), len(plugins('arlarena_bench.methods')) >= 13)"
    )
    done = run_with(tmp_path, "-c", code)
    assert done.stdout == "arlarena/Sokoban-v0 True\n"
    (line,) = done.stderr.splitlines()
    assert line.startswith("warning: the entry points of evil cannot be read")


def test_prints_do_not_reach_the_output(tmp_path: Path, ours: dict[str, object]) -> None:
    text = "print('hello')\ndef register():\n    print('hello')\n"
    install(tmp_path, "evil", {"evil.py": text}, environments="evil = evil:register")
    found, lines = asked(tmp_path)
    assert (found, lines) == (ours, ["hello", "hello"])


def test_a_method_of_our_name_is_called_by_its_distribution(tmp_path: Path) -> None:
    install(tmp_path, "evil", {"evil.py": METHOD}, methods="GRPO = evil:method")
    code = (
        "import arlarena_bench as arena; "
        "print(arena.method('grpo').aggregation, arena.method('evil:GRPO').aggregation)"
    )
    done = run_with(tmp_path, "-c", code)
    assert done.stdout == "token-mean seq-mean-token-sum\n"
    assert len(done.stderr.splitlines()) == 1
    assert "the name is ours; it is called 'evil:GRPO' here" in done.stderr


def test_of_two_strangers_neither_has_the_name(tmp_path: Path) -> None:
    install(tmp_path, "first", {"first.py": METHOD}, methods="mine = first:method")
    install(tmp_path, "second", {"second.py": METHOD}, methods="mine = second:method")
    code = "from arlarena_bench import installed; print(*installed.method_names())"
    names = run_with(tmp_path, "-c", code).stdout.split()
    assert {"first:mine", "second:mine"} <= set(names)
    assert "mine" not in names


def test_a_short_name_of_ours_stays_ours(tmp_path: Path, ours: dict[str, object]) -> None:
    for number, short_name in enumerate((None, "sokoban", "x")):
        text = REGISTER.format(env_id="Sokoban-v9", short_name=short_name)
        plugin = f"evil{number}"
        install(
            tmp_path, plugin, {f"{plugin}.py": text}, environments=f"{plugin} = {plugin}:register"
        )
    found, lines = asked(tmp_path)
    environments = found["environments"]
    assert isinstance(environments, dict)
    assert isinstance(ours["environments"], dict)
    assert environments.items() >= ours["environments"].items()
    assert environments["evil0/sokoban"] == "evil0/Sokoban-v9"
    assert lines == []


def test_a_stranger_may_extend_a_preset(tmp_path: Path, ours: dict[str, object]) -> None:
    files = {"evil/__init__.py": "", "evil/nano.maze.yaml": "name: [broken"}
    install(tmp_path, "evil", files, recipes="aaa = evil")
    found, lines = asked(tmp_path)
    assert isinstance(found["presets"], dict)
    assert "maze" in found["presets"]["nano"]
    assert found["recipe"] == ours["recipe"]
    assert lines == []
    done = run_with(tmp_path, "-m", "arlarena_bench", "bench", "--env", "maze")
    assert done.returncode == 2
    assert "nano.maze.yaml is not YAML" in done.stderr


@pytest.mark.parametrize(
    "line",
    ["raise SystemExit", "return [3]", "return None", "yield from iter(int, 1)", "1 / 0"],
)
def test_the_doctor_survives_checks_of_strangers(line: str, tmp_path: Path) -> None:
    install(tmp_path, "evil", checks_of(line), checks="evil = evil:f")
    done = run_with(tmp_path, "-m", "arlarena_bench", "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert checks["torch"]["ok"]
    assert checks["evil"]["ok"] is None
    assert checks["evil"]["advice"] == "reinstall evil"


def test_a_check_of_a_stranger_bears_its_name(tmp_path: Path) -> None:
    install(
        tmp_path, "evil", checks_of("yield Check('torch', 'mine', True)"), checks="evil = evil:f"
    )
    done = run_with(tmp_path, "-m", "arlarena_bench", "doctor", "--json")
    names = [check["name"] for check in json.loads(done.stdout)]
    assert names.count("torch") == 1
    assert "evil: torch" in names


def test_the_command_line_works_beside_a_broken_plug_in(tmp_path: Path) -> None:
    install(tmp_path, "evil", {"evil.py": "1 / 0"}, methods="evil = evil:method")
    done = run_with(tmp_path, "-m", "arlarena_bench", "list", "--json")
    assert done.returncode == 0
    assert "evil" not in [method["name"] for method in json.loads(done.stdout)["methods"]]
    assert len(done.stderr.splitlines()) == 1
    done = run_with(tmp_path, "-m", "arlarena_bench", "bench", "--method", "evil")
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr
