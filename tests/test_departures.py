import pytest

from arlarena_bench.departures import departures, preset_of, preset_words
from arlarena_bench.errors import ArenaError
from arlarena_bench.installed import load_recipe
from arlarena_bench.recipe import Recipe

NANO = load_recipe("nano", "sokoban")


def changed(**values: object) -> Recipe:
    return NANO.with_values({name.replace("__", "."): value for name, value in values.items()})


def test_a_preset_does_not_depart_from_itself() -> None:
    run = NANO.for_run("cispo", 3)
    assert departures(run) == []
    assert preset_words(run) == "nano"


def test_a_method_its_learning_rate_and_a_control_are_no_departures() -> None:
    assert preset_words(NANO.for_run("grpo_x2", 0)) == "nano"
    assert preset_words(changed(train__learning_rate=1e-3)) == "nano"


def test_a_changed_setting_is_told_with_the_presets() -> None:
    (found,) = departures(changed(train__iterations=7))
    assert (found.setting, found.ours, found.theirs) == ("train.iterations", "7", "50")
    assert preset_words(changed(train__iterations=7)) == (
        "nano with train.iterations 7 (the preset's: 50)"
    )


def test_what_draws_replies_is_a_departure_that_a_table_tells_elsewhere() -> None:
    recipe = changed(sampler__engine="vllm")
    assert [one.setting for one in departures(recipe)] == ["sampler.engine"]
    assert preset_words(recipe) == "nano"


def test_many_departures_are_counted() -> None:
    names = ("iterations", "groups", "group_size", "minibatches", "epochs", "max_tries", "kl_coef")
    recipe = changed(**{f"train__{name}": 9 for name in names})
    assert preset_words(recipe).endswith(", 2 settings more")


def test_what_was_tuned_is_of_the_preset_that_was_tuned() -> None:
    assert preset_of(NANO.model_copy(update={"name": "nano-tuned"})) == NANO


def test_a_strangers_recipe_has_no_preset() -> None:
    recipe = NANO.model_copy(update={"name": "mine"})
    with pytest.raises(ArenaError, match="no installed preset is called 'mine'"):
        departures(recipe)
    assert preset_words(recipe) == "mine"
