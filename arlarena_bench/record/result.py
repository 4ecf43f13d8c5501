"""`Result`: the scores of one policy on one panel, and all that they follow from."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from arlarena_bench.labels import file_label
from arlarena_bench.panel import Panel
from arlarena_bench.recipe import Recipe
from arlarena_bench.record.episodes import EpisodeRecord
from arlarena_bench.record.part import Amount, Count, PositiveCount, RecordPart, Sha256, Share
from arlarena_bench.record.provenance import Provenance
from arlarena_bench.record.summary import Summary
from arlarena_bench.record.usage import UsageRecord

SCHEMA_VERSION: Literal[2] = 2


class Decoder(RecordPart):
    """How replies were drawn; `top_k` 0 is all tokens, temperature 0 the likeliest one."""

    temperature: Amount
    top_p: Share = 1.0
    top_k: Count = 0


class FailedEpisode(RecordPart):
    """An attempt at a task whose policy could not be had; it counts neither way.

    `reason` says why: a server that did not answer, a budget that was spent.
    """

    task_id: str
    attempt: Count
    reason: str


class Score(RecordPart):
    """What one decoder reached on the panel; None for a decoder where policies are scripted.

    The episodes stand in the panel's order, attempts at one task side by side. Those in `failed`
    are none of them, and the summary is not over these.
    """

    decoder: Decoder | None
    summary: Summary
    episodes: tuple[EpisodeRecord, ...] = Field(min_length=1)
    failed: tuple[FailedEpisode, ...] = ()


class PanelRecord(RecordPart):
    """Which tasks were played: the first `tasks` of a panel, each `attempts` times.

    `digest` is the SHA-256 of the whole panel's contents.
    """

    name: str
    split: Literal["train", "validation", "test"]
    digest: Sha256
    tasks: PositiveCount
    attempts: PositiveCount = 1

    @classmethod
    def of(cls, panel: Panel, tasks: int, attempts: int = 1) -> "PanelRecord":
        """Return the record of the panel's first tasks."""
        played = {"tasks": tasks, "attempts": attempts}
        named = {"name": panel.name, "split": panel.split, "digest": panel.digest}
        return cls.model_validate(named | played)


class StartRecord(RecordPart):
    """The policy that training began from.

    Attributes:
        name: Its own.
        sha256: Of its weights.
        set: SHA-256 of the shipped set that it is one of; None where it was cloned for all seeds.
    """

    name: str
    sha256: Sha256
    set: Sha256 | None = None


class PolicyRecord(RecordPart):
    """Who played.

    Attributes:
        kind: `"trained"` by the recipe; its `"start"`; `"scripted"`; any other `"model"`.
        name: A scripted player's, or a model's; a method's for what was trained.
        sha256: Of a model's weights, None where there are none, or where it was not recorded.
    """

    kind: Literal["trained", "start", "scripted", "model"]
    name: str
    sha256: Sha256 | None = None


# The metrics that count, from the beginning of training, what each field of a cost holds.
COST_METRICS = {
    "episodes": "cost/episodes",
    "environment_steps": "cost/env_steps",
    "reply_tokens": "cost/tokens",
    "updates": "cost/updates",
}


class CostRecord(RecordPart):
    """What training took. None is a number that was not recorded.

    Attributes:
        episodes: Sampled to train on, those that a filter dropped included.
        environment_steps: Turns in these.
        reply_tokens: Tokens sampled in these.
        updates: Optimiser steps.
        cpu_seconds: Of the whole training, validation included; differs from run to run.
    """

    episodes: Count | None = None
    environment_steps: Count | None = None
    reply_tokens: Count | None = None
    updates: Count | None = None
    cpu_seconds: Amount | None = None


class TrainingRecord(RecordPart):
    """How training went.

    Attributes:
        steps: Iterations made.
        metrics: Name → one value a step, from step 0, the start policy; None where a step has no
            such metric, or one that is not finite.
        collapse_step: First step of collapse, None for a stable run.
        collapse_cause: Which rule of the detector fired.
        final_fifth_success_std: Spread of success in training over the last fifth of the steps.
        skipped_updates: Updates left out for a gradient that was not finite.
    """

    steps: Count
    metrics: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)
    collapse_step: Count | None = None
    collapse_cause: str | None = None
    final_fifth_success_std: float | None = None
    skipped_updates: Count = 0

    def last(self, metric: str) -> float | None:
        """Return the last value of a metric that was recorded, None without any."""
        values = reversed(self.metrics.get(metric, ()))
        return next((value for value in values if value is not None), None)

    @property
    def start_success(self) -> float | None:
        """The start policy's success on the validation panel."""
        return next(iter(self.metrics.get("validation/success", ())), None)


Ruleset = Literal["fixed-grid", "no-tuning", "own"]


class Result(RecordPart):
    """The scores of one policy on one panel, by decoder, with every episode.

    Attributes:
        schema_version: Of this schema.
        policy: Who played.
        recipe: Every setting, resolved, with the hashes of a method's files.
        provenance: What produced it.
        ruleset: How the method's options and its learning rate were chosen: by a recorded grid,
            as the preset has them, or otherwise; None where that was not recorded.
        start: What training began from; None for policies that were not trained from one.
        panel: What was played.
        conditions: What scores depend on beside the tasks.
        incomparable: Why it cannot stand on the leaderboard; empty if it can.
        headline: The decoder that tables show first, a key of `scores`.
        scores: By the decoder's name.
        cost: What training took.
        usage: What an endpoint was asked; None for policies that were not asked over one.
        training: How it went; None for policies that were not trained here.
        lacks: What an older schema did not record.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    policy: PolicyRecord
    recipe: Recipe
    provenance: Provenance
    ruleset: Ruleset | None = None
    start: StartRecord | None = None
    panel: PanelRecord
    conditions: dict[str, str] = Field(default_factory=dict)
    incomparable: str = ""
    headline: str
    scores: dict[str, Score]
    cost: CostRecord = CostRecord()
    usage: UsageRecord | None = None
    training: TrainingRecord | None = None
    lacks: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "Result":
        if self.headline not in self.scores:
            raise ValueError(f"headline is {self.headline!r}, which is none of its scores")
        if (self.policy.kind == "trained") != (self.training is not None):
            raise ValueError("training is recorded of trained policies, and of no others")
        if self.policy.kind in ("trained", "start") and self.start is None:
            raise ValueError(f"start is missing for a policy of kind {self.policy.kind}")
        return self

    @property
    def label(self) -> str:
        """Its row in tables; what came out of a method's file never stands as an installed one."""
        if self.policy.kind != "trained":
            return self.policy.name
        if self.recipe.control is not None:
            return self.recipe.control
        return (
            self.policy.name if self.recipe.method.source is None else file_label(self.policy.name)
        )

    @property
    def seed(self) -> int:
        """The training seed; for a start policy, that of the run that it is the start of."""
        return self.recipe.seed

    @property
    def main(self) -> Score:
        """The score under the headline decoder."""
        return self.scores[self.headline]

    def without_turns(self) -> "Result":
        """Return the same without the turns of its episodes, which tables do not need."""
        return self._with_episodes(
            {
                name: [episode.model_copy(update={"turns": None}) for episode in score.episodes]
                for name, score in self.scores.items()
            }
        )

    def _with_episodes(self, episodes: dict[str, Sequence[EpisodeRecord]]) -> "Result":
        scores = {
            name: score.model_copy(update={"episodes": tuple(episodes[name])})
            for name, score in self.scores.items()
        }
        return self.model_copy(update={"scores": scores})
