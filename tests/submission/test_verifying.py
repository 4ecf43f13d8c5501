"""What is verified, and what each forgery is rejected with."""

import hashlib
import json
from collections.abc import Callable
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from bundles import (
    copied,
    fault_of,
    forge,
    lines_of,
    make,
    seal,
    sign,
    with_episodes,
    with_turns,
    write_lines,
)

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE, Result, read_result, summarise, write_result
from arlarena_bench.submission.verifying import verify

RUN = "runs/grpo/seed-0"
RESULT = f"{RUN}/{RESULT_FILE}"


def test_a_bundle_of_real_runs_is_verified(good: Path) -> None:
    verdict = verify(good)
    assert (verdict.fault, verdict.tier, verdict.rules) == (None, "replayed", "methods-v1")
    assert verdict.unranked == "2 seeds a method, ranks need 6"
    assert verdict.lacks == []
    assert [row["method"] for row in verdict.rows] == [
        "start", "expert", "random", "grpo", "mine (file)",
    ]  # fmt: skip


def summed(result: Result) -> Result:
    """The result with sums and summary that follow from its turns."""

    def change(episodes: list[Any]) -> list[Any]:
        return [
            episode.model_copy(
                update={
                    "reward": fsum(episode.turns.rewards),
                    "penalty": float(sum(episode.turns.penalties)),
                    "format_valid": sum(episode.turns.format_valid),
                    "action_valid": sum(episode.turns.action_valid),
                    "length": len(episode.turns.replies),
                    "reply_tokens": sum(map(len, episode.turns.token_ids)),
                }
            )
            for episode in episodes
        ]

    changed = with_episodes(result, change)
    score = changed.main.model_copy(update={"summary": summarise(changed.main.episodes)})
    return changed.model_copy(update={"scores": {**changed.scores, changed.headline: score}})


def task(bundle: Path, number: int) -> str:
    """The task of an episode."""
    return read_result(bundle / RESULT).main.episodes[number].task_id


def first(value: Any) -> Callable[[list[Any]], list[Any]]:
    return lambda entries: [value, *entries[1:]]


def again(entries: list[Any]) -> list[Any]:
    return [*entries, entries[-1]]


FIELDS = ("replies", "token_ids", "rewards", "penalties", "format_valid", "action_valid", "asked")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rewards": first(5.0)}, "turn 1: the reward is 5.0, the environment gives -0.1"),
        ({"penalties": first(0.7)}, "turn 1: the penalty is 0.7, the environment gives "),
        ({"asked": first("00000000")}, "turn 1: the agent was asked 00000000, the environment"),
        ({"token_ids": first((5,))}, "turn 1: its tokens are of another reply"),
        ({"token_ids": first((10**6,))}, "turn 1: token 1000000 is none of the "),
        (dict.fromkeys(FIELDS, again), ": a step after the end of the episode"),
        (
            dict.fromkeys(FIELDS, lambda entries: entries[:-1]),
            "the episode goes on, but its record ends",
        ),
    ],
)
def test_turns_are_those_of_the_environment(
    bundle: Path, changes: dict[str, Any], said: str
) -> None:
    forge(bundle, RUN, lambda result: summed(with_turns(result, 1, **changes)))
    fault = fault_of(bundle)
    assert fault.startswith(f"{RUN}, task {task(bundle, 1)}, attempt 0, decoder paper, turn ")
    assert said in fault


@pytest.mark.parametrize("flag", ["format_valid", "action_valid"])
def test_flags_are_those_of_the_environment(bundle: Path, flag: str) -> None:
    def turned(entries: list[Any]) -> list[Any]:
        return [not entries[0], *entries[1:]]

    changes = {"action_valid": turned}
    if flag == "format_valid":
        changes = {"format_valid": turned, "action_valid": first(False)}
    forge(bundle, RUN, lambda result: summed(with_turns(result, 0, **changes)))
    assert "turn 1: the flag of a valid" in fault_of(bundle)


def test_another_reply_leads_elsewhere(bundle: Path) -> None:
    def change(result: Result) -> Result:
        return summed(with_turns(result, 2, replies=first("<action>wait</action>")))

    forge(bundle, RUN, change)
    place = f"{RUN}, task {task(bundle, 2)}, attempt 0, decoder paper, turn 1: "
    assert place in fault_of(bundle)


