"""Verifying a bundle: reading it safely, and computing everything in it again."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from gymnasium.error import Error as GymnasiumError

from arlarena_bench.errors import ArenaError
from arlarena_bench.method_file import source_digest
from arlarena_bench.plugins import one_line
from arlarena_bench.policy.scripted import scripted_player
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import RESULT_FILE, EpisodeRecord, Result, check, parse_result
from arlarena_bench.submission.bundle_folder import (
    HEADER_FILE,
    METHODS,
    MODEL,
    README_FILE,
    TUNING_FILE,
    BundleFolder,
    shown,
)
from arlarena_bench.submission.calibration import Calibration, calibrate, leaderboard_of
from arlarena_bench.submission.eligibility import (
    ranked_fault,
    result_fault,
    seeds_fault,
    tuning_fault,
)
from arlarena_bench.submission.header import Header, findings
from arlarena_bench.submission.hidden import HiddenScore, score_hidden
from arlarena_bench.submission.parallel import each_of
from arlarena_bench.submission.placing import method_folder, run_folder
from arlarena_bench.submission.read_header import header_of, read_header, strictest_limits
from arlarena_bench.submission.replaying import Replay, Replayer, replay
from arlarena_bench.submission.retraining import Retrained, chosen, retrain
from arlarena_bench.submission.rules import (
    MEGABYTE,
    CalibrationRule,
    Limits,
    Rules,
    Tier,
    load_rules,
    newest_rules,
    rules_names,
)
from arlarena_bench.submission.run_policy import RunPolicy, place_of, run_policy
from arlarena_bench.submission.strict_json import RejectedError, parse_json, strict_lines
from arlarena_bench.submission.tokens import TokenCheck
from arlarena_bench.training.evaluate import evaluate
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start_set import WEIGHTS

TOLERANCE = 1e-9
HIGHEST: Tier = "replayed"
"""The highest tier that is reached without a bundle's checkpoints."""

Report = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much in all."""


def quietly(what: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What is done beside replaying.

    Attributes:
        policy: Whether sampled tokens are scored again by the bundle's checkpoints.
        leaderboard: Of the published runs; None for the one that a bundle lies in.
        retrain: Runs to train again, `<method>/<seed>` each; empty for one that the bundle's
            root chooses, None for none. It needs `policy`.
        trust_code: Whether method files out of a bundle may be run for that.
        hidden: Seed of a panel that is not public, on which checkpoints are scored; None for none.
        jobs: How many runs are replayed at a time, each in a process.
        report: Told how far it is.
    """

    policy: bool = False
    leaderboard: Path | None = None
    retrain: tuple[str, ...] | None = None
    trust_code: bool = False
    hidden: str | None = None
    jobs: int = 1
    report: Report = quietly


@dataclass(slots=True)
class Verdict:
    """What came of verifying a bundle.

    Attributes:
        place: The bundle's folder.
        id: The bundle's, empty where it could not be read.
        rules: Name of its rules, likewise.
        fault: Why it is rejected, one line; None where it is verified.
        tier: What it has reached.
        unranked: Why its rows have no rank; None where they have one.
        checked: What was checked, and how much of it, in that order.
        lacks: What its records do not hold, so that it was not checked.
        rows: Of its table, as in the header.
        policies: Who has sampled, by run; empty where that was not checked.
        calibration: The bundle's own runs of a known method against the published ones; None
            where it has none, or the rules name no method.
        retrained: What was trained again.
        hidden: Scores on a hidden panel, by method.
    """

    place: Path
    id: str = ""
    rules: str = ""
    fault: str | None = None
    tier: Tier = "self-reported"
    unranked: str | None = None
    checked: dict[str, str] = field(default_factory=dict)
    lacks: list[str] = field(default_factory=list)
    rows: tuple[dict[str, Any], ...] = ()
    policies: dict[str, RunPolicy] = field(default_factory=dict)
    calibration: Calibration | None = None
    retrained: list[Retrained] = field(default_factory=list)
    hidden: list[HiddenScore] = field(default_factory=list)

    @property
    def unchecked(self) -> dict[str, str]:
        """Why runs stay replayed, where their policies were asked for; not of scripts and starts.

        Only what was trained, or is a model, makes a tier.
        """
        return {run: p.unchecked for run, p in self.policies.items() if p.counts and p.unchecked}


