"""Model folders as strangers have them: tiny, random, of many architectures."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers

from arlarena_bench import load_recipe
from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.protocol.making import make_environment

CONTEXT = 512
NAMED = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": CONTEXT,
}
GROUPED = NAMED | {"num_key_value_heads": 2}
WINDOWED = GROUPED | {"sliding_window": 8}
OLDER = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
SEVERAL = {"encoder_attention_heads": 4, "decoder_attention_heads": 4}

# Class → settings. What a decoder reads from a cache is continued; the rest is refused.
DECODERS: dict[str, dict[str, Any]] = {
    "BioGptForCausalLM": NAMED,
    "BloomForCausalLM": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "CodeGenForCausalLM": OLDER | {"rotary_dim": 4, "n_ctx": CONTEXT},
    "CohereForCausalLM": GROUPED,  # scales its logits
    "FalconForCausalLM": NAMED,
    "GPT2LMHeadModel": OLDER,
    "GPTBigCodeForCausalLM": OLDER,
    "GPTJForCausalLM": OLDER | {"rotary_dim": 4},
    "GPTNeoXForCausalLM": NAMED,
    "Gemma2ForCausalLM": WINDOWED | {"head_dim": 8},
    "GemmaForCausalLM": GROUPED | {"head_dim": 8},
    "GraniteForCausalLM": GROUPED | {"logits_scaling": 4.0},
    "GptOssForCausalLM": WINDOWED | {"head_dim": 8, "num_local_experts": 4},
    "LlamaForCausalLM": GROUPED,
    "MistralForCausalLM": WINDOWED,
    "MixtralForCausalLM": GROUPED | {"num_local_experts": 4},
    "MptForCausalLM": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": CONTEXT},
    "OPTForCausalLM": NAMED | {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "PhiForCausalLM": NAMED,
    "Qwen2ForCausalLM": GROUPED,
    "Qwen3ForCausalLM": GROUPED | {"head_dim": 8},
    "Qwen3MoeForCausalLM": GROUPED
    | {"head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
    "StableLmForCausalLM": GROUPED,
    "XGLMForCausalLM": {
        "d_model": 32,
        "ffn_dim": 64,
        "num_layers": 2,
        "attention_heads": 4,
        "max_position_embeddings": CONTEXT,
    },
}
OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "BartForConditionalGeneration": (
        {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, **SEVERAL},
        "holds an encoder-decoder (Bart)",
    ),
    "BertForMaskedLM": (NAMED, "keeps no key-value cache"),
    "BertLMHeadModel": (NAMED, "keeps no key-value cache"),
    "Lfm2ForCausalLM": (
        GROUPED | {"layer_types": ["conv", "full_attention"]},
        "cannot be asked in padded batches",
    ),
    "LlamaForSequenceClassification": (GROUPED, "weights of Llama are missing (lm_head.weight"),
    "MambaForCausalLM": (
        {"hidden_size": 32, "num_hidden_layers": 2},
        "holds a recurrent model (Mamba)",
    ),
    "RwkvForCausalLM": (
        {"hidden_size": 32, "num_hidden_layers": 2},
        "holds a recurrent model (Rwkv)",
    ),
    "T5ForConditionalGeneration": (
        {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4},
        "holds an encoder-decoder (T5)",
    ),
    "XLNetLMHeadModel": (
        {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64},
        "keeps no key-value cache",
    ),
}


@cache
def tokenizer() -> transformers.PreTrainedTokenizerFast:
    environment = make_environment(load_recipe("nano", "sokoban"))
    prompts = [environment.reset(seed=seed)[0] for seed in range(8)]
    return train_tokenizer([*prompts, "<think> </think> <action> </action>"], r"\S+|\s")


def write_model(
    folder: Path,
    name: str,
    words: transformers.PreTrainedTokenizerFast | None = None,
    **settings: Any,
) -> Path:
    """Write a model of the class `name` with random weights, and its tokenizer."""
    words = words or tokenizer()
    settings = (DECODERS[name] if name in DECODERS else OTHERS[name][0]) | settings
    made = getattr(transformers, name).config_class(
        vocab_size=len(words),
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        decoder_start_token_id=words.bos_token_id,
        **settings,
    )
    with torch.random.fork_rng(devices=[]):
        model = getattr(transformers, name)(made)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(std=0.2, generator=generator)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
