"""Tables of policies that were played as they are: models, what answers at endpoints, scripts.

A table of methods says what training does over seeds. Where nothing was trained there are no seeds,
and what a row says is of tasks: how many of them were solved, and what that took.
"""

import shlex
from collections.abc import Callable, Sequence

from arlarena_bench.record import Result, UsageRecord
from arlarena_bench.report.layout import NONE, number_text
from arlarena_bench.statistics import clopper_pearson

Cell = Callable[[Result], str]


def are_models(results: Sequence[Result]) -> bool:
    """Whether no result is of a run or of the start of one."""
    return all(
        result.policy.kind in ("model", "scripted")
        and result.training is None
        and result.start is None
        for result in results
    )


def tasks_interval(result: Result) -> tuple[float, float] | None:
    """Return the 95 % Clopper-Pearson interval of the success on tasks like these.

    None where outcomes are not independent: several attempts at a task, or a cluster of tasks.
    """
    episodes = result.main.episodes
    clusters = [episode.cluster for episode in episodes if episode.cluster is not None]
    alone = len({episode.task_id for episode in episodes}) == len(episodes)
    if not alone or len(set(clusters)) < len(clusters):
        return None
    return clopper_pearson(sum(episode.success for episode in episodes), len(episodes))


def reply_tokens(result: Result) -> int | None:
    """Return the tokens of all replies under the headline decoder; None for a script."""
    if result.policy.kind == "scripted":
        return None
    return sum(episode.reply_tokens for episode in result.main.episodes)


def _of_usage(read: Callable[[UsageRecord], float | None], form: str = "{:,}") -> Cell:
    def cell(result: Result) -> str:
        return number_text(None if result.usage is None else read(result.usage), form)

    return cell


COLUMNS: dict[str, Cell] = {
    "turns": lambda result: f"{result.main.summary.length:.1f}",
    "actions %": lambda result: f"{100 * result.main.summary.action_valid:.1f}",
    "reply tokens": lambda result: number_text(reply_tokens(result), "{:,}"),
    "requests": _of_usage(lambda usage: usage.requests),
    "prompt tokens": _of_usage(lambda usage: usage.prompt_tokens),
    "money": _of_usage(lambda usage: usage.money, "{:,.2f}"),
    "not played": lambda result: number_text(len(result.main.failed) or None, "{}"),
}


def facts(results: Sequence[Result]) -> list[str]:
    """Return what the numbers of a table of models mean, one fact a line."""
    lines = [
        "- 95 % interval: Clopper-Pearson over tasks, for tasks like these; "
        f"{NONE} where they share clusters or are tried several times",
        "- score: mean return of an episode; score (turns): weighted by turns, as the paper does",
        "- format %, actions %: turns in the strict format, and with an admissible action in it",
    ]
    lines += dict.fromkeys(_machine(result) for result in results if result.provenance.accelerator)
    if any(result.usage is not None for result in results):
        lines.append(
            "- reply tokens: in scored replies; requests, prompt tokens, money: all that was asked "
            "of an endpoint, failed tries included"
        )
    return lines


def _machine(result: Result) -> str:
    vllm = result.provenance.packages.get("vllm")
    sampled = "" if vllm is None else f", sampled by vLLM {vllm}"
    return f"- {result.label}: computed on {result.provenance.accelerator}{sampled}"


def commands(results: Sequence[Result]) -> list[str]:
    """Return what played each, as it was recorded, or as the results tell."""
    return list(dict.fromkeys(result.provenance.command or _line(result) for result in results))


def _line(result: Result) -> str:
    recipe, panel = result.recipe, result.panel
    line = ["arlarena", "evaluate", result.label, "--preset", recipe.name]
    line += ["--env", recipe.environment.name, "--split", panel.split, "--tasks", str(panel.tasks)]
    return shlex.join(line)
