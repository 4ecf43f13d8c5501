"""Whether a checkpoint has sampled the replies on record: its tokens scored again."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from arlarena_bench.errors import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.protocol.reply import ReplyFormat
from arlarena_bench.record import Result
from arlarena_bench.streams import Stream, uniforms
from arlarena_bench.submission.bundle_folder import shown
from arlarena_bench.submission.likelihood import TokenScores, chance, score_tokens
from arlarena_bench.submission.replaying import Replay
from arlarena_bench.submission.strict_json import RejectedError
from arlarena_bench.text_env import TextEnv
from arlarena_bench.training.evaluate import evaluation_sampling, evaluation_streams

READ_AT_ONCE = 1 << 15  # tokens, prompts and padding included


@dataclass(frozen=True, slots=True)
class Sampled:
    """What was found of a run's replies under one decoder.

    Attributes:
        episodes: Of them all.
        regenerated: Episodes of which every token is the one that their stream gives.
        tokens: Of them all.
        deviation: Sum of -log q less the entropy, in standard errors; None for a greedy decoder.
        chance: Bound of the probability of so large a deviation, of all or in some episode.
        fault: Why the checkpoint has not sampled them; None if nothing says so.
    """

    episodes: int
    regenerated: int
    tokens: int
    deviation: float | None
    chance: float
    fault: str | None = None


class _Row(NamedTuple):
    """A turn: which episode and turn, what was read, what was sampled."""

    episode: int
    turn: int
    prompt: tuple[int, ...]
    reply: tuple[int, ...]


def check_policy(
    run: str,
    result: Result,
    game: TextEnv,
    model: LanguageModel,
    replays: Mapping[str, Sequence[Replay]],
    false_alarm: float,
    draws: bool,
) -> dict[str, Sampled]:
    """Score all sampled tokens of a run again; return what was found, by decoder.

    Args:
        run: Its folder in the bundle.
        result: What is on record.
        game: The environment that it was played in.
        model: The policy that is said to have sampled.
        replays: Its episodes, stepped again without a fault, by decoder.
        false_alarm: Probability at most that a decoder's tokens are rejected by chance.
        draws: Whether every token has to be the one that its attempt's stream gives.

    Raises:
        RejectedError: If the policy has not sampled them.
    """
    panel, found = game.tasks.panel(result.panel.split), {}
    for decoder in sorted(replays):
        played = [each.told.task_id for each in replays[decoder]]
        try:
            found[decoder] = sampled(
                model,
                decoder,
                evaluation_sampling(result.recipe, decoder),
                replays[decoder],
                evaluation_streams(result.recipe, panel, played),
                game.reply_format,
                false_alarm,
                draws,
            )
        except ArenaError as error:
            raise RejectedError(f"{run}, decoder {decoder}: {shown(str(error))}") from None
        if (fault := found[decoder].fault) is not None:
            raise RejectedError(f"{run}, {fault}")
    return found


@torch.inference_mode()
def sampled(
    model: LanguageModel,
    decoder: str,
    sampling: Sampling,
    replays: Sequence[Replay],
    streams: Sequence[Stream],
    form: ReplyFormat,
    false_alarm: float,
    draws: bool,
) -> Sampled:
    """Score the tokens of one decoder's episodes by the policy that is said to have sampled them.

    Args:
        model: The policy.
        decoder: Its name.
        sampling: How it is said to have sampled.
        replays: The episodes, stepped again without a fault, tokens compared with replies.
        streams: Of each episode's draws.
        form: Of the replies, which says where one ends.
        false_alarm: Probability at most of a fault by chance.
        draws: Whether every token has to be the one that its stream gives.

    Raises:
        ArenaError: If a prompt does not fit into the model's context.
    """
    rows = _rows(model, replays)
    model.check_lengths([row.prompt for row in rows], sampling.max_new_tokens)
    scores = _scores(model, sampling, rows, streams)
    check = _Check(model, decoder, sampling, replays, rows, scores)
    fault = check.impossible() or check.wrong_end(form) or (check.not_drawn() if draws else None)
    deviation, probability, unlikely = check.deviation(false_alarm)
    return Sampled(
        len(replays),
        check.regenerated(),
        len(check.tokens),
        deviation,
        probability,
        fault or unlikely,
    )


def _rows(model: LanguageModel, replays: Sequence[Replay]) -> list[_Row]:
    """Return every turn, episode by episode, with the tokens that the model reads and wrote."""
    prompts = iter(
        model.encode([ask.prompt for r in replays for ask in r.asks if ask.follows is None])
    )
    rows = []
    for episode, each in enumerate(replays):
        before: tuple[int, ...] = ()
        turns = each.told.turns
        replies = turns.token_ids if turns is not None else ()
        for turn, (ask, reply) in enumerate(zip(each.asks, replies, strict=True)):
            if ask.follows is None:
                before = next(prompts)
            else:
                before = model.extend(replace(ask.follows, prompt_ids=before), ask.added)
            rows.append(_Row(episode, turn, before, reply))
    return rows


def _scores(
    model: LanguageModel, sampling: Sampling, rows: Sequence[_Row], streams: Sequence[Stream]
) -> TokenScores:
    """Return the scores of all tokens, row after row."""
    longest = max(max(len(row.reply) for row in rows), 1)
    # Like lengths stand together, and turns that are alike side by side.
    keys = [(len(row.prompt), row.prompt, row.reply) for row in rows]
    order = sorted(range(len(rows)), key=keys.__getitem__)
    parts = [
        _part(model, sampling, [rows[number] for number in part], streams, longest)
        for part in _parts(order, [len(row.prompt) + longest for row in rows])
    ]
    ends = list(itertools.accumulate(len(row.reply) for row in rows))
    places = [p for n in order for p in range(ends[n] - len(rows[n].reply), ends[n])]
    back = torch.tensor(places, dtype=torch.long).argsort()
    return TokenScores(
        *(torch.cat([getattr(p, name) for p in parts])[back] for name in TokenScores.__slots__)
    )


def _parts(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Cut rows, the shorter first, into parts that are read at once."""
    part: list[int] = []
    for number in order:
        if part and (len(part) + 1) * lengths[number] > READ_AT_ONCE:
            yield part
            part = []
        part.append(number)
    if part:
        yield part


