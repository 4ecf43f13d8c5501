"""A bundle is read without following, unpacking or believing anything too much."""

import os
from pathlib import Path

import pytest
import zstandard
from bundles import fault_of, lines_of, seal, write_lines

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE
from arlarena_bench.submission.bundle_folder import BundleFolder, check_name
from arlarena_bench.submission.rules import Limits, load_rules
from arlarena_bench.submission.strict_json import RejectedError, strict_lines
from arlarena_bench.submission.verifying import verify

RESULT = f"runs/grpo/seed-0/{RESULT_FILE}"
SMALL = Limits(files=3, file_mb=1, bundle_mb=2, decompressed_mb=1, json_depth=9, checkpoint_mb=1)


def test_a_link_is_refused_wherever_it_stands(bundle: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(bundle)
    assert "is a link; give the folder itself" in fault_of(link)
    (bundle / "runs" / "more").symlink_to(bundle / "runs" / "grpo")
    assert fault_of(bundle) == "runs/more: is a link"
    (bundle / "runs" / "more").unlink()
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to("/etc/passwd")
    assert fault_of(bundle) == "README.md: is a link"


def test_a_special_file_is_refused(bundle: Path) -> None:
    os.mkfifo(bundle / "runs" / "pipe")
    assert fault_of(bundle) == "runs/pipe: is neither a file nor a folder"


def test_an_unknown_file_is_refused(bundle: Path) -> None:
    (bundle / "notes.txt").write_text("x")
    assert fault_of(bundle) == "notes.txt: has no place in a bundle"
    (bundle / "notes.txt").unlink()
    (bundle / "method" / "more.py").write_text("x")
    assert fault_of(bundle) == "method/more.py: has no place in a bundle"
    (bundle / "method" / "more.py").unlink()
    extra = bundle / "method" / "mine@file" / "more.py"
    extra.write_text("x")
    assert fault_of(bundle) == "method/mine@file/more.py: is a file that the header does not know"
    seal(bundle, lambda header: header["files"].update({"method/mine@file/more.py": "0" * 64}))
    assert "more.py: its SHA-256 is" in fault_of(bundle)


def test_an_empty_folder_is_refused(bundle: Path) -> None:
    (bundle / "runs" / "empty").mkdir()
    assert fault_of(bundle) == "runs/empty: is an empty folder"


def test_names_that_differ_in_case_are_one(bundle: Path) -> None:
    (bundle / "readme.md").write_text("x")
    assert fault_of(bundle) == "README.md and readme.md are one name where case is ignored"


@pytest.mark.parametrize(
    "name",
    [
        "../bundle.json",
        "/etc/passwd",
        "runs/../../x/seed-0/result.jsonl.zst",
        "runs/grpo/seed-0/../result.jsonl.zst",
        "runs/grpo/seed-0/result.jsonl.zst\n",
        "runs/grpo/seed-٣/result.jsonl.zst",
        "runs/.hidden/seed-0/result.jsonl.zst",
        "method/mine/../../x.py",
        "method/mine/x.pyc",
        "runs/grpo/seed-0/model/pytorch_model.bin",
        "C:\\x",
        "",
    ],
)
def test_names_stay_in_the_folder(name: str) -> None:
    with pytest.raises(RejectedError, match="has no place in a bundle"):
        check_name(name)


def test_what_a_name_does_to_a_terminal_is_not_done(bundle: Path) -> None:
    (bundle / "\x1b[2Jx\n").write_text("x")
    assert fault_of(bundle) == r"\x1b[2Jx\n: has no place in a bundle"


def test_files_are_few_and_small(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_bytes(b"0" * (1 << 20))
    with pytest.raises(RejectedError, match="the bundle is larger than 2 MiB"):
        BundleFolder(tmp_path, SMALL)
    (tmp_path / "0.json").write_bytes(b"0" * ((1 << 20) + 1))
    with pytest.raises(RejectedError, match=r"0\.json: 1048577 bytes, more than 1 MiB"):
        BundleFolder(tmp_path, SMALL)
    (tmp_path / "0.json").write_bytes(b"")
    (tmp_path / "4.json").write_bytes(b"")
    with pytest.raises(RejectedError, match="more than 3 files"):
        BundleFolder(tmp_path, SMALL)


def test_a_file_that_grows_while_it_is_read_is_refused(good: Path, bundle: Path) -> None:
    folder = BundleFolder(bundle, load_rules("methods-v1").limits)
    (bundle / "README.md").write_text("x" * 100_000)
    with pytest.raises(RejectedError, match="grew while it was read"):
        folder.read("README.md")
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to(good / "README.md")
    with pytest.raises(ArenaError, match="cannot read"):
        folder.read("README.md")


def compressed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the compressed data have no end"),
        (b"plain", "is no zstd data"),
        (compressed(b"{}\n")[:-2], "the compressed data have no end"),
        (compressed(b"{}\n") + b"\0", "something stands behind the compressed data"),
        (compressed(b"{}\n") + compressed(b"{}\n"), "something stands behind the compressed data"),
        (compressed(b" " * (1 << 30)), "is more than 1000000 bytes when it is decompressed"),
        (compressed(b"{}"), "line 1 has no end"),
        (compressed(b'{"a":"\xff"}\n'), "line 1: is not UTF-8 at byte 6"),
        (compressed(b"{}\n\n"), "line 2: is not JSON"),
    ],
)
def test_compressed_lines_are_strict(content: bytes, said: str) -> None:
    with pytest.raises(RejectedError) as raised:
        list(strict_lines(content, "x", 1_000_000, 9))
    assert said in str(raised.value)


def test_what_stands_behind_a_result_is_seen(bundle: Path) -> None:
    path = bundle / RESULT
    lines = lines_of(path)
    write_lines(path, [*lines, lines[-1]])
    seal(bundle)
    assert "does not hold the turns of its episode" in fault_of(bundle)


def test_a_good_bundle_is_read(good: Path) -> None:
    assert verify(good).fault is None
