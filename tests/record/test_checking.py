from typing import Any

import pytest
from runs import panel_of, result_of, solving

from arlarena_bench.record import CostRecord, FailedEpisode, Result, check, summarise

PANEL = panel_of("sokoban")


def with_episode(result: Result, **changes: Any) -> Result:
    """The result with its first episode changed, and nothing that follows from it."""
    score = result.main
    first = score.episodes[0].model_copy(update=changes)
    changed = score.model_copy(update={"episodes": (first, *score.episodes[1:])})
    return result.model_copy(update={"scores": {result.headline: changed}})


def with_turns(result: Result, **changes: Any) -> Result:
    turns = result.main.episodes[0].turns
    assert turns is not None
    return with_episode(result, turns=turns.model_copy(update=changes))


def with_training(result: Result, **changes: Any) -> Result:
    assert result.training is not None
    return result.model_copy(update={"training": result.training.model_copy(update=changes)})


def test_nothing_is_wrong_with_a_good_result() -> None:
    result = result_of("grpo", 0, solving(5))
    assert check(result, PANEL) == check(result) == check(result.without_turns(), PANEL) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format_valid": 9}, "9 replies of valid format and 4 valid actions in 4 turns"),
        ({"format_valid": 3}, "3 replies of valid format and 4 valid actions in 4 turns"),
        ({"reward": 9.0}, "reward is 9.0, but its turns give 10.6"),
        ({"penalty": 0.5}, "penalty is 0.5, but its turns give 0.0"),
        ({"reply_tokens": 1}, "reply_tokens is 1, but its turns give 8"),
        ({"length": 3, "format_valid": 3, "action_valid": 3}, "4 replies for 3 turns"),
    ],
)
def test_an_episode_follows_from_its_turns(change: dict[str, Any], said: str) -> None:
    faults = check(with_episode(result_of("grpo", 0, solving(5)), **change), PANEL)
    assert f"sampled: task {PANEL.task_ids[0]}, attempt 0: {said}" in faults


def test_every_field_has_an_entry_a_turn() -> None:
    faults = check(with_turns(result_of("grpo", 0, solving(5)), penalties=(0.0,)), PANEL)
    assert faults == [f"sampled: task {PANEL.task_ids[0]}, attempt 0: 1 penalties for 4 turns"]


def test_other_outcomes_give_another_summary() -> None:
    faults = check(with_episode(result_of("grpo", 0, solving(5)), success=False), PANEL)
    assert faults == ["sampled: summary success is 0.5, but the episodes give 0.4"]


def test_attempts_are_those_that_the_recipe_asks_for() -> None:
    faults = check(result_of("grpo", 0, solving(5), settings={"evaluation.attempts": 2}), PANEL)
    assert faults == ["it played each task 1 times, its recipe asks for 2"]


def test_the_order_is_the_panels() -> None:
    result = result_of("grpo", 0, solving(10))
    score = result.main
    turned = score.model_copy(update={"episodes": score.episodes[::-1]})
    turned = result.model_copy(update={"scores": {result.headline: turned}})
    assert check(turned, PANEL) == ["sampled: episodes do not stand in the panel's order"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"collapse_step": 51}, "collapse at step 51 of 50"),
        ({"steps": 49}, "metric action_valid has 51 values for 50 steps"),
        ({"metrics": {"step": (0.0,) * 51}}, "the steps on record are not 0 to 50"),
    ],
)
def test_training_is_of_its_steps(change: dict[str, Any], said: str) -> None:
    (fault,) = check(with_training(result_of("grpo", 0, solving(5)), **change), PANEL)
    assert fault.startswith(said.partition("action_valid")[0])
    assert fault.endswith(said.partition("action_valid")[2])


def test_cost_is_what_its_steps_counted() -> None:
    metrics = {"cost/episodes": (None, *(64.0 * step for step in range(1, 51)))}
    result = with_training(result_of("grpo", 0, solving(5)), metrics=metrics)
    right = result.model_copy(update={"cost": CostRecord(episodes=3200, environment_steps=9000)})
    assert check(right, PANEL) == []
    wrong = result.model_copy(update={"cost": CostRecord(episodes=320, environment_steps=300)})
    assert check(wrong, PANEL) == [
        "cost episodes is 320, but its steps counted 3200",
        "cost has 300 environment steps for 320 episodes",
    ]


def test_no_method_stands_as_another() -> None:
    result = result_of("grpo", 0, solving(5))
    policy = result.policy.model_copy(update={"name": "sampo"})
    faults = check(result.model_copy(update={"policy": policy}), PANEL)
    assert faults == ["it stands as sampo, but its recipe is of grpo"]
    of_file = result_of("mine", 0, solving(5), source="f" * 64)
    assert check(of_file, PANEL) == []


def test_no_control_stands_as_a_method() -> None:
    controls = {"sampo": {"method": "grpo", "times": {"groups": 2}}}
    recipe = result_of("grpo", 0, solving(5)).recipe.with_values(
        {"controls": controls, "control": "sampo"}
    )
    posing = result_of("grpo", 0, solving(5)).model_copy(update={"recipe": recipe})
    assert check(posing, PANEL) == ["it is a control that calls itself sampo, which is a method"]


def test_what_was_not_played_is_listed_and_keeps_a_result_off_the_leaderboard() -> None:
    result = result_of("grpo", 0, solving(5))
    score, task = result.main, PANEL.task_ids[2]

    def without(*failed: tuple[str, int], incomparable: str = "2 were not played") -> list[str]:
        left = tuple(episode for episode in score.episodes if episode.task_id != task)
        listed = tuple(FailedEpisode(task_id=t, attempt=n, reason="gone") for t, n in failed)
        changed = {"episodes": left, "summary": summarise(left), "failed": listed}
        scores = {result.headline: score.model_copy(update=changed)}
        return check(
            result.model_copy(update={"scores": scores, "incomparable": incomparable}), PANEL
        )

    assert without((task, 0)) == []
    assert without() == [f"sampled: not played: {task}"]
    assert without((task, 0), incomparable="") == [
        f"sampled: episodes failed, but nothing keeps it off the leaderboard: {task}"
    ]
    assert without((task, 0), (task, 1)) == [
        f"sampled: failed, but also played or not of the panel: {task} (attempt 1)"
    ]
    assert without((task, 0), (PANEL.task_ids[0], 0)) == [
        f"sampled: failed, but also played or not of the panel: {PANEL.task_ids[0]}"
    ]
