import io
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from runs import TINY, result_of, solving, write_run

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.bench import run_bench
from arlarena_bench.harness.plan import Job
from arlarena_bench.harness.processes import Failure
from arlarena_bench.harness.reproducing import (
    Asked,
    claims_of,
    collect,
    left_to_run,
    programme,
    wanted,
)
from arlarena_bench.harness.reproduction_report import Reproduced, report, reproduce_all
from arlarena_bench.record import RESULT_FILE, FailureRecord, read_result, write_failure
from arlarena_bench.report.reproduction import reproduction

pytestmark = pytest.mark.usefixtures("own_cache")


def run_here(jobs: Sequence[Job]) -> list[Failure]:
    return run_bench(jobs, 2, Console(file=io.StringIO(), width=200))


def asked_of(what: str, out: Path, *, seeds: int = 1, env: str = "sokoban") -> Asked:
    return Asked(what, "nano", (env,), seeds, out, (), TINY)


def rows_of(found: Reproduced) -> dict[str, dict[str, object]]:
    _, data = report(found, "simple")
    return {row["row"]: row for row in data["rows"] if row["measure"] == "success"}


def test_a_table_is_run_gone_on_with_and_shared(tmp_path: Path) -> None:
    asked = asked_of("table5", tmp_path / "out")
    said: list[str] = []
    before = reproduce_all(asked, None, said.append)
    assert said == [], "to collect runs nothing"
    assert before.missing == ["table5, sokoban: 0 of 1 seeds of low; medium; high"]
    assert {row["ours"] for row in rows_of(before).values()} == {None}

    found = reproduce_all(asked, run_here, said.append)
    assert said[0] == "3 runs of table5 are not there yet, and are made now"
    assert (found.failures, found.missing, found.problems) == ([], [], [])
    first = rows_of(found)
    assert [row["seeds"] for row in first.values()] == [1, 1, 1]
    runs = found.collected.runs["table5", "Sokoban"]
    trains = [seeds[0].result.recipe.train for seeds in runs.values()]
    assert [(t.groups, t.minibatches, t.iterations) for t in trains] == [
        (2, 4, 2), (4, 8, 1), (8, 16, 1),
    ]  # fmt: skip
    assert found.collected.starts, "the start was played for claims"
    assert (tmp_path / "out/nano/sokoban/grpo/seed-0" / RESULT_FILE).is_file()
    assert (
        "made by `arlarena reproduce table5 --tier nano --env sokoban" in report(found, "github")[0]
    )

    # What is lost is made again, to the same result, and nothing else.
    lost = runs["medium"][0].source
    result = read_result(lost)
    lost.unlink()
    said.clear()
    again = reproduce_all(asked, run_here, said.append)
    assert said[0] == "1 runs of table5 are not there yet, and are made now"
    assert rows_of(again) == first
    assert read_result(lost).scores == result.scores
    said.clear()
    reproduce_all(asked, run_here, said.append)
    assert said == []

    # Another table has one of these runs, too, and so has another folder's reader.
    other = replace(asked, what="table2")
    known = reproduction()
    planned = programme(other, known, wanted(other, known))
    todo = left_to_run(planned, collect(other, planned))
    assert len(todo) == len(known.experiments["table2"].cells) - 1
    shutil.copytree(tmp_path / "out", tmp_path / "published")
    reader = replace(asked, out=tmp_path / "empty", results=(tmp_path / "published",))
    assert rows_of(reproduce_all(reader, None, said.append)) == first


def test_settings_of_a_cell_lie_in_a_folder_that_one_bench_makes(tmp_path: Path) -> None:
    known = reproduction()
    asked = asked_of("table4", tmp_path / "out")
    planned = programme(asked, known, wanted(asked, known))
    folders = {
        cell.cell: jobs[0].folder.relative_to(tmp_path / "out").as_posix()
        for cell, jobs in planned.jobs.items()
    }
    assert folders["sapo"] == "nano/sokoban/sapo/seed-0"
    assert folders["sapo_kl"] == "kl_coef=0.05/nano/sokoban/sapo/seed-0"
    assert folders["cispo_minibatch"] == "minibatches=1/nano/sokoban/cispo/seed-0"
    assert len(set(folders.values())) == len(folders)
    job = next(jobs[0] for cell, jobs in planned.jobs.items() if cell.cell == "sapo_kl")
    assert job.name == "sokoban SAPO, KL 0.05 seed 0"
    assert "train.kl_coef=0.05" in job.arguments
    assert job.recipe.train.kl_coef == 0.05


