"""How many rows are generated side by side, and what happens when memory runs out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from samples import streams
from tiny_models import write_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config

from arlarena_bench.policy.batch_room import ON_CPU, even_part, room, token_bytes
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.sampling import Sampling

TESTS = Path(__file__).parents[1]
PROMPTS = ["push the box", "#", "push the box", "one box right , up and down #"] * 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("llama"), "LlamaForCausalLM")


def test_replies_do_not_depend_on_how_many_are_made_at_once(folder: Path) -> None:
    model = LanguageModel.load(folder)
    prompts = model.encode(PROMPTS)
    whole = model.generate(prompts, Sampling(10), streams(len(prompts)))
    rows = []
    start = model.decoder.start
    model.decoder.start = lambda p, room: rows.append(len(p.index)) or start(p, room)
    longest = max(map(len, prompts)) + 10
    for limit, sizes in ((5 * longest + 1, [4, 4, 4]), (1, [1] * 12), (10**6, [12])):
        rows.clear()
        model.batch_tokens = limit
        parts = model.generate(prompts, Sampling(10), streams(len(prompts)))
        assert [reply.reply_ids for reply in parts] == [reply.reply_ids for reply in whole]
        assert rows == sizes


@pytest.mark.parametrize(
    ("rows", "fit", "parts"),
    [(64, 19, [16, 16, 16, 16]), (7, 3, [3, 2, 2]), (3, 0, [1, 1, 1]), (5, 9, [5])],
)
def test_parts_are_as_few_as_fit_and_as_large(rows: int, fit: int, parts: list[int]) -> None:
    found = []
    while (left := rows - sum(found)) > 0:
        found.append(even_part(left, fit))
    assert found == parts


def test_room_counts_keys_and_values_of_all_layers() -> None:
    small = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 6, "vocab_size": 9}
    model = LlamaForCausalLM(LlamaConfig(**small, num_key_value_heads=2, intermediate_size=8))
    assert token_bytes(model) == 2 * 3 * 2 * 8 * 4
    assert token_bytes(model.to(torch.bfloat16)) == 2 * 3 * 2 * 8 * 2
    assert room(model) == ON_CPU // (2 * 3 * 2 * 8 * 2)
    model.config = Qwen3Config(**small, num_key_value_heads=6, head_dim=32)
    assert token_bytes(model) == 2 * 3 * 6 * 32 * 2


OUT_OF_MEMORY = """
import re, resource, sys
sys.path.insert(0, {tests!r})
import torch
torch.set_num_threads(1)
from pathlib import Path
from signpost import signpost_recipe
from arlarena_bench import ArenaError
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.token_rows import Rows
from arlarena_bench.policy.trainable_model import TrainableModel

model = LanguageModel.load(Path({folder!r}))
PROMPT, REPLY, ROWS = (5, 6, 7), 300, 256


def read(**settings):
    trained = TrainableModel(model, signpost_recipe(**settings).train)
    replies = torch.randint(5, 30, (ROWS, REPLY), generator=torch.Generator().manual_seed(0))
    prompts = PaddedPrompts.pack([PROMPT] * ROWS, model.pad_id)
    rows = Rows(prompts, replies, torch.ones(ROWS, REPLY), torch.zeros(ROWS, REPLY))
    found = trained.token_stats(rows, grad=False).log_probs
    return trained._limit, found


def allow(what, kib):
    told = re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    resource.setrlimit(resource.RLIMIT_AS, (int(told) + kib << 10, resource.RLIM_INFINITY))


half = ROWS * (len(PROMPT) + REPLY) // 2
expected = read(**{{"train.micro_batch_tokens": half}})[1]
allow("VmPeak", 2048)
limit, found = read()
print(limit == half, torch.allclose(found, expected, atol=1e-4))
allow("VmSize", 2048)
try:
    read()
except ArenaError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process's memory as Linux does")
def test_when_memory_runs_out_half_is_read_once(folder: Path) -> None:
    script = OUT_OF_MEMORY.format(tests=str(TESTS), folder=str(folder))
    # Without this, glibc keeps what was freed for the next tensor, and no limit is met.
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0, run.stderr[-2000:]
    read, refused = run.stdout.splitlines()
    assert read == "True True"
    assert refused.startswith(
        "memory runs out at 38784 tokens at once, and it did at twice as many"
    )
