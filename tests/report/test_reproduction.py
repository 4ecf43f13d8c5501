import re
from pathlib import Path

import pytest
import yaml
from runs import recipe_of

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.report import reproduction as module
from arlarena_bench.report.comparison import REPRODUCTION
from arlarena_bench.report.experiments import Cell, Experiment
from arlarena_bench.report.reproduction import Reproduction, reproduction


def test_every_claim_says_what_the_papers_own_numbers_say() -> None:
    known = reproduction()
    told = {name: known.contrast(claim) for name, claim in known.claims.items()}
    assert sum(value is not None for value in told.values()) > 20
    wrong = [
        name
        for name, value in told.items()
        if value is not None and (value > 0) != (known.claims[name].direction == "above")
    ]
    assert wrong == []


def test_a_papers_contrast_is_the_mean_over_environments() -> None:
    known = reproduction()
    # DAPO_GIGPO - GIGPO - (DAPO_GRPO - GRPO) in the household, the shop and Sokoban.
    expected = ((60.55 - 81.09 + 62.36 - 49.58) + (76.82 - 56.55 + 57.71 - 46.17)
                + (86.20 - 82.67 + 83.90 - 82.40)) / 3  # fmt: skip
    assert known.contrast(known.claims["filtering-helps-gigpo-more"]) == pytest.approx(expected)
    assert known.contrast(known.claims["cloning-helps"]) == 20.71  # printed as a change
    assert known.contrast(known.claims["stress-sapo-collapses"]) is None


def test_every_row_of_tables_2_to_5_and_s2_is_some_cell() -> None:
    known = reproduction()
    for name in ("table2", "table3", "table4", "table5", "tableS2"):
        rows = {cell.row for cell in known.experiments[name].cells.values()} - {None}
        assert rows == known.paper[name].rows.keys(), name


def test_every_cell_is_a_recipe_at_nano() -> None:
    known = reproduction()
    tier = known.tiers["nano"]
    differing = {}
    for name, experiment in known.experiments.items():
        for env in experiment.environments:
            preset = experiment.preset_of(tier)
            base = installed.load_recipe(preset, tier.environments[env])
            recipes = {
                cell: base.for_run(
                    experiment.cells[cell].method, 0, experiment.values(cell, "nano", base)
                )
                for cell in experiment.cells
            }
            differing[name, env] = len({recipe.digest() for recipe in recipes.values()})
            assert differing[name, env] == len(experiment.cells), "two cells are one run"
    assert differing["table2", "ALFWorld"] == 12


def test_staleness_grows_at_the_same_budget_and_minibatch() -> None:
    experiment = reproduction().experiments["table5"]
    base = installed.load_recipe("nano", "alfworld_mini")
    trains = {
        cell: base.for_run("grpo", 0, experiment.values(cell, "nano", base)).train
        for cell in experiment.cells
    }
    assert [train.groups for train in trains.values()] == [8, 16, 32]
    assert {train.groups / train.minibatches for train in trains.values()} == {2}
    assert {train.groups * train.iterations for train in trains.values()} == {320}
    assert {train.minibatches * train.iterations for train in trains.values()} == {160}


def test_counts_are_rounded_and_stay_at_least_one() -> None:
    cells = {"a": Cell(method="m", times={"train.groups": 0.01, "train.kl_coef": 2.0})}
    experiment = Experiment(cells=cells, environments={"E": {"Success": "success"}})
    base = recipe_of("nano", "sokoban", 10)
    assert experiment.values("a", "nano", base) == {"train.groups": 1, "train.kl_coef": 0.02}
    cells = {"a": Cell(method="m", times={"train.gruops": 2})}
    experiment = Experiment(cells=cells, environments={"E": {"Success": "success"}})
    with pytest.raises(ArenaError, match=r"train\.gruops is no number"):
        experiment.values("a", "nano", base)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (("claims", "kl-helps", "contrast"), "signs must cancel"),
        (("claims", "kl-helps", "measure"), "is no measure"),
        (("experiments", "table4", "paper"), "Table 5, §4.5 has no row 'CISPO'"),
    ],
)
def test_what_does_not_fit_together_is_refused(damage: tuple[str, str, str], reason: str) -> None:
    part, name, field = damage
    data = reproduction().model_dump(mode="json")
    data[part][name][field] = {"contrast": "grpo", "measure": "luck", "paper": "table5"}[field]
    with pytest.raises(ValueError, match=re.escape(reason)):
        Reproduction.model_validate(data)


def test_a_damaged_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in REPRODUCTION.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    claims = yaml.safe_load((tmp_path / "claims.yaml").read_text())
    claims["kl-helps"]["contrast"] = "grpo - nobody"
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(claims))
    monkeypatch.setattr(module, "REPRODUCTION", tmp_path)
    reproduction.cache_clear()
    try:
        with pytest.raises(ArenaError, match="table2 has no cell nobody") as error:
            reproduction()
        assert "\n" not in str(error.value)
    finally:
        reproduction.cache_clear()
