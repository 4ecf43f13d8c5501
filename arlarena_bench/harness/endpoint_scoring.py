"""Scoring a model behind an endpoint, with what was asked kept for the next command."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rich.console import Console

from arlarena_bench.episode import Episode
from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.harness.progress import Display
from arlarena_bench.harness.scoring import chosen_decoders, played, with_settings
from arlarena_bench.installed import load_recipe
from arlarena_bench.policy.budget import Budget, Price, Spending
from arlarena_bench.protocol.making import incomparable_line
from arlarena_bench.recipe import ChatSection, Recipe, SamplerSection
from arlarena_bench.record import (
    RESULT_FILE,
    PolicyRecord,
    Result,
    UsageRecord,
    provenance,
    read_result,
    write_result,
)
from arlarena_bench.task_set import HELD_OUT
from arlarena_bench.training.evaluate import asked_for, evaluation_player
from arlarena_bench.training.rollout import Arena

if TYPE_CHECKING:
    from arlarena_bench.policy.endpoint import Endpoint
    from arlarena_bench.policy.request_log import Exchange

PREFIX = "openai:"
INSTALL = "pip install 'arlarena-bench[api]'"


@dataclass(frozen=True, slots=True)
class EndpointRequest:
    """How a model is asked, as the command line has it.

    Attributes:
        base_url: Of the server; `$OPENAI_BASE_URL`, or OpenAI's own, if None.
        key_from: Variable of the environment with the key; `OPENAI_API_KEY` if None.
        concurrency: Requests in flight, and episodes played side by side.
        max_requests: Most requests of all commands with this folder.
        max_tokens: Likewise of tokens.
        max_cost: Likewise of money, at `price`.
        price: `"prompt,reply"`: of a million tokens of each kind.
        tries: How often a request is tried.
        backoff: Seconds before the second try, doubled before each further one.
        timeout: Seconds until a request counts as lost.
    """

    base_url: str | None = None
    key_from: str | None = None
    concurrency: int = 8
    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    price: str | None = None
    tries: int = 6
    backoff: float = 1.0
    timeout: float = 600.0

    def words(self) -> list[str]:
        """Return it as options of the command line, those at their defaults left out."""
        named = ((field.name, getattr(self, field.name), field.default) for field in fields(self))
        return [
            word
            for name, value, default in named
            if value != default
            for word in (f"--{name.replace('_', '-')}", str(value))
        ]

    def prices(self) -> Price | None:
        """Return the prices, None without any.

        Raises:
            ArenaError: If they are no two amounts, or a budget in money has none.
        """
        if self.price is None:
            if self.max_cost is not None:
                raise ArenaError("--max-cost needs the prices of a million tokens: --price 0.5,1.5")
            return None
        try:
            prompt, reply = (float(part) for part in self.price.split(","))
        except ValueError:
            prompt = reply = -1.0
        if not (0 <= prompt < float("inf") and 0 <= reply < float("inf")):
            raise ArenaError(
                f"--price {self.price!r}: give two amounts, of a million prompt and reply tokens, "
                "as 0.5,1.5"
            )
        return Price(prompt, reply)


def default_folder(name: str, preset: str, environment: str) -> Path:
    """Return where the replies of an endpoint's model are kept, unless a user says otherwise."""
    model = name.removeprefix(PREFIX).replace("/", "--")
    return Path("runs/evaluate") / model / Path(preset).stem / environment


