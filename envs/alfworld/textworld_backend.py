"""The original engine (textworld 1.7.0 with alfworld 0.4.2) behind the interface of ours.

It keeps a parser in a global, rewrites `sys.argv`, swaps `sys.stdout` while it translates a game,
and sets `$ALFWORLD_DATA` when it is imported. All of that stays in here: one call at a time, in
whichever thread, and what it changes is put back.
"""

import importlib.util
import os
import sys
import tempfile
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import Any

from arlarena_bench.errors import ArenaError
from arlarena_bench.outage import OutageError

from .engine import State
from .engine.pddl import parse_domain, parse_problem
from .engine.sexpr import Tree
from .game_file import check_game

INSTALL = 'pip install "arlarena-bench[alfworld]"'
PACKAGES = ("textworld", "alfworld", "fast_downward")

FAILURES = (Exception, SystemExit)

_ONE_AT_A_TIME = RLock()
_IDLE: list[Any] = []


class TextworldGame:
    """One game, played by the original engine; see `Game` for the interface.

    Args:
        data: The object in a game file.

    Attributes:
        goal: The goal, as nested lists of PDDL's words.
        names: Id → the name commands and observations use.

    Raises:
        ArenaError: If the engine is not installed, or cannot load the game.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        check_game(data)
        problem = parse_problem(data["pddl_problem"], parse_domain(data["pddl_domain"]))
        self.goal: Tree = problem.goal
        with _contained():
            make = _engine()
            self._env = _IDLE.pop() if _IDLE else make()
            try:
                self._env.load(dict(data))
            # It fails on bad games in many ways, SystemExit among them.
            except FAILURES as error:
                raise ArenaError(f"textworld cannot load the game ({_reason(error)})") from error
            infos = self._env._entity_infos
            # Each holds a copy of a library that cannot be unloaded, so the next game takes it.
            self._kept = weakref.finalize(self, _IDLE.append, self._env)
        self.names: Mapping[str, str] = {item: infos[item].name for item in sorted(infos)}
        self.reset()

    def reset(self) -> State:
        """Go back to the beginning.

        Raises:
            OutageError: If the engine fails.
        """
        with self._working():
            return self._state(self._env.reset())

    def step(self, command: str) -> State:
        """Do what a command says; any command at all, of which the engine knows some.

        Raises:
            OutageError: If the engine fails.
        """
        with self._working():
            return self._state(self._env.step(command)[0])

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Tell a failure of the engine from everything that an agent can do."""
        with _contained():
            try:
                yield
            except FAILURES as error:
                self._kept.detach()  # no other game takes a broken one
                raise OutageError(
                    f"textworld failed in the middle of a game ({_reason(error)}); nothing was "
                    "scored by it. backend='native' plays the same games, and an interrupted run "
                    "goes on with --resume"
                ) from error

    def facts(self) -> frozenset[tuple[str, ...]]:
        """Return everything that is true now, as `(predicate, id, …)` in lower case."""
        with _contained():
            facts = list(self._env.state["_facts"])
        return frozenset(
            (fact.name, *(argument.name for argument in fact.arguments))
            for fact in facts
            if not fact.is_negation and "@" not in fact.name
        )

    def _state(self, state: Any) -> State:
        return State(state.feedback, list(state.admissible_commands), bool(state.won))


def with_shipped_texts(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a game with the domain and the grammar that alfworld ships, as its own games have.

    Raises:
        ArenaError: If alfworld is not installed.
    """
    spec = importlib.util.find_spec("alfworld")
    if spec is None or not spec.submodule_search_locations:
        raise ArenaError(f"the texts of alfworld are not installed: {INSTALL}")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    goal = data["grammar"].partition("Your task is to: ")[2].partition('."')[0]
    grammar = (folder / "alfred.twl2").read_text(encoding="utf-8").replace("UNKNOWN GOAL", goal)
    domain = (folder / "alfred.pddl").read_text(encoding="utf-8")
    return {**data, "pddl_domain": domain, "grammar": grammar}


def _reason(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


@contextmanager
def _contained() -> Iterator[None]:
    with _ONE_AT_A_TIME:
        argv = sys.argv
        try:
            yield
        finally:
            sys.argv = argv


@lru_cache(maxsize=1)
def _engine() -> Callable[[], Any]:
    """Import the engine; return what makes an environment of it."""
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise ArenaError(f"backend 'textworld' needs {', '.join(missing)}: {INSTALL}")
    if sys.version_info >= (3, 13):
        raise ArenaError(
            "textworld 1.7.0 does not work on Python 3.13; use backend='native', or Python 3.12"
        )
    if importlib.util.find_spec("jericho") is None:
        # textworld imports it for Z-machine games, which are not played here.
        stub = types.ModuleType("jericho")
        vars(stub)["__getattr__"] = lambda name: type(name, (), {})
        sys.modules["jericho"] = stub
    import textworld
    from textworld.envs.pddl.pddl import PddlEnv

    with _without_data_folder():
        from alfworld.agents.environment.alfred_tw_env import AlfredDemangler

    def make() -> Any:
        infos = textworld.EnvInfos(won=True, admissible_commands=True)
        return AlfredDemangler(PddlEnv(infos), shuffle=False)

    return make


@contextmanager
def _without_data_folder() -> Iterator[None]:
    """Keep the import of alfworld from making `~/.cache/alfworld` and setting `$ALFWORLD_DATA`."""
    before = os.environ.get("ALFWORLD_DATA")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ALFWORLD_DATA"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["ALFWORLD_DATA"]
            else:
                os.environ["ALFWORLD_DATA"] = before
