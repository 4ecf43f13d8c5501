"""The one comment on a pull request with submissions."""

import json
import shutil
from pathlib import Path

import pytest
from bundles import ENTRY, copied, git, make, seal
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.submission.comment import LONGEST, MARK, code, comment
from arlarena_bench.submission.verifying import Verdict


@pytest.fixture
def submissions(good: Path, bench: Path, tmp_path: Path) -> Path:
    """A checkout in which two bundles are published."""
    folder = tmp_path / "leaderboard" / "submissions"
    folder.mkdir(parents=True)
    copied(good, folder).rename(folder / "first")
    make([bench / "grpo"], folder / "second")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "base")
    return folder


def commented(submissions: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, what is printed, and the comment."""
    git(submissions, "add", "-A", "..")
    git(submissions, "commit", "-qm", "change", "--allow-empty")
    file = submissions.parents[1] / "comment.md"
    line = ["verify", str(submissions), "--base", "HEAD~1", "--comment", str(file), *words]
    done = CliRunner().invoke(app, line)
    return done.exit_code, done.output, file.read_text()


def add_third(submissions: Path) -> Path:
    """One more bundle, of somebody who tries what Markdown does."""
    shutil.copytree(submissions / "first", submissions / "third")

    def changed(header: dict[str, object]) -> None:
        header["submitter"] = {
            "name": "@everybody <img src=x> `a|b` [x](http://x)", "affiliation": None,
            "contact": None, "paper": None,
        }  # fmt: skip

    seal(submissions / "third", changed)
    return submissions / "third"


def test_a_new_bundle_stands_in_the_table(submissions: Path) -> None:
    third = json.loads((add_third(submissions) / "bundle.json").read_text())
    exit_code, printed, text = commented(submissions)
    assert exit_code == 0
    assert printed.count("verified") == 3
    assert text.startswith(f"{MARK}\n\n## Submissions: verified\n")
    assert "### `third`: verified" in text
    assert "### `first`" not in text
    assert f"bundle `{third['id'][:12]}`" in text
    assert "* by `@everybody <img src=x> 'a¦b' [x](http://x)`" in text
    assert "* tier **replayed**, under `methods-v1`, `unranked: 2 seeds a method" in text
    assert "* calibration: `grpo no reference: " in text
    assert "none different" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    new = [row for row in rows if row.startswith("| new ")]
    assert len(new) == len(third["table"]) == 5
    assert all("`third`" in row and "**" in row for row in new)
    others = rows[len(new) + 2 :]
    assert sum("`first`" in row for row in others) == 5
    assert not any("**" in row for row in others)


def test_only_what_changed_is_verified_where_that_is_asked(submissions: Path) -> None:
    add_third(submissions)
    exit_code, printed, text = commented(submissions, "--changed")
    assert (exit_code, printed.count("verified")) == (0, 1)
    assert "`first`" in text.partition("### `third`: verified")[2]


def test_an_altered_bundle_is_rejected(submissions: Path) -> None:
    readme = submissions / "first" / "README.md"
    readme.write_text(readme.read_text() + "more\n")
    exit_code, _, text = commented(submissions, "--changed")
    assert exit_code == 1
    assert "## Submissions: rejected" in text
    assert "### `first`: rejected\n\n`README.md: its SHA-256 is" in text
    assert "first/README.md: was changed since HEAD~1; what is published stays" in text


def test_a_vanished_bundle_is_rejected(submissions: Path) -> None:
    shutil.rmtree(submissions / "second")
    exit_code, _, text = commented(submissions, "--changed")
    assert exit_code == 1
    assert "No bundle was added or changed." in text
    assert "second/bundle.json: vanished since HEAD~1" in text


def test_a_withdrawn_bundle_is_named_and_leaves_the_tables(submissions: Path) -> None:
    first = json.loads((submissions / "first" / "bundle.json").read_text())
    (submissions.parent / "withdrawn.yaml").write_text(ENTRY.format(id=first["id"]))
    add_third(submissions)
    exit_code, _, text = commented(submissions, "--changed")
    assert exit_code == 0
    assert "Withdrawn: `first` by `A. Nother`, `The wrong recipe.`" in text
    assert "| `first`" not in text
    (submissions.parent / "withdrawn.yaml").write_text("- {id: x}\n")
    exit_code, _, text = commented(submissions, "--changed")
    assert exit_code == 1
    assert "0.id: String should match pattern" in text


def test_what_a_comment_needs_is_said(submissions: Path) -> None:
    for words, said in (
        (["--comment", "x.md"], "--changed and --comment need --base COMMIT"),
        (["--changed"], "--changed and --comment need --base COMMIT"),
    ):
        done = CliRunner().invoke(app, ["verify", str(submissions), *words])
        assert (done.exit_code, done.output.splitlines()) == (2, [f"error: {said}"])
    line = ["verify", str(submissions / "first"), "--base", "HEAD", "--changed"]
    done = CliRunner().invoke(app, line)
    assert done.output == "error: --changed and --comment are of a folder of bundles\n"


def test_words_of_strangers_stay_words() -> None:
    assert code("a`b\n|c\x1b[0m") == "`a'b\\n¦c\\x1b[0m`"
    assert code("") == "` `"


def test_a_comment_is_no_longer_than_may_be(tmp_path: Path) -> None:
    names = [f"bundle-{number}" for number in range(600)]
    verdicts = [Verdict(tmp_path / name, fault="x" * 120) for name in names]
    text = comment(verdicts, [], names, (), ())
    assert LONGEST < len(text) < 65_536
    assert "cut off here" in text.splitlines()[-1]
