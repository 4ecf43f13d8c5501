"""A model of the user's as the start of training: whole, in 16 bits, by adapters."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from signpost import signpost_recipe
from tiny_models import write_model

from arlarena_bench import ArenaError
from arlarena_bench.engines.local import train, train_until
from arlarena_bench.harness.plan import check_settings_count
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.policy.adapters import AdaptedModel
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.model_folder import weights_digest
from arlarena_bench.policy.placement import Placement
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.recipe import CheckpointSection, Recipe, read_recipe
from arlarena_bench.record import comparable
from arlarena_bench.training.loop import Trainer
from arlarena_bench.training.start import find_start, start_policy

SHORT = {
    "train.iterations": 2,
    "train.checkpoint_every": 1,
    "train.learning_rate": 1e-2,
    "train.warmup": 1,
    "train.entropy_coef": 0.1,  # random weights earn no reward to learn from
    "evaluation.every": 2,
    "evaluation.validation_tasks": 4,
    "evaluation.test_tasks": 4,
}
LORA = {"rank": 4, "alpha": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "llama", "LlamaForCausalLM")


def recipe_of(folder: Path, values: dict[str, Any] | None = None, **checkpoint: Any) -> Recipe:
    begun = {"tokenizer": None, "start.checkpoint": {"ref": str(folder), **checkpoint}}
    return signpost_recipe(**(SHORT | begun | (values or {})))


def test_a_run_begins_from_a_folder_and_says_so(folder: Path, tmp_path: Path) -> None:
    recipe = recipe_of(folder)
    result = train(recipe, tmp_path / "run")
    assert result.start is not None
    assert (result.start.name, result.start.set) == ("llama", None)
    assert result.start.sha256 == weights_digest(folder)
    assert result.policy.sha256 not in (None, result.start.sha256)
    stored = read_recipe(tmp_path / "run" / "recipe.yaml")
    assert stored == recipe
    assert stored.tokenizer is None
    before, after = (load_file(f / "model.safetensors") for f in (folder, tmp_path / "run/model"))
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_tables_do_not_mix_checkpoints_but_may_find_one_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    other = write_model(tmp_path / "other", "Qwen2ForCausalLM")
    values = {"train.iterations": 1, "evaluation.every": 1}
    first, second, third = (
        train(recipe_of(place, values), tmp_path / name)
        for name, place in (("a", folder), ("b", moved), ("c", other))
    )
    assert comparable(first, second.model_copy(update={"policy": first.policy})) == []
    (reason, *_) = comparable(first, third)
    assert reason.startswith("start policies is ")


def test_every_file_of_weights_counts_in_the_hash(folder: Path, tmp_path: Path) -> None:
    model = LanguageModel.load(folder)
    model.model.save_pretrained(tmp_path, max_shard_size="20KB")
    shards = sorted(tmp_path.glob("*.safetensors"))
    assert len(shards) > 2
    whole = weights_digest(tmp_path)
    assert whole != weights_digest(folder)
    weights = load_file(shards[-1])
    save_file({name: w + 1 for name, w in weights.items()}, shards[-1], {"format": "pt"})
    assert weights_digest(tmp_path) != whole


def test_weights_of_16_bits_move_by_less_than_16_bits_show(folder: Path, tmp_path: Path) -> None:
    recipe = recipe_of(folder, {"train.learning_rate": 1e-6}, dtype="bfloat16")
    trainer = Trainer(recipe, start_policy(recipe))
    assert trainer.policy.model.dtype == torch.bfloat16
    states = []
    for step in (1, 2):
        metrics, _ = trainer.step(step)
        assert metrics["grad_norm"] > 0
        states.append([master.clone() for master in trainer.learner.masters.state()])
    assert all(state.dtype == torch.float32 for state in states[0])
    moments = trainer.learner.optimiser.state.values()
    assert {moment["exp_avg"].dtype for moment in moments} == {torch.float32}
    assert any(not torch.equal(a, b) for a, b in zip(*states, strict=True))
    weights = trainer.learner.policy.parameters()
    assert all(
        torch.equal(weight, master.bfloat16())
        for weight, master in zip(weights, states[1], strict=True)
    )


def test_an_interrupted_run_in_16_bits_goes_on_as_if_nothing_had_happened(
    folder: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(folder, dtype="bfloat16", lora=None)
    whole = train(recipe, tmp_path / "whole")
    train_until(recipe, tmp_path / "parts", 1)
    assert train(recipe, tmp_path / "parts", resume=True).policy == whole.policy


def test_adapters_alone_are_trained_and_kept(folder: Path, tmp_path: Path) -> None:
    # What was merged and what is added differ by more in 16 bits, which a GPU would take.
    recipe = recipe_of(folder, lora=LORA, device="cpu")
    result = train(recipe, tmp_path / "run")
    assert result.training is not None
    assert result.training.metrics["kl_ref"][2] > 0
    (*_, newest) = sorted((tmp_path / "run" / "checkpoints").glob("*.pt"))
    kept = torch.load(newest, weights_only=True)["model"]
    assert kept
    assert all("lora" in name for name in kept)
    # What is left is an ordinary folder, and plays what was trained.
    trainer = Trainer(recipe, start_policy(recipe))
    policy = trainer.policy
    assert isinstance(policy, AdaptedModel)
    merged = LanguageModel.load(tmp_path / "run" / "model")
    start = LanguageModel.load(folder)
    policy.load_state(kept)
    prompts = start.encode(["go ant", "# bee bee"])
    trained, alone, before = (
        [reply.log_probs for reply in each.generate(prompts, Sampling(6, temperature=0))]
        for each in (policy, merged, start)
    )
    assert trained[0] == pytest.approx(alone[0], abs=1e-3)
    assert trained != before
    with policy.adapters_off():
        untrained = policy.generate(prompts, Sampling(6, temperature=0))
    assert [reply.log_probs for reply in untrained] == before
    values = ("evaluation.test_tasks=4",)
    scored = score_policy(str(tmp_path / "run"), "nano", "sokoban", "test", None, settings=values)
    assert scored.main.summary == result.main.summary


def test_the_reference_is_the_policy_without_its_adapters(folder: Path) -> None:
    recipe = recipe_of(folder, lora=LORA)
    trainer = Trainer(recipe, start_policy(recipe))
    trainer.step(1)
    held = {id(parameter) for parameter in trainer.policy.model.parameters()}
    reference = trainer.learner._reference
    assert {id(parameter) for parameter in reference.model.model.parameters()} == held


def test_an_interrupted_run_of_adapters_goes_on_as_if_nothing_had_happened(
    folder: Path, tmp_path: Path
) -> None:
    recipe = recipe_of(folder, {"train.micro_batch_tokens": 100}, lora=LORA)
    recipe = recipe.with_values({"start.checkpoint.gradient_checkpointing": True})
    whole = train(recipe, tmp_path / "whole")
    train_until(recipe, tmp_path / "parts", 1)
    assert train(recipe, tmp_path / "parts", resume=True).policy == whole.policy


def test_a_checkpoint_of_another_model_is_no_damage(folder: Path, tmp_path: Path) -> None:
    recipe = recipe_of(folder)
    train_until(recipe, tmp_path / "run", 1)
    (kept,) = (tmp_path / "run" / "checkpoints").glob("*.pt")
    other = recipe_of(write_model(tmp_path / "other", "Qwen2ForCausalLM"))
    train_until(other, tmp_path / "others", 1)
    (own,) = (tmp_path / "others" / "checkpoints").glob("*.pt")
    own.unlink()
    shutil.copy(kept, own.parent)
    with pytest.raises(ArenaError, match="is no checkpoint of this recipe's model") as caught:
        train(other, tmp_path / "others", resume=True)
    assert "\n" not in str(caught.value)


def without_gpu(folder: Path) -> None:
    Placement.of(CheckpointSection(ref=str(folder), device="cuda:99"))


def from_no_layers(folder: Path) -> None:
    recipe = recipe_of(folder, lora={"targets": ["no_such_layer"]})
    Trainer(recipe, folder)


def with_cloning(folder: Path) -> None:
    values = {"cloning.episodes": 3}
    check_settings_count(recipe_of(folder, values), values)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no tokenizer": (
        lambda folder: find_start(signpost_recipe(tokenizer=None)),
        "recipe tiny: tokenizer is missing, and its start is to be cloned here; name a model",
    ),
    "two starts": (
        lambda folder: recipe_of(folder, {"start.frozen": "0" * 64}),
        "frozen and checkpoint are two starts; set frozen to null",
    ),
    "no model": (
        lambda folder: start_policy(recipe_of(folder / "none")),
        "and no id of a model on the hub",
    ),
    "a file": (
        lambda folder: start_policy(recipe_of(folder / "config.json")),
        "is a file; give a model's folder",
    ),
    "a folder's revision": (
        lambda folder: start_policy(recipe_of(folder, revision="main")),
        "is a folder and has no revision 'main'",
    ),
    "no such device": (without_gpu, "torch finds no cuda:99 on this machine"),
    "no such layers": (from_no_layers, "start.checkpoint.lora.targets: Target modules"),
    "settings of cloning": (with_cloning, "the start policy is a checkpoint, and this would"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_begun_from_is_refused_in_one_line(folder: Path, name: str) -> None:
    begin, said = REFUSED[name]
    with pytest.raises(ArenaError) as caught:
        begin(folder)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        ArenaError, match=r"owner/model at v1 cannot be fetched from the .* hub"
    ) as e:
        score_policy("owner/model@v1", "nano", "sokoban", "test", 2)
    assert "\n" not in str(e.value)


def test_a_start_left_out_changes_no_digest() -> None:
    plain = signpost_recipe()
    assert signpost_recipe(**{"start.checkpoint": None}).digest() == plain.digest()
    for name, value in {
        "start.checkpoint": {"ref": "x"},
        "protocol.chat.thinking": True,
        "train.max_skipped": 3,
        "train.sampling_batch_tokens": 9,
    }.items():
        assert signpost_recipe(**{name: value}).digest() != plain.digest()
