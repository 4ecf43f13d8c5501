from random import Random

from arlarena_bench.envs.webshop.env import WebShopEnv
from arlarena_bench.envs.webshop.expert import Shopper

COMPACT = {"size": "mini", "observation": "compact"}


def test_the_reduced_shops_expert_depends_on_the_prompt_alone() -> None:
    """Off the path too: a third of the commands are random."""
    env = WebShopEnv(**COMPACT)
    rng = Random(0)
    chosen: dict[tuple[str, str], tuple[str, str]] = {}
    repeated = 0
    for _ in range(800):
        env.reset(options={"task_id": f"train/{rng.randrange(400)}"})
        while not env.terminated and env.turns < env.horizon:
            prompt = env.instruction, env.observe()
            plan = env.demonstrator.expert()
            answer = plan[0], env.demonstrator.thought(plan)
            repeated += prompt in chosen
            assert chosen.setdefault(prompt, answer) == answer
            stray = rng.random() < 0.3
            env.step(env.demonstrator.noise(rng)[0] if stray else plan[0])
    assert len(chosen) > 1500
    assert repeated > 500


def test_experts_win_in_time() -> None:
    for settings, success, score in ((COMPACT, 0.95, 0.97), ({}, 0.7, 0.9)):
        env = WebShopEnv(**settings)
        tasks = env.tasks.panel("validation").first(200)
        wins = total = 0.0
        for task_id in tasks:
            env.reset(options={"task_id": task_id})
            while not env.terminated and env.turns < env.horizon:
                env.step(env.demonstrator.expert()[0])
            wins += env.success
            total += env.score
        assert wins / len(tasks) >= success
        assert total / len(tasks) >= score


def test_the_shopper_knows_only_what_it_saw() -> None:
    """What it has not seen may change, and it does the same."""
    env, other = WebShopEnv(), WebShopEnv()
    for number in range(40):
        for each in (env, other):
            each.reset(options={"task_id": f"train/{number:04d}"})
        # To buy is another matter, to look for it is not.
        goal = {**other.visit.goal, "asin": "", "attributes": ["x"], "goal_options": {"a": "b"}}
        other.visit.goal = goal
        while not env.terminated and env.turns < env.horizon:
            plan = env.demonstrator.expert()
            assert other.demonstrator.expert() == plan
            for each in (env, other):
                each.step(plan[0])


def test_the_shopper_reads_either_form_of_request() -> None:
    shopper = Shopper(
        "I need easy to use lipsticks with shea butter with color: rose petal, and pack: single, "
        "and price lower than 30.00 dollars"
    )
    assert shopper.limit == 30.0
    assert shopper._named == {"color": "rose petal", "pack": "single"}
    spoken = Shopper("i'm looking for a planter for small spaces. the size should be 6 inch")
    assert spoken.limit == float("inf")
    options = {"size": ["6 inch", "16 inch"], "color": ["white"]}
    env = WebShopEnv()
    env.reset(seed=0)
    env.step("search[planters]")
    known = spoken._note({**env.visit.listed[0]})
    known.options = options
    assert spoken.picks(known) == {"size": "6 inch"}


def test_the_shopper_goes_on_from_wherever_it_is_put() -> None:
    env = WebShopEnv(horizon=60)
    rng = Random(1)
    scores = []
    for _ in range(30):
        env.reset(options={"task_id": env.sample_task(rng)})
        while not env.terminated and env.turns < env.horizon:
            plan = env.demonstrator.noise(rng) if rng.random() < 0.2 else env.demonstrator.expert()
            env.step(plan[0] if plan[0] != "click[buy now]" else env.demonstrator.expert()[0])
        scores.append(env.score)
    assert sum(scores) / len(scores) > 0.7
