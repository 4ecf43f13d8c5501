import json
import sys
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any

import gymnasium as gym
import pytest
from field_cases import cases

from arlarena_bench.envs.tir_math.data import read_data
from arlarena_bench.envs.tir_math.env import TirMathEnv
from arlarena_bench.envs.tir_math.grader import grade
from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import digest_of, sha256

QWEN = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\nHow much is $2^{10}$?<|im_end|>\n<|im_start|>assistant\n"
)
# One row each, with the columns of the sets on the hub.
ROWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "aime24": (
        {"id": 60, "problem": "Find $x$.", "solution": r"So \boxed{204}.", "answer": "204"},
        "Find $x$.",
        "204",
    ),
    "aime24-capitals": (
        {"ID": "2024-I-1", "Problem": "Find $x$.", "Solution": "Long.", "Answer": 204},
        "Find $x$.",
        "204",
    ),
    "aime25": ({"question": "Find $b$.", "answer": "70"}, "Find $b$.", "70"),
    "math500": (
        {
            "problem": "Convert.",
            "solution": r"We get \boxed{\left( 3, \frac{\pi}{2} \right)}.",
            "answer": r"\left( 3, \frac{\pi}{2} \right)",
            "subject": "Precalculus",
            "level": 2,
        },
        "Convert.",
        r"\left( 3, \frac{\pi}{2} \right)",
    ),
    "math": (
        {"problem": "Sum?", "solution": r"First \boxed{1}, then \boxed{\frac{1}{2}}."},
        "Sum?",
        r"\frac{1}{2}",
    ),
    "amc": (
        {"id": 0, "problem": "How many?", "answer": 142.0, "url": "https://…"},
        "How many?",
        "142",
    ),
    "simplerl": (
        {
            "data_source": "simplelr_qwen",
            "prompt": [{"role": "user", "content": QWEN}],
            "ability": "math",
            "reward_model": {"ground_truth": "1024", "style": "rule"},
            "extra_info": {"index": 0, "split": "train"},
        },
        "How much is $2^{10}$?",
        "1024",
    ),
    "verl": (
        {
            "prompt": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "How many?"},
            ],
            "reward_model": {"ground_truth": "5"},
        },
        "How many?",
        "5",
    ),
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def numbered(path: Path, count: int) -> Path:
    return write(path, [{"problem": f"What is {n} + 0?", "answer": n} for n in range(count)])


@pytest.mark.parametrize("name", ROWS)
def test_sets_of_the_hub_as_jsonl(name: str, tmp_path: Path) -> None:
    row, text, answer = ROWS[name]
    problem = read_data(write(tmp_path / f"{name}.jsonl", [row]), {})["test"].problems["0000"]
    assert (problem.text, problem.answer) == (text, answer)
    assert problem.family == row.get("subject", "")


