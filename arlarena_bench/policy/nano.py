"""Making a small language model and its tokenizer from nothing."""

from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordLevelTrainer
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.recipe import ModelSection
from arlarena_bench.streams import torch_stream

PAD, BOS, EOS, UNK = "<pad>", "<bos>", "<eos>", "<unk>"


def train_tokenizer(
    texts: Iterable[str], pattern: str, *, joined: bool = False
) -> PreTrainedTokenizerFast:
    """Train a word-level tokenizer.

    Args:
        texts: Prompts and replies of demonstrations.
        pattern: Regular expression whose matches are the words. Long words that recur, such as
            a whole row of wall, shorten the prompt and with it every later computation.
        joined: Whether decoding puts words together without spaces.

    Raises:
        ArenaError: If the pattern is not a regular expression.
    """
    tokenizer = Tokenizer(WordLevel(unk_token=UNK))
    try:
        words = Regex(pattern)
    except Exception as error:
        raise ArenaError(f"tokenizer.pattern is not a regular expression: {error}") from None
    tokenizer.pre_tokenizer = Split(words, behavior="removed", invert=True)
    if joined:
        tokenizer.decoder = Fuse()
    tokenizer.train_from_iterator(
        texts, WordLevelTrainer(special_tokens=[PAD, BOS, EOS, UNK], show_progress=False)
    )
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A", special_tokens=[(BOS, tokenizer.token_to_id(BOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        padding_side="left",
    )


def new_language_model(
    section: ModelSection, tokenizer: PreTrainedTokenizerFast, seed: int
) -> LanguageModel:
    """Build a Qwen3 model with random weights.

    Args:
        section: Its sizes.
        tokenizer: Fixes the vocabulary and the special tokens.
        seed: Of the weights.
    """
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=section.hidden_size,
        num_hidden_layers=section.layers,
        num_attention_heads=section.heads,
        num_key_value_heads=section.key_value_heads,
        head_dim=section.head_dim,
        intermediate_size=section.intermediate_size,
        max_position_embeddings=section.max_length,
        tie_word_embeddings=section.tied_embeddings,
        initializer_range=section.weight_std,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    # The library draws initial weights from the global generator; ours replace every one of
    # them, and the global state is left as it was.
    with torch.random.fork_rng(devices=[]):
        model = Qwen3ForCausalLM(config)
    generator = torch_stream(seed, "weights")
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            if weight.dim() > 1:
                weight.normal_(std=section.weight_std, generator=generator)
    return LanguageModel(model.eval(), tokenizer)
