"""Who has sampled the replies: each forgery is signed as by one who knows the format."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from bundles import copied, fault_of, forge, make, seal, sign
from safetensors.torch import load_file, save_file

from arlarena_bench.episode import Generation
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.player import Player, SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.scripted import ExpertPlayer
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import RESULT_FILE, Result, read_result, write_result
from arlarena_bench.streams import Stream
from arlarena_bench.submission.verifying import Checks, verify
from arlarena_bench.training.evaluate import evaluate, evaluation_player, score_of
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.start import weights_digest
from arlarena_bench.training.start_set import WEIGHTS, find_set

RUN, OTHER_SEED, OTHER_METHOD = (
    "runs/grpo/seed-0", "runs/grpo/seed-1", "runs/mine@file/seed-0",
)  # fmt: skip
POLICY = Checks(policy=True)
PLACE = rf"{RUN}, task test/\d{{4}}, attempt 0, decoder \w+, turn \d+, token \d+: "


@pytest.fixture(scope="module")
def small(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two methods with two seeds."""
    runs = [bench / "grpo", bench / "mine@file"]
    return make(runs, tmp_path_factory.mktemp("small") / "bundle")


@pytest.fixture
def forged(small: Path, tmp_path: Path) -> Path:
    """The same, to be forged."""
    return copied(small, tmp_path)


def model_of(bundle: Path, run: str) -> LanguageModel:
    """A run's checkpoint."""
    return LanguageModel.load(bundle / run / "model")


def swap(bundle: Path, policy: Player, decoder: str = "paper", track: str = "methods") -> None:
    """Put what a policy plays in the place of a run's episodes under a decoder."""
    path = bundle / RUN / RESULT_FILE
    result = read_result(path)
    episodes = evaluate(policy, Arena(result.recipe), result.recipe, "test")
    score = score_of(episodes, result.scores[decoder].decoder)
    write_result(path, result.model_copy(update={"scores": {**result.scores, decoder: score}}))
    sign(bundle, track)


def said(bundle: Path, what: str) -> str:
    """The bundle replays well, and is rejected by its tokens in one line that names the place."""
    fault = fault_of(bundle, POLICY)
    assert re.match(PLACE, fault), fault
    assert what in fault
    return fault


def tokenised(model: LanguageModel, reply: str) -> Generation:
    """A reply with the tokens that the tokenizer gives it, and the token that ends it."""
    ids = tuple(model.tokenizer(reply, add_special_tokens=False)["input_ids"])
    text = model.tokenizer.decode(ids)
    return Generation(text, (), (*ids, model.end_ids[0]))


class Pasted:
    """An expert's replies, with tokens."""

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        answers = ExpertPlayer().respond(asks, environments, streams)
        return [tokenised(self.model, answer.text) for answer in answers]


class Retold:
    """What a policy says, in the tokens of another's tokenizer."""

    def __init__(self, policy: Player, theirs: LanguageModel, ours: LanguageModel) -> None:
        self.policy = policy
        self.theirs, self.ours = theirs.tokenizer, ours.tokenizer

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        answers = self.policy.respond(asks, environments, streams)
        words = [self.theirs.convert_ids_to_tokens(answer.reply_ids) for answer in answers]
        ids = [tuple(self.ours.convert_tokens_to_ids(each)) for each in words]
        return [Generation(a.text, (), i) for a, i in zip(answers, ids, strict=True)]


class Edited:
    """The run's own policy, of which one reply is another."""

    def __init__(self, model: LanguageModel, recipe: Any, change: Callable[[Any], Any]) -> None:
        self.policy = evaluation_player(model, recipe)
        self.change = change
        self.edited = False

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        answers = self.policy.respond(asks, environments, streams)
        if not self.edited:
            self.edited = True
            answers[1] = self.change(answers[1])
        return answers


