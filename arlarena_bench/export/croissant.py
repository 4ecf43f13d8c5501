"""Croissant 1.1 (https://docs.mlcommons.org/croissant): a panel and what was played of it, as data.

Beside the description lie two files of JSON lines: the panel's tasks, and the episodes.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from arlarena_bench.export.sources import OURS, Exported

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
_TEXT, _WHOLE, _NUMBER, _TRUTH = "sc:Text", "sc:Integer", "sc:Float", "sc:Boolean"
_TASK = {
    "task_id": (_TEXT, "Id of the task in its environment."),
    "sha256": (_TEXT, "SHA-256 of the task's content."),
}
_EPISODE = {
    "episode": (_TEXT, "SHA-256 of the episode with its turns."),
    "method": (_TEXT, "Method, or another policy."),
    "seed": (_WHOLE, "Training seed."),
    "decoder": (_TEXT, "How replies were drawn."),
    "task_id": (_TEXT, "Which task was played."),
    "attempt": (_WHOLE, "0, 1, … where a task is played several times."),
    "success": (_TRUTH, "Whether the task was solved."),
    "score": (_NUMBER, "Quality of the outcome in [0, 1]."),
    "return": (_NUMBER, "Of the environment, without penalties."),
    "turns": (_WHOLE, "Length of the episode."),
    "replies": (_TEXT, "Every reply, as a JSON list."),
}
# What JSON-LD calls the names below, as the specification prints it.
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def episode_lines(source: Exported) -> list[str]:
    """Return the episodes of a run, a line of JSON each."""
    result = source.result
    lines = []
    for decoder, score in sorted(result.scores.items()):
        for episode, episode_id in zip(score.episodes, source.ids[decoder], strict=True):
            replies = episode.turns.replies if episode.turns else ()
            values = (
                episode_id, result.label, result.seed, decoder, episode.task_id, episode.attempt,
                episode.success, episode.score, episode.reward, episode.length,
                json.dumps(replies, ensure_ascii=False),
            )  # fmt: skip
            lines.append(_line(dict(zip(_EPISODE, values, strict=True))))
    return lines


def dataset_files(source: Exported, episodes: Sequence[str], time: int) -> dict[str, str]:
    """Return the three files of a panel and its episodes by name.

    Args:
        source: Any run on that panel.
        episodes: Of all runs, from `episode_lines`.
        time: When they were published, in Unix seconds.
    """
    split = source.result.panel.split
    tasks = source.environment.game.tasks.digests(split)
    files = {
        "tasks.jsonl": "".join(_line({"task_id": t, "sha256": d}) for t, d in tasks.items()),
        "episodes.jsonl": "".join(episodes),
    }
    described = _described(source, files, time)
    files["croissant.json"] = json.dumps(described, indent=1, ensure_ascii=False) + "\n"
    return files


def _described(source: Exported, files: dict[str, str], time: int) -> dict[str, Any]:
    result = source.result
    date = datetime.fromtimestamp(time, UTC).date().isoformat()
    version = result.provenance.version
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": f"{OURS}-{result.recipe.name}-{source.name}-{result.panel.split}",
        "description": (
            f"Panel {result.panel.name} of {result.recipe.environment.id}, SHA-256 "
            f"{result.panel.digest}, and what policies of preset {result.recipe.name} did in it."
        ),
        "url": f"urn:sha256:{source.origin}",
        "license": LICENCE,
        "version": version if version.count(".") == 2 else "0.0.0",
        "datePublished": date,
        "creator": {
            "@type": "sc:Organization",
            "name": source.submitter.name if source.submitter else OURS,
        },
        "citeAs": "ARLArena, arXiv:2602.21534; see CITATION.cff",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "encodingFormat": "application/jsonlines",
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
            }
            for name, text in files.items()
        ],
        "recordSet": [
            _records("tasks", "The panel.", _TASK),
            _records("episodes", "What was played of it.", _EPISODE),
        ],
    }


def _records(name: str, says: str, fields: dict[str, tuple[str, str]]) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": says,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{field}",
                "name": field,
                "description": about,
                "dataType": kind,
                "source": {
                    "fileObject": {"@id": f"{name}.jsonl"},
                    "extract": {"column": field},
                },
            }
            for field, (kind, about) in fields.items()
        ],
    }


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"
