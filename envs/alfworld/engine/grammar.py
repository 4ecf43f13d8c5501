"""ALFWorld's grammar files (`.twl2`): the commands of actions, and rules of what is answered."""

import json
import re
import textwrap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from arlarena_bench.errors import ArenaError

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_BLOCK = re.compile(r'grammar\s*::\s*"""(.*?)"""\s*;', re.DOTALL)
_ACTION = re.compile(r"action\s+([\w/-]+)\s*\{")
_FIELD = re.compile(
    r'(template|feedback|pddl|grammar)\s*::\s*("""(?:.|\n)*?"""|"[^"]*")\s*;', re.DOTALL
)
_SYMBOL = re.compile(
    r"""\t*(?:
        (?P<list>\[)?\{
            (?:\#(?P<inner>[\w()/!<>\-\s,.]+)\#|(?P<expression>[^|\[\]{}\n<>]+))
            (?:\s*\|\s*(?P<given>[^;|{}\n\[\]\#]+))?
        \}(?(list)\])
        |\#(?P<rule>[\w()/!<>\-\s,.]+)\#
        |"(?P<quoted>[^;|"<>\[\]\#{}]*)"
        |(?P<text>[^;|"<>\[\]\#{}]+)
    )""",
    re.VERBOSE,
)
_LEADING = re.compile(r"\t*(?://[^\n]*|\s*)\n?")
_PREDICATE = re.compile(r"\s*([\w/]+)\s*\(([^()]*)\)\s*")


@dataclass(frozen=True)
class Symbol:
    """A part of a rule's text.

    Attributes:
        text: Literal text, the name of a rule, or an expression, as `kind` says.
        kind: `text`, `rule` or `expression`.
        given: The condition whose every match repeats the symbol; None for once.
        listed: Whether the repetitions are written as a list.
    """

    text: str
    kind: str = "text"
    given: str | None = None
    listed: bool = False


@dataclass(frozen=True)
class Alternative:
    """One text of a rule, used if its condition has a match."""

    condition: str
    text: str


@dataclass(frozen=True)
class Grammar:
    """What a grammar file says.

    Attributes:
        commands: Action → the text of its command.
        feedback: Action → the text that answers it.
        rules: Rule → its alternatives; the first whose condition has a match is used.
    """

    commands: dict[str, str]
    feedback: dict[str, str]
    rules: dict[str, tuple[Alternative, ...]]


@lru_cache(maxsize=8)
def parse_grammar(text: str) -> Grammar:
    """Read a grammar file.

    Raises:
        ArenaError: If it is not one.
    """
    commands: dict[str, str] = {}
    feedback: dict[str, str] = {}
    rules: dict[str, tuple[Alternative, ...]] = {}
    at = _skip(text, 0)
    while at < len(text):
        if block := _BLOCK.match(text, at):
            rules.update(_rules(textwrap.dedent(block[1])))
            at = _skip(text, block.end())
        elif action := _ACTION.match(text, at):
            at = _skip(text, action.end())
            fields: dict[str, str] = {}
            while field := _FIELD.match(text, at):
                fields[field[1]] = field[2].strip('"')
                at = _skip(text, field.end())
            if not text.startswith("}", at) or not {"template", "feedback"} <= fields.keys():
                raise ArenaError(f"grammar: cannot read the action {action[1]}")
            at = _skip(text, at + 1)
            commands[action[1].lower()] = fields["template"]
            feedback[action[1].lower()] = fields["feedback"]
            lines = textwrap.dedent(fields.get("grammar", "{}")).split("\n")
            kept = [line for line in lines if not line.lstrip().startswith("#")]
            rules.update(_rules("\n".join(kept)))
        else:
            raise ArenaError(f"grammar: cannot read {text[at : at + 40]!r}")
    return Grammar(commands, feedback, rules)


@lru_cache(maxsize=4096)
def parse_text(text: str) -> tuple[Symbol, ...]:
    """Split a rule's text into its symbols.

    Space at the beginning goes, and so does everything from the first character that fits no
    symbol (a `;` or a quote that is not closed): the original reads no further and says nothing.
    """
    leading = _LEADING.match(text)
    at = leading.end() if leading else 0
    symbols = []
    while found := _SYMBOL.match(text, at):
        at = found.end()
        given = found["given"]
        listed = found["list"] is not None
        if found["inner"] is not None:
            symbols.append(Symbol(found["inner"], "rule", given, listed))
        elif found["expression"] is not None:
            symbols.append(Symbol(found["expression"].strip(), "expression", given, listed))
        elif found["rule"] is not None:
            symbols.append(Symbol(found["rule"], "rule"))
        else:
            symbols.append(Symbol(found["quoted"] or found["text"] or ""))
    return tuple(symbols)


@lru_cache(maxsize=4096)
def parse_condition(text: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Read `predicate(name:type, …) & …` as predicates with names and types.

    Raises:
        ArenaError: If it is not such a condition.
    """
    found = []
    for part in text.split("&"):
        match = _PREDICATE.fullmatch(part)
        if match is None:
            raise ArenaError(f"grammar: cannot read the condition {text!r}")
        args = []
        for arg in filter(None, (arg.strip() for arg in match[2].split(","))):
            name, _, kind = (piece.strip() for piece in arg.partition(":"))
            args.append((name, kind or name))
        found.append((match[1], tuple(args)))
    return tuple(found)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _rules(text: str) -> dict[str, tuple[Alternative, ...]]:
    def bad(reason: str) -> NoReturn:
        raise ArenaError(f"grammar: {reason} in a block of rules")

    try:
        data: Any = json.loads(text)
    except ValueError as error:
        bad(f"{error}")
    if not isinstance(data, dict):
        bad("not an object")
    rules = {}
    for name, alternatives in data.items():
        if not isinstance(alternatives, list):
            bad(f"rule {name!r} is not a list")
        read = []
        for alternative in alternatives:
            match alternative:
                case {"rhs": str(rhs)}:
                    read.append(Alternative(alternative.get("condition", ""), rhs))
                case _:
                    bad(f'rule {name!r} has an alternative without "rhs"')
        rules[name] = tuple(read)
    return rules
