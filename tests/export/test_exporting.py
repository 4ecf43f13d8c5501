"""Exports: what follows from the results stands in them, the same bytes each time."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bundles import WHO
from runs import result_of, solving, write_run
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.export.croissant import CONFORMS_TO
from arlarena_bench.export.exporting import FORMATS, export
from arlarena_bench.record import (
    RESULT_FILE,
    PolicyRecord,
    Result,
    read_result,
    summarise,
    write_result,
)
from arlarena_bench.submission.packing import submit
from arlarena_bench.submission.rules import newest_rules

ROOT = Path(__file__).parents[2]
GRID = ROOT / "leaderboard" / "nano" / "sokoban"
PEERS = ROOT / ".venv-export" / "bin" / "python"
needs_peers = pytest.mark.skipif(not PEERS.exists(), reason="`make peers-export` has not been run")
TIME, TASKS = 1_795_000_000, 16
INSPECT = """\
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log
told = []
for listed in list_eval_logs(sys.argv[1]):
    log = read_eval_log(listed)
    told.append([
        log.status, log.eval.task, log.eval.model, log.results.scores[0].metrics["accuracy"].value,
        [[s.id, s.epoch, s.scores["success"].value, [[m.role, m.text] for m in s.messages]]
         for s in log.samples],
    ])
json.dump(told, sys.stdout)
"""
CROISSANT = """\
import json, sys
import mlcroissant
data = mlcroissant.Dataset(sys.argv[1])
assert not data.metadata.ctx.issues.errors
told = [[[str(key), value.decode() if isinstance(value, bytes) else value]
         for key, value in row.items()] for row in data.records(sys.argv[2])]
json.dump(told, sys.stdout, default=lambda value: value.item())
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first tasks of a published run of GRPO."""
    folder = tmp_path_factory.mktemp("run")
    whole = read_result(GRID / "grpo" / "seed-0" / RESULT_FILE)
    scores = {
        name: score.model_copy(
            update={
                "episodes": score.episodes[:TASKS],
                "summary": summarise(score.episodes[:TASKS]),
            }
        )
        for name, score in whole.scores.items()
    }
    changes = {
        "scores": scores,
        "panel": whole.panel.model_copy(update={"tasks": TASKS}),
        "recipe": whole.recipe.with_values({"evaluation.test_tasks": TASKS}),
    }
    write_result(folder / RESULT_FILE, whole.model_copy(update=changes))
    return folder


@pytest.fixture(scope="module")
def result(run: Path) -> Result:
    return read_result(run / RESULT_FILE)


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run in every format."""
    folder = tmp_path_factory.mktemp("exported")
    for form in FORMATS:
        export(run, form, folder / form, TIME)
    return {form: folder / form for form in FORMATS}


