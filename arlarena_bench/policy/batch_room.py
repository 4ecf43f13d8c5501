"""How many tokens are generated side by side."""

from typing import Any

import torch

# Of keys and values on a CPU. A larger batch makes more tokens a second until copies of its cache,
# one a step, cost more than reading the weights once saves: SmolLM2-135M makes 73 a second in 16
# rows of 361 tokens (270 MiB) and 16 in 64 (1.1 GiB), in two threads that have nothing else beside
# them. `benchmarks.memory --decode` measures it in one.
ON_CPU = 320 << 20


def room(model: Any) -> int:
    """Return of how many tokens keys and values are held at once, where a recipe does not say.

    On a GPU, half of what is free; on a CPU, a fixed amount.
    """
    free = torch.cuda.mem_get_info(model.device)[0] // 2 if model.device.type == "cuda" else ON_CPU
    return max(1, free // token_bytes(model))


def even_part(rows: int, fit: int) -> int:
    """Return how many rows the first of the fewest parts of at most `fit` has, all being as large.

    SmolLM2 makes 44 tokens of a CPU second in four times 16 rows, 38 in three times 19 and once 7.
    """
    return -(-rows // -(-rows // max(1, fit)))


def token_bytes(model: Any) -> int:
    """Return the bytes of a token's keys and values in all layers."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    count = 2 * config.num_hidden_layers * key_heads * width
    return int(count * torch.empty(0, dtype=model.dtype).element_size())
