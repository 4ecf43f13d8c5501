"""What limits a training step of the paper tier on 8 to 512 GPUs, by a stated model.

Run with `python -m benchmarks.scale`. Episodes are played on paper: turns and replies are drawn,
each GPU's sampler decodes what is active on it token by token, and all GPUs wait for the last
episode, as the recipe has it. The time of an environment's turn is measured here (for TIR Math
without its sandbox, see `benchmarks.sandbox`); everything else is assumed, and printed. `--grow`
gives every GPU as many episodes as on 8, in place of the recipe's batch.
"""

import argparse
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from tabulate import tabulate

from arlarena_bench.harness.gpu_hours import FORWARD, TRAINED, Assumed, GpuModel, gpu_model
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.scripted import ExpertPlayer
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream
from arlarena_bench.training.rollout import Arena

ENVIRONMENTS = {
    "ALFWorld": "alfworld", "WebShop": "webshop", "Sokoban": "sokoban", "TIR Math": "tir_math",
}  # fmt: skip
GPUS = (8, 16, 32, 64, 128, 256, 512)
PARAMETERS, WEIGHT = 4.0e9, 2  # Qwen3-4B; bytes of a weight
CACHE = 2 * 36 * 1024 * WEIGHT  # bytes of keys and values a token: layers times key-value width
MEMORY = 4.8e12  # bytes a second that an H200 reads
LAUNCH = 4e-3  # seconds of a decoding step that no arithmetic hides
NODE, INSIDE, BETWEEN = (
    8,
    4.5e11,
    5e10,
)  # GPUs of a node; bytes a second a GPU, NVLink and InfiniBand
CORES = 12  # of a node's processors for each of its GPUs
SPREAD = 0.6  # standard deviation of the logarithm of a reply's length
TASKS, SEED = 8, 0


@dataclass(frozen=True, slots=True)
class Step:
    """Seconds of one training step.

    Attributes:
        playing: Of the average GPU, with the turns of environments that its tokens do not hide.
        waiting: Of the average GPU for the last episode.
        environment: On the processors, all turns spread over them; part of `playing`.
        weights: New weights to all samplers.
        updates: Old log-probabilities, reference and updates.
        between: Meanwhile, weights and gradients between GPUs, a few times a minibatch.
    """

    playing: float
    waiting: float
    environment: float
    weights: float
    updates: float
    between: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.playing + self.waiting + self.weights + self.updates + self.between

    @property
    def limit(self) -> str:
        """What takes most beside useful work."""
        beside = {
            "the longest episode": self.waiting,
            "the environments": self.environment,
            "the weights' transfer": self.weights,
            "many small minibatches": self.between,
        }
        return max(beside, key=lambda name: beside[name])


@dataclass(frozen=True, slots=True)
class Episodes:
    """Drawn episodes: for each the lengths of its replies, one a turn, and of its prompts."""

    replies: list[np.ndarray]
    prompt: float

    @classmethod
    def draw(cls, recipe: Recipe, assumed: Assumed, count: int) -> "Episodes":
        """Draw so many: turns geometric, replies log-normal, both within the recipe's limits."""
        rng = np.random.default_rng([SEED, count])
        most = max(recipe.environment.kwargs.get("horizon") or 0, round(2 * assumed.turns))
        turns = np.minimum(rng.geometric(1 / assumed.turns, count), most)
        centre = np.log(assumed.reply) - SPREAD**2 / 2
        longest = recipe.train.max_new_tokens
        lengths = [rng.lognormal(centre, SPREAD, int(each)) for each in turns]
        return cls([np.clip(each, 1, longest) for each in lengths], assumed.prompt)

    @property
    def tokens(self) -> float:
        """Of all prompts and replies."""
        return sum(float(each.sum()) + self.prompt * len(each) for each in self.replies)

    @property
    def turns(self) -> int:
        """Of all episodes."""
        return sum(map(len, self.replies))


def play(replies: Sequence[np.ndarray], prompt: float, turn: float, model: GpuModel) -> float:
    """Return the seconds in which one GPU plays its episodes side by side.

    A decoding step reads the weights once and every active episode's cache; a new prompt holds all
    of them up; an episode whose environment has its turn is not active.

    Args:
        replies: Tokens of each turn's reply, for each episode.
        prompt: Tokens of a prompt.
        turn: Seconds of an environment's turn.
        model: Of the GPU.
    """
    prefill = FORWARD * PARAMETERS * prompt / (model.flops * model.busy.prompts)
    now = 0.0
    # What decodes, by the tokens that had been decoded by all when it will be done.
    active: list[tuple[float, int, int]] = []
    # Whose environment has its turn, by when it is done.
    away = [(turn, episode, 0) for episode, each in enumerate(replies) if len(each)]
    decoded = 0.0
    while active or away:
        if away and (not active or away[0][0] <= now):
            back, episode, number = heapq.heappop(away)
            now = max(now, back) + prefill
            heapq.heappush(active, (decoded + float(replies[episode][number]), episode, number))
            continue
        seconds = decoding_step(len(active), prompt)
        until = active[0][0] - decoded
        if away:
            until = min(until, max(1.0, (away[0][0] - now) / seconds))
        decoded += until
        now += until * seconds
        while active and active[0][0] <= decoded + 1e-9:
            _, episode, number = heapq.heappop(active)
            if number + 1 < len(replies[episode]):
                heapq.heappush(away, (now + turn, episode, number + 1))
    return now + turn


def decoding_step(active: int, cached: float) -> float:
    """Return the seconds in which a GPU decodes one token of each active episode."""
    return LAUNCH + (PARAMETERS * WEIGHT + active * cached * CACHE) / MEMORY


