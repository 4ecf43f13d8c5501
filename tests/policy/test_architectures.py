"""Every architecture is answered right, or refused in one line."""

from operator import itemgetter
from pathlib import Path
from typing import Any

import field_cases
import pytest
import torch
from samples import streams
from tiny_models import DECODERS, OTHERS, write_model
from typer.testing import CliRunner

from arlarena_bench.cli import app
from arlarena_bench.policy.language_model import LanguageModel
from arlarena_bench.policy.padding import PaddedPrompts
from arlarena_bench.policy.sampling import Sampling

WORDS = ["push the box", "#", "push the box", "one box right , up and down #"]


def evaluated(folder: Path) -> tuple[int, str]:
    """Evaluate on two tasks; return the exit code and what was said on stderr."""
    run = CliRunner().invoke(app, ["evaluate", str(folder), "--env", "sokoban", "--tasks", "2"])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    return run.exit_code, run.stderr.strip()


@pytest.mark.parametrize("name", sorted(DECODERS))
def test_a_decoder_answers_in_a_batch_as_it_does_alone(tmp_path: Path, name: str) -> None:
    folder = write_model(tmp_path, name)
    assert evaluated(folder) == (0, "")
    model = LanguageModel.load(folder)
    prompts = model.encode(WORDS)
    assert len(set(map(len, prompts))) > 1
    batch = model.generate(prompts, Sampling(12), streams(len(prompts)))
    longest = max(len(reply.reply_ids) for reply in batch)
    padded = torch.tensor(
        [[*r.reply_ids, *[model.pad_id] * (longest - len(r.reply_ids))] for r in batch]
    )
    with torch.no_grad():
        scored = model.logits(PaddedPrompts.pack(prompts, model.pad_id), padded).log_softmax(-1)
        for row, (prompt, reply) in enumerate(zip(prompts, batch, strict=True)):
            chosen = torch.tensor(reply.reply_ids)[:, None]
            ids = torch.tensor([prompt + reply.reply_ids])
            alone = model.model(ids).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
            expected = alone.gather(-1, chosen)[:, 0]
            sampled = torch.tensor(reply.log_probs)
            scoring = scored[row, : len(chosen)].gather(-1, chosen)[:, 0]
            assert torch.allclose(sampled, expected, atol=1e-4)
            assert torch.allclose(scoring, expected, atol=1e-4)
    greedy = Sampling(12, temperature=0)
    together = [reply.reply_ids for reply in model.generate(prompts, greedy)]
    assert together == [model.generate([prompt], greedy)[0].reply_ids for prompt in prompts]


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_no_decoder_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    code, said = evaluated(write_model(tmp_path, name))
    assert code == 2
    assert OTHERS[name][1] in said
    assert "\n" not in said


FIELD = {
    "no padding token": "LlamaForCausalLM",
    "GPT-2": "GPT2LMHeadModel",
    "GPT-NeoX": "GPTNeoXForCausalLM",
}


@pytest.mark.parametrize("case", field_cases.cases("model-folder-traceback"), ids=itemgetter("id"))
def test_folders_that_failed_in_the_field(tmp_path: Path, case: dict[str, Any]) -> None:
    (name,) = (name for words, name in FIELD.items() if words in case["input"])
    folder = write_model(tmp_path, name)
    config = folder / "tokenizer_config.json"
    config.write_text(config.read_text().replace('"pad_token": "<pad>",', ""))
    assert LanguageModel.load(folder).tokenizer.pad_token is None
    assert evaluated(folder) == (0, "")
