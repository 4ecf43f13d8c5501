"""The example of docs/methods.md, run as a reader would."""

import re
from pathlib import Path

import pytest
import torch
from samples import random_batch, random_tokens

from arlarena_bench import ArenaError, method
from arlarena_bench.installed import method_names

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


def test_every_method_has_its_line_in_the_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"\n| `{name}` |" in text for name in method_names())
