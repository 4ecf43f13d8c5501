"""What an update and a sampler keep in a GPU's memory, by a stated model of dense decoders."""

from dataclasses import dataclass
from typing import Any

GIB = 2**30
FLOAT32 = 4
# Values a token and layer that an update keeps, in hidden and in inner sizes: inputs of norms and
# projections, queries and what attention gives; gate, up and their product.
KEPT_HIDDEN, KEPT_INNER = 8, 3


@dataclass(frozen=True, slots=True)
class Sizes:
    """A dense decoder-only transformer.

    Attributes:
        parameters: All of them.
        layers: Blocks.
        hidden: Width of the residual stream.
        inner: Width inside the feed-forward part.
        queries: Query heads times their width.
        key_values: Key-value heads times their width.
        vocabulary: Tokens.
    """

    parameters: int
    layers: int
    hidden: int
    inner: int
    queries: int
    key_values: int
    vocabulary: int

    @classmethod
    def of(cls, config: Any, parameters: int) -> "Sizes":
        """Read a configuration of the transformers library."""
        heads = config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // heads
        groups = getattr(config, "num_key_value_heads", None) or heads
        return cls(
            parameters,
            config.num_hidden_layers,
            config.hidden_size,
            config.intermediate_size,
            heads * width,
            groups * width,
            config.vocab_size,
        )

    def adapters(self, rank: int) -> int:
        """Return the parameters of adapters on every linear layer but the output layer."""
        attention = 2 * (self.hidden + self.queries) + 2 * (self.hidden + self.key_values)
        return self.layers * rank * (attention + 3 * (self.hidden + self.inner))


@dataclass(frozen=True, slots=True)
class Work:
    """What is held at once.

    Attributes:
        trained: Parameters that the optimiser changes.
        weight_bytes: Of a weight.
        read_tokens: Tokens of a micro-batch, prompts and padding included.
        logit_tokens: Tokens whose logits are held at once.
        checkpointing: Whether a layer's inside is computed twice instead of kept.
        adapters: Whether only adapters are trained, so that the reference is the model itself.
        cached_tokens: Tokens whose keys and values the sampler must hold, those of one episode;
            others may wait.
        gpus: Weights, gradients and optimiser are cut into as many equal parts (as FSDP does).
    """

    trained: int
    weight_bytes: int
    read_tokens: int
    logit_tokens: int
    checkpointing: bool
    adapters: bool
    cached_tokens: int
    gpus: int


def update_memory(sizes: Sizes, work: Work) -> dict[str, float]:
    """Return the bytes on one GPU while a micro-batch is learnt from, by what they hold."""
    shared = 1 / work.gpus
    weights = sizes.parameters * work.weight_bytes
    short = work.weight_bytes < FLOAT32
    # In 32 bits: Adam's two moments, and a copy of weights that are shorter.
    states = 2 + short
    # One process adds up the gradients of micro-batches in 32 bits; adapters have these anyway.
    summed = work.gpus == 1 and short and not work.adapters
    inside = KEPT_HIDDEN * sizes.hidden + KEPT_INNER * sizes.inner
    per_layer = sizes.hidden if work.checkpointing else inside
    again = inside if work.checkpointing else 0
    return {
        "weights": weights * shared,
        "gradients": work.trained * work.weight_bytes * shared,
        "their sums, float32": float(work.trained * FLOAT32 * summed),
        "optimiser, float32": work.trained * FLOAT32 * states * shared,
        "reference policy": 0.0 if work.adapters else weights * shared,
        "two layers gathered": 0.0 if work.gpus == 1 else 2 * weights / sizes.layers,
        "activations": work.read_tokens * work.weight_bytes * (sizes.layers * per_layer + again),
        "logits, float32": 2.0 * work.logit_tokens * sizes.vocabulary * FLOAT32,
    }


def sampling_memory(sizes: Sizes, work: Work) -> dict[str, float]:
    """Return the bytes on one GPU while it plays episodes with weights of the sampler's own."""
    cache = 2 * sizes.layers * sizes.key_values * work.weight_bytes * work.cached_tokens
    kept = update_memory(sizes, work)
    return {
        "the sampler's weights": float(sizes.parameters * work.weight_bytes),
        "keys and values of an episode": float(cache),
        "kept for updates": sum(
            kept[name] for name in ("weights", "optimiser, float32", "reference policy")
        ),
    }
