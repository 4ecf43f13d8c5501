"""What is published stays as it is."""

import shutil
from pathlib import Path

import pytest
from bundles import ENTRY, git, make

from arlarena_bench.errors import ArenaError
from arlarena_bench.submission.append_only import (
    bundle_folders,
    changes_since,
    withdrawal_faults,
)
from arlarena_bench.submission.verifying import Verdict

IDS = ("a" * 64, "b" * 64)


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    """A checkout with two bundles, one of them withdrawn."""
    folder = tmp_path / "leaderboard" / "submissions"
    for name in ("first", "second"):
        (folder / name / "runs").mkdir(parents=True)
        (folder / name / "bundle.json").write_text(name)
        (folder / name / "runs" / "result").write_text(name)
    (folder.parent / "withdrawn.yaml").write_text(ENTRY.format(id=IDS[0]))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "base")
    return folder


def test_new_bundles_are_no_change(submissions: Path) -> None:
    shutil.copytree(submissions / "first", submissions / "third")
    git(submissions, "add", ".")
    git(submissions, "commit", "-qm", "more")
    assert list(changes_since(submissions, "HEAD~1")) == []
    assert [path.name for path in bundle_folders(submissions)] == ["first", "second", "third"]


def test_what_vanished_or_was_changed_is_named(submissions: Path) -> None:
    (submissions / "first" / "runs" / "result").write_text("better")
    shutil.move(submissions / "second", submissions / "renamed")
    git(submissions, "add", ".")
    git(submissions, "commit", "-qm", "edited")
    (submissions / "first" / "bundle.json").write_text("not committed")
    assert list(changes_since(submissions, "HEAD~1")) == [
        f"leaderboard/submissions/{name} since HEAD~1; what is published stays as it is"
        for name in (
            "first/bundle.json: was changed",
            "first/runs/result: was changed",
            "second/bundle.json: vanished",
            "second/runs/result: vanished",
        )
    ]


def test_a_withdrawal_stays(submissions: Path) -> None:
    path = submissions.parent / "withdrawn.yaml"
    path.write_text(path.read_text() + ENTRY.format(id=IDS[1]))
    assert list(changes_since(submissions, "HEAD")) == []
    path.write_text(path.read_text().replace("The wrong recipe.", "Nothing.", 1))
    (fault,) = changes_since(submissions, "HEAD")
    assert fault == f"withdrawn.yaml: the entry of {IDS[0][:12]} vanished or was changed since HEAD"
    path.unlink()
    assert list(changes_since(submissions, "HEAD")) == [fault]


@pytest.mark.parametrize("base", ["nothing", "--output=x", ""])
def test_a_base_that_is_no_commit_is_one_line(submissions: Path, base: str) -> None:
    with pytest.raises(ArenaError, match="git cannot compare"):
        list(changes_since(submissions, base))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {id: x}", "0.id: String should match pattern"),
        ("x: 1", "is a list of withdrawals"),
        ("[", "is not YAML: "),
        (ENTRY.format(id=IDS[0]) + "  more: 1\n", "0.more: Extra inputs are not permitted"),
        (ENTRY.format(id="c" * 64), "there is no bundle cccccccccccc"),
        (ENTRY.format(id=IDS[0]) * 2, "aaaaaaaaaaaa is withdrawn twice"),
        (
            ENTRY.format(id=IDS[0]) + f"  superseded_by: {'d' * 64}\n",
            "there is no bundle dddddddddddd",
        ),
    ],
)
def test_the_list_of_withdrawals_is_checked(submissions: Path, text: str, said: str) -> None:
    verdicts = [Verdict(submissions / "first", id=IDS[0]), Verdict(submissions / "second", IDS[1])]
    assert list(withdrawal_faults(submissions, verdicts)) == []
    (submissions.parent / "withdrawn.yaml").write_text(text)
    (fault,) = withdrawal_faults(submissions, verdicts)
    assert said in fault


def test_a_bundle_stands_once(submissions: Path) -> None:
    verdicts = [Verdict(submissions / name, id=IDS[0]) for name in ("first", "second")]
    (fault,) = withdrawal_faults(submissions, verdicts)
    assert fault.endswith("are the same bundle")


def test_a_bundle_alone_is_itself(bench: Path, tmp_path: Path) -> None:
    bundle = make([bench / "grpo"], tmp_path / "bundle")
    assert bundle_folders(bundle) == [bundle]
