import torch

from arlarena_bench.episode import Episode, Generation, Turn
from arlarena_bench.training.rows import pack_episodes


def turn(prompt: tuple[int, ...], reply: tuple[int, ...], reward: float, penalty: float) -> Turn:
    generation = Generation(
        "", prompt, reply, tuple(-0.1 * t for t in reply), tuple(0.2 * t for t in reply)
    )
    return Turn("", generation, "", reward, penalty, True, penalty == 0, f"state {prompt}")


def test_one_row_a_turn() -> None:
    episodes = [
        Episode("a", 7, [turn((1, 5), (3, 2), 0.5, 0.0), turn((1, 6, 4), (9,), 1.0, 0.1)]),
        Episode("a", 7, [turn((1, 5), (4, 4, 2), -0.5, 0.0)]),
    ]
    rows, batch = pack_episodes(episodes, pad_id=0)
    assert rows.replies.tolist() == [[3, 2, 0], [9, 0, 0], [4, 4, 2]]
    assert rows.mask.tolist() == [[1, 1, 0], [1, 0, 0], [1, 1, 1]]
    assert torch.allclose(rows.old_log_probs[0], torch.tensor([-0.3, -0.2, 0.0]))
    assert rows.prompts.ids.tolist() == [[0, 1, 5], [1, 6, 4]]
    assert rows.prompts.mask.tolist() == [[False, True, True], [True, True, True]]
    assert rows.prompts.index.tolist() == [0, 1, 0]
    assert batch.group.tolist() == [7, 7, 7]
    assert batch.trajectory.tolist() == [0, 0, 1]
    assert batch.turn.tolist() == [0, 1, 0]
    assert batch.reward.tolist() == [0.5, 1.0, -0.5]
    assert torch.allclose(batch.penalty, torch.tensor([0.0, 0.1, 0.0]))
    assert batch.anchor == ["state (1, 5)", "state (1, 6, 4)", "state (1, 5)"]
    assert batch.episode_return().tolist() == [1.5, 1.5, -0.5]
    assert torch.allclose(batch.entropy[2], torch.tensor([0.8, 0.8, 0.4]))


def test_rows_that_are_alike_are_read_once() -> None:
    said = [((1, 5), (3, 2)), ((1, 5), (3, 4)), ((1, 6, 4), (3, 2)), ((1, 5), (3, 2))]
    turns = [turn(prompt, reply, 0.0, 0.0) for prompt, reply in said]
    rows, _ = pack_episodes([Episode("a", 0, turns)], pad_id=0)
    prompts, replies, place = rows.distinct()
    assert len(replies) == 3
    assert prompts.index[place].tolist() == rows.prompts.index.tolist()
    assert replies[place].tolist() == rows.replies.tolist()