def test_an_outcome_follows_from_the_replies(bundle: Path) -> None:
    def change(episodes: list[Any]) -> list[Any]:
        turned = not episodes[0].success
        update = {"success": turned, "score": float(turned)}
        return [episodes[0].model_copy(update=update), *episodes[1:]]

    forge(bundle, RUN, lambda result: summed(with_episodes(result, change)))
    assert ": success is " in fault_of(bundle)
    assert "the environment gives" in fault_of(bundle)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda episodes: episodes[1:], "not played: test/0000"),
        (lambda episodes: [*episodes, episodes[0]], "played more than once: test/0000"),
        (
            lambda e: [*e[:4], e[4].model_copy(update={"task_id": "test/0009"})],
            "not of the panel: test/0009",
        ),
        (
            lambda e: [*e[:4], e[4].model_copy(update={"task_id": "train/7"})],
            "not of the panel: train/7",
        ),
        (
            lambda e: [*e, e[0].model_copy(update={"attempt": 1})],
            "not of the panel: test/0000 (attempt 1)",
        ),
        (lambda episodes: episodes[::-1], "episodes do not stand in the panel's order"),
    ],
)
def test_episodes_are_those_of_the_panel(
    bundle: Path, change: Callable[[list[Any]], list[Any]], said: str
) -> None:
    forge(bundle, RUN, lambda result: summed(with_episodes(result, change)))
    assert said in fault_of(bundle)


def test_an_altered_episode_that_is_not_signed_is_named(bundle: Path) -> None:
    path = bundle / RESULT
    lines = lines_of(path)
    number = next(n for n, line in enumerate(lines) if b'"decoder":"t1"' in line)
    lines[number] = lines[number].replace(b"<action>", b"<actoin>", 1)
    write_lines(path, lines)
    seal(bundle)
    assert f"{RUN}, task test/0000, attempt 0, decoder t1: the header does not have its id" in (
        fault_of(bundle)
    )


def of_recipe(**values: Any) -> Callable[[Result], Result]:
    settings = {key.replace("__", "."): value for key, value in values.items()}
    return lambda result: result.model_copy(update={"recipe": result.recipe.with_values(settings)})


def of_part(part: str, **changes: Any) -> Callable[[Result], Result]:
    return lambda result: result.model_copy(
        update={part: getattr(result, part).model_copy(update=changes)}
    )


def of_result(**changes: Any) -> Callable[[Result], Result]:
    return lambda result: result.model_copy(update=changes)


def with_decoder(result: Result) -> Result:
    score = result.scores["t1"]
    cold = score.model_copy(
        update={"decoder": score.decoder and score.decoder.model_copy(update={"temperature": 0.1})}
    )
    return result.model_copy(update={"scores": {**result.scores, "t1": cold}})


def without_decoder(result: Result) -> Result:
    scores = {name: score for name, score in result.scores.items() if name != "t1"}
    return result.model_copy(update={"scores": scores})


ALL = ("grpo", "mine@file")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (of_part("panel", digest="0" * 64), "but the panel of its environment is"),
        (of_part("panel", name="sokoban/other"), "it played sokoban/other"),
        (of_part("panel", split="validation"), "rule panel: it played the validation panel"),
        (of_recipe(environment__id="arlarena/Sokoban-v9"), "rule recipe: environment.id is "),
        (of_recipe(environment__kwargs={"size": 6}), "rule recipe: environment.kwargs"),
        (
            of_recipe(environment__kwargs={}),
            "rule recipe: environment.kwargs.boxes is not set, that of the preset is 1",
        ),
        (of_recipe(train__groups=3), "rule recipe: train.groups is 3, that of the preset is 2"),
        (of_recipe(train__iterations=3), "rule recipe: train.iterations is 3"),
        (of_recipe(name="/etc/passwd.yaml"), "rule recipe: no installed preset is called"),
        (of_part("start", sha256="0" * 64), "rule start: its start is not the shipped one"),
        (of_part("start", name="shipped/9"), "rule start: its start is not the shipped one"),
        (of_recipe(start__frozen=None), "rule recipe: start.frozen is not set"),
        (of_recipe(train__learning_rate=0.5), "rule rulesets: "),
        (of_result(ruleset="fixed-grid"), "rule rulesets: it says ruleset fixed-grid"),
        (of_result(headline="t1"), "rule panel: its headline is t1"),
        (of_result(conditions={"grader": "none"}), "it was scored under"),
        (of_result(incomparable="isolation: none"), "not for the leaderboard: isolation: none"),
        (of_result(lacks=("replies",)), "rule panel: its record lacks replies"),
        (with_decoder, "rule panel: its decoder t1 is none of its recipe's"),
        (without_decoder, "rule panel: it was not played under the decoder t1"),
    ],
)
def test_every_run_is_what_the_rules_ask_for(
    bundle: Path, change: Callable[[Result], Result], said: str
) -> None:
    for run in ("start", "expert", "random", "mine@file"):
        for path in (bundle / "runs" / run).rglob("*"):
            if path.is_file():
                path.unlink()
        remove_tree(bundle / "runs" / run)
    remove_tree(bundle / "method")
    for seed in (1, 0):
        forge_one(bundle, f"runs/grpo/seed-{seed}", change)
    sign(bundle)
    assert said in fault_of(bundle)


