"""The same numbers from TRL.

TRL's losses are the body of a trainer's method, so that method runs here, over a namespace that
holds the settings it reads and answers its one call to the model.
"""

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from samples import random_tokens
from torch import Tensor

from arlarena_bench import method
from arlarena_bench.objective import masked_mean

grpo_trainer = pytest.importorskip("trl.trainer.grpo_trainer", exc_type=ImportError)
GRPOTrainer = grpo_trainer.GRPOTrainer


def trl_loss(
    tokens: tuple[Tensor, Tensor, Tensor, Tensor],
    loss_type: str,
    level: str = "token",
    low: float = 0.2,
    high: float = 0.2,
    two_sided: float | None = None,
) -> Tensor:
    log_probs, old, adv, mask = tokens
    trainer = SimpleNamespace(
        loss_type=loss_type,
        importance_sampling_level=level,
        epsilon_low=low,
        epsilon_high=high,
        args=SimpleNamespace(
            delta=two_sided,
            sapo_temperature_pos=1.0,
            sapo_temperature_neg=1.05,
            steps_per_generation=1,
        ),
        beta=0.0,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        use_vllm=False,
        aux_loss_enabled=False,
        _entropy_bonus_enabled=False,
        model=SimpleNamespace(training=False),
        accelerator=SimpleNamespace(
            num_processes=1, gather=lambda x: x, reduce=lambda x, reduction: x
        ),
        _metrics=defaultdict(lambda: defaultdict(list)),
        _get_per_token_logps_and_entropies=lambda *_, **__: (
            log_probs,
            torch.zeros_like(log_probs),
            None,
        ),
    )
    nothing = torch.zeros(len(mask), 0, dtype=torch.long)
    inputs: dict[str, Any] = {
        "prompt_ids": nothing,
        "prompt_mask": nothing,
        "completion_ids": torch.zeros(mask.shape, dtype=torch.long),
        "completion_mask": mask,
        "advantages": adv,
        "old_per_token_logps": old,
        "num_items_in_batch": mask.sum(),
    }
    loss: Tensor = GRPOTrainer._compute_loss(trainer, None, inputs)
    return loss


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "options", "settings"),
    [
        ("grpo", {}, {"loss_type": "bnpo", "two_sided": 3.0}),
        ("grpo", {"dual_clip": None}, {"loss_type": "bnpo"}),
        ("grpo_st", {}, {"loss_type": "grpo", "two_sided": 3.0}),
        ("gspo", {}, {"loss_type": "grpo", "level": "sequence", "low": 3e-3, "high": 4e-3}),
        # TRL's bound is on the weight itself.
        ("cispo", {}, {"loss_type": "cispo", "high": 1.2}),
        ("sapo", {"aggregation": "seq-mean-token-mean"}, {"loss_type": "sapo"}),
    ],
)
def test_policy_loss(
    name: str, options: dict[str, Any], settings: dict[str, Any], seed: int
) -> None:
    log_probs, old, adv, mask = random_tokens(seed)
    mask[4, 0] = 1  # TRL counts a row without tokens as a row
    # TRL takes one advantage a row; spread it over the padding too.
    row = masked_mean(adv, mask, dim=-1)
    adv = row.unsqueeze(-1).expand_as(mask)

    ours, theirs = log_probs.clone().requires_grad_(), log_probs.clone().requires_grad_()
    loss, _ = method(name, **options).policy_loss(ours, old, adv, mask)
    loss.backward()
    peer = trl_loss((theirs, old, row, mask), **settings)
    peer.backward()
    assert loss.item() == pytest.approx(peer.item(), rel=1e-6)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-7)


@pytest.mark.parametrize("delta", [3e-3, 0.1])
def test_sequence_mask(delta: float) -> None:
    log_probs, old, adv, mask = random_tokens(0)
    mask[4, 0] = 1
    row = masked_mean(adv, mask, dim=-1).unsqueeze(-1)
    keep = GRPOTrainer.get_off_policy_mask(row, log_probs, old, mask, delta)
    info = method("grpo_sm", delta=delta).policy_loss(log_probs, old, adv, mask)[1]
    assert info["masked_rows"] == (keep == 0).sum().item() > 0
    # TRL leaves the rows in the denominator; ours is the mean over those kept.
    kept = mask * keep
    loss, _ = method("grpo_sm", delta=delta).policy_loss(log_probs, old, adv, mask)
    assert loss.item() == method("grpo").policy_loss(log_probs, old, adv, kept)[0].item()