def verify(place: Path, checks: Checks = Checks()) -> Verdict:
    """Verify a bundle.

    Args:
        place: Its folder.
        checks: What is done beside replaying.

    Raises:
        ArenaError: If it cannot be read at all: there is none, or it is of another version.
    """
    verdict = Verdict(place)
    try:
        _verify(verdict, checks)
    except RejectedError as error:
        verdict.fault = str(error)
    except (ArithmeticError, RecursionError, ValueError) as error:
        # Numbers of a stranger's choice, such as two that overflow when they are added.
        verdict.fault = f"it cannot be computed again: {shown(one_line(error))}"
    return verdict


def verify_each(
    places: Iterable[Path], checks: Checks = Checks(), *, only_read: bool = False
) -> list[Verdict]:
    """Verify several bundles, or only read them; one that cannot be read is rejected."""
    verdicts = []
    for place in places:
        try:
            verdicts.append(read_only(place) if only_read else verify(place, checks))
        except ArenaError as error:
            verdicts.append(Verdict(place, fault=str(error)))
    return verdicts


def read_only(place: Path) -> Verdict:
    """Compare a bundle's files with its header, and step nothing again: *self-reported*.

    Raises:
        ArenaError: If it cannot be read at all.
    """
    verdict = Verdict(place)
    try:
        _read_header_and_files(verdict)
    except RejectedError as error:
        verdict.fault = str(error)
    return verdict


def identified(places: Iterable[Path]) -> list[Verdict]:
    """Return the ids of bundles that are not verified; empty of one whose header is damaged."""
    verdicts = []
    for place in places:
        try:
            verdicts.append(Verdict(place, header_of(place).id))
        except ArenaError:
            verdicts.append(Verdict(place))
    return verdicts


def _verify(verdict: Verdict, checks: Checks) -> None:
    folder, header = _read_header_and_files(verdict)
    rules = load_rules(header.rules)
    results = {name: _read_result(folder, name, rules.limits) for name in sorted(header.runs)}
    _check_rules(rules, results)
    _check_tuning(folder, results, rules.limits)
    verdict.checked["rules"] = f"{len(rules.spoken())} rules of {rules.name}"
    verdict.unranked = ranked_fault(rules, results)
    environments = _environments(results)
    for run, result in results.items():
        _check_record(run, result, environments[run])
    _check_findings(header, results)
    _check_attachments(header, results)
    episodes = sum(len(s.episodes) for r in results.values() for s in r.scores.values())
    verdict.checked["content"] = f"{episodes} episodes by their ids, the header and its table"
    turns = _replay_runs(verdict, checks, folder, rules, results, environments)
    verdict.checked["replay"] = f"{turns} turns replayed, none different"
    verdict.tier = HIGHEST
    if checks.policy:
        _conclude_policies(verdict)
    verdict.lacks = sorted(_lacks(results))
    if rules.calibration is not None:
        _calibrate(verdict, checks, rules.calibration, results)
    if checks.retrain is not None:
        _retrain(verdict, checks, folder, header, rules, results)
    if checks.hidden is not None:
        try:
            verdict.hidden = score_hidden(folder, results, checks.hidden, checks.report)
            verdict.checked["hidden"] = f"{len(verdict.hidden)} methods on a hidden panel"
        except RejectedError:
            raise
        except ArenaError as error:
            verdict.checked["hidden"] = f"no hidden panel: {error}"


def _read_header_and_files(verdict: Verdict) -> tuple[BundleFolder, Header]:
    # Which rules it is under stands in the header, which is read under the strictest limits.
    folder = BundleFolder(verdict.place, strictest_limits())
    header = read_header(folder, strictest_limits())
    verdict.id, verdict.rules, verdict.rows = header.id, header.rules, header.table
    _check_files(folder, header)
    verdict.checked["files"] = f"{len(folder.sizes)} files, each by its SHA-256"
    return folder, header