def remove_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()


def forge_one(bundle: Path, run: str, change: Callable[[Result], Result]) -> None:
    path = bundle / run / RESULT_FILE
    write_result(path, change(read_result(path)))


def test_runs_of_other_settings_share_no_bundle(bundle: Path) -> None:
    forge_one(bundle, RUN, of_recipe(train__groups=3))
    with pytest.raises(ArenaError, match=r"the results share no table: recipe train\.groups"):
        sign(bundle)


def test_a_seed_cannot_be_left_out(bundle: Path) -> None:
    remove_tree(bundle / "runs" / "grpo" / "seed-0")
    sign(bundle)
    assert fault_of(bundle) == "rule seeds: seed 0 of grpo is missing"


def test_values_of_a_grid_come_with_its_record(bench: Path, tmp_path: Path) -> None:
    bundle = make([bench / "grpo"], tmp_path / "bundle")
    rate = read_result(bundle / RESULT).recipe.train.learning_rate
    values = {"options": {}, "train": {"learning_rate": rate}}
    right = json.dumps({"chosen": {"grpo": values}})
    other = json.dumps({"chosen": {"grpo": values | {"options": {"clip_high": 0.5}}}})
    none = json.dumps({"chosen": {}})
    for record, said in (
        (right, None),
        (other, "the grid has chosen other values for grpo"),
        (none, "the record of the grid has no values for grpo"),
    ):
        digest = hashlib.sha256(record.encode()).hexdigest()
        tuned = of_recipe(name="tiny-tuned", tuning__record=digest)
        for seed in (0, 1):
            forge_one(bundle, f"runs/grpo/seed-{seed}", tuned)
            forge_one(bundle, f"runs/grpo/seed-{seed}", of_result(ruleset="fixed-grid"))
        (bundle / "tuning.json").write_text(record)
        sign(bundle)
        fault = verify(bundle).fault
        assert fault is None if said is None else said in str(fault)
    (bundle / "tuning.json").write_text(right)
    sign(bundle)
    assert "were chosen by another grid's record" in fault_of(bundle)
    (bundle / "tuning.json").unlink()
    sign(bundle)
    assert "the record of the grid that chose the values of grpo is missing" in fault_of(bundle)


def test_a_record_without_a_grid_is_refused(bundle: Path) -> None:
    (bundle / "tuning.json").write_text("{}")
    sign(bundle)
    assert fault_of(bundle) == "tuning.json: no run has values of a grid"


def test_scripts_say_what_they_say(bundle: Path) -> None:
    run = "runs/random/seed-0"
    (path,) = (bundle / "runs" / "expert").glob("*/*.zst")
    expert = read_result(path)
    forge(
        bundle,
        run,
        lambda result: result.model_copy(update={"scores": expert.scores}),
    )
    assert fault_of(bundle) == f"{run}, task test/0000, attempt 0: random says something else"


