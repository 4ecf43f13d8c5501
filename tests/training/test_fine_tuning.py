"""Behaviour cloning of models that were made elsewhere, from the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from signpost import signpost_recipe
from typer.testing import CliRunner

from arlarena_bench import ArenaError
from arlarena_bench.cli import app
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.recipe import ChatSection, CheckpointSection, LoraSection
from arlarena_bench.training.fine_tuning import FineTuning, conversation_rows, fine_tune
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import start_policy

PLAIN = ChatSection()
SETTINGS = FineTuning(epochs=4, batch_size=32, learning_rate=1e-2, warmup=5, checkpoint_every=8)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe, in a file, of a start that has hardly learnt anything."""
    path = tmp_path_factory.mktemp("recipe") / "signpost.yaml"
    made = signpost_recipe(**{"cloning.clean_steps": 2, "cloning.noisy_steps": 0})
    path.write_text(made.to_yaml())
    return path


@pytest.fixture(scope="module")
def weak(recipe: Path) -> Path:
    from arlarena_bench.recipe import read_recipe

    return start_policy(read_recipe(recipe))


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def data(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "expert.jsonl"
    code, said = run("demos", "--preset", str(recipe), "--out", str(path), "--tasks", "200")
    assert code == 0, said
    assert "400 chats of 200 episodes, out of 200 played" in said
    return path


def success(folder: Path) -> float:
    checkpoint = {"start.checkpoint": {"ref": str(folder)}}
    return Trainer(signpost_recipe(**checkpoint), folder).validate()["validation/success"]


def test_a_model_learns_what_an_expert_does(
    recipe: Path, weak: Path, data: Path, tmp_path: Path
) -> None:
    assert success(weak) < 0.1
    words = ["clone", "--data", str(data), "--model", str(weak), "--out", str(tmp_path / "out")]
    words += ["--epochs", "6", "--batch-size", "32", "--learning-rate", "0.01"]
    code, said = run(*words)
    assert code == 0, said
    losses = [json.loads(line)["loss"] for line in (tmp_path / "out/metrics.jsonl").open()]
    assert len(losses) == 6 * (400 // 32)
    assert losses[-1] < 0.2 * losses[0]
    learnt = tmp_path / "out" / "model"
    assert success(learnt) > 0.8
    # What has learnt can be drawn from in turn; what failed is not kept.
    drawn = tmp_path / "drawn.jsonl"
    code, said = run(
        *("demos", "--preset", str(recipe), "--from", str(learnt), "--out", str(drawn)),
        *("--tasks", "8", "--attempts", "3", "--seed", "1"),
    )
    assert code == 0, said
    assert "out of 24 played" in said
    chats = [json.loads(line) for line in drawn.open()]
    assert {(chat["success"], chat["source"]) for chat in chats} == {(True, "model")}


@pytest.mark.parametrize("lora", [None, LoraSection(rank=4, alpha=8)])
def test_what_was_interrupted_comes_out_the_same(
    weak: Path, data: Path, tmp_path: Path, lora: LoraSection | None
) -> None:
    checkpoint = CheckpointSection(ref=str(weak), lora=lora)
    whole = fine_tune(checkpoint, PLAIN, data, tmp_path / "whole", SETTINGS)

    def stop(record: dict[str, float]) -> None:
        if record["step"] == 19:
            raise KeyboardInterrupt

    arguments: Any = (checkpoint, PLAIN, data, tmp_path / "parts", SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        fine_tune(*arguments, on_step=stop)
    with pytest.raises(ArenaError, match="already holds this; pass --resume"):
        fine_tune(*arguments)
    told: list[float] = []
    parts = fine_tune(*arguments, resume=True, on_step=lambda r: told.append(r["step"]))
    assert told[0] == 17
    assert weights_digest(parts) == weights_digest(whole) != weights_digest(weak)
    logs = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    other = FineTuning(epochs=5)
    with pytest.raises(ArenaError, match=r"holds another fine-tuning \(settings differs\)"):
        fine_tune(checkpoint, PLAIN, data, tmp_path / "parts", other, resume=True)


def test_micro_batches_change_no_step(weak: Path, data: Path, tmp_path: Path) -> None:
    losses = []
    for name, limit in (("whole", None), ("parts", 60)):
        settings = FineTuning(batch_size=64, micro_batch_tokens=limit)
        fine_tune(CheckpointSection(ref=str(weak)), PLAIN, data, tmp_path / name, settings)
        lines = (tmp_path / name / "metrics.jsonl").read_text().splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


TEMPLATE = (
    "{% for m in messages %}{% if m.role == 'user' %}ant {{ m.content }}"
    "{% else %} bee {{ m.content }}<eos>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %} bee {% endif %}"
)


def test_a_chat_is_read_as_its_template_writes_it(weak: Path) -> None:
    model = LanguageModel.load(weak, chat=ChatSection(template=TEMPLATE))
    words = [("cat dog", "elk"), ("fox", "fox fox"), ("ant", "cat")]
    roles = ("user", "assistant")
    chat = [
        {"role": role, "content": text}
        for pair in words
        for role, text in zip(roles, pair, strict=True)
    ]
    rows = conversation_rows(model, [chat, chat[:2]])
    whole = model.tokenizer.apply_chat_template(chat, tokenize=False)
    ids = model.tokenizer(whole, add_special_tokens=False)["input_ids"]
    prompt = rows.prompts.ids[0].tolist()
    assert prompt + rows.replies[0].tolist() == ids
    counted = rows.replies[0][rows.mask[0] > 0]
    said = [
        model.tokenizer.eos_token_id if w == "." else w for w in ("elk", ".", "fox", "fox", ".")
    ]
    known = model.tokenizer.convert_tokens_to_ids
    expected = [w if isinstance(w, int) else known(w) for w in (*said, "cat", said[1])]
    assert counted.tolist() == expected
    assert torch.equal(rows.mask[1] > 0, torch.arange(rows.mask.shape[1]) < 2)


def test_what_cannot_be_cloned_is_one_line(data: Path, weak: Path, tmp_path: Path) -> None:
    out = ("--data", str(data), "--out", str(tmp_path / "out"))
    for words, said in (
        (("clone", *out), "give --model, or a --recipe that has a start.checkpoint"),
        (("clone", *out, "--model", str(weak), "--learning-rate", "0"), "must be above 0, got 0"),
        (("clone", *out, "--model", "nowhere"), "no folder nowhere, and no id of a model"),
        (("demos", "--out", "x.jsonl", "--keep", "best"), "unknown choice of --keep 'best'"),
        (("demos", "--out", "x.jsonl", "--from", "null", "--tasks", "2"), "succeeded in none of 2"),
    ):
        code, told = run(*words)
        assert code == 2
        assert said in told.replace("\n", " ")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("")
    code, told = run("clone", *out, "--model", str(weak))
    assert code == 2
    assert "is not empty and holds no fine-tuning" in told.replace("\n", " ")
