"""A step of the nano recipe on each engine: the local one, and verl's on one rank and on two.

Run with `python -m benchmarks.engines`, in the environment of `make peers-verl` for verl's two. The
same tasks, draws and minibatches everywhere, on CPUs: CPU seconds of a step, so that a busy machine
does not blur them, and what part of them is generation, environment, update and everything else. Of
verl these are its server's, its environments', its ranks' and all other processes'. Then the model
of `benchmarks.scale` is held against it: from the step on one rank it says what each of two would
take, and from its assumptions what part of a step of 4e9 parameters the environments have.
"""

import argparse
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from tabulate import tabulate

from arlarena_bench import ArenaError, load_recipe
from arlarena_bench.engines.engine import Cluster, engine_named
from arlarena_bench.engines.verl.cpu_switch import ON_CPU
from arlarena_bench.files import JsonLines
from arlarena_bench.harness.gpu_hours import gpu_model
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.run import read_metrics
from arlarena_bench.training.start import start_policy
from benchmarks import scale

LOCAL, VERL = "local", "verl"
RANKS = (1, 2)
WARM_UP, STEPS = 1, 4
# The least that a run may have: nothing of it is measured.
NEVER, PANEL = 1000, 8
GPUS = 8  # of the step of 4e9 parameters
# Whose process it is by a part of its name; all others are overhead.
GENERATION, UPDATE, OVERHEAD = "generation", "update", "overhead"
PROCESSES = {"SamplerServer": GENERATION, "WorkerDict": UPDATE}


@dataclass(frozen=True, slots=True)
class Step:
    """CPU seconds of a step, and its tokens.

    Attributes:
        generation: Replies.
        environment: Environments and their prompts.
        update: Log-probabilities and updates, of all ranks.
        overhead: Everything else.
        clock: Seconds by the clock.
        tokens: Of the replies.
    """

    generation: float
    environment: float
    update: float
    overhead: float
    clock: float
    tokens: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.generation + self.environment + self.update + self.overhead

    def row(self) -> list[str]:
        """Return its cells."""
        parts = (self.generation, self.environment, self.update, self.overhead)
        return [
            f"{self.clock:.2f}",
            f"{self.tokens / self.clock:,.0f}",
            f"{self.seconds:.2f}",
            f"{self.tokens / self.seconds:,.0f}",
            *(f"{part / self.seconds:.1%}" for part in parts),
        ]


def by_processes(spent: Mapping[str, float], environment: float) -> tuple[float, ...]:
    """Return the parts of a step by what its processes have spent, environments among the rest."""
    rest = spent[OVERHEAD] - environment
    return spent[GENERATION], environment, spent[UPDATE], rest


def by_marks(timing: Mapping[str, float]) -> tuple[float, ...]:
    """Return the parts of a step by the local engine's line in `timing.jsonl`."""
    parts = {
        name: timing.get(f"cpu_s/{name}", 0.0)
        for name in ("generate", "environment", "old_log_probs", "reference", "update", "total")
    }
    update = parts["old_log_probs"] + parts["reference"] + parts["update"]
    known = parts["generate"] + parts["environment"] + update
    return parts["generate"], parts["environment"], update, parts["total"] - known


def spent() -> Counter[str]:
    """Return the CPU seconds of the sessions that this process has started, by what they are."""
    found: Counter[str] = Counter()
    processes = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            name = (entry / "cmdline").read_bytes().decode(errors="replace")
            processes.append((int(entry.name), fields, name))
    own = {str(pid) for pid, fields, _ in processes if int(fields[1]) == os.getpid()}
    for _, fields, name in processes:
        if fields[3] in own:
            part = next((part for known, part in PROCESSES.items() if known in name), OVERHEAD)
            found[part] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def measure(recipe: Recipe, engine: str, ranks: int, folder: Path) -> Step:
    """Make the steps of a recipe on an engine; return the mean of those that count."""
    looks: dict[int, Counter[str]] = {}

    def look(metrics: dict[str, float]) -> None:
        looks[int(metrics["step"])] = spent()

    last = recipe.train.iterations
    engine_named(engine, Cluster(gpus=ranks)).train_until(recipe, folder, last, on_step=look)
    lines = {int(line["step"]): line for line in JsonLines(folder / "timing.jsonl")}
    counted = range(WARM_UP + 1, last + 1)
    environment = statistics.mean(lines[step]["cpu_s/environment"] for step in counted)
    metrics = read_metrics(folder)
    tokens = metrics[last]["cost/tokens"] - metrics[WARM_UP]["cost/tokens"]
    if engine == LOCAL:
        each = zip(*(by_marks(lines[step]) for step in counted), strict=True)
        parts = tuple(map(statistics.mean, each))
    else:
        grown = {
            part: (looks[last][part] - looks[WARM_UP][part]) / len(counted)
            for part in (GENERATION, UPDATE, OVERHEAD)
        }
        parts = by_processes(grown, environment)
    clock = statistics.mean(lines[step]["wall_s"] for step in counted)
    return Step(*parts, clock, tokens / len(counted))


