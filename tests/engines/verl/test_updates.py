"""An update by verl's worker, on one rank and on two, is the local engine's."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from signpost import signpost_recipe
from verl_cases import Case, Outcome

from arlarena_bench.engines.verl.cpu_switch import ON_CPU
from arlarena_bench.engines.verl.requirement import require_verl
from arlarena_bench.installed import method_names
from arlarena_bench.streams import torch_stream
from arlarena_bench.training.diagnostics import MetricMean
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.rows import pack_episodes
from arlarena_bench.training.start import start_policy
from arlarena_bench.training.update import minibatches

pytestmark = pytest.mark.verl

HERE = Path(__file__).parent
PATIENCE = 1200  # seconds for all cases, on a machine that has others to serve
SETTINGS: Mapping[str, Any] = {
    "train.minibatches": 3,
    "train.micro_batch_tokens": 60,  # of minibatches of some 150
    "train.entropy_coef": 0.01,
    "train.kl_coef": 0.1,
    "train.weight_decay": 0.01,
    "train.grad_clip": 0.5,
    # Adam's step on a gradient that rounding decides is a share of this.
    "train.learning_rate": 1e-3,
    "train.warmup": 2,
}
# So little drift is too much that some rows are masked.
MASKED = {"method.options": {"delta": 1e-4}}
CASES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{name: (name, MASKED if name.endswith("_sm") else {}) for name in method_names()},
    **{
        f"grpo {mode}": ("grpo", {"method.options": {"aggregation": mode}})
        for mode in (
            "seq-mean-token-sum",
            "seq-mean-token-sum-norm",
            "seq-mean-token-sum-norm-text",
        )
    },
    "two epochs": ("sampo", {"train.epochs": 2}),
    "minibatches by rows": ("grpo", {"train.minibatch_rows": 11}),
    "another sampler": ("grpo_sm", {"train.tis_cap": 1.1, **MASKED}),
    "no KL": ("gspo", {"train.kl_coef": 0.0, "train.kl_estimator": "k2"}),
}


def prepared(name: str, folder: Path) -> tuple[Case, Outcome]:
    """A rollout with all that an update takes, and the local engine's update on it."""
    method, settings = CASES[name]
    recipe = signpost_recipe(**SETTINGS).for_run(method, 0, settings)
    start = start_policy(recipe)
    trainer = Trainer(recipe, start)
    _, groups = trainer._rollout(1)
    groups[0][0].void = True  # its rows count as rows, and none of their tokens does
    episodes = [episode for group in groups for episode in group]
    rows, batch = pack_episodes(episodes, trainer.policy.pad_id)
    advantages = trainer.method.advantages(batch)
    learner, reference = trainer.learner, trainer.learner.reference_log_probs(rows)
    given = rows
    if recipe.train.tis_cap is not None:
        noise = torch.rand(rows.mask.shape, generator=torch_stream(1, "noise"))
        given = replace(rows, old_log_probs=rows.old_log_probs - 0.3 * noise * rows.mask)

    def order() -> torch.Generator:
        return torch_stream(recipe.seed, "minibatches", 1)

    case = Case(
        recipe,
        str(start),
        given,
        [len(turn.generation.reply_ids) for episode in episodes for turn in episode.turns],
        advantages,
        reference,
        rows.old_log_probs,
        [part.tolist() for part in minibatches(len(rows.replies), recipe.train, order())],
    )
    metrics = learner.update(given, advantages, reference, order())
    trainer.policy.save(folder)
    return case, Outcome([metrics], load_file(folder / "model.safetensors"))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Case, Outcome]]:
    return {name: prepared(name, tmp_path_factory.mktemp("local")) for name in CASES}


@pytest.fixture(scope="module", params=[1, 2], ids=["one rank", "two ranks"])
def on_verl(
    request: pytest.FixtureRequest,
    local: dict[str, tuple[Case, Outcome]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Outcome]:
    require_verl()
    folder, ranks = tmp_path_factory.mktemp("verl"), request.param
    # On two ranks each minibatch also has more rows added than it takes.
    cases = {name: replace(case, padding=ranks - 1) for name, (case, _) in local.items()}
    torch.save(cases, folder / "cases.pt")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(ranks):
        world = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "LOCAL_WORLD_SIZE": ranks}
        own = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1, **world}
        environment = os.environ | ON_CPU | {name: str(value) for name, value in own.items()}
        with (folder / f"{rank}.log").open("w") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, str(HERE / "ranks.py"), "cases.pt", "outcomes.pt"],
                    cwd=folder,
                    env={**environment, "PYTHONPATH": str(HERE.parents[1])},
                    stdout=log,
                    stderr=log,
                )
            )
    try:
        codes = [process.wait(PATIENCE) for process in started]
    finally:
        for process in started:
            process.kill()
    assert codes == [0] * ranks, (folder / "0.log").read_text()[-4000:]
    outcomes: dict[str, Outcome] = torch.load(folder / "outcomes.pt", weights_only=False)
    return outcomes


@pytest.mark.parametrize("name", CASES)
def test_an_update_is_the_local_engines(
    name: str, local: dict[str, tuple[Case, Outcome]], on_verl: dict[str, Outcome]
) -> None:
    case, expected = local[name]
    found = on_verl[name]
    mean = MetricMean()
    for metrics in found.metrics:
        mean.add(metrics, weight=metrics["tokens"])
    wanted = expected.metrics[0]
    measured = {**mean.result(), "learning_rate": found.metrics[-1]["learning_rate"]}
    assert len(found.metrics) == len(case.order)
    shared = measured.keys() & wanted.keys()
    assert {name: measured[name] for name in shared} == {
        name: pytest.approx(wanted[name], abs=1e-5) for name in shared
    }
    # Of the whole rollout, not of an update; and how many were skipped is a sum.
    assert all(n.startswith("sampler/") or n == "skipped_updates" for n in wanted.keys() - shared)
    if name.endswith("_sm"):
        assert wanted["masked_rows"] > 0
    assert set(expected.weights) <= set(found.weights)
    for weight, tensor in expected.weights.items():
        assert torch.allclose(found.weights[weight], tensor, rtol=0, atol=1e-5), weight


def test_the_updates_move_weights(local: dict[str, tuple[Case, Outcome]]) -> None:
    """Else the comparison would say nothing."""
    for case, outcome in local.values():
        before = load_file(Path(case.model) / "model.safetensors")
        moved = max(float((before[n] - w).abs().max()) for n, w in outcome.weights.items())
        assert moved > 1e-3
