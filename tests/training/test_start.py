import json
from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.files import cache_folder
from arlarena_bench.training.start import is_built, start_folder, start_policy


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    return signpost_recipe(**{"cloning.clean_steps": 4, "cloning.noisy_steps": 2})


def test_a_start_policy_is_cloned_once(recipe) -> None:
    told: list[dict[str, float]] = []
    folder = start_policy(recipe, told.append)
    assert folder == start_folder(recipe)
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
