import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from arlarena_bench.harness.choices import (
    CHOICES,
    choices_in_source,
    imported_choices,
    method_choices,
)
from arlarena_bench.registry import METHODS, method_names

ENTRIES = {entry.name: entry for entry in entry_points(group=METHODS)}


@pytest.mark.parametrize("name", method_names())
def test_what_the_source_says_is_what_the_method_is(name: str) -> None:
    entry = ENTRIES[name]
    assert choices_in_source(entry.module, entry.attr) == imported_choices(name)


def test_every_installed_method_has_four_choices() -> None:
    found = method_choices()
    assert list(found) == method_names()
    assert all(list(choices) == list(CHOICES) for choices in found.values())
    assert found["sampo"]["filter"] != found["grpo"]["filter"]


@pytest.mark.parametrize(
    "body",
    [
        "def method():\n    return build()",
        "def method():\n    return Method(*choices)",
        "def method():\n    return Method(advantage=A(), clip=B())",
        "def method():\n    return Method(advantage=A(), clip=B(), aggregation=C, filter=D[0])",
        "def method():\n    return replace(other, clip=B())",
        "def method():\n    return replace(other(), clip=B())\n\ndef other():\n    pass",
        "method = build()",
        "",
    ],
)
def test_source_that_is_not_plain_is_left_to_the_import(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"plugin_{abs(sum(map(ord, body)))}"
    (tmp_path / f"{name}.py").write_text(body + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert choices_in_source(name, "method") is None
    assert name not in sys.modules


def test_a_method_outside_the_package_builds_on_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = ENTRIES["grpo"].module
    (tmp_path / "plugin_ours.py").write_text(
        f"from {ours} import grpo\n\n"
        "def mine():\n    return replace(grpo(), filter=Mine(Other()))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    expected = imported_choices("grpo") | {"filter": "Mine(Other)"}
    assert choices_in_source("plugin_ours", "mine") == expected
