"""What was not trained has a table of tasks, with its cost, and no seeds."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from runs import result_of, solving, write_run
from suites import SHOP, blocks_of, suite_of, write_seeds
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.record import RESULT_FILE, FailedEpisode, Provenance, Result, UsageRecord
from arlarena_bench.report.finding import FinishedRun, find_runs
from arlarena_bench.report.models import tasks_interval
from arlarena_bench.report.overview import render_overview
from arlarena_bench.report.render import bench_command, render
from arlarena_bench.report.suite import Suite
from arlarena_bench.report.suite_text import render_suite, suite_commands
from arlarena_bench.report.table import Table, build_tables
from arlarena_bench.site.building import make_site
from arlarena_bench.statistics import clopper_pearson

USAGE = UsageRecord(
    base_url="http://localhost:8000/v1",
    models=("chat-2026",),
    requests=1234,
    failed_requests=3,
    prompt_tokens=56_789,
    reply_tokens=4_000,
    prompt_price=0.5,
    reply_price=1.5,
    money=0.03,
    request_seconds=1.0,
)


def model(name: str, solved: int, environment: str = "sokoban", **changes: Any) -> Result:
    told = Provenance(version="0.1.0", command=f"arlarena evaluate {name} --env {environment}")
    result = result_of(name, 0, solving(solved, 20), kind="model", environment=environment)
    return result.model_copy(update={"start": None, "provenance": told, **changes})


def script(name: str, solved: int, environment: str = "sokoban") -> Result:
    result = result_of(name, 0, solving(solved, 20), kind="scripted", environment=environment)
    return result.model_copy(update={"provenance": Provenance(version="0.1.0")})


def test_a_script_shares_the_table_of_whatever_samples_and_a_gpu_is_said(tmp_path: Path) -> None:
    write_run(tmp_path, script("expert", 20))
    on_gpu = Provenance(version="0.1.0", packages={"vllm": "0.32.0"}, accelerator="NVIDIA H200")
    recipe = model("chat", 7).recipe.with_values({"sampler.engine": "vllm"})
    write_run(tmp_path, model("chat", 7, recipe=recipe, provenance=on_gpu))
    (table,) = build_tables(find_runs(tmp_path)[0])
    assert [row.method for row in table.rows] == ["expert", "chat"]
    said = "\n- chat: computed on NVIDIA H200, sampled by vLLM 0.32.0\n"
    assert said in render(table, bench_command(table))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for environment, solved in (("sokoban", 7), (SHOP, 0)):
        write_run(tmp_path / environment, script("expert", 20, environment))
        write_run(tmp_path / environment, script("random", 1, environment))
        usage = {"usage": USAGE} if environment == "sokoban" else {}
        write_run(tmp_path / environment, model("chat", solved, environment, **usage))
        write_run(tmp_path / environment, model("another", 2, environment))
    return tmp_path


def table_of(folder: Path) -> Table:
    (table,) = blocks_of(folder)
    assert isinstance(table, Table)
    return table


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["policy"]: row for row in csv.DictReader(io.StringIO(text))}


def test_a_row_is_a_policy_with_what_it_solved_and_what_that_took(folder: Path) -> None:
    table = table_of(folder / "sokoban")
    assert table.of_models
    rows = rows_of(render(table, "", "csv"))
    assert list(rows) == ["expert", "random", "another", "chat"]
    low, high = clopper_pearson(7, 20)
    assert rows["chat"] == {
        "policy": "chat",
        "success %": "35.0",
        "95 % interval": f"[{100 * low:.1f}, {100 * high:.1f}]",
        "score": f"{(7 * 10.6 - 13 * 1.2) / 20:.2f}",
        "score (turns)": f"{(28 * 10.6 - 156 * 1.2) / 184:.2f}",
        "format %": "100.0",
        "turns": "9.2",
        "actions %": "100.0",
        "reply tokens": "368",
        "requests": "1,234",
        "prompt tokens": "56,789",
        "money": "0.03",
    }
    assert (rows["another"]["requests"], rows["another"]["reply tokens"]) == ("–", "448")
    assert rows["expert"]["reply tokens"] == "–"
    assert {"seeds", "rank", "IQM %"}.isdisjoint(rows["chat"])


def test_below_it_stands_what_played_each(folder: Path) -> None:
    table = table_of(folder / "sokoban")
    text = render(table, bench_command(table)) + "\n"
    assert "- made by `arlarena evaluate chat --env sokoban`\n" in text
    expert = "arlarena evaluate expert --preset nano --env sokoban --split test --tasks 20"
    assert f"- made by `{expert}`\n" in text
    assert "arlarena bench" not in text
    assert "seed" not in text
    assert "--full" not in render_overview([table], "simple", full=False)


def test_several_environments_are_one_table(folder: Path) -> None:
    suite = suite_of(folder)
    assert suite.of_models
    rows = rows_of(render_suite(suite, suite_commands(suite), "csv"))
    none, few = clopper_pearson(0, 20)
    assert list(rows["chat"]) == ["policy", "sokoban", SHOP, "average"]
    assert rows["chat"][SHOP] == f"0.0 [{100 * none:.1f}, {100 * few:.1f}]"
    assert rows["chat"]["average"] == "17.5"
    assert rows["expert"]["average"] == "100.0"
    text = render_overview([suite])
    assert text.count("- made by `arlarena evaluate") == 8
    assert "arlarena bench" not in text
    assert "All runs of a method together" not in text


def test_one_that_was_not_played_everywhere_has_its_average_marked(folder: Path) -> None:
    write_run(folder / "sokoban", model("third", 4))
    rows = rows_of(render_suite(suite_of(folder), [], "csv"))
    assert (rows["third"][SHOP], rows["third"]["average"]) == ("–", "20.0 (1)")


def test_models_and_methods_share_no_table(folder: Path) -> None:
    write_seeds(folder, "grpo", "sokoban", 4, 5, 6)
    write_seeds(folder, "grpo", SHOP, 4, 5, 6)
    methods, models = blocks_of(folder)
    assert isinstance(methods, Suite)
    assert isinstance(models, Suite)
    assert not methods.of_models
    # What anyone is measured by stands with the methods, where there are some.
    assert [row.method for row in methods.rows] == ["expert", "random", "grpo"]
    assert [row.method for row in models.rows if row.kind == "method"] == ["another", "chat"]
    text = render_overview([methods, models])
    assert "what was compared is methods there and models here" in text


def test_scripts_that_fit_no_other_table_have_their_own(folder: Path) -> None:
    for name in ("chat", "another"):
        (folder / SHOP / name / "seed-0" / RESULT_FILE).unlink()
    shop, sokoban = sorted(build_tables(find_runs(folder)[0]), key=lambda table: len(table.rows))
    assert [row.method for row in shop.rows] == ["expert", "random"]
    assert len(sokoban.rows) == 4


def test_a_share_of_dependent_tasks_has_no_interval() -> None:
    result = model("chat", 7)
    (name, score), *_ = result.scores.items()

    def with_episodes(**changes: Any) -> Result:
        first, second, *others = score.episodes
        changed = (first, second.model_copy(update=changes), *others)
        scores = {name: score.model_copy(update={"episodes": changed})}
        return result.model_copy(update={"scores": scores})

    assert tasks_interval(with_episodes()) == clopper_pearson(7, 20)
    twice = {"task_id": score.episodes[0].task_id, "attempt": 1}
    assert tasks_interval(with_episodes(**twice)) is None


def test_what_was_not_played_is_counted(tmp_path: Path) -> None:
    result = model("chat", 7)
    (name, score), *_ = result.scores.items()
    lost = FailedEpisode(task_id=score.episodes[-1].task_id, attempt=0, reason="503")
    kept = score.model_copy(update={"failed": (lost,)})
    changed = result.model_copy(update={"scores": {name: kept}})
    (table,) = build_tables([FinishedRun(changed, tmp_path / RESULT_FILE)])
    assert rows_of(render(table, "", "csv"))["chat"]["not played"] == "1"


def test_programs_get_the_same(folder: Path) -> None:
    run = CliRunner().invoke(app, ["table", str(folder), "--json"])
    assert run.exit_code == 0, run.output
    (suite,) = json.loads(run.stdout)
    assert len(suite["commands"]) == 8
    (used,) = [run["usage"] for run in suite["tables"]["sokoban"]["runs"] if run["usage"]]
    assert used["requests"] == 1234
    cell = next(row for row in suite["rows"] if row["method"] == "chat")["cells"]["sokoban"]
    assert cell["success_interval"] == pytest.approx(clopper_pearson(7, 20))


def test_the_site_shows_them_as_agents(folder: Path) -> None:
    site = make_site(folder, 2)
    (index,) = [text.decode() for name, text in site.files.items() if name == "index.html"]
    assert 'data-track="agents"' in index
    assert 'data-track="methods"' not in index
    assert "Compare two policies task by task" in index
    assert "1 seed" not in index
    pages = {name: text.decode() for name, text in site.files.items() if "/methods/" in name}
    assert sum("a model</small>" in text for text in pages.values()) == 4
