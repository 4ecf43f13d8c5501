"""What the paper tier would cost, by a stated model: tokens times operations."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import yaml
from tabulate import tabulate

from arlarena_bench.environment_names import letters
from arlarena_bench.harness.reproducing import Programme
from arlarena_bench.recipe import Recipe, TrainSection
from arlarena_bench.report.comparison import REPRODUCTION
from arlarena_bench.report.paper_tables import DataPart

# Operations a parameter and token: one pass forward, and with the pass backward.
FORWARD, TRAINED = 2, 6
ELSE = "else"


class Assumed(DataPart):
    """What nobody has measured of an environment: means of turns and tokens; and the paper's cost.

    Attributes:
        turns: Of an episode.
        prompt: Tokens of a turn's prompt.
        reply: Tokens of a turn's reply.
        paper_hours: Of a run, as Table S1 has them.
        gpus: That the published scripts use.
    """

    turns: float
    prompt: float
    reply: float
    paper_hours: float
    gpus: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a run is taken to sample.

    Attributes:
        rows: Turns.
        prompt: Mean tokens of a prompt.
        reply: Mean tokens of a reply.
    """

    rows: float
    prompt: float
    reply: float

    @classmethod
    def of(cls, train: TrainSection, turns: float, prompt: float, reply: float) -> Self:
        """Return the load of a run with so many turns an episode."""
        return cls(train.iterations * train.groups * train.group_size * turns, prompt, reply)


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
    environments: dict[str, Assumed]

    def hours(self, recipe: Recipe, experiment: str) -> float:
        """Return the GPU-hours of one run of the paper's, in an environment of `environments`."""
        found = self.assumed(recipe.environment.name)
        assert found is not None, "the paper's environments are all assumed"
        load = Load.of(recipe.train, found.turns, found.prompt, found.reply)
        size = self.parameters.get(experiment, self.parameters[ELSE])
        return self.hours_of(load, size, recipe.method.name)

    def hours_of(self, load: Load, size: float, method: str) -> float:
        """Return the GPU-hours of one run with a model of `size` parameters."""
        rows, more = load.rows, self.sampled.get(method, 1.0)
        tokens = rows * (load.prompt + load.reply)
        # Updates, the old log-probabilities and those of the reference.
        updates = tokens * size * (TRAINED + 2 * FORWARD) / self.busy.updates
        prompts = more * rows * load.prompt * size * FORWARD / self.busy.prompts
        replies = more * rows * load.reply * size * FORWARD / self.busy.replies
        return self.overhead * (updates + prompts + replies) / self.flops / 3600

    def assumed(self, environment: str) -> Assumed | None:
        """Return what is assumed of an environment by its short name, None without assumptions."""
        known = self.environments.items()
        return next((each for name, each in known if letters(name) == letters(environment)), None)


def gpu_model() -> GpuModel:
    """Return the assumptions that ship."""
    text = (REPRODUCTION / "gpu.yaml").read_text(encoding="utf-8")
    return GpuModel.model_validate(yaml.safe_load(text))


def estimate(planned: Programme) -> dict[str, Any]:
    """Return the GPU-hours of runs by environment, each run counted once, and the assumptions."""
    model = gpu_model()
    of = {job.folder: (cell, job.recipe) for cell, jobs in planned.jobs.items() for job in jobs}
    hours: dict[str, float] = {}
    runs: Counter[str] = Counter()
    for cell, recipe in of.values():
        hours[cell.environment] = hours.get(cell.environment, 0.0) + model.hours(
            recipe, cell.experiment
        )
        runs[cell.environment] += 1
    paper = {
        name: model.environments[name].paper_hours * model.environments[name].gpus for name in hours
    }
    return {
        "hours": hours,
        "runs": dict(runs),
        "paper": paper,
        "model": model.model_dump(mode="json"),
    }


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
        "steps, groups and their size: of each run's recipe; means are assumed",
        *(_assumed_line(name, model.environments[name]) for name in hours),
        f"sampled, for filtering: {sampled}",
    ]
    table = tabulate(rows, header, "simple", disable_numparse=True)
    return "\n".join([table, "", *(f"- {line}" for line in lines)])


def _assumed_line(name: str, assumed: Assumed) -> str:
    return (
        f"{name}: {assumed.turns:g} turns an episode, of {assumed.prompt:g} tokens of prompt and "
        f"{assumed.reply:g} of reply"
    )
