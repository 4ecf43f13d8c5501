import pytest

from arlarena_bench import ArenaError, Episode, Generation, Turn, method


def episode(*rewards: float, success: bool = False, penalty: float = 0.0) -> Episode:
    turns = [
        Turn(
            prompt="",
            generation=Generation(""),
            command="",
            reward=reward,
            penalty=penalty,
            format_valid=True,
            action_valid=True,
            anchor="",
        )
        for reward in rewards
    ]
    return Episode(task_id="t", group=0, turns=turns, success=success)


@pytest.mark.parametrize("name", ["dapo_grpo", "dapo_gigpo", "sampo"])
def test_groups_whose_returns_tie_are_dropped(name: str) -> None:
    groups = [[1.0, 1.0, 1.0], [0.0, 1.0], [10.0, 9.9], [0.0], [], (0.0, 0.0)]
    kept = method(name).filter(groups)
    assert kept == [[0.0, 1.0], [10.0, 9.9]]
    assert kept[0] is groups[1]


@pytest.mark.parametrize("name", ["dapo_grpo", "dapo_gigpo", "sampo"])
def test_groups_of_episodes_go_by_the_environments_return(name: str) -> None:
    tied = [episode(0.0, penalty=0.1), episode(0.0, 0.0)]
    mixed = [episode(0.0, 10.0, success=True), episode(0.0)]
    kept = method(name).filter([tied, mixed])
    assert len(kept) == 1
    assert kept[0] is mixed


def test_the_order_of_rewards_does_not_make_a_difference() -> None:
    forth, back = (-0.1, 0.9, -1.1, 10.9), (10.9, -1.1, 0.9, -0.1)
    assert sum(forth) != sum(back)
    assert method("dapo_grpo").filter([[episode(*forth), episode(*back)]]) == []


def test_code_goes_by_returns_and_the_text_by_success() -> None:
    failed_apart = [episode(-0.1), episode(-0.1, -0.1)]
    solved_apart = [episode(10.0, success=True), episode(-0.1, 10.0, success=True)]
    mixed = [episode(10.0, success=True), episode(-0.1)]
    groups = [failed_apart, solved_apart, mixed]
    assert method("dapo_grpo").filter(groups) == groups
    assert method("dapo_grpo", filter_on="success").filter(groups) == [mixed]


def test_success_cannot_be_read_off_returns() -> None:
    with pytest.raises(ArenaError, match="needs groups of episodes"):
        method("dapo_grpo", filter_on="success").filter([[0.0, 1.0]])
