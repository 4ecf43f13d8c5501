"""Every Eval Ever, version 0.3.0 of its schema: a record a run, and a row an episode beside it.

https://github.com/evaleval/every_eval_ever. Scores are proportions, every value of an open map is a
string, and a record's file is named by a UUID that follows from its id.
"""

import hashlib
import json
import re
from math import sqrt
from typing import Any
from uuid import UUID

from arlarena_bench.export.sources import OURS, Exported
from arlarena_bench.record import EpisodeRecord, Score
from arlarena_bench.statistics import LEVEL, wilson

SCHEMA = "0.3.0"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*[\w-]/[A-Za-z0-9][\w.-]*[\w-]", re.ASCII)


def record_files(source: Exported, time: int) -> dict[str, str]:
    """Return the two files of a run by their paths: the record, and its episodes.

    Args:
        source: The run.
        time: When the record was made, in Unix seconds.
    """
    result = source.result
    evaluation = f"arlarena/{source.origin}/{result.label}/{source.name}/{result.seed}"
    developer, model = _identity(source)
    path = f"data/{OURS}/{model}/{_uuid(evaluation)}"
    common = {"schema_version": SCHEMA, "evaluation_id": evaluation}
    rows = [
        common | {"model_id": model} | _row(source, name, episode, episode_id)
        for name, score in sorted(result.scores.items())
        for episode, episode_id in zip(score.episodes, source.ids[name], strict=True)
    ]
    samples = "".join(f"{_json(row)}\n" for row in rows)
    record = common | {
        "retrieved_timestamp": str(time),
        "source_metadata": _source(source),
        "eval_library": {"name": "arlarena_bench", "version": result.provenance.version},
        "model_info": {
            "name": source.policy,
            "id": model,
            "developer": developer,
            "inference_engine": {"name": "arlarena_bench", "version": result.provenance.version},
            "additional_details": _details(source),
        },
        "evaluation_results": [
            _evaluation(source, name, score) for name, score in sorted(result.scores.items())
        ],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": f"{path}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(samples.encode()).hexdigest(),
            "total_rows": len(rows),
        },
    }
    return {f"{path}.json": _json(record, indent=1) + "\n", f"{path}_samples.jsonl": samples}


def _uuid(evaluation: str) -> UUID:
    """Return a UUID that follows from an id, in the form of version 4, which the schema wants."""
    return UUID(bytes=hashlib.sha256(evaluation.encode()).digest()[:16], version=4)


def _identity(source: Exported) -> tuple[str, str]:
    """Return developer and id of what played: a model of the hub by its own, all else by ours."""
    policy = source.result.policy
    if policy.kind == "model" and _HUB_ID.fullmatch(policy.name):
        return policy.name.partition("/")[0], policy.name
    slug = ""
    if source.submitter is not None:
        slug = re.sub(r"[^a-z0-9]+", "-", source.submitter.name.lower()).strip("-")
    developer = slug if slug not in ("", "data") else OURS
    return developer, f"{developer}/{source.policy}"


def _source(source: Exported) -> dict[str, Any]:
    who = source.submitter
    return {
        "source_name": OURS,
        "source_type": "evaluation_run",
        "source_organization_name": (who.affiliation or who.name) if who else OURS,
        "evaluator_relationship": "first_party",
        "additional_details": {"origin": source.origin},
    }


def _details(source: Exported) -> dict[str, str]:
    """Return what else is known of the model; every value is a string."""
    result = source.result
    weights = result.policy.kind in ("trained", "start")
    told = {
        "method": result.label,
        "options": _json(result.recipe.method.options),
        "preset": result.recipe.name,
        "ruleset": result.ruleset,
        "seed": str(result.seed),
        "policy_kind": result.policy.kind,
        "policy_sha256": result.policy.sha256,
        "start_sha256": result.start.sha256 if result.start else None,
        "recipe_sha256": result.recipe.digest(),
        "commit": result.provenance.commit,
    }
    return {
        "deployment_type": "self_deployed",
        "model_availability": "open_weights" if weights else "unknown",
        **{name: value for name, value in told.items() if value is not None},
    }


