"""What an agent is asked each turn, as a template that a recipe can replace."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator

from arlarena_bench.errors import ArenaError, nearest, unknown

_INSTRUCTION = """\
First reason about the situation, step by step, inside <think> </think> tags. Then answer with \
exactly one admissible action inside <action> </action> tags."""

_FIRST = f"""\
You are an agent that acts in an interactive environment, one action per turn.
Your task: {{task}}

What you observe now:
{{observation}}

{{admissible}}{_INSTRUCTION}"""

_LATER = f"""\
You are an agent that acts in an interactive environment, one action per turn.
Your task: {{task}}

You have taken {{steps_taken}} step(s) so far. The last {{history_length}}, oldest first:
{{history}}

This is step {{step}}. What you observe now:
{{observation}}

{{admissible}}{_INSTRUCTION}"""

_PROMPT = (
    "task",
    "step",
    "steps_taken",
    "history_length",
    "history",
    "observation",
    "admissible",
    "actions",
    "last_action",
)
_PLACEHOLDERS: dict[str, tuple[str, ...]] = {
    "first": _PROMPT,
    "later": _PROMPT,
    "turn": ("number", "observation", "action"),
    "turn_separator": (),
    "admissible": ("actions",),
    "action": ("action",),
    "action_separator": (),
    "no_action": (),
}


class PromptTemplate(BaseModel):
    """The text around what the environment says (structure: ARLArena, App. H).

    Every field is a `str.format` string of plain placeholders (`{{` and `}}` for braces), except
    the separators and `no_action`, which are taken as they are. What the environment or the
    agent wrote is inserted, never formatted, so braces in it are safe.

    `first` and `later` know `{task}`, `{step}` (from 1), `{steps_taken}`, `{history_length}`
    (turns shown), `{history}`, `{observation}`, `{admissible}`, `{actions}` and `{last_action}`.

    Attributes:
        first: The prompt when there is no history to show.
        later: The prompt otherwise.
        turn: One item of `{history}`; knows `{number}`, `{observation}` and `{action}`.
        turn_separator: Stands between the items of `{history}`.
        admissible: The part that lists the actions, `{actions}`; the whole part is left out
            where the environment cannot list them.
        action: One item of `{actions}`; knows `{action}`.
        action_separator: Stands between the items of `{actions}`.
        no_action: What `{last_action}` says when there is no history.

    Raises:
        ArenaError: For an unknown field or placeholder, or a field that is no such string.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: str = _FIRST
    later: str = _LATER
    turn: str = "Step {number}. You observed:\n{observation}\nYou did: '{action}'"
    turn_separator: str = "\n"
    admissible: str = "Admissible actions:\n{actions}\n\n"
    action: str = "'{action}'"
    action_separator: str = "\n"
    no_action: str = "none"

    @model_validator(mode="before")
    @classmethod
    def _check(cls, fields: Any) -> Any:
        if isinstance(fields, Mapping):
            for name, text in fields.items():
                _check_field(name, text)
        return fields

    def render(
        self,
        task: str,
        history: Sequence[tuple[str, str]],
        observation: str,
        actions: Sequence[str] | None,
        steps_taken: int,
    ) -> str:
        """Write the prompt of one turn.

        Args:
            task: The goal, in words.
            history: The turns to show, oldest first: what was observed, what was executed.
            observation: What is observed now.
            actions: The admissible actions, or None where they cannot be listed.
            steps_taken: Number of turns since the episode began, shown or not.
        """
        template = self.later if history else self.first
        used = _used(template)
        values: dict[str, str | int] = {
            "task": task,
            "step": steps_taken + 1,
            "steps_taken": steps_taken,
            "history_length": len(history),
            "observation": observation,
            "last_action": history[-1][1] if history else self.no_action,
        }
        if "history" in used:
            values["history"] = self._history(history, steps_taken)
        if "actions" in used or "admissible" in used:
            listed = self._actions(actions or ())
            values["actions"] = listed
            values["admissible"] = "" if actions is None else self.admissible.format(actions=listed)
        return template.format_map(values)

    def _history(self, history: Sequence[tuple[str, str]], steps_taken: int) -> str:
        return self.turn_separator.join(
            self.turn.format(number=number, observation=observation, action=action)
            for number, (observation, action) in enumerate(history, steps_taken - len(history) + 1)
        )

    def _actions(self, actions: Sequence[str]) -> str:
        return self.action_separator.join(self.action.format(action=action) for action in actions)


@lru_cache(maxsize=256)
def _used(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _check_field(field: str, text: object) -> None:
    if field not in _PLACEHOLDERS:
        raise unknown("prompt template field", field, _PLACEHOLDERS)
    where = f"prompt template field {field!r}"
    if not isinstance(text, str):
        raise ArenaError(f"{where} must be a string, got {text!r}")
    known = _PLACEHOLDERS[field]
    if not known:
        return
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise ArenaError(f"{where}: {error}; write {{{{ or }}}} for a brace itself") from error
    listed = ", ".join(f"{{{name}}}" for name in known)
    for _, name, form, conversion in parts:
        if name is not None and name not in known:
            raise ArenaError(
                f"{where} has no placeholder {{{name}}}{nearest(name, known)} (known: {listed})"
            )
        if form or conversion:
            raise ArenaError(f"{where}: write {{{name}}} without a conversion or format")
