"""The start policy of a recipe: a checkpoint, shipped, or cloned once and kept in the cache.

A cloned one is kept under a hash of what it was made from: the demonstrations themselves, the
settings of cloning, and the code. An environment whose expert or text has changed records other
demonstrations, and gets another start policy. Which demonstrations a recipe records is remembered
under the `fingerprint` of all that they follow from, because recording them takes long.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock

import arlarena_bench
from arlarena_bench.errors import ArenaError
from arlarena_bench.files import cache_folder, write_json
from arlarena_bench.policy.adapters import AdaptedModel
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.policy.model_source import fetch_model, find_model, model_name
from arlarena_bench.policy.placement import Placement, use_threads
from arlarena_bench.policy.trainable_model import ReferenceModel, TrainableModel
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import ChatSection, CheckpointSection, Recipe, digest
from arlarena_bench.record import StartRecord
from arlarena_bench.training.cloning import (
    OnStep,
    clone,
    demonstrations_digest,
    record_demonstrations,
)
from arlarena_bench.training.fingerprint import fingerprint
from arlarena_bench.training.start_set import find_set

CLONED = "cloned"
# Raise when cloning would make another policy from the same settings and demonstrations.
CLONING_VERSION = 2


def start_folder(recipe: Recipe, demonstrations: str) -> Path:
    """Return the folder in which a start policy lies or will lie.

    Args:
        recipe: Its model, tokenizer and cloning sections are read.
        demonstrations: Their SHA-256.
    """
    name = digest(
        {
            "cloning": CLONING_VERSION,
            "demonstrations": demonstrations,
            "packages": [arlarena_bench.__version__, torch.__version__],
            "settings": recipe.model_dump(mode="json", include={"model", "tokenizer", "cloning"}),
        }
    )
    return cache_folder() / "start" / f"{recipe.environment.name}-{name[:16]}"


def is_built(folder: Path) -> bool:
    """Return whether `folder` holds a complete and undamaged start policy."""
    try:
        record = json.loads((folder / "start.json").read_text(encoding="utf-8"))
        return bool(record["files"] == _digests(folder))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != "start.json"
    }


def start_record(recipe: Recipe, folder: Path) -> StartRecord:
    """Return what a result says of the start policy: its name, its weights, its set."""
    frozen, checkpoint = recipe.start.frozen, recipe.start.checkpoint
    name = CLONED if frozen is None else f"shipped/{folder.name}"
    if checkpoint is not None:
        name = model_name(checkpoint.ref, folder)
    return StartRecord(name=name, sha256=weights_digest(folder), set=frozen)


def load_policy(recipe: Recipe, folder: Path) -> LanguageModel:
    """Load a model as a recipe says: where it computes, and how it is asked.

    Raises:
        ArenaError: If the folder holds no model that can be used here.
    """
    limit = recipe.train.sampling_batch_tokens
    return _load(recipe.start.checkpoint, recipe.protocol.chat, folder, limit)


def _load(
    checkpoint: CheckpointSection | None, chat: ChatSection, folder: Path, limit: int | None
) -> LanguageModel:
    model = LanguageModel.load(folder, Placement.of(checkpoint), chat, limit)
    use_threads(model.model.num_parameters())
    return model


def load_trainable(
    checkpoint: CheckpointSection,
    chat: ChatSection,
    folder: Path,
    seed: int,
    limit: int | None = None,
) -> LanguageModel:
    """Load a checkpoint to be trained, with adapters where it is to have some.

    Args:
        checkpoint: How it is held.
        chat: How it is asked.
        folder: Where it lies.
        seed: Of adapters.
        limit: As `train.sampling_batch_tokens`.

    Raises:
        ArenaError: As `load_policy`, or if adapters cannot be put into the model.
    """
    model = _load(checkpoint, chat, folder, limit)
    if checkpoint.lora is not None:
        model = AdaptedModel(model, checkpoint.lora, seed)
    if checkpoint.gradient_checkpointing:
        model.recompute_layers()
    return model


def policy_and_reference(
    recipe: Recipe, folder: Path
) -> tuple[LanguageModel, TrainableModel, TrainableModel]:
    """Load the start policy to be trained.

    Returns:
        Who samples, the same to be trained, and what it was: with adapters the same weights.

    Raises:
        ArenaError: As `load_trainable`.
    """
    checkpoint, settings = recipe.start.checkpoint, recipe.train
    if checkpoint is None:
        policy = load_policy(recipe, folder)
    else:
        chat, limit = recipe.protocol.chat, settings.sampling_batch_tokens
        policy = load_trainable(checkpoint, chat, folder, recipe.seed, limit)
    if isinstance(policy, AdaptedModel):
        return policy, TrainableModel(policy, settings), ReferenceModel(policy, settings)
    return policy, TrainableModel(policy, settings), TrainableModel(policy.copy(), settings)


def fetch_checkpoint(checkpoint: CheckpointSection) -> Path:
    """Return the folder of a checkpoint, fetching it where it is not on this machine.

    Raises:
        ArenaError: If it cannot be had.
    """
    return fetch_model(checkpoint.ref, checkpoint.revision)


def find_start(recipe: Recipe) -> Path | None:
    """Return the folder of the recipe's start policy, None if it is still to be made.

    Raises:
        ArenaError: If the recipe names a shipped set that is not installed, or was changed; if
            its checkpoint cannot be one, or it has no tokenizer for a start that is cloned.
    """
    if (checkpoint := recipe.start.checkpoint) is not None:
        return find_model(checkpoint.ref, checkpoint.revision)
    if recipe.start.frozen is not None:
        shipped = find_set(recipe.start.frozen)
        return shipped.start(shipped.number(recipe.seed))
    if recipe.tokenizer is None:
        raise ArenaError(
            f"recipe {recipe.name}: tokenizer is missing, and its start is to be cloned here; name "
            "a model to begin from as start.checkpoint.ref, or give tokenizer.pattern"
        )
    known = _recall(_record_of(recipe))
    folder = start_folder(recipe, known) if known else None
    return folder if folder is not None and is_built(folder) else None


def start_policy(recipe: Recipe, on_step: OnStep | None = None) -> Path:
    """Return the folder of the recipe's start policy, fetching or cloning it first.

    Processes that need the same one at the same time wait for the first of them.

    Args:
        recipe: Its environment, protocol, model, tokenizer and cloning sections are read.
        on_step: Receives the progress of cloning.

    Raises:
        ArenaError: If the cache cannot be written, a shipped start is not what it was, or a
            checkpoint cannot be fetched.
    """
    if (found := find_start(recipe)) is not None:
        return found
    if (checkpoint := recipe.start.checkpoint) is not None:
        return fetch_checkpoint(checkpoint)
    record = _record_of(recipe)
    with _alone(record):
        if (found := find_start(recipe)) is not None:
            return found
        # Models this small lose more to a second thread's synchronisation than they gain.
        torch.set_num_threads(1)
        demonstrations = record_demonstrations(recipe)
        form = make_environment(recipe).game.reply_format
        content = demonstrations_digest(demonstrations, form)
        folder = start_folder(recipe, content)
        if not is_built(folder):
            language_model = clone(recipe, demonstrations, on_step)
            _keep(language_model, recipe, content, folder)
        write_json(record, {"demonstrations": content})
    return folder


def _record_of(recipe: Recipe) -> Path:
    """Return the file that remembers which demonstrations the recipe records."""
    name = fingerprint(recipe, make_environment(recipe).game)[:16]
    return cache_folder() / "demonstrations" / f"{recipe.environment.name}-{name}.json"


def _recall(record: Path) -> str | None:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))["demonstrations"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content if isinstance(content, str) else None


@contextmanager
def _alone(record: Path) -> Iterator[None]:
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(record.with_suffix(".lock"))
        lock.acquire()
    except OSError as error:
        raise _no_cache(error) from error
    try:
        yield
    finally:
        lock.release()


def _keep(language_model: LanguageModel, recipe: Recipe, content: str, folder: Path) -> None:
    """Write a start policy into the cache, whole."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        language_model.save(temporary)
        settings = recipe.model_dump(
            mode="json", include={"environment", "protocol", "model", "tokenizer", "cloning"}
        )
        made_from = {"demonstrations": content, "settings": settings}
        write_json(temporary / "start.json", {"files": _digests(temporary), **made_from})
        # A process with other settings may have built the same policy meanwhile.
        if not is_built(folder):
            shutil.rmtree(folder, ignore_errors=True)
            temporary.replace(folder)
        shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise _no_cache(error) from error


def _no_cache(error: OSError) -> ArenaError:
    return ArenaError(
        f"cannot keep the start policy in {cache_folder()}: {error.strerror}; "
        "set ARLARENA_CACHE to a folder that can be written"
    )