def _retrain(
    verdict: Verdict,
    checks: Checks,
    folder: BundleFolder,
    header: Header,
    rules: Rules,
    results: Mapping[str, Result],
) -> None:
    """Train runs again; the tier is that of a bundle whose other checks have been passed."""
    if rules.retraining is None:
        raise ArenaError(
            f"{rules.name} have no tier for what is trained again; leave out --retrain"
        )
    for run in chosen(results, header.root, checks.retrain or ()):
        found = retrain(
            folder, run, results, rules.retraining.level, checks.trust_code, checks.report
        )
        verdict.retrained.append(found)
    verdict.checked["retraining"] = "; ".join(found.line for found in verdict.retrained)
    good = all(found.verdict in ("identical", "within") for found in verdict.retrained)
    if good and verdict.tier == "policy-checked":
        verdict.tier = "re-trained"


def _calibrate(
    verdict: Verdict, checks: Checks, rule: CalibrationRule, results: Mapping[str, Result]
) -> None:
    leaderboard = checks.leaderboard or leaderboard_of(verdict.place)
    found = verdict.calibration = calibrate(rule, results, leaderboard)
    if found is not None:
        verdict.checked["calibration"] = found.line
        if rule.reject and found.verdict == "differs":
            raise RejectedError(f"rule calibration: {found.line}")


def _check_files(folder: BundleFolder, header: Header) -> None:
    """Compare the files that there are with those of the header."""
    there = set(folder.sizes) - {HEADER_FILE}
    if unknown := sorted(there - set(header.files)):
        raise RejectedError(f"{unknown[0]}: is a file that the header does not know")
    if missing := sorted(set(header.files) - there):
        raise RejectedError(f"{shown(missing[0])}: is missing")
    for name, digest in header.files.items():
        if (found := folder.sha256(name)) != digest:
            raise RejectedError(
                f"{name}: its SHA-256 is {found[:12]}, the header has {digest[:12]}"
            )
    expected = {f"{name}/{RESULT_FILE}" for name in header.runs} | {README_FILE}
    expected |= {TUNING_FILE} & there
    for label, method in header.methods.items():
        expected |= {f"{METHODS}/{method_folder(label)}/{name}" for name in method.files}
    for name in sorted(there):
        run, _, file = name.rpartition(f"/{MODEL}/")
        if name not in expected and not (run in header.runs and "/" not in file):
            raise RejectedError(f"{name}: belongs to no run and no method of the header")
    if lost := sorted(expected - there):
        raise RejectedError(f"{shown(lost[0])}: is missing")


def _read_result(folder: BundleFolder, run: str, limits: Limits) -> Result:
    name = f"{run}/{RESULT_FILE}"
    content = folder.read(name)
    most = limits.decompressed_mb * MEGABYTE
    try:
        result = parse_result(strict_lines(content, name, most, limits.json_depth), name)
    except RejectedError:
        raise
    except ArenaError as error:
        raise RejectedError(shown(str(error))) from None
    if run_folder(result) != run:
        raise RejectedError(f"{name}: holds {shown(run_folder(result))}")
    return result


def _check_findings(header: Header, results: Mapping[str, Result]) -> None:
    """Compute the header again, and compare it; of an episode, say which."""
    try:
        ours = findings(results)
    except ArenaError as error:
        raise RejectedError(shown(str(error))) from None
    for run, told in header.runs.items():
        for decoder, ids in ours.runs[run].episodes.items():
            listed = told.episodes.get(decoder, ())
            for episode, ours_id in zip(results[run].scores[decoder].episodes, ids, strict=True):
                if ours_id not in listed:
                    raise RejectedError(
                        f"{run}, task {shown(episode.task_id)}, attempt {episode.attempt}, decoder "
                        f"{decoder}: the header does not have its id {ours_id[:12]}"
                    )
    data = header.data()
    computed = ours.model_dump(mode="json")
    for name in computed:
        if difference := next(_differences(data[name], computed[name], name), None):
            raise RejectedError(f"{HEADER_FILE}: {shown(difference)}")


