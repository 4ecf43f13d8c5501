from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.recipe import read_recipe


def test_yaml_round_trip(tmp_path: Path) -> None:
    recipe = signpost_recipe()
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    assert read_recipe(path) == recipe
    assert read_recipe(path).digest() == recipe.digest()


def test_extends_merges_sections(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(signpost_recipe().to_yaml(), encoding="utf-8")
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nname: child\ntrain: {epochs: 2}\n")
    child = read_recipe(tmp_path / "child.yaml")
    assert (child.name, child.train.epochs, child.train.groups) == ("child", 2, 4)


def test_a_tuned_method_is_replaced_as_a_whole(tmp_path: Path) -> None:
    tuned = {"gspo": {"options": {"clip_low": 0.1}}, "grpo": {"options": {"clip_low": 0.1}}}
    base = signpost_recipe(methods=tuned)
    (tmp_path / "base.yaml").write_text(base.to_yaml(), encoding="utf-8")
    (tmp_path / "child.yaml").write_text("extends: base.yaml\nmethods: {gspo: {options: {}}}\n")
    child = read_recipe(tmp_path / "child.yaml")
    assert child.for_run("gspo", 0).method.options == {}
    assert child.for_run("grpo", 0).method.options == {"clip_low": 0.1}


def test_extends_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n")
    with pytest.raises(ArenaError, match="extends itself"):
        read_recipe(tmp_path / "a.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "mapping of sections"),
        (b"- 1\n", "mapping of sections"),
        (b"a: [1\n", "is not YAML"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"name: x\n", "is missing"),
        (b"extends: 3\n", "expected a file name, got 3"),
        (b"extends: absent.yaml\n", "cannot read recipe .*absent.yaml"),
        (b"extends: pareent.yaml\n", "cannot read recipe .*; did you mean 'parent.yaml'"),
    ],
)
def test_a_bad_file_is_named_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    (tmp_path / "parent.yaml").touch()
    with pytest.raises(ArenaError, match=message) as caught:
        read_recipe(path)
    assert "\n" not in str(caught.value)
