import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import NANO, RECIPE, copied, make
from distributions import install
from runs import METHOD_FILE

from arlarena_bench import installed, plugins
from arlarena_bench.engines.local import train
from arlarena_bench.harness.references import write_references

SEEDS = (0, 1)


@pytest.fixture(scope="session")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A stranger's preset, really installed, whose runs take seconds."""
    site = tmp_path_factory.mktemp("site")
    recipe = RECIPE.format(nano=NANO.as_posix())
    files = {"tiny_recipes/__init__.py": "", "tiny_recipes/tiny.sokoban.yaml": recipe}
    install(site, "tiny-recipes", files, recipes="tiny = tiny_recipes")
    sys.path.append(str(site))
    plugins._installed.cache_clear()
    yield "tiny"
    sys.path.remove(str(site))
    plugins._installed.cache_clear()


@pytest.fixture(scope="session")
def bench(preset: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of GRPO and of a method out of a file, and what they are measured by."""
    folder = tmp_path_factory.mktemp("bench")
    mine = folder / "mine.py"
    mine.write_text(METHOD_FILE)
    recipe = installed.load_recipe(preset, "sokoban")
    for seed in SEEDS:
        train(recipe.for_run("grpo", seed), folder / "runs" / "grpo" / f"seed-{seed}")
        train(recipe.for_run(str(mine), seed), folder / "runs" / "mine@file" / f"seed-{seed}")
    write_references(folder / "runs", print)
    return folder / "runs"


@pytest.fixture(scope="session")
def good(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the whole bench."""
    return make([bench], tmp_path_factory.mktemp("good") / "bundle")


@pytest.fixture
def bundle(good: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return copied(good, tmp_path)
