"""Benchmarks that have no other test run on little."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_models import write_model

from arlarena_bench.harness.gpu_hours import FORWARD, gpu_model
from benchmarks import scale

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


def test_a_step_on_many_gpus_waits_for_the_longest_episode_and_never_for_an_environment() -> None:
    found = rows(run("scale", "--env", "sokoban", "--gpus", "8,64,512"))
    share = [[float(cell.rstrip("%")) for cell in row[2:9]] for row in found]
    assert [row[0] for row in found] == ["8", "64", "512"]
    assert all(abs(sum(row[:5]) - 100) < 0.5 and row[5] < 5 for row in share)
    assert share[0][1] < share[1][1] < share[2][1]
    assert share[0][6] == 100 > share[1][6] > share[2][6]


def test_what_a_gpu_plays_takes_as_long_as_its_parts() -> None:
    model, prompt, turn = gpu_model(), 100.0, 0.5
    prefill = FORWARD * scale.PARAMETERS * prompt / (model.flops * model.busy.prompts)
    alone, both = (scale.decoding_step(active, prompt) for active in (1, 2))
    assert scale.play([np.array([10.0])], prompt, turn, model) == pytest.approx(
        turn + prefill + 10 * alone + turn
    )
    # The second episode's prompt holds the first one up; then both decode, then the longer one.
    assert scale.play([np.array([10.0]), np.array([30.0])], prompt, turn, model) == pytest.approx(
        turn + 2 * prefill + 10 * both + 20 * alone + turn
    )
    assert scale.gathering(8e9, 8) == pytest.approx(8e9 * 7 / 8 / scale.INSIDE)
    assert scale.gathering(8e9, 16) > scale.gathering(8e9, 8)
