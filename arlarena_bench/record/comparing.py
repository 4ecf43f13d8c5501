"""Which results may share a table."""

import json
from typing import Any

from arlarena_bench.recipe import TUNED, Recipe, digest, leaves
from arlarena_bench.record.result import Result

STARTS = "start policies"
DECODER = "decoder"
APART = ("method", "methods", "tuning", "seed", "control", "controls")
DRAWN = (DECODER, "recipe sampler.")
# How much vLLM holds at once.
ROOM = ("cache_gib", "context", "eager")
# Where a checkpoint lies and how it is computed; its weights are named by their hash.
HELD = ("attention", "device", "gradient_checkpointing", "ref", "revision")


def comparable(a: Result, b: Result) -> list[str]:
    """Return the reasons why two results cannot share a table, one a line; none if they can.

    They can where nothing but method and seed differs: the recipe is otherwise the same (a
    method's options and learning rate are its own in all of its seeds, a control's counts are
    divided by what it multiplies them with), and so are panel, tasks played, decoders,
    conditions and the set of start policies, or the checkpoint's weights; equal seeds began
    from the same start.
    """
    ours, theirs = table_facts(a), table_facts(b)
    names = f"{a.label} seed {a.seed}", f"{b.label} seed {b.seed}"
    reasons = [
        f"{fact} is {_shown(ours.get(fact))} in {names[0]} and {_shown(theirs.get(fact))} in "
        f"{names[1]}"
        for fact in sorted(ours.keys() | theirs.keys())
        if ours.get(fact) != theirs.get(fact) and _applies(fact, a) and _applies(fact, b)
    ]
    starts = [result.start.sha256[:12] for result in (a, b) if result.start]
    same_set = ours.get(STARTS) == theirs.get(STARTS)
    if same_set and a.seed == b.seed and len(set(starts)) > 1:
        reasons.append(
            f"the start policy of seed {a.seed} is {starts[0]} in {names[0]} and {starts[1]} in "
            f"{names[1]}"
        )
    if a.label == b.label:
        pairs = zip(_own(a.recipe).items(), _own(b.recipe).values(), strict=True)
        reasons += [
            f"they are of one name, but {fact} is {_shown(value)} in {names[0]} and "
            f"{_shown(other)} in {names[1]}"
            for (fact, value), other in pairs
            if value != other
        ]
    return reasons


def _own(recipe: Recipe) -> dict[str, Any]:
    """Return what another method may have otherwise, but not another seed."""
    return {
        "method.options": recipe.method.options,
        "method.source": recipe.method.source,
        "train.learning_rate": recipe.train.learning_rate,
        "controls": {name: control.model_dump() for name, control in recipe.controls.items()},
    }


def table_facts(result: Result) -> dict[str, Any]:
    """Return what all results of a table share, flat, by a name that a reader understands."""
    played = [(episode.task_id, episode.attempt) for episode in result.main.episodes]
    facts = recipe_facts(result.recipe) | {
        "schema": result.schema_version,
        "gaps of the record": ", ".join(result.lacks),
        "panel": result.panel.name,
        "panel digest": result.panel.digest,
        "tasks played": f"{len(played)}, SHA-256 {digest(played)[:12]}",
        f"{DECODER} first shown": result.headline,
        "reason against the leaderboard": result.incomparable,
    }
    facts |= {f"condition {name}": value for name, value in result.conditions.items()}
    if result.usage is not None and result.usage.left_out:
        facts["settings left out"] = ", ".join(result.usage.left_out)
    if result.start is not None:
        facts[STARTS] = result.start.set or result.start.sha256
    for name, score in result.scores.items():
        if score.decoder is not None:
            facts[f"{DECODER} {name}"] = score.decoder.model_dump_json()
    return facts


def recipe_facts(recipe: Recipe) -> dict[str, Any]:
    """Return the settings that the runs of a table share, as `table_facts` has them."""
    left_out: dict[str, Any] = {
        "start": {"checkpoint": set(HELD)},
        "sampler": set(ROOM),
        **dict.fromkeys(APART, True),
    }
    settings = recipe.without_control().model_dump(mode="json", exclude=left_out)
    return {f"recipe {key}": value for key, value in leaves(settings) if key not in TUNED}


def _applies(fact: str, result: Result) -> bool:
    """Whether a fact can be asked of a result: scripts draw nothing, and start from nothing."""
    if fact == STARTS:
        return result.start is not None
    return result.policy.kind != "scripted" or not fact.startswith(DRAWN)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return "not there" if value is None else text if len(text) <= 40 else f"{text[:40]}…"
