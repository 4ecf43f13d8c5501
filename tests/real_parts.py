"""Where `make real-models` keeps what it fetches."""

from pathlib import Path

SMOLLM2, QWEN3_TOKENIZER = "smollm2-135m-instruct", "qwen3-tokenizer"
SPACY, CHAMP = "spacy", "champ"
FOLDER = Path(__file__).parents[1] / "build" / "real-models"


def part(name: str) -> Path:
    """Return the folder of a part."""
    folder = FOLDER / name
    assert folder.is_dir(), f"{folder} is missing; `make real-models` fetches it"
    return folder
