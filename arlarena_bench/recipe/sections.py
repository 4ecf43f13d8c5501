"""The sections of a recipe, each with its settings, their bounds and their defaults."""

from collections.abc import Iterable
from itertools import product
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from arlarena_bench.errors import nearest
from arlarena_bench.protocol.prompt import PromptTemplate

PositiveCount = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]
Coefficient = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Nucleus = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]  # a part of a file's name

DIGEST = {"for": "digest"}


class Section(BaseModel):
    """A part of a recipe: immutable, and every key must be known.

    Attributes:
        newer: Settings added after results were published. At its default such a one is left
            out of digests, so that these still name the same runs.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    newer: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _dump(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if info.context == DIGEST:
            self._leave_out(data)
        return data

    def _leave_out(self, data: dict[str, Any]) -> None:
        """Take out of a dump what digests do not hold."""
        for name in self.newer:
            default = type(self).model_fields[name].get_default(call_default_factory=True)
            if getattr(self, name) == default:
                del data[name]


class EnvironmentSection(Section):
    """Which environment, and the keyword arguments `gymnasium.make` passes to it."""

    id: str
    name: str
    kwargs: dict[str, Any] = {}


class ChatSection(Section):
    """How prompts become a chat with a model that was trained on chats.

    Attributes:
        thinking: The switch of templates that have one (`enable_thinking`, as Qwen3's).
        system: A system message before the first prompt. Where the template has no such role, it
            stands above the prompt.
        template: A chat template (Jinja) in place of the tokenizer's own.
        max_prompt_tokens: Longest first prompt, template included. A longer one loses its middle:
            the task at its beginning stays, and so does the newest observation at its end. A
            conversation that has begun is never cut. None for no limit.
    """

    thinking: bool = False
    system: str | None = None
    template: str | None = None
    max_prompt_tokens: Annotated[int, Field(ge=2)] | None = None


class ProtocolSection(Section):
    """How the environment is put to an agent (ARLArena, App. H; Table S1)."""

    newer = ("chat",)
    history: Count = 2
    penalty: Coefficient = 0.1
    template: PromptTemplate | None = None
    chat: ChatSection = ChatSection()


class ModelSection(Section):
    """The Qwen3 architecture of a start policy that is made here.

    Attributes:
        max_length: Longest prompt and reply together, tokens.
        tied_embeddings: Whether the output layer is the embedding, transposed.
        weight_std: Standard deviation of the initial weights.
    """

    newer = ("tied_embeddings", "weight_std")
    hidden_size: PositiveCount = 64
    layers: PositiveCount = 2
    heads: PositiveCount = 4
    key_value_heads: PositiveCount = 2
    head_dim: PositiveCount = 16
    intermediate_size: PositiveCount = 192
    max_length: PositiveCount = 128
    tied_embeddings: bool = True
    weight_std: Rate = 0.02

    @model_validator(mode="after")
    def _heads_divide(self) -> "ModelSection":
        if self.heads % self.key_value_heads:
            raise ValueError("heads must be a multiple of key_value_heads")
        return self


class TokenizerSection(Section):
    """How text is cut into the words of the vocabulary.

    Attributes:
        pattern: Regular expression (Oniguruma) whose matches are the words; what lies between
            matches is dropped.
        joined: Whether a reply's words are put together as they are; the pattern must then
            match white space, too. Otherwise single spaces stand between them.
    """

    newer = ("joined",)
    pattern: str
    joined: bool = False


class OptimiserSection(Section):
    """How gradients become updates.

    Attributes:
        adam_beta1: AdamW's decay of the gradient's mean.
        adam_beta2: AdamW's decay of the squared gradient's mean.
        adam_eps: AdamW's addend to the denominator.
        weight_decay: AdamW's.
        grad_clip: Largest gradient norm.
    """

    newer: ClassVar[tuple[str, ...]] = ("adam_beta1", "adam_beta2", "adam_eps")
    adam_beta1: Decay = 0.9
    adam_beta2: Decay = 0.95
    adam_eps: Rate = 1e-8
    weight_decay: Coefficient = 0.0
    grad_clip: Rate = 1.0


class CloningSection(OptimiserSection):
    """Behaviour cloning in two phases: clean expert traces, then noisy labels.

    The second phase leaves a policy that knows what to do but is far from certain of it, as a
    pretrained language model is; reinforcement learning has something to sharpen.

    Attributes:
        episodes: Demonstrations to record.
        exploration: Share of demonstrated turns after which a random admissible action is taken
            instead of the expert's, so that the labels cover states off the expert's path.
        batch_size: Turns in a gradient step.
        clean_steps: Gradient steps of the first phase.
        learning_rate: Peak of the first phase; decays linearly at its end.
        decay_share: Share of the first phase, its last part, over which the rate decays.
        decay_to: What the rate decays to, as a share of its peak.
        noisy_steps: Gradient steps of the second phase.
        noisy_learning_rate: Constant over the second phase.
        label_noise: Share of labels of the second phase replaced by random plans and actions.
        habit_share: Share of labels of the second phase replaced by those of one coherent poor
            player, `Demonstrator.habit`.
        habit_exploration: Share of demonstrated turns after which that player's command is taken
            instead of the expert's.
        warmup: Gradient steps of linear warm-up.
        seed: Of demonstrations, initial weights and batches. One start policy serves all runs.
    """

    newer = (
        *OptimiserSection.newer,
        "weight_decay",
        "grad_clip",
        "decay_share",
        "decay_to",
        "habit_share",
        "habit_exploration",
    )
    episodes: PositiveCount = 3000
    exploration: Share = 0.3
    batch_size: PositiveCount = 96
    clean_steps: PositiveCount = 500
    learning_rate: Rate = 2e-3
    decay_share: Share = 0.4
    decay_to: Share = 0.1
    noisy_steps: Count = 60
    noisy_learning_rate: Rate = 3e-4
    label_noise: Share = 0.5
    warmup: Count = 50
    habit_share: Share = 0.0
    habit_exploration: Share = 0.0
    seed: Count = 0

    @model_validator(mode="after")
    def _shares_add_up(self) -> "CloningSection":
        if self.label_noise + self.habit_share > 1:
            raise ValueError("label_noise and habit_share together must not exceed 1")
        if self.exploration + self.habit_exploration > 1:
            raise ValueError("exploration and habit_exploration together must not exceed 1")
        if self.habit_exploration and not self.habit_share:
            raise ValueError("habit_exploration needs a habit_share above 0")
        return self


class MethodSection(Section):
    """A method and its keyword overrides.

    Attributes:
        name: An installed method, or the path of a file.
        source: SHA-256 of the file and of what it imports from beside it, None for an installed
            method.
        files: Name → SHA-256 of each of these files.
    """

    newer = ("files",)
    name: str
    source: str | None = None
    files: dict[str, str] = {}
    options: dict[str, float | int | str | None] = {}


class TrainSection(OptimiserSection):
    """The training loop.

    Attributes:
        iterations: Rollouts, each followed by `minibatches * epochs` updates.
        groups: Tasks a rollout.
        group_size: Episodes a task.
        minibatches: Parts of equal size (by a row at most) a rollout is cut into; more parts,
            staler data.
        minibatch_rows: About so many rows each part has, in place of a number of parts: a rollout
            is cut into as many as that takes, of equal size by a row. None for `minibatches`.
        epochs: Passes over a rollout.
        learning_rate: AdamW's, constant after warm-up.
        warmup: Updates of linear warm-up; required, Adam's first steps are sign steps.
        kl_coef: Weight of the KL to the start policy in the loss.
        kl_estimator: `"k1"`, `"k2"` or `"k3"`.
        entropy_coef: Weight of the entropy bonus.
        temperature: Of the sampling policy.
        top_p: Nucleus of sampling. Log-probabilities, old ones too, stay those of the whole
            distribution at the temperature; see `Sampling`.
        top_k: Number of likeliest tokens sampled from; 0 for all. As with `top_p`.
        max_new_tokens: Longest reply.
        micro_batch_tokens: Most tokens, prompts and padding included, that the model reads at
            once in updates and for the reference; the update stays that of the whole minibatch.
            None for no limit.
        tis_cap: Largest weight of truncated importance sampling, which corrects for a sampler
            whose probabilities are not the trainer's: π_old is computed anew by the trainer, and
            each token's loss is multiplied by min(π_old / π_sampler, tis_cap). None for none.
        sampling_batch_tokens: Most tokens, prompts and room for replies included, whose keys and
            values are held at once while sampling; more rows wait. Replies are the same. None
            for what the memory of the device takes, `LanguageModel.room`.
        max_skipped: So many updates in a row whose gradient is not finite end the run.
        max_tries: Rollouts that dynamic filtering may draw for one batch.
        cold_start: Iterations before dynamic filtering begins.
        checkpoint_every: Iterations between checkpoints.
    """

    newer = (
        *OptimiserSection.newer,
        "top_p",
        "top_k",
        "micro_batch_tokens",
        "tis_cap",
        "minibatch_rows",
        "sampling_batch_tokens",
        "max_skipped",
    )
    iterations: PositiveCount = 50
    groups: PositiveCount = 8
    group_size: Annotated[int, Field(ge=2)] = 8
    minibatches: PositiveCount = 4
    minibatch_rows: PositiveCount | None = None
    epochs: PositiveCount = 1
    learning_rate: Rate = 4e-4
    warmup: PositiveCount = 10
    kl_coef: Coefficient = 0.01
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    entropy_coef: Coefficient = 0.0
    temperature: Rate = 1.0
    top_p: Nucleus = 1.0
    top_k: Count = 0
    max_new_tokens: PositiveCount = 8
    micro_batch_tokens: PositiveCount | None = None
    tis_cap: Rate | None = None
    sampling_batch_tokens: PositiveCount | None = None
    max_skipped: PositiveCount = 10
    max_tries: PositiveCount = 3
    cold_start: Count = 0
    checkpoint_every: PositiveCount = 5


class DecoderSection(Section):
    """How replies are drawn when a policy is scored.

    Attributes:
        temperature: Of sampling; 0 takes the likeliest token.
        top_p: Nucleus of sampling.
        top_k: Number of likeliest tokens sampled from; 0 for all.
    """

    temperature: Coefficient = 1.0
    top_p: Nucleus = 1.0
    top_k: Count = 0


# ARLArena, Table S1 (0.7 in Sokoban); the policy as it is; its likeliest words.
DECODERS = {
    "paper": DecoderSection(temperature=0.6, top_p=0.95, top_k=20),
    "t1": DecoderSection(),
    "greedy": DecoderSection(temperature=0.0),
}
UNNAMED = "own"


class EvaluationSection(Section):
    """How policies are scored: sampled once on each task of a frozen panel.

    Attributes:
        every: Training iterations between evaluations on the validation panel.
        validation_tasks: How many of the validation panel's first tasks.
        test_tasks: How many of the test panel's first tasks, for the result; None for all.
        attempts: Episodes a task of the test panel; from 2 on, pass@k is reported.
        temperature: Of the headline decoder, where `headline` names none.
        top_p: As with `temperature`.
        top_k: As with `temperature`.
        headline: The decoder of validation and tables, one of `decoders`. None for the one that
            `temperature`, `top_p` and `top_k` describe.
        decoders: Under each of these the trained policy is scored on the test panel.
        seed: Of sampling.
    """

    newer = ("attempts", "headline")
    every: PositiveCount = 10
    validation_tasks: PositiveCount = 256
    test_tasks: PositiveCount | None = None
    attempts: PositiveCount = 1
    temperature: Coefficient = 1.0
    top_p: Nucleus = 1.0
    top_k: Count = 0
    headline: str | None = None
    decoders: dict[Name, DecoderSection] = DECODERS
    seed: Count = 0

    @model_validator(mode="after")
    def _one_headline(self) -> "EvaluationSection":
        if UNNAMED in self.decoders:
            raise ValueError(
                f"decoders: {UNNAMED!r} is what temperature, top_p and top_k describe; "
                "choose another name"
            )
        if self.headline is None:
            return self
        if self.headline not in self.decoders:
            known = ", ".join(sorted(self.decoders))
            hint = nearest(self.headline, self.decoders)
            raise ValueError(f"headline {self.headline!r} is no decoder{hint} (known: {known})")
        if self._described != DecoderSection():
            raise ValueError(
                f"temperature, top_p and top_k describe a decoder, but headline names "
                f"{self.headline}; set decoders.{self.headline} instead"
            )
        return self

    @property
    def _described(self) -> DecoderSection:
        return DecoderSection(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k)

    def scored(self) -> dict[str, DecoderSection]:
        """Return every decoder that policies are scored under by its name, the headline first."""
        first = self.headline
        if first is None:
            known = {**DECODERS, **self.decoders}.items()
            first = next((name for name, one in known if one == self._described), UNNAMED)
        return {first: self.decoders.get(first, self._described), **self.decoders}

    def _leave_out(self, data: dict[str, Any]) -> None:
        # What is scored beside the headline changes neither the run nor its headline.
        decoders = data.pop("decoders")
        super()._leave_out(data)
        if self.headline is not None:
            data["decoders"] = {self.headline: decoders[self.headline]}


class SamplerSection(Section):
    """What samples replies, in training and in evaluations.

    Attributes:
        engine: `"transformers"` is the trainer's own model; `"vllm"` a copy of it in vLLM, in the
            same process.
        context: Longest prompt and reply together that vLLM takes, tokens; None for the model's.
        cache_gib: GiB of keys and values that vLLM holds; None for half of what is free on a GPU,
            and 1 on a CPU.
        eager: Whether vLLM compiles nothing; on a CPU it never does.
    """

    engine: Literal["transformers", "vllm"] = "transformers"
    context: Annotated[int, Field(ge=2)] | None = None
    cache_gib: Rate | None = None
    eager: bool = False

    @model_validator(mode="after")
    def _means_something(self) -> "SamplerSection":
        if self.engine != "vllm" and (self.context or self.cache_gib or self.eager):
            raise ValueError("context, cache_gib and eager are vLLM's; set engine to vllm")
        return self


class TunedMethod(Section):
    """Values for one method: those that the validation grid chose, or one point of the grid."""

    options: dict[str, float | int | str | None] = {}
    train: dict[str, Any] = {}


def _check_times(names: Iterable[str], kind: type, called: str) -> None:
    """Refuse factors on what is no setting of `train` of this type."""
    fields = TrainSection.model_fields
    scalable = [name for name, field in fields.items() if field.annotation is kind]
    for name in names:
        if name not in scalable:
            raise ValueError(f"times: {name!r} is no {called} of train{nearest(name, scalable)}")


class ControlSection(Section):
    """A run that says what a method's gain may come from: another method with more of something.

    Attributes:
        method: The method that is run, with its tuned values.
        times: Count of `train` → how many times that of the methods it is, for example
            `{"groups": 2}`. Nothing else may differ from them.
    """

    method: str
    times: dict[str, Annotated[int, Field(ge=2)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _multiplies_counts(self) -> "ControlSection":
        _check_times(self.times, int, "count")
        return self


class TuningSection(Section):
    """The grid from which `methods` is chosen on the validation panel, by successive halving.

    Attributes:
        seed: First training seed of the grid; reported runs have others.
        seeds: Runs of a point, with seeds from `seed` on.
        grid: Method → points; as many for each method.
        times: Setting of `train` → factors. Each point is tried with each of them, so that one
            grid serves recipes whose own values differ.
        rungs: Shares of `train.iterations`. At the end of each the better half of a method's
            points goes on, at the last the best is chosen.
        record: SHA-256 of the `tuning.json` that says why `methods` has the values it has; None
            where they were not chosen by a grid.
    """

    newer = ("seeds", "times", "rungs", "record")
    seed: Count = 1000
    seeds: PositiveCount = 3
    grid: dict[str, list[TunedMethod]] = {}
    times: dict[str, Annotated[list[Rate], Field(min_length=1)]] = {}
    rungs: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)] = [1.0]
    record: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _fair(self) -> "TuningSection":
        sizes = {name: len(points) for name, points in self.grid.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"every method needs the same number of grid points, got {sizes}")
        if sorted(set(self.rungs)) != self.rungs:
            raise ValueError(f"rungs: each must be longer than the one before, got {self.rungs}")
        _check_times(self.times, float, "real number")
        return self

    def points(self, method: str, train: TrainSection) -> list[TunedMethod]:
        """Return the points of a method, their factors applied to `train` or their own values."""
        found = []
        for factors in product(*self.times.values()):
            for point in self.grid[method]:
                scaled = {
                    name: factor * point.train.get(name, getattr(train, name))
                    for name, factor in zip(self.times, factors, strict=True)
                }
                values = {"options": point.options, "train": point.train | scaled}
                found.append(TunedMethod.model_validate(values))
        return found
