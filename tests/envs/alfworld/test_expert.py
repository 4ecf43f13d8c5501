from random import Random

from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.engine import Game
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.expert import Searcher
from arlarena_bench.envs.alfworld.generator import Household, game
from arlarena_bench.envs.alfworld.goals import TASKS
from arlarena_bench.envs.alfworld.tasks import Task
from arlarena_bench.envs.alfworld.world import World


def test_the_sweep_depends_on_the_prompt_alone() -> None:
    """Off the path too: a third of the commands are random."""
    env = AlfworldEnv(size="mini", observation="compact", horizon=60)
    rng = Random(0)
    chosen: dict[tuple[str, str], list[str]] = {}
    for number in range(300):
        env.reset(options={"task_id": f"train/{number}"})
        while not env.success and env.turns < env.horizon:
            prompt = env.instruction, env.observe()
            plan = env.demonstrator.expert()
            assert chosen.setdefault(prompt, plan) == plan
            assert env.is_valid(plan[0])
            stray = rng.random() < 0.3
            env.step(rng.choice(env.admissible_actions()) if stray else plan[0])
    assert len(chosen) > 2000


def test_experts_win_in_time() -> None:
    for settings, share in (({}, 0.97), ({"size": "mini", "observation": "compact"}, 0.95)):
        env = AlfworldEnv(**settings)
        tasks = env.tasks.panel("validation").first(60)
        wins = 0
        for task_id in tasks:
            env.reset(options={"task_id": task_id})
            while not env.success and env.turns < env.horizon:
                env.step(env.demonstrator.expert()[0])
            wins += env.success
        assert wins / len(tasks) >= share


def test_the_searcher_knows_only_what_it_saw() -> None:
    """In two households that look the same so far, it does the same next."""
    household = Household()
    chosen: dict[tuple[str, ...], str] = {}
    compared = 0
    for kind in TASKS:
        drawn = household.draw(Draw("tests"), task=kind)
        for trial in range(25):
            task = Task(drawn.goal, drawn.plan, trial)
            played = Game.from_data(game(household.scene(task), "do it"))
            searcher = Searcher(task.goal, "move {} to {}")
            state = played.reset()
            history: tuple[str, ...] = (str(drawn),)
            while not state.won:
                # Equal names may hide unequal commands: what is admissible is seen as well.
                history += (state.observation, *state.admissible_commands)
                world = World.read(played.facts(), played.names)
                searcher.see(world)
                command = searcher.plan(world)[0]
                compared += history in chosen
                assert chosen.setdefault(history, command) == command
                state = played.step(command)
                assert len(history) < 100_000
    assert compared > 100


def test_the_searcher_goes_on_from_wherever_it_is_put() -> None:
    env = AlfworldEnv(horizon=10_000)
    rng = Random(1)
    for number in range(20):
        env.reset(options={"task_id": f"train/{number}"})
        while not env.success:
            commands = env.admissible_actions() if rng.random() < 0.3 else env.demonstrator.expert()
            env.step(rng.choice(commands) if len(commands) > 5 else commands[0])
            assert env.turns < 500
