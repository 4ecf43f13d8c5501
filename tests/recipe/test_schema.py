from pathlib import Path
from typing import Any

import pytest
import yaml
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.recipe import parse_recipe


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("train.grups", 4, "unknown key 'train.grups'; did you mean 'groups'"),
        ("trian", {}, "unknown key 'trian'; did you mean 'train'"),
        ("train.groups", "many", "train.groups: .*valid integer, got 'many'"),
        ("train.groups", 0, "train.groups: .*greater than or equal to 1, got 0"),
        ("train.learning_rate", float("nan"), "train.learning_rate: .*finite number"),
        ("train.kl_estimator", "k4", "train.kl_estimator: .*'k1', 'k2' or 'k3', got 'k4'"),
        ("train.cold_start", 6, r"cold_start \(6\) must be below train.iterations \(6\)"),
        ("train.minibatches", 17, r"minibatches \(17\) exceeds the 16 episodes"),
        ("train.group_size", 1, "train.group_size: .*greater than or equal to 2"),
        ("model.key_value_heads", 3, "heads must be a multiple of key_value_heads"),
        ("methods.gspo.trian", {}, "unknown key 'methods.gspo.trian'; did you mean 'train'"),
        ("tuning.grid", {"a": [{"trian": {}}]}, "'tuning.grid.a.0.trian'; did you mean 'train'"),
        ("protocol.template.firts", "x", "firts.*did you mean 'first'"),
        ("controls", {"x2": {"method": "grpo", "times": {"grups": 2}}}, "did you mean 'groups'"),
        (
            "controls",
            {"x2": {"method": "grpo", "times": {"learning_rate": 2}}},
            "no count of train",
        ),
        (
            "controls",
            {"x1": {"method": "grpo", "times": {"groups": 1}}},
            "greater than or equal to 2",
        ),
        ("controls", {"x0": {"method": "grpo", "times": {}}}, "controls.x0.times: .*at least 1"),
        ("control", "grpo_x2", "control 'grpo_x2' is none of controls"),
        ("sampler.cache_gib", 4.0, "sampler: .*are vLLM's; set engine to vllm"),
        ("environment.name.x", 1, "no setting 'environment.name.x'"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(key: str, value: Any, message: str) -> None:
    recipe = signpost_recipe(**{"methods.gspo": {}})
    with pytest.raises(ArenaError, match=message) as caught:
        recipe.with_values({key: value})
    assert "\n" not in str(caught.value)


def test_a_run_takes_the_tuned_values_of_its_method() -> None:
    tuned = {"gspo": {"options": {"clip_low": 0.03}, "train": {"learning_rate": 1e-4}}}
    recipe = signpost_recipe(methods=tuned)
    run = recipe.for_run("gspo", seed=3)
    assert (run.method.name, run.method.options) == ("gspo", {"clip_low": 0.03})
    assert (run.train.learning_rate, run.seed, run.methods) == (1e-4, 3, {})
    other = recipe.for_run("grpo", seed=3)
    assert (other.method.options, other.train.learning_rate) == ({}, 3e-3)


def test_a_method_file_is_part_of_the_recipe_by_content(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("a = 1")
    first = signpost_recipe().for_run(str(path), 0)
    path.write_text("a = 2")
    assert first.digest() != signpost_recipe().for_run(str(path), 0).digest()
    with pytest.raises(ArenaError, match="cannot read method file"):
        signpost_recipe().for_run(str(tmp_path / "absent.py"), 0)


def test_a_recipe_is_a_mapping() -> None:
    with pytest.raises(ArenaError, match="mapping of sections, got list"):
        parse_recipe([], "here")
    assert isinstance(yaml.safe_load(signpost_recipe().to_yaml()), dict)


DOUBLE = {"method": "grpo", "times": {"groups": 2}}


def test_a_control_has_the_tuned_values_of_its_method_and_more_of_something() -> None:
    tuned = {"grpo": {"options": {"clip_high": 0.3}, "train": {"groups": 6}}}
    recipe = signpost_recipe(methods=tuned, controls={"grpo_x2": DOUBLE, "other": DOUBLE})
    run = recipe.for_run("grpo_x2", 3)
    assert (run.subject, run.method.name, run.seed) == ("grpo_x2", "grpo", 3)
    assert (run.method.options, run.train.groups) == ({"clip_high": 0.3}, 12)
    assert set(run.controls) == {"grpo_x2"}
    assert run.without_control() == recipe.for_run("grpo", 3)
    assert run.for_run("grpo", 4) == signpost_recipe().for_run("grpo", 4, {"train.groups": 6})


def test_a_control_multiplies_what_a_user_replaces() -> None:
    recipe = signpost_recipe(controls={"grpo_x2": DOUBLE})
    assert recipe.for_run("grpo_x2", 0, {"train.groups": 5}).train.groups == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"train.groups": 9}, r"train.groups \(9\) is not 2 times a count"),
        ({"method.name": "gspo"}, "control grpo_x2 is of grpo, not of gspo"),
        ({"control": "grpo_x3"}, r"'grpo_x3' is none of controls \(known: grpo_x2\)"),
    ],
)
def test_what_is_not_as_its_control_says_is_refused(change: dict[str, Any], message: str) -> None:
    run = signpost_recipe(controls={"grpo_x2": DOUBLE}).for_run("grpo_x2", 0)
    with pytest.raises(ArenaError, match=message):
        run.with_values(change)


def test_the_sampler_came_after_digests() -> None:
    recipe = signpost_recipe()
    assert "sampler" not in recipe.model_dump(context={"for": "digest"})
    assert recipe.with_values({"sampler.engine": "vllm"}).digest() != recipe.digest()
