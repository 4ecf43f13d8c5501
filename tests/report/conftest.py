from pathlib import Path

import pytest
from runs import recipe_of, result_of, solving, write_run

from arlarena_bench.record import FailureRecord, write_failure


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """Finished runs of two methods: GRPO solves 4, 5, 6 of 10, SAMPO 7 and 7 (seeds 0, 1)."""
    folder = tmp_path / "bench"
    for seed, solved in enumerate((4, 5, 6)):
        write_run(folder, result_of("grpo", seed, solving(solved)))
    collapse = {"collapse_step": 17, "collapse_cause": "valid_format"}
    write_run(folder, result_of("sampo", 0, solving(7), training=collapse))
    write_run(folder, result_of("sampo", 1, solving(7)))
    return folder


@pytest.fixture
def failed(bench: Path) -> Path:
    """The same with runs that failed: SAMPO with seed 2, both seeds of GSPO, and another preset."""
    for method, seed, preset in (
        ("sampo", 2, "nano"), ("gspo", 0, "nano"), ("gspo", 1, "nano"), ("gspo", 0, "nano-stress"),
    ):  # fmt: skip
        recipe = recipe_of(preset, "sokoban", 10).for_run(method, seed)
        record = FailureRecord(recipe=recipe, reason="killed by SIGKILL", command="arlarena train")
        write_failure(bench / preset / method / f"seed-{seed}", record)
    return bench
