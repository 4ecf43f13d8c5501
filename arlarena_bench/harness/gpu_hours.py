"""What the paper tier would cost, by a stated model: tokens times operations."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import Field
from tabulate import tabulate

from arlarena_bench.environment_names import letters
from arlarena_bench.harness.reproducing import Asked, Wanted
from arlarena_bench.report.comparison import REPRODUCTION
from arlarena_bench.report.paper_tables import DataPart
from arlarena_bench.report.reproduction import Reproduction

# Operations a parameter and token: one pass forward, and with the pass backward.
FORWARD, TRAINED = 2, 6
ELSE = "else"


class Load(DataPart):
    """What one run in an environment is taken to be: counts a step, means a turn, tokens."""

    steps: int = Field(ge=1)
    groups: int = Field(ge=1)
    group_size: int = Field(ge=1)
    turns: float
    prompt: float
    reply: float
    paper_hours: float
    gpus: int

    @property
    def rows(self) -> float:
        """Turns that a run samples."""
        return self.steps * self.groups * self.group_size * self.turns


class Busy(DataPart):
    """Share of a GPU's peak that each part of the work reaches."""

    updates: float
    prompts: float
    replies: float


class GpuModel(DataPart):
    """The assumptions, see `gpu.yaml`."""

    device: str
    flops: float
    busy: Busy
    overhead: float
    parameters: dict[str, float]
    sampled: dict[str, float]
    environments: dict[str, Load]

    def hours(self, environment: str, experiment: str, method: str) -> float:
        """Return the GPU-hours of one run of the paper's."""
        size = self.parameters.get(experiment, self.parameters[ELSE])
        return self.hours_of(self.environments[environment], size, method)

    def hours_of(self, load: Load, size: float, method: str) -> float:
        """Return the GPU-hours of one run with a model of `size` parameters."""
        rows, more = load.rows, self.sampled.get(method, 1.0)
        tokens = rows * (load.prompt + load.reply)
        # Updates, the old log-probabilities and those of the reference.
        updates = tokens * size * (TRAINED + 2 * FORWARD) / self.busy.updates
        prompts = more * rows * load.prompt * size * FORWARD / self.busy.prompts
        replies = more * rows * load.reply * size * FORWARD / self.busy.replies
        return self.overhead * (updates + prompts + replies) / self.flops / 3600

    def load_of(self, environment: str) -> Load | None:
        """Return what is assumed of an environment by its short name, None without assumptions."""
        loads = self.environments.items()
        return next((load for name, load in loads if letters(name) == letters(environment)), None)


def gpu_model() -> GpuModel:
    """Return the assumptions that ship."""
    text = (REPRODUCTION / "gpu.yaml").read_text(encoding="utf-8")
    return GpuModel.model_validate(yaml.safe_load(text))


def estimate(asked: Asked, known: Reproduction, cells: Sequence[Wanted]) -> dict[str, Any]:
    """Return the GPU-hours of what was asked by environment, and the assumptions."""
    model = gpu_model()
    hours: dict[str, float] = {}
    runs: dict[str, int] = {}
    paper: dict[str, float] = {}
    for cell in cells:
        method = known.experiments[cell.experiment].cells[cell.cell].method
        found = model.hours(cell.environment, cell.experiment, method)
        load, name = model.environments[cell.environment], cell.environment
        hours[name] = hours.get(name, 0.0) + asked.seeds * found
        runs[name] = runs.get(name, 0) + asked.seeds
        paper[name] = load.paper_hours * load.gpus
    return {"hours": hours, "runs": runs, "paper": paper, "model": model.model_dump(mode="json")}


def estimate_text(found: Mapping[str, Any]) -> str:
    """Return what `estimate` found as text, its assumptions below."""
    hours, runs = found["hours"], found["runs"]
    rows = [
        [
            name,
            str(runs[name]),
            f"{hours[name] / runs[name]:,.0f}",
            f"{found['paper'][name]:,.0f}",
            f"{hours[name]:,.0f}",
        ]
        for name in hours
    ]
    rows.append(["all", str(sum(runs.values())), "", "", f"{sum(hours.values()):,.0f}"])
    header = ["environment", "runs", "GPU-hours a run", "paper's a run", "GPU-hours"]
    model = GpuModel.model_validate(found["model"])
    busy = model.busy
    sampled = ", ".join(f"{name} {more:g} times" for name, more in model.sampled.items())
    lines = [
        f"{model.device}, {model.flops / 1e12:,.0f} TFLOP/s, of which updates reach "
        f"{busy.updates:.0%}, prompts {busy.prompts:.0%}, replies {busy.replies:.0%}",
        f"operations a parameter and token: {TRAINED} in an update, {FORWARD} each for the old "
        "log-probabilities, the reference, prompts and replies",
        f"everything else (environments, validation, waiting): {model.overhead:g} times that",
        "paper's a run: hours of Table S1 times the GPUs of the published scripts",
        *(_load_line(name, model.environments[name]) for name in hours),
        f"sampled, for filtering: {sampled}",
    ]
    table = tabulate(rows, header, "simple", disable_numparse=True)
    return "\n".join([table, "", *(f"- {line}" for line in lines)])


def _load_line(name: str, load: Load) -> str:
    return (
        f"{name}: {load.steps} steps × {load.groups * load.group_size} episodes × {load.turns:g} "
        f"turns × ({load.prompt:g} tokens of prompt + {load.reply:g} of reply)"
    )