def test_a_bundle_without_a_header_or_of_a_later_version_cannot_be_read(
    bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(ArenaError, match="no folder"):
        verify(tmp_path / "nowhere")
    seal(bundle, lambda header: header.update(schema_version=2))
    with pytest.raises(ArenaError, match=r"of version 2, this release reads 1"):
        verify(bundle)
    (bundle / "bundle.json").unlink()
    with pytest.raises(ArenaError, match=r"holds no bundle\.json"):
        verify(bundle)


def edited(bundle: Path, line: int, old: bytes, new: bytes) -> str:
    """What is said of a result of which one line was edited, and the hashes again agree."""
    lines = lines_of(bundle / RESULT)
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    write_lines(bundle / RESULT, lines)
    seal(bundle)
    return fault_of(bundle)


@pytest.mark.parametrize(
    ("line", "old", "new", "said"),
    [
        (0, b'"cost":{', b'"cost":{"extra":1,', "Extra inputs are not permitted"),
        (0, b'"reward":', b'"reward":NaN,"was":', "NaN is no number"),
        (0, b'"reward":', b'"reward":1e999,"was":', "1e999 is no finite number"),
        (0, b'"cost":{', b'"cost":{"updates":0,', "the key 'updates' stands twice"),
        (1, b'"decoder"', b'"docoder"', "Field required"),
        (1, b'"rewards":[', b'"rewards":["1",', "Input should be a valid number"),
        (1, b'"turns":', b'"turns":' + b"[" * 90, "nested more than 40 deep"),
        (1, b"<", b"\xff", "is not UTF-8 at byte"),
    ],
)
def test_a_result_is_strict_json(
    bundle: Path, line: int, old: bytes, new: bytes, said: str
) -> None:
    fault = edited(bundle, line, old, new)
    assert fault.startswith(RESULT)
    assert said in fault


def header_edited(bundle: Path, edit: Callable[[bytes], bytes]) -> str:
    path = bundle / "bundle.json"
    path.write_bytes(edit(path.read_bytes()))
    return fault_of(bundle)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda text: b"\xef\xbb\xbf" + text, "begins with a byte order mark"),
        (lambda text: text.decode().encode("utf-16"), "is not UTF-8 at byte 0"),
        (lambda text: text + b"}", "is not JSON: Extra data"),
        (lambda text: b"[" * 100_000, "nested more than 40 deep"),
        (lambda text: b"9" * 5000, "is not JSON: Exceeds the limit"),
        (lambda text: text.replace(b'"id":', b'"id": "", "id":'), "'id' stands twice"),
        (lambda text: text.replace(b"A. Nother", b"An Other"), "its content is another's"),
        (lambda text: b"3", "bundle.json: Input should be an object"),
    ],
)
def test_the_header_is_strict_json(bundle: Path, edit: Callable[[bytes], bytes], said: str) -> None:
    assert said in header_edited(bundle, edit)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda h: h["table"][3].update(success=0.99), "table.3.success is 0.99, the results give"),
        (lambda h: h["cost"].update(updates=1), "cost.updates is 1, the results give"),
        (lambda h: h.update(seeds=[0, 1, 2]), "seeds is [0, 1, 2], the results give [0, 1]"),
        (lambda h: h.update(root="0" * 64), "root is 000000000000"),
        (lambda h: h["panel"].update(tasks=6), "panel.tasks is 6, the results give 5"),
        (lambda h: h["recipe"].update({"train.groups": 9}), "recipe.train.groups is 9"),
        (lambda h: h["runs"][RUN].update(seed=4), f"runs.{RUN}.seed is 4"),
        (lambda h: h.update(rules="methods-v9"), "no rules are called"),
        (lambda h: h.update(track="agents"), "methods-v1 are not the rules of agents"),
        (lambda h: h.update(more=1), "more: Extra inputs are not permitted"),
        (lambda h: h["submitter"].update(paper="javascript:alert(1)"), "submitter.paper"),
        (lambda h: h["submitter"].update(name="a\nb"), "submitter.name"),
        (lambda h: h["files"].update({"../../x": "0" * 64}), "../../x: is missing"),
        (
            lambda h: h["runs"].update({"../../etc": h["runs"].pop(RUN)}),
            "belongs to no run and no method",
        ),
    ],
)
def test_the_header_follows_from_the_results(
    bundle: Path, change: Callable[[dict[str, Any]], Any], said: str
) -> None:
    seal(bundle, change)
    assert said in fault_of(bundle)


def test_numbers_that_overflow_are_a_line(bundle: Path) -> None:
    huge = with_turns(
        read_result(bundle / RESULT), 0, rewards=lambda entries: [1e308] * len(entries)
    )
    write_result(bundle / RESULT, huge)
    seal(bundle)
    assert fault_of(bundle).startswith("it cannot be computed again: OverflowError")


def test_a_methods_file_is_the_one_that_ran(bundle: Path) -> None:
    path = bundle / "method" / "mine@file" / "mine.py"
    path.write_text(path.read_text() + "\n")
    assert "mine.py: its SHA-256 is" in fault_of(bundle)
    seal(bundle)
    assert fault_of(bundle) == "method/mine@file/mine.py: is not what was run"


def test_a_checkpoint_is_the_policy_that_played(bundle: Path) -> None:
    weights = bundle / RUN / "model" / "model.safetensors"
    other = bundle / "runs/grpo/seed-1/model/model.safetensors"
    weights.write_bytes(other.read_bytes())
    seal(bundle)
    assert fault_of(bundle) == f"{RUN}/model/model.safetensors: is not the policy that played"


def test_results_cannot_change_places(bundle: Path) -> None:
    one, other = bundle / RESULT, bundle / "runs/grpo/seed-1" / RESULT_FILE
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    seal(bundle)
    assert fault_of(bundle) == f"{RESULT}: holds runs/grpo/seed-1"


def test_a_record_without_hashes_of_prompts_says_so(good: Path, tmp_path: Path) -> None:
    bundle = copied(good, tmp_path)

    def change(episodes: list[Any]) -> list[Any]:
        return [
            e.model_copy(update={"turns": e.turns.model_copy(update={"asked": None})})
            for e in episodes
        ]

    forge(bundle, RUN, lambda result: with_episodes(result, change))
    verdict = verify(bundle)
    assert (verdict.fault, verdict.lacks) == (None, ["hashes of what was asked"])


def test_the_header_is_what_is_documented(good: Path) -> None:
    header = json.loads((good / "bundle.json").read_text())
    text = (Path(__file__).parents[2] / "docs" / "submitting.md").read_text()
    assert [name for name in header if f"`{name}`" not in text] == []