def test_a_checkpoint_has_sampled_its_replies(good: Path) -> None:
    verdict = verify(good, POLICY)
    assert (verdict.fault, verdict.tier) == (None, "policy-checked")
    found = verdict.policies[RUN]
    assert found.unchecked is None
    assert {name: each.regenerated for name, each in found.decoders.items()} == {
        "greedy": 5, "paper": 5, "t1": 5,
    }  # fmt: skip
    assert verdict.policies["runs/start/seed-0"].decoders
    assert "is a script" in str(verdict.policies["runs/random/seed-0"].unchecked)
    assert verify(good).tier == "replayed"


def test_without_a_checkpoint_a_run_stays_replayed(forged: Path) -> None:
    for path in (forged / OTHER_SEED / "model").iterdir():
        path.unlink()
    (forged / OTHER_SEED / "model").rmdir()
    sign(forged)
    verdict = verify(forged, POLICY)
    assert (verdict.fault, verdict.tier) == (None, "replayed")
    assert verdict.unchecked == {OTHER_SEED: "it comes without its checkpoint"}
    assert verdict.policies[RUN].unchecked is None


def test_pasted_replies_of_an_expert_are_found(forged: Path) -> None:
    swap(forged, Pasted(model_of(forged, RUN)))
    said(forged, "")


@pytest.mark.parametrize(
    ("other", "decoder"), [(OTHER_SEED, "paper"), (OTHER_METHOD, "paper"), (OTHER_SEED, "greedy")]
)
def test_replies_of_another_policy_are_found(forged: Path, other: str, decoder: str) -> None:
    recipe = read_result(forged / RUN / RESULT_FILE).recipe
    theirs, ours = model_of(forged, other), model_of(forged, RUN)
    swap(forged, Retold(evaluation_player(theirs, recipe, decoder), theirs, ours), decoder)
    said(forged, "is not the likeliest" if decoder == "greedy" else "")


@pytest.mark.parametrize(
    ("told", "temperature", "what"),
    [
        ("paper", 0.0, "was not drawn: from the attempt's stream the checkpoint draws "),
        ("t1", 0.9, "was not drawn: from the attempt's stream the checkpoint draws "),
        ("paper", 1.0, ""),
        ("greedy", 0.7, "is not the likeliest, which is "),
    ],
)
def test_another_temperature_is_found(
    forged: Path, told: str, temperature: float, what: str
) -> None:
    swap(forged, SampledPlayer(model_of(forged, RUN), Sampling(8, temperature)), told)
    said(forged, what)


def another_move(model: LanguageModel) -> Callable[[Generation], Generation]:
    def change(answer: Generation) -> Generation:
        now = re.findall("<action>(.*)</action>", answer.text)
        moves = (move for move in ("up", "down", "left", "right") if [f" {move} "] != now)
        return tokenised(model, f"<think> {next(moves)} </think> <action> {next(moves)} </action>")

    return change


def broken_off(model: LanguageModel) -> Callable[[Generation], Generation]:
    def change(answer: Generation) -> Generation:
        ids = answer.reply_ids[:1]
        return Generation(model.tokenizer.decode(ids, skip_special_tokens=True), (), ids)

    return change


@pytest.mark.parametrize(("how", "what"), [(another_move, ""), (broken_off, "breaks off")])
def test_a_single_edited_reply_is_found(
    forged: Path, how: Callable[[LanguageModel], Any], what: str
) -> None:
    model = model_of(forged, RUN)
    result = read_result(forged / RUN / RESULT_FILE)
    swap(forged, Edited(model, result.recipe, how(model)))
    place = f"{RUN}, task {result.main.episodes[1].task_id}, attempt 0, decoder paper, turn 1, "
    assert said(forged, what).startswith(place)


def test_likelihoods_alone_find_greedy_replies_and_another_policy(forged: Path) -> None:
    """As among agents, whose draws may come from anywhere."""
    model = model_of(forged, RUN)
    swap(forged, SampledPlayer(model, Sampling(8, 0.0)), "t1", "agents")
    said(forged, " standard errors (chance at most ")


