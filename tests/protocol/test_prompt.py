import pickle
import subprocess
import sys

import pytest
import yaml

from arlarena_bench.errors import ArenaError
from arlarena_bench.protocol.prompt import PromptTemplate

HISTORY = [("dark", "wait"), ("dim", "light lamp")]
NANO = """
first: "last none grid\\n{observation}"
later: "last {last_action} grid\\n{observation}"
"""


def test_the_default_first_prompt() -> None:
    prompt = PromptTemplate().render("find it", [], "a room", ["look", "go east"], 0)
    order = ["find it", "a room", "'look'\n'go east'", "<think>", "<action>"]
    assert sorted(order, key=prompt.index) == order
    assert "step" not in prompt.split("a room")[0]
    assert "{" not in prompt


def test_the_default_later_prompt() -> None:
    prompt = PromptTemplate().render("find it", HISTORY, "bright", ["look"], 7)
    parts = ["find it", "7 step", "last 2", "Step 6", "dark", "wait", "Step 7", "dim", "light lamp"]
    parts += ["step 8", "bright", "'look'", "<think>", "<action>"]
    assert sorted(parts, key=prompt.index) == parts
    assert "{" not in prompt


def test_without_listed_actions_their_part_vanishes() -> None:
    template = PromptTemplate()
    listed = template.render("find it", HISTORY, "bright", ["look"], 7)
    unlisted = template.render("find it", HISTORY, "bright", None, 7)
    assert unlisted == listed.replace(template.admissible.format(actions="'look'"), "")
    assert "\n\n\n" not in unlisted


def test_a_recipe_can_make_it_nano() -> None:
    template = PromptTemplate(**yaml.safe_load(NANO))
    assert template.render("t", [], "#_#", ["up"], 0) == "last none grid\n#_#"
    assert template.render("t", HISTORY, "#_#", ["up"], 2) == "last light lamp grid\n#_#"


def test_one_compact_text_can_serve_every_turn() -> None:
    line = "last {last_action} can {actions} sees {observation}"
    template = PromptTemplate(first=line, later=line, action="{action}", action_separator=" or ")
    assert template.render("t", [], "a", ["x", "y"], 0) == "last none can x or y sees a"
    assert template.render("t", [("a", "x")], "b", [], 1) == "last x can  sees b"
    assert template.render("t", [("a", "x")], "b", None, 1) == "last x can  sees b"


def test_every_placeholder() -> None:
    template = PromptTemplate(
        first="unused",
        later="{task}|{step}|{steps_taken}|{history_length}|{history}|{observation}|"
        "{admissible}|{actions}|{last_action}|{{}}",
        turn="{number}:{observation}>{action}",
        turn_separator=" & ",
        admissible="<{actions}>",
        action="*{action}",
        action_separator="/",
    )
    expected = "T|6|5|2|4:dark>wait & 5:dim>light lamp|O|<*a/*b>|*a/*b|light lamp|{}"
    assert template.render("T", HISTORY, "O", ["a", "b"], 5) == expected


def test_the_numbers_of_shown_turns_are_those_of_the_episode() -> None:
    template = PromptTemplate(later="{history}", turn="{number}", turn_separator=",")
    assert template.render("", HISTORY, "", None, 2) == "1,2"
    assert template.render("", HISTORY, "", None, 49) == "48,49"


@pytest.mark.parametrize("text", ["{task}", "{", "}", "{{x}}", "{0.__class__}", "%s $task", "{!r}"])
def test_braces_in_what_is_inserted_stay_as_they_are(text: str) -> None:
    line = "{task}|{history}|{observation}|{actions}|{last_action}"
    template = PromptTemplate(
        later=line, turn="{observation}>{action}", action="{action}", no_action=text
    )
    prompt = template.render(text, [(text, text)], text, [text, text], 1)
    assert prompt == f"{text}|{text}>{text}|{text}|{text}\n{text}|{text}"
    default = PromptTemplate().render(text, [(text, text)], text, [text], 1)
    assert default.count(text) == 5


def test_separators_are_not_formatted() -> None:
    template = PromptTemplate(later="{history}", turn="{number}", turn_separator=" { ")
    assert template.render("", HISTORY, "", None, 2) == "1 { 2"
    assert PromptTemplate(first="{last_action}", no_action="{}").render("", [], "", [], 0) == "{}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"later": "{observatoin}"}, r"'later' has no placeholder {observatoin}; did you mean"),
        ({"turn": "{history}"}, r"'turn' has no placeholder {history}.*known: {number}, "),
        ({"first": "{task.x}"}, r"'first' has no placeholder {task.x}"),
        ({"first": "{}"}, r"'first' has no placeholder {}"),
        ({"first": "{step:03d}"}, r"'first': write {step} without a conversion or format"),
        ({"first": "{task!r}"}, r"'first': write {task} without a conversion or format"),
        ({"first": "a { b"}, r"'first': .* for a brace itself"),
        ({"admissible": "{action}"}, r"'admissible' has no placeholder {action}"),
        ({"frist": "x"}, r"unknown prompt template field 'frist'; did you mean 'first'"),
        ({"no_action": None}, r"'no_action' must be a string, got None"),
        ({"first": 3}, r"'first' must be a string, got 3"),
    ],
)
def test_mistakes_are_named(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ArenaError, match=message):
        PromptTemplate(**fields)
    with pytest.raises(ArenaError, match=message):
        PromptTemplate.model_validate(fields)


def test_it_is_frozen_comparable_and_pickles() -> None:
    template = PromptTemplate(first="{task}")
    assert pickle.loads(pickle.dumps(template)) == template
    assert template != PromptTemplate()
    assert PromptTemplate(**template.model_dump()) == template
    with pytest.raises(ValueError, match="frozen"):
        template.first = "other"  # type: ignore[misc]


def test_it_loads_without_torch() -> None:
    code = (
        "import sys, arlarena_bench.protocol.prompt;"
        "sys.exit(not {'torch', 'transformers', 'arlarena_bench.text_env'}.isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
