"""The example of docs/methods.md, run as a reader would."""

import re
from pathlib import Path

import pytest
import torch
from samples import random_batch, random_tokens

import arlarena_bench
from arlarena_bench import ArenaError, method
from arlarena_bench.installed import method_names
from arlarena_bench.objective import combine_info

DOCUMENT = Path(__file__).parents[2] / "docs" / "methods.md"


@pytest.fixture
def mine(tmp_path: Path) -> str:
    source = re.search(r'```python\n(""".*?)```', DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert source
    path = tmp_path / "mine.py"
    path.write_text(source[1], encoding="utf-8")
    return str(path)


def test_it_runs_with_gigpos_advantage_and_its_own_loss(mine: str) -> None:
    own, (log_probs, old, adv, mask) = method(mine), random_tokens(0)
    assert torch.equal(own.advantages(random_batch(0)), method("gigpo").advantages(random_batch(0)))
    loss, info = own.policy_loss(log_probs.requires_grad_(), old, adv, mask)
    loss.backward()
    outside = (log_probs.exp() - old.exp()) * adv.sign() > 0.1
    assert 0 < info["clip_fraction"] == pytest.approx(outside[mask > 0].double().mean().item())
    assert log_probs.grad is not None
    assert torch.equal(log_probs.grad != 0, (mask > 0) & ~outside & (adv != 0))


def test_its_fields_are_options(mine: str) -> None:
    options = method(mine, width=0.2, gamma=0.9).options()
    assert (options["width"], options["gamma"]) == (0.2, 0.9)
    with pytest.raises(ArenaError, match=r"ProbabilityClip\.width=-1: Input should be greater"):
        method(mine, width=-1)


@pytest.mark.parametrize("name", ["grpo_sm", "sampo"])
def test_the_documented_shards_add_up(name: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = re.search(r"```python\n(losses = \[.*?)```", text, re.DOTALL)
    assert example
    m, (log_probs, *others) = method(name), random_tokens(1)
    whole, cut = (log_probs.clone().requires_grad_() for _ in range(2))
    loss, numbers = m.policy_loss(whole, *others)
    loss.backward()
    shards = [(cut[:5], *(t[:5] for t in others)), (cut[5:], *(t[5:] for t in others))]
    names = {"arena": arlarena_bench, "combine_info": combine_info, "m": m, "shards": shards}
    exec(example[1], names)
    assert whole.grad is not None
    assert torch.allclose(cut.grad, whole.grad, atol=1e-15)
    assert names["info"] == pytest.approx(numbers)


def test_every_method_has_its_line_in_the_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"\n| `{name}` |" in text for name in method_names())
