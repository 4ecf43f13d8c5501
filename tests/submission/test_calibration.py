"""A bundle's own GRPO against the published one."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from bundles import copied
from runs import result_of, solving, write_run

from arlarena_bench.record import RESULT_FILE, PolicyRecord, Result, read_result, write_result
from arlarena_bench.submission import verifying
from arlarena_bench.submission.calibration import Calibration, calibrate, leaderboard_of
from arlarena_bench.submission.rules import CalibrationRule, load_rules
from arlarena_bench.submission.verifying import Checks, verify

RULE = CalibrationRule(says="", method="grpo", level=0.05, reject=False)


def runs(solved: Sequence[int], start: str = "5", weights: str = "a") -> list[Result]:
    """Runs of GRPO that solve so many of ten tasks, each from its own start."""
    return [
        result_of(
            "grpo",
            seed,
            solving(count),
            start=f"{start}{seed}" * 32,
            start_set="9" * 64,
            policy=PolicyRecord(kind="trained", name="grpo", sha256=f"{weights}{seed}" * 32),
        )
        for seed, count in enumerate(solved)
    ]


def compared(ours: list[Result], theirs: list[Result], folder: Path) -> Calibration:
    for result in theirs:
        write_run(folder / "nano" / "sokoban", result)
    found = calibrate(RULE, {f"runs/grpo/{r.seed}": r for r in ours}, folder)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "said"),
    [
        ((5, 6, 4, 7, 5, 6), (6, 5, 5, 6, 6, 5), "agrees", "+0.0 points"),
        ((8, 9, 7, 9, 8, 9), (6, 5, 5, 6, 6, 5), "differs", "paired by start, level 0.05"),
        ((2, 3, 2, 3, 2, 3), (6, 7, 6, 7, 6, 7), "differs", "-40.0 points"),
        ((8, 9, 8, 9, 8, 9), (5, 4, 5), "differs", "unpaired, level 0.05 (6 seeds here, 3"),
        ((8, 9), (5, 4), "too few seeds", "no difference could be found at the level 0.05"),
        ((8,), (5, 4, 5, 5, 5, 5), "too few seeds", "1 seeds here, 6 published"),
    ],
)
def test_success_is_compared_over_seeds(
    ours: tuple[int, ...], theirs: tuple[int, ...], verdict: str, said: str, tmp_path: Path
) -> None:
    found = compared(runs(ours, weights="b"), runs(theirs), tmp_path)
    assert (found.verdict, found.identical) == (verdict, ())
    assert said in found.why


def test_runs_that_are_the_published_ones_to_the_bit_are_said_to_be(tmp_path: Path) -> None:
    theirs = runs((5, 6, 4))
    found = compared(theirs[:2], theirs, tmp_path)
    assert (found.verdict, found.identical) == ("agrees", (0, 1))
    assert found.line.endswith("; to the bit the same: seed 0, 1")
    # The same weights with another episode are not the same.
    changed = [theirs[0], runs((5, 7))[1]]
    assert compared(changed, theirs, tmp_path).identical == (0,)


def test_there_may_be_nothing_to_compare_with(tmp_path: Path) -> None:
    found = compared(runs((5, 6)), [], tmp_path)
    assert (found.verdict, "holds no runs" in found.why) == ("no reference", True)
    found = compared(runs((5, 6), start="6"), runs((5, 6)), tmp_path)
    assert (found.verdict, "the start policy of seed" in found.why) == ("no reference", True)
    assert calibrate(RULE, {"runs/expert/seed-0": result_of("gspo", 0, solving(3))}, tmp_path) is (
        None
    )


def test_the_leaderboard_is_the_one_that_a_bundle_lies_in(tmp_path: Path) -> None:
    assert leaderboard_of(tmp_path / "leaderboard" / "submissions" / "x") == (
        tmp_path / "leaderboard"
    )
    assert leaderboard_of(tmp_path / "x") == Path("leaderboard")


def test_a_bundle_says_how_it_is_calibrated(
    good: Path, bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = copied(bench / "grpo", tmp_path / "tiny" / "sokoban")
    published.rename(published.with_name("grpo"))
    checks = Checks(leaderboard=tmp_path)
    verdict = verify(good, checks)
    assert verdict.fault is None
    assert verdict.checked["calibration"] == (
        "grpo agrees: every run is the published one (2 seeds here, 2 published); to the bit the "
        "same: seed 0, 1"
    )
    # What the rules may say, and ours do not: two seeds differ, and that is no submission.
    for path in published.with_name("grpo").glob(f"*/{RESULT_FILE}"):
        result = read_result(path)
        summary = result.main.summary.model_copy(update={"success": 0.9 + 0.01 * result.seed})
        score = result.main.model_copy(update={"summary": summary})
        policy = result.policy.model_copy(update={"sha256": "0" * 64})
        scores = {**result.scores, result.headline: score}
        write_result(path, result.model_copy(update={"scores": scores, "policy": policy}))
    strict = RULE.model_copy(update={"level": 0.5, "reject": True})
    rules = load_rules("methods-v1").model_copy(update={"calibration": strict})
    monkeypatch.setattr(verifying, "load_rules", lambda name: rules)
    assert str(verify(good, checks).fault).startswith("rule calibration: grpo differs: success ")
