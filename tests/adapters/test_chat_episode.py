"""What adapters play is what the protocol gives; without packages they say what to install."""

import importlib
import sys

import pytest
from replays import REPLIES, RIGHT, replayed

from arlarena_bench import ArenaError
from arlarena_bench.adapters.chat_episode import OVER, ChatEpisode


def test_messages_and_sums_are_the_protocols() -> None:
    episode = ChatEpisode("sokoban")
    replies = [*REPLIES, *[RIGHT] * 11]
    turns = replayed("arlarena/Sokoban-v0", "validation/0003", replies)
    assert episode.begin("validation/0003") == turns[0]["prompt"]
    answers = [episode.answer(reply) for reply in replies]
    assert answers[:-1] == [turn["prompt"] for turn in turns[1:-1]]
    assert answers[-1] == f"{turns[-1]['prompt']}\n{OVER}"
    assert episode.over
    assert episode.outcome == {
        "success": turns[-1]["success"],
        "score": turns[-1]["score"],
        "reward": pytest.approx(sum(turn["reward"] for turn in turns)),
        "penalty": pytest.approx(sum(turn["penalty"] for turn in turns)),
        "turns": len(replies),
    }
    before = episode.outcome
    assert episode.answer(RIGHT) == OVER
    assert episode.outcome == before
    episode.begin("validation/0004")
    assert (episode.over, episode.reward, episode.replies) == (False, 0.0, [])


def test_a_conversation_is_asked_whole_and_told_piece_by_piece() -> None:
    episode = ChatEpisode("tir_math_mini")
    code = "```python\nprint(6 * 7)\n```"
    turns = replayed("arlarena/TIRMathMini-v0", "validation/0000", [code])
    first = episode.begin("validation/0000")
    added = episode.answer(code)
    assert [message["role"] for message in episode.asked] == ["user", "assistant", "user"]
    assert first + code + added == turns[-1]["prompt"]


def test_a_preset_brings_its_protocol() -> None:
    own, nano = ChatEpisode("sokoban"), ChatEpisode("sokoban", "nano")
    assert own.begin("test/0000") != nano.begin("test/0000")


def test_wrong_use_gets_a_line() -> None:
    with pytest.raises(ArenaError, match="unknown environment 'sokobam'; did you mean 'sokoban'"):
        ChatEpisode("sokobam")
    with pytest.raises(ArenaError, match="unknown preset 'evil'; did you mean 'eval'"):
        ChatEpisode("sokoban", "evil")
    episode = ChatEpisode("sokoban")
    with pytest.raises(ArenaError, match="no episode has begun"):
        episode.answer(RIGHT)
    with pytest.raises(ArenaError, match="no task 'test/9999'"):
        episode.begin("test/9999")
    with pytest.raises(ArenaError, match="no episode has begun"):
        episode.answer(RIGHT)


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("inspect_ai", "inspect_ai", "inspect"),
        ("openenv", "openenv", "openenv"),
        ("trl", "datasets", "trl"),
        ("verifiers", "verifiers", "verifiers"),
    ],
)
def test_without_its_package_an_adapter_says_what_to_install(
    module: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"arlarena_bench.adapters.{module}", raising=False)
    with pytest.raises(ArenaError, match=rf"{extra}\]'$") as said:
        importlib.import_module(f"arlarena_bench.adapters.{module}")
    assert "is not installed: pip install 'arlarena-bench[" in str(said.value)
