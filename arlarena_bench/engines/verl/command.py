"""The command that runs a recipe on verl: every setting of verl's that is not its default."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arlarena_bench.engines.engine import Cluster
from arlarena_bench.engines.verl.cpu_switch import ON_CPU, RUN, on_cpu
from arlarena_bench.engines.verl.overrides import (
    ACTOR,
    MODEL,
    PACKAGE,
    ROLLOUT,
    model_overrides,
    update_overrides,
    without_accelerators,
    words,
)
from arlarena_bench.engines.verl.row_lengths import RowLengths
from arlarena_bench.recipe import Recipe

# What of verl's lies in a run's folder.
VERL = "verl"
# Where verl's settings name the recipe, and whether a collapse ends the run.
RECIPE = "arlarena"
STOP = "stop_on_collapse"
TRAINER = "arlarena"
# The rollout server for machines without GPUs.
CPU_ROLLOUT = "arlarena_cpu"


@dataclass(frozen=True, slots=True)
class Launch:
    """One start of verl.

    Attributes:
        recipe: Of the run.
        folder: The run's, absolute, the same on every node.
        model: Folder of the start policy, or its id on the hub.
        cluster: Where it goes.
        lengths: Of its rows.
        until: The last step to make.
        checkpoint: Of verl's, to go on from; None to begin.
        validated: Whether the start policy has been scored on the validation panel.
        stop_on_collapse: Whether a collapse ends training.
    """

    recipe: Recipe
    folder: Path
    model: str
    cluster: Cluster
    lengths: RowLengths
    until: int
    checkpoint: Path | None = None
    validated: bool = False
    stop_on_collapse: bool = False

    def command(self) -> list[str]:
        """Return the words of the command."""
        own = {"hydra.run.dir": self.folder / VERL, "hydra.output_subdir": None}
        return [sys.executable, "-m", "verl.trainer.main_ppo", *words(self.overrides() | own)]

    def overrides(self) -> dict[str, Any]:
        """Return every setting of verl's that this sets."""
        return {
            **self._trainer(),
            **self._tasks(),
            **model_overrides(self.recipe, self.model),
            **update_overrides(self.recipe),
            **self._rows(),
            **self._processes(),
        }

    def _trainer(self) -> dict[str, Any]:
        recipe, checkpoint = self.recipe, self.checkpoint
        return {
            "trainer.nnodes": self.cluster.nodes,
            "trainer.n_gpus_per_node": self.cluster.gpus,
            "trainer.v1.trainer_mode": TRAINER,
            "trainer.project_name": "arlarena",
            "trainer.experiment_name": f"{recipe.name}-{recipe.environment.name}-{recipe.seed}",
            "trainer.logger": ["console"],
            "trainer.default_local_dir": self.folder / VERL,
            "trainer.resume_mode": "resume_path" if checkpoint else "disable",
            "trainer.resume_from_path": checkpoint,
            "trainer.val_before_train": not self.validated,
            "trainer.save_freq": recipe.train.checkpoint_every,
            "trainer.test_freq": recipe.evaluation.every,
            "trainer.max_actor_ckpt_to_keep": 2,
            "trainer.total_training_steps": self.until,
            "trainer.total_epochs": 1_000_000,  # the steps decide
            f"+trainer.{STOP}": self.stop_on_collapse,
            # Any estimator without a critic: the trainer's own credit takes its place.
            "algorithm.adv_estimator": "rloo",
            "critic.enable": False,
        }

    def _tasks(self) -> dict[str, Any]:
        return {
            "data.custom_cls.path": f"pkg://{PACKAGE}.dataset",
            "data.custom_cls.name": "ArenaTasks",
            "data.train_files": "train",
            "data.val_files": "validation",
            f"+data.{RECIPE}": self.folder / "recipe.yaml",
            "data.train_batch_size": self.recipe.train.groups,
            "data.dataloader_num_workers": 0,
            "data.shuffle": False,
            "data.validation_shuffle": False,
            "data.max_prompt_length": self.lengths.prompt,
            "data.max_response_length": self.lengths.response,
        }

    def _rows(self) -> dict[str, Any]:
        train, longest = self.recipe.train, self.lengths.row
        return {
            f"{ROLLOUT}.name": "vllm",
            f"{ROLLOUT}.n": train.group_size,
            f"{ROLLOUT}.tensor_model_parallel_size": 1,
            f"{ROLLOUT}.max_model_len": longest,
            # Of π_old; each reply is drawn as the recipe says of training or of a decoder.
            f"{ROLLOUT}.temperature": train.temperature,
            # verl refuses a row that a micro-batch does not take.
            f"{ACTOR}.ppo_max_token_len_per_gpu": max(
                longest, update_overrides(self.recipe)[f"{ACTOR}.ppo_max_token_len_per_gpu"]
            ),
        }

    def _processes(self) -> dict[str, Any]:
        """Return which processes there are beside the ranks, and what they load."""
        environment = "+ray_kwargs.ray_init.runtime_env.env_vars"
        loaded = {f"{environment}.{RUN}": "1", "reward.num_workers": 0}
        if not on_cpu():
            return loaded | {f"{ROLLOUT}.agent.num_workers": 8 * self.cluster.nodes}
        ranks = self.cluster.gpus
        return {
            **loaded,
            **{f"{environment}.{name}": value for name, value in ON_CPU.items()},
            **without_accelerators(),
            f"{MODEL}.external_lib": f"{PACKAGE}.cpu_rollout",
            f"{ROLLOUT}.name": CPU_ROLLOUT,
            # One server, whoever of the ranks sends it weights.
            f"{ROLLOUT}.tensor_model_parallel_size": ranks,
            f"{ROLLOUT}.agent.num_workers": 1,
            "transfer_queue.backend.SimpleStorage.num_data_storage_units": 1,
            "+ray_kwargs.ray_init.num_gpus": ranks,  # slots, not devices
            "ray_kwargs.ray_init.num_cpus": 8 * ranks,
            "+ray_kwargs.ray_init.include_dashboard": False,
        }
