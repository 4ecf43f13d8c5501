"""Runs are trained again, from their recipe and their start."""

from pathlib import Path
from typing import Any

import pytest
from bundles import copied, sign
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE, Result, read_result
from arlarena_bench.submission.bundle_folder import BundleFolder
from arlarena_bench.submission.retraining import by_interval, chosen, retrain
from arlarena_bench.submission.rules import load_rules
from arlarena_bench.submission.verifying import Checks, quietly, verify

RUN = "runs/grpo/seed-0"


def results_of(bundle: Path) -> dict[str, Result]:
    """The results of a bundle, by run."""
    paths = sorted(bundle.glob(f"runs/*/*/{RESULT_FILE}"))
    return {p.parent.relative_to(bundle).as_posix(): read_result(p) for p in paths}


def test_one_run_is_chosen_by_the_root_and_others_by_name(good: Path) -> None:
    results = results_of(good)
    trained = [f"runs/{name}/seed-{seed}" for name in ("grpo", "mine@file") for seed in (0, 1)]
    assert [chosen(results, f"{number:064x}", ()) for number in range(5)] == [
        [trained[number % 4]] for number in range(5)
    ]
    assert chosen(results, "0", ["mine@file/1", "grpo/0", "grpo/0"]) == [trained[3], trained[0]]
    with pytest.raises(ArenaError, match="unknown trained run 'grpo/7'; did you mean 'grpo/"):
        chosen(results, "0", ["grpo/7"])
    with pytest.raises(ArenaError, match="no run of the bundle was trained"):
        chosen({"runs/expert/seed-0": results["runs/expert/seed-0"]}, "0", ())


def test_a_run_is_the_same_to_the_bit(good: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    checks = Checks(
        policy=True, retrain=("grpo/0", "mine@file/1"), report=lambda *step: steps.append(step)
    )
    verdict = verify(good, checks)
    first, second = verdict.retrained
    assert first.line == f"{RUN} identical: the same weights, and the same 15 episodes"
    assert second.line.endswith("read method/mine@file, then give --trust-code")
    assert (verdict.fault, verdict.tier) == (None, "policy-checked")
    assert (f"{RUN} again", 2, 2) in steps


def test_a_method_out_of_the_bundle_runs_where_it_is_trusted(good: Path) -> None:
    done = CliRunner().invoke(
        app, ["verify", str(good), "--retrain", "--run", "mine@file/1", "--trust-code"]
    )
    assert done.exit_code == 0
    assert "trained again: runs/mine@file/seed-1 identical: the same weights" in done.output
    assert ", methods-v1, re-trained, unranked" in done.output


def test_elsewhere_success_lies_in_an_interval(good: Path) -> None:
    results = results_of(good)
    for successes, verdict, said in (
        ((0.2, 0.4), "within", "of the evaluation (Clopper-Pearson)"),
        ((1.0, 1.0), "outside", "of the evaluation (Clopper-Pearson)"),
        ((0.9, 1.0, 0.95, 0.9), "outside", "of one more seed (t, 4 seeds)"),
        ((0.9, 0.1, 0.95, 0.1), "within", "of one more seed (t, 4 seeds)"),
    ):
        told: dict[str, Result] = {}
        for seed, success in enumerate(successes):
            run, each = f"runs/grpo/seed-{seed}", results[RUN]
            told[run] = with_success(each, success)
        found = by_interval(RUN, results[RUN], told, 0.95)
        assert (found.verdict, said in found.why) == (verdict, True), found
        assert f"claimed {100 * successes[0]:.1f} %, 95 % intervals [" in found.why


def with_success(result: Result, success: float) -> Result:
    """The result of other weights, with such a success."""
    count = round(success * len(result.main.episodes))
    episodes = tuple(
        episode.model_copy(update={"success": number < count})
        for number, episode in enumerate(result.main.episodes)
    )
    summary = result.main.summary.model_copy(update={"success": success})
    score = result.main.model_copy(update={"summary": summary, "episodes": episodes})
    return result.model_copy(
        update={
            "scores": {**result.scores, result.headline: score},
            "policy": result.policy.model_copy(update={"sha256": "0" * 64}),
        }
    )


def test_what_cannot_be_trained_again_is_said(good: Path, tmp_path: Path) -> None:
    def told(result: Result) -> Result:
        return result.model_copy(update={"recipe": result.recipe.with_values(unshipped)})

    unshipped: dict[str, Any] = {"start.frozen": None}
    changed = {run: told(result) for run, result in results_of(good).items()}
    folder = BundleFolder(good, load_rules("methods-v1").limits)
    found = retrain(folder, RUN, changed, 0.95, False, quietly)
    assert (found.verdict, found.why) == ("not trained", "its start is not shipped")
    bundle = copied(good, tmp_path)
    sign(bundle, "agents")
    with pytest.raises(ArenaError, match="agents-v1 have no tier for what is trained again"):
        verify(bundle, Checks(policy=True, retrain=()))
    done = CliRunner().invoke(app, ["verify", str(good), "--trust-code"])
    assert (done.exit_code, "--run and --trust-code need --retrain" in done.output) == (2, True)