def files_of(folder: Path) -> dict[str, bytes]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def peer(*words: str, folder: Path) -> Any:
    done = subprocess.run(
        [PEERS, *words], cwd=folder, capture_output=True, text=True, env={**os.environ, "HOME": "."}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_results_give_the_same_bytes(
    form: str, run: Path, exported: dict[str, Path], tmp_path: Path
) -> None:
    export(run, form, tmp_path / "again", TIME)
    assert files_of(tmp_path / "again") == files_of(exported[form])


def test_a_record_of_every_eval_ever(exported: dict[str, Path], result: Result) -> None:
    names = list(files_of(exported["eee"]))
    stem = names[0].removesuffix(".json")
    assert names == [f"{stem}.json", f"{stem}_samples.jsonl"]
    path, _, uuid = stem.rpartition("/")
    assert path == "data/arlarena-bench/arlarena-bench/nano-sokoban-grpo-seed-0"
    assert UUID(uuid).version == 4
    record = json.loads((exported["eee"] / names[0]).read_text())
    samples = (exported["eee"] / names[1]).read_bytes()
    beside = record["detailed_evaluation_results"]
    assert beside["checksum"] == hashlib.sha256(samples).hexdigest()
    assert record["retrieved_timestamp"] == str(TIME)
    scores = {
        each["evaluation_result_id"]: each["score_details"]["score"]
        for each in record["evaluation_results"]
    }
    assert scores == {
        f"success/{name}": score.summary.success for name, score in result.scores.items()
    }
    assert all(0 <= score <= 1 for score in scores.values())
    details = record["model_info"]["additional_details"]
    assert all(isinstance(value, str) for value in details.values())
    assert details["seed"] == "0"
    rows = [json.loads(line) for line in samples.splitlines()]
    assert beside["total_rows"] == len(rows) == 3 * TASKS
    assert sum(row["evaluation"]["score"] for row in rows) == sum(
        episode.success for score in result.scores.values() for episode in score.episodes
    )
    row, episode = rows[0], result.scores["greedy"].episodes[0]
    assert episode.turns is not None
    assert row["sample_id"] == episode.task_id
    said = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    assert tuple(said) == episode.turns.replies
    assert row["messages"][0]["content"] == row["input"]["raw"]
    assert row["answer_attribution"][0]["extracted_value"] in said[-1]


@needs_peers
def test_every_eval_ever_validates_it(exported: dict[str, Path]) -> None:
    names = list(files_of(exported["eee"]))
    reports = peer(
        "-m", "every_eval_ever", "validate", "--format", "json", *names, folder=exported["eee"]
    )
    assert [(r["valid"], r["errors"], r["warnings"]) for r in reports] == [(True, [], [])] * 2


@needs_peers
def test_inspect_reads_the_logs_back(exported: dict[str, Path], result: Result) -> None:
    logs = peer("-c", INSPECT, str(exported["inspect"]), folder=exported["inspect"])
    assert len(logs) == 3
    told = {log[3]: log for log in logs}
    for score in result.scores.values():
        status, task, model, _, samples = told[score.summary.success]
        assert (status, task) == ("success", "arlarena/sokoban")
        assert model == "arlarena-bench/nano-sokoban-grpo-seed-0"
        for (task_id, epoch, value, messages), episode in zip(samples, score.episodes, strict=True):
            assert (task_id, epoch, value) == (episode.task_id, 1, int(episode.success))
            assert episode.turns is not None
            assert [text for role, text in messages if role == "assistant"] == list(
                episode.turns.replies
            )
            assert [role for role, _ in messages] == ["user", "assistant"] * episode.length


@needs_peers
def test_mlcroissant_reads_the_records(exported: dict[str, Path], result: Result) -> None:
    folder = exported["croissant"] / "nano-sokoban-test"
    assert json.loads((folder / "croissant.json").read_text())["conformsTo"] == CONFORMS_TO
    tasks = peer("-c", CROISSANT, "croissant.json", "tasks", folder=folder)
    assert len(tasks) == 356
    assert [dict(row)["tasks/task_id"] for row in tasks[:TASKS]] == [
        episode.task_id for episode in result.main.episodes
    ]
    rows = [dict(r) for r in peer("-c", CROISSANT, "croissant.json", "episodes", folder=folder)]
    assert len(rows) == 3 * TASKS
    assert sum(row["episodes/success"] for row in rows) == sum(
        episode.success for score in result.scores.values() for episode in score.episodes
    )


def test_a_bundle_brings_its_id_and_who_submits(run: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    verdict = submit([GRID / "random"], bundle, WHO, newest_rules("agents"))
    export(bundle, "eee", tmp_path / "out")
    (name,) = (name for name in files_of(tmp_path / "out") if name.endswith(".json"))
    record = json.loads((tmp_path / "out" / name).read_text())
    assert record["evaluation_id"] == f"arlarena/{verdict.id}/random/sokoban/0"
    assert record["source_metadata"]["source_organization_name"] == "Nowhere"
    assert record["model_info"]["id"].startswith("a-nother/")
    assert record["retrieved_timestamp"] == "0"
    (bundle / "bundle.json").write_text("{}")
    with pytest.raises(ArenaError, match=r"bundle\.json"):
        export(bundle, "eee", tmp_path / "other")


def test_several_runs_share_a_panel(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for name in ("random", "expert"):
        shutil.copytree(GRID / name, runs / name)
    assert export(runs, "croissant", tmp_path / "out") == [
        f"nano-sokoban-test/{name}" for name in ("croissant.json", "episodes.jsonl", "tasks.jsonl")
    ]
    lines = (tmp_path / "out" / "nano-sokoban-test" / "episodes.jsonl").read_text().splitlines()
    assert {json.loads(line)["method"] for line in lines} == {"random", "expert"}


def refusal(place: Path, to: str, out: Path) -> str:
    before = sorted(out.parent.rglob("*"))
    done = CliRunner().invoke(app, ["export", str(place), "--to", to, "--out", str(out)])
    assert (done.exit_code, done.stdout) == (2, "")
    assert sorted(out.parent.rglob("*")) == before
    (line,) = done.stderr.splitlines()
    return line


def test_what_cannot_be_exported_gets_one_line(run: Path, tmp_path: Path) -> None:
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    assert "holds no finished run" in refusal(empty, "eee", out)
    assert "no results" in refusal(tmp_path / "nowhere", "eee", out)
    assert "unknown format 'inspekt'; did you mean 'inspect'" in refusal(run, "inspekt", out)
    assert "exists; choose another --out" in refusal(run, "eee", empty)
    (tmp_path / "file").write_text("")
    assert "cannot write" in refusal(run, "eee", tmp_path / "file" / "out")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / RESULT_FILE).write_bytes((run / RESULT_FILE).read_bytes()[:5000])
    assert "broken" in refusal(broken, "inspect", out)


def test_what_the_environment_does_not_give_is_not_exported(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", result_of("grpo", 0, solving(5)))
    assert "task test/0000, attempt 0: its replies do not lead to what is on record" in refusal(
        tmp_path / "runs", "inspect", tmp_path / "out"
    )


def changed(run: Path, place: Path, **changes: Any) -> Result:
    """The run with another recipe's words, as a stranger may write them."""
    result = read_result(run / RESULT_FILE).model_copy(update=changes)
    write_result(place / RESULT_FILE, result)
    return result


def test_no_name_leads_out_of_the_folder(run: Path, result: Result, tmp_path: Path) -> None:
    recipe = result.recipe.model_copy(update={"name": "../../x y"})
    changed(run, tmp_path / "runs", recipe=recipe)
    for form in FORMATS:
        names = export(tmp_path / "runs", form, tmp_path / "out" / form)
        assert names
        assert not any(".." in name or " " in name for name in names)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "runs"]


def test_an_environment_that_is_not_installed_gets_a_line(
    run: Path, result: Result, tmp_path: Path
) -> None:
    there = result.recipe.environment
    other = there.model_copy(update={"id": "arlarena/Sokobam-v0"})
    changed(run, tmp_path / "runs", recipe=result.recipe.model_copy(update={"environment": other}))
    assert "arlarena/Sokobam-v0 cannot be made: " in refusal(
        tmp_path / "runs", "eee", tmp_path / "out"
    )


def test_a_model_of_the_hub_keeps_its_id(run: Path, tmp_path: Path) -> None:
    policy = PolicyRecord(kind="model", name="Qwen/Qwen3-0.6B")
    changed(run, tmp_path / "runs", policy=policy, training=None)
    names = export(tmp_path / "runs", "eee", tmp_path / "out")
    assert all(name.startswith("data/arlarena-bench/Qwen/Qwen3-0.6B/") for name in names)


def test_two_runs_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        shutil.copytree(GRID / "random", tmp_path / "twice" / name)
    assert "would both be" in refusal(tmp_path / "twice", "eee", tmp_path / "out")
