"""What is measured of engines, held against numbers worked out by hand, and tiny runs."""

import math
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.engines.engine import engine_named
from benchmarks import engines, learning, scale
from benchmarks.engines import Step

TINY = {
    "train.iterations": 3,
    "evaluation.every": 1,
    "evaluation.validation_tasks": 8,
    "evaluation.test_tasks": 8,
}


def test_a_step_is_cut_into_the_same_parts_on_each_engine() -> None:
    local = {
        "cpu_s/generate": 3.0, "cpu_s/environment": 1.0, "cpu_s/reference": 0.5,
        "cpu_s/update": 5.0, "cpu_s/advantage": 0.25, "cpu_s/total": 10.0, "wall_s": 40.0,
    }  # fmt: skip
    assert engines.by_marks(local) == (3.0, 1.0, 5.5, 0.5)
    spent = {engines.GENERATION: 3.0, engines.UPDATE: 5.5, engines.OVERHEAD: 1.5}
    assert engines.by_processes(spent, 1.0) == (3.0, 1.0, 5.5, 0.5)
    row = Step(3.0, 1.0, 5.5, 0.5, 40.0, 50.0).row()
    assert row == ["40.00", "1", "10.00", "5", "30.0%", "10.0%", "55.0%", "5.0%"]


def test_two_ranks_share_what_is_learnt_and_nothing_else() -> None:
    recipe = signpost_recipe(**{"train.minibatches": 4})
    one, two = Step(3.0, 1.0, 8.0, 2.0, 9.0, 50.0), Step(3.0, 1.0, 9.0, 2.5, 9.0, 50.0)
    lines = engines.compare(one, two, recipe, 1_000_000).splitlines()[2:]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells == [
        ["generation", "3.00", "3.00", "1.00"],
        ["environment", "1.00", "1.00", "1.00"],
        ["update, each rank", "4.00", "4.50", "1.12"],
        ["overhead", "2.00", "2.50", "1.25"],
        ["step", "10.00", "11.00", "1.10"],
    ]
    assert scale.exchanging(4, 4e6, 2) == pytest.approx(4 * 5 * 4e6 / 2 / scale.INSIDE)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("ray::WorkerDict.update_actor", engines.UPDATE),
        ("ray::SamplerServer.sample", engines.GENERATION),
        ("raylet", engines.OVERHEAD),
    ],
)
def test_what_processes_have_spent_is_told_by_their_names(name: str, part: str) -> None:
    work = "import time\nwhile time.process_time() < 0.5: pass\nprint(1, flush=True); input()"
    # Sessions that other tests of this process have left are counted too.
    before = engines.spent()
    with subprocess.Popen(
        [sys.executable, "-c", work, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        grown = engines.spent() - before
        process.communicate(b"\n")
    assert grown[part] == pytest.approx(0.5, abs=0.2)
    assert grown.total() == pytest.approx(grown[part], abs=0.2)


def test_the_local_engine_is_measured_behind_its_first_step(tmp_path: Path) -> None:
    recipe = signpost_recipe(**TINY)
    found = engines.measure(recipe, engines.LOCAL, 1, tmp_path / "run")
    assert min(found.generation, found.environment, found.update, found.clock) > 0
    assert found.tokens > 0


def test_a_run_is_held_against_the_interval_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [tmp_path / f"seed-{seed}" for seed in range(2)]
    for seed, folder in enumerate(runs):
        engine_named("local").train(signpost_recipe(**TINY, seed=seed), folder)
    again = tmp_path / "again"
    engine_named("local").train_until(signpost_recipe(**TINY, seed=1), again, 2)
    words = [*map(str, runs[:2]), "--against", str(again)]
    monkeypatch.setattr("sys.argv", ["learning", *words, "--write", str(tmp_path / "curves.csv")])
    learning.main()
    lines = capsys.readouterr().out.splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:-2]]
    assert [row[:2] for row in cells] == [
        *([f"validation, step {step}", "2"] for step in range(3)),
        ["training, last 10 of 2 steps", "2"],
    ]
    assert re.fullmatch(
        r"seed 1: as many tokens up to step 2 of 2, so far \S+ differs most, by 0\.0e\+00",
        lines[-1],
    )
    curves = (tmp_path / "curves.csv").read_text().splitlines()
    assert curves[0].split(",")[:2] == ["step", "seed-0 success/train"]
    assert len(curves) == 4
    assert curves[1].startswith("0,,")
    other = tmp_path / "other"
    recipe = signpost_recipe(**TINY | {"train.learning_rate": 1e-4})
    engine_named("local").train_until(recipe, other, 1)
    with pytest.raises(ArenaError, match="other is a run of another recipe"):
        learning.read([*runs, other])


def test_runs_that_part_are_told() -> None:
    recipe = signpost_recipe()
    one, other = (
        learning.Made(
            Path(),
            recipe,
            {step: {"cost/tokens": tokens, "kl": kl} for step, (tokens, kl) in enumerate(steps)},
        )
        for steps in ([(0, 0.0), (5, 0.5), (9, 1.0)], [(0, 0.0), (5, 0.25), (8, 9.0)])
    )
    assert learning.same_tokens(one, other) == 1
    assert learning.furthest(one, other, 1) == (0.25, "kl")


def test_the_interval_is_the_one_of_a_normal_sample() -> None:
    # t(0.975, 2) is 4.303 in every table.
    values = [0.5, 0.6, 0.7]
    low, high = learning.of_one_more(values)
    room = 4.303 * statistics.stdev(values) * math.sqrt(4 / 3)
    assert (low, high) == pytest.approx((0.6 - room, 0.6 + room), rel=1e-3)
