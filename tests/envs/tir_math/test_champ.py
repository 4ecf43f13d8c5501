import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from arlarena_bench.envs.tir_math.champ import FILE, PACKAGE
from arlarena_bench.envs.tir_math.data import read_data
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.record import comparable

# As CHAMP writes them; its own are not kept here.
PROBLEMS: dict[str, dict[str, Any]] = {
    "P_Sequence_1": {
        "_raw_text": "Find the sum of the first @@n@@ odd numbers, as an expression of @@n@@.",
        "_text": "Find the sum of the first n odd numbers, as an expression of n.",
        "_raw_answer": "@@n^2@@",
        "category": "Sequence",
        "solution": {"steps": [{"_raw_text": "It is @@1+3+...@@."}]},
    },
    "P_Polynomial_1": {
        "_raw_text": "Solve @@x+y=3@@ and @@xy=2@@.",
        "_raw_answer": "@@(x=1, y=2)@@ and @@(x=2, y=1)@@",
        "category": "Polynomial",
        "solution": {"steps": []},
    },
}
NOT_ISOLATED = "environment.kwargs.sandbox=none"


def write(path: Path, problems: Any = PROBLEMS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"problems": problems, "hints": {}}), encoding="utf-8")
    return path


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "site" / PACKAGE / FILE)
    (tmp_path / "site" / PACKAGE / "__init__.py").write_text("import what_it_asks_for\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()


def test_its_problems_are_rows_with_mathematics_between_dollars(tmp_path: Path) -> None:
    read = read_data(write(tmp_path / "v0.json"), {})["test"]
    assert read.name == "tir-math-champ"
    assert [(p.text, p.answer, p.family) for p in read.problems.values()] == [
        (
            "Find the sum of the first $n$ odd numbers, as an expression of $n$.",
            "$n^2$",
            "Sequence",
        ),
        ("Solve $x+y=3$ and $xy=2$.", "$(x=1, y=2)$ and $(x=2, y=1)$", "Polynomial"),
    ]


@pytest.mark.usefixtures("_installed")
def test_what_is_installed_is_a_panel_by_its_name() -> None:
    settings = ["environment.kwargs.data=champ", NOT_ISOLATED]
    result = score_policy("oracle", "eval", "tir_math", "test", None, settings=settings)
    assert (result.panel.name, result.panel.tasks) == ("tir-math-champ/test", 2)
    assert result.main.summary.success == 1
    assert set(result.main.summary.success_by_category) == {"Polynomial", "Sequence"}
    generated = score_policy("oracle", "eval", "tir_math", "test", 2, settings=[NOT_ISOLATED])
    assert any("panel" in reason for reason in comparable(result, generated))


def test_what_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    importlib.invalidate_caches()
    with pytest.raises(ArenaError, match=r"pip install 'arlarena-bench\[champ\]'$"):
        read_data("champ", {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[1]", "a .json file of problems is CHAMP's"),
        ('{"problems": [1]}', "write others as .jsonl, a row a line"),
        ('{"problems": {}}', "has no problems"),
        ('{"problems": {"P_1": {"_raw_text": "x"}}}', "P_1: expected `_raw_text` and `_raw_answ"),
    ],
)
def test_another_file_is_one_line(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "v0.json"
    path.write_text(content)
    with pytest.raises(ArenaError) as caught:
        read_data(path, {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
