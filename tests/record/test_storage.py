from pathlib import Path

import pytest
import zstandard
from runs import result_of, solving

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import read_result, write_result
from arlarena_bench.record.legacy import LACKS


def test_there_and_back(tmp_path: Path) -> None:
    result = result_of("grpo", 3, solving(5))
    path = tmp_path / "a.zst"
    write_result(path, result)
    assert read_result(path) == result
    assert read_result(path, turns=False) == result.without_turns()
    write_result(tmp_path / "b.zst", read_result(path))
    assert (tmp_path / "b.zst").read_bytes() == path.read_bytes()


def test_a_line_an_episode_below_the_first(tmp_path: Path) -> None:
    write_result(tmp_path / "a.zst", result_of("grpo", 0, solving(5)))
    lines = zstandard.decompress((tmp_path / "a.zst").read_bytes()).decode().splitlines()
    assert len(lines) == 1 + 10
    assert "<action>up</action>" not in lines[0]
    assert all("<action>up</action>" in line for line in lines[1:])


def test_what_lacks_its_turns_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.zst"
    bare = result_of("grpo", 0, solving(5)).without_turns()
    write_result(path, bare)
    with pytest.raises(ArenaError, match="holds no turns of its episodes"):
        read_result(path)
    older = bare.model_copy(update={"lacks": LACKS})
    write_result(path, older)
    assert read_result(path) == older


@pytest.mark.parametrize(
    ("keep", "said"),
    [
        (slice(0, -1), "line 11 does not hold the turns of its episode"),
        (slice(1, None), "is not a result: "),
        (slice(0, 0), "is not a result: "),
    ],
)
def test_missing_lines_are_noticed(tmp_path: Path, keep: slice, said: str) -> None:
    path = tmp_path / "a.zst"
    write_result(path, result_of("grpo", 0, solving(5)))
    lines = zstandard.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(zstandard.compress(b"".join(lines[keep])))
    with pytest.raises(ArenaError, match=said) as caught:
        read_result(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\x28\xb5\x2f\xfd",
        zstandard.compress(b"[1, 2]\n"),
        zstandard.compress(b"{"),
        zstandard.compress(b"\xff\n"),
        zstandard.compress(b"[" * 100_000 + b"\n"),
    ],
)
def test_a_foreign_or_corrupt_file_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.zst"
    path.write_bytes(content)
    with pytest.raises(ArenaError, match=r"is damaged|is not a result") as caught:
        read_result(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="cannot read"):
        read_result(tmp_path / "nowhere")
