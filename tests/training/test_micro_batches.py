"""An update in micro-batches is the update of the whole minibatch, whatever the method."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch
from relay import relay_recipe
from signpost import signpost_recipe
from torch import Tensor

from arlarena_bench import ArenaError, TokenLoss, method
from arlarena_bench.installed import method_names
from arlarena_bench.objective import Wrapped
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.streams import torch_stream
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method, pack_episodes
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.update import Learner

Rollout = tuple[Rows, Tensor]

# Between one row (of about 8 tokens) and the whole minibatch of about 50.
LIMITS = (1, 60)
# The library's model computes its norms in single precision whatever its weights are.
CLOSE = {"rtol": 1e-6, "atol": 1e-7}


@cache
def start() -> LanguageModel:
    return LanguageModel.load(start_policy(signpost_recipe()))


def double(rows: Rows) -> Rows:
    return replace(rows, mask=rows.mask.double(), old_log_probs=rows.old_log_probs.double())


@pytest.fixture(scope="module")
def rollout() -> Rollout:
    trainer = Trainer(signpost_recipe(), start_policy(signpost_recipe()))
    _, groups = trainer._rollout(1)
    groups[0][0].void = True  # all of its rows are masked
    rows, batch = pack_episodes([e for g in groups for e in g], trainer.policy.pad_id)
    return double(rows), method("gigpo").advantages(batch).double()


def learner(chosen: object = "grpo", drift: float = 0.0, **settings: object) -> Learner:
    """A learner in double precision whose policy has moved from what sampled the rollout."""
    settings = {"minibatches": 1, "grad_clip": 1e9, "entropy_coef": 0.01} | settings
    recipe = signpost_recipe(**{f"train.{name}": value for name, value in settings.items()})
    loaded = start()
    policy, reference = (LanguageModel(deepcopy(loaded.model), loaded.tokenizer) for _ in range(2))
    generator = torch_stream(1)
    with torch.no_grad():
        for parameter in policy.model.double().parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.double)
            parameter += drift * noise
    reference.model.double()
    own = method(chosen) if isinstance(chosen, str) else chosen
    trained, fixed = (TrainableModel(model, recipe.train) for model in (policy, reference))
    return Learner(trained, fixed, own, recipe.train)  # type: ignore[arg-type]


def updated(made: Learner, rollout: Rollout) -> tuple[dict[str, float], Tensor]:
    """The metrics of an update, and the gradient of its last minibatch."""
    rows, advantages = rollout
    gradients: list[Tensor] = []

    def look(*_: object) -> None:
        found = [p.grad.flatten() for p in made.policy.parameters() if p.grad is not None]
        gradients.append(torch.cat(found))

    made.optimiser.register_step_pre_hook(look)
    metrics = made.update(rows, advantages, made.reference_log_probs(rows), torch_stream(0))
    assert all(p.grad is None for p in made.policy.parameters())
    return metrics, gradients[-1]


@pytest.mark.parametrize("name", method_names())
def test_gradients_and_metrics_are_those_of_the_whole_minibatch(
    name: str, rollout: Rollout
) -> None:
    whole, gradient = updated(learner(name, drift=0.02), rollout)
    assert gradient.norm() > 1e-2
    assert whole["clip_fraction"] > 0
    if name.endswith("_sm"):
        assert 0 < whole["masked_rows"] < len(rollout[1])
    for limit in LIMITS:
        metrics, added = updated(learner(name, drift=0.02, micro_batch_tokens=limit), rollout)
        assert metrics == pytest.approx(whole, rel=1e-6, abs=1e-8)
        assert torch.allclose(added, gradient, **CLOSE)


@pytest.mark.parametrize("mode", ["seq-mean-token-sum", "seq-mean-token-sum-norm"])
def test_a_limit_above_all_changes_no_divisor(mode: str, rollout: Rollout) -> None:
    # The rows count to fewer tokens than they are padded to.
    rows, advantages = rollout
    mask = rows.mask.clone()
    mask[:, -2:] = 0
    short = replace(rows, mask=mask), advantages * mask
    chosen = method("grpo_sm", aggregation=mode)
    whole = updated(learner(chosen, drift=0.02), short)
    for limit in (60, 10**9):
        cut = updated(learner(chosen, drift=0.02, micro_batch_tokens=limit), short)
        assert cut[0] == pytest.approx(whole[0], rel=1e-6, abs=1e-8)
        assert torch.allclose(cut[1], whole[1], **CLOSE)


def test_every_update_of_a_rollout_is_the_same(rollout: Rollout) -> None:
    weights = []
    for limit in (None, 100):
        made = learner("grpo_sm", minibatches=3, epochs=3, micro_batch_tokens=limit)
        updated(made, rollout)
        assert made.updates == 9
        weights.append(torch.cat([p.detach().flatten() for p in made.policy.parameters()]))
    assert torch.allclose(*weights, rtol=0, atol=1e-6)


def test_a_part_never_reads_more_than_its_limit(rollout: Rollout) -> None:
    rows, _ = rollout
    for limit in (40, 60, 150):
        parts = rows.micro_batches(limit)
        assert len(parts) > 1
        for index, length in parts:
            part = rows.select(index, length)
            assert len(index) * (part.prompts.ids.shape[1] + part.replies.shape[1]) <= limit
        places = torch.cat([index for index, _ in parts])
        assert torch.equal(places.sort().values, torch.arange(len(rows.replies)))
    assert len(rows.micro_batches(1)) == len(rows.replies)
    (everything,) = rows.micro_batches(None)
    assert torch.equal(everything[0], torch.arange(len(rows.replies)))
    assert everything[1] == rows.replies.shape[1]


def test_nothing_that_counts_is_cut_off(rollout: Rollout) -> None:
    rows, _ = rollout
    for limit in LIMITS:
        for index, length in rows.micro_batches(limit):
            assert not rows.mask[index, length:].any()


def test_the_reference_reads_micro_batches_too(rollout: Rollout) -> None:
    rows, _ = rollout
    whole = learner().reference_log_probs(rows)
    for limit in LIMITS:
        parts = learner(micro_batch_tokens=limit).reference_log_probs(rows)
        assert torch.allclose(parts * rows.mask, whole * rows.mask, rtol=0, atol=1e-7)


def test_minibatches_differ_by_a_row_at_most(rollout: Rollout, monkeypatch) -> None:
    rows, advantages = rollout
    made, sizes = learner(minibatches=8), []
    step = made._minibatch
    monkeypatch.setattr(made, "_minibatch", lambda s: sizes.append(len(s.advantages)) or step(s))
    for count in (57, 17, 8, 3):
        sizes.clear()
        index = torch.arange(count) % len(rows.replies)
        updated(made, (rows.select(index), advantages[index]))
        assert len(sizes) == min(8, count)
        assert sum(sizes) == count
        assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("limit", [None, 60])
def test_on_one_engine_the_sampler_is_the_trainer(limit: int | None, rollout: Rollout) -> None:
    plain, gradient = updated(learner(), rollout)
    metrics, weighed = updated(learner(tis_cap=2.0, micro_batch_tokens=limit), rollout)
    assert metrics["sampler/kl"] == pytest.approx(0, abs=1e-9)
    assert metrics["sampler/chi2"] == pytest.approx(0, abs=1e-5)
    assert metrics["sampler/ess"] == pytest.approx(1, abs=1e-9)
    assert metrics["sampler/ratio_max"] == pytest.approx(1, abs=1e-4)
    assert metrics["sampler/truncated"] == 0
    assert not any(name.startswith("sampler/") for name in plain)
    assert metrics["loss"] == pytest.approx(plain["loss"], abs=1e-4)
    assert torch.allclose(weighed, gradient, atol=1e-4)


def test_without_a_cap_another_sampler_is_measured_and_the_trainer_believed(
    rollout: Rollout,
) -> None:
    rows, advantages = rollout
    made, other = learner(), replace(rows, old_log_probs=rows.old_log_probs - 1e-3 * rows.mask)
    reference, old = made.reference_log_probs(rows), made.old_stats(other)
    metrics = made.update(other, advantages, reference, torch_stream(0), old)
    assert metrics["sampler/gap_max"] == pytest.approx(1e-3, abs=1e-5)
    assert metrics["sampler/ess"] == pytest.approx(1, abs=1e-9)
    assert metrics["sampler/truncated"] == 0
    plain, _ = updated(learner(), (replace(rows, old_log_probs=old.log_probs), advantages))
    for name, value in plain.items():
        assert metrics[name] == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ["grpo", "sapo_sm", "gspo"])
def test_another_sampler_is_weighed_and_measured(name: str, rollout: Rollout) -> None:
    rows, advantages = rollout
    shift = torch.linspace(-1, 1, rows.mask.numel(), dtype=torch.double).reshape(rows.mask.shape)
    other = replace(rows, old_log_probs=rows.old_log_probs + shift * rows.mask)
    metrics, gradient = updated(learner(name, tis_cap=1.5), (other, advantages))
    ratio = (-shift).exp()[rows.mask > 0]
    cut = ratio.clamp(max=1.5)
    expected = {
        "kl": (ratio - ratio.log() - 1).mean(),
        "chi2": ratio.square().mean() - 1,
        "ess": cut.mean() ** 2 / cut.square().mean(),
        "gap_max": ratio.log().abs().max(),
        "ratio_max": ratio.max(),
        "truncated": (ratio > 1.5).double().mean(),
    }
    for kind, value in expected.items():
        assert metrics[f"sampler/{kind}"] == pytest.approx(value.item(), rel=1e-3)
    # π_old is the trainer's own, so that the first update is on policy.
    assert metrics["kl_old"] == pytest.approx(0, abs=1e-12)
    # At a ratio of 1, what multiplies a token's loss multiplies its advantage.
    scaled = advantages * (-shift).exp().clamp(max=1.5)
    _, same = updated(learner(name), (rows, scaled))
    assert torch.allclose(gradient, same, atol=1e-4)
    limited = updated(learner(name, tis_cap=1.5, micro_batch_tokens=60), (other, advantages))
    assert torch.allclose(limited[1], gradient, **CLOSE)


class Finished:
    def advantages(self, batch):
        return batch.episode_return()

    def policy_loss(self, log_probs, old_log_probs, adv, mask):
        return -(adv * log_probs * mask).sum() / mask.sum(), {"half": 0.5}

    def filter(self, groups):
        return groups


class ByToken(Finished):
    policy_loss = None

    def token_loss(self, log_probs, old_log_probs, adv, mask):
        return TokenLoss(-adv * log_probs, mask, {"half": 0.5})


def test_a_finished_loss_trains_whole_minibatches_only(rollout: Rollout) -> None:
    finished, by_token = (Wrapped(kind()) for kind in (Finished, ByToken))
    metrics, gradient = updated(learner(finished), rollout)
    assert metrics["half"] == 0.5
    for limit in (None, 60):
        same = updated(learner(by_token, micro_batch_tokens=limit), rollout)
        assert same[0] == pytest.approx(metrics, rel=1e-6, abs=1e-8)
        assert torch.allclose(same[1], gradient, **CLOSE)
    for setting in ({"micro_batch_tokens": 60}, {"tis_cap": 2.0}):
        with pytest.raises(ArenaError, match="Finished gives no token losses"):
            updated(learner(finished, **setting), rollout)


@pytest.mark.parametrize(("setting", "value"), [("micro_batch_tokens", 64), ("tis_cap", 2.0)])
def test_a_recipe_that_a_finished_loss_cannot_follow_is_refused(setting: str, value: float) -> None:
    recipe = signpost_recipe(**{f"train.{setting}": value})
    check_method(method("grpo"), recipe, Arena(recipe))
    check_method(Wrapped(ByToken()), recipe, Arena(recipe))
    with pytest.raises(ArenaError, match=rf"method grpo has a finished .* train\.{setting} needs"):
        check_method(Wrapped(Finished()), recipe, Arena(recipe))
    check_method(Wrapped(Finished()), signpost_recipe(), Arena(signpost_recipe()))


def test_conversations_keep_their_masks_in_micro_batches() -> None:
    recipe = relay_recipe()
    trainer = Trainer(recipe, start_policy(recipe))
    _, groups = trainer._rollout(1)
    rows, _ = pack_episodes([e for g in groups for e in g], trainer.policy.pad_id)
    assert (rows.mask.diff(dim=1) > 0).any()  # what the environment said lies between replies
    whole = trainer.learner.reference_log_probs(rows)
    cut = recipe.with_values({"train.micro_batch_tokens": 200})
    parts = Trainer(cut, start_policy(recipe)).learner.reference_log_probs(rows)
    assert torch.allclose(whole * rows.mask, parts * rows.mask, atol=1e-5)
    assert len(rows.micro_batches(200)) > 1


@pytest.mark.parametrize(("setting", "value"), [("micro_batch_tokens", 64), ("tis_cap", 2.0)])
def test_settings_left_out_change_no_digest(setting: str, value: float) -> None:
    plain = signpost_recipe()
    assert signpost_recipe(**{f"train.{setting}": None}).digest() == plain.digest()
    assert signpost_recipe(**{f"train.{setting}": value}).digest() != plain.digest()
    with pytest.raises(ArenaError, match=rf"train\.{setting}: .*greater than"):
        signpost_recipe(**{f"train.{setting}": 0})
