"""What programs print is computed again."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sandboxes import needs

from arlarena_bench import installed
from arlarena_bench.episode import Episode, Generation
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.record import EpisodeRecord, record_episode
from arlarena_bench.submission.outside import relearned
from arlarena_bench.submission.replaying import replay
from arlarena_bench.training.rollout import add_turn


@pytest.fixture(scope="module")
def environment() -> AgentProtocol:
    needs("auto")
    return make_environment(installed.load_recipe("nano", "tir_math_mini"))


def played(
    environment: AgentProtocol,
    programs: list[str],
    told: Callable[[str], str] = lambda outside: outside,
) -> EpisodeRecord:
    """The record of an episode of programs, of which the outputs are said to be others."""
    episode = Episode("test/0000", 0)
    for turn, program in enumerate(programs):
        reply = f"```python\n{program}\n```" if program else "\\boxed{1}"

        def replies(last: int = turn) -> Any:
            prompt, info = environment.reset(options={"task_id": "test/0000"})
            for earlier in episode.turns:
                environment.game.recall(str(earlier.outside))
                prompt, _, _, _, info = environment.step(earlier.generation.text)
            return prompt, info

        prompt, before = replies()
        *_, after = environment.step(reply)
        if program:
            prompt, before = replies()
            environment.game.recall(told(str(after["outside"])))
            *_, after = environment.step(reply)
        add_turn(episode, prompt, Generation(reply), before, after)
    return record_episode(episode)


def shown_as(text: str, **fields: Any) -> Callable[[str], str]:
    return lambda outside: json.dumps(json.loads(outside) | {"shown": text} | fields)


def test_what_a_program_prints_is_computed_again(environment: AgentProtocol) -> None:
    record = played(environment, ["print(6 * 7)", ""])
    assert relearned(environment, record).turns == 1
    assert relearned(environment, record).fault is None
    forged = played(environment, ["print(6 * 7)", ""], shown_as("43"))
    assert replay(environment, forged).fault is None
    fault = str(relearned(environment, forged).fault)
    assert fault.startswith("turn 1: what came from outside is ")
    assert '"shown": "43"' in fault
    assert '"shown": "42"' in fault


def test_what_differs_each_time_or_ran_out_of_time_is_not_compared(
    environment: AgentProtocol,
) -> None:
    by_chance = "import os; print(int.from_bytes(os.urandom(8), 'big'))"
    found = relearned(environment, played(environment, [by_chance, ""]))
    assert (found.turns, found.varying, found.fault) == (1, 1, None)
    slow = shown_as("interpreter timeout", timed_out=True, failed=True)
    found = relearned(environment, played(environment, ["print(1)", ""], slow))
    assert (found.turns, found.varying, found.fault) == (1, 0, None)


def test_nothing_is_asked_where_nothing_was_learned() -> None:
    game = make_environment(installed.load_recipe("nano", "sokoban"))
    task = game.game.tasks.panel("test").task_ids[0]
    prompt, before = game.reset(options={"task_id": task})
    *_, after = game.step("up")
    episode = Episode(task, 0)
    add_turn(episode, prompt, Generation("up"), before, after)
    assert relearned(game, record_episode(episode)).turns == 0
