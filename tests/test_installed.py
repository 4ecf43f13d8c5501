import re
from pathlib import Path

import gymnasium as gym
import pytest
import signpost
import torch

from arlarena_bench import ArenaError, Method, installed, load_recipe, method

METHOD_FILE = """
from dataclasses import dataclass, replace

from arlarena_bench.baselines.grpo import GroupAdvantage, grpo


@dataclass(frozen=True)
class Halved:
    inner: GroupAdvantage = GroupAdvantage()
    share: float = 0.5

    def __call__(self, batch):
        return self.share * self.inner(batch)


def method():
    return replace(grpo(), advantage=Halved())
"""


def test_methods_by_name() -> None:
    assert len(installed.method_names()) >= 13
    assert isinstance(method("sampo"), Method)
    assert method("gspo", clip_low=0.1).options()["clip_low"] == 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: method("samppo"), "unknown method 'samppo'; did you mean 'sampo'"),
        (lambda: method("grpo", clip_hihg=1), "unknown method option 'clip_hihg'.*'clip_high'"),
        (lambda: load_recipe("nanno", "sokoban"), "unknown preset 'nanno'; did you mean 'nano'"),
        (lambda: load_recipe("nano", "sokobna"), "unknown environment of preset nano 'sokobna'"),
        (lambda: installed.environment_id("sokobna"), "unknown environment 'sokobna'; did you"),
        (lambda: method("absent.py"), "no method file absent.py"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(call, message: str) -> None:
    with pytest.raises(ArenaError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_environments_by_short_name_and_id() -> None:
    names = installed.environment_names()
    assert names["sokoban"] == "arlarena/Sokoban-v0"
    assert names["signpost"] == signpost.ID
    for name in ("sokoban", "Sokoban", "Sokoban-v0", "arlarena/Sokoban-v0"):
        assert installed.environment_id(name) == "arlarena/Sokoban-v0"
    for name in ("tir_math", "tir-math", "TIRMath", "TIRMath-v0"):
        assert installed.environment_id(name) == "arlarena/TIRMath-v0"
    for name in ("tir_math_mini", "tir-math-mini", "TIRMathMini", "TIRMathMini-v0"):
        assert installed.environment_id(name) == "arlarena/TIRMathMini-v0"
        assert installed.load_recipe("nano", name).environment.name == "tir_math_mini"
    assert {"alfworld", "alfworld_mini", "webshop", "webshop_mini", "tir_math"} <= set(names)


@pytest.mark.parametrize("asked", ["alfworld", "ALFWorld-v0", "webshop", "arlarena/TIRMath-v0"])
def test_a_preset_of_the_reduced_environment_says_so(asked: str) -> None:
    full = installed.environment_id(asked)
    short = next(name for name, spec in installed.environment_names().items() if spec == full)
    mini = f"{short}_mini"
    said = f"preset nano has {mini} ({installed.environment_id(mini)}), not {short} ({full})"
    with pytest.raises(ArenaError, match=f"^{re.escape(said)}$"):
        installed.load_recipe("nano", asked)


def test_a_short_name_means_the_latest_version() -> None:
    for version in (2, 10):
        signpost.register_text_env(f"tests/Milestone-v{version}", f"{signpost.__name__}:Signpost")
    try:
        assert installed.environment_id("milestone") == "tests/Milestone-v10"
    finally:
        for version in (2, 10):
            gym.registry.pop(f"tests/Milestone-v{version}")


def test_every_installed_recipe_can_be_read() -> None:
    presets = installed.preset_files()
    assert {"nano", "nano-stress"} <= presets.keys()
    for preset, recipes in presets.items():
        for environment in recipes:
            recipe = load_recipe(preset, environment)
            assert recipe.name == preset
            assert recipe.environment.name == environment
            assert installed.environment_id(environment) == recipe.environment.id
            for name in installed.method_names():
                run = recipe.for_run(name, seed=0)
                installed.method(run.method.name, **run.method.options)


def test_a_method_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(METHOD_FILE)
    made = method(str(path))
    assert made.options()["share"] == 0.5
    assert method(str(path), share=0.25).options()["share"] == 0.25


def test_an_object_with_the_three_functions_is_a_method(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text(
        "class plain:\n"
        "    def advantages(self, batch):\n"
        "        return batch.mask * 0\n"
        "    def policy_loss(self, log_probs, old_log_probs, adv, mask):\n"
        "        return (log_probs * mask).sum(), {}\n"
        "    def filter(self, groups):\n"
        "        return list(groups)\n"
    )
    made = method(str(path))
    ones = torch.ones(2, 3)
    loss, info = made.policy_loss(ones, ones, ones, ones)
    assert (float(loss), info) == (6.0, {})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", r"bad.py: define method\(\)"),
        ("def method(:\n", r"bad.py, line 1: cannot be imported: SyntaxError"),
        ("import absent_package\n", r"bad.py: cannot be imported: ModuleNotFoundError"),
        ("def method():\n    return 1 / 0\n", r"bad.py: method\(\) raised ZeroDivisionError"),
        ("def method():\n    return 3\n", "is no method"),
    ],
)
def test_a_bad_method_file_is_named_in_one_line(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(source)
    with pytest.raises(ArenaError, match=message) as caught:
        method(str(path))
    assert "\n" not in str(caught.value)
