from typing import Any

import gymnasium as gym
import pytest
from corridor import ID

from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.vector import TextVector

RIGHT = "<think>go</think><action>right</action>"


class Closable(gym.Wrapper[str, str, str, str]):
    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def corridors(count: int) -> TextVector:
    vector = TextVector([gym.make(ID) for _ in range(count)])
    for index in range(count):
        vector.reset_at(index, str(index + 2))
    return vector


def observations(results: list[Any]) -> list[str]:
    return [info["observation"] for *_, info in results]


def test_reset_at_begins_the_task_in_one_environment() -> None:
    vector = corridors(2)
    vector.step([0, 1], [RIGHT, RIGHT])
    prompt, info = vector.reset_at(1, "5")
    assert info["task_id"] == "5"
    assert "step 0 of 5" in prompt
    assert observations(vector.step([0, 1], [RIGHT, RIGHT])) == ["step 2 of 2", "step 1 of 5"]


def test_only_the_named_environments_take_a_step() -> None:
    vector = corridors(3)
    assert len(vector) == 3
    assert observations(vector.step([2, 0], [RIGHT, RIGHT])) == ["step 1 of 4", "step 1 of 2"]
    assert vector.step([], []) == []
    assert observations(vector.step([1], [RIGHT])) == ["step 1 of 3"]
    results = vector.step([0, 1, 2], [RIGHT, "right", "stay"])
    assert observations(results) == ["step 2 of 2", "step 2 of 3", "step 1 of 4"]


def test_a_result_is_what_the_environment_returns() -> None:
    vector, env = corridors(1), gym.make(ID)
    env.reset(options={"task_id": "2"})
    for text in (RIGHT, "sing", RIGHT):
        assert vector.step([0], [text]) == [env.step(text)]


@pytest.mark.parametrize(
    ("indices", "replies", "message"),
    [
        ([0, 1], [RIGHT], "1 replies for 2 indices"),
        ([0, 0], [RIGHT, RIGHT], r"an index twice: \[0, 0\]"),
        ([0, 2], [RIGHT, RIGHT], "environments 0 to 1, not 2"),
        ([0, -1], [RIGHT, RIGHT], "environments 0 to 1, not -1"),
    ],
)
def test_bad_indices_are_refused_before_any_step(
    indices: list[int], replies: list[str], message: str
) -> None:
    vector = corridors(2)
    with pytest.raises(ArenaError, match=message):
        vector.step(indices, replies)
    assert observations(vector.step([0, 1], [RIGHT, RIGHT])) == ["step 1 of 2", "step 1 of 3"]


def test_reset_at_checks_its_index_and_task() -> None:
    vector = corridors(2)
    with pytest.raises(ArenaError, match="environments 0 to 1, not 2"):
        vector.reset_at(2, "3")
    with pytest.raises(ArenaError, match="no corridor '77'"):
        vector.reset_at(0, "77")


def test_it_needs_an_environment() -> None:
    with pytest.raises(ArenaError, match="at least one"):
        TextVector([])


def test_close_closes_every_environment() -> None:
    envs = [Closable(gym.make(ID)) for _ in range(2)]
    TextVector(envs).close()
    assert [env.closed for env in envs] == [True, True]
