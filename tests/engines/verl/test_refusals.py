"""What verl would do otherwise than the recipe says is refused before anything is started."""

from pathlib import Path
from typing import Any

import pytest
from relay import relay_recipe
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.engines.verl import requirement
from arlarena_bench.engines.verl.refusals import check_recipe
from arlarena_bench.recipe import Recipe

WHOLE_LOSS = """
class Finished:
    def advantages(self, batch):
        return batch.mask

    def policy_loss(self, log_probs, old_log_probs, adv, mask):
        return (log_probs * adv).mean(), {}

    def filter(self, groups):
        return groups


def method():
    return Finished()
"""


@pytest.fixture(autouse=True)
def verl_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: requirement.VERSION)


def of_checkpoint(**settings: Any) -> Recipe:
    return signpost_recipe(**{"start": {"checkpoint": {"ref": "some/model", **settings}}})


def test_a_recipe_that_verl_can_run() -> None:
    check_recipe(signpost_recipe())
    check_recipe(of_checkpoint(dtype="bfloat16", device="cuda"))


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (signpost_recipe(sampler={"engine": "vllm"}), "vLLM servers of its own: leave sampler out"),
        (of_checkpoint(lora={}), "adapters are trained by --engine local alone"),
        (of_checkpoint(device="cuda:1"), "device is cuda:1, but engine verl spreads"),
        (relay_recipe(method={"name": "gigpo"}), "a row of Relay is a whole conversation"),
        (signpost_recipe(method={"name": "gspoo"}), "unknown method 'gspoo'"),
        (signpost_recipe(method={"name": "grpo", "options": {"clip": 1.0}}), "clip"),
    ],
    ids=["vllm", "adapters", "one device", "credit of turns", "no such method", "no such option"],
)
def test_what_verl_would_do_otherwise(recipe: Recipe, said: str) -> None:
    with pytest.raises(ArenaError, match=said):
        check_recipe(recipe)


def test_a_finished_loss(tmp_path: Path) -> None:
    (tmp_path / "finished.py").write_text(WHOLE_LOSS)
    recipe = signpost_recipe().for_run(str(tmp_path / "finished.py"), 0)
    with pytest.raises(ArenaError, match="finished policy_loss, but verl cuts minibatches"):
        check_recipe(recipe)


def test_without_verl_nothing_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirement, "version", lambda name: "0.8.0")
    with pytest.raises(ArenaError, match=r"written for verl 0\.9\.1, and 0\.8\.0 is installed"):
        check_recipe(signpost_recipe(sampler={"engine": "vllm"}))
