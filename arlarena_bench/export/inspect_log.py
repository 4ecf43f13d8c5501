"""Logs of Inspect (https://inspect.aisi.org.uk), in its JSON format: one a run and decoder."""

import json
from datetime import UTC, datetime
from math import sqrt
from typing import Any

from arlarena_bench.export.sources import OURS, Exported, part_of_path
from arlarena_bench.record import EpisodeRecord, Score
from arlarena_bench.submission.content_ids import content_id

VERSION = 2  # of the log's format
SCORER = "success"


def log_files(source: Exported, time: int) -> dict[str, str]:
    """Return the logs of a run by their names, which Inspect's viewer lists them by.

    Args:
        source: The run.
        time: When it was made, in Unix seconds.
    """
    created = datetime.fromtimestamp(time, UTC)
    stamp = created.strftime("%Y-%m-%dT%H-%M-%S+00-00")
    files = {}
    for decoder, score in sorted(source.result.scores.items()):
        log = _log(source, decoder, score, created.isoformat())
        told = part_of_path(f"{source.policy}-{decoder}").replace("_", "-")
        name = f"{stamp}_{told}_{log['eval']['task_id']}.json"
        files[name] = json.dumps(log, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return files


def _log(source: Exported, decoder: str, score: Score, created: str) -> dict[str, Any]:
    result, count = source.result, len(score.episodes)
    told = {"origin": source.origin, "policy": source.policy, "decoder": decoder}
    model = f"{OURS}/{source.policy}"
    share = score.summary.success
    metrics = {"accuracy": share, "stderr": sqrt(share * (1 - share) / count)}
    drawn = score.decoder
    return {
        "version": VERSION,
        "status": "success",
        "eval": {
            "eval_id": content_id(told | {"of": "eval"})[:22],
            "run_id": content_id(told | {"of": "run"})[:22],
            "created": created,
            "task": f"arlarena/{source.name}",
            "task_id": content_id(told | {"of": "task"})[:22],
            "task_version": result.recipe.environment.id.rpartition("-v")[2],
            "dataset": {
                "name": result.panel.name,
                "samples": result.panel.tasks,
                "sample_ids": list(dict.fromkeys(e.task_id for e in score.episodes)),
                "shuffled": False,
            },
            "model": model,
            "model_generate_config": {"max_tokens": result.recipe.train.max_new_tokens}
            | ({} if drawn is None else drawn.model_dump(mode="json")),
            "config": {"epochs": result.panel.attempts},
            "packages": {"arlarena_bench": result.provenance.version},
            "metadata": told
            | {
                "method": result.label,
                "options": result.recipe.method.options,
                "seed": result.seed,
                "panel_sha256": result.panel.digest,
                "policy_sha256": result.policy.sha256,
                "recipe_sha256": result.recipe.digest(),
                "conditions": result.conditions,
            },
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": count,
            "completed_samples": count,
            "scores": [
                {
                    "name": SCORER,
                    "scorer": SCORER,
                    "params": {},
                    "metrics": {
                        name: {"name": name, "value": value, "params": {}}
                        for name, value in metrics.items()
                    },
                }
            ],
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
        "samples": [
            _sample(source, episode, episode_id, model)
            for episode, episode_id in zip(score.episodes, source.ids[decoder], strict=True)
        ],
    }


def _sample(
    source: Exported, episode: EpisodeRecord, episode_id: str, model: str
) -> dict[str, Any]:
    told = source.messages(episode)
    messages = [
        {"id": f"{episode_id[:12]}-{number}", "role": role, "content": text}
        for number, (role, text) in enumerate(told)
    ]
    kept = episode.model_dump(
        mode="json", include={"score", "reward", "penalty", "reply_tokens", "measures"}
    )
    return {
        "id": episode.task_id,
        "epoch": episode.attempt + 1,
        "input": told[0][1],
        "target": "",
        "uuid": episode_id[:22],
        "messages": messages,
        "output": {
            "model": model,
            "choices": [{"message": messages[-1], "stop_reason": "stop"}],
        },
        "scores": {
            SCORER: {
                "value": 1 if episode.success else 0,
                "answer": told[-1][1],
                "metadata": kept,
            }
        },
        "metadata": {
            "episode_sha256": episode_id,
            "category": episode.category,
            "cluster": episode.cluster,
            "turns": episode.length,
        },
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
    }