def _evaluation(source: Exported, decoder: str, score: Score) -> dict[str, Any]:
    result, count = source.result, len(score.episodes)
    share = score.summary.success
    low, high = wilson(sum(episode.success for episode in score.episodes), count)
    generated: dict[str, Any] = {"max_tokens": result.recipe.train.max_new_tokens}
    if score.decoder is not None:
        drawn = score.decoder
        generated |= {"temperature": drawn.temperature, "top_p": drawn.top_p, "top_k": drawn.top_k}
    return {
        "evaluation_result_id": _result_id(decoder),
        "evaluation_name": f"arlarena.{source.name}",
        "source_data": {
            "dataset_name": result.panel.name,
            "source_type": "other",
            "additional_details": {
                "sha256": result.panel.digest,
                "tasks": str(result.panel.tasks),
                "attempts": str(result.panel.attempts),
                "environment": result.recipe.environment.id,
                **{f"condition: {name}": text for name, text in sorted(result.conditions.items())},
            },
        },
        "metric_config": {
            "evaluation_description": f"Share of tasks that were solved, decoder {decoder}",
            "metric_id": "success",
            "metric_name": "Success",
            "metric_kind": "pass_rate",
            "metric_unit": "proportion",
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": 1.0,
        },
        "score_details": {
            "score": share,
            "details": {"decoder": decoder, "headline": _json(decoder == result.headline)},
            "uncertainty": {
                "standard_error": {
                    "value": sqrt(share * (1 - share) / count),
                    "method": "analytic",
                },
                "confidence_interval": {
                    "lower": low,
                    "upper": high,
                    "confidence_level": LEVEL,
                    "method": "Wilson, over tasks, for this training seed alone",
                },
                "num_samples": count,
            },
        },
        "generation_config": {"generation_args": generated},
    }


def _result_id(decoder: str) -> str:
    return f"success/{decoder}"


def _row(source: Exported, decoder: str, episode: EpisodeRecord, episode_id: str) -> dict[str, Any]:
    messages = source.messages(episode)
    first = messages[0][1]
    attempts = source.result.panel.attempts
    details = {
        "episode_sha256": episode_id,
        "score": _json(episode.score),
        "return": _json(episode.reward),
        "penalty": _json(episode.penalty),
        "reply_tokens": str(episode.reply_tokens),
        "category": episode.category,
        "cluster": episode.cluster,
    }
    last = len(messages) - 1
    parsed = source.environment.game.reply_format.parse(messages[last][1])
    return {
        "evaluation_name": f"arlarena.{source.name}",
        "evaluation_result_id": _result_id(decoder),
        "sample_id": episode.task_id if attempts == 1 else f"{episode.task_id}#{episode.attempt}",
        "sample_hash": hashlib.sha256(first.encode()).hexdigest(),
        "interaction_type": "multi_turn",
        "input": {"raw": first, "reference": []},
        "output": None,
        "messages": [
            {"turn_idx": number, "role": role, "content": text}
            for number, (role, text) in enumerate(messages)
        ],
        "answer_attribution": [
            {
                "turn_idx": last,
                "source": f"messages[{last}].content",
                "extracted_value": parsed.command,
                "extraction_method": type(source.environment.game.reply_format).__name__,
                "is_terminal": True,
            }
        ],
        "evaluation": {
            "score": float(episode.success),
            "is_correct": episode.success,
            "num_turns": episode.length,
        },
        "metadata": {name: value for name, value in details.items() if value is not None},
    }


def _json(data: Any, indent: int | None = None) -> str:
    return json.dumps(data, indent=indent, sort_keys=True, ensure_ascii=False, allow_nan=False)
