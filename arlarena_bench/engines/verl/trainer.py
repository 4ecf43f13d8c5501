"""verl's synchronous trainer, with the recipe's tasks, filter, credit and minibatches."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch
import transfer_queue as tq
from tensordict import TensorDict
from verl.trainer.ppo.padding_utils import upsample_batch_to_divisible_size
from verl.trainer.ppo.v1.trainer_base import register_trainer
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync
from verl.utils import tensordict_utils as tu
from verl.utils.dataset.rl_dataset import collate_fn
from verl.workers.utils.padding import response_to_nested

from arlarena_bench.engines.verl.batch_order import ADDED, rank_order
from arlarena_bench.engines.verl.command import RECIPE, STOP, TRAINER
from arlarena_bench.engines.verl.credit import SampledRows, by_group
from arlarena_bench.engines.verl.group_buffer import SCORING, GroupBuffer
from arlarena_bench.engines.verl.minibatch_loss import REAL
from arlarena_bench.engines.verl.run_report import RunReport, log_of, pointer
from arlarena_bench.engines.verl.task_rows import panel_rows
from arlarena_bench.engines.verl.workers import ArenaWorker
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import read_recipe
from arlarena_bench.streams import torch_stream
from arlarena_bench.training.collapse import CollapseDetector
from arlarena_bench.training.cost import Cost
from arlarena_bench.training.diagnostics import MetricMean, rollout_metrics, sampler_metrics
from arlarena_bench.training.evaluate import summary_of
from arlarena_bench.training.loop import method_of
from arlarena_bench.training.run import read_metrics
from arlarena_bench.training.update import minibatches

# verl's names of a step's parts, and ours.
_PARTS = {
    "gen": "generate",
    "old_log_prob": "old_log_probs",
    "ref": "reference",
    "adv": "advantage",
    "update_actor": "update",
    "update_weights": "weights",
    "save_checkpoint": "checkpoint",
    "testing": "validation",
}


@register_trainer(TRAINER)
class ArenaTrainer(PPOTrainerSync):
    """The driver of a run: what verl leaves to single rows, the recipe says of the rollout.

    Args:
        config: All of verl's settings; `data` names the recipe, which lies in the run's folder.
    """

    def __init__(self, config: Any) -> None:
        # Under any other name verl builds the buffers of asynchronous training.
        config.trainer.v1.trainer_mode = "sync"
        path = Path(config.data[RECIPE])
        self.recipe = read_recipe(path)
        self.method = method_of(self.recipe)
        self.cost = Cost()
        self._folder = path.parent
        self._report = RunReport(self._folder)
        self._detector = CollapseDetector()
        self._stops = bool(config.trainer[STOP])
        self._drawn = 0
        self._minibatches: list[list[list[int]]] = []
        self._measured: dict[str, float] = {}
        super().__init__(config)

    def _build_replay_buffer(self) -> GroupBuffer:
        sampler = self.config.trainer.v1.sampler
        return GroupBuffer(
            self.recipe,
            trainer_mode=self.trainer_mode,
            trainer_config=self.config.trainer.v1.sync,
            max_off_policy_threshold=sampler.max_off_policy_threshold,
            max_off_policy_strategy=sampler.max_off_policy_strategy,
            sampler_kwargs=sampler.sampler_kwargs,
            poll_interval=0.2,
            refill_fn=self._add_prompts_to_generate,
        )

    def _init_resource_pool_mgr(self) -> None:
        super()._init_resource_pool_mgr()
        worker = ray.remote(ArenaWorker)
        for role in self.role_worker_mapping:
            self.role_worker_mapping[role] = worker

    def init(self) -> None:
        """Start workers and servers, and go on from a checkpoint."""
        with self._reporting():
            super().init()
        logged = read_metrics(self._folder)
        self.cost = Cost.of(logged.get(self.global_steps, {}))
        for step in range(1, self.global_steps + 1):
            self._detector.observe(step, logged[step])

    def fit(self, agent_loop_manager: Any) -> None:
        """Train up to the last step; behind the recipe's, play the test panel as well."""
        with self._reporting():
            self._end_on_collapse(self.global_steps)
            super().fit(agent_loop_manager)
            made = self.global_steps - 1
            if made == self.recipe.train.iterations or self._collapsed:
                self.actor_rollout_wg.write_model(
                    self.config.data[RECIPE], str(self._folder / "model")
                )
                decoders = self.recipe.evaluation.scored()
                self._report.keep_test({name: self._play("test", name) for name in decoders})

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Hand on what an error says to who has started this."""
        try:
            yield
        except Exception as error:
            # What a worker raised carries all of its traceback.
            cause = getattr(error, "cause", None) or error
            said = str(cause).strip().split("\n")[0].rstrip(".")
            known = isinstance(cause, ArenaError)
            if not known:
                said = f"verl: {type(cause).__name__}: {said}{pointer(log_of(self._folder))}"
            self._report.failed(said)
            raise

    @property
    def _collapsed(self) -> bool:
        return self._stops and self._detector.collapse is not None

    def _end_on_collapse(self, step: int) -> None:
        if self._collapsed:
            self.total_training_steps = step

    def prepare_step(self) -> Any:
        """Send the first tasks of a step to be played."""
        self._drawn = 0
        self._measured = {}
        return super().prepare_step()

    def _next_train_batch(self, num_prompts: int | None = None) -> Any:
        """Return the next tasks of this step, whichever steps were made before."""
        train = self.recipe.train
        count = num_prompts or train.groups
        first = (self.global_steps - 1) * train.groups * train.max_tries + self._drawn
        rows = [self.train_dataset[first + place] for place in range(count)]
        self._drawn += count
        return self._prompts(rows, self._drawn - count)

    def _prompts(self, rows: list[dict[str, Any]], first: int) -> Any:
        """Return rows of our dataset as verl sends them out, numbered from `first` on.

        verl's own names would be drawn at random, and so would the order of the rows.
        """
        batch = collate_fn(rows)
        names = [f"{self.global_steps:06d}-{first + place:06d}" for place in range(len(rows))]
        batch["uid"] = np.array(names, dtype=object)
        prompts = tu.get_tensordict(batch)
        tu.assign_non_tensor_data(prompts, "global_steps", self.global_steps)
        return prompts

    def _validate(self) -> dict[str, float]:
        """Score the policy on the validation panel, when the recipe says so."""
        if self.global_steps % self.recipe.evaluation.every:
            return {}  # verl asks behind the last step, too
        summary = summary_of(self._play("validation", None))
        names = ("success", "score", "reward", "format_valid")
        found = {f"validation/{name}": float(getattr(summary, name)) for name in names}
        if self.global_steps == 0:
            self._report.step(0, found | self.cost.metrics(), {})
        self._measured |= found
        return found

    def _play(self, split: str, decoder: str | None) -> list[Episode]:
        """Return the episodes of a panel, in its order."""
        game = make_environment(self.recipe).game
        rows = list(panel_rows(self.recipe, game, split, decoder))
        prompts = self._prompts(rows, 0)
        tu.assign_non_tensor_data(prompts, "validate", True)
        tag = {"is_prompt": True, "status": "pending", "global_steps": self.global_steps}
        tq.kv_batch_put(
            keys=list(prompts["uid"]), partition_id=SCORING, tags=[dict(tag) for _ in rows]
        )
        self.agent_loop_manager.generate_sequences(prompts)
        episodes: list[Episode] = self.replay_buffer.episodes(len(rows))
        return episodes

    def _balance_batch(self, batch: Any, metrics: Any, *_: Any, **__: Any) -> Any:
        """Order the rows as the local engine has them, and add those that make ranks equal."""
        batch.reorder(by_group(batch.keys, self.replay_buffer.drawn.chosen))
        train, rows = self.recipe.train, len(batch)
        generator = torch_stream(self.recipe.seed, "minibatches", self.global_steps)
        parts = [part.tolist() for part in minibatches(rows, train, generator)]
        size = len(parts) // train.epochs
        self._minibatches = [parts[i : i + size] for i in range(0, len(parts), size)]
        needed = len(rank_order(self._minibatches[0], self._ranks()))
        return upsample_batch_to_divisible_size(batch, needed, self.tokenizer.eos_token_id)

    def _ranks(self) -> int:
        group = self.actor_rollout_wg
        if "actor" not in group._dispatch_info:
            group._dispatch_info["actor"] = group._query_dispatch_info("actor")
        return int(max(group._dispatch_info["actor"])) + 1

    def _compute_advantage(self, batch: Any, metrics: dict[str, float]) -> Any:
        """Give each row the method's credit, which sees whole episodes and their groups."""
        data = tq.kv_batch_get(
            keys=batch.keys,
            partition_id=batch.partition_id,
            select_fields=["response_mask", "entropy", "old_log_probs", "rollout_log_probs"],
        )
        real = _real(batch)
        numbers = [i for i, counts in enumerate(real) if counts]
        drawn = self.replay_buffer.drawn
        first = {
            f"{name}_{session}_0": episode
            for name in drawn.chosen
            for session, episode in enumerate(drawn.sampled[name])
        }
        entropy, old, behaviour, mask = (
            data[name].to_padded_tensor(0.0).float()[numbers]
            for name in ("entropy", "old_log_probs", "rollout_log_probs", "response_mask")
        )
        rows = SampledRows([batch.keys[i] for i in numbers], first)
        advantages = torch.zeros(len(batch), entropy.shape[1])
        advantages[numbers] = rows.advantages(self.method, entropy, entropy.shape[1])
        cap = self.recipe.train.tis_cap or math.inf
        groups = list(drawn.sampled.values())
        self._measured |= rollout_metrics(groups) | sampler_metrics(old, behaviour, mask, cap)
        self._measured["groups/kept"] = float(len(drawn.chosen))
        self._measured["rollouts"] = len(groups) / self.recipe.train.groups
        nested = response_to_nested(advantages, data["response_mask"])
        columns = {"advantages": nested, "returns": nested.clone(), REAL: torch.tensor(real)}
        output = TensorDict(columns, batch_size=len(batch))
        return tq.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=output)

    def _update_actor(self, batch: Any, metrics: dict[str, float]) -> Any:
        """Make the updates of a rollout, an epoch at a time."""
        added = [i for i, counts in enumerate(_real(batch)) if not counts]
        ranks, measured = self._ranks(), MetricMean()
        updates: list[dict[str, float]] = []
        for parts in self._minibatches:
            spare = iter(added)
            order = [next(spare) if i == ADDED else i for i in rank_order(parts, ranks)]
            arranged = replace(
                batch,
                keys=[batch.keys[i] for i in order],
                tags=[batch.tags[i] for i in order],
                extra_info=batch.extra_info | self._asked(len(order) // len(parts)),
            )
            output = self.actor_rollout_wg.update_actor(arranged)["metrics"]
            updates += _by_update(output, len(parts))
        for update in updates:
            measured.add(update, weight=update["tokens"])
        found = {name: value for name, value in measured.result().items() if _is_ours(name)}
        self._measured |= found
        self._measured["skipped_updates"] = sum(update["skipped"] for update in updates)
        self._measured["learning_rate"] = updates[-1]["learning_rate"]
        # What verl's own summary of a step looks for.
        metrics["actor/grad_norm"] = found["grad_norm"]
        sampled = self.replay_buffer.drawn.sampled
        played = [episode for group in sampled.values() for episode in group]
        self.cost = self.cost.after(played, self.cost.updates + len(updates))
        self._measured |= self.cost.metrics()
        return batch

    def _asked(self, rows: int) -> dict[str, Any]:
        """Return what verl's worker is told of minibatches of so many rows, in the order given."""
        return {
            "calculate_entropy": True,
            "distillation_use_topk": False,
            "distillation_only": False,
            "global_batch_size": rows,
            "mini_batch_size": rows,
            "epochs": 1,
            "seed": 0,
            "dataloader_kwargs": {"shuffle": False},
            "temperature": self.recipe.train.temperature,
        }

    def _compute_metrics(
        self,
        batch: Any,
        metrics: dict[str, Any],
        timing_raw: Mapping[str, float],
        *args: Any,
        **kw: Any,
    ) -> None:
        """Tell of a step that has been made, and of its seconds by the clock."""
        super()._compute_metrics(batch, metrics, timing_raw, *args, **kw)
        metrics |= self._measured
        step = self.global_steps
        parts = {
            f"wall_s/{ours}": timing_raw[theirs]
            for theirs, ours in _PARTS.items()
            if theirs in timing_raw
        }
        parts["cpu_s/environment"] = self.replay_buffer.drawn.environment_seconds
        whole = timing_raw["step"] + timing_raw.get("testing", 0.0)
        self._report.step(step, self._measured, {"wall_s": whole, **parts})
        self._detector.observe(step, self._measured)
        self._end_on_collapse(step)


def _real(batch: Any) -> list[float]:
    """Return 1 for each row of the rollout, 0 for one that verl has added."""
    return [0.0 if tag.get("is_padding") else 1.0 for tag in batch.tags]


def _is_ours(metric: str) -> bool:
    """Return whether the local engine has a metric, too; verl's are of machines."""
    return metric not in ("mfu", "tokens", "skipped") and not metric.startswith("perf/")


def _by_update(output: Mapping[str, Any], updates: int) -> list[dict[str, float]]:
    """Return the metrics of each update; what verl has of others is left out."""
    lists = {name: values for name, values in output.items() if isinstance(values, list)}
    whole = {name: values for name, values in lists.items() if len(values) == updates}
    return [{name: float(values[i]) for name, values in whole.items()} for i in range(updates)]
