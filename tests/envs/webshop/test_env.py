import json
from pathlib import Path
from random import Random

import gymnasium as gym
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from repeat import printed_everywhere

import arlarena_bench  # noqa: F401, registers the environments
from arlarena_bench.envs.webshop.env import SEARCH, WebShopEnv
from arlarena_bench.errors import ArenaError

COMPACT = {"size": "mini", "observation": "compact"}


@pytest.mark.filterwarnings("ignore:.*different from the unwrapped version")
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("WebShop-v0", {}),
        ("WebShop-v0", {"observation": "text_rich", "render_mode": "ansi"}),
        ("WebShop-v0", {"reward": "score", "check_actions": True}),
        ("WebShopMini-v0", {}),
        ("WebShopMini-v0", {"observation": "compact"}),
    ],
)
def test_gymnasium_accepts_it(name: str, settings: dict[str, object]) -> None:
    env = gym.make(f"arlarena/{name}", **settings)
    check_env(env)
    check_env(env.unwrapped)


@pytest.mark.parametrize(("words", "pages"), [(1200, 2), (1500, 1)])
def test_beyond_13000_characters_there_is_no_history(
    words: int, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WebShopEnv, "observe", lambda self: "word " * words)
    env = gym.make("arlarena/WebShop-v0")
    env.reset(options={"task_id": "test/0003"})
    prompt, *_ = env.step("<think>a</think><action>search[a]</action>")
    assert prompt.count("word ") == words * pages
    assert len(prompt) <= 13_000


def test_one_episode() -> None:
    env = WebShopEnv()
    observation, info = env.reset(options={"task_id": "test/0003"})
    assert observation == "'Search'"
    assert info["admissible_actions"] == [SEARCH]
    assert (info["success"], info["score"], info["task_id"]) == (False, 0.0, "test/0003")
    assert info["category"] == env.visit.goal["category"]
    assert set(info["measures"].values()) == {0.0}
    plan = env.demonstrator.oracle()
    rewards, seen = [], [info["anchor"]]
    for turn, command in enumerate(plan, start=1):
        assert env.demonstrator.oracle() == plan[turn - 1 :]
        observation, reward, terminated, truncated, info = env.step(command)
        assert env.instruction not in observation
        rewards.append(reward)
        seen.append(info["anchor"])
        assert (terminated, truncated) == (turn == len(plan), False)
    assert rewards == [0.0] * (len(plan) - 1) + [10.0]
    assert (info["success"], info["score"]) == (True, 1.0)
    assert set(info["measures"].values()) == {1.0}
    assert (
        info["admissible_actions"] == env.demonstrator.oracle() == env.demonstrator.expert() == []
    )
    assert len(set(seen)) == len(seen)
    assert env.step("click[buy now]")[1] == 0.0


def test_pages_as_the_prompt_quotes_them() -> None:
    env = WebShopEnv()
    env.reset(options={"task_id": "validation/0000"})
    observation, _, _, _, info = env.step(f"search[{env.instruction.lower()}]")
    parts = observation.split(" [SEP] ")
    assert parts[:3] == ["'Back to Search'", "'Page 1 (Total results: 50)'", "'Next >'"]
    assert len(parts) == 3 + 10 * 3
    asin = parts[3].strip("'").lower()
    assert f"click[{asin}]" in info["admissible_actions"]
    rich = WebShopEnv(observation="text_rich")
    rich.reset(options={"task_id": "validation/0000"})
    observation = rich.step(f"search[{env.instruction.lower()}]")[0]
    assert observation == rich.visit.observation
    assert observation.startswith(f"Instruction:\n{env.instruction}\n[button] Back to Search")


def test_either_reward() -> None:
    for kind in ("success", "score"):
        env = WebShopEnv(reward=kind)
        env.reset(options={"task_id": "test/0001"})
        env.step(f"search[{env.instruction.lower()}]")
        env.step(buy_the_first(env, Random(0)))
        reward = env.step("click[buy now]")[1]
        assert env.terminated
        assert 0 < env.score < 1
        assert reward == (0.0 if kind == "success" else env.score)
        assert env.measures["bought"] == 1.0
        env.reset(options={"task_id": "test/0001"})
        for command in env.demonstrator.oracle():
            reward = env.step(command)[1]
        assert reward == (10.0 if kind == "success" else 1.0)


@pytest.mark.parametrize(
    "command",
    [
        *(
            "",
            "fly",
            "search",
            "search[]",
            "click[]",
            "click[nothing]",
            "click[search]",
            "[]",
            "][",
        ),
        "search[[]]",
        *("click[[[", "click[buy now]", "\0", "\u202eog", "🏠", "a\nb", "x" * 1_000_000),
        *("click[" + "x" * 1_000_000 + "]", "click[" * 10_000),
    ],
)
@pytest.mark.parametrize("settings", [{}, COMPACT])
def test_what_the_shop_does_not_know_changes_nothing(
    command: str, settings: dict[str, str]
) -> None:
    for check in (False, True):
        env = WebShopEnv(**settings, check_actions=check)
        before, start = env.reset(options={"task_id": "validation/0002"})
        after, reward, terminated, _, info = env.step(command)
        assert (after, reward, terminated) == (before, 0.0, False)
        assert info["anchor"] == start["anchor"]
        assert info["action_valid"] != check


