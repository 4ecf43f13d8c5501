"""Reading a Hugging Face model folder, or saying in one line why it cannot be used."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
)
from transformers.models.auto.tokenization_auto import get_tokenizer_config
from transformers.utils import logging

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.placement import DEFAULT, Placement

WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
HERE = {"local_files_only": True, "trust_remote_code": False}
# Names of the class that does what tokenizer.json says, and nothing else.
GENERIC = ("PreTrainedTokenizerFast", "TokenizersBackend")


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a folder that hold weights, by name; of two forms the first."""
    found = (sorted(folder.glob(pattern)) for pattern in WEIGHTS)
    return next((files for files in found if files), [])


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a folder's weights: of its one file, or of the list of several.

    Raises:
        ArenaError: If there are none, or one cannot be read.
    """
    sums = []
    try:
        for path in weight_files(folder):
            with path.open("rb") as file:
                sums.append((hashlib.file_digest(file, "sha256").hexdigest(), path.name))
    except OSError as error:
        raise ArenaError(f"cannot read {path}: {error.strerror}") from None
    if not sums:
        raise ArenaError(f"{folder} holds no weights ({' or '.join(WEIGHTS)} is missing)")
    if len(sums) == 1:
        return sums[0][0]
    return hashlib.sha256("".join(f"{sha}  {name}\n" for sha, name in sums).encode()).hexdigest()


def load_folder(
    folder: Path, placement: Placement = DEFAULT
) -> tuple[Any, PreTrainedTokenizerBase]:
    """Load a causal language model and its tokenizer.

    Nothing is downloaded, and no code that lies in the folder is run.

    Args:
        folder: An ordinary Hugging Face model folder.
        placement: Where the model is to compute, and in which precision.

    Raises:
        ArenaError: If the folder holds another kind of model, a part of one, or damaged files.
    """
    kind = type(load_config(folder)).__name__.removesuffix("Config")
    with quiet(), _one_line(f"{folder} cannot be loaded as a language model"):
        model, found = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=placement.dtype or torch.get_default_dtype(),
            attn_implementation=placement.attention,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
            **HERE,
        )
    if mismatched := sorted(found["mismatched_keys"]):
        raise ArenaError(
            f"{folder}: the weights do not fit config.json ({mismatched[0][0]} has another shape)"
        )
    if missing := sorted(found["missing_keys"]):
        raise ArenaError(
            f"{folder} holds no whole language model: {len(missing)} weights of {kind} are "
            f"missing ({missing[0]}, …)"
        )
    if model._is_stateful:
        raise ArenaError(
            f"{folder} holds a recurrent model ({kind}); only attention over a key-value cache "
            "can be continued from shared prompts"
        )
    with _one_line(f"{folder} cannot be put on {placement.device}"):
        model = model.eval().to(placement.device)
    return model, load_tokenizer(folder)


def load_config(folder: Path) -> Any:
    """Load the configuration of a model folder that holds weights.

    Raises:
        ArenaError: If the folder holds another kind of model, or a part of one.
    """
    _check_files(folder)
    with quiet(), _one_line(f"{folder} cannot be loaded as a language model"):
        config = AutoConfig.from_pretrained(folder, **HERE)
    if config.is_encoder_decoder:
        kind = type(config).__name__.removesuffix("Config")
        raise ArenaError(f"{folder} holds an encoder-decoder ({kind}), no causal language model")
    if not weight_files(folder):
        raise ArenaError(f"{folder} holds no weights ({' or '.join(WEIGHTS)} is missing)")
    return config


def load_generation_config(folder: Path) -> GenerationConfig | None:
    """Load how a model folder says that its model generates, None if it does not.

    Raises:
        ArenaError: If the file is damaged.
    """
    if not (folder / "generation_config.json").is_file():
        return None
    with quiet(), _one_line(f"{folder}/generation_config.json cannot be read"):
        return GenerationConfig.from_pretrained(folder, local_files_only=True)


def _check_files(folder: Path) -> None:
    if (folder / "adapter_config.json").is_file():
        raise ArenaError(
            f"{folder} holds a PEFT adapter; merge it into its base model (merge_and_unload), "
            "save that with its tokenizer, and give its folder"
        )
    if (folder / "config.json").is_file():
        return
    if any(folder.glob("*.gguf")):
        raise ArenaError(
            f"{folder} holds a GGUF file; give a Hugging Face folder (config.json, safetensors)"
        )
    raise ArenaError(f"{folder} holds no Hugging Face model (config.json is missing)")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a model folder; nothing is downloaded, no code of the folder run.

    Raises:
        ArenaError: If there is none that can be loaded.
    """
    absent = "" if (folder / "tokenizer.json").is_file() else " (tokenizer.json is missing)"
    with quiet(), _one_line(f"{folder} holds no tokenizer that can be loaded{absent}"):
        named = get_tokenizer_config(folder, **HERE).get("tokenizer_class")
        # For some models the library puts their usual class in place of the one that is named.
        kind = PreTrainedTokenizerFast if named in GENERIC else AutoTokenizer
        tokenizer: PreTrainedTokenizerBase = kind.from_pretrained(folder, **HERE)
    if not tokenizer.get_vocab():
        raise ArenaError(f"{folder} holds no tokenizer (tokenizer.json is missing)")
    return tokenizer


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ArenaError(f"{what}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, or its kind if it says nothing."""
    lines = str(error).split("\n")
    return next((line.strip() for line in lines if line.strip()), type(error).__name__)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the library's progress bars and reports away from our own."""
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
