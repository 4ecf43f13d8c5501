import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.files import cache_folder
from arlarena_bench.training.start import find_start, is_built, start_policy


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    return signpost_recipe(**{"cloning.clean_steps": 4, "cloning.noisy_steps": 2})


def test_a_start_policy_is_cloned_once(recipe) -> None:
    told: list[dict[str, float]] = []
    assert find_start(recipe) is None
    folder = start_policy(recipe, told.append)
    assert folder == find_start(recipe)
    assert is_built(folder)
    assert len(told) == 6
    assert start_policy(recipe.for_run("gspo", 5), told.append) == folder
    assert len(told) == 6, "the second call must find the first one's work"
    assert [p.name for p in folder.parent.iterdir()] == [folder.name], "nothing is left over"
    assert (
        json.loads((folder / "start.json").read_text())["settings"]["cloning"]["clean_steps"] == 4
    )


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_start_policy_is_made_again(recipe, name: str) -> None:
    folder = start_policy(recipe)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    assert not is_built(folder)
    start_policy(recipe)
    assert (folder / name).read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_named(recipe, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "file"))
    with pytest.raises(ArenaError, match="set ARLARENA_CACHE to a folder that can be written"):
        start_policy(recipe)


def test_the_cache_follows_the_environment(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ARLARENA_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "arlarena-bench"
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"


TESTS = Path(__file__).parents[1]
SCRIPT = """
import farm
from signpost import signpost_recipe
from arlarena_bench.training.start import start_policy

told = []
changes = {"environment.id": farm.ID, "cloning.clean_steps": 4, "cloning.noisy_steps": 2}
folder = start_policy(signpost_recipe(**changes), told.append)
print(folder, len(told))
"""
FARM = """
from arlarena_bench import register_text_env
from signpost import Signpost

ID = "tests/Farm-v0"


class Farm(Signpost):
    def observe(self):
        return super().observe().replace("sign", "{word}")


register_text_env(ID, "farm:Farm")
"""


def farming(folder: Path) -> "subprocess.Popen[str]":
    """Ask for the start policy of the environment in `farm.py`, in a process of its own."""
    path = os.pathsep.join([str(folder), str(TESTS)])
    environment = {**os.environ, "PYTHONPATH": path, "ARLARENA_CACHE": str(folder / "cache")}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True
    )


def found(process: "subprocess.Popen[str]") -> tuple[str, int]:
    """The start policy's folder, and how many steps of cloning this process took."""
    folder, steps = process.communicate(timeout=300)[0].split()
    return folder, int(steps)


def test_an_environment_whose_text_has_changed_gets_another_start_policy(tmp_path: Path) -> None:
    farm = tmp_path / "farm.py"
    farm.write_text(FARM.format(word="sign"))
    first, steps = found(farming(tmp_path))
    assert steps == 6
    assert found(farming(tmp_path)) == (first, 0)
    farm.write_text(FARM.format(word="board"))
    second, steps = found(farming(tmp_path))
    assert second != first
    assert steps == 6
    # Other code that says the same records the same demonstrations.
    farm.write_text(FARM.format(word="board") + "# a comment\n")
    assert found(farming(tmp_path)) == (second, 0)


def test_of_two_processes_one_clones_and_the_other_waits(tmp_path: Path) -> None:
    (tmp_path / "farm.py").write_text(FARM.format(word="sign"))
    (first, steps), (second, others) = map(found, [farming(tmp_path), farming(tmp_path)])
    assert first == second
    assert sorted([steps, others]) == [0, 6]


def test_recipes_that_record_the_same_share_a_start_policy(recipe) -> None:
    told: list[dict[str, float]] = []
    folder = start_policy(recipe, told.append)
    named = recipe.with_values({"name": "other", "train.epochs": 3, "method.name": "gspo"})
    assert start_policy(named, told.append) == folder
    longer = recipe.with_values({"environment.kwargs": {"signs": 2, "horizon": 4}})
    assert start_policy(longer, told.append) == folder, "the same text, whoever asks"
    assert len(told) == 6
    assert start_policy(recipe.with_values({"cloning.seed": 1}), told.append) != folder