@pytest.mark.parametrize("command", ["search[🏠 \u202e]", "search[" + "red " * 250_000 + "]"])
@pytest.mark.parametrize("settings", [{}, {"observation": "text_rich"}, {"size": "mini"}])
def test_any_search_is_answered(command: str, settings: dict[str, str]) -> None:
    env = WebShopEnv(**settings, check_actions=True)
    env.reset(options={"task_id": "validation/0002"})
    _, reward, terminated, _, info = env.step(command)
    assert (reward, terminated, info["action_valid"]) == (0.0, False, True)
    assert "Page 1" in env.visit.observation


def test_only_the_form_of_a_reply_counts_unless_asked() -> None:
    for check in (False, True):
        env = gym.make("arlarena/WebShop-v0", check_actions=check)
        env.reset(options={"task_id": "test/0000"})
        reply = "<think>buy</think><action>click[buy now]</action>"
        _, reward, _, _, info = env.step(reply)
        assert (info["format_valid"], info["action_valid"]) == (True, not check)
        assert reward == (-0.1 if check else 0.0)


def test_horizons() -> None:
    for settings, horizon in (({}, 15), ({"size": "mini"}, 8), ({"horizon": 3}, 3)):
        env = WebShopEnv(**settings)
        env.reset(seed=0)
        assert [env.step("wait")[3] for _ in range(horizon)] == [False] * (horizon - 1) + [True]


def buy_the_first(env: WebShopEnv, rng: Random) -> str:
    visit = env.visit
    if visit.page == "index":
        return f"search[{env.instruction.lower()}]"
    return f"click[{visit.listed[0]['asin'].lower()}]" if visit.listed else "click[buy now]"


AGENTS = {
    "null": lambda env, rng: "",
    "random": lambda env, rng: env.demonstrator.noise(rng)[0],
    "first": buy_the_first,
}


@pytest.mark.parametrize(
    ("agent", "success", "score"),
    [
        ("null", (0.0, 0.0), (0.0, 0.0)),
        ("random", (0.0, 0.02), (0.05, 0.18)),
        ("first", (0.0, 0.02), (0.48, 0.6)),
    ],
)
def test_agents_without_skill(
    agent: str, success: tuple[float, float], score: tuple[float, float]
) -> None:
    env = WebShopEnv(tagger="words")
    rng = Random(0)
    tasks = env.tasks.panel("test").task_ids
    wins = total = 0.0
    for task_id in tasks:
        env.reset(options={"task_id": task_id})
        while not env.terminated and env.turns < env.horizon:
            env.step(AGENTS[agent](env, rng))
        wins += env.success
        total += env.score
    assert success[0] <= wins / len(tasks) <= success[1]
    assert score[0] <= total / len(tasks) <= score[1]


def test_training_tasks() -> None:
    for settings in ({}, {"size": "mini"}):
        env = WebShopEnv(**settings)
        drawn = {env.sample_task(Random(seed)) for seed in range(50)}
        assert len(drawn) > 45
        assert all(task_id.startswith("train/") for task_id in drawn)
        assert env.reset(seed=3)[1]["task_id"] == env.reset(seed=3)[1]["task_id"]


