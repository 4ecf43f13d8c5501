import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from signpost import signpost_recipe

from arlarena_bench import ArenaError, installed
from arlarena_bench.engines.local import train
from arlarena_bench.harness.start_making import MadeStart
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.recipe import Recipe
from arlarena_bench.training import start_set
from arlarena_bench.training.start import find_start, start_policy, start_record
from arlarena_bench.training.start_set import CHECKSUMS, WEIGHTS, add_start, find_set, read_set


def recipes() -> list[Recipe]:
    """The recipes that ship and name a set of starts."""
    found = [
        installed.load_recipe(preset, environment)
        for preset, files in installed.preset_files().items()
        for environment in files
    ]
    return [recipe for recipe in found if recipe.start.frozen is not None]


@pytest.mark.parametrize("recipe", recipes(), ids=lambda r: f"{r.name}.{r.environment.name}")
def test_ten_starts_ship_and_are_the_published_bytes(recipe: Recipe) -> None:
    # The recipe names the bytes of the checksums, and those name the bytes of every file.
    checksums = find_set(recipe.start.frozen).folder / CHECKSUMS
    assert hashlib.sha256(checksums.read_bytes()).hexdigest() == recipe.start.frozen
    digests = set()
    for seed in range(10):
        folder = start_policy(recipe.for_run("grpo", seed))
        weights = (folder / WEIGHTS).read_bytes()
        assert len(weights) < 1_000_000
        digest = hashlib.sha256(weights).hexdigest()
        assert f"{digest}  {seed}/{WEIGHTS}\n" in checksums.read_text()
        digests.add(digest)
        record = start_record(recipe, folder)
        assert (record.name, record.sha256) == (f"shipped/{seed}", digest)
        assert record.set == recipe.start.frozen
    assert len(digests) == find_set(recipe.start.frozen).count == 10


@pytest.mark.parametrize("recipe", recipes(), ids=lambda r: f"{r.name}.{r.environment.name}")
def test_a_shipped_start_has_the_recipes_shape(recipe: Recipe) -> None:
    model = LanguageModel.load(start_policy(recipe)).model
    config, section = model.config, recipe.model
    assert {weight.dtype for weight in model.state_dict().values()} == {torch.float32}
    assert (config.hidden_size, config.num_hidden_layers, config.max_position_embeddings) == (
        section.hidden_size,
        section.layers,
        section.max_length,
    )


@pytest.fixture
def shipping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe beside which a set of two starts lies, as in an installed package."""
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    recipe = signpost_recipe(**{"cloning.clean_steps": 4, "cloning.noisy_steps": 2})
    package = tmp_path / "recipes"
    for number in range(2):
        start = start_policy(recipe.with_values({"cloning.seed": number}))
        add_start(package / "starts" / "signpost", number, start)
    shutil.rmtree(tmp_path / "cache")
    files = {"tiny": {"signpost": package / "tiny.signpost.yaml"}}
    monkeypatch.setattr(start_set.installed, "preset_files", lambda: files)
    digest = read_set(package / "starts" / "signpost").digest
    return recipe.with_values({"start.frozen": digest})


def test_seed_s_trains_from_start_s_counted_round(shipping: Recipe, tmp_path: Path) -> None:
    shipped = find_set(shipping.start.frozen)
    folders = [find_start(shipping.with_values({"seed": seed})) for seed in (0, 1, 2)]
    assert [folder.name for folder in folders if folder] == ["0", "1", "0"]
    result = train(shipping.with_values({"seed": 3}), tmp_path / "run")
    assert result.start is not None
    assert result.start.name == "shipped/1"
    assert result.start.set == shipped.digest
    assert result.start.sha256 == shipped.weights_digest(1)
    assert not (tmp_path / "cache").exists(), "nothing was cloned"


def test_half_precision_is_the_cloned_policy_rounded(shipping: Recipe) -> None:
    cloned = LanguageModel.load(start_policy(shipping.with_values({"start.frozen": None})))
    rounded = LanguageModel.load(start_policy(shipping)).model.state_dict()
    for name, weight in cloned.model.state_dict().items():
        assert torch.equal(weight.half().float(), rounded[name])


def test_a_cloned_start_says_so(shipping: Recipe) -> None:
    recipe = shipping.with_values({"start.frozen": None})
    record = start_record(recipe, start_policy(recipe))
    assert record.name == "cloned"
    assert record.set is None


def test_a_set_that_is_missing_or_changed_is_one_line(shipping: Recipe) -> None:
    with pytest.raises(
        ArenaError, match=r"no installed set .* 000000000000… .*installed: signpost"
    ):
        start_policy(shipping.with_values({"start.frozen": "0" * 64}))
    folder = start_policy(shipping)
    weights = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(weights[:-1] + b"\0")
    with pytest.raises(ArenaError, match=rf"{WEIGHTS} is not the file of {CHECKSUMS}; reinstall"):
        start_policy(shipping)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ArenaError, match=r"cannot read .*model.safetensors: No such file"):
        start_policy(shipping)
    with pytest.raises(ArenaError, match=r"frozen"):
        shipping.with_values({"start.frozen": "signpost"})


def test_what_a_start_made_again_says() -> None:
    assert str(MadeStart(3, "a" * 64, "a" * 64)).endswith(
        "the same to the bit as the one that ships"
    )
    assert str(MadeStart(3, "a" * 64, "b" * 64)).endswith("another one ships")
    assert str(MadeStart(3, "a" * 64, None)).endswith("none ships")
