"""Peak memory of one update, and tokens a second of decoding, by how much is held at once.

Run with `python -m benchmarks.memory` on Linux. Each update is made in a process of its own, by a
small Qwen3 model whose output layer is the only large one: what is measured is the peak of resident
memory above what the process held before the update, the model included.

`python -m benchmarks.memory --decode FOLDER` decodes with a model of the user's from a prompt that
all rows share, at several batch sizes, and once more as sampling does it, so many rows at once as
`policy.batch_room` takes: tokens of one thread's CPU second, so that a busy machine does not blur
them.
"""

import argparse
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from tabulate import tabulate
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from arlarena_bench.policy.batch_room import even_part, room, token_bytes
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.nano import train_tokenizer
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.sampling import Sampling
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.token_statistics import AT_ONCE
from arlarena_bench.policy.trainable_model import TrainableModel
from arlarena_bench.recipe import TrainSection
from arlarena_bench.streams import Stream, torch_stream

PROMPT, REPLY = 16, 496
WHOLE = 1 << 62
BATCHES = (4, 16, 32, 64)
DECODED_PROMPT, DECODED = 361, 12


@dataclass(frozen=True)
class Case:
    """One update.

    Attributes:
        vocabulary: Tokens that the model knows.
        rows: Of 512 tokens.
        micro_batch_rows: How many are read at once; None for all.
        chunks: Whether logits come in chunks.
    """

    vocabulary: int
    rows: int
    micro_batch_rows: int | None
    chunks: bool


CASES = [
    Case(vocabulary, rows, micro, chunks)
    for vocabulary, rows, micro in (
        (32_000, 4, None),
        (151_936, 1, None),
        (151_936, 4, None),
        (151_936, 4, 1),
    )
    for chunks in (False, True)
]


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a tokenizer; what is read here is numbers."""
    return train_tokenizer(["a b c"], "[a-z]")


def measure(case: Case) -> float:
    """Make the update of a case in this process; return its peak in MiB."""
    config = Qwen3Config(
        vocab_size=case.vocabulary,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=192,
        tie_word_embeddings=True,
    )
    model = LanguageModel(Qwen3ForCausalLM(config).eval(), tokenizer())
    generator = torch_stream(0, "memory")
    drawn = torch.randint(case.vocabulary, (case.rows, PROMPT + REPLY), generator=generator)
    prompts = PaddedPrompts.pack([tuple(row[:PROMPT].tolist()) for row in drawn], 0)
    counted = torch.ones(case.rows, REPLY)
    rows = Rows(prompts, drawn[:, PROMPT:], counted, torch.zeros_like(counted))
    limit = case.micro_batch_rows and case.micro_batch_rows * (PROMPT + REPLY)
    settings = TrainSection(micro_batch_tokens=limit)
    trained = TrainableModel(model, settings, AT_ONCE if case.chunks else WHOLE)
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    for index, length in trained.micro_batches(rows):
        part = rows.select(index, length)
        stats = trained.token_stats(part, grad=True)
        (-stats.log_probs.sum() / rows.mask.sum()).backward()  # type: ignore[no-untyped-call]
    return resident("VmHWM") - before


def resident(what: str) -> float:
    """Return a count of this process's memory, MiB."""
    told = re.search(what + r":\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert told is not None
    return int(told[1]) / 1024


def print_updates() -> None:
    """Print the peak of every case, with chunks and without."""
    # A process has imported all when it begins, and ends with its case.
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        found = track(pool.imap(measure, CASES), total=len(CASES), console=Console(stderr=True))
        peaks = dict(zip(CASES, found, strict=True))
    rows = []
    for case, peak in peaks.items():
        if not case.chunks:
            apart = peaks[replace(case, chunks=True)]
            micro = case.micro_batch_rows or case.rows
            rows.append((f"{case.vocabulary:,}", case.rows, micro, f"{peak:,.0f}", f"{apart:,.0f}"))
    headers = ("vocabulary", "rows of 512", "at once", "whole logits, MiB", "in chunks, MiB")
    print(tabulate(rows, headers, "github", disable_numparse=True))


def print_decoding(folder: Path, batches: Sequence[int]) -> None:
    """Print tokens a CPU second at several batch sizes, all rows at once and as memory takes."""
    model = LanguageModel.load(folder)
    fits = room(model.model) // (DECODED_PROMPT + 1 + DECODED)
    rows = [(batch, decode(model, batch, WHOLE), batch) for batch in batches]
    rows += [(batch, decode(model, batch, None), even_part(batch, fits)) for batch in batches[-1:]]
    size = (DECODED_PROMPT + DECODED) * token_bytes(model.model) / 2**20
    cells = [(asked, held, f"{held * size:,.0f}", f"{rate:.1f}") for asked, rate, held in rows]
    headers = ("rows", "at once", "keys and values, MiB", "tokens a CPU second")
    print(tabulate(cells, headers, "github", disable_numparse=True))
    print(f"\nprompts of {DECODED_PROMPT} tokens; last, as sampling does it by itself")


def decode(model: LanguageModel, batch: int, at_once: int | None) -> float:
    """Return tokens a CPU second of so many rows; `at_once` tokens at once, if None by memory.

    Reading the prompt does not count: it is what one token takes, and is taken off.
    """
    model.batch_tokens = at_once
    generator = torch_stream(0, "decoding")
    ids = torch.randint(model.vocabulary, (DECODED_PROMPT,), generator=generator)
    prompt = tuple(ids.tolist())
    taken = []
    for new in (1, 1 + DECODED):
        streams = [Stream.of("decoding", number) for number in range(batch)]
        started = time.process_time()
        replies = model.generate([prompt] * batch, Sampling(new), streams)
        taken.append(time.process_time() - started)
    # A random prompt is seldom answered by an end; what has ended is not counted.
    made = sum(len(reply.reply_ids) for reply in replies) - batch
    return made / (taken[1] - taken[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory")
    parser.add_argument("--decode", type=Path, metavar="FOLDER", help="decode with this model")
    parser.add_argument("--batches", default=",".join(map(str, BATCHES)), help="of --decode")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.decode:
        print_decoding(asked.decode, [int(batch) for batch in asked.batches.split(",")])
    else:
        print_updates()


if __name__ == "__main__":
    main()