@pytest.mark.parametrize("settings", [{}, {"size": "mini"}])
@pytest.mark.parametrize(
    "task_id",
    ["", "train", "train/x", "train/-1", "train/1.5", "train/99999999999999999999999", "test/9999",
     "test/1", "tset/0000", "official/test/0", "train/٣", "\n", "//"],
)  # fmt: skip
def test_tasks_that_do_not_exist(settings: dict[str, str], task_id: str) -> None:
    with pytest.raises(ArenaError, match="no task") as caught:
        WebShopEnv(**settings).reset(options={"task_id": task_id})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": "midi"}, "unknown size of shop 'midi'; did you mean 'mini'"),
        ({"horizon": 0}, "horizon must be"),
        ({"observation": "rich"}, "unknown kind of observation 'rich'; did you mean 'text_rich'"),
        ({"observation": "compact"}, "made for the shop of size='mini'"),
        ({"reward": "dense"}, "unknown kind of reward 'dense'"),
        ({"data": "/nowhere"}, "no WebShop data at /nowhere"),
        ({"size": "mini", "data": "/nowhere"}, "data= has no meaning"),
        ({"splits": "fixed"}, "unknown splits 'fixed'"),
        ({"catalogue": "large"}, "unknown catalogue 'large'"),
        ({"goals": "people"}, "unknown kind of goals 'people'"),
        ({"tagger": "word"}, "unknown tagger 'word'; did you mean 'words'"),
        ({"render_mode": "human"}, "unknown render mode 'human'"),
        ({"size": ["mini"]}, r"unknown size of shop \['mini'\]"),
        ({"catalogue": ["small"]}, r"unknown catalogue \['small'\]"),
        ({"horizon": "15"}, "horizon must be at least 1, got '15'"),
        ({"data": 3}, "no WebShop data at 3"),
        ({"size": "mini", "tagger": "spacy"}, "no tagger but 'words', got 'spacy'"),
        ({"goals": "human"}, "catalogue=, goals= and splits= need data="),
        ({"splits": "reference"}, "catalogue=, goals= and splits= need data="),
    ],
)
def test_bad_settings(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        WebShopEnv(**settings)


def test_nothing_before_the_first_reset() -> None:
    env = WebShopEnv()
    for ask in (lambda: env.visit, env.anchor, env.view.page, lambda: env.step("click[buy now]")):
        with pytest.raises(ResetNeeded):
            ask()


def test_conditions() -> None:
    env = WebShopEnv(tagger="words")
    assert env.conditions == {"tagger": "words"}
    assert env.incomparable == ""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write files in the official format, under the official names."""
    monkeypatch.setenv("ARLARENA_CACHE", str(tmp_path / "cache"))
    items, attributes, requests = [], {}, {}
    for number in range(40):
        asin = f"B0TEST{number:04d}"
        items.append(
            {
                "asin": asin, "name": f"Lamp number {number}", "full_description": "It shines.",
                "small_description": ["bright"], "pricing": "$10.00 to $20.00",
                "category": "garden", "query": "lamps", "product_category": "Home › Lamps",
                "images": ["x"],
                "customization_options": {"Size": [{"value": "a"}, {"value": "b"}]},
            }
        )  # fmt: skip
        attributes[asin] = {
            "attributes": ["bright"],
            "instruction": f"Find me bright lamps number {number}",
            "instruction_attributes": ["bright"],
        }
        requests[asin] = [
            {"instruction": "a bright lamp.", "instruction_attributes": ["bright"],
             "instruction_options": ["a"]}
        ]  # fmt: skip
    (tmp_path / "items_shuffle_1000.json").write_text(json.dumps(items))
    (tmp_path / "items_ins_v2_1000.json").write_text(json.dumps(attributes))
    (tmp_path / "items_human_ins.json").write_text(json.dumps(requests))
    return tmp_path


def test_official_files(data: Path) -> None:
    names = set()
    for goals in ("synthetic", "human"):
        env = WebShopEnv(data=data, goals=goals)
        assert env.incomparable == ""
        panels = {split: env.tasks.panel(split) for split in ("train", "validation", "test")}
        names |= {panel.name for panel in panels.values()}
        assert len({panel.digest for panel in panels.values()}) == 3
        assert panels["test"].task_ids[0] == "official/test/0"
        for task_id in panels["test"].task_ids:
            env.reset(options={"task_id": task_id})
            for command in env.demonstrator.oracle():
                env.step(command)
            assert env.success
        drawn = env.sample_task(Random(0))
        assert drawn in panels["train"].task_ids
        assert env.reset(options={"task_id": drawn})[0] == "'Search'"
    assert len(names) == 6
    with pytest.raises(ArenaError, match="no task 'official/test/99999'"):
        env.reset(options={"task_id": "official/test/99999"})


def test_reference_splits_are_told_apart(data: Path) -> None:
    env = WebShopEnv(data=data, splits="reference", seed=3)
    assert "splits='reference'" in env.incomparable
    assert env.tasks.panel("test").name == "webshop-official-small-synthetic-reference/test"


def test_same_bytes_in_any_process(tmp_path: Path) -> None:
    program = (
        "from random import Random\n"
        "from arlarena_bench.envs.webshop.env import WebShopEnv\n"
        "rng = Random(0)\n"
        "for settings in ({}, {'observation': 'text_rich'}, {'size': 'mini', 'observation': "
        "'compact'}):\n"
        "    env = WebShopEnv(**settings, tagger='words')\n"
        "    player = env.demonstrator\n"
        "    for seed in range(6):\n"
        "        print(env.reset(seed=seed), player.oracle(), player.expert())\n"
        "        while not env.terminated and env.turns < env.horizon:\n"
        "            print(env.step(player.noise(rng)[0]), player.oracle(), player.expert())\n"
        "    print(env.tasks.panel('test'))\n"
    )
    assert printed_everywhere(program, tmp_path)


def test_a_person_may_type_a_label_or_plain_words() -> None:
    env = WebShopEnv()
    env.reset(options={"task_id": "test/0003"})
    assert env.view.command("Warm Socks") == "search[Warm Socks]"
    assert env.view.command("search[socks]") == "search[socks]"
    assert env.view.command("search[]") is None
    env.step("search[socks]")
    assert env.view.command("next >") == "click[next >]"
    assert env.view.command("CLICK[Next >]") is None, "the shop reads lower-case names of actions"
    assert env.view.command("socks") is None
    listed = env.visit.listed[0]["asin"]
    assert env.view.command(listed) == f"click[{listed}]"


def test_a_person_types_short_commands_in_the_reduced_shop() -> None:
    env = WebShopEnv(size="mini", observation="compact")
    env.reset(options={"task_id": "test/0003"})
    (search,) = env.admissible_actions()
    assert env.view.command(search) == search
    assert env.view.command("click b1") is None
