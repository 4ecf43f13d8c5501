"""Benchmarks that have no other test run on little."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import write_model

from arlarena_bench.harness.dry_run import architectures
from arlarena_bench.harness.gpu_hours import FORWARD, gpu_model
from arlarena_bench.harness.gpu_memory import GIB
from benchmarks import gpu, scale

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


def test_an_update_of_a_real_model_wants_a_gpu() -> None:
    shell = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", "Qwen3-4B"],
        cwd=ROOT,
        env=shell | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: torch finds no GPU on this machine\n"


def test_an_update_is_measured_part_by_part(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Without a GPU only its counters are played; what they count is ours."""
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 16}
    small |= {"num_key_value_heads": 1, "intermediate_size": 64, "vocab_size": 1000}
    shapes = {"small": architectures()["Qwen3-0.6B"] | small}
    monkeypatch.setattr(gpu, "DEVICE", "cpu")
    monkeypatch.setattr(gpu, "architectures", lambda: shapes)
    held = iter(step * GIB for step in (0, 1, 3, 6))
    played = {"is_available": True, "get_device_name": "none", "max_memory_allocated": 10 * GIB}
    played |= {"synchronize": None, "reset_peak_memory_stats": None}
    for name, value in played.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: next(held))
    monkeypatch.setattr(sys, "argv", ["gpu", "small", "--rows", "2", "--at-once", "512"])
    gpu.main()
    printed = rows(capsys.readouterr().out)
    assert printed[:5] == [
        ["weights", "1.0"],
        ["reference policy", "2.0"],
        ["optimiser, float32", "3.0"],
        ["gradients and activations", "4.0"],
        ["together", "10.0"],
    ]
    assert [row[0] for row in printed[-2:]] == ["update", "reference"]


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