def gathering(size: float, gpus: int) -> float:
    """Return the seconds in which parts on all GPUs, `size` bytes in all, are gathered on each."""
    nodes = -(-gpus // NODE)
    inside = size * (min(gpus, NODE) - 1) / min(gpus, NODE) / INSIDE
    return inside + size * (nodes - 1) / nodes / (BETWEEN * NODE)


def exchanging(minibatches: int, size: float, gpus: int) -> float:
    """Return the seconds in which GPUs exchange weights and gradients, `size` bytes, in a step.

    Each minibatch gathers the weights for each of its four passes and scatters gradients once.
    """
    return minibatches * 5 * gathering(size, gpus)


def training_step(
    recipe: Recipe, assumed: Assumed, turn: float, gpus: int, grow: bool, model: GpuModel
) -> Step:
    """Return the time of a step on so many GPUs."""
    count = recipe.train.groups * recipe.train.group_size * (gpus // GPUS[0] if grow else 1)
    episodes = Episodes.draw(recipe, assumed, count)
    of: list[list[np.ndarray]] = [[] for _ in range(gpus)]
    for each, place in zip(episodes.replies, cycle(range(gpus)), strict=False):
        of[place].append(each)
    times = [play(each, episodes.prompt, turn, model) for each in of if each]
    rate = gpus * model.flops * model.busy.updates
    passes = episodes.tokens * PARAMETERS * (TRAINED + 2 * FORWARD) / rate
    minibatches = max(1, episodes.turns // (recipe.train.minibatch_rows or episodes.turns))
    between = exchanging(minibatches, PARAMETERS * WEIGHT, gpus)
    played = sum(times) / gpus
    return Step(
        playing=played,
        waiting=max(times) - played,
        environment=episodes.turns * turn / (gpus * CORES),
        weights=gathering(PARAMETERS * WEIGHT, gpus),
        updates=passes,
        between=between,
    )


def measured_turn(recipe: Recipe) -> float:
    """Return the CPU seconds of a turn of the expert's, prompt and checks included."""
    arena = Arena(recipe)
    tasks = arena.game.tasks.panel("validation").first(TASKS)
    streams = [Stream.of(SEED, "scale").sub(task) for task in tasks]
    played = [arena.play(ExpertPlayer(), tasks, range(len(tasks)), streams) for _ in range(2)][1]
    return arena.environment_seconds / (2 * sum(len(episode.turns) for episode in played))


def main() -> None:
    """Print a table for each environment."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--grow", action="store_true", help="batches that grow with the GPUs")
    parser.add_argument("--env", default=",".join(ENVIRONMENTS.values()), help="by commas")
    parser.add_argument("--gpus", default=",".join(map(str, GPUS)), help="by commas")
    asked = parser.parse_args()
    chosen, counts = asked.env.split(","), asked.gpus.split(",")
    if unknown := set(chosen) - set(ENVIRONMENTS.values()):
        parser.error(f"--env {min(unknown)}: is one of {', '.join(ENVIRONMENTS.values())}")
    if not all(count.isdecimal() and int(count) for count in counts):
        parser.error(f"--gpus {asked.gpus}: takes numbers of GPUs, as in 8,64")
    model = gpu_model()
    for name, short in ENVIRONMENTS.items():
        if short not in chosen:
            continue
        recipe, assumed = load_recipe("paper", short), model.environments[name]
        turn = measured_turn(recipe)
        steps = {
            gpus: training_step(recipe, assumed, turn, gpus, asked.grow, model)
            for gpus in map(int, counts)
        }
        first = next(iter(steps))
        rows = []
        for gpus, step in steps.items():
            grown = gpus / first if asked.grow else 1
            parts = (step.playing, step.waiting, step.updates, step.between, step.weights)
            rows.append([
                gpus, f"{step.seconds:.1f}", *(f"{part / step.seconds:.1%}" for part in parts),
                f"{step.environment / step.seconds:.2%}",
                f"{steps[first].seconds * first * grown / (step.seconds * gpus):.0%}", step.limit,
            ])  # fmt: skip
        header = ["GPUs", "step s", "playing", "waiting", "updates", "between", "weights",
                  "environments", "efficiency", "largest loss"]  # fmt: skip
        train = recipe.train
        batch = f"{train.groups} tasks × {train.group_size} episodes"
        print(f"\n{name}: {batch}{' for every 8 GPUs' if asked.grow else ''}, {turn * 1e6:,.0f} µs "
              f"of CPU a turn (measured), {assumed.turns:g} turns of {assumed.prompt:g} + "
              f"{assumed.reply:g} tokens (assumed)\n")  # fmt: skip
        print(tabulate(rows, header, "github", disable_numparse=True))
    print(
        f"\n- {model.device}, {PARAMETERS:.0e} parameters in {WEIGHT} bytes, "
        f"{model.flops / 1e12:,.0f} TFLOP/s of which updates and prompts reach "
        f"{model.busy.updates:.0%}, {MEMORY / 1e12:.1f} TB/s, {LAUNCH * 1e3:g} ms a decoding step "
        f"beside\n- {INSIDE / 1e9:.0f} GB/s a GPU inside a node of {NODE}, {BETWEEN / 1e9:.0f} "
        f"between nodes; {CORES} cores a GPU\n- turns geometric, replies log-normal with "
        f"σ {SPREAD}; waiting: of the average GPU for the last episode; efficiency: useful "
        f"episodes a GPU-second against {GPUS[0]}"
    )


if __name__ == "__main__":
    main()
