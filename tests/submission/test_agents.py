"""The track of agents: whoever played, trained here or not."""

from pathlib import Path

import pytest
from bundles import WHO, fault_of, sign

from arlarena_bench import installed
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.scoring import score_policy
from arlarena_bench.record import RESULT_FILE, Result, read_result, write_result
from arlarena_bench.submission.packing import submit
from arlarena_bench.submission.rules import newest_rules
from arlarena_bench.submission.verifying import Checks, Verdict, verify
from arlarena_bench.training.start_set import find_set

POLICY = Checks(policy=True)


def written(folder: Path, result: Result) -> Path:
    """A result as `arlarena evaluate --out` leaves it."""
    write_result(folder / RESULT_FILE, result)
    return folder


def entered(places: list[Path], out: Path) -> Verdict:
    """What comes of submitting results to the track."""
    return submit(places, out, WHO, newest_rules("agents"))


def a_model(preset: str) -> Result:
    """A model that no recipe trained, scored as `arlarena evaluate` does."""
    recipe = installed.load_recipe(preset, "sokoban")
    folder = find_set(str(recipe.start.frozen)).start(3)
    return score_policy(str(folder), preset, "sokoban", "test", None)


def test_scripts_starts_and_models_enter_without_training(
    bench: Path, preset: str, tmp_path: Path
) -> None:
    model = written(tmp_path / "model", a_model(preset))
    for name, place, why in (
        ("expert", bench / "expert", "is a script, which the replay has asked again"),
        ("random", bench / "random", "is a script, which the replay has asked again"),
        ("start", bench / "start", None),
        ("model", model, "its policy is no run of a recipe, and comes without a checkpoint"),
    ):
        out = tmp_path / f"bundle-{name}"
        verdict = entered([place], out)
        assert (verdict.rules, verdict.fault) == ("agents-v1", None)
        # What others are measured by has no rank.
        assert verdict.unranked == (None if name == "model" else "0 seeds a method, ranks need 1")
        checked = verify(out, POLICY)
        # Nothing of it was trained, so that there is nothing more to be shown than its replies.
        assert (checked.fault, checked.tier) == (None, "replayed")
        for policy in checked.policies.values():
            assert policy.unchecked is None if why is None else why in str(policy.unchecked)
    assert checked.unchecked == {"runs/3/seed-0": str(why)}


def test_a_model_is_no_method(preset: str, tmp_path: Path) -> None:
    place = written(tmp_path / "model", a_model(preset))
    with pytest.raises(ArenaError, match="rule policies: its policy is of kind model"):
        submit([place], tmp_path / "bundle", WHO, newest_rules("methods"))


def test_official_data_and_other_versions_enter_no_table_of_generated_tasks(
    bench: Path, tmp_path: Path
) -> None:
    expert = read_result(next((bench / "expert").rglob(RESULT_FILE)))
    for number, (setting, said) in enumerate(
        (
            ({"environment.kwargs": {"levels": "/boxoban"}}, "environment.kwargs.boxes is not set"),
            ({"environment.id": "arlarena/Sokoban-v9"}, "environment.id is 'arlarena/Sokoban-v9'"),
            ({"evaluation.test_tasks": 4}, "evaluation.test_tasks is 4"),
            ({"evaluation.seed": 7}, "evaluation.seed is 7"),
        )
    ):
        changed = expert.model_copy(update={"recipe": expert.recipe.with_values(setting)})
        place = written(tmp_path / f"run-{number}", changed)
        with pytest.raises(ArenaError, match=f"rule recipe: {said}"):
            entered([place], tmp_path / "bundle")
        both = [bench / "random", place]
        with pytest.raises(ArenaError, match=r"share no table: recipe e|rule recipe: "):
            entered(both, tmp_path / "bundle")


def test_environments_share_no_bundle(bench: Path, tmp_path: Path) -> None:
    recipe = installed.load_recipe("nano", "webshop_mini")
    other = score_policy("expert", "nano", "webshop_mini", "test", 3)
    assert other.recipe.environment.id == recipe.environment.id
    place = written(tmp_path / "shop", other)
    with pytest.raises(ArenaError, match="the results share no table: "):
        entered([bench / "random", place], tmp_path / "bundle")


def test_a_header_cannot_move_a_bundle_to_another_track(bench: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    entered([bench / "expert"], out)
    sign(out, "methods")
    assert verify(out).rules == "methods-v1"
    result = next(out.rglob(RESULT_FILE))
    told = read_result(result)
    policy = told.policy.model_copy(update={"kind": "model"})
    write_result(result, told.model_copy(update={"policy": policy}))
    sign(out, "methods")
    assert "rule policies: its policy is of kind model, not trained" in fault_of(out)