@pytest.mark.parametrize("name", ROWS)
def test_sets_of_the_hub_as_parquet(name: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").Table
    row, text, answer = ROWS[name]
    path = tmp_path / f"{name}.parquet"
    parquet.write_table(table.from_pylist([row]), path)
    read = read_data(path, {})["test"]
    assert (read.problems["0000"].text, read.problems["0000"].answer) == (text, answer)
    again = read_data(write(tmp_path / "x.jsonl", [row]), {})["test"]
    assert [(p.text, p.answer) for p in again.problems.values()] == [(text, answer)]


# What a cell holds and the right answer in it.
GOLD: list[tuple[str, Any, str]] = [
    ("answer", "9 eggs are left.\nShe earns $<<9*2=18>>18.\n#### 18", "18"),
    ("answer", "It costs a lot.\n#### $1,080.50", "$1,080.50"),
    ("answer", "#### -3\n", "-3"),
    ("answer", "So we add them up.\nThe answer is: 110", "110"),
    ("answer", "The answer is $\\frac{1}{2}$.", "$\\frac{1}{2}$"),
    ("answer", 18, "18"),
    ("answer", 18.0, "18"),
    ("answer", -2.5, "-2.5"),
    ("answer", True, "True"),
    ("answer", "All even numbers", "All even numbers"),
    (
        "answer",
        "\\begin{pmatrix} 1 \\\\\n 2 \\end{pmatrix}",
        "\\begin{pmatrix} 1 \\\\\n 2 \\end{pmatrix}",
    ),
    ("final_answer", ["2", "5"], "2, 5"),
    ("final_answer", ["$2$", "$5$"], "2, 5"),
    ("final_answer", ["$\\frac{1}{2}$"], "\\frac{1}{2}"),
    ("final_answer", [7], "7"),
    ("final_answer", [1, 2.0, None], "1, 2"),
    ("final_answer", ["(1,2)", "(3,4)"], "(1,2), (3,4)"),
    ("final_answer", ["0.5", "1/2"], "0.5"),
    ("final_answer", "['2', '5']", "2, 5"),
    ("final_answer", "[1, 2]", "[1, 2]"),
    ("solution", "So $\\boxed 2$.", "2"),
    ("solution", "So $\\boxed\\frac{1}{2}$.", "\\frac{1}{2}"),
    ("solution", "So $\\boxed\\frac12$.", "\\frac12"),
    ("solution", "So \\fbox{\\frac{1}{2}}.", "\\frac{1}{2}"),
    ("solution", "First \\boxed{1}, then \\boxed{2}.", "2"),
    ("solution", "So \\boxed{\\text{(\\boxed{B})}}.", "B"),
    ("solution", "We add.\n#### 18", "18"),
]


@pytest.mark.parametrize(("column", "value", "answer"), GOLD)
def test_answers_of_a_row(column: str, value: Any, answer: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", [{"problem": "p", column: value}])
    assert read_data(path, {})["test"].problems["0000"].answer == answer


def test_an_answer_may_stand_in_a_later_column(tmp_path: Path) -> None:
    row = {"problem": "p", "answer": "Long. " * 30, "solution": "So \\boxed{3}.", "gt_answer": " "}
    path = write(tmp_path / "x.jsonl", [row])
    assert read_data(path, {})["test"].problems["0000"].answer == "3"


def test_answers_of_a_list_are_all_needed(tmp_path: Path) -> None:
    (case,) = (c for c in cases("data-answer-misread") if "replies" in c["input"])
    env = TirMathEnv(data=write(tmp_path / "x.jsonl", [case["input"]["jsonl"]]))
    rewards = []
    for reply in case["input"]["replies"]:
        env.reset(options={"task_id": "test/0000"})
        rewards.append(env.step(reply)[1])
    assert rewards == [1.0, 0.0]


def test_the_end_of_a_solution_is_the_answer(tmp_path: Path) -> None:
    (case,) = (c for c in cases("data-answer-misread") if "reply" in c["input"])
    env = TirMathEnv(data=write(tmp_path / "x.jsonl", [case["input"]["jsonl"]]))
    env.reset(options={"task_id": "test/0000"})
    assert env.step(case["input"]["reply"])[1] == 1.0


@pytest.mark.parametrize("case", cases("data-box-without-braces"), ids=itemgetter("id"))
def test_boxes_without_braces(case: dict[str, Any], tmp_path: Path) -> None:
    rows = case["input"]["jsonl"]
    rows = rows if isinstance(rows, list) else [rows]
    read = read_data(write(tmp_path / "x.jsonl", rows), {})["test"]
    wanted = {"data-box-without-braces-1": ["2"], "data-box-without-braces-2": ["3", "1/2"]}
    for problem, answer in zip(read.problems.values(), wanted[case["id"]], strict=True):
        assert grade(rf"\boxed{{{answer}}}", problem.answer)


def test_whole_sets_by_default(tmp_path: Path) -> None:
    path = numbered(tmp_path / "aime24.jsonl", 30)
    env = TirMathEnv(data=path)
    panel = env.tasks.panel("test")
    assert panel.name == "tir-math-aime24/test"
    assert panel.task_ids == tuple(f"test/{n:04d}" for n in range(30))
    assert panel.digest == digest_of(sha256(f"What is {n} + 0?\0{n}") for n in range(30))
    assert env.incomparable == "" or "isolation" in env.incomparable


def test_a_test_set_alone_is_never_drawn_from(tmp_path: Path) -> None:
    env = TirMathEnv(data=numbered(tmp_path / "aime24.jsonl", 30))
    with pytest.raises(ArenaError, match=r"tir-math-aime24 .* has nothing to train on; give data="):
        env.reset(seed=0)
    with pytest.raises(ArenaError, match="nothing to train on"):
        gym.make("arlarena/TIRMath-v0", data=str(tmp_path / "aime24.jsonl")).reset()
    assert env.reset(options={"task_id": "test/0003"})[1]["task_id"] == "test/0003"


def test_problems_of_a_panel_are_left_out_of_training(tmp_path: Path) -> None:
    test = numbered(tmp_path / "test.jsonl", 30)
    rows = [
        {"problem": text, "answer": "1"} for text in ("WHAT is 3+0", "What is 2 + 0?", "Other?")
    ]
    train = write(tmp_path / "train.jsonl", rows)
    apart = write(tmp_path / "apart.jsonl", rows[2:])
    env = TirMathEnv(data={"train": train, "test": test})
    assert {env.sample_task(Random(seed)) for seed in range(20)} == {"train/0002"}
    assert env.conditions["left_out"] == "2 training problems that a panel has, too"
    assert "also" not in env.incomparable
    assert "left_out" not in TirMathEnv(data={"train": apart, "test": test}).conditions
    with pytest.raises(ArenaError, match=r"every problem of tir-math-test is also in a panel"):
        TirMathEnv(data={"train": test, "test": test}).sample_task(Random(0))


def test_tuning_on_test_problems_keeps_a_result_off_the_leaderboard(tmp_path: Path) -> None:
    test = numbered(tmp_path / "test.jsonl", 30)
    env = TirMathEnv(data={"validation": numbered(tmp_path / "v.jsonl", 2), "test": test})
    assert env.incomparable == "2 test problems are also in validation"


def test_environments_share_a_file_until_it_changes(tmp_path: Path) -> None:
    path = numbered(tmp_path / "x.jsonl", 3)
    first, second = (read_data(path, {})["test"] for _ in range(2))
    assert first is second
    numbered(path, 4)
    assert len(read_data(path, {})["test"].problems) == 4


def test_the_sample_of_the_paper_is_labelled(tmp_path: Path) -> None:
    path = numbered(tmp_path / "aime24.jsonl", 30)
    env = TirMathEnv(data=path, sample="paper")
    panel = env.tasks.panel("test")
    assert panel.name == "tir-math-aime24-paper-sample-4-of-30-not-comparable/test"
    assert panel.task_ids == ("test/0027", "test/0015", "test/0023", "test/0017")
    assert panel.digest != TirMathEnv(data=path).tasks.panel("test").digest
    assert env.incomparable == "sample='paper' scores a few problems of each set"
    with pytest.raises(ArenaError, match="has no problem '0000'"):
        env.reset(options={"task_id": "test/0000"})


def test_one_file_for_each_split(tmp_path: Path) -> None:
    files = {"train": numbered(tmp_path / "a.jsonl", 9), "test": numbered(tmp_path / "b.jsonl", 5)}
    env = TirMathEnv(data=files, sample="paper")
    assert len(env.tasks.panel("train").task_ids) == 9, "training was never sampled"
    assert len(env.tasks.panel("test").task_ids) == 4
    assert {env.reset(seed=seed)[1]["task_id"].split("/")[0] for seed in range(9)} == {"train"}
    with pytest.raises(ArenaError, match="has no validation panel"):
        env.tasks.panel("validation")
    with pytest.raises(ArenaError, match="unknown split 'tset'; did you mean 'test'"):
        TirMathEnv(data={"tset": files["test"]})


def test_columns_can_be_named(tmp_path: Path) -> None:
    row = {"q": {"de": "Wie viel?", "en": "How much?"}, "a": 3, "answer": 4, "area": "sums"}
    path = write(tmp_path / "x.jsonl", [row])
    columns = {"problem": "q.en", "answer": "a", "category": "area"}
    env = TirMathEnv(data=path, columns=columns)
    observation, info = env.reset(options={"task_id": "test/0000"})
    assert (observation, info["category"]) == ("How much?", "sums")
    assert env.step(r"\boxed{3}")[1] == 1.0
    with pytest.raises(ArenaError, match="unknown role of a column 'problems'; did you mean"):
        TirMathEnv(data=path, columns={"problems": "q"})


def test_a_whole_episode(tmp_path: Path) -> None:
    env = TirMathEnv(data=numbered(tmp_path / "aime24.jsonl", 3))
    env.reset(options={"task_id": "test/0002"})
    assert env.demonstrator.expert() == [], "there is no program to demonstrate"
    assert env.demonstrator.oracle() == [r"\boxed{2}"]
    assert env.step(env.demonstrator.oracle()[0])[1] == 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"x\.jsonl has no problems"),
        (
            '{"problem": "p", "answer": 1}\n{"problem"\n',
            r"x\.jsonl, line 2: not JSON .*correct the",
        ),
        ("\n\n[1]\n", r"x\.jsonl, line 3: expected a JSON object"),
        ('{"problem": "p"}\n', r"line 1: no answer in any column named gt_answer or .*problem"),
        ('{"text": "p", "answer": 1}\n', r"no problem in any column .*there are: answer, text"),
        ('{"problem": " ", "answer": 1}\n', r"line 1: the problem is empty"),
        ('{"problem": "p", "answer": ""}\n', r"line 1: the answer is empty"),
        ('{"problem": [], "answer": 1}\n', r"line 1: the problem is empty"),
        ("\xff\n", r"line 1: not JSON"),
        ('{"problem": "p",\n', r"line 1: not JSON \(Expecting .*: column 17\)"),
        ('{"problem": "p", "answer": ' + "[" * 10**5 + "]" * 10**5, r"line 1: not JSON \(maximum"),
        ('{"problem": "p", "answer": NaN}\n', r"line 1: no answer in any column"),
        ('{"problem": "p", "answer": 1e999}\n', r"line 1: no answer in any column"),
        ('{"problem": "p\\ud800", "answer": 1}\n', r"line 1: not text .*surrogates"),
        ('{"prompt": [{"role": "user", "content": null}], "answer": 1}\n', "problem is empty"),
        ('{"problem": "p", "solution": "It is 5."}\n', r"line 1: no answer in solution: .*boxed"),
        ('{"problem": "p", "solution": "\\\\boxed{5"}\n', r"line 1: .*\\boxed that is not closed"),
        ('{"problem": "p", "answer": {"a": 1}}\n', r"line 1: no answer in answer: .*record of a"),
        ('{"problem": "p", "answer": []}\n', r"line 1: .* list of answers is empty"),
        ('{"problem": "p", "answer": [["1"], ["2"]]}\n', r"line 1: .* only flat lists"),
        ('{"problem": "p", "answer": "' + "many words " * 20 + '"}\n', "line 1: .*40 words"),
        ('{"problem": "p", "answer": "First this.\\nThen that."}\n', "line 1: .*4 words"),
        (
            '{"problem": "p", "answer": 1}\n{"problem": "p", "answer": null}\n[]\nno\n{}\n{}\n',
            r"line 2: no answer in any .* \(4 more cannot be read: line 3, line 4, line 5, …\)",
        ),
    ],
)
def test_malformed_files_say_where(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ArenaError, match=message) as caught:
        read_data(path, {})
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArenaError, match=r"cannot read .*none\.jsonl: No such file"):
        read_data(tmp_path / "none.jsonl", {})
    with pytest.raises(ArenaError, match=r"ending in \.jsonl or \.parquet"):
        read_data(tmp_path / "x.csv", {})
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(b"PAR1 and no more")
    pytest.importorskip("pyarrow")
    with pytest.raises(ArenaError, match=r"torn\.parquet is not a parquet file .*download"):
        read_data(torn, {})
    with pytest.raises(ArenaError, match=r"cannot read .*none\.parquet: No such file"):
        read_data(tmp_path / "none.parquet", {})
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(ArenaError, match=r"cannot read .*folder\.parquet: Is a directory"):
        read_data(tmp_path / "folder.parquet", {})
    with pytest.raises(ArenaError, match=r"cannot read a.b\.jsonl: embedded null byte"):
        read_data("a\0b.jsonl", {})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ArenaError, match=r"needs pyarrow: `pip install"):
        read_data(torn, {})


