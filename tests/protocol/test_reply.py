import random
import re
from collections.abc import Callable

import pytest
from linear import grows_linearly

from arlarena_bench.protocol.reply import parse_reply

# The rule as ARLArena states it; too slow for hostile text, so only a reference for short ones.
STRICT = re.compile(
    r"^\s*<think>(.*?)</think>\s*<action>(.*?)</action>\s*$", re.IGNORECASE | re.DOTALL
)
BLOCK = re.compile(r"<action>(.*?)</action>", re.IGNORECASE | re.DOTALL)
TAGS = ("<think>", "</think>", "<action>", "</action>")


def reference(text: str) -> tuple[str, bool]:
    strict = STRICT.match(text)
    once = all(text.lower().count(tag) == 1 for tag in TAGS)
    chinese = any("\u4e00" <= character <= "\u9fff" for character in text)
    block = BLOCK.search(text)
    command = block[1].strip() if block else text[-30:]
    return command.lower(), bool(strict and once and not chinese)


def test_a_strict_reply() -> None:
    reply = parse_reply("<think> the box is\nabove </think>\n<action> Push UP </action>\n")
    assert reply == ("push up", " the box is\nabove ", True)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("<THINK>a</Think> <Action>up</ACTION>", "up"),
        ("\u00a0\t<think></think><action></action>\r\n ", ""),
        ("<think>a < b</think><action><b>up</b></action>", "<b>up</b>"),
        ("<think>été, ひらがな, Привет</think><action>up</action>", "up"),
        ("<think>\x00</think><action>\x1b[0m</action>", "\x1b[0m"),
    ],
)
def test_strict_forms(text: str, command: str) -> None:
    reply = parse_reply(text)
    assert (reply.command, reply.format_valid) == (command, True)


@pytest.mark.parametrize(
    "text",
    [
        "<action>Up</action>",
        "so: <think>a</think><action>Up</action>",
        "<think>a</think> so <action>Up</action>",
        "<think>a</think><action>Up</action>.",
        "<action>Up</action><think>a</think>",
        "<think>a<action>Up</action></think>",
        "<think>a</think><action>Up</action><action>down</action>",
        "<think>a</think><think>b</think><action>Up</action>",
        "<think>a</think><action>Up</action></action>",
        "</action><think>a</think><action>Up</action>",
        "<think>a</think></think><action>Up</action>",
        "<think>向上</think><action>Up</action>",
        "<think>a</think><action> Up </action>\u9fff",
        "<think>a</thin\u212a><action>Up</action>",
        "<th\u0131nk>a</th\u0131nk><action>Up</action>",
    ],
)
def test_a_reply_without_the_form_is_executed_all_the_same(text: str) -> None:
    reply = parse_reply(text)
    assert (reply.command, reply.format_valid) == ("up", False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", ""),
        ("UP", "up"),
        ("<think>a</think><action>Up", "<think>a</think><action>up"),
        ("</action>Up<action>", "</action>up<action>"),
        ("x" * 50 + "I would rather go to the LEFT ", "i would rather go to the left "),
        ("< action>Up</action>", "< action>up</action>"),
    ],
)
def test_without_a_block_the_end_of_the_reply_is_executed(text: str, command: str) -> None:
    assert parse_reply(text)[::2] == (command, False)


def test_of_nested_blocks_the_first_pair_counts() -> None:
    assert parse_reply("<action>a<action>b</action>c</action>").command == "a<action>b"


def test_the_thought_is_the_first_think_block() -> None:
    assert parse_reply("no <think>one</think> <think>two</think>").thought == "one"
    assert parse_reply("<think>never closed").thought == ""
    assert parse_reply("<action>up</action>").thought == ""


def test_random_replies_follow_the_stated_rule() -> None:
    rng = random.Random(0)
    pieces = [*TAGS, "<THINK>", "</Action>", " ", "\n", "Up", "<", ">", "上", "\u00a0", "é"]
    good = ["<think>", "Up", "</think>", " ", "<action>", "Up", "</action>"]
    outcomes = set()
    for _ in range(20_000):
        parts = good.copy()
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(parts) + 1)
            parts[at : at + rng.randrange(2)] = rng.choices(pieces, k=rng.randrange(3))
        text = "".join(parts)
        reply = parse_reply(text)
        assert (reply.command, reply.format_valid) == reference(text), text
        outcomes.add((reply.command == "up", reply.format_valid))
    assert {(True, True), (True, False), (False, False)} <= outcomes


HOSTILE: dict[str, Callable[[int], str]] = {
    "openings": lambda n: "<action>" * (n // 8),
    "closings": lambda n: "</action>" * (n // 9),
    "nested": lambda n: "<think>" * (n // 15) + "</think>" * (n // 15),
    "all tags": lambda n: "".join(TAGS) * (n // 32),
    "half tags": lambda n: "<act" * (n // 4),
    "angles": lambda n: "<" * n,
    "white space": lambda n: " " * n + "<think>" + "\n" * n,
    "unclosed": lambda n: "<think>" + "a" * n,
    "closed late": lambda n: "<think></think>" + " " * n + "<action>" + "x" * n + "</action>!",
    "control": lambda n: "\x00\x1b\x7f" * (n // 3),
    "chinese": lambda n: "<think></think><action></action>" + "一" * n,
    "capitals": lambda n: "\u0130" * n,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_of_anything_takes_linear_time(make: Callable[[int], str]) -> None:
    assert not parse_reply(make(2**20)).format_valid
    assert grows_linearly(parse_reply, make)
