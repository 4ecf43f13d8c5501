"""Names by content: of an episode, of a run's episodes, of a bundle."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from arlarena_bench.record import EpisodeRecord, Result


def canonical(data: Any) -> bytes:
    """Return JSON data as bytes, the same for the same data."""
    return json.dumps(
        data, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":")
    ).encode()


def content_id(data: Any) -> str:
    """Return the SHA-256 of JSON data."""
    return hashlib.sha256(canonical(data)).hexdigest()


def episode_ids(result: Result) -> dict[str, tuple[str, ...]]:
    """Return the SHA-256 of every episode with its turns, by decoder, in their order."""
    played = {
        "environment": result.recipe.environment.id,
        "panel": result.panel.digest,
        "method": result.label,
        "seed": result.seed,
    }
    return {
        name: tuple(_episode_id(played | {"decoder": name}, each) for each in score.episodes)
        for name, score in sorted(result.scores.items())
    }


def _episode_id(played: dict[str, Any], episode: EpisodeRecord) -> str:
    # Without what is at its default, a field that comes later leaves older ids as they are.
    content = episode.model_dump(mode="json", exclude_defaults=True)
    return content_id(played | {"episode": content})


def merkle_root(ids: Sequence[str]) -> str:
    """Return the root of the Merkle tree over SHA-256 hashes (RFC 6962, section 2.1).

    Args:
        ids: At least one, as hexadecimal digits.
    """
    return _root([bytes.fromhex(each) for each in ids]).hex()


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _root(leaves[:half]) + _root(leaves[half:])).digest()