def test_settings_without_data() -> None:
    for settings in ({"columns": {"problem": "q"}}, {"sample": "paper"}):
        with pytest.raises(ArenaError, match="data=, which is missing"):
            TirMathEnv(**settings)
    with pytest.raises(ArenaError, match="unknown sample of a data set 'papr'; did you mean"):
        TirMathEnv(data="x.jsonl", sample="papr")


def test_a_damaged_parquet_file_gives_problems_or_one_line(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    table = pyarrow.table({"problem": ["one", "two"], "answer": ["1", "2"]})
    pytest.importorskip("pyarrow.parquet").write_table(table, path)
    whole = path.read_bytes()
    said = []
    for place in range(4, len(whole) - 8, 37):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_data(path, {})
        except ArenaError as error:
            said.append(str(error))
    assert said
    assert all(str(path) in line and "\n" not in line for line in said)


def test_bytes_are_text_if_they_can_be(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    path = tmp_path / "X.PARQUET"
    write = pytest.importorskip("pyarrow.parquet").write_table
    write(pyarrow.table({"problem": ["é".encode()], "answer": [b"5"]}), path)
    problem = read_data(path, {})["test"].problems["0000"]
    assert (problem.text, problem.answer) == ("é", "5")
    write(pyarrow.table({"problem": [b"\xff"], "answer": [b"5"]}), path)
    with pytest.raises(ArenaError, match=r"X\.PARQUET, row 1: not text"):
        read_data(path, {})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": {}}, "names no file"),
        ({"data": 3}, "the path of a file of problems, got 3"),
        ({"data": {"test": None}}, "got None"),
        ({"data": "x.jsonl", "columns": "question"}, "a name for each role, got 'question'"),
        ({"data": "x.jsonl", "columns": {"problem": 3}}, "the column of each problem, got 3"),
    ],
)
def test_what_is_no_name_of_a_file_or_column(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        TirMathEnv(**settings)