def test_results_count_if_every_setting_is_the_cells(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path, result_of("grpo", seed, solving(5)))
        write_run(tmp_path / "other", result_of("gspo", seed, solving(5),
                                                settings={"train.kl_coef": 0.5}))  # fmt: skip
    # From another start than most: another machine's.
    write_run(tmp_path / "there", result_of("sampo", 0, solving(9), start="7" * 64))
    asked = Asked("table3", "nano", ("sokoban",), 6, tmp_path,
                  settings=("evaluation.test_tasks=10",))  # fmt: skip
    known = reproduction()
    planned = programme(asked, known, wanted(asked, known))
    found = collect(asked, planned)
    cells = found.runs["table3", "Sokoban"]
    assert {name: sorted(seeds) for name, seeds in cells.items() if seeds} == {"grpo": [0, 1, 2]}
    assert found.problems == ["1 runs from other start policies than most are left out"]
    seeds = {job.recipe.seed for job in left_to_run(planned, found)
             if job.recipe.method.name == "grpo"}  # fmt: skip
    assert seeds == {3, 4, 5}


def test_a_run_that_failed_is_named_with_its_reason(tmp_path: Path) -> None:
    known = reproduction()
    asked = asked_of("table5", tmp_path / "out", seeds=2)
    planned = programme(asked, known, wanted(asked, known))
    job = next(jobs[1] for cell, jobs in planned.jobs.items() if cell.cell == "high")
    record = FailureRecord(recipe=job.recipe, reason="killed by SIGKILL", command="arlarena train")
    write_failure(job.folder, record)
    found = reproduce_all(asked, None, lambda line: None)
    assert found.missing[-1] == "sokoban high seed 1 failed: killed by SIGKILL"


def test_claims_want_their_cells_and_no_others(tmp_path: Path) -> None:
    known = reproduction()
    asked = Asked("claims", "nano", (), 6, tmp_path)
    cells = wanted(asked, known)
    names = {(cell.experiment, cell.cell) for cell in cells}
    assert ("table3", "sampo") in names
    assert ("table3", "grpo_sm") not in names
    assert ("stress", "start") not in names
    assert {cell.preset for cell in cells} == {"nano", "nano-stress"}
    assert len(cells) == len(set(cells))
    # The paper's tier has no stress, and an environment may be chosen.
    paper = claims_of(replace(asked, tier="paper"), known)
    assert not any(name.startswith("stress") for name in paper)
    chosen = replace(asked, environments=("sokoban",))
    assert {cell.short for cell in wanted(chosen, known)} == {"sokoban"}


def test_a_method_that_cannot_learn_somewhere_is_said(tmp_path: Path) -> None:
    asked = Asked("table3", "nano", ("tir_math_mini",), 1, tmp_path)
    found = reproduce_all(asked, None, lambda line: None)
    (line,) = [line for line in found.missing if line.startswith("not run in tir_math_mini, gigpo")]
    assert "credits single turns" in line


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"what": "tabel3"}, "did you mean 'table3'"),
        ({"tier": "micro"}, "unknown tier 'micro'"),
        ({"environments": ("chess",)}, "unknown environment of tier nano 'chess'"),
        ({"what": "stress", "tier": "paper"}, "stress is run at nano only"),
    ],
)
def test_what_there_is_not_is_one_line(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    asked = replace(Asked("table3", "nano", (), 1, tmp_path), **changes)
    with pytest.raises(ArenaError, match=reason):
        wanted(asked, reproduction())
