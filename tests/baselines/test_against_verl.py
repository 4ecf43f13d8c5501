"""The same numbers from verl, the lineage of the paper's code, where its public losses overlap."""

from typing import Any

import pytest
import torch
from samples import random_batch, random_tokens

from arlarena_bench import aggregate, kl, method

core_algos = pytest.importorskip("verl.trainer.ppo.core_algos", exc_type=ImportError)
workers = pytest.importorskip("verl.workers.config", exc_type=ImportError)

SEEDS = range(3)


def verl_config(**options: Any) -> Any:
    return workers.ActorConfig(
        strategy="fsdp", rollout_n=1, ppo_micro_batch_size_per_gpu=1, **options
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "loss", "aggregation", "options"),
    [
        ("grpo", "vanilla", "token-mean", {"clip_ratio_low": 0.2, "clip_ratio_high": 0.2}),
        ("grpo_st", "vanilla", "seq-mean-token-mean", {}),
        ("gspo", "gspo", "seq-mean-token-mean", {"clip_ratio_low": 3e-3, "clip_ratio_high": 4e-3}),
        ("sampo", "gspo", "token-mean", {"clip_ratio_low": 3e-3, "clip_ratio_high": 4e-3}),
        ("cispo", "cispo", "token-mean", {"clip_ratio_low": 1.0, "clip_ratio_high": 0.2}),
        # verl's SAPO always averages by sequence, whatever it is asked for.
        ("sapo", "sapo", "seq-mean-token-mean", {"tau_pos": 1.0, "tau_neg": 1.05}),
    ],
)
def test_policy_loss(
    name: str, loss: str, aggregation: str, options: dict[str, float], seed: int
) -> None:
    log_probs, old, adv, mask = random_tokens(seed)
    ours = log_probs.clone().requires_grad_()
    value, info = method(name, aggregation=aggregation).policy_loss(ours, old, adv, mask)
    value.backward()

    theirs = log_probs.clone().requires_grad_()
    peer_loss = core_algos.get_policy_loss_fn(loss)
    peer, metrics = peer_loss(old, theirs, adv, mask, aggregation, verl_config(**options))
    peer.backward()
    assert value.item() == pytest.approx(peer.item(), rel=1e-7)
    assert ours.grad is not None
    assert theirs.grad is not None
    assert torch.allclose(ours.grad, theirs.grad, rtol=1e-7, atol=1e-12)
    if loss != "sapo":  # whose clip fraction verl leaves at 0
        assert info["clip_fraction"] == pytest.approx(metrics["actor/pg_clipfrac"], rel=1e-6)
    if loss == "vanilla":
        lower = metrics["actor/pg_clipfrac_lower"]
        assert info["dual_clip_fraction"] == pytest.approx(lower, rel=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("mode", "peer"),
    [
        ("token-mean", "token-mean"),
        ("seq-mean-token-mean", "seq-mean-token-mean"),
        ("seq-mean-token-sum", "seq-mean-token-sum"),
        # Since the paper's fork verl has come to divide by the rows too, as the paper prints it.
        ("seq-mean-token-sum-norm-text", "seq-mean-token-sum-norm"),
    ],
)
def test_aggregation(mode: str, peer: str, seed: int) -> None:
    values, _, _, mask = random_tokens(seed)
    if mode != "seq-mean-token-mean":
        mask[4, 0] = 1  # verl now leaves empty rows out of every mode
    expected = core_algos.agg_loss(values, mask, peer).item()
    assert aggregate(values, mask, mode).item() == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_kl(estimator: str) -> None:
    log_probs, reference, _, _ = random_tokens(0, spread=8.0)
    expected = core_algos.kl_penalty(log_probs, reference, estimator)
    assert torch.allclose(kl(log_probs, reference, estimator), expected, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_group_advantage(seed: int) -> None:
    batch = random_batch(seed, torch.float32)
    score = batch.episode_return() - batch.penalty
    rewards = torch.zeros_like(batch.mask)
    rewards[:, 0] = score
    expected, _ = core_algos.compute_grpo_outcome_advantage(
        rewards, batch.mask, batch.group.numpy()
    )
    assert torch.allclose(method("grpo").advantages(batch), expected, atol=1e-5)
