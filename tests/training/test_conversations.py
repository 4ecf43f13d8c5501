"""Conversations: one context from the first prompt to the last reply, one row of training."""

from pathlib import Path
from statistics import fmean

import gymnasium as gym
import pytest
import relay
import torch
from gymnasium.utils.env_checker import check_env
from relay import WORDS, relay_recipe
from samples import streams

from arlarena_bench import ArenaError
from arlarena_bench.engines.local import train
from arlarena_bench.episode import Episode, Generation
from arlarena_bench.policy.base import Ask
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.player import SampledPlayer
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.scripted import NullPlayer, OraclePlayer, RandomPlayer
from arlarena_bench.policy.token_statistics import token_statistics
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.streams import Stream
from arlarena_bench.training.cloning import clone, record_demonstrations
from arlarena_bench.training.evaluate import evaluate, evaluation_player, summary_of
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import pack_episodes

TASKS = ("test/ant/bee", "test/cat/cat", "test/dog/ant")


@pytest.fixture(scope="module")
def cloned() -> LanguageModel:
    return clone(relay_recipe(), record_demonstrations(relay_recipe()))


@pytest.fixture(scope="module")
def played(cloned: LanguageModel) -> list[Episode]:
    policy = SampledPlayer(cloned, Sampling(6))
    return Arena(relay_recipe()).play(policy, TASKS * 20, range(60), streams(60))


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
def test_a_prompt_is_all_that_was_said() -> None:
    env = gym.make(relay.ID)
    prompt, _ = env.reset(options={"task_id": "test/ant/bee"})
    assert prompt.endswith(" hear ant " + prompt.partition(" hear ant ")[2])
    second, reward, terminated, truncated, info = env.step("I say ant .")
    assert second == prompt + "I say ant ." + " hear bee "
    assert info["observation"] == " hear bee "
    assert (reward, terminated, truncated) == (0.0, False, False)
    third, reward, terminated, _, info = env.step("I say bee .")
    assert third == second + "I say bee . end "
    assert (reward, terminated, info["success"], info["measures"]) == (1.0, True, True, {"said": 2})
    check_env(gym.make(relay.ID), skip_render_check=True)
    check_env(gym.make(relay.ID).unwrapped, skip_render_check=True)


def test_tokens_are_those_that_were_sampled(cloned: LanguageModel, played: list[Episode]) -> None:
    longer = [episode for episode in played if len(episode.turns) == 2]
    assert longer
    for episode in longer:
        first, second = (turn.generation for turn in episode.turns)
        said = (*first.prompt_ids, *first.reply_ids)
        assert second.prompt_ids[: len(said)] == said
        assert cloned.tokenizer.decode(second.prompt_ids[len(said) :]).split()[0] == "hear"


def test_a_reply_that_is_complete_needs_no_end_token(
    cloned: LanguageModel, played: list[Episode]
) -> None:
    replies = [turn.generation for episode in played for turn in episode.turns]
    closed = [reply for reply in replies if "." in reply.text]
    assert len(closed) > len(replies) / 2
    assert all(reply.text.endswith(".") for reply in closed)
    assert not any(cloned.end_ids[0] in reply.reply_ids for reply in closed)


def test_one_row_a_conversation_with_the_environments_words_masked(
    cloned: LanguageModel, played: list[Episode]
) -> None:
    rows, batch = pack_episodes(played, cloned.pad_id)
    assert len(rows.replies) == len(played)
    assert batch.turn.tolist() == [0] * len(played)
    for number, episode in enumerate(played):
        written = [token for turn in episode.turns for token in turn.generation.reply_ids]
        assert rows.replies[number][rows.mask[number] > 0].tolist() == written
        last = episode.turns[-1].generation
        whole = (*last.prompt_ids, *last.reply_ids)
        first = episode.turns[0].generation.prompt_ids
        assert rows.replies[number, : len(whole) - len(first)].tolist() == list(whole[len(first) :])
        assert batch.reward[number] == episode.total_reward
        assert batch.penalty[number] == pytest.approx(sum(t.penalty for t in episode.turns))
    heard = cloned.tokenizer.convert_tokens_to_ids("hear")
    between = rows.replies == heard
    assert between.any()
    assert not rows.mask[between].any()
    assert not rows.old_log_probs[rows.mask == 0].any()
    assert not batch.entropy[rows.mask == 0].any()


def test_training_sees_the_probabilities_of_sampling(
    cloned: LanguageModel, played: list[Episode]
) -> None:
    rows, _ = pack_episodes(played, cloned.pad_id)
    with torch.no_grad():
        log_probs, _ = token_statistics(cloned.logits(rows.prompts, rows.replies), rows.replies, 1)
    gap = (log_probs - rows.old_log_probs).abs() * rows.mask
    assert gap.max() < 2e-5


