import json
import os
import threading
from pathlib import Path
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.errors import ArenaError
from arlarena_bench.site.building import Site
from arlarena_bench.site.publishing import MANIFEST, server_of, write_site

SMALL = Site({"index.html": b"<p>1", "assets/site.css": b"p{}"}, [])


def test_a_site_is_written_and_what_it_no_longer_has_is_removed(tmp_path: Path) -> None:
    write_site(SMALL, tmp_path)
    assert (tmp_path / "assets" / "site.css").read_bytes() == b"p{}"
    write_site(Site({"index.html": b"<p>2"}, []), tmp_path)
    assert (tmp_path / "index.html").read_bytes() == b"<p>2"
    assert not (tmp_path / "assets" / "site.css").exists()
    assert json.loads((tmp_path / MANIFEST).read_text()) == ["index.html"]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ArenaError, match="holds something that is no site"):
        write_site(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_list_of_files_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    kept = tmp_path / "kept.html"
    kept.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    hostile = ["../kept.html", str(kept), 7, "a/../../kept.html", "notes.txt"]
    (out / MANIFEST).write_text(json.dumps(hostile))
    (out / "notes.txt").write_text("mine, too")
    write_site(SMALL, out)
    assert kept.read_text() == "mine"
    assert (out / "notes.txt").exists()


@pytest.mark.parametrize("content", ["", "{", "{}", '"index.html"'])
def test_a_damaged_list_removes_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / MANIFEST).write_text(content)
    (tmp_path / "old.html").write_text("old")
    write_site(SMALL, tmp_path)
    assert (tmp_path / "old.html").exists()


def test_where_nothing_can_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out, said in (
        (tmp_path / "file", "is no folder"),
        (tmp_path / "file" / "x", "cannot write"),
    ):
        with pytest.raises(ArenaError, match=said):
            write_site(SMALL, out)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ArenaError, match="cannot write"):
        write_site(SMALL, tmp_path)


def test_it_is_served_to_this_machine_alone(tmp_path: Path) -> None:
    write_site(SMALL, tmp_path)
    with server_of(tmp_path, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        threading.Thread(target=server.handle_request, daemon=True).start()
        with urlopen(f"http://127.0.0.1:{server.server_port}/index.html") as answer:
            assert answer.read() == b"<p>1"
        with pytest.raises(ArenaError, match=rf"port {server.server_port} cannot be had"):
            server_of(tmp_path, server.server_port)


def test_the_command_says_what_it_made(leaderboard: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [
        "site",
        "--leaderboard",
        str(leaderboard / "nano"),
        "--out",
        str(out),
        "--episodes",
        "1",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f"open {out / 'index.html'}" in done.stdout
    assert (out / "tables" / "sokoban" / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--leaderboard", "nowhere"], "error: no folder nowhere; give one with results"),
        (["--out", "taken"], "error: --out taken holds something that is no site"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    done = CliRunner().invoke(app, ["site", *words])
    assert done.exit_code == 2
    assert said in done.output
    assert done.output.count("\n") == 1
