"""Demonstrations as chats: what is kept of episodes, and how files are read and refused."""

import json
from itertools import chain
from pathlib import Path

import pytest
from relay import relay_recipe
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.policy.scripted import scripted_player
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.chat_data import (
    Chat,
    chats_of,
    play_demonstrations,
    read_chats,
    write_chats,
)


def demonstrated(recipe: Recipe, player: str = "expert", tasks: int = 5) -> list[Chat]:
    played = play_demonstrations(scripted_player(player), recipe, tasks, 2, 0)
    return [
        chat
        for episode in chain.from_iterable(played)
        for chat in chats_of(episode, player, recipe.environment.id)
    ]


def test_a_turn_is_a_chat_that_the_environment_accepts() -> None:
    recipe = signpost_recipe()
    chats = demonstrated(recipe)
    assert len(chats) == 5 * 2 * 2
    environment = make_environment(recipe)
    for chat in chats:
        if chat["turn"] == 0:
            prompt, _ = environment.reset(options={"task_id": chat["task_id"]})
        asked, answered = chat["messages"]
        assert asked == {"role": "user", "content": prompt}
        prompt, _, ended, _, info = environment.step(answered["content"])
        assert info["action_valid"]
        assert chat["task_id"].startswith("train/")
    assert ended
    assert info["success"]


def test_a_conversation_is_one_chat_that_says_all_of_it() -> None:
    recipe = relay_recipe()
    (episodes,) = play_demonstrations(scripted_player("expert"), recipe, 3, 1, 0)
    for episode in episodes:
        (chat,) = chats_of(episode, "expert", recipe.environment.id)
        assert len(chat["messages"]) == 2 * len(episode.turns) > 2
        said = "".join(message["content"] for message in chat["messages"])
        last = episode.turns[-1]
        assert said == last.prompt + last.generation.text


def test_other_seeds_draw_other_tasks_and_the_same_the_same() -> None:
    recipe = signpost_recipe()
    expert = scripted_player("random")
    tasks = [
        [e.task_id for part in play_demonstrations(expert, recipe, 70, 1, seed) for e in part]
        for seed in (0, 0, 1)
    ]
    assert len(tasks[0]) == 70
    assert tasks[0] == tasks[1] != tasks[2]


@pytest.mark.parametrize("name", ["chats.jsonl", "chats.parquet"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    chats = demonstrated(signpost_recipe())
    write_chats(tmp_path / name, chats)
    assert read_chats(tmp_path / name) == [chat["messages"] for chat in chats]


USER, ASSISTANT = ({"role": role, "content": "x"} for role in ("user", "assistant"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no chats"),
        ("no json", "is no file of JSON lines"),
        ("[]", "chat 1: expected messages of user and assistant in turn"),
        (json.dumps({"messages": [USER]}), "chat 1: expected messages of user and assistant"),
        (json.dumps({"messages": [USER, USER]}), "message 2 is not the text of assistant"),
        (
            json.dumps({"messages": [{"role": "system", "content": "x"}, USER]}),
            "message 1 is not the text of user; a system message is protocol.chat.system",
        ),
        (json.dumps({"messages": [USER, ASSISTANT]}) + "\n{}", "chat 2: expected messages"),
    ],
)
def test_what_is_no_chat_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text(content)
    with pytest.raises(ArenaError) as caught:
        read_chats(path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for name in ("none.jsonl", "none.parquet"):
        with pytest.raises(ArenaError, match=r"cannot read .*none"):
            read_chats(tmp_path / name)
