"""The parts of the fork server that a call from outside does not show."""

import os
import socket
import time
from pathlib import Path

import pytest

from arlarena_bench.envs.tir_math.sandbox.inside import server
from arlarena_bench.envs.tir_math.sandbox.inside.folder import remove
from arlarena_bench.envs.tir_math.sandbox.inside.server import Server


def test_no_call_waits_for_the_folder_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(folder: str) -> None:
        time.sleep(1)
        remove(folder)

    monkeypatch.setattr(server, "remove", slowly)
    full, empty = tmp_path / "full", tmp_path / "empty"
    for folder in (full, empty):
        folder.mkdir()
    (full / "file").touch()
    with socket.socket() as control:
        serving = Server(control, "none", {})  # type: ignore[typeddict-item]
        serving._remove(str(empty))
        assert not empty.exists()
        assert not serving.removers
        serving._remove(str(full))
        assert full.exists(), "the server goes on at once"
        (remover,) = serving.removers
        os.waitpid(remover, 0)
    assert not full.exists()
