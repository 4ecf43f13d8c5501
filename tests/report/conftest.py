from pathlib import Path

import pytest
from runs import result_of, solving, write_run


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
