import torch
from samples import random_batch, random_tokens

from arlarena_bench import method


def test_it_is_gspos_loss_gigpos_advantage_and_dapos_filter() -> None:
    sampo, batch, tokens = method("sampo"), random_batch(0), random_tokens(0)
    assert torch.equal(sampo.advantages(batch), method("gigpo").advantages(batch))
    assert sampo.policy_loss(*tokens) == method("gspo").policy_loss(*tokens)
    groups = [[0.0, 0.0], [0.0, 10.0]]
    assert sampo.filter(groups) == method("dapo_gigpo").filter(groups) == [[0.0, 10.0]]


def test_the_text_averages_by_token() -> None:
    text = method("sampo", aggregation="token-mean")
    tokens = random_tokens(0)
    assert text.policy_loss(*tokens)[0] != method("sampo").policy_loss(*tokens)[0]
    assert text.loss == method("sampo").loss
