from pathlib import Path

import pytest
from runs import result_of, solving

from arlarena_bench.installed import load_recipe
from arlarena_bench.record import Result, UsageRecord, comparable, read_result


def test_method_and_seed_may_differ() -> None:
    ours = result_of("grpo", 0, solving(5))
    assert comparable(ours, ours) == []
    assert comparable(ours, result_of("sampo", 4, solving(7))) == []


def test_a_script_is_compared_by_what_it_played() -> None:
    script = result_of("expert", 0, solving(9), kind="scripted")
    assert comparable(script, result_of("grpo", 0, solving(5))) == []
    (reason,) = comparable(script, result_of("grpo", 0, solving(5), conditions={"tagger": "a"}))
    assert reason == "condition tagger is not there in expert seed 0 and a in grpo seed 0"


def test_seeds_train_from_the_starts_of_one_set() -> None:
    def begun(method: str, seed: int, start: str, start_set: str) -> Result:
        return result_of(method, seed, solving(5), start=start * 64, start_set=start_set * 64)

    ours = begun("grpo", 0, "1", "a")
    assert comparable(ours, begun("grpo", 1, "2", "a")) == []
    (other,) = comparable(ours, begun("grpo", 1, "2", "b"))
    assert other.startswith("start policies is aaaa")
    (swapped,) = comparable(ours, begun("gspo", 0, "2", "a"))
    assert swapped == (
        "the start policy of seed 0 is 111111111111 in grpo seed 0 and 222222222222 in gspo seed 0"
    )


@pytest.mark.parametrize("count", [1, 2])
def test_every_reason_is_a_line(count: int) -> None:
    settings = dict(list({"train.groups": 4, "train.iterations": 60}.items())[:count])
    reasons = comparable(
        result_of("grpo", 0, solving(5)), result_of("grpo", 0, solving(5), settings=settings)
    )
    assert len(reasons) == count
    assert reasons[0] == "recipe train.groups is 8 in grpo seed 0 and 4 in grpo seed 0"


# Written by commit 003b96e, whose recipes had no controls; the run whose settings are below.
FORMER = Path(__file__).with_name("former.result.jsonl.zst")
SETTINGS = {
    "train.iterations": 2,
    "train.groups": 2,
    "train.group_size": 2,
    "evaluation.test_tasks": 4,
    "evaluation.validation_tasks": 4,
    "evaluation.every": 2,
}
DIGEST = "cc1c53cfe692a9dbd8e5599b9cacff2746c64376873267566ff66403494efc1a"


def run_of(subject: str, seed: int, **changes: object) -> Result:
    """What the former run would have been of another method or control."""
    recipe = load_recipe("nano", "sokoban").for_run(subject, seed, {**SETTINGS, **changes})
    return read_result(FORMER).model_copy(update={"recipe": recipe})


def test_a_run_from_before_there_were_controls_is_what_it_was() -> None:
    former = read_result(FORMER)
    assert former.recipe.digest() == DIGEST == run_of("gspo", 0).recipe.digest()
    assert former.recipe == run_of("gspo", 0).recipe
    assert (former.label, former.recipe.control) == ("gspo", None)


def test_a_control_is_compared_with_runs_from_before_there_were_any() -> None:
    control = run_of("grpo_x2", 0)
    assert (control.recipe.method.name, control.recipe.train.groups) == ("grpo", 4)
    assert control.label == "grpo_x2"
    assert comparable(read_result(FORMER), control) == comparable(control, run_of("grpo", 0)) == []
    assert Result.model_validate_json(control.model_dump_json()) == control


def test_a_control_differs_in_nothing_but_what_it_multiplies() -> None:
    (reason,) = comparable(run_of("grpo_x2", 0, **{"train.groups": 3}), read_result(FORMER))
    assert reason == "recipe train.groups is 3 in grpo_x2 seed 0 and 2 in gspo seed 0"
    (reason,) = comparable(run_of("grpo_x2", 0), run_of("gspo", 0, **{"train.groups": 4}))
    assert reason == "recipe train.groups is 2 in grpo_x2 seed 0 and 4 in gspo seed 0"


def test_two_controls_of_one_name_are_two() -> None:
    three = load_recipe("nano", "sokoban").with_values({"controls.grpo_x2.times": {"groups": 3}})
    run = three.for_run("grpo_x2", 1, SETTINGS)
    other = read_result(FORMER).model_copy(update={"recipe": run})
    (reason,) = comparable(run_of("grpo_x2", 0), other)
    assert reason.startswith("they are of one name, but controls is {")


def test_seeds_of_one_method_have_the_same_values() -> None:
    other = run_of("gspo", 1, **{"train.learning_rate": 0.1})
    (reason,) = comparable(read_result(FORMER), other)
    assert reason == (
        "they are of one name, but train.learning_rate is 0.0004 in gspo seed 0 and 0.1 in gspo "
        "seed 1"
    )
    assert comparable(read_result(FORMER), run_of("gspo", 1)) == []


def test_a_decoder_that_a_server_does_not_take_whole_is_another() -> None:
    def asked(*left_out: str) -> Result:
        usage = UsageRecord(
            base_url="http://localhost/v1",
            models=("tiny",),
            left_out=left_out,
            requests=4,
            failed_requests=0,
            prompt_tokens=None,
            reply_tokens=None,
            request_seconds=1.0,
        )
        return result_of("grpo", 0, solving(5)).model_copy(update={"usage": usage})

    assert comparable(asked(), result_of("grpo", 1, solving(5))) == []
    (reason,) = comparable(asked("top_k"), asked())
    assert reason.startswith("settings left out is top_k in grpo seed 0 and not there")
