"""The Qwen3 decoder in few, large operations.

A model of 0.1 M parameters spends most of its time between the operations of the library's layers.
This forward pass takes the library model's own parameters and gives its logits and gradients, to
float precision: queries, keys and values come from one product, gate and up projection from
another, the weight of a norm is folded into the product behind it, queries and keys are normed and
rotated together, as complex numbers, and query heads that share a key are rows of one product.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import Qwen3ForCausalLM

from arlarena_bench.policy.padding import PaddedPrompts

# Scores a head up to which attention is written out: the library's kernel takes half as long again
# to read a prompt of a few dozen tokens, but needs no memory for the scores of long ones.
FEW_SCORES = 1 << 14


class Layer(NamedTuple):
    """The weights of a layer: projections as (out, in), and (heads, width) of the inner norm.

    In queries and keys, coordinates that rotate together stand side by side; the queries' norm has
    the scale of the scores in it.
    """

    qkv: Tensor
    qk_norm: Tensor
    output: Tensor
    gate_up: Tensor
    down: Tensor


class Qwen3Decoder:
    """Logits of a `Qwen3ForCausalLM`, whose parameters stay where they are.

    Args:
        model: One that `covers` accepts.
    """

    def __init__(self, model: Any) -> None:
        config = model.config
        self._model = model
        self._queries: int = config.num_attention_heads
        self._keys: int = config.num_key_value_heads
        self._width: int = config.head_dim
        self._eps: float = config.rms_norm_eps

    @staticmethod
    def covers(model: Any) -> bool:
        """Return whether a model is of the plain architecture that is computed here."""
        if type(model) is not Qwen3ForCausalLM:
            return False
        config = model.config
        # What is put in the place of a layer, such as an adapter, computes something else.
        linear = {
            type(part)
            for name, part in model.named_modules()
            if name.endswith(("_proj", "lm_head"))
        }
        return (
            config.hidden_act == "silu"
            and not config.attention_bias
            and not config.attention_dropout
            and config.rope_parameters["rope_type"] == "default"
            and set(config.layer_types) == {"full_attention"}
            and model.device.type == "cpu"
            and linear == {nn.Linear}
            and model.dtype in (torch.float32, torch.float64)  # in which the library norms, too
        )

    def logits(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, vocabulary): the logits that predict each reply token.

        Args:
            prompts: One prompt a row.
            replies: (rows, tokens) reply ids, padded on the right.
        """
        return functional.linear(self._normed(prompts, replies), self.folded_head())

    def states(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        """Return (rows, tokens, hidden): of which `head` makes what `logits` returns."""
        states: Tensor = self._normed(prompts, replies) * self._model.model.norm.weight
        return states

    def head(self, states: Tensor) -> Tensor:
        """Return (…, vocabulary): the logits of (…, hidden) states."""
        return functional.linear(states, self._model.lm_head.weight)

    def _normed(self, prompts: PaddedPrompts, replies: Tensor) -> Tensor:
        read = _Reading(self, prompts, replies.shape[1])
        inputs = torch.cat([prompts.ids[prompts.index, -1:], replies[:, :-1]], dim=1)
        return self.norm(read.all_at_once(inputs))

    def start(self, prompts: PaddedPrompts, room: int) -> "Continuation":
        """Read the prompts but for their last tokens, for at most `room` tokens behind them."""
        return Continuation(_Reading(self, prompts, room), room)

    def layers(self) -> list[Layer]:
        """Return the fused weights, differentiable; those of one forward pass."""
        fused = []
        for layer in self._model.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            rotated = (attention.q_proj.weight, attention.k_proj.weight)
            qkv = torch.cat([*map(self._paired, rotated), attention.v_proj.weight])
            gate_up = torch.cat([mlp.gate_proj.weight, mlp.up_proj.weight])
            q_norm = self._paired(attention.q_norm.weight) * self._width**-0.5
            k_norm = self._paired(attention.k_norm.weight)
            qk_norm = torch.cat([q_norm.expand(self._queries, -1), k_norm.expand(self._keys, -1)])
            fused.append(
                Layer(
                    qkv * layer.input_layernorm.weight,
                    qk_norm,
                    attention.o_proj.weight,
                    gate_up * layer.post_attention_layernorm.weight,
                    mlp.down_proj.weight,
                )
            )
        return fused

    def _paired(self, weight: Tensor) -> Tensor:
        """Put the two halves of each head's coordinates, in the first dimension, side by side."""
        halves = weight.view(-1, 2, self._width // 2, *weight.shape[1:])
        return halves.transpose(1, 2).reshape(weight.shape)

    def folded_head(self) -> Tensor:
        """Return (vocabulary, hidden): the output layer, the last norm's weight folded in."""
        weight: Tensor = self._model.lm_head.weight * self._model.model.norm.weight
        return weight

    def embed(self, ids: Tensor) -> Tensor:
        """Return (rows, tokens, hidden)."""
        return functional.embedding(ids, self._model.model.embed_tokens.weight)

    def rotation(self, length: int) -> Tensor:
        """Return (length, width / 2) complex numbers that turn pairs to the positions from 0."""
        weight = self._model.lm_head.weight
        cos, sin = self._model.model.rotary_emb(weight, torch.arange(length)[None])
        half = self._width // 2
        return torch.complex(cos[0, :, :half], sin[0, :, :half])

    def norm(self, hidden: Tensor) -> Tensor:
        """Return `hidden` with mean square 1 in the last dimension."""
        square = torch.linalg.vecdot(hidden, hidden)[..., None] / hidden.shape[-1]
        return hidden * torch.rsqrt(square + self._eps)

    def project(self, hidden: Tensor, layer: Layer, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each (rows, tokens, heads, width).

        Args:
            hidden: (rows, tokens, hidden).
            layer: Its weights; without those of queries, there are none.
            turn: (rows or 1, tokens, 1, width / 2), the rotation of each token.
        """
        rows, tokens, _ = hidden.shape
        split = functional.linear(self.norm(hidden), layer.qkv).view(rows, tokens, -1, self._width)
        rotated = len(layer.qk_norm)
        qk = self.norm(split[:, :, :rotated]) * layer.qk_norm
        pairs = torch.view_as_complex(qk.view(*qk.shape[:-1], -1, 2))
        qk = torch.view_as_real(pairs * turn).flatten(-2)
        queries = rotated - self._keys
        return qk[:, :, :queries], qk[:, :, queries:], split[:, :, rotated:]

    def without_queries(self, layer: Layer) -> Layer:
        """Return what gives a layer's keys and values alone."""
        qkv = layer.qkv[self._queries * self._width :]
        return layer._replace(qkv=qkv, qk_norm=layer.qk_norm[self._queries :])

    def attend(self, queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        """Return (rows, tokens, heads · width).

        Args:
            queries: (rows, tokens, heads, width), scaled.
            keys: (rows, key heads, length, width).
            values: As the keys.
            mask: (rows or 1, 1, tokens, length), added to the scores.
        """
        rows, tokens, heads, width = queries.shape
        shared = heads // self._keys
        grouped = queries.view(rows, tokens, self._keys, shared, width)
        grouped = grouped.permute(0, 2, 3, 1, 4).reshape(rows, self._keys, -1, width)
        if mask is not None:
            mask = mask.repeat(1, 1, shared, 1)
        if grouped.shape[2] * keys.shape[2] <= FEW_SCORES:
            scores = grouped @ keys.transpose(-1, -2)
            read = (scores if mask is None else scores + mask).softmax(-1) @ values
        else:
            read = functional.scaled_dot_product_attention(
                grouped, keys, values, attn_mask=mask, scale=1.0
            )
        read = read.view(rows, self._keys, shared, tokens, width)
        return read.permute(0, 3, 1, 2, 4).reshape(rows, tokens, -1)

    def finish(self, hidden: Tensor, read: Tensor, layer: Layer) -> Tensor:
        """Return the layer's output, given what its attention has read."""
        hidden = hidden + functional.linear(read, layer.output)
        gate, up = functional.linear(self.norm(hidden), layer.gate_up).chunk(2, dim=-1)
        return hidden + functional.linear(functional.silu(gate) * up, layer.down)


class _Reading:
    """Prompts that have been read but for their last tokens.

    Attributes:
        keys: By layer (distinct, key heads, length, width).
        values: As the keys.
        hidden: (rows, length) bool, True on padding; None where there is none.
        first: (rows,) or a number: the position of each prompt's last token.
    """

    def __init__(self, decoder: Qwen3Decoder, prompts: PaddedPrompts, room: int) -> None:
        self.decoder = decoder
        self.layers = decoder.layers()
        self.index = prompts.index
        self.keys: list[Tensor] = []
        self.values: list[Tensor] = []
        ids, mask = prompts.ids[:, :-1], prompts.mask[:, :-1]
        self.length = ids.shape[1]
        self._rotation = decoder.rotation(self.length + room)
        self.padded = not bool(mask.all())
        causal = _causal(self.length, self.length)
        if self.padded:
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            # Padding may look at itself, for a row that sees nothing has no average.
            seen = mask[:, None, None, :] | torch.eye(self.length, dtype=torch.bool)
            causal = causal & seen
            lengths = mask.sum(1)[prompts.index]
            self.hidden: Tensor | None = ~mask[prompts.index]
        else:
            positions = torch.arange(self.length)[None]
            lengths = torch.full(prompts.index.shape, self.length)
            self.hidden = None
        self.lengths = lengths
        hidden = decoder.embed(ids)
        added = _additive(causal, hidden.dtype)
        turn = self.turn(positions)
        *lower, top = self.layers
        # Nothing reads what the top layer says here, so that nothing is asked of its keys.
        for layer in (*lower, decoder.without_queries(top)):
            queries, keys, values = decoder.project(hidden, layer, turn)
            keys, values = keys.transpose(1, 2), values.transpose(1, 2)
            self.keys.append(keys)
            self.values.append(values)
            if queries.shape[2]:
                hidden = decoder.finish(hidden, decoder.attend(queries, keys, values, added), layer)

    def turn(self, positions: Tensor) -> Tensor:
        """Return the rotation at (rows, tokens) positions, (rows, tokens, 1, width / 2)."""
        return self._rotation[positions][:, :, None]

    def all_at_once(self, inputs: Tensor) -> Tensor:
        """Return (rows, tokens, hidden) for the (rows, tokens) that follow the prompts."""
        decoder, index = self.decoder, self.index
        tokens = inputs.shape[1]
        positions = self.lengths[:, None] + torch.arange(tokens)
        turn = self.turn(positions if self.padded else positions[:1])
        seen = _causal(tokens, self.length + tokens)
        if self.hidden is not None:
            padding = functional.pad(self.hidden, (0, tokens))
            seen = seen & ~padding[:, None, None, :]
        hidden = decoder.embed(inputs)
        added = _additive(seen, hidden.dtype)
        for layer, before, read in zip(self.layers, self.keys, self.values, strict=True):
            queries, keys, values = decoder.project(hidden, layer, turn)
            keys = torch.cat([before[index], keys.transpose(1, 2)], dim=2)
            values = torch.cat([read[index], values.transpose(1, 2)], dim=2)
            hidden = decoder.finish(hidden, decoder.attend(queries, keys, values, added), layer)
        return hidden


class Continuation:
    """Rows that go on token by token; keys and values are written into room kept for them."""

    def __init__(self, read: _Reading, room: int) -> None:
        self._decoder = read.decoder
        self._layers = read.layers
        self._head = read.decoder.folded_head()
        self._turn = read.turn
        self._padded = read.padded
        self._positions = read.lengths
        self._length = read.length
        index = read.index
        first = read.keys[0]
        shape = (2, len(self._layers), len(index), first.shape[1], self._length + room)
        self._cache = first.new_empty(*shape, first.shape[3])
        for number, pair in enumerate(zip(read.keys, read.values, strict=True)):
            for place, part in enumerate(pair):
                self._cache[place, number, :, :, : self._length] = part[index]
        self._mask: Tensor | None = None
        if read.hidden is not None:
            seen = ~functional.pad(read.hidden, (0, room))
            self._mask = _additive(seen, first.dtype)[:, None, None]

    def step(self, tokens: Tensor) -> Tensor:
        """Return (rows, vocabulary): what predicts the token behind (rows, 1) tokens."""
        decoder, here = self._decoder, self._length
        positions = self._positions if self._padded else self._positions[:1]
        turn = self._turn(positions[:, None])
        mask = None if self._mask is None else self._mask[..., : here + 1]
        hidden = decoder.embed(tokens)
        for number, layer in enumerate(self._layers):
            queries, keys, values = decoder.project(hidden, layer, turn)
            known, read = self._cache[0, number], self._cache[1, number]
            known[:, :, here] = keys[:, 0]
            read[:, :, here] = values[:, 0]
            attended = decoder.attend(
                queries, known[:, :, : here + 1], read[:, :, : here + 1], mask
            )
            hidden = decoder.finish(hidden, attended, layer)
        self._length += 1
        self._positions = self._positions + 1
        return functional.linear(decoder.norm(hidden[:, -1]), self._head)

    def select(self, rows: Tensor) -> None:
        """Go on with some rows only."""
        self._cache = self._cache[:, :, rows]
        self._positions = self._positions[rows]
        if self._mask is not None:
            self._mask = self._mask[rows]


def _causal(tokens: int, length: int) -> Tensor:
    """Return (tokens, length) bool: what each of the last `tokens` of `length` sees."""
    return torch.ones(tokens, length, dtype=torch.bool).tril(length - tokens)


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what is added to scores: 0 where `seen`, else minus infinity."""
    return torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, float("-inf"))