class Elsewhere:
    """The run's own policy with other random numbers."""

    def __init__(self, model: LanguageModel, recipe: Any) -> None:
        self.policy = evaluation_player(model, recipe)

    def respond(
        self,
        asks: Sequence[Ask],
        environments: Sequence[AgentProtocol],
        streams: Sequence[Stream],
    ) -> list[Generation]:
        return self.policy.respond(asks, environments, [s.sub("again") for s in streams])


def test_a_second_try_is_found_where_draws_are_fixed(forged: Path) -> None:
    recipe = read_result(forged / RUN / RESULT_FILE).recipe
    swap(forged, Elsewhere(model_of(forged, RUN), recipe))
    said(forged, "was not drawn")
    sign(forged, "agents")
    verdict = verify(forged, POLICY)
    assert (verdict.fault, verdict.tier) == (None, "policy-checked")
    assert verdict.policies[RUN].decoders["paper"].regenerated < 5


def with_weights(bundle: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Put other weights in a run's checkpoint, and let the result say that these have played."""
    path = bundle / RUN / "model" / WEIGHTS
    save_file(change(load_file(path)), path)

    def told(result: Result) -> Result:
        policy = result.policy.model_copy(update={"sha256": weights_digest(path.parent)})
        return result.model_copy(update={"policy": policy})

    forge(bundle, RUN, told)


def test_another_checkpoint_is_found(forged: Path) -> None:
    other = forged / OTHER_SEED / "model" / WEIGHTS
    with_weights(forged, lambda weights: load_file(other))
    said(forged, "")


def test_a_checkpoint_that_the_result_does_not_name_is_found(forged: Path) -> None:
    content = (forged / OTHER_SEED / "model" / WEIGHTS).read_bytes()
    (forged / RUN / "model" / WEIGHTS).write_bytes(content)
    sign(forged)
    assert fault_of(forged) == f"{RUN}/model/{WEIGHTS}: is not the policy that played"


def test_the_start_is_not_what_was_trained(forged: Path) -> None:
    recipe = read_result(forged / RUN / RESULT_FILE).recipe
    start = find_set(str(recipe.start.frozen)).start(0)
    begun = {name: value.float() for name, value in load_file(start / WEIGHTS).items()}
    with_weights(forged, lambda weights: begun)
    for decoder in recipe.evaluation.scored():
        swap(forged, evaluation_player(LanguageModel.load(start), recipe, decoder), decoder)
    assert verify(forged).fault is None
    assert "is the start, although 8 updates are on record" in fault_of(forged, POLICY)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda w: {**w, "more": torch.zeros(2)}, "has other names or shapes than its start's"),
        (lambda w: {n: v.flatten() for n, v in w.items()}, "other names or shapes than its start"),
        (lambda w: {n: v * float("nan") for n, v in w.items()}, "what is no finite float"),
        (lambda w: {n: v.int() for n, v in w.items()}, "what is no finite float"),
    ],
)
def test_weights_are_those_of_the_starts_architecture(
    forged: Path, change: Callable[[dict[str, Any]], dict[str, Any]], what: str
) -> None:
    with_weights(forged, change)
    assert what.removeprefix("has ") in fault_of(forged, POLICY)


def test_what_is_no_file_of_weights_is_refused(forged: Path) -> None:
    path = forged / RUN / "model" / WEIGHTS
    path.write_bytes(b"\xff" * 64)

    def told(result: Result) -> Result:
        policy = result.policy.model_copy(update={"sha256": weights_digest(path.parent)})
        return result.model_copy(update={"policy": policy})

    forge(forged, RUN, told)
    assert f"{RUN}/model/{WEIGHTS}: is no file of weights" in fault_of(forged, POLICY)


def test_every_file_of_a_checkpoint_has_its_hash(forged: Path) -> None:
    for name in ("config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"):
        path = forged / RUN / "model" / name
        before = path.read_bytes()
        path.write_bytes(before[:-3] + b" " + before[-2:])
        assert f"{RUN}/model/{name}: its SHA-256 is" in fault_of(forged)
        seal(forged)
        assert name != WEIGHTS or "is not the policy that played" in fault_of(forged)
        path.write_bytes(before)
        seal(forged)
    assert verify(forged).fault is None
