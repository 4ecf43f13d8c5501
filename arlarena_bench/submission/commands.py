"""`arlarena submit` and `arlarena verify`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arlarena_bench.console import print_json, stderr
from arlarena_bench.errors import ArenaError
from arlarena_bench.report.comparison import DEFAULT_ENVIRONMENT

if TYPE_CHECKING:
    from rich.progress import TaskID

    from arlarena_bench.harness.progress import Display
    from arlarena_bench.submission.preflight import Prospect
    from arlarena_bench.submission.verifying import Report, Verdict

REJECTED, UNREADABLE = 1, 2


def submit(
    runs: Annotated[
        list[str], typer.Argument(help="Runs, results or a bench's folder; a recipe with --check.")
    ],
    out: Annotated[Path | None, typer.Option(help="The bundle's folder.")] = None,
    name: Annotated[str | None, typer.Option(help="Who submits.")] = None,
    affiliation: Annotated[str | None, typer.Option(help="Where the submitter belongs.")] = None,
    contact: Annotated[str | None, typer.Option(help="How the submitter is reached.")] = None,
    paper: Annotated[str | None, typer.Option(help="Address of a paper.")] = None,
    tuning: Annotated[
        Path | None, typer.Option(help="The tuning.json of the grid that chose the values.")
    ] = None,
    track: Annotated[str, typer.Option(help="methods or agents.")] = "methods",
    checkpoints: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="SEEDS", help="Bring the trained policies of so many seeds only."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what a run of this recipe could enter.")
    ] = False,
    env: Annotated[
        str, typer.Option("--env", help="With --check: the preset's environment.")
    ] = DEFAULT_ENVIRONMENT,
    method: Annotated[
        str | None, typer.Option(help="With --check: the method, by name or file.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="With --check: replace a setting.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Make a bundle of finished runs that anybody can verify."""
    if check:
        _check(runs, env, method, settings or [], as_json)
        return
    from arlarena_bench.harness.progress import Display
    from arlarena_bench.submission.header import submitter_of
    from arlarena_bench.submission.packing import submit as write_bundle
    from arlarena_bench.submission.rules import newest_rules

    if out is None or name is None:
        raise ArenaError("give --out FOLDER and --name NAME, or --check")
    submitter = submitter_of(name, affiliation, contact, paper)
    rules = newest_rules(track)
    places = [Path(run) for run in runs]
    with Display(stderr()) as display:
        told = _reporting(display)
        verdict = write_bundle(places, out, submitter, rules, checkpoints, tuning, told)
    _print([verdict], [], as_json, explain=False)


