"""Run folders as training leaves them, made up."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any


def result_of(
    method: str, seed: int, episodes: list[tuple[float, int, bool]], **changes: Any
) -> dict[str, Any]:
    """A result whose summary follows from (return, turns, success) of its episodes."""
    count, turns = len(episodes), sum(e[1] for e in episodes)
    result = {
        "schema": 1,
        "method": method,
        "options": {},
        "environment": "arlarena/Sokoban-v0",
        "environment_name": "sokoban",
        "preset": "nano",
        "seed": seed,
        "commit": None,
        "version": "0.1.0",
        "recipe_digest": hashlib.sha256(f"{method} {seed}".encode()).hexdigest(),
        "start_policy": "5" * 64,
        "panel": {"name": "sokoban-6x6-1box/test", "digest": "a" * 64, "tasks": count},
        "episodes": [
            {
                "task_id": f"test/{number}",
                "reward": reward,
                "turns": length,
                "success": success,
                "score": float(success),
                "format_valid": 1.0,
                "action_valid": 1.0,
            }
            for number, (reward, length, success) in enumerate(episodes)
        ],
        "summary": {
            "success": sum(e[2] for e in episodes) / count,
            "score": sum(e[2] for e in episodes) / count,
            "reward": sum(e[0] for e in episodes) / count,
            "reward_turn_weighted": sum(e[0] * e[1] for e in episodes) / turns,
            "format_valid": 1.0,
            "action_valid": 1.0,
        },
        "training": {
            "steps": 50,
            "start_success": 0.17,
            "collapse_step": None,
            "collapse_cause": None,
            "kl_ref_final": 0.2,
            "final_fifth_success_std": 0.05,
            "skipped_updates": 0,
        },
    }
    training = changes.pop("training", {})
    result["training"] |= training  # type: ignore[operator]
    return result | changes


def solving(solved: int, of: int = 10) -> list[tuple[float, int, bool]]:
    """Episodes of which `solved` succeed in 4 turns (return 10.6), the rest fail in 12 (-1.2)."""
    return [(10.6, 4, True)] * solved + [(-1.2, 12, False)] * (of - solved)


def write_run(folder: Path, result: dict[str, Any], cpu_s: float | None = 0.96) -> Path:
    """A run folder as training leaves it: result, metrics and timing of its steps."""
    run = folder / result["method"] / f"seed-{result['seed']}"
    run.mkdir(parents=True)
    (run / "result.json").write_text(json.dumps(result))
    steps = range(result["training"]["steps"] + 1)
    rng = random.Random(f"{result['method']} {result['seed']}")
    metrics = [_metrics(step, rng) for step in steps]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in metrics))
    if cpu_s is not None:
        lines = [json.dumps({"step": s, "cpu_s/total": cpu_s}) + "\n" for s in steps if s]
        (run / "timing.jsonl").write_text("".join(lines))
    return run


def _metrics(step: int, rng: random.Random) -> dict[str, float]:
    line: dict[str, float] = {"step": step}
    if step % 10 == 0:
        line["validation/success"] = min(1.0, 0.17 + 0.01 * step * rng.uniform(0.6, 1.0))
    if step:
        line |= {
            "success/train": min(1.0, max(0.0, 0.2 + 0.01 * step + rng.gauss(0, 0.1))),
            "kl_ref": 0.004 * step * rng.uniform(0.5, 1.5),
            "grad_norm": rng.lognormvariate(-0.5, 0.5),
            "format_valid": 1 - 0.02 * rng.random(),
            "entropy": 0.5 * 0.97**step + 0.02 * rng.random(),
            "clip_fraction": 0.03 * rng.random(),
            "tokens/low_negative": 0.01 * rng.random(),
            "tokens/high_positive": 0.005 * rng.random(),
        }
    return line


# A run of seconds: everything is done, nothing is learnt.
TINY = (
    "start.frozen=null",
    "cloning.episodes=20",
    "cloning.clean_steps=3",
    "cloning.noisy_steps=1",
    "cloning.warmup=1",
    "evaluation.every=1",
    "evaluation.validation_tasks=4",
    "evaluation.test_tasks=8",
    "train.checkpoint_every=1",
    "train.group_size=4",
    "train.groups=2",
    "train.iterations=2",
)

METHOD_FILE = """
from dataclasses import replace

import arlarena_bench as arena


def method():
    return replace(arena.method("grpo"), aggregation="seq-mean-token-mean")
"""

FAILING_METHOD_FILE = """
from dataclasses import replace

import arlarena_bench as arena


def no_filter(groups):
    raise RuntimeError("no idea which")


def method():
    return replace(arena.method("grpo"), filter=no_filter)
"""
