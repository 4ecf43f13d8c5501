"""What is promised of every environment (docs/environments.md), as checks that an author can run.

Each check takes the id of an environment that Gymnasium knows, and raises one line that says which
promise is broken. `CHECKS` has them by name, for a test's parameters.
"""

import copy
import json
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env

from arlarena_bench.errors import ArenaError
from arlarena_bench.task_set import HELD_OUT
from arlarena_bench.text_env import TextEnv

Env = gym.Env[str, str]
Step = tuple[str, SupportsFloat, bool, bool, dict[str, Any]]

NONSENSE = ("", " ", "nonsense", "\0", "üñ✓", "a" * 1000)
MOST_TASKS = 64  # of a panel that the demonstrator plays
# Of an environment's specification on stdin: the bytes of an episode that a bad player plays.
_PLAYED = """\
import json, sys
told = json.load(sys.stdin)
sys.path[:] = told["path"]
from arlarena_bench.conformance import transcript
json.dump(transcript(told["spec"]), sys.stdout)
"""


def gymnasium_check(env_id: str) -> None:
    """`check_env` of Gymnasium passes without a warning."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(_made(env_id).unwrapped, skip_render_check=True)
    except (AssertionError, Warning, gym.error.Error) as error:
        raise ArenaError(f"{env_id}: Gymnasium's check_env: {_one_line(error)}") from None


def vectors(env_id: str) -> None:
    """Vectors of processes give what a vector in one process gives."""
    for copied in (True, False):
        found = {}
        for mode in ("sync", "async"):
            vector = gym.make_vec(
                env_id, 2, vectorization_mode=mode, vector_kwargs={"copy": copied}, history=1
            )
            try:
                first = tuple(vector.reset(seed=5)[0])
                texts, rewards, *_ = vector.step(("nonsense", ""))
                found[mode] = first, tuple(texts), rewards.tolist()
            finally:
                vector.close()
        _require(
            found["async"] == found["sync"], env_id, "make_vec in processes gives something else"
        )
        _require(
            all(isinstance(text, str) for text in found["async"][0]), env_id, "a prompt is no text"
        )


def copies(env_id: str) -> None:
    """`copy.deepcopy` and `pickle` give environments that go on alone, with the same bytes."""
    ways: tuple[Callable[[Env], Env], ...] = (
        copy.deepcopy,
        lambda env: pickle.loads(pickle.dumps(env)),
    )
    for way in ways:
        env = _made(env_id)
        fresh = way(env)
        _require(fresh.reset(seed=3) == env.reset(seed=3), env_id, "a copy begins otherwise")
        answers = _replies(env)
        env.step(next(answers))
        other = way(env)
        ahead = [next(answers) for _ in range(2)]
        here = []
        for reply in ahead:
            stood = _game(other).anchor()
            here.append(env.step(reply))
            _require(_game(other).anchor() == stood, env_id, "a copy moves with its original")
        _require([other.step(r) for r in ahead] == here, env_id, "a copy goes on otherwise")
        _require(_game(other).tasks.name == _game(env).tasks.name, env_id, "a copy has other tasks")
        task = {"task_id": _game(env).sample_task(Random(1))}
        _require(
            other.reset(options=task) == env.reset(options=task), env_id, "a copy resets otherwise"
        )


def protocol_arguments(env_id: str) -> None:
    """`gymnasium.make` takes the protocol's arguments, and refuses unknown ones in one line."""
    task = {"task_id": _game(_made(env_id)).sample_task(Random(2))}
    template = {"first": "first {task}", "later": "later {history}"}
    env = _made(env_id, history=1, penalty=0.25, template=template)
    _require(env.reset(options=task)[0].startswith("first "), env_id, "template is not taken")
    _, reward, *_, info = env.step("not in any form")
    paid = (info["penalty"], reward) == (0.25, info["env_reward"] - 0.25)
    _require(paid, env_id, "penalty is not taken")
    try:
        _made(env_id, no_such_argument=1)
    except ArenaError as error:
        _require("'no_such_argument'" in str(error), env_id, "an unknown argument is not named")
    except TypeError:
        raise ArenaError(
            f"{env_id}: an unknown argument gets no line of its own; let __init__ name all it takes"
        ) from None
    else:
        raise ArenaError(f"{env_id}: an unknown argument is taken")


def specification(env_id: str) -> None:
    """A specification stored as JSON makes the environment again, and says the horizon."""
    env = _made(env_id, history=3, penalty=0.0)
    if env.spec is None:
        raise ArenaError(f"{env_id}: it has no specification")
    stored = json.dumps(json.loads(env.spec.to_json()))
    again = gym.make(EnvSpec.from_json(stored), disable_env_checker=True)
    _require(again.spec == env.spec, env_id, "its specification changes when it is stored")
    _require(again.reset(seed=1) == env.reset(seed=1), env_id, "made again, it begins otherwise")
    steps = {
        gym.spec(env.spec.id).max_episode_steps,
        env.spec.max_episode_steps,
        _game(env).horizon,
    }
    _require(len(steps) == 1, env_id, f"max_episode_steps and horizon differ: {steps}")


