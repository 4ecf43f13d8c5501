"""A step of training: rollout, filter, advantages, a few off-policy updates."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from arlarena_bench import installed
from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError
from arlarena_bench.objective.guards import blaming
from arlarena_bench.objective.method import Method
from arlarena_bench.objective.wrapped import Wrapped
from arlarena_bench.policy.player import Player, SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import Recipe
from arlarena_bench.streams import Stream, python_stream, torch_stream
from arlarena_bench.training.checkpoint import load_checkpoint
from arlarena_bench.training.collapse import CollapseDetector
from arlarena_bench.training.cost import Cost
from arlarena_bench.training.diagnostics import rollout_metrics
from arlarena_bench.training.evaluate import (
    evaluate,
    evaluation_player,
    summary_of,
)
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import pack_episodes
from arlarena_bench.training.run import Run
from arlarena_bench.training.samplers import current_sampler, samples_itself
from arlarena_bench.training.start import policy_and_reference
from arlarena_bench.training.update import Learner

Group = list[Episode]


def method_of(recipe: Recipe) -> Method | Wrapped:
    """Return the method of a recipe, its options set."""
    return installed.method(recipe.method.name, **recipe.method.options)


def filtered(method: Method | Wrapped, groups: list[Group]) -> list[Group]:
    """Return the groups that a method's filter keeps.

    Raises:
        ArenaError: If the filter fails, or returns something else.
    """
    with blaming("the method's filter"):
        chosen = method.filter(groups)
    known = {id(group) for group in groups}
    if not isinstance(chosen, list) or not {id(group) for group in chosen} <= known:
        raise ArenaError("the method's filter must return a list of the groups it was given")
    return chosen


class Trainer:
    """Everything of a run that is held in memory.

    Args:
        recipe: Every setting of the run.
        start: Folder of the start policy.
    """

    def __init__(self, recipe: Recipe, start: Path) -> None:
        self._recipe = recipe
        self.arena = Arena(recipe)
        self.method = method_of(recipe)
        self.policy, trained, reference = policy_and_reference(recipe, start)
        self._sampler = current_sampler(recipe, self.policy, start)
        self.learner = Learner(trained, reference, self.method, recipe.train)
        self.detector = CollapseDetector()
        self.cost = Cost()

    def restore(self, run: Run, warn: Callable[[str], None]) -> int:
        """Load the newest checkpoint that the log covers; return its step."""
        latest = max(run.logged, default=0)
        step, damaged = load_checkpoint(run.checkpoints, self.learner, latest)
        for line in damaged:
            warn(line)
        for past in range(1, step + 1):
            self.detector.observe(past, run.logged[past])
        self.cost = Cost.of(run.logged.get(step, {}))
        return step

    def step(self, step: int) -> tuple[dict[str, float], dict[str, float]]:
        """Run one iteration; return its metrics and its CPU seconds by part."""
        clock = _Clock(self.arena)
        sampled, kept = self._rollout(step)
        rows, batch = pack_episodes([e for group in kept for e in group], self.policy.pad_id)
        old = None
        if not samples_itself(self._recipe):
            old = self.learner.old_stats(rows)
            batch = replace(batch, entropy=old.entropy * batch.mask)
            clock.mark("old_log_probs")
        advantages = self.method.advantages(batch)
        clock.mark("advantage")
        reference = self.learner.reference_log_probs(rows)
        clock.mark("reference")
        generator = torch_stream(self._recipe.seed, "minibatches", step)
        updates = self.learner.update(rows, advantages, reference, generator, old)
        clock.mark("update")
        played = [episode for group in sampled for episode in group]
        self.cost = self.cost.after(played, self.learner.updates)
        metrics = {
            **rollout_metrics(sampled),
            **updates,
            **self.cost.metrics(),
            "groups/kept": float(len(kept)),
            "rollouts": len(sampled) / self._recipe.train.groups,
        }
        if step % self._recipe.evaluation.every == 0:
            metrics |= self.validate()
            clock.mark("validation")
        return metrics, clock.seconds()

    def validate(self) -> dict[str, float]:
        """Score the policy on the validation panel."""
        player = evaluation_player(self._sampler(), self._recipe)
        episodes = evaluate(player, self.arena, self._recipe, "validation")
        summary = summary_of(episodes)
        names = ("success", "score", "reward", "format_valid")
        return {f"validation/{name}": getattr(summary, name) for name in names}

    def test(self) -> dict[str, list[Episode]]:
        """Play the test panel under each of the recipe's decoders, the headline first."""
        recipe, sampler = self._recipe, self._sampler()
        players = {
            name: evaluation_player(sampler, recipe, name) for name in recipe.evaluation.scored()
        }
        return {
            name: evaluate(player, self.arena, recipe, "test") for name, player in players.items()
        }

    def _rollout(self, step: int) -> tuple[list[Group], list[Group]]:
        """Sample groups until the method's filter has kept enough; return all, and the kept.

        The last try fills the batch with groups that its filter dropped (DAPO; ARLArena,
        Table S1, N_oversample).
        """
        settings = self._recipe.train
        tasks = python_stream(self._recipe.seed, "tasks", step)
        replies = Stream.of(self._recipe.seed, "replies", step)
        sampling = Sampling(
            settings.max_new_tokens, settings.temperature, settings.top_p, settings.top_k
        )
        player = SampledPlayer(self._sampler(), sampling)
        sampled: list[Group] = []
        kept: list[Group] = []
        for _ in range(settings.max_tries):
            groups = self._sample_groups(player, tasks, replies, first=len(sampled))
            sampled += groups
            chosen = groups if step <= settings.cold_start else filtered(self.method, groups)
            kept += chosen
            if len(kept) >= settings.groups:
                break
        else:
            identities = {id(group) for group in chosen}
            kept += [group for group in groups if id(group) not in identities]
        return sampled, kept[: settings.groups]

    def _sample_groups(
        self, player: Player, tasks: random.Random, replies: Stream, first: int
    ) -> list[Group]:
        settings = self._recipe.train
        size = settings.group_size
        drawn = [self.arena.game.sample_task(tasks) for _ in range(settings.groups)]
        task_ids = [task for task in drawn for _ in range(size)]
        numbers = [first + index // size for index in range(len(task_ids))]
        streams = [replies.sub(number, index % size) for index, number in enumerate(numbers)]
        episodes = self.arena.play(player, task_ids, numbers, streams)
        return [episodes[i : i + size] for i in range(0, len(episodes), size)]


class _Clock:
    """CPU seconds by part; what the arena measured itself is split into its two halves."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._start = (arena.policy_seconds, arena.environment_seconds)
        self._began = self._last = time.process_time()
        self._wall = time.monotonic()
        self._parts: dict[str, float] = {}
        self._rollout: tuple[float, float] | None = None

    def mark(self, part: str) -> None:
        now = time.process_time()
        if self._rollout is None:
            self._rollout = (
                self._arena.policy_seconds - self._start[0],
                self._arena.environment_seconds - self._start[1],
            )
            self._last += sum(self._rollout)
        self._parts[part] = now - self._last
        self._last = now

    def seconds(self) -> dict[str, float]:
        generate, environment = self._rollout or (0.0, 0.0)
        parts = {"generate": generate, "environment": environment, **self._parts}
        parts["total"] = time.process_time() - self._began
        timing = {f"cpu_s/{name}": value for name, value in parts.items()}
        return {**timing, "wall_s": time.monotonic() - self._wall}
