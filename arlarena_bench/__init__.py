"""Benchmark of policy-optimisation methods for LLM agents.

Importing it registers the installed environments with Gymnasium. Everything else is imported when
first used: a command line should not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from arlarena_bench.environment_names import load_plugins

if TYPE_CHECKING:
    from arlarena_bench.batch import Batch as Batch
    from arlarena_bench.demonstrator import Demonstrator as Demonstrator
    from arlarena_bench.episode import Episode as Episode
    from arlarena_bench.episode import Generation as Generation
    from arlarena_bench.episode import Turn as Turn
    from arlarena_bench.errors import ArenaError as ArenaError
    from arlarena_bench.installed import load_recipe as load_recipe
    from arlarena_bench.installed import method as method
    from arlarena_bench.objective.aggregation import Totals as Totals
    from arlarena_bench.objective.aggregation import aggregate as aggregate
    from arlarena_bench.objective.aggregation import reduce as reduce
    from arlarena_bench.objective.kl import kl as kl
    from arlarena_bench.objective.method import Method as Method
    from arlarena_bench.objective.token_loss import TokenLoss as TokenLoss
    from arlarena_bench.panel import Panel as Panel
    from arlarena_bench.protocol.prompt import PromptTemplate as PromptTemplate
    from arlarena_bench.protocol.wrapper import AgentProtocol as AgentProtocol
    from arlarena_bench.registration import register_text_env as register_text_env
    from arlarena_bench.task_set import FrozenTasks as FrozenTasks
    from arlarena_bench.task_set import ListedTasks as ListedTasks
    from arlarena_bench.task_set import TaskSet as TaskSet
    from arlarena_bench.terminal_view import TerminalView as TerminalView
    from arlarena_bench.text_env import TextEnv as TextEnv

__version__ = "0.1.0"

_HOMES = {
    "AgentProtocol": "protocol.wrapper",
    "ArenaError": "errors",
    "Batch": "batch",
    "Demonstrator": "demonstrator",
    "Episode": "episode",
    "FrozenTasks": "task_set",
    "Generation": "episode",
    "ListedTasks": "task_set",
    "Method": "objective.method",
    "Panel": "panel",
    "PromptTemplate": "protocol.prompt",
    "TaskSet": "task_set",
    "TerminalView": "terminal_view",
    "TextEnv": "text_env",
    "TokenLoss": "objective.token_loss",
    "Totals": "objective.aggregation",
    "Turn": "episode",
    "aggregate": "objective.aggregation",
    "kl": "objective.kl",
    "load_recipe": "installed",
    "method": "installed",
    "reduce": "objective.aggregation",
    "register_text_env": "registration",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


load_plugins()
