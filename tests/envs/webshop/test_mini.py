from random import Random

import pytest

from arlarena_bench.envs.webshop.env import WebShopEnv
from arlarena_bench.envs.webshop.mini import compact
from arlarena_bench.envs.webshop.mini.shop import PER_TYPE, RESULTS, TYPES, mini_shop
from arlarena_bench.envs.webshop.mini.tasks import SHOPS

COMPACT = {"size": "mini", "observation": "compact"}


def test_one_visit_in_few_words() -> None:
    env = WebShopEnv(**COMPACT)
    observation, info = env.reset(options={"task_id": "train/77"})
    assert env.instruction == "find silk formal jacket small max 10"
    assert (observation, info["admissible_actions"]) == ("shop", ["search silk formal jacket"])
    observation = env.step("search silk formal jacket")[0]
    rows = observation.splitlines()
    assert rows[0] == "results silk formal jacket"
    assert rows[5] == "silk formal 10 b5"
    assert env.demonstrator.thought(["click b5"]) == "silk formal 10 b5"
    observation = env.step("click b1")[0]
    assert observation.startswith("item jacket denim formal 30\ncolor ")
    assert env.demonstrator.expert() == ["click back"]
    assert env.step("click back")[0].splitlines()[1] == "denim formal 30 tried"
    env.step("click b5")
    assert env.step("click small")[0].endswith("\npicked small")
    observation, reward, terminated, _, _ = env.step("click buy")
    assert (observation, reward, terminated) == ("bought", 10.0, True)


def test_shops_differ_and_are_made_once() -> None:
    names = [f"t{number:02d}" for number in range(SHOPS["train"])]
    stocks = {
        tuple(
            (p["Title"], p["Price"], str(p["options"])) for p in mini_shop(name).products.values()
        )
        for name in [*names, "v00", "e00"]
    }
    assert len(stocks) == len(names) + 2
    assert all(len(stock) == PER_TYPE * len(TYPES) for stock in stocks)
    assert mini_shop("t03") is mini_shop("t03")
    one, other = WebShopEnv(**COMPACT), WebShopEnv(**COMPACT)
    for env in (one, other):
        env.reset(options={"task_id": "train/5"})
    assert one.visit.shop is other.visit.shop


def test_what_is_asked_for_is_among_the_results() -> None:
    shop = mini_shop("t00")
    for index in range(300):
        goal = shop.goals[index]
        found = shop.search(" ".join([*goal["attributes"], goal["query"]]))
        assert goal["asin"] in found
        assert len(found) <= RESULTS
    assert len({goal["instruction_text"] for goal in shop.goals[:300]}) > 250
    assert shop.goals[2**61] == shop.goals[2**61]


@pytest.mark.parametrize("query", ["", "nothing", "cotton", "shirt", "silk silk silk dress wool"])
def test_searches(query: str) -> None:
    shop = mini_shop("t01")
    kinds = {shop.products[asin]["query"] for asin in shop.search(query)}
    assert kinds == {word for word in query.split() if word in TYPES}


def test_a_task_is_the_same_in_either_observation() -> None:
    compact_env, text = WebShopEnv(**COMPACT), WebShopEnv(size="mini")
    assert compact_env.tasks.panel("test") == text.tasks.panel("test")
    for env in (compact_env, text):
        env.reset(options={"task_id": "test/0007"})
        for command in env.demonstrator.oracle():
            env.step(command)
        assert env.success
    assert compact_env.visit.asin == text.visit.asin


def test_admissible_commands_do_something() -> None:
    env = WebShopEnv(**COMPACT, check_actions=True)
    rng = Random(0)
    for _ in range(200):
        _, info = env.reset(options={"task_id": env.sample_task(rng)})
        while not env.terminated and env.turns < env.horizon:
            assert all(map(env.is_valid, info["admissible_actions"]))
            before = env.anchor()
            command = env.demonstrator.noise(rng)[0]
            *_, info = env.step(command)
            assert info["action_valid"]
            picked = command.removeprefix("click ") in env.visit.options.values()
            assert picked or env.anchor() != before


@pytest.mark.parametrize(
    "command", ["click b9", "click b", "click tried", "buy", "search", "click next"]
)
def test_commands_that_are_none(command: str) -> None:
    env = WebShopEnv(**COMPACT, check_actions=True)
    env.reset(options={"task_id": "test/0000"})
    env.step("search shirt")
    before = env.observe()
    assert not env.is_valid(command)
    assert env.step(command)[0] == before


def test_random_customers_hardly_win() -> None:
    env = WebShopEnv(**COMPACT)
    rng = Random(0)
    wins = 0
    for task_id in env.tasks.panel("test").task_ids:
        env.reset(options={"task_id": task_id})
        while not env.terminated and env.turns < env.horizon:
            env.step(env.demonstrator.noise(rng)[0])
        wins += env.success
    assert wins / len(env.tasks.panel("test").task_ids) <= 0.01


def test_thoughts_say_what_a_command_is_about() -> None:
    env = WebShopEnv(**COMPACT)
    env.reset(options={"task_id": "test/0000"})
    said = {compact.thought(env.visit, command) for command in ("click black", "click buy", "fly")}
    assert said == {"pick black", "all fits", ""}
    assert compact.thought(env.visit, "search wool hat") == "hat"
