import gzip
import hashlib
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
    assert "differs: b.txt, a.txt" in capsys.readouterr().out
    assert run(folder, "--write") == 0
    assert run(folder) == 0
    assert {path.name for path in folder.iterdir()} == {*FILES, CHECKSUMS}
    assert {name: read_frozen(folder / name) for name in FILES} == FILES


def test_another_content_is_told_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "--write")
    assert run(folder, files={**FILES, "a.txt": b"A"}) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "differs: a.txt"
    assert read_frozen(folder / "a.txt") == b"a", "comparing writes nothing"


def test_what_no_longer_has_its_checksum_differs(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, "--write")
    sums = folder / CHECKSUMS
    sums.write_text(sums.read_text().splitlines()[0] + "\n")
    assert run(folder) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "differs: b.txt"


def test_content_counts_where_files_are_compressed(folder: Path) -> None:
    files = {"c.gz": b"as made " * 1000}
    assert run(folder, "--write", files=files) == 0
    path = folder / "c.gz"
    assert path.stat().st_size < 200
    assert read_frozen(path) == files["c.gz"]
    # As another machine would compress it.
    path.write_bytes(gzip.compress(files["c.gz"], compresslevel=1))
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / CHECKSUMS).write_text(f"{checksum}  c.gz\n")
    assert run(folder, files=files) == 0
    assert run(folder, files={"c.gz": b"otherwise"}) == 1


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
