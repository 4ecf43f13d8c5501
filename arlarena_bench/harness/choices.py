"""The four choices of installed methods, in words.

Importing a method imports torch, which takes longer than printing a list should. Where a method's
source is as plain as `return Method(...)` or `return replace(other(), ...)` its choices are read
from there; any other method is imported.
"""

import ast
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from arlarena_bench import registry

CHOICES = ("advantage", "clip", "aggregation", "filter")


def method_choices() -> dict[str, dict[str, str]]:
    """Return name → its four choices, for every installed method.

    Raises:
        ArenaError: If a method cannot be imported.
    """
    places = {e.name: (e.module, e.attr) for e in entry_points(group=registry.METHODS)}
    return {
        name: choices_in_source(*places[name]) or imported_choices(name) for name in sorted(places)
    }


def imported_choices(name: str) -> dict[str, str]:
    """Return the four choices of a method by importing it; "own" where it is no `Method`."""
    method = registry.method(name)
    return {choice: _name(getattr(method, choice, "own")) for choice in CHOICES}


def _name(value: Any) -> str:
    if isinstance(value, str):
        return value
    name = getattr(value, "__name__", type(value).__name__)
    # What a choice wraps by default goes without saying.
    given = [f for f in fields(value) if _required(f)] if is_dataclass(value) else []
    inner = [_name(part) for f in given if callable(part := getattr(value, f.name))]
    return f"{name}({', '.join(inner)})" if inner else name


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def choices_in_source(module: str, function: str) -> dict[str, str] | None:
    """Return the four choices as the function's source names them, None if it is not plain."""
    tree = _parse(module)
    match _returned(tree, function):
        case ast.Call(func=ast.Name(id="Method"), args=[], keywords=keywords):
            found = {}
        case ast.Call(
            func=ast.Name(id="replace"),
            args=[ast.Call(func=ast.Name(id=other), args=[], keywords=[])],
            keywords=keywords,
        ):
            base = choices_in_source(_home(tree, module, other), other)
            if base is None:
                return None
            found = base
        case _:
            return None
    named = {str(word.arg): _source_name(word.value) for word in keywords}
    found = found | {key: name for key, name in named.items() if name is not None}
    plain = found.keys() == set(CHOICES) and None not in named.values()
    return {choice: found[choice] for choice in CHOICES} if plain else None


def _source_name(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id=name), args=arguments):
            inner = [_source_name(argument) for argument in arguments]
            return f"{name}({', '.join(map(str, inner))})" if inner else name
    return None


def _returned(tree: ast.Module, function: str) -> ast.expr | None:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            last = node.body[-1]
            return last.value if isinstance(last, ast.Return) else None
    return None


def _home(tree: ast.Module, module: str, name: str) -> str:
    """Return the module that defines `name`, which `module` uses."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            relative = "." * node.level + (node.module or "")
            return resolve_name(relative, module.rpartition(".")[0])
    return module


@cache
def _parse(module: str) -> ast.Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ast.Module([], [])
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
