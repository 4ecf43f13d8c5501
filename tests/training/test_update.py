"""The update step: loss terms, warm-up, clipping, and steps that are skipped."""

from dataclasses import replace

import pytest
import torch
from signpost import signpost_recipe

from arlarena_bench import ArenaError, method
from arlarena_bench.objective.kl import kl
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.token_statistics import token_statistics
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.streams import torch_stream
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rows import pack_episodes
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.update import Learner


@pytest.fixture(scope="module")
def rollout() -> tuple[Rows, torch.Tensor]:
    trainer = Trainer(signpost_recipe(), start_policy(signpost_recipe()))
    _, kept = trainer._rollout(1)
    rows, batch = pack_episodes([e for g in kept for e in g], trainer.policy.pad_id)
    return rows, trainer.method.advantages(batch)


def learner(**changes: object) -> Learner:
    recipe = signpost_recipe(**changes)
    policy, reference = (
        TrainableModel(LanguageModel.load(start_policy(recipe)), recipe.train) for _ in range(2)
    )
    return Learner(policy, reference, method("grpo"), recipe.train)


def weights(made: Learner) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in made.policy.parameters()])


def run(made: Learner, rollout: tuple[Rows, torch.Tensor]) -> dict[str, float]:
    rows, advantages = rollout
    reference = made.reference_log_probs(rows)
    return made.update(rows, advantages, reference, torch_stream(0))


def test_the_rollout_kept_what_the_model_sampled(rollout) -> None:
    rows, _ = rollout
    log_probs, _ = learner().policy.token_stats(rows, grad=True)
    gap = (log_probs.detach() - rows.old_log_probs) * rows.mask
    assert gap.abs().max() < 1e-4


@pytest.mark.parametrize("narrow", [{"train.top_k": 1}, {"train.top_p": 1e-6}])
def test_narrow_sampling_keeps_the_log_probabilities_of_the_whole_distribution(narrow) -> None:
    recipe = signpost_recipe(**narrow)
    trainer = Trainer(recipe, start_policy(recipe))
    _, kept = trainer._rollout(1)
    for group in kept:
        assert len({tuple(turn.generation.text for turn in e.turns) for e in group}) == 1
    rows, _ = pack_episodes([e for group in kept for e in group], trainer.policy.pad_id)
    with torch.no_grad():
        logits = trainer.policy.logits(rows.prompts, rows.replies)
    log_probs, _ = token_statistics(logits, rows.replies, 1.0)
    assert ((log_probs - rows.old_log_probs) * rows.mask).abs().max() < 1e-4
    assert (rows.old_log_probs * rows.mask).sum() < -1


def test_the_start_policy_is_its_own_reference(rollout) -> None:
    rows, _ = rollout
    reference = learner().reference_log_probs(rows)
    assert (kl(rows.old_log_probs, reference) * rows.mask).abs().max() < 1e-6


def test_updates_are_counted_and_warm_up(rollout) -> None:
    made = learner(**{"train.warmup": 8, "train.epochs": 3, "train.learning_rate": 0.008})
    metrics = run(made, rollout)
    assert made.updates == 6
    assert metrics["learning_rate"] == pytest.approx(0.006)
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(0.006)
    run(made, rollout)
    assert made.optimiser.param_groups[0]["lr"] == pytest.approx(0.008)


def test_an_update_that_is_not_finite_is_skipped(rollout) -> None:
    rows, advantages = rollout
    made = learner()
    before = weights(made)
    metrics = run(made, (rows, advantages * float("nan")))
    assert metrics["skipped_updates"] == 2
    assert torch.equal(before, weights(made))
    metrics = run(made, rollout)
    assert metrics["skipped_updates"] == 0
    assert not torch.equal(before, weights(made))


def test_a_strong_kl_term_holds_the_policy_near_its_start(rollout) -> None:
    moved = {}
    for coefficient in (0.0, 50.0):
        made = learner(
            **{"train.kl_coef": coefficient, "train.epochs": 8, "train.learning_rate": 0.003}
        )
        moved[coefficient] = run(made, rollout)["kl_ref"]
    assert moved[50.0] < 0.5 * moved[0.0]


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_every_kl_estimator_can_train(rollout, estimator: str) -> None:
    made = learner(**{"train.kl_estimator": estimator, "train.kl_coef": 0.1})
    assert run(made, rollout)["skipped_updates"] == 0


def test_an_entropy_bonus_raises_entropy(rollout) -> None:
    rows, advantages = rollout
    still = (rows, torch.zeros_like(advantages))
    entropy = {}
    for coefficient in (0.0, 1.0):
        made = learner(
            **{"train.entropy_coef": coefficient, "train.kl_coef": 0.0, "train.epochs": 6}
        )
        entropy[coefficient] = run(made, still)["entropy"]
    assert entropy[1.0] > entropy[0.0] + 0.01


def test_the_gradient_norm_is_reported_before_clipping(rollout) -> None:
    free = run(learner(**{"train.grad_clip": 100.0}), rollout)
    clipped = learner(**{"train.grad_clip": 1e-6, "train.minibatches": 1})
    before = weights(clipped)
    norm = run(clipped, rollout)["grad_norm"]
    assert norm > 1e-3
    assert free["grad_norm"] > 1e-3
    assert not torch.equal(before, weights(clipped))


def test_rows_without_advantage_and_kl_move_nothing(rollout) -> None:
    rows, advantages = rollout
    made = learner(**{"train.kl_coef": 0.0})
    before = weights(made)
    run(made, (replace(rows), torch.zeros_like(advantages)))
    assert torch.equal(before, weights(made))


@pytest.mark.parametrize(
    ("setting", "value"), [("adam_beta1", 0.5), ("adam_beta2", 0.5), ("adam_eps", 1e-3)]
)
def test_adams_settings_count(setting: str, value: float, rollout) -> None:
    made, plain = learner(**{f"train.{setting}": value}), learner()
    for one in (made, plain):
        run(one, rollout)
    assert not torch.equal(weights(made), weights(plain))


def test_gradients_that_stay_nan_end_a_run_in_one_line(rollout) -> None:
    rows, advantages = rollout
    made = learner(**{"train.max_skipped": 3, "train.minibatches": 1})
    broken = rows, advantages * float("nan")
    for samples, skipped in ((broken, 1), (broken, 2), (rollout, 0), (broken, 1), (broken, 2)):
        run(made, samples)
        assert made.skipped_in_row == skipped
    with pytest.raises(ArenaError, match="3 updates in a row, up to update 6, had") as caught:
        run(made, broken)
    assert "\n" not in str(caught.value)


def test_minibatches_may_be_given_by_their_size(rollout) -> None:
    rows, advantages = rollout
    size = len(rows.replies) // 3
    made = learner(**{"train.minibatch_rows": size})
    run(made, (rows, advantages))
    assert made.updates == -(-len(rows.replies) // size)
    parts = learner(**{"train.minibatches": made.updates})
    run(parts, (rows, advantages))
    assert torch.equal(weights(made), weights(parts))