def score_endpoint(
    name: str,
    request: EndpointRequest,
    folder: Path,
    preset: str,
    environment: str,
    split: str,
    tasks: int | None = None,
    *,
    decoder: str | None = None,
    settings: Sequence[str] = (),
    console: Console | None = None,
    warn: Callable[[str], None] = lambda line: None,
    command: str | None = None,
) -> Result:
    """Play a model behind an endpoint on the first tasks of a panel.

    Args:
        name: `"openai:MODEL"`.
        request: How it is asked.
        folder: Where every request and reply is kept, and the result; what is there already is
            not asked again.
        preset: Says how the environment is put to the model.
        environment: Short name or id.
        split: `"validation"` or `"test"`.
        tasks: How many; as the recipe says if None.
        decoder: One of the recipe's decoders, or `"all"` of them; its headline if None.
        settings: Replacements in the recipe, each `"dotted.key=value"`.
        console: Where progress is shown, if anywhere.
        warn: Told before anything is played why the scores cannot count, if they cannot.
        command: What was run, for the record; None for a call from Python.

    Returns:
        The result, as written to the folder. Episodes that could not be played are listed in it
        and keep it off the leaderboard.

    Raises:
        ArenaError: If something was asked for wrongly, the server answers nobody like us, or no
            episode at all could be played.
    """
    if split not in HELD_OUT:
        raise unknown("split", split, HELD_OUT)
    if folder.is_file() or folder.suffix == ".zst":
        raise ArenaError(f"--out {folder}: give a folder, for an endpoint's requests and result")
    recipe, held = with_settings(load_recipe(preset, environment), name, settings)
    if held != recipe:
        raise ArenaError("--set start.checkpoint: the server holds this model, as it was started")
    if recipe.sampler != SamplerSection():
        raise ArenaError("sampler: the server samples, and is set up where it is started")
    if tasks is not None:
        recipe = recipe.with_values({f"evaluation.{split}_tasks": tasks})
    if recipe.protocol.chat.template is not None:
        raise ArenaError(
            "protocol.chat.template: the server has the chat template; start it with this one"
        )
    decoders, price = chosen_decoders(recipe, decoder), request.prices()
    progress = _Progress(console)
    arena = Arena(recipe, request.concurrency, progress.on_end)
    for line in incomparable_line(arena.game):
        warn(line)
    named, attempts = asked_for(arena.game.tasks.panel(split), recipe, split)
    progress.total = len(decoders) * len(named) * attempts
    chat = recipe.protocol.chat
    with _endpoint(name, request, folder, progress, chat) as endpoint, progress:
        _check_folder(folder, recipe, name)
        players = {each: evaluation_player(endpoint, recipe, each) for each in decoders}
        record = PolicyRecord(kind="model", name=name.removeprefix(PREFIX))
        result = played(players, record, arena, recipe, split)
        usage = _usage(endpoint.base_url, endpoint.exchanges, price)
        found = {"usage": usage, "provenance": provenance(command)}
        result = result.model_copy(update=found)
        write_result(folder / RESULT_FILE, result)
    return result


def _check_folder(folder: Path, recipe: Recipe, name: str) -> None:
    """Refuse a folder with a result that this one would not go on from."""
    if not (folder / RESULT_FILE).exists():
        return
    there = read_result(folder / RESULT_FILE, turns=False)
    ours = name.removeprefix(PREFIX), recipe.name, recipe.environment.id
    theirs = there.policy.name, there.recipe.name, there.recipe.environment.id
    if there.usage is None or ours != theirs:
        raise ArenaError(
            f"{folder} holds a result of {theirs[0]}, preset {theirs[1]}, {theirs[2]}, which this "
            "would replace; give another --out"
        )


def usage_lines(result: Result) -> Iterator[str]:
    """Yield what is to be said below the scores of an endpoint's model."""
    usage, score = result.usage, result.main
    if usage is None or score.decoder is None:
        return
    served = ", ".join(usage.models) or "a model that it does not name"
    yield f"endpoint: {usage.base_url}, answered by {served}"
    decoder = score.decoder
    asked = (
        f"asked for: temperature {decoder.temperature:g}, top_p {decoder.top_p:g}, "
        f"top_k {decoder.top_k}, at most {result.recipe.train.max_new_tokens} tokens"
    )
    yield asked + (f"; not taken: {', '.join(usage.left_out)}" if usage.left_out else "")
    tokens = f"{_count(usage.prompt_tokens)} prompt and {_count(usage.reply_tokens)} reply tokens"
    money = "" if usage.money is None else f", {usage.money:.4f} in money"
    yield (
        f"cost: {usage.requests:,} requests ({usage.failed_requests:,} failed), {tokens}{money}, "
        f"{usage.request_seconds:,.0f} s of requests"
    )
    if usage.shortened:
        yield (
            f"cut by the server before {result.recipe.train.max_new_tokens} tokens: "
            f"{usage.shortened:,} replies, as where its context has no room for more"
        )
    reasons = Counter(failed.reason for each in result.scores.values() for failed in each.failed)
    if reasons:
        total = sum(len(each.episodes) for each in result.scores.values()) + reasons.total()
        yield f"not played, and in no score: {reasons.total()} of {total} episodes"
        yield from (f"  {count} × {reason}" for reason, count in sorted(reasons.items()))


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else f"{tokens:,}"


