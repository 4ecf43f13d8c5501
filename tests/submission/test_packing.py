"""What a bundle is made of, and what is refused before there is one."""

import json
from pathlib import Path

import pytest
from bundles import WHO, fault_of, make
from runs import result_of, solving, write_run
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.record import FAILURE_FILE, RESULT_FILE, FailureRecord, write_failure
from arlarena_bench.submission.content_ids import merkle_root
from arlarena_bench.submission.header import Header
from arlarena_bench.submission.packing import submit
from arlarena_bench.submission.rules import load_rules, newest_rules, rules_names
from arlarena_bench.submission.verifying import explained

SCHEMA = Path(__file__).parents[2] / "docs" / "bundle.schema.json"


def test_a_bundle_has_what_it_takes(good: Path, bench: Path) -> None:
    names = {path.relative_to(good).as_posix() for path in good.rglob("*") if path.is_file()}
    assert {name for name in names if not name.startswith("runs/")} == {
        "bundle.json", "README.md", "method/mine@file/mine.py",
    }  # fmt: skip
    result = f"runs/grpo/seed-1/{RESULT_FILE}"
    assert (good / result).read_bytes() == (bench / "grpo" / "seed-1" / RESULT_FILE).read_bytes()
    assert "runs/mine@file/seed-0/model/model.safetensors" in names
    assert {f"runs/{name}/seed-0/{RESULT_FILE}" for name in ("start", "expert", "random")} <= names
    header = json.loads((good / "bundle.json").read_text())
    assert header["submitter"]["name"] == "A. Nother"
    assert sorted(header["files"]) == sorted(names - {"bundle.json"})


def test_the_same_runs_are_the_same_bundle(good: Path, bench: Path, tmp_path: Path) -> None:
    again = make(sorted(filter(Path.is_dir, bench.iterdir()), reverse=True), tmp_path / "x")
    assert (again / "bundle.json").read_bytes() == (good / "bundle.json").read_bytes()


