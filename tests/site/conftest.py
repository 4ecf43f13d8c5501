import shutil
from pathlib import Path

import pytest
from bundles import make
from grids import GRID, copy_runs
from runs import recipe_of, result_of, solving, write_run

from arlarena_bench.record import FailureRecord, Result, write_failure
from arlarena_bench.site.building import Site, make_site

ROOT = Path(__file__).parents[2]
OLDER = ROOT / "leaderboard" / "noisy-starts" / "nano" / "alfworld_mini"
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \" ' `"
LONG = "a" * 150
EPISODES = 3


def hostile_result(method: str, seed: int, source: str | None = None) -> Result:
    """A run whose replies are what somebody wrote who means ill."""
    result = result_of(method, seed, solving(3), preset="nano-stress", source=source)
    turns = [
        e.turns.model_copy(update={"replies": (HOSTILE,) * e.length})
        for e in result.main.episodes
        if e.turns
    ]
    episodes = tuple(
        e.model_copy(update={"turns": t}) for e, t in zip(result.main.episodes, turns, strict=True)
    )
    scores = {"sampled": result.main.model_copy(update={"episodes": episodes})}
    return result.model_copy(update={"scores": scores})


@pytest.fixture(scope="session")
def leaderboard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published grid, runs with hostile replies and names, failures, an older record, bundles."""
    folder = tmp_path_factory.mktemp("leaderboard")
    copy_runs(folder / "nano/sokoban", "grpo/seed-0", "grpo/seed-1", "sapo/seed-0", "start/seed-0",
              "start/seed-1", "expert", "grpo_x2/seed-0")  # fmt: skip
    stress = folder / "nano-stress" / "sokoban"
    write_run(stress, hostile_result("grpo", 0))
    write_run(stress, hostile_result("grpo", 1))
    write_run(stress, hostile_result(LONG, 0, source="7" * 64))
    write_run(stress, hostile_result("Größe", 1, source="8" * 64))
    recipe = recipe_of("nano-stress", "sokoban", 10).for_run("gspo", 0)
    failure = FailureRecord(recipe=recipe, reason=f"killed {HOSTILE}", command="arlarena train")
    write_failure(stress / "gspo" / "seed-0", failure)
    shutil.copytree(OLDER, folder / "noisy-starts/nano/alfworld_mini")
    bundle = make([GRID / "gspo" / "seed-0", GRID / "start" / "seed-0"],
                  folder / "submissions" / "theirs")  # fmt: skip
    shutil.copytree(bundle, folder / "submissions" / "forged")
    (folder / "submissions" / "forged" / "README.md").write_text(HOSTILE)
    return folder


@pytest.fixture(scope="session")
def site(leaderboard: Path) -> Site:
    return make_site(leaderboard, EPISODES, replay=True)