@contextmanager
def _endpoint(
    name: str,
    request: EndpointRequest,
    folder: Path,
    progress: "_Progress",
    chat: ChatSection,
) -> "Iterator[Endpoint]":
    try:
        from arlarena_bench.policy.chat_client import ChatClient
        from arlarena_bench.policy.endpoint import Endpoint, Retries
        from arlarena_bench.policy.request_log import RequestLog
    except ModuleNotFoundError as error:
        raise ArenaError(f"an endpoint needs the package {error.name}: {INSTALL}") from None
    price = request.prices()
    model = name.removeprefix(PREFIX)
    client = ChatClient(model, request.base_url, request.key_from, request.timeout)
    with closing(client), RequestLog.open(folder) as log:
        budget = Budget(request.max_requests, request.max_tokens, request.max_cost, price)
        for exchange in log:
            budget.spent += _spending(exchange)
        progress.budget = budget
        retries = Retries(request.tries, request.backoff)
        at_once, told = request.concurrency, progress.on_exchange
        yield Endpoint(client, log, budget, retries, at_once, told, chat)


def _spending(exchange: "Exchange") -> Spending:
    return Spending(1, exchange.prompt_tokens or 0, exchange.reply_tokens or 0)


def _usage(base_url: str, exchanges: "Sequence[Exchange]", price: Price | None) -> UsageRecord:
    answered = [exchange for exchange in exchanges if exchange.reply is not None]
    prompt = _total(answered, exchanges, "prompt_tokens")
    reply = _total(answered, exchanges, "reply_tokens")
    usage = UsageRecord(
        base_url=base_url,
        models=tuple(sorted({each.model for each in answered if each.model})),
        left_out=tuple(sorted({name for each in answered for name in each.left_out})),
        requests=len(exchanges),
        failed_requests=len(exchanges) - len(answered),
        prompt_tokens=prompt,
        reply_tokens=reply,
        shortened=sum(map(_is_shortened, answered)),
        request_seconds=round(sum(exchange.seconds for exchange in exchanges), 3),
    )
    if price is None:
        return usage
    money = None if prompt is None or reply is None else price.of(prompt, reply)
    prices = {"prompt_price": price.prompt, "reply_price": price.reply, "money": money}
    return usage.model_copy(update=prices)


def _is_shortened(exchange: "Exchange") -> bool:
    """Whether a server cut a reply before it had the tokens that were asked for."""
    limit = exchange.request.get("max_tokens") or exchange.request["max_completion_tokens"]
    length = exchange.reply_tokens
    return exchange.finish_reason == "length" and length is not None and length < limit


def _total(
    answered: "Sequence[Exchange]", exchanges: "Sequence[Exchange]", name: str
) -> int | None:
    """Return the tokens of all exchanges; None if an answer came without their number."""
    if any(getattr(exchange, name) is None for exchange in answered):
        return None
    return sum(getattr(exchange, name) or 0 for exchange in exchanges)


class _Progress:
    """A row for the episodes, with what was spent."""

    def __init__(self, console: Console | None) -> None:
        self._display = None if console is None else Display(console)
        self._done = 0
        self._failed = 0
        self.total = 0
        self.budget = Budget()

    def __enter__(self) -> Self:
        if self._display is not None:
            self._display.__enter__()
            self._row = self._display.add("episodes", self.total)
        return self

    def __exit__(self, *error: object) -> None:
        if self._display is not None:
            self._display.__exit__(*error)

    def on_end(self, episode: Episode) -> None:
        self._done += 1
        self._failed += bool(episode.failure)
        self.on_exchange()

    def on_exchange(self) -> None:
        if self._display is None:
            return
        spent = self.budget.spent
        tokens = spent.prompt_tokens + spent.reply_tokens
        note = f"{spent.requests:,} requests, {tokens:,} tokens"
        if self.budget.price is not None:
            cost = self.budget.price.of(spent.prompt_tokens, spent.reply_tokens)
            note += f", {cost:.4f} in money"
        self._display.update(
            self._row, self._done, note + (f", {self._failed} failed" if self._failed else "")
        )
        self._display.show()
