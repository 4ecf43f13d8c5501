import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from runs import METHOD_FILE, TINY, result_of, solving, write_run
from suites import write_seeds
from typer.testing import CliRunner, Result

from arlarena_bench import cli
from arlarena_bench.cli import app
from arlarena_bench.installed import method_names
from arlarena_bench.record import RESULT_FILE, read_result


def arlarena(*words: object, typed: str = "") -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


def data_of(result: Result) -> object:
    """The whole of stdout must be JSON."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "bench"
    for seed in (0, 1):
        write_run(folder, result_of("grpo", seed, solving(5)))
        write_run(folder, result_of("sampo", seed, solving(7)))
    return folder


def test_help_names_every_command() -> None:
    said = arlarena("--help").stdout
    for command in (
        "bench", "train", "evaluate", "table", "reproduce", "plot", "submit", "verify", "list",
        "doctor", "play",
    ):  # fmt: skip
        assert command in said


def test_light_commands_do_not_import_torch() -> None:
    code = (
        "import sys\n"
        "from arlarena_bench.cli import app\n"
        "app({words}, standalone_mode=False)\n"
        "slow = {{'torch', 'transformers', 'matplotlib', 'scipy'}} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(slow)) or 0)"
    )
    for words in (["--help"], ["bench", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code.format(words=words)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words} imports {done.stderr}"


def test_list_names_methods_with_their_choices_environments_and_presets() -> None:
    said = arlarena("list").stdout
    for text in (*method_names(), "token-mean", "arlarena/Sokoban-v0", "nano-stress"):
        assert text in said
    found = data_of(arlarena("list", "--json"))
    assert isinstance(found, dict)
    assert sorted(m["name"] for m in found["methods"]) == method_names()
    assert set(found["methods"][0]) == {"name", "advantage", "loss", "aggregation", "filter"}
    assert found["environments"]["sokoban"] == "arlarena/Sokoban-v0"
    assert "sokoban" in found["presets"]["nano"]


def test_doctor_passes_where_the_tests_run() -> None:
    assert "torch" in arlarena("doctor").stdout
    checks = data_of(arlarena("doctor", "--json"))
    assert isinstance(checks, list)
    assert {"name", "found", "ok", "advice"} == set(checks[0])


def test_table_prints_formats_and_json(runs: Path) -> None:
    assert "+20.0" in arlarena("table", runs).stdout
    assert "| sampo" in arlarena("table", runs, "--format", "github").stdout
    assert arlarena("table", runs, "--format", "csv").stdout.startswith("method,success %")
    tables = data_of(arlarena("table", runs, "--json"))
    assert isinstance(tables, list)
    assert [row["method"] for row in tables[0]["rows"]] == ["grpo", "sampo"]
    assert [run["seed"] for run in tables[0]["runs"]] == [0, 1, 0, 1]


def test_a_damaged_result_is_a_warning_and_stdout_stays_json(runs: Path) -> None:
    (runs / "grpo" / "seed-1" / RESULT_FILE).write_text("{")
    result = arlarena("table", runs, "--json")
    assert isinstance(data_of(result), list)
    assert result.stderr.startswith("warning: ")
    assert result.stderr.count("\n") == 1


def test_table_of_several_environments_is_a_suite(tmp_path: Path) -> None:
    for environment in ("sokoban", "webshop_mini"):
        write_seeds(tmp_path / "nano", "grpo", environment, 8, 9, 10)
    shown = arlarena("table", tmp_path).stdout
    assert shown.splitlines()[0].split() == ["method", "sokoban", "webshop_mini", "average"]
    assert f"One environment: arlarena table {tmp_path}/nano/sokoban/grpo;" in shown
    assert "CPU min" not in shown
    assert arlarena("table", tmp_path, "--full").stdout.count("CPU min") == 2
    (data,) = data_of(arlarena("table", tmp_path, "--json"))
    assert (data["suite"], sorted(data["tables"])) == ("nano", ["sokoban", "webshop_mini"])


def test_plot_writes_both_files(runs: Path, tmp_path: Path) -> None:
    result = arlarena("plot", runs, "--out", tmp_path / "figure")
    assert result.exit_code == 0
    assert (tmp_path / "figure.png").exists()
    assert (tmp_path / "figure.svg").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["table", "nowhere"], "no folder nowhere"),
        (["table", ".", "--full", "--columns", "method"], "--full and --columns exclude"),
        (["plot", "nowhere"], "no folder nowhere"),
        (["bench", "--preset", "nanno"], "did you mean 'nano'"),
        (["bench", "--suite", "nanno"], "did you mean 'nano'"),
        (["bench", "--suite", "nano", "--env", "sokoban"], "--suite and --env exclude each other"),
        (["bench", "--suite", "nano", "--preset", "x"], "--suite and --preset exclude each other"),
        (["bench", "--env", "sokobn"], "did you mean 'sokoban'"),
        (
            ["bench", "--env", "alfworld"],
            "preset nano has alfworld_mini (arlarena/ALFWorldMini-v0)",
        ),
        (["evaluate", "oracle", "--env", "webshop"], "preset nano has webshop_mini"),
        (["bench", "--method", "gropo"], "did you mean 'grpo'"),
        (["train", "--out", "x", "--recipe", "nowhere.yaml"], "nowhere.yaml"),
        (["train", "--out", "x", "--set", "train.groops=3"], "did you mean 'groups'"),
        (["train", "--out", "x", "--engine", "locl"], "did you mean 'local'"),
        (["evaluate", "orcle"], "did you mean 'oracle'"),
        (["play", "sokobn"], "did you mean 'sokoban'"),
        (["play", "--task", "nope"], "nope"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(words: list[str], said: str) -> None:
    result = arlarena(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_empty_folder_has_no_table(tmp_path: Path) -> None:
    result = arlarena("table", tmp_path)
    assert result.exit_code == 2
    assert "holds no finished run" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [(["bnch"], "bench"), (["table", "x", "--formt", "csv"], "--format")],
)
def test_unknown_commands_and_options_suggest_the_nearest(words: list[str], said: str) -> None:
    result = arlarena(*words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_play_takes_lines_without_a_terminal() -> None:
    result = arlarena("play", "--preset", "nano", "--task", "train/5", typed="h\np\nq\n")
    assert result.exit_code == 0
    assert "train/5" in result.stdout
    assert "hint: " in result.stdout
    assert "last none" in result.stdout  # the preset's own prompt


def test_evaluate_as_json() -> None:
    scores = data_of(arlarena("evaluate", "oracle", "--tasks", 4, "--json"))
    assert isinstance(scores, dict)
    assert scores["scores"]["script"]["summary"]["success"] == 1.0


def test_train_then_evaluate_then_train_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "mine.py").write_text(METHOD_FILE)
    monkeypatch.chdir(tmp_path)
    words: list[object] = ["train", "--out", "run", "--method", "mine.py", "--seed", 3]
    for setting in TINY:
        words += ["--set", setting]
    done = arlarena(*words)
    assert done.exit_code == 0, done.stderr
    assert "step 2: " in done.stderr
    written = read_result(Path("run") / RESULT_FILE)
    assert (written.label, written.seed) == ("mine (file)", 3)
    command = written.provenance.command
    assert command is not None
    assert command.startswith("arlarena train --preset nano --env sokoban --method mine.py --seed")

    done = arlarena("evaluate", "run", "--decoder", "all", "--out", "again.zst")
    assert done.exit_code == 0, done.stderr
    again = read_result(Path("again.zst"))
    assert again.scores == written.scores
    assert again.policy == written.policy

    assert "already holds this run" in arlarena(*words).stderr
    repeated = arlarena("train", "--recipe", "run/recipe.yaml", "--out", "run", "--resume")
    assert repeated.exit_code == 0, repeated.stderr
    assert read_result(Path("run") / RESULT_FILE) == written


def test_a_table_of_the_paper_stands_beside_what_there_is(tmp_path: Path) -> None:
    for seed in range(3):
        write_run(tmp_path / "there", result_of("grpo", seed, solving(5)))
        write_run(tmp_path / "there", result_of("sampo", seed, solving(7)))
    asked = ("reproduce", "table3", "--env", "sokoban", "--seeds", 3, "--collect")
    asked += ("--out", tmp_path / "out", "--from", tmp_path / "there")
    asked += ("--set", "evaluation.test_tasks=10")
    said = arlarena(*asked, "--format", "github").stdout
    line = next(line for line in said.splitlines() if line.startswith("| SAMPO"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == [
        "SAMPO", "Sokoban Success", "88.86†", "70.00", "[70.0, 70.0]", "3", "+4.96",
        "+20.00 [+20.0, +20.0]", "agrees",
    ]  # fmt: skip
    assert "- † GSPO, Sokoban Success: the change is printed as −1.7 %" in said
    data = data_of(arlarena(*asked, "--json"))
    assert isinstance(data, dict)
    assert (data["experiment"], data["failures"]) == ("table3", [])
    assert not (tmp_path / "out").exists(), "to collect writes nothing"


def test_claims_and_the_papers_size_are_printed_without_any_run(tmp_path: Path) -> None:
    nothing = ("--collect", "--out", tmp_path / "out", "--from", tmp_path)
    said = arlarena("reproduce", "claims", *nothing).stdout
    assert "Filtering helps GiGPO more than GRPO" in said
    assert "no runs" in said
    said = arlarena("reproduce", "table3", "--tier", "paper", *nothing).stdout
    assert "arlarena bench --preset paper --env alfworld --method grpo,grpo_st,grpo_sm" in said
    # What cannot learn there is in no command.
    (mathematics,) = re.findall("^arlarena bench.*--env tir_math.*", said, re.MULTILINE)
    assert "gspo" in mathematics
    assert "sampo" not in mathematics
    assert "GPU-hours" in said
    refused = arlarena("reproduce", "table4", "--from", tmp_path / "absent")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "no such folder" in refused.stderr


def test_what_is_left_out_is_said_once_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    left_out = {"a": "method a credits turns", "b": "method b credits turns", "c": "lacks a loss"}
    cli._say_left_out(left_out)
    said = " ".join(capsys.readouterr().err.split())
    assert said == "warning: left out: a, b: credits turns warning: left out: c: lacks a loss"
