from random import Random

import pytest

from arlarena_bench.envs.webshop import Shop, oracle
from arlarena_bench.envs.webshop.env import WebShopEnv
from arlarena_bench.envs.webshop.sources import shop


def test_oracle_buys_what_every_goal_asks_for() -> None:
    """All goals of the catalogue, not only those of the panels."""
    seller = shop("words")
    longest = 0
    for index in range(len(seller.goals)):
        visit = seller.open(index)
        plan = oracle.plan(visit)
        longest = max(longest, len(plan))
        for action in plan:
            assert visit.outcome is None
            reward, done = visit.step(action)
        assert done
        assert reward == 1.0
    assert longest <= 15


@pytest.mark.parametrize(
    "settings", [{}, {"size": "mini"}, {"size": "mini", "observation": "compact"}]
)
@pytest.mark.parametrize("split", ["validation", "test"])
def test_oracle_solves_every_panel(settings: dict[str, str], split: str) -> None:
    env = WebShopEnv(**settings)
    for task_id in env.tasks.panel(split).task_ids:
        _, info = env.reset(options={"task_id": task_id})
        for command in env.demonstrator.oracle():
            named = command.partition("[")[0].partition(" ")[0] == "search"
            assert named or command in info["admissible_actions"]
            _, reward, terminated, truncated, info = env.step(command)
        assert (reward, terminated, truncated) == (10.0, True, False)
        assert info["success"]
        assert env.demonstrator.oracle() == []


@pytest.mark.parametrize("settings", [{}, {"size": "mini", "observation": "compact"}])
def test_oracle_goes_on_from_wherever_it_is_put(settings: dict[str, str]) -> None:
    env = WebShopEnv(**settings, horizon=100)
    rng = Random(0)
    wins = bought = 0
    for _ in range(60):
        env.reset(options={"task_id": env.sample_task(rng)})
        for _ in range(7):
            env.step(env.demonstrator.noise(rng)[0])
        bought += env.terminated
        for command in env.demonstrator.oracle():
            env.step(command)
        wins += env.success
    assert wins == 60 - bought > 10


def test_values_for_goals_in_peoples_words() -> None:
    product = {
        "asin": "B000000001", "name": "Plain Mug", "Title": "Plain Mug", "Description": "",
        "BulletPoints": [], "Attributes": ["handmade"], "Reviews": [], "Rating": "N.A.",
        "pricing": [5.0], "Price": "$5.0", "category": "garden", "query": "mugs",
        "product_category": "Kitchen › Mugs",
        "options": {"color": ["navy blue", "light green"], "size": ["12 ounce", "16 ounce"]},
    }  # fmt: skip
    goal = {
        "asin": "B000000001", "category": "garden", "query": "mugs", "name": "Plain Mug",
        "product_category": "Kitchen › Mugs", "instruction_text": "a mug", "weight": 1,
        "attributes": ["handmade"], "price_upper": 10.0, "goal_options": ["16 ounce", "green"],
    }  # fmt: skip
    visit = Shop([product], [goal]).open(0)
    assert oracle.choices(visit) == {"size": "16 ounce", "color": "light green"}
    for action in oracle.plan(visit):
        reward, _ = visit.step(action)
    assert reward == 1.0
    missing = Shop([product], [{**goal, "asin": "B000000009"}]).open(0)
    assert oracle.plan(missing) == []
