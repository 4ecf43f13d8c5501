"""Finding a model: a folder on this machine, or a repository on the Hugging Face hub."""

import os
import re
from pathlib import Path

from huggingface_hub import snapshot_download

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.model_folder import first_line, quiet

# Names of a user or organisation and of a repository.
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
# The same weights in other forms.
OTHER_FORMS = ("original/*", "onnx/*", "*.gguf", "*.h5", "*.msgpack", "*.onnx", "*.pth", "*.ot")


def is_hub_id(ref: str) -> bool:
    """Return whether `ref` can name a repository on the hub, and names no folder here."""
    return bool(HUB_ID.fullmatch(ref)) and not os.path.exists(ref)


def find_model(ref: str, revision: str | None = None) -> Path | None:
    """Return the folder of a model that is on this machine, None if it is to be fetched.

    Raises:
        ArenaError: If `ref` is neither a folder nor the id of a model on the hub.
    """
    if (folder := Path(ref)).is_dir():
        if revision is not None:
            raise ArenaError(f"{ref} is a folder and has no revision {revision!r}; leave that out")
        return folder
    if folder.is_file():
        raise ArenaError(f"{ref} is a file; give a model's folder, or its id on the hub")
    if not is_hub_id(ref):
        raise ArenaError(f"no folder {ref}, and no id of a model on the hub (owner/name)")
    try:
        return _snapshot(ref, revision, here=True)
    except Exception:  # which one means that it is not here differs between versions of the hub
        return None


def fetch_model(ref: str, revision: str | None = None) -> Path:
    """Return the folder of a model, fetching it from the hub where it is not on this machine.

    Raises:
        ArenaError: If it cannot be had.
    """
    if (found := find_model(ref, revision)) is not None:
        return found
    try:
        return _snapshot(ref, revision, here=False)
    except Exception as error:
        named = ref if revision is None else f"{ref} at {revision}"
        raise ArenaError(
            f"no folder {ref}, and {named} cannot be fetched from the Hugging Face hub: "
            f"{first_line(error)}; check the name and the network, or give a folder"
        ) from error


def _snapshot(ref: str, revision: str | None, *, here: bool) -> Path:
    with quiet():
        return Path(
            snapshot_download(
                ref,
                revision=revision,
                local_files_only=here,
                ignore_patterns=list(OTHER_FORMS),
            )
        )


def model_name(ref: str, folder: Path) -> str:
    """Return what records call a model: `owner/name@commit` of the hub, or its folder's name."""
    # A snapshot's folder is called after its commit.
    return f"{ref}@{folder.name}" if is_hub_id(ref) else folder.resolve().name
