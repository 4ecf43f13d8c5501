"""What the methods of a bench are measured by: their start policies, the expert and chance."""

from collections.abc import Callable
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.scoring import SCRIPT, played
from arlarena_bench.policy.scripted import scripted_player
from arlarena_bench.record import (
    RESULT_FILE,
    PolicyRecord,
    Result,
    StartRecord,
    comparable,
    read_result,
    write_result,
)
from arlarena_bench.report.finding import find_runs
from arlarena_bench.report.table import START
from arlarena_bench.training.evaluate import evaluation_player
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.samplers import load_sampler
from arlarena_bench.training.start import find_start, start_record

SCRIPTS = ("expert", "random")


def write_references(folder: Path, say: Callable[[str], None]) -> None:
    """Play the starts of a bench's finished runs, the expert and chance on the runs' panel.

    Each is kept as a result in the bench's folder, and played again only where its result could
    not share a table with the runs.

    Args:
        folder: The bench's.
        say: Told what is played before it is, and why a start could not be.
    """
    runs = [run.result for run in find_runs(folder)[0] if run.result.policy.kind == "trained"]
    if not runs:
        return
    arena = Arena(runs[0].recipe)
    first: dict[StartRecord | None, Result] = {}
    for run in sorted(runs, key=lambda result: result.seed):
        first.setdefault(run.start, run)  # seeds may share a start
    for run in first.values():
        path = folder / START / f"seed-{run.seed}" / RESULT_FILE
        if not _is_kept(path, run):
            say(f"playing the start policy of seed {run.seed} on the panel")
            try:
                write_result(path, _start(run, arena))
            except ArenaError as error:
                say(f"the start policy of seed {run.seed} was not played: {error}")
    for name in SCRIPTS:
        path = folder / name / RESULT_FILE
        if not _is_kept(path, runs[0]):
            say(f"playing the policy {name} on the panel")
            record = PolicyRecord(kind="scripted", name=name)
            players = {SCRIPT: scripted_player(name)}
            write_result(path, played(players, record, arena, runs[0].recipe, "test"))


def _is_kept(path: Path, run: Result) -> bool:
    try:
        return not comparable(read_result(path, turns=False), run)
    except ArenaError:
        return False


def _start(run: Result, arena: Arena) -> Result:
    """Play the policy that a run began from.

    Raises:
        ArenaError: If it is not here any more.
    """
    folder = find_start(run.recipe)
    if folder is None or (start := start_record(run.recipe, folder)) != run.start:
        raise ArenaError("it is not in the cache any more; a bench of a new run makes it again")
    sampler, decoders = load_sampler(run.recipe, folder), run.recipe.evaluation.scored()
    players = {name: evaluation_player(sampler, run.recipe, name) for name in decoders}
    record = PolicyRecord(kind="start", name=start.name, sha256=start.sha256)
    return played(players, record, arena, run.recipe, "test", start)