def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle, or a folder of bundles.")],
    base: Annotated[
        str | None, typer.Option(help="Commit since which nothing may have vanished or changed.")
    ] = None,
    only_changed: Annotated[
        bool, typer.Option("--changed", help="With --base: verify only what has changed since.")
    ] = False,
    comment: Annotated[
        Path | None,
        typer.Option(help="With --base: also write what is to be said of the changes, Markdown."),
    ] = None,
    policy: Annotated[
        bool,
        typer.Option("--policy", help="Also score all sampled tokens by the bundle's checkpoints."),
    ] = False,
    leaderboard: Annotated[
        Path | None,
        typer.Option(help="Of the published runs; the one that the bundle lies in if none."),
    ] = None,
    retrain: Annotated[
        bool,
        typer.Option("--retrain", help="Also train a run again, which the bundle's root chooses."),
    ] = False,
    run: Annotated[
        list[str] | None, typer.Option(help="With --retrain: METHOD/SEED instead; may be repeated.")
    ] = None,
    trust_code: Annotated[
        bool, typer.Option("--trust-code", help="With --retrain: run method files of the bundle.")
    ] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="Runs that are replayed at a time; 0: one a core.")
    ] = 0,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="SEED", help="Also score checkpoints on a panel that is drawn from this seed."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the rules, and what was checked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compute everything in a bundle again: 0 verified, 1 rejected, 2 it cannot be read."""
    from arlarena_bench.harness.progress import Display
    from arlarena_bench.submission.append_only import (
        bundle_folders,
        changed_since,
        changes_since,
        withdrawal_faults,
    )
    from arlarena_bench.submission.verifying import Checks, identified, verify_each
    from arlarena_bench.submission.verifying import verify as verify_bundle

    if not retrain and (run or trust_code):
        raise ArenaError("--run and --trust-code need --retrain")
    if base is None and (only_changed or comment):
        raise ArenaError("--changed and --comment need --base COMMIT")
    folders = bundle_folders(bundle)
    alone = folders == [bundle]
    if alone and (only_changed or comment):
        raise ArenaError("--changed and --comment are of a folder of bundles")
    changed = set() if base is None or alone else changed_since(bundle, base)
    asked = [f for f in folders if f.name in changed] if only_changed else folders
    with Display(stderr()) as display:
        checks = Checks(
            policy or retrain,
            leaderboard,
            tuple(run or ()) if retrain else None,
            trust_code,
            hidden,
            jobs or os.cpu_count() or 1,
            _reporting(display),
        )
        verdicts = [verify_bundle(bundle, checks)] if alone else verify_each(asked, checks)
    others = identified(folder for folder in folders if folder not in asked)
    faults = [] if alone else list(withdrawal_faults(bundle, [*verdicts, *others]))
    if base is not None:
        faults += changes_since(bundle, base)
    if comment is not None:
        _write_comment(comment, bundle, base, [*verdicts, *others], faults, changed)
    _print(verdicts, faults, as_json, explain)
    if faults or any(verdict.fault is not None for verdict in verdicts):
        raise typer.Exit(REJECTED)


def _write_comment(
    path: Path,
    place: Path,
    base: str | None,
    verdicts: list["Verdict"],
    faults: list[str],
    changed: set[str],
) -> None:
    from arlarena_bench.files import write_whole
    from arlarena_bench.submission.append_only import withdrawn_since
    from arlarena_bench.submission.comment import comment
    from arlarena_bench.submission.withdrawals import WITHDRAWN_FILE, read_withdrawals

    try:
        withdrawn = read_withdrawals(place.parent / WITHDRAWN_FILE)
        newly = withdrawn_since(place, base or "HEAD")
    except ArenaError:
        withdrawn, newly = (), []  # one of the faults
    write_whole(path, comment(verdicts, faults, changed, withdrawn, newly))


def _reporting(display: "Display") -> "Report":
    """Return what shows a row for each thing that goes on."""
    rows: dict[str, TaskID] = {}

    def report(what: str, done: int, total: int) -> None:
        if what not in rows:
            rows[what] = display.add(what, total)
        display.update(rows[what], done, "")
        display.show()

    return report


def _check(
    runs: list[str], env: str, method: str | None, settings: list[str], as_json: bool
) -> None:
    from arlarena_bench.harness.plan import RunRequest
    from arlarena_bench.submission.preflight import prospects

    if len(runs) != 1:
        raise ArenaError("--check takes one recipe's .yaml file, or one preset's name")
    stored = Path(runs[0]) if runs[0].endswith((".yaml", ".yml")) else None
    found = prospects(RunRequest(runs[0], stored, env, method, None, settings).recipe())
    if as_json:
        from dataclasses import asdict

        print_json([asdict(prospect) for prospect in found])
    else:
        for prospect in found:
            typer.echo("\n".join(_prospect_lines(prospect)))
    if all(prospect.against for prospect in found):
        raise typer.Exit(REJECTED)


def _prospect_lines(prospect: "Prospect") -> list[str]:
    if prospect.against:
        return [f"{prospect.rules}: no", *(f"  {line}" for line in prospect.against)]
    return [
        f"{prospect.rules}: yes, ruleset {prospect.ruleset}, tier {prospect.tier}; ranked with "
        f"{prospect.ranked_seeds} seeds a method"
    ]


def _print(verdicts: list["Verdict"], faults: list[str], as_json: bool, explain: bool) -> None:
    if as_json:
        found = [_verdict_json(verdict) for verdict in verdicts]
        print_json({"bundles": found, "faults": faults})
        return
    for verdict in verdicts:
        typer.echo("\n".join(_verdict_lines(verdict, explain)))
    for fault in faults:
        typer.echo(f"rejected: {fault}")
    if not verdicts:
        typer.echo("no bundles here")


def _verdict_lines(verdict: "Verdict", explain: bool) -> list[str]:
    from arlarena_bench.submission.verifying import explained

    lines = explained(verdict.rules or None) if explain else []
    if explain:
        lines += [f"checked {what}: {how}" for what, how in verdict.checked.items()]
        lines += [line for run in verdict.policies for line in _policy_lines(verdict, run)]
    if verdict.fault is not None:
        return [*lines, f"rejected {verdict.place}: {verdict.fault}"]
    lines += [f"lacks {what}" for what in verdict.lacks]
    lines += [f"stays replayed: {run}: {why}" for run, why in verdict.unchecked.items()]
    if verdict.calibration is not None:
        lines.append(f"calibration: {verdict.calibration.line}")
    lines += [f"trained again: {found.line}" for found in verdict.retrained]
    if verdict.hidden:
        from arlarena_bench.submission.hidden import hidden_table

        lines += hidden_table(verdict.hidden)
    elif "hidden" in verdict.checked:
        lines.append(verdict.checked["hidden"])
    ranked = "ranked" if verdict.unranked is None else f"unranked: {verdict.unranked}"
    return [
        *lines,
        f"verified {verdict.place}: {verdict.id[:12]}, {verdict.rules}, {verdict.tier}, {ranked}",
    ]


def _policy_lines(verdict: "Verdict", run: str) -> Iterator[str]:
    policy = verdict.policies[run]
    if policy.unchecked is not None:
        yield f"  {run}: {policy.unchecked}"
    for decoder, found in policy.decoders.items():
        likely = (
            "each token the likeliest"
            if found.deviation is None
            else f"-log p differs from the entropy by {found.deviation:+.1f} standard errors"
        )
        yield (
            f"  {run}, decoder {decoder}: {found.regenerated} of {found.episodes} episodes are "
            f"those of their streams; {found.tokens} tokens, {likely}"
        )


def _verdict_json(verdict: "Verdict") -> dict[str, Any]:
    from dataclasses import asdict

    verified = verdict.fault is None
    return {
        **asdict(verdict),
        "place": verdict.place.as_posix(),
        "verified": verified,
        "tier": verdict.tier if verified else None,
    }
