"""verl's workers, with updates that are the local engine's."""

from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from verl.single_controller.base.decorator import Dispatch, register
from verl.utils import tensordict_utils as tu
from verl.workers.engine_workers import ActorRolloutRefWorker, TrainingWorker

from arlarena_bench.engines.verl.handed_weights import load_on_cpu, take_weights
from arlarena_bench.engines.verl.minibatch_loss import (
    REAL,
    KeptTokens,
    MinibatchLoss,
    Seen,
    minibatch_metrics,
)
from arlarena_bench.engines.verl.objective_config import Objective
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective import Totals
from arlarena_bench.recipe import read_recipe


class ArenaTrainingWorker(TrainingWorker):
    """The part of the actor that one rank trains.

    Where verl fixes what a loss is divided by before the loss runs, this counts what the method
    keeps first; warm-up goes by updates, where verl's goes by rollouts.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self._objective: Objective | None = None
        self.loss_fn: Any = None
        self._max_skipped = 0
        self._skipped_in_row = 0
        self._longest = 0

    def set_loss_fn(self, loss_fn: Any) -> None:
        """Take, of the loss that verl would have, the settings; a minibatch's own replaces it."""
        actor = loss_fn.keywords["config"]
        self._objective = Objective.of(actor)
        self._max_skipped = actor.policy_loss.max_skipped
        super().set_loss_fn(loss_fn)

    def train_mini_batch(self, data: Any) -> Any:
        """Make the updates of a rollout, of which this rank has `data`."""
        lengths = data["responses"].offsets().diff()[data[REAL].bool().cpu()]
        longest = torch.tensor(int(lengths.max()) if len(lengths) else 0)
        dist.all_reduce(longest, op=dist.ReduceOp.MAX, group=self._group)
        self._longest = int(longest)
        return super().train_mini_batch(data)

    def train_batch(self, data: Any) -> Any:
        """Make one update.

        Returns:
            verl's own metrics and those of the local engine; every rank returns the same.

        Raises:
            ArenaError: If too many updates in a row had no finite gradient.
        """
        objective = self._objective
        assert objective is not None
        whole = self._together(_totals(data))
        kept = whole
        if not objective.method.keeps_mask:
            kept = self._together(self._count_kept(data, objective))
        loss = MinibatchLoss(objective, whole, kept, self.engine.get_data_parallel_size())
        rate = self.engine.lr_scheduler_step()
        tu.assign_non_tensor(data, update_lr_scheduler=False)
        self.loss_fn = loss
        output = super().train_batch(data)
        metrics = tu.get(output, "metrics")
        ours = minibatch_metrics(self._gathered(loss.seen))
        skipped = not torch.isfinite(torch.tensor(metrics["grad_norm"]))
        self._refuse_many_skipped(skipped)
        own = {"skipped": float(skipped), "learning_rate": rate}
        tu.assign_non_tensor(output, metrics={**metrics, **ours, **own})
        return output

    def _count_kept(self, data: Any, objective: Objective) -> Totals:
        """Return what the loss keeps of this rank's rows, under the policy as it is now."""
        counted = KeptTokens(objective)
        self.loss_fn = counted
        self.infer_batch(data.clone(recurse=False))
        return counted.totals

    def _together(self, own: Totals) -> Totals:
        """Return the totals of all ranks, whose rows are as long as the rollout's longest."""
        numbers = torch.tensor([own.tokens, own.rows, own.occupied_rows])
        dist.all_reduce(numbers, group=self._group)
        tokens, rows, occupied = numbers.tolist()
        return Totals(tokens, rows, occupied, self._longest)

    def _gathered(self, seen: list[Seen]) -> list[Seen]:
        """Return what the micro-batches of all ranks have left."""
        found: list[list[Seen]] = [[] for _ in range(dist.get_world_size(self._group))]
        dist.all_gather_object(found, seen, group=self._group)
        return [entry for rank in found for entry in rank]

    def _refuse_many_skipped(self, skipped: bool) -> None:
        self._skipped_in_row = self._skipped_in_row + 1 if skipped else 0
        if self._skipped_in_row >= self._max_skipped:
            raise ArenaError(
                f"{self._skipped_in_row} updates in a row had a gradient that is NaN or infinite: "
                "lower train.learning_rate; train.max_skipped is how many are passed over"
            )

    @property
    def _group(self) -> Any:
        return self.engine.get_data_parallel_group()


def _totals(data: Any) -> Totals:
    """Measure the real rows of this rank's part of a minibatch."""
    real = data[REAL].bool()
    mask = data["response_mask"].to_padded_tensor(0)
    return Totals.of(mask[real])


class ArenaWorker(ActorRolloutRefWorker):
    """verl's worker of actor, rollout and reference, its actor trained as above."""

    actor_worker_cls = ArenaTrainingWorker

    @register(dispatch_mode=Dispatch.ONE_TO_ALL)
    def write_model(self, recipe: str, folder: str) -> None:
        """Write the policy as the local engine does, in the precision in which it is trained.

        Args:
            recipe: File of the run's.
            folder: An ordinary Hugging Face model folder.
        """
        first = dist.get_rank() == 0
        named, _ = self.actor.engine.get_per_tensor_param()
        # Each of them is put together by all ranks.
        weights: dict[str, Any] = {
            name: weight.detach().cpu() if first else None for name, weight in named
        }
        if first:
            policy = load_on_cpu(read_recipe(Path(recipe)), Path(self.config.model.path))
            take_weights(policy, weights)
            policy.save(Path(folder))
