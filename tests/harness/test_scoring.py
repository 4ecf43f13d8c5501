from pathlib import Path

import pytest
from tiny_models import write_model

from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.scoring import score_policy, scores_table


def test_the_oracle_solves_everything_and_silence_nothing() -> None:
    oracle = score_policy("oracle", "nano", "sokoban", "test", 16)
    assert oracle.main.summary.success == 1.0
    assert oracle.panel.tasks == 16
    assert (oracle.policy.kind, oracle.label) == ("scripted", "oracle")
    assert "100.0%" in scores_table(oracle)
    silent = score_policy("null", "nano", "sokoban", "validation", 16)
    assert silent.main.summary.success == 0.0
    assert silent.main.summary.format_valid == 0.0
    assert silent.panel.digest != oracle.panel.digest


def test_a_random_policy_scores_the_same_every_time() -> None:
    first, again = (score_policy("random", "nano", "sokoban", "test", 16) for _ in range(2))
    assert first == again
    assert 0 < first.main.summary.action_valid <= 1


@pytest.mark.parametrize(
    ("policy", "split", "tasks", "said"),
    [
        ("orcle", "test", 4, "did you mean 'oracle'"),
        ("oracle", "tset", 4, "did you mean 'test'"),
        ("oracle", "test", 10_000, "asked for 10000"),
    ],
)
def test_a_mistake_is_one_line(policy: str, split: str, tasks: int, said: str) -> None:
    with pytest.raises(ArenaError, match=said):
        score_policy(policy, "nano", "sokoban", split, tasks)


def test_a_model_is_scored_under_the_decoder_that_was_asked_for(tmp_path: Path) -> None:
    folder = str(write_model(tmp_path, "BloomForCausalLM"))
    every = score_policy(folder, "nano", "sokoban", "test", 4, decoder="all")
    assert list(every.scores) == ["paper", "t1", "greedy"]
    assert every.headline == "paper"
    greedy = score_policy(folder, "nano", "sokoban", "test", 4, decoder="greedy")
    assert greedy.scores == {"greedy": every.scores["greedy"]}
    only = score_policy(folder, "nano", "sokoban", "test", 4)
    assert only.scores == {"paper": every.scores["paper"]}
    assert scores_table(every).splitlines()[0].split()[1:] == ["paper", "t1", "greedy"]
    with pytest.raises(ArenaError, match="unknown decoder 'gredy'; did you mean 'greedy'"):
        score_policy(folder, "nano", "sokoban", "test", 4, decoder="gredy")


def test_a_script_has_no_decoder() -> None:
    with pytest.raises(ArenaError, match="random is a script and has no decoder"):
        score_policy("random", "nano", "sokoban", "test", 4, decoder="paper")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="holds no Hugging Face model"):
        score_policy(str(tmp_path), "nano", "sokoban", "test", 4)


def test_scores_say_under_what_conditions_they_came() -> None:
    scores = score_policy("oracle", "nano", "webshop_mini", "test", 4)
    shown = scores_table(scores).splitlines()
    assert shown[-1].startswith("tagger: ")
    assert any(line.split() == ["r_price", "1.000"] for line in shown)
    refused = scores.model_copy(update={"incomparable": "nothing was isolated"})
    assert scores_table(refused).endswith("not for the leaderboard: nothing was isolated")
