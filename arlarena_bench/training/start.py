"""The start policy of a recipe: cloned once, then kept in the cache under its content hash."""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import torch

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import cache_folder, write_json
from arlarena_bench.recipe import Recipe, digest
from arlarena_bench.training.cloning import OnStep, clone

# Raise when cloning would make another policy from the same settings.
CLONING_VERSION = 1


def start_folder(recipe: Recipe) -> Path:
    """Return the folder in which the recipe's start policy lies or will lie."""
    name = digest({"version": CLONING_VERSION, "recipe": recipe.start_digest()})[:16]
    return cache_folder() / "start" / f"{recipe.environment.name}-{name}"


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


def weights_digest(folder: Path) -> str:
    """Return the SHA-256 of a model folder's weights."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def start_policy(recipe: Recipe, on_step: OnStep | None = None) -> Path:
    """Return the folder of the recipe's start policy, cloning it first where it is absent.

    Args:
        recipe: Its environment, protocol, model, tokenizer and cloning sections are read.
        on_step: Receives the progress of cloning.

    Raises:
        ArenaError: If the cache cannot be written.
    """
    folder = start_folder(recipe)
    if is_built(folder):
        return folder
    # Models this small lose more to a second thread's synchronisation than they gain.
    torch.set_num_threads(1)
    language_model = clone(recipe, on_step)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        language_model.save(temporary)
        settings = recipe.model_dump(
            mode="json", include={"environment", "protocol", "model", "tokenizer", "cloning"}
        )
        record = {"files": _digests(temporary), "settings": settings}
        write_json(temporary / "start.json", record)
        # Another process may have built the same policy meanwhile; either copy will do.
        if not is_built(folder):
            shutil.rmtree(folder, ignore_errors=True)
            temporary.replace(folder)
        shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise ArenaError(
            f"cannot keep the start policy in {folder.parent}: {error.strerror}; "
            "set ARLARENA_CACHE to a folder that can be written"
        ) from error
    return folder
