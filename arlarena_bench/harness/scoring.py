"""Scoring any policy on a frozen panel: a trained one, a downloaded one, or a script."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tabulate import tabulate

from arlarena_bench.errors import ArenaError, nearest, unknown
from arlarena_bench.harness.plan import parse_settings
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.model_folder import weight_files, weights_digest
from arlarena_bench.policy.model_source import fetch_model, is_hub_id, model_name
from arlarena_bench.policy.player import Player
from arlarena_bench.policy.scripted import SCRIPTED, scripted_player
from arlarena_bench.protocol.making import incomparable_line
from arlarena_bench.recipe import Recipe, read_recipe
from arlarena_bench.record import PolicyRecord, Result, StartRecord, Summary, provenance
from arlarena_bench.task_set import HELD_OUT
from arlarena_bench.training.evaluate import (
    evaluate,
    evaluation_decoder,
    evaluation_player,
    panel_record,
    score_of,
)
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.run import finished_result
from arlarena_bench.training.samplers import load_sampler

ALL = "all"
SCRIPT = "script"  # stands where a decoder's name would
# Settings that say what is played, and how a model is held meanwhile.
PLAYED = (
    "environment",
    "evaluation",
    "protocol",
    "sampler",
    "train.max_new_tokens",
    "train.sampling_batch_tokens",
)
HELD = "start.checkpoint"
ROWS = {
    "success": "{:.1%}",
    "score": "{:.3f}",
    "reward": "{:.3f}",
    "reward_turn_weighted": "{:.3f}",
    "length": "{:.2f}",
    "format_valid": "{:.1%}",
    "action_valid": "{:.1%}",
}


def score_policy(
    name: str,
    preset: str,
    environment: str,
    split: str,
    tasks: int | None,
    warn: Callable[[str], None] = lambda line: None,
    command: str | None = None,
    decoder: str | None = None,
    settings: Sequence[str] = (),
) -> Result:
    """Play a policy on the first tasks of a panel, and return its result.

    Args:
        name: `"oracle"`, `"expert"`, `"random"`, `"null"`, a run's folder, a Hugging Face folder,
            or the id of a model on the hub, `owner/name` or `owner/name@revision`.
        preset: Says how the environment is put to the policy, and how replies are sampled; a
            run's folder has its own recipe instead.
        environment: Short name or id.
        split: `"validation"` or `"test"`.
        tasks: How many; as the recipe says if None.
        warn: Told before anything is played why the scores cannot count, if they cannot.
        command: What was run, for the record; None for a call from Python.
        decoder: One of the recipe's decoders, or `"all"` of them; its headline if None. A script
            has none.
        settings: Replacements in the recipe, each `"dotted.key=value"`; those of
            `start.checkpoint` say how a model is held.

    Raises:
        ArenaError: If there is no such policy, split, preset or decoder, or a setting would change
            nothing.
    """
    if split not in HELD_OUT:
        raise unknown("split", split, HELD_OUT)
    stored = Path(name) / "recipe.yaml"
    base = read_recipe(stored) if stored.is_file() else load_recipe(preset, environment)
    recipe, loaded = with_settings(base, name, settings)
    if tasks is not None:
        recipe = recipe.with_values({f"evaluation.{split}_tasks": tasks})
    arena = Arena(recipe)
    for line in incomparable_line(arena.game):
        warn(line)
    folder = None if name in SCRIPTED else _folder(name)
    players = _players(name, folder, recipe, loaded, decoder)
    result = played(players, _record(name, folder), arena, recipe, split)
    result = result.model_copy(update={"provenance": provenance(command)})
    trained = None if name in SCRIPTED else finished_result(Path(name), turns=False)
    if trained is None:
        return result
    kept = {
        part: getattr(trained, part) for part in ("policy", "ruleset", "start", "training", "cost")
    }
    return result.model_copy(update=kept)


def played(
    players: Mapping[str, Player],
    record: PolicyRecord,
    arena: Arena,
    recipe: Recipe,
    split: str,
    start: StartRecord | None = None,
) -> Result:
    """Play a policy on a panel, and return its result.

    Args:
        players: Who answers under each decoder, the headline first; a script has `SCRIPT` alone.
        record: What the result says of it.
        arena: The recipe's environments.
        recipe: Says what is played, and how replies are drawn.
        split: `"validation"` or `"test"`.
        start: What `record` is, if it is the start of training.
    """
    episodes = {name: evaluate(player, arena, recipe, split) for name, player in players.items()}
    headline, main = next(iter(episodes.items()))
    decoders = {
        name: None if name == SCRIPT else evaluation_decoder(recipe, name) for name in players
    }
    scores = {name: score_of(episodes[name], decoders[name]) for name in players}
    failed = sum(len(score.failed) for score in scores.values())
    total = sum(map(len, episodes.values()))
    unplayed = f"{failed} of {total} episodes were not played; the same command goes on with them"
    against = [arena.game.incomparable, unplayed if failed else ""]
    return Result(
        policy=record,
        recipe=recipe,
        provenance=provenance(),
        start=start,
        panel=panel_record(arena.game.tasks.panel(split), main),
        conditions=arena.game.conditions,
        incomparable="; ".join(filter(None, against)),
        headline=headline,
        scores=scores,
    )


def scores_table(result: Result) -> str:
    """Return the scores of a result as text, a column a decoder."""
    panel = result.panel
    columns = {name: dict(_cells(score.summary)) for name, score in result.scores.items()}
    rows = [
        (row, *(column[row] for column in columns.values())) for row in columns[result.headline]
    ]
    headers = [result.label, *("" if name == SCRIPT else name for name in columns)]
    text = tabulate(rows, headers, "simple", colalign=("left", *("right" for _ in columns)))
    lines = [
        f"{result.recipe.environment.id}, preset {result.recipe.name}, panel {panel.name}: "
        f"{panel.tasks} tasks, SHA-256 {panel.digest[:12]}",
        *(f"{name}: {value}" for name, value in sorted(result.conditions.items())),
    ]
    if result.incomparable:
        lines.append(f"not for the leaderboard: {result.incomparable}")
    return "\n".join([text, "", *lines])


def _cells(summary: Summary) -> Iterator[tuple[str, str]]:
    yield from ((name, form.format(getattr(summary, name))) for name, form in ROWS.items())
    yield from ((f"  {name}", f"{p:.1%}") for name, p in summary.success_by_category.items())
    yield from ((f"pass@{k}", f"{p:.1%}") for k, p in summary.pass_at.items())
    yield from ((f"pass^{k}", f"{p:.1%}") for k, p in summary.pass_hat.items())
    yield from ((name, f"{value:.3f}") for name, value in summary.measures.items())


def sampling_player(
    name: str, preset: str, environment: str, settings: Sequence[str]
) -> tuple[Player, Recipe, str]:
    """Return who plays under a policy's name, by which recipe, and what records call it.

    Args:
        name: As of `score_policy`.
        preset: As of `score_policy`.
        environment: As of `score_policy`.
        settings: As of `score_policy`.

    Raises:
        ArenaError: If there is no such policy or preset, or a setting would change nothing.
    """
    recipe, loaded = with_settings(load_recipe(preset, environment), name, settings)
    folder = None if name in SCRIPTED else _folder(name)
    (player,) = _players(name, folder, recipe, loaded, None).values()
    return player, recipe, _record(name, folder).name


def with_settings(base: Recipe, name: str, settings: Sequence[str]) -> tuple[Recipe, Recipe]:
    """Return the recipe that is played and recorded, and the one by which a model is loaded.

    Raises:
        ArenaError: If a setting would change nothing.
    """
    values = parse_settings(settings)
    for key in values:
        if not key.startswith((*(f"{section}." for section in PLAYED[:4]), f"{HELD}.", *PLAYED)):
            raise ArenaError(
                f"--set {key}: an evaluation would not change by it; it reads {', '.join(PLAYED)} "
                f"and {HELD}"
            )
    held = {key: value for key, value in values.items() if key.startswith(HELD)}
    recipe = base.with_values({key: values[key] for key in values.keys() - held.keys()})
    if not held or recipe.start.checkpoint is not None:
        return recipe, recipe.with_values(held)
    begun = recipe.with_values({"start": {"checkpoint": {"ref": name}}})
    return recipe, begun.with_values(held)


def _record(name: str, folder: Path | None) -> PolicyRecord:
    if folder is None:
        return PolicyRecord(kind="scripted", name=name)
    known = weights_digest(folder) if weight_files(folder) else None
    ref = name.partition("@")[0]
    called = model_name(ref, folder) if is_hub_id(ref) else Path(name).resolve().name
    return PolicyRecord(kind="model", name=called, sha256=known)


def _players(
    name: str, folder: Path | None, recipe: Recipe, loaded: Recipe, decoder: str | None
) -> dict[str, Player]:
    """Return who plays as the policy, under each decoder that was asked for."""
    if folder is None:
        if decoder is not None:
            raise ArenaError(f"{name} is a script and has no decoder; leave out --decoder")
        return {SCRIPT: scripted_player(name)}
    decoders = chosen_decoders(recipe, decoder)
    sampler = load_sampler(loaded, folder)
    return {each: evaluation_player(sampler, recipe, each) for each in decoders}


def chosen_decoders(recipe: Recipe, decoder: str | None) -> list[str]:
    """Return the names of the decoders that are asked for: all, one, or the headline if None.

    Raises:
        ArenaError: If the recipe has no such decoder.
    """
    known = recipe.evaluation.scored()
    if decoder not in (None, ALL, *known):
        raise unknown("decoder", decoder, [ALL, *known])
    return list(known) if decoder == ALL else [decoder or next(iter(known))]


def _folder(name: str) -> Path:
    """Return the folder of a model: a run's, any other, or a snapshot of the hub."""
    folder = Path(name)
    if folder.is_file():
        raise ArenaError(f"{name} is a file; give a run's folder or a Hugging Face folder")
    if folder.is_dir() and not (folder / "recipe.yaml").is_file():
        return folder
    if folder.is_dir():
        if not (folder / "model").is_dir():
            raise ArenaError(f"the run in {name} is not finished; `arlarena train --resume` it")
        return folder / "model"
    ref, _, revision = name.partition("@")
    if is_hub_id(ref):
        return fetch_model(ref, revision or None)
    raise ArenaError(
        f"no policy {name!r}{nearest(name, SCRIPTED)} (a folder, owner/name of a model on the hub, "
        f"or {', '.join(SCRIPTED)})"
    )