def _part(
    model: LanguageModel,
    sampling: Sampling,
    rows: Sequence[_Row],
    streams: Sequence[Stream],
    longest: int,
) -> TokenScores:
    padded = [row.reply + (model.pad_id,) * (longest - len(row.reply)) for row in rows]
    # A policy often answers the same prompt alike: such turns are read once.
    pairs = [(row.prompt, reply) for row, reply in zip(rows, padded, strict=True)]
    distinct = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    prompts = PaddedPrompts.pack([prompt for prompt, _ in distinct], model.pad_id)
    read = model.logits(prompts, torch.tensor([reply for _, reply in distinct]))
    logits = read[torch.tensor([distinct[pair] for pair in pairs])]
    replies = torch.tensor(padded)
    there = torch.arange(longest) < torch.tensor([[len(row.reply)] for row in rows])
    numbers = uniforms([streams[row.episode].sub(row.turn) for row in rows], longest)
    return score_tokens(logits[there], replies[there], sampling, numbers[there])


class _Check:
    """Faults of the tokens of one decoder's episodes; each names its turn and token."""

    def __init__(
        self,
        model: LanguageModel,
        decoder: str,
        sampling: Sampling,
        replays: Sequence[Replay],
        rows: Sequence[_Row],
        scores: TokenScores,
    ) -> None:
        self._model = model
        self._decoder = decoder
        self._sampling = sampling
        self._replays = replays
        self._rows = rows
        self._scores = scores
        self.tokens = [token for row in rows for token in row.reply]
        self._row_of = [row for row in rows for _ in row.reply]
        self._place_of = [place for row in rows for place in range(len(row.reply))]
        self._episode = torch.tensor([row.episode for row in self._row_of], dtype=torch.long)

    def impossible(self) -> str | None:
        """Return the first token that the decoder cannot draw."""
        if (number := _first(~self._scores.possible)) is None:
            return None
        if self._sampling.temperature == 0:
            return f"{self._at(number)} is not the likeliest, which is {self._best(number)}"
        return f"{self._at(number)} is none that the checkpoint's decoder can draw there"

    def wrong_end(self, form: ReplyFormat) -> str | None:
        """Return the first reply that ends where sampling does not end, or goes on behind it."""
        ends = set(self._model.end_ids)
        texts = self._model.tokenizer.batch_decode(
            [part for row in self._rows for part in (row.reply, row.reply[:-1])],
            skip_special_tokens=True,
        )
        wholes, befores = texts[::2], texts[1::2]
        for row, whole, before in zip(self._rows, wholes, befores, strict=True):
            where = f"{self._of(row.episode)}turn {row.turn + 1}, token {len(row.reply)}"
            if ends & set(row.reply[:-1]) or (form.closes and form.complete(before)):
                return f"{where}: the reply goes on behind its end"
            full = len(row.reply) == self._sampling.max_new_tokens
            if not (full or ends & set(row.reply) or (form.closes and form.complete(whole))):
                return f"{where}: the reply breaks off, which sampling does not"
        return None

    def not_drawn(self) -> str | None:
        """Return the first token that is another than its stream gives."""
        if (number := _first(~self._scores.drawn)) is None:
            return None
        return (
            f"{self._at(number)} was not drawn: from the attempt's stream the checkpoint draws "
            f"{self._best(number)}"
        )

    def regenerated(self) -> int:
        """Return of how many episodes every token is the one that its stream gives."""
        return len(self._replays) - len(set(self._episode[~self._scores.drawn].tolist()))

    def deviation(self, false_alarm: float) -> tuple[float | None, float, str | None]:
        """Return standard errors and chance of the deviation, and a fault where it is too small.

        Half of the false alarms are for the sum of all tokens, half for those of the episodes.
        """
        if self._sampling.temperature == 0 or not self.tokens:
            return None, 1.0, None
        scores, count = self._scores, len(self._replays)
        sums, variances = (
            torch.zeros(count, dtype=part.dtype).index_add(0, self._episode, part)
            for part in (scores.surprise, scores.variance)
        )
        growth = torch.zeros(count, scores.log_mgf.shape[1], dtype=sums.dtype)
        growth = growth.index_add(0, self._episode, scores.log_mgf)
        whole = 2 * float(chance(sums.sum(), growth.sum(0)))
        single = 2 * count * chance(sums, growth)
        episode = int(single.argmin())
        probability = min(1.0, whole, float(single[episode]))
        error = math.sqrt(float(variances.sum()))
        total = float(sums.sum()) / error if error > 0 else 0.0
        if probability >= false_alarm:
            return total, probability, None
        if float(single[episode]) < whole:
            of_one = (self._episode == episode).nonzero()[:, 0]
            error = math.sqrt(float(variances[episode]))
            found, what = float(sums[episode]) / max(error, 1e-12), f"its {len(of_one)} tokens"
        else:
            of_one = torch.arange(len(self.tokens))
            found, what = total, f"the decoder's {len(of_one)} tokens"
        number = int(of_one[scores.surprise[of_one].abs().argmax()])
        return (
            total,
            probability,
            f"{self._at(number)} is the least expected: -log p of {what} differs from the entropy "
            f"by {found:+.1f} standard errors (chance at most {probability:.0e})",
        )

    def _at(self, number: int) -> str:
        row = self._row_of[number]
        token = self._model.tokenizer.decode([self.tokens[number]])
        place = f"turn {row.turn + 1}, token {self._place_of[number] + 1}"
        return f"{self._of(row.episode)}{place}: {token!r}"

    def _of(self, episode: int) -> str:
        told = self._replays[episode].told
        return f"task {told.task_id}, attempt {told.attempt}, decoder {self._decoder}, "

    def _best(self, number: int) -> str:
        return repr(self._model.tokenizer.decode([int(self._scores.best[number])]))


def _first(found: Tensor) -> int | None:
    """Return the first place where it is true."""
    places = found.nonzero()
    return int(places[0, 0]) if len(places) else None