def the_end(env_id: str) -> None:
    """The demonstrator solves a task, and nothing is earned after the end."""
    for bare in (True, False):
        made = _made(env_id)
        game = _game(made)
        env = game if bare else made
        player = game.demonstrator
        env.reset(options={"task_id": game.tasks.panel("test").task_ids[0]})
        reply = ""
        last = None
        while last is None or not (last[2] or last[3]):
            plan = player.oracle()
            _require(bool(plan), env_id, "the demonstrator does not know how to go on")
            reply = plan[0] if bare else game.reply_format.write("", plan[0])
            last = env.step(reply)
        _require(last[4]["success"], env_id, "the demonstrator does not solve its task")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            later = [env.step(words) for words in ("up", reply, "", "down")]
        ended = [str(each.message) for each in said if "the episode has ended" in str(each.message)]
        _require(len(ended) == 1, env_id, "a step after the end is not warned about once")
        for step in later:
            _require(_frozen(step, last), env_id, "a step after the end changes or pays something")


def panels(env_id: str) -> None:
    """Panels are disjoint by id and by content, and training never draws one of their tasks."""
    env = _game(_made(env_id))
    first: dict[str, str] = {}
    for split in (split for split in HELD_OUT if split in env.tasks.splits):
        for task, digest in env.tasks.digests(split).items():
            for key in (task, digest):
                other = first.setdefault(key, split)
                _require(other == split, env_id, f"{task} is of {other} and of {split}")
    held_out = env.tasks.held_out
    drawn = {env.sample_task(Random(seed)) for seed in range(200)}
    _require(held_out.isdisjoint(drawn), env_id, "training draws a task of a panel")


def any_string(env_id: str) -> None:
    """`act` takes any string; what makes no sense changes nothing."""
    env = _game(_made(env_id))
    for words in NONSENSE:
        env.reset(seed=1)
        before = env.anchor()
        if env.admissible_actions() is None or env.is_valid(words):
            continue
        try:
            env.step(words)
        except Exception as error:
            raise ArenaError(f"{env_id}: act({words!r}) raises {_one_line(error)}") from error
        # What is said may differ: ALFWorld answers that nothing happens.
        _require(env.anchor() == before, env_id, f"act({words!r}) changes the state")


def solvable(env_id: str) -> None:
    """The demonstrator solves the first tasks of every panel within the horizon."""
    env = _game(_made(env_id))
    player = env.demonstrator
    for split in (split for split in HELD_OUT if split in env.tasks.splits):
        for task in env.tasks.panel(split).task_ids[:MOST_TASKS]:
            env.reset(options={"task_id": task})
            over = False
            while not over:
                plan = player.oracle()
                _require(bool(plan), env_id, f"the oracle does not know how to go on in {task}")
                *_, terminated, truncated, info = env.step(plan[0])
                over = terminated or truncated
            _require(info["success"], env_id, f"the oracle does not solve {task}")


def processes(env_id: str) -> None:
    """Another process, with another hash seed, gives the same bytes."""
    spec = _made(env_id).spec
    if spec is None:
        raise ArenaError(f"{env_id}: it has no specification")
    told = json.dumps({"path": sys.path, "spec": spec.to_json()})
    done = subprocess.run(
        [sys.executable, "-c", _PLAYED],
        input=told,
        env={**os.environ, "PYTHONHASHSEED": str(1 + (os.environ.get("PYTHONHASHSEED") == "1"))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ArenaError(f"{env_id}: another process cannot play it: {last}")
    here = transcript(spec.to_json())
    _require(json.loads(done.stdout) == here, env_id, "another process plays it with other bytes")


CHECKS: dict[str, Callable[[str], None]] = {
    check.__name__: check
    for check in (
        gymnasium_check,
        vectors,
        copies,
        protocol_arguments,
        specification,
        the_end,
        panels,
        any_string,
        solvable,
        processes,
    )
}
"""Every check by its name."""


def transcript(spec: str) -> list[Any]:
    """Return what a bad player is shown and paid over three episodes.

    Args:
        spec: The environment's specification as JSON.
    """
    env = gym.make(EnvSpec.from_json(spec), disable_env_checker=True)
    seen: list[Any] = []
    for seed in range(3):
        prompt, _ = env.reset(seed=seed)
        seen.append(prompt)
        for reply in _replies(env):
            prompt, reward, terminated, truncated, info = env.step(reply)
            seen.append([prompt, reward, terminated, truncated, info["task_id"], info["anchor"]])
            if terminated or truncated:
                break
    return seen


def _made(env_id: str, **arguments: Any) -> Env:
    return gym.make(env_id, disable_env_checker=True, **arguments)


def _game(env: Env) -> TextEnv:
    game = env.unwrapped
    if not isinstance(game, TextEnv):
        raise ArenaError(f"{type(game).__name__} is no TextEnv; register it by register_text_env")
    return game


def _replies(env: Env) -> Iterator[str]:
    """Yield what a bad player answers, without end."""
    rng, game = Random(0), _game(env)
    while True:
        yield game.reply_format.write("", game.demonstrator.noise(rng)[0])


def _frozen(step: Step, last: Step) -> bool:
    """Whether a step after the end is as the last one, unpaid."""
    alike = step[0] == last[0] and step[2:4] == last[2:4] and step[4]["success"]
    return bool(alike and step[1] == 0.0 and step[4].get("penalty", 0.0) == 0.0)


def _require(kept: bool, env_id: str, broken: str) -> None:
    if not kept:
        raise ArenaError(f"{env_id}: {broken}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
