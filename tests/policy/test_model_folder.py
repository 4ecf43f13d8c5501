"""Folders that lack something, or hold something else: one line each."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import write_model

from arlarena_bench import ArenaError
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling

Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llama"), "LlamaForCausalLM")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "model"))


def edit(file: str, **values: Any) -> Change:
    def change(folder: Path) -> None:
        data = json.loads((folder / file).read_text()) | values
        (folder / file).write_text(json.dumps(data))

    return change


def write(file: str, content: bytes) -> Change:
    return lambda folder: (folder / file).write_bytes(content)


def remove(*files: str) -> Change:
    return lambda folder: [(folder / file).unlink() for file in files]


def only(file: str, content: bytes) -> Change:
    def change(folder: Path) -> None:
        for path in folder.iterdir():
            path.unlink()
        (folder / file).write_bytes(content)

    return change


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])


def break_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    broken = {name: weight * float("nan") for name, weight in load_file(path).items()}
    save_file(broken, path, metadata={"format": "pt"})


REFUSED: dict[str, tuple[Change, str]] = {
    "adapter": (only("adapter_config.json", b"{}"), "holds a PEFT adapter; merge it"),
    "bad chat template": (write("chat_template.jinja", b"{% for "), "chat template cannot be used"),
    "bad config": (write("config.json", b"{}"), "cannot be loaded as a language model"),
    "bad tokenizer": (write("tokenizer.json", b"\xff\x00"), "no tokenizer that can be loaded"),
    "config only": (remove("model.safetensors", "tokenizer.json"), "holds no weights"),
    "cut weights": (cut_weights, "cannot be loaded as a language model: Error while"),
    "gguf": (only("model.gguf", b"GGUF"), "holds a GGUF file"),
    "lfs pointer": (write("model.safetensors", b"version https://git-lfs"), "cannot be loaded"),
    "nan": (break_weights, "its weights are damaged"),
    "no tokenizer": (
        remove("tokenizer.json", "tokenizer_config.json"),
        "no tokenizer that can be loaded (tokenizer.json is missing)",
    ),
    "own code": (
        edit("config.json", model_type="own", auto_map={"AutoConfig": "own.Config"}),
        "contains custom code",
    ),
    "quantised": (
        edit("config.json", quantization_config={"quant_method": "gptq", "bits": 4}),
        "cannot be loaded",
    ),
    "other sizes": (edit("config.json", hidden_size=64), "the weights do not fit config.json"),
    "short context": (edit("config.json", max_position_embeddings=16), "exceed the model's 16"),
    "unknown model": (edit("config.json", model_type="nosuch"), "model type `nosuch`"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_used_is_refused_in_one_line(folder: Path, name: str) -> None:
    change, said = REFUSED[name]
    change(folder)
    with pytest.raises(ArenaError) as caught:
        score_policy(str(folder), "nano", "sokoban", "test", 2)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_is_no_policy(folder: Path) -> None:
    with pytest.raises(ArenaError, match="is a file; give a run's folder or a Hugging Face"):
        score_policy(str(folder / "model.safetensors"), "nano", "sokoban", "test", 2)


@pytest.mark.parametrize("absent", [("pad_token",), ("bos_token",), ("pad_token", "eos_token")])
def test_special_tokens_may_be_absent(folder: Path, absent: tuple[str, ...]) -> None:
    edit("tokenizer_config.json", **dict.fromkeys(absent))(folder)
    assert score_policy(str(folder), "nano", "sokoban", "test", 2).panel.tasks == 2


def test_a_padding_token_beyond_the_embeddings_is_not_used(folder: Path) -> None:
    model = LanguageModel.load(folder)
    model.tokenizer.add_special_tokens({"pad_token": "<added>"})
    again = LanguageModel(model.model, model.tokenizer)
    assert again.pad_id == again.end_ids[0]
    with pytest.raises(ArenaError, match=r"they do not belong together"):
        again.encode(["box <added>"])


@pytest.mark.parametrize("file", ["config.json", "generation_config.json"])
def test_any_of_several_end_tokens_ends_a_reply(folder: Path, file: str) -> None:
    plain = LanguageModel.load(folder)
    prompts = plain.encode(["push the box", "#"])
    (reply, _) = plain.generate(prompts, Sampling(8, temperature=0))
    second = reply.reply_ids[1]
    assert second not in (*plain.end_ids, reply.reply_ids[0])
    edit(file, eos_token_id=[plain.end_ids[0], second])(folder)
    model = LanguageModel.load(folder)
    assert model.end_ids == (plain.end_ids[0], second)
    (ended, _) = model.generate(prompts, Sampling(8, temperature=0))
    assert ended.reply_ids == reply.reply_ids[:2]


def test_a_chat_template_is_used(folder: Path) -> None:
    template = b"{% for m in messages %}{{ m.role }} {{ m.content }} {% endfor %}#"
    (folder / "chat_template.jinja").write_bytes(template)
    model = LanguageModel.load(folder)
    said = model.tokenizer("user box #", add_special_tokens=False)["input_ids"]
    assert model.encode(["box"]) == [tuple(said)]
    assert score_policy(str(folder), "nano", "sokoban", "test", 2).panel.tasks == 2


def test_loading_leaves_the_global_generator_alone(folder: Path) -> None:
    before = torch.random.get_rng_state()
    LanguageModel.load(folder)
    assert torch.equal(torch.random.get_rng_state(), before)
