import pytest
from runs import result_of, solving

from arlarena_bench.record import Result, comparable


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
