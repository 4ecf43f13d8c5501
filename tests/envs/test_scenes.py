"""What a reader of an episode is shown of a state."""

from arlarena_bench import load_recipe
from arlarena_bench.protocol.making import make_environment
from arlarena_bench.protocol.wrapper import AgentProtocol
from arlarena_bench.scene import Scene, SceneChoice, SceneCode, SceneGrid, SceneList, SceneText


def opened(environment: str) -> AgentProtocol:
    """The first test task of a preset's environment."""
    made = make_environment(load_recipe("nano", environment))
    (task,) = made.game.tasks.panel("test").first(1)
    made.reset(options={"task_id": task})
    return made


def after(made: AgentProtocol, command: str) -> Scene:
    made.step(made.game.reply_format.write("so", command))
    return made.game.scene()


def test_a_room_is_a_board_whose_cells_are_those_of_the_text() -> None:
    made = opened("sokoban")
    (board,) = made.game.scene()
    assert isinstance(board, SceneGrid)
    symbols = {"wall": "#", "floor": "_", "floor target": "O", "floor box": "X",
               "floor agent": "P", "floor target box": "√", "floor target agent": "S"}  # fmt: skip
    text = "\n".join("".join(symbols[cell] for cell in row) for row in board.rows)
    assert text == made.game.observe()


def test_a_household_is_told_as_the_agent_is_told() -> None:
    made = opened("alfworld_mini")
    assert made.game.scene() == (SceneText(made.game.observe()),)


def test_a_problem_then_what_a_program_printed() -> None:
    made = opened("tir_math_mini")
    assert made.game.scene() == (SceneText(made.game.instruction, "problem"),)
    assert after(made, "```python\nprint(6 * 7)\n```") == (SceneCode("42", "output"),)
    assert after(made, "\\boxed{42}") == ()


def test_the_shops_pages_have_results_options_and_what_was_picked() -> None:
    made = opened("webshop_mini")
    (search,) = made.game.admissible_actions() or []
    (results,) = after(made, search)
    assert isinstance(results, SceneList)
    assert [row[0] for row in results.rows[:2]] == ["b1", "b2"]
    product, *choices = after(made, "click b1")
    assert isinstance(product, SceneText)
    picked = choices[0]
    assert isinstance(picked, SceneChoice)
    assert picked.chosen == ()
    value = picked.values[-1]
    _, again, *_ = after(made, f"click {value}")
    assert again == SceneChoice(picked.name, picked.values, (value,))
    (results,) = after(made, "click back")
    assert isinstance(results, SceneList)
    assert results.rows[0][0] == "tried"
    after(made, "click b2")
    (done,) = after(made, "click buy")
    assert isinstance(done, SceneText)
    assert done.heading == "done"


def test_the_whole_shop_has_the_same_parts() -> None:
    made = opened("webshop_mini").game
    full = type(made)(size="mini", observation="text")
    (task,) = full.tasks.panel("test").first(1)
    full.reset(options={"task_id": task})
    full.step("search[shirt]")
    (results,) = full.scene()
    assert isinstance(results, SceneList)
    full.step(f"click[{results.rows[0][0]}]")
    assert [type(part) for part in full.scene()] == [SceneText, SceneChoice, SceneChoice]
    full.step("click[description]")
    (page,) = full.scene()
    assert page == SceneText(full.visit.observation, "description")
