import io
import random
from collections.abc import Collection, Iterable

import gymnasium as gym
import pytest
from corridor import ID
from rich.console import Console

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.play import Session


class Script:
    """Types what it was given, and remembers which letters would have worked without Enter."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = [*words, "quit"]
        self.at_once: set[str] = set()

    def read(self, at_once: Collection[str]) -> str:
        self.at_once = set(at_once)
        return self.words.pop(0)


def play(*words: str, task: str | None = "2", **kwargs: object) -> tuple[list[str], Script]:
    """Return the pages shown, the first page before any word."""
    out, script = io.StringIO(), Script(words)
    env = gym.make(ID, disable_env_checker=True, **kwargs)
    session = Session(env, Console(file=out, width=80), task, random.Random(0))
    session.run(script)
    return out.getvalue().split("╭")[1:], script


def test_an_action_is_taken_under_the_agents_rules() -> None:
    pages, _ = play("right", "RIGHT")
    assert "step 0 of 2" in pages[0]
    assert "turn 1/6   return -0.1   reward -0.1" in pages[1]
    assert "turn 2/6   return 9.9   reward +10.0; solved in 2 turns" in pages[2]


def test_an_unknown_word_costs_nothing_and_suggests_the_nearest() -> None:
    pages, _ = play("rihgt", "")
    assert "no action 'rihgt'; did you mean 'right'?" in pages[1]
    assert "turn 0/6" in pages[1]
    assert "no action" not in pages[2]


def test_the_prompt_is_the_agents() -> None:
    pages, _ = play("right", "p")
    assert "'right'" in pages[2]
    assert "<action>" in pages[2]


def test_a_hint_comes_from_the_oracle() -> None:
    pages, _ = play("h", "right", "right", "h")
    assert "hint: right (2 to go)" in pages[1]
    assert "no plan leads on from here" in pages[4]


def test_after_the_end_only_a_new_task_or_quitting_is_left() -> None:
    pages, _ = play("right", "right", "right", "n")
    assert "the episode has ended: n for a new task" in pages[3]
    assert "turn 0/6" in pages[4]


def test_running_out_of_turns_is_said() -> None:
    pages, _ = play(*["left"] * 2, *["right", "left"] * 3, task="9")
    assert "out of turns" in "".join(pages)


def test_any_words_are_taken_where_actions_cannot_be_listed() -> None:
    pages, _ = play("sing", listed=False)
    assert "actions: any words" in pages[0]
    assert "turn 1/6" in pages[1]


def test_letters_that_begin_an_action_need_enter() -> None:
    # The corridor has left and right; none of p, h, n, q begins either.
    assert play()[1].at_once == {"p", "h", "n", "q"}
    assert play(listed=False)[1].at_once == set(), "any word may begin with these letters"


def test_an_environment_without_text_is_refused() -> None:
    with pytest.raises(ArenaError, match="no text environment"):
        Session(gym.make("CartPole-v1"), Console(), None, random.Random(0))


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(ArenaError, match="no corridor 'nope'"):
        play(task="nope")