def test_a_void_episode_scores_but_does_not_teach() -> None:
    replies = {"": "", "ant": "I say ant .", "bee": "I say bee ."}

    class Scripted:
        def __init__(self, words: list[str]) -> None:
            self.words = iter(words)

        def respond(
            self,
            asks: list[Ask],
            environments: list[AgentProtocol],
            streams: list[Stream],
        ) -> list[Generation]:
            word = next(self.words)
            before = asks[0].follows
            prompt = (1, 2) if before is None else (*before.prompt_ids, *before.reply_ids, 9)
            return [Generation(replies[word], prompt, (5, 6), (-1.0, -1.0), (0.5, 0.5))]

    arena = Arena(relay_recipe())
    void = arena.play(Scripted(["ant", ""]), TASKS[:1], [0], streams(1))
    won = arena.play(Scripted(["ant", "bee"]), TASKS[:1], [0], streams(1))
    assert [void[0].void, won[0].void] == [True, False]
    rows, batch = pack_episodes(void + won, 0)
    assert rows.replies.tolist() == [[5, 6, 9, 5, 6]] * 2
    assert rows.mask.tolist() == [[0, 0, 0, 0, 0], [1, 1, 0, 1, 1]]
    assert batch.reward.tolist() == [0.0, 1.0]


def test_scripts_talk_as_well() -> None:
    arena = Arena(relay_recipe())
    assert summary_of(arena.play(OraclePlayer(), TASKS, range(3), streams(3))).success == 1.0
    assert summary_of(arena.play(NullPlayer(), TASKS, range(3), streams(3))).success == 0.0
    tasks = [f"test/{word}/{other}" for word in WORDS for other in WORDS] * 30
    random_episodes = arena.play(RandomPlayer(), tasks, range(len(tasks)), streams(len(tasks)))
    assert summary_of(random_episodes).success == pytest.approx(1 / 36, abs=0.015)


def test_demonstrations_go_on_from_what_was_really_said() -> None:
    demos = record_demonstrations(relay_recipe(**{"cloning.exploration": 0.3}))
    followers = [demo for demo in demos if demo.follows is not None]
    assert followers
    for demo in followers:
        before = demos[demo.follows]
        assert demo.prompt == before.prompt + before.given + demo.added


def test_learning_from_conversations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    recipe = relay_recipe().for_run("gspo", 0)
    result = train(recipe, tmp_path / "run")
    assert result.training is not None
    start, summary = result.training.start_success, result.main.summary
    assert start is not None
    assert summary.success > start + 0.4
    assert summary.measures["said"] == fmean(e.measures["said"] for e in result.main.episodes)


@pytest.mark.parametrize("name", ["gigpo", "dapo_gigpo", "sampo"])
def test_turn_level_credit_is_refused_before_anything_is_cloned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    said = f"method {name} credits single turns, but a row of Relay is a whole conversation"
    with pytest.raises(ArenaError, match=said) as caught:
        train(relay_recipe().for_run(name, 0), tmp_path / "run")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_several_attempts_give_pass_at_k(cloned: LanguageModel) -> None:
    recipe = relay_recipe(**{"evaluation.attempts": 4, "evaluation.test_tasks": 20})
    policy = evaluation_player(cloned, recipe)
    episodes = evaluate(policy, Arena(recipe), recipe, "test")
    assert [e.task_id for e in episodes[:5]] == [episodes[0].task_id] * 4 + [episodes[4].task_id]
    summary = summary_of(episodes)
    scores = summary.pass_at
    assert list(scores) == ["1", "2", "4"]
    assert scores["1"] == pytest.approx(summary.success)
    tasks = [episodes[i : i + 4] for i in range(0, 80, 4)]
    assert scores["4"] == fmean(any(e.success for e in task) for task in tasks)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    best_of_two = [fmean(t[i].success or t[j].success for i, j in pairs) for t in tasks]
    assert scores["2"] == pytest.approx(fmean(best_of_two))
    assert summary.pass_hat["4"] == fmean(all(e.success for e in task) for task in tasks)
    single = evaluate(policy, Arena(recipe), recipe, "validation")
    assert summary_of(single).pass_at == {}


CHAT = (
    "{% for message in messages %}<|{{ message.role }}|> {{ message.content }}"
    "<eos>{% endfor %}{% if add_generation_prompt %}<|assistant|> {% endif %}"
)


def test_a_chat_template_makes_the_environment_the_user(cloned: LanguageModel) -> None:
    cloned.tokenizer.chat_template = CHAT
    try:
        (prompt,) = cloned.encode(["hear ant"])
        ended = Generation("", prompt, (7, cloned.end_ids[0]))
        cut = Generation("", prompt, (7, 8))
        added = cloned.tokenizer("<|user|> hear bee<eos><|assistant|> ", add_special_tokens=False)
        expected = tuple(added["input_ids"])
        assert cloned.extend(ended, "hear bee") == (*prompt, 7, cloned.end_ids[0], *expected)
        assert cloned.extend(cut, "hear bee") == (*prompt, 7, 8, cloned.end_ids[0], *expected)
    finally:
        cloned.tokenizer.chat_template = None
