"""Updates by verl's worker, as one of some ranks and without Ray: `ranks.py CASES OUT`.

A case is what one update starts from; its outcome is what the update leaves.
"""

import os
import sys
from pathlib import Path
from typing import Any

import torch
from verl_cases import Case, Outcome

from arlarena_bench.engines.verl.batch_order import ADDED, rank_order, slots


def configured(case: Case, ranks: int) -> Any:
    """verl's own settings, composed from ours and checked by it."""
    from arlarena_bench.engines.verl.overrides import (
        model_overrides,
        update_overrides,
        without_accelerators,
    )
    from arlarena_bench.engines.verl.settings_check import checked

    overrides = {
        **model_overrides(case.recipe, case.model),
        **update_overrides(case.recipe),
        **without_accelerators(),
        "trainer.n_gpus_per_node": ranks,
        "algorithm.adv_estimator": "rloo",
        "actor_rollout_ref.rollout.name": "vllm",
        "data.train_batch_size": case.recipe.train.groups,
    }
    return checked(overrides)


def row_data(case: Case, index: list[int]) -> Any:
    """Rows as verl holds them: ragged, without padding; -1 stands for a row that verl adds."""
    from verl.utils import tensordict_utils as tu

    from arlarena_bench.engines.verl.minibatch_loss import REAL

    rows, columns = case.rows, {}
    ids, starts = rows.prompts.ids, rows.prompts.mask
    lengths = case.lengths

    def nested(parts: list[torch.Tensor]) -> torch.Tensor:
        return torch.nested.as_nested_tensor(parts, layout=torch.jagged)

    def taken(tensor: torch.Tensor) -> torch.Tensor:
        return nested([tensor[i, : lengths[i]] if i >= 0 else tensor.new_zeros(1) for i in index])

    place = rows.prompts.index.tolist()
    prompts = [ids[place[i]][starts[place[i]].bool()] if i >= 0 else ids.new_ones(5) for i in index]
    columns["prompts"] = nested(prompts)
    columns["responses"] = taken(rows.replies)
    whole = [torch.cat(pair) for pair in zip(prompts, columns["responses"].unbind(), strict=True)]
    columns["input_ids"] = nested(whole)
    columns["position_ids"] = nested([torch.arange(len(row)) for row in whole])
    columns["response_mask"] = taken(rows.mask)
    columns["loss_mask"] = taken(rows.mask)
    columns["old_log_probs"] = taken(case.old_log_probs)
    columns["rollout_log_probs"] = taken(rows.old_log_probs)
    columns["advantages"] = taken(case.advantages)
    columns["ref_log_prob"] = taken(case.reference)
    columns[REAL] = torch.tensor([float(i >= 0) for i in index])
    return tu.get_tensordict(
        columns, non_tensor_dict={"temperature": case.recipe.train.temperature}
    )


def share(case: Case, rank: int, ranks: int) -> tuple[list[int], int]:
    """The rows of a rank, minibatch by minibatch, and how many each of its minibatches has."""
    added = [ADDED] * case.padding * ranks
    parts = [[*part, *added] for part in case.order]
    order, each = rank_order(parts, ranks), slots(parts, ranks)
    mine = len(order) // ranks
    return order[rank * mine : (rank + 1) * mine], each


def run(case: Case, worker: Any) -> Outcome:
    from verl.utils import tensordict_utils as tu

    rank, ranks = torch.distributed.get_rank(), torch.distributed.get_world_size()
    mine, each = share(case, rank, ranks)
    data = row_data(case, mine)
    tu.assign_non_tensor(
        data,
        mini_batch_size=each * ranks,
        global_batch_size=each * ranks,
        epochs=1,
        seed=0,
        dataloader_kwargs={"shuffle": False},
        calculate_entropy=True,
    )
    output = tu.get(worker.update_actor(data), "metrics")
    names = [name for name, values in output.items() if isinstance(values, list)]
    metrics = [
        {name: float(output[name][i]) for name in names if len(output[name]) == len(case.order)}
        for i in range(len(case.order))
    ]
    weights, _ = worker.actor.engine.get_per_tensor_param()
    return Outcome(metrics, {name: tensor.clone() for name, tensor in weights})


def main(cases: Path, out: Path) -> None:
    torch.set_num_threads(1)
    import verl  # noqa: F401  (which loads our plug-in, and that replaces functions)

    from arlarena_bench.engines.verl.workers import ArenaWorker

    outcomes = {}
    for name, case in torch.load(cases, weights_only=False).items():
        config = configured(case, int(os.environ["WORLD_SIZE"]))
        worker = ArenaWorker(config.actor_rollout_ref, role="actor")
        worker.init_model()
        outcomes[name] = run(case, worker)
    if torch.distributed.get_rank() == 0:
        torch.save(outcomes, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
