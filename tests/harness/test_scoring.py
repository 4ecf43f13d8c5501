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


def test_settings_say_what_is_played_and_are_on_record(tmp_path: Path) -> None:
    folder = str(write_model(tmp_path, "LlamaForCausalLM"))
    given = ["train.max_new_tokens=3", "protocol.history=1", "start.checkpoint.dtype=bfloat16"]
    plain, result = (
        score_policy(folder, "nano", "sokoban", "test", 2, settings=settings)
        for settings in ((), given)
    )
    assert result.recipe.train.max_new_tokens == 3
    assert result.recipe.protocol.history == 1
    lengths = [len(ids) for e in result.main.episodes for ids in e.turns.token_ids]
    assert max(lengths) <= 3
    # How a model is held is none of what results are compared by.
    assert result.recipe.start == plain.recipe.start


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("train.groups=2", "--set train.groups: an evaluation would not change by it"),
        ("protocol", "write a key and a value"),
        ("protocol.histori=2", "unknown key 'protocol.histori'; did you mean 'history'?"),
        ("start.checkpoint.device=tpu", "start.checkpoint.device: "),
    ],
)
def test_a_wrong_setting_is_one_line(setting: str, said: str) -> None:
    with pytest.raises(ArenaError) as caught:
        score_policy("random", "nano", "sokoban", "test", 2, settings=[setting])
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
