"""Benchmarks that have no other test run on little."""

import os
import subprocess
import sys
from pathlib import Path

from tiny_models import write_model

ROOT = Path(__file__).parents[1]


def run(name: str, *words: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{name}", *words]
    shell = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    done = subprocess.run(command, cwd=ROOT, env=shell, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(printed: str) -> list[list[str]]:
    """The cells of a table, without its head."""
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_episodes_go_through_each_sampler() -> None:
    printed = run("rollout", "--episodes", "2,4", "--set", "environment.kwargs.horizon=3")
    found = rows(printed)
    assert [(name, count) for name, count, *_ in found] == [
        ("in process", "2"), ("in process", "4"), ("endpoint", "2"), ("endpoint", "4"),
    ]  # fmt: skip
    assert found[-1][2:5] == ["12", "4", "96"], "four episodes of three turns, of eight tokens"
    assert "nano.sokoban, the start policy\n" in printed, (
        "whose rollouts they are; vLLM may be missing"
    )


def test_rows_are_decoded_at_once_and_as_memory_takes_them(tmp_path: Path) -> None:
    model = write_model(tmp_path, "LlamaForCausalLM", max_position_embeddings=512)
    found = rows(run("memory", "--decode", str(model), "--batches", "2,4"))
    assert [row[:2] for row in found] == [["2", "2"], ["4", "4"], ["4", "4"]]
    assert all(float(row[3]) > 0 for row in found)
