"""Our methods as a policy loss in somebody's own verl trainer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from samples import random_tokens

from arlarena_bench import ArenaError, method
from arlarena_bench.installed import method_names

pytestmark = pytest.mark.verl

EXACT = [name for name in method_names() if not name.endswith("_sm")]
MINE = """
from dataclasses import replace
from arlarena_bench.baselines.gspo import gspo

def method(aggregation="token-mean"):
    return replace(gspo(), aggregation=aggregation)
"""


FINISHED = """
class Finished:
    def advantages(self, batch): return batch.reward
    def policy_loss(self, log_probs, old_log_probs, adv, mask): return log_probs.sum(), {}
    def filter(self, groups): return list(groups)

def method():
    return Finished()
"""


def actor(name: str, **options: Any) -> Any:
    from verl.workers.config import ActorConfig

    from arlarena_bench.engines.verl.objective_config import ArenaLossConfig

    loss = ArenaLossConfig(loss_mode="arlarena", method=name, options=options)
    return ActorConfig(
        strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, policy_loss=loss
    )


def registered() -> Any:
    from verl.trainer.ppo.core_algos import get_policy_loss_fn

    return get_policy_loss_fn("arlarena")  # by the entry point alone


def gradient(log_probs: torch.Tensor, loss: torch.Tensor) -> torch.Tensor:
    (found,) = torch.autograd.grad(loss, log_probs)
    return found


@pytest.mark.parametrize("name", method_names())
def test_a_whole_minibatch_has_our_loss(name: str) -> None:
    log_probs, old, adv, mask = random_tokens(0)
    log_probs.requires_grad_()
    loss, info = registered()(old, log_probs, adv, mask.bool(), "token-mean", actor(name))
    expected, said = method(name).policy_loss(log_probs, old, adv, mask)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-7)
    assert torch.allclose(gradient(log_probs, loss), gradient(log_probs, expected), atol=1e-7)
    assert info == {f"actor/{key}": pytest.approx(value) for key, value in said.items()}


@pytest.mark.parametrize("name", EXACT)
def test_micro_batches_on_two_ranks_add_up_to_it(name: str) -> None:
    log_probs, old, adv, mask = random_tokens(1)
    log_probs.requires_grad_()
    expected, _ = method(name).policy_loss(log_probs, old, adv, mask)
    config = actor(name)
    occupied = int((mask.sum(1) > 0).sum())
    sizes = {"batch_num_tokens": float(mask.sum()), "global_batch_size": occupied}
    config.global_batch_info.update(sizes, dp_size=2, loss_scale_factor=None)
    shares = [
        registered()(*(t[rows] for t in (old, log_probs, adv, mask.bool())), "", config)[0]
        for rows in torch.arange(len(mask)).split(2)
    ]
    loss = torch.stack(shares).sum() / 2  # FSDP takes the mean over ranks
    assert loss.item() == pytest.approx(expected.item(), abs=1e-7)
    assert torch.allclose(gradient(log_probs, loss), gradient(log_probs, expected), atol=1e-7)


def test_a_users_file_is_a_policy_loss(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(MINE)
    log_probs, old, adv, mask = random_tokens(2)
    config = actor(str(mine), aggregation="seq-mean-token-mean")
    loss, _ = registered()(old, log_probs, adv, mask.bool(), "token-mean", config)
    expected, _ = method("gspo").policy_loss(log_probs, old, adv, mask)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-7)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("", {}, "no method is named"),
        ("gropo", {}, "did you mean 'grpo'"),
        ("grpo", {"clip": 1}, "clip"),
        ("grpo", {"aggregation": "seq-mean-token-sum-norm-text"}, "verl does not have"),
    ],
)
def test_a_mistake_is_one_line(name: str, options: dict[str, Any], said: str) -> None:
    log_probs, old, adv, mask = random_tokens(3)
    with pytest.raises(ArenaError, match=said):
        registered()(old, log_probs, adv, mask.bool(), "token-mean", actor(name, **options))


def test_a_finished_loss_is_refused(tmp_path: Path) -> None:
    finished = tmp_path / "finished.py"
    finished.write_text(FINISHED)
    log_probs, old, adv, mask = random_tokens(3)
    with pytest.raises(ArenaError, match="write token_loss in its place"):
        registered()(old, log_probs, adv, mask.bool(), "token-mean", actor(str(finished)))


def test_its_sampler_weights_multiply_the_losses() -> None:
    log_probs, old, adv, mask = random_tokens(4)
    weights = torch.full_like(log_probs, 0.5)
    config = actor("grpo")
    whole, _ = registered()(old, log_probs, adv, mask.bool(), "token-mean", config)
    half, _ = registered()(old, log_probs, adv, mask.bool(), "token-mean", config, weights)
    assert half.item() == pytest.approx(whole.item() / 2, abs=1e-9)
