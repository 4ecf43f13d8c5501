import sys
from pathlib import Path

import pytest

from arlarena_bench import ArenaError
from arlarena_bench.frozen import CHECKSUMS, frozen_command, read_frozen

FILES = {"b.txt": "bé\n".encode(), "a.txt": b"a"}


def run(folder: Path, *arguments: str, files: dict[str, bytes] = FILES) -> int:
    sys.argv = ["panels", *arguments]
    with pytest.raises(SystemExit) as ended:
        frozen_command("somewhere.panels", "Draws panels.", folder, files)
    return int(ended.value.code)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "argv", sys.argv)
    return tmp_path / "frozen"


def test_written_files_are_as_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder) == 1
    assert "differs: b.txt, a.txt, SHA256SUMS" in capsys.readouterr().out
    assert run(folder, "--write") == 0
    assert run(folder) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, CHECKSUMS}
    assert {name: read_frozen(folder / name) for name in FILES} == FILES


def test_another_content_is_told_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "--write")
    assert run(folder, files={**FILES, "a.txt": b"A"}) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "differs: a.txt, SHA256SUMS"
    assert read_frozen(folder / "a.txt") == b"a", "comparing writes nothing"


def test_a_changed_file_is_not_read(folder: Path) -> None:
    run(folder, "--write")
    (folder / "a.txt").write_bytes(b"b")
    with pytest.raises(ArenaError, match=r"a\.txt is not the file of SHA256SUMS; reinstall"):
        read_frozen(folder / "a.txt")
    (folder / "a.txt").unlink()
    with pytest.raises(ArenaError, match=r"cannot read .*a\.txt"):
        read_frozen(folder / "a.txt")
    (folder / CHECKSUMS).write_text("garbage\n")
    with pytest.raises(ArenaError, match="cannot read"):
        read_frozen(folder / "b.txt")