def test_checkpoints_can_stay_behind(bench: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    told: list[tuple[str, int, int]] = []
    submit(
        [bench / "grpo"],
        out,
        WHO,
        newest_rules("methods"),
        checkpoints=1,
        report=lambda *row: told.append(row),
    )
    runs = len(list((bench / "grpo").iterdir()))
    assert told == [("bundle", done, runs) for done in range(1, runs + 1)]
    kept = [path.relative_to(out).as_posix() for path in out.rglob("*.safetensors")]
    assert kept == ["runs/grpo/seed-0/model/model.safetensors"]


def test_any_policy_is_an_agent(bench: Path, tmp_path: Path) -> None:
    verdict = submit([bench / "expert"], tmp_path / "bundle", WHO, newest_rules("agents"))
    assert (verdict.rules, verdict.fault) == ("agents-v1", None)


def test_what_would_be_rejected_is_not_written(bench: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "runs", result_of("grpo", 0, solving(5)))
    for runs, said in (
        ([bench / "grpo" / "seed-1"], "not submitted: rule seeds: seed 0 of grpo is missing"),
        ([bench / "grpo", other], "are both of grpo seed 0; give one"),
        ([SCHEMA.parent], "holds no finished run"),
        ([tmp_path / "nowhere"], "no run "),
    ):
        with pytest.raises(ArenaError, match=said):
            submit(runs, tmp_path / "bundle", WHO, newest_rules("methods"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs"]
    with pytest.raises(ArenaError, match="a bundle is never changed"):
        submit([bench], tmp_path, WHO, newest_rules("methods"))


def test_a_run_that_failed_is_not_passed_over(bench: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bench" / "seed-2"
    recipe = result_of("grpo", 2, solving(5)).recipe
    write_failure(folder, FailureRecord(recipe=recipe, reason="killed", command="arlarena train"))
    with pytest.raises(ArenaError, match=rf"grpo seed 2 failed \(.*{FAILURE_FILE}\)"):
        submit([tmp_path / "bench"], tmp_path / "bundle", WHO, newest_rules("methods"))


def test_made_up_replies_are_no_submission(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs", result_of("grpo", 0, solving(5)))
    with pytest.raises(ArenaError, match="not submitted: runs/grpo/seed-0: "):
        submit([run], tmp_path / "bundle", WHO, newest_rules("methods"))


def test_a_tree_of_hashes_has_the_root_of_its_standard() -> None:
    one, two, three = ("00" * 32, "11" * 32, "22" * 32)
    assert merkle_root([one]) == (
        "7f9c9e31ac8256ca2f258583df262dbc7d6f68f2a03043d5c99a4ae5a7396ce9"
    )
    assert merkle_root([one, two]) != merkle_root([two, one])
    assert merkle_root([one, two, three]) != merkle_root([one, two, three, three])


def test_the_published_schema_is_that_of_the_class() -> None:
    expected = json.dumps(Header.model_json_schema(mode="serialization"), indent=1, sort_keys=True)
    assert SCHEMA.read_text(encoding="utf-8") == expected + "\n"


def test_rules_are_found_by_track_and_version() -> None:
    assert rules_names() == ["agents-v1", "methods-v1"]
    assert newest_rules("methods") is load_rules("methods-v1")
    with pytest.raises(ArenaError, match="unknown track 'method'; did you mean 'methods'"):
        newest_rules("method")
    spoken = [load_rules(name).spoken() for name in rules_names()]
    assert len(explained()) == sum(1 + len(each) for each in spoken)


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nano",), 0, "methods-v1: yes, ruleset no-tuning, tier re-trained; ranked with 6"),
        (
            ("nano", "--set", "train.groups=9"),
            0,
            "methods-v1: no\n  recipe: train.groups is 9, that of the preset is 8\nagents-v1: yes",
        ),
        (("nano", "--set", "evaluation.test_tasks=9"), 1, "agents-v1: no\n  recipe: evaluation"),
        (("nano", "--set", "train.learning_rate=1"), 0, "neither the preset's nor a recorded grid"),
        (("nano", "--set", "start.frozen=null"), 0, "  start: no shipped start is named"),
        (("nono",), 2, "did you mean 'nano'"),
    ],
)
def test_before_anything_runs(words: tuple[str, ...], code: int, said: str) -> None:
    found, output = run("submit", *words, "--check")
    assert (found, said in output) == (code, True), output


def test_the_commands(good: Path, bench: Path, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "submissions" / "mine"
    code, output = run("submit", str(bench), "--name", "A. Nother", "--out", str(out))
    assert (code, f"verified {out}: " in output) == (0, True), output
    code, output = run("verify", str(out.parent), "--explain")
    assert (code, "  seeds: Every method has the same seeds" in output) == (0, True), output
    assert "checked replay: " in output
    code, output = run("verify", str(out), "--policy", "--explain")
    assert (code, ", policy-checked, unranked" in output) == (0, True), output
    assert "decoder paper: 5 of 5 episodes are those of their streams; " in output
    code, output = run("verify", str(out), "--policy", "--json")
    (found,) = json.loads(output[output.index("{") :])["bundles"]
    assert found["policies"]["runs/grpo/seed-0"]["decoders"]["paper"]["regenerated"] == 5
    (out.parent / "other").mkdir()
    code, output = run("verify", str(out.parent))
    assert (code, "other holds no bundle.json" in output, f"verified {out}" in output) == (
        1, True, True,
    )  # fmt: skip
    (bundle / "README.md").write_text("x")
    code, output = run("verify", str(bundle), "--json")
    data = json.loads(output)
    assert (code, data["bundles"][0]["verified"], data["bundles"][0]["tier"]) == (1, False, None)
    assert data["bundles"][0]["fault"] == fault_of(bundle)
    assert run("verify", str(tmp_path / "nowhere"))[0] == 2
    assert run("submit", str(bench))[0] == 2
    assert (
        "--paper: String should match"
        in run(
            "submit", str(bench), "--name", "a", "--paper", "ftp://x", "--out", str(tmp_path / "y")
        )[1]
    )
