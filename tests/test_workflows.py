"""The workflows of GitHub: what runs strangers' data has no token that can write."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.submission.comment import MARK

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}


def workflow(name: str) -> dict[str, Any]:
    # YAML 1.1 takes the key `on` for true.
    data = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    return {("on" if key is True else key): value for key, value in data.items()}


def steps(name: str) -> list[dict[str, Any]]:
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


def test_all_are_there() -> None:
    assert set(WORKFLOWS) == {"ci", "submission", "submission-comment"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_token_that_can_write_meets_code_that_a_stranger_wrote(name: str) -> None:
    told = workflow(name)
    assert "pull_request_target" not in told["on"]
    can_write = "write" in told["permissions"].values()
    assert can_write == (name == "submission-comment")
    used = [step["uses"] for step in steps(name) if "uses" in step]
    assert any(use.startswith("actions/checkout@") for use in used) != can_write
    assert can_write == ("workflow_run" in told["on"])
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What a stranger chose reaches a script by its environment, never as its text.
        assert "github.event" not in step.get("run", "") + step.get("with", {}).get("script", "")
    assert not any("permissions" in job for job in told["jobs"].values())


def test_submissions_are_verified_by_the_bases_code() -> None:
    base, change, *_ = steps("submission")
    assert base["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    text = WORKFLOWS["submission"].read_text(encoding="utf-8")
    assert re.findall(r"pip install .* (\S+)$", text, re.MULTILINE)[-1] == "./base"
    used = re.findall(r"change/\S+", text)
    assert set(used) == {"change/leaderboard/submissions"}
    assert change["with"]["path"] == "change"


def test_options_that_are_given_exist() -> None:
    text = WORKFLOWS["submission"].read_text(encoding="utf-8")
    line = text.partition("arlarena verify")[2].partition("2>&1")[0]
    options = re.findall(r"--[a-z-]+", line)
    told = CliRunner().invoke(app, ["verify", "--help"], env={"COLUMNS": "200"}).output
    assert len(options) == 5
    assert "--leaderboard base/leaderboard" in line
    assert all(option in told for option in options)


def test_the_comment_is_found_again_by_its_mark() -> None:
    assert f'const mark = "{MARK}"' in WORKFLOWS["submission-comment"].read_text(encoding="utf-8")
    assert f"echo '{MARK}'" in WORKFLOWS["submission"].read_text(encoding="utf-8")
    assert workflow("submission-comment")["on"]["workflow_run"]["workflows"] == [
        workflow("submission")["name"]
    ]


def test_ci_is_ci_run() -> None:
    assert steps("ci")[-1] == {"run": ".ci/run"}
