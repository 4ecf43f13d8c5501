from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

import arlarena_bench as arena
from arlarena_bench import Batch
from arlarena_bench.baselines.gigpo import StepAdvantage
from arlarena_bench.baselines.grpo import GroupAdvantage, grpo
from arlarena_bench.objective.needs import needs_turn_rows

STEP = StepAdvantage()


@dataclass(frozen=True)
class Bounded:
    inner: Callable[[Batch], Tensor]

    def __call__(self, batch: Batch) -> Tensor:
        return self.inner(batch).clamp(-1, 1)


@dataclass(frozen=True, slots=True)
class Slotted:
    inner: Callable[[Batch], Tensor]

    def __call__(self, batch: Batch) -> Tensor:
        return self.inner(batch)


class Plain:
    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.itself = self

    def __call__(self, batch: Batch) -> Tensor:
        return self.inner(batch)


class Answering(Plain):
    needs_turn_rows = False


def scaled(inner: Callable[[Batch], Tensor], factor: float, batch: Batch) -> Tensor:
    return factor * inner(batch)


def closure(inner: Callable[[Batch], Tensor]) -> Callable[[Batch], Tensor]:
    def advantage(batch: Batch) -> Tensor:
        return inner(batch)

    return advantage


def of_the_module(batch: Batch) -> Tensor:
    return STEP(batch)


WRAPPERS: list[Callable[[Any], Any]] = [
    Bounded,
    Slotted,
    Plain,
    closure,
    lambda inner: partial(scaled, inner, 0.5),
    lambda inner: Plain(inner).__call__,
    lambda inner: Bounded(closure(Plain(inner))),
]


@pytest.mark.parametrize("wrap", WRAPPERS)
def test_a_need_is_found_through_wrappers(wrap: Callable[[Any], Any]) -> None:
    assert needs_turn_rows(wrap(STEP))
    assert not needs_turn_rows(wrap(GroupAdvantage()))
    assert replace(grpo(), advantage=wrap(STEP)).needs_turn_rows


def test_a_need_is_found_in_what_a_function_uses() -> None:
    assert needs_turn_rows(of_the_module)
    assert not needs_turn_rows(scaled)


def test_a_wrapper_may_answer_for_what_it_holds() -> None:
    assert not needs_turn_rows(Answering(STEP))


@pytest.mark.parametrize(
    "name", ["grpo", "grpo_st", "grpo_sm", "gspo", "cispo", "sapo", "empg", "dapo_grpo"]
)
def test_methods_without_turn_level_credit_need_nothing(name: str) -> None:
    assert not arena.method(name).needs_turn_rows


@pytest.mark.parametrize("name", ["gigpo", "dapo_gigpo", "sampo"])
def test_methods_with_turn_level_credit_need_rows_of_single_turns(name: str) -> None:
    assert arena.method(name).needs_turn_rows


OWN = """
from arlarena_bench.baselines.{module} import {name}

class Mine:
    def __init__(self):
        self.base = {name}()
    def advantages(self, batch):
        return self.base.advantages(batch)
    def policy_loss(self, *rest):
        return self.base.policy_loss(*rest)
    def filter(self, groups):
        return list(groups)

def method():
    return Mine()
"""


@pytest.mark.parametrize(("module", "needs"), [("sampo", True), ("gspo", False)])
def test_an_object_in_a_methods_place_needs_what_it_holds(
    tmp_path: Path, module: str, needs: bool
) -> None:
    path = tmp_path / f"own_{module}.py"
    path.write_text(OWN.format(module=module, name=module))
    assert arena.method(str(path)).needs_turn_rows is needs
