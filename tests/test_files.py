import json
import subprocess
import sys
from pathlib import Path

import pytest

from arlarena_bench import ArenaError
from arlarena_bench.files import JsonLines, write_json, write_whole


def test_a_file_is_the_old_one_until_it_is_complete(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "file"
    write_whole(path, "old")

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(ArenaError, match=r"cannot write .*file: No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_json_has_sorted_keys_and_its_own_characters(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "a.json", {"b": "√", "a": 1})
    text = (tmp_path / "deep" / "a.json").read_text(encoding="utf-8")
    assert text.index('"a"') < text.index('"b"')
    assert "√" in text


def test_lines_survive_a_torn_end(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "log.jsonl")
    assert list(lines) == []
    lines.append({"step": 1})
    lines.append({"step": 2})
    with lines.path.open("ab") as file:
        file.write(b'{"step": 3, "succ')
    assert list(lines) == [{"step": 1}, {"step": 2}]
    lines.drop_torn_line()
    lines.append({"step": 3})
    assert [json.loads(line)["step"] for line in lines.path.read_text().splitlines()] == [1, 2, 3]


NO_ROOM = """
import resource, sys
from pathlib import Path
from arlarena_bench.files import JsonLines
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
JsonLines(Path(sys.argv[1])).append({"step": "9" * 200})
"""


def test_a_line_for_which_there_is_no_room_leaves_no_torn_end(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "log.jsonl")
    lines.append({"step": 1})
    command = [sys.executable, "-c", NO_ROOM, str(lines.path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "ArenaError: cannot write " in done.stderr.splitlines()[-1]
    lines.append({"step": 2})
    assert list(lines) == [{"step": 1}, {"step": 2}]


def test_lines_that_are_not_wanted_go(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "log.jsonl")
    lines.keep(lambda line: False)
    assert not lines.path.exists()
    for step in range(4):
        lines.append({"step": step})
    lines.keep(lambda line: line["step"] != 2)
    assert [line["step"] for line in lines] == [0, 1, 3]


@pytest.mark.parametrize("content", [b"not json\n", b"[1]\n", b"\xff\xfe\n"])
def test_a_foreign_log_is_named_with_its_line(tmp_path: Path, content: bytes) -> None:
    lines = JsonLines(tmp_path / "log.jsonl")
    lines.path.write_bytes(b'{"step": 1}\n' + content)
    with pytest.raises(ArenaError, match=r"log.jsonl, line 2: not a JSON object"):
        list(lines)
