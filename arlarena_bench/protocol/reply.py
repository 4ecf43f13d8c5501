"""What a reply says: `<think>…</think><action>…</action>`, and what to do with anything else."""

import re
from abc import ABC, abstractmethod
from typing import NamedTuple

# Only ASCII letters fold: without the flag, `ı` and `K` (Kelvin) would pass for `i` and `k`.
_TAG = re.compile(r"</?(?:think|action)>", re.IGNORECASE | re.ASCII)
_CHINESE = re.compile("[\u4e00-\u9fff]")
_STRICT = ("<think>", "</think>", "<action>", "</action>")
_FALLBACK_LENGTH = 30


class Reply(NamedTuple):
    """A parsed reply.

    Attributes:
        command: What is executed.
        thought: The reasoning before it, empty without one.
        format_valid: Whether the reply had the strict form.
    """

    command: str
    thought: str
    format_valid: bool


class ReplyFormat(ABC):
    """The form of the replies that an environment asks for.

    Attributes:
        closes: Whether `complete` can ever be true, so that sampling need ask it.
    """

    closes = False

    @abstractmethod
    def parse(self, text: str) -> Reply:
        """Read any text at all."""

    @abstractmethod
    def write(self, thought: str, command: str) -> str:
        """Return the valid reply with this thought and command."""

    def complete(self, text: str) -> bool:
        """Return whether nothing that could follow `text` would count; sampling stops there."""
        return False


class Tagged(ReplyFormat):
    """Think tags, then action tags: the form of every environment that takes commands."""

    def parse(self, text: str) -> Reply:
        """Read a reply as `parse_reply` does."""
        return parse_reply(text)

    def write(self, thought: str, command: str) -> str:
        """Return the strict reply with this thought and command."""
        return format_reply(thought, command)


def parse_reply(text: str) -> Reply:
    """Parse a tagged reply, in time linear in its length; the command is lower-case.

    The strict form is one think block, then one action block, and only white space around them;
    each of the four tags (in any letter case) stands exactly once, and no character lies in
    U+4E00 to U+9FFF. A reply without that form is executed all the same: its first action block,
    or else its last 30 characters (ARLArena's official action projection).
    """
    tags = [(match[0].lower(), match.start(), match.end()) for match in _TAG.finditer(text)]
    action = _first_block(text, tags, "<action>", "</action>")
    command = text[-_FALLBACK_LENGTH:] if action is None else action.strip()
    thought = _first_block(text, tags, "<think>", "</think>") or ""
    return Reply(command.lower(), thought, _is_strict(text, tags))


def _first_block(
    text: str, tags: list[tuple[str, int, int]], opening: str, closing: str
) -> str | None:
    """Return what stands between the first opening tag and the first closing tag after it."""
    begin = None
    for tag, start, end in tags:
        if begin is None and tag == opening:
            begin = end
        elif begin is not None and tag == closing:
            return text[begin:start]
    return None


def _is_strict(text: str, tags: list[tuple[str, int, int]]) -> bool:
    if tuple(tag for tag, _, _ in tags) != _STRICT:
        return False
    (_, first, _), (_, _, thought_end), (_, action_start, _), (_, _, last) = tags
    outside = text[:first] + text[thought_end:action_start] + text[last:]
    return not outside.strip() and _CHINESE.search(text) is None


def format_reply(thought: str, command: str) -> str:
    """Return the strict reply with this thought and command."""
    return f"<think> {thought} </think> <action> {command} </action>"