def _differences(told: Any, ours: Any, where: str) -> Iterator[str]:
    """Yield where two pieces of JSON data differ."""
    if isinstance(told, dict) and isinstance(ours, dict):
        for key in sorted(told.keys() | ours.keys()):
            if key not in ours:
                yield f"{where}.{key} follows from no result"
            elif key not in told:
                yield f"{where}.{key} is missing"
            else:
                yield from _differences(told[key], ours[key], f"{where}.{key}")
    elif isinstance(told, list) and isinstance(ours, list) and len(told) == len(ours):
        for number, (one, other) in enumerate(zip(told, ours, strict=True)):
            yield from _differences(one, other, f"{where}.{number}")
    elif isinstance(told, float) and isinstance(ours, float):
        if not math.isclose(told, ours, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            yield f"{where} is {told}, the results give {ours}"
    elif type(told) is not type(ours) or told != ours:
        yield f"{where} is {str(told)[:60]}, the results give {str(ours)[:60]}"


def _check_attachments(header: Header, results: Mapping[str, Result]) -> None:
    """Compare method files and checkpoints with what the results say of them."""
    for label, method in header.methods.items():
        if source_digest(method.files) != method.source:
            raise RejectedError(
                f"{METHODS}/{method_folder(label)}: its files are not of its source"
            )
        for name, digest in method.files.items():
            if header.files[f"{METHODS}/{method_folder(label)}/{name}"] != digest:
                raise RejectedError(f"{METHODS}/{method_folder(label)}/{name}: is not what was run")
    for run, result in results.items():
        found = header.files.get(f"{run}/{MODEL}/{WEIGHTS}")
        if found is not None and found != result.policy.sha256:
            raise RejectedError(f"{run}/{MODEL}/{WEIGHTS}: is not the policy that played")


def _check_rules(rules: Rules, results: Mapping[str, Result]) -> None:
    for run, result in results.items():
        if broken := result_fault(rules, result):
            raise RejectedError(f"{run}: rule {broken[0]}: {shown(broken[1])}")
    if fault := seeds_fault(results):
        raise RejectedError(f"rule seeds: {fault}")


def _check_tuning(folder: BundleFolder, results: Mapping[str, Result], limits: Limits) -> None:
    """Compare values that a grid has chosen with its record."""
    digest, judgement = None, None
    if TUNING_FILE in folder.sizes:
        digest = folder.sha256(TUNING_FILE)
        judgement = parse_json(folder.read(TUNING_FILE), TUNING_FILE, limits.json_depth)
    chosen = {
        run: result.recipe
        for run, result in results.items()
        if result.policy.kind == "trained" and result.recipe.tuning.record is not None
    }
    for run, recipe in chosen.items():
        if fault := tuning_fault(recipe, digest, judgement):
            raise RejectedError(f"{run}: rule rulesets: {shown(fault)} ({TUNING_FILE})")
    if digest is not None and not chosen:
        raise RejectedError(f"{TUNING_FILE}: no run has values of a grid")


def _environments(results: Mapping[str, Result]) -> dict[str, AgentProtocol]:
    """Make what each result was played in; the rules have found it to be an installed preset's."""
    made: dict[str, AgentProtocol] = {}
    found = {}
    for run, result in results.items():
        settings = result.recipe.model_dump_json(include={"environment", "protocol"})
        if settings not in made:
            try:
                made[settings] = make_environment(result.recipe)
            except GymnasiumError as error:
                name = result.recipe.environment.id
                raise ArenaError(f"{name} cannot be made: {error}") from None
        found[run] = made[settings]
    return found


def _check_record(run: str, result: Result, environment: AgentProtocol) -> None:
    """Compare a result with itself, with the panel, and with the conditions here."""
    game = environment.game
    if faults := check(result, game.tasks.panel(result.panel.split)):
        raise RejectedError(f"{run}: {shown(faults[0])}")
    if result.conditions != game.conditions:
        raise RejectedError(
            f"{run}: it was scored under {shown(str(result.conditions))}, the conditions here are "
            f"{game.conditions}"
        )
    if reason := result.incomparable or game.incomparable:
        raise RejectedError(f"{run}: not for the leaderboard: {shown(reason)}")


def _replay_runs(
    verdict: Verdict,
    checks: Checks,
    folder: BundleFolder,
    rules: Rules,
    results: Mapping[str, Result],
    environments: Mapping[str, AgentProtocol],
) -> int:
    """Play every run again, and check who has sampled it; return how many turns that were."""
    turns = 0
    decoders = sum(len(result.scores) for result in results.values())
    level = rules.policy_check.false_alarm / decoders

    # What one remembers is its process's own.
    replayers = {each: Replayer(each) for each in environments.values()}

    def replayed(run: str) -> tuple[int, RunPolicy | None]:
        result, environment = results[run], environments[run]
        # A policy is asked again what it was asked.
        step = partial(replay, environment) if checks.policy else replayers[environment].replay
        replays = _replay(run, result, step)
        length = sum(each.told.length for score in replays.values() for each in score)
        if not checks.policy:
            return length, None
        draws = rules.policy_check.draws
        return length, run_policy(folder, run, result, environment, replays, level, draws)

    for number, (run, (length, policy)) in enumerate(each_of(results, replayed, checks.jobs)):
        turns += length
        if policy is not None:
            verdict.policies[run] = policy
        checks.report(verdict.place.name, number + 1, len(results))
    return turns


def _conclude_policies(verdict: Verdict) -> None:
    found = [each for policy in verdict.policies.values() for each in policy.decoders.values()]
    tokens, episodes = sum(each.tokens for each in found), sum(each.episodes for each in found)
    checked = [policy for policy in verdict.policies.values() if policy.unchecked is None]
    verdict.checked["policy"] = (
        f"{tokens} tokens of {len(checked)} runs scored again by their checkpoints; "
        f"{sum(each.regenerated for each in found)} of {episodes} episodes are those that their "
        "streams give"
    )
    if turns := sum(policy.outside.turns for policy in verdict.policies.values()):
        varying = sum(policy.outside.varying for policy in verdict.policies.values())
        verdict.checked["outside"] = (
            f"{turns} turns have asked outside again, none told otherwise; {varying} are told "
            "something else each time"
        )
    if not verdict.unchecked and any(policy.counts for policy in verdict.policies.values()):
        verdict.tier = "policy-checked"


def _replay(
    run: str, result: Result, step: Callable[[EpisodeRecord], Replay]
) -> dict[str, list[Replay]]:
    """Play every episode of a result again; return them by decoder."""
    if result.policy.kind == "scripted":
        _check_script(run, result)
    tokens = TokenCheck(result)
    replays: dict[str, list[Replay]] = {}
    for decoder, score in sorted(result.scores.items()):
        replays[decoder] = [step(episode) for episode in score.episodes]
        for each in replays[decoder]:
            if (fault := each.fault or tokens.difference(each.told)) is not None:
                raise RejectedError(place_of(run, decoder, each, fault))
    return replays


def _check_script(run: str, result: Result) -> None:
    """Let a script answer again, and compare what it says."""
    recipe = result.recipe
    episodes = evaluate(
        scripted_player(result.policy.name), Arena(recipe), recipe, result.panel.split
    )
    for told, played in zip(result.main.episodes, episodes, strict=True):
        said = tuple(turn.generation.text for turn in played.turns)
        if told.turns is not None and told.turns.replies != said:
            raise RejectedError(
                f"{run}, task {shown(told.task_id)}, attempt {told.attempt}: {result.policy.name} "
                "says something else"
            )


def _lacks(results: Mapping[str, Result]) -> set[str]:
    found = set()
    for result in results.values():
        for score in result.scores.values():
            if any(e.turns is not None and e.turns.asked is None for e in score.episodes):
                found.add("hashes of what was asked")
        if result.policy.kind == "trained" and result.ruleset is None:
            found.add("rulesets, which are told by the recipes")
        if result.policy.kind == "trained" and result.recipe.start.frozen is None:
            found.add("a shipped tokenizer, to compare tokens with replies")
    return found


def explained(rules_name: str | None = None) -> list[str]:
    """Return the rules in words, a line each; those of every track without a name."""
    chosen = (
        [load_rules(rules_name)]
        if rules_name
        else [newest_rules(track) for track in sorted({load_rules(n).track for n in rules_names()})]
    )
    return [
        line
        for rules in chosen
        for line in (
            f"{rules.name}, track {rules.track}; tiers: {' < '.join(rules.tiers)}",
            *(f"  {name}: {says}" for name, says in rules.spoken().items()),
        )
    ]