def weights_of(recipe: Recipe) -> int:
    """Return how many parameters are trained."""
    model = LanguageModel.load(start_policy(recipe)).model
    return sum(weight.numel() for weight in model.parameters())


def compare(one: Step, two: Step, recipe: Recipe, parameters: int) -> str:
    """Return what the model of `benchmarks.scale` says of two ranks, beside what was measured.

    Two ranks share what is learnt and exchange weights and gradients. All else stays, for there is
    one server on CPUs, whoever trains. A step takes the seconds of one of them.
    """
    minibatches = (recipe.train.minibatches or 1) * recipe.train.epochs
    between = scale.exchanging(minibatches, 4 * parameters, 2)
    pairs = {
        "generation": (one.generation, two.generation),
        "environment": (one.environment, two.environment),
        "update, each rank": (one.update / 2 + between, two.update / 2),
        "overhead": (one.overhead, two.overhead),
    }
    pairs["step"] = tuple(map(sum, zip(*pairs.values(), strict=True)))
    rows = [
        [name, f"{said:.2f}", f"{found:.2f}", f"{found / said:.2f}"]
        for name, (said, found) in pairs.items()
    ]
    headers = ("on two ranks", "predicted CPU s", "measured CPU s", "ratio")
    return tabulate(rows, headers, "github", disable_numparse=True)


def environment_shares() -> str:
    """Return what part of a step of the paper's recipes the environments have, by the model."""
    model = gpu_model()
    shares = []
    for name, short in scale.ENVIRONMENTS.items():
        recipe = load_recipe("paper", short)
        turn = scale.measured_turn(recipe)
        step = scale.training_step(recipe, model.environments[name], turn, GPUS, False, model)
        shares.append(f"{name} {step.environment / step.seconds:.2%}")
    asked = f"environments in a step of {scale.PARAMETERS:.0e} parameters on {GPUS} GPUs"
    return f"{asked}, by the model: {', '.join(shares)}"


def main() -> None:
    """Measure and print; without verl the local engine alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines")
    parser.add_argument("--steps", type=int, default=STEPS, help="that are measured, of each")
    asked = parser.parse_args()
    if asked.steps < 1:
        parser.error(f"--steps {asked.steps}: there is nothing to measure")
    torch.set_num_threads(1)
    os.environ.update(ON_CPU)
    recipe = load_recipe("nano", "sokoban").for_run("grpo", 0).with_values({
        "train.iterations": WARM_UP + asked.steps,
        "train.checkpoint_every": NEVER,
        "evaluation.every": NEVER,
        "evaluation.validation_tasks": PANEL,
    })  # fmt: skip
    found: dict[str, Step] = {}
    absent = ""
    with tempfile.TemporaryDirectory() as kept:
        found[LOCAL] = measure(recipe, LOCAL, 1, Path(kept, LOCAL))
        try:
            for ranks in RANKS:
                name = f"{VERL}, {ranks} rank{'s' * (ranks > 1)}"
                found[name] = measure(recipe, VERL, ranks, Path(kept, f"{VERL}-{ranks}"))
        except ArenaError as error:
            absent = f"verl was not measured: {error}"
    headers = (
        "engine", "step s", "tokens a s", "step CPU s", "tokens a CPU s", GENERATION,
        "environment", UPDATE, OVERHEAD,
    )  # fmt: skip
    rows = [[name, *step.row()] for name, step in found.items()]
    print(tabulate(rows, headers, "github", disable_numparse=True))
    episodes = f"{recipe.train.groups} tasks × {recipe.train.group_size} episodes"
    print(
        f"\n{recipe.name}.{recipe.environment.name}, {episodes}, means of {asked.steps} steps; "
        "parts by CPU seconds"
    )
    print(absent or f"\n{compare(*list(found.values())[1:], recipe, weights_of(recipe))}")
    print(f"\n{environment_shares()}")


if __name__ == "__main__":
    main()
