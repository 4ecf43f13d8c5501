r"""What a turn is: reasoning, then a fenced Python block or a final `\boxed{…}`."""

import re

from arlarena_bench.protocol.reply import Reply, ReplyFormat

from .boxes import boxes

_OPENING = re.compile(r"```(?:python|py)[ \t]*\r?\n")
# Only at the beginning of a line, so that code may hold back-ticks.
_BLOCK = re.compile(_OPENING.pattern + r"(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
_FENCE = "```"


def code_of(text: str) -> str | None:
    """Return what the first complete Python block of a text holds, None without one."""
    block = _find(text)
    return None if block is None else block[1]


def block(code: str) -> str:
    """Return code between fences."""
    return f"{_FENCE}python\n{code.strip()}\n{_FENCE}"


def box(answer: str) -> str:
    """Return a final answer."""
    return f"\\boxed{{{answer}}}"


class CodeOrAnswer(ReplyFormat):
    r"""The replies of TIR Math.

    The first complete block of ` ```python ` or ` ```py ` is executed, and what follows it is
    dropped. Without one, the last complete `\boxed{…}` is the answer. A reply with neither is
    void: its command is empty.

    The strict form has exactly one of the two: a block with nothing but white space behind it
    and no box before it, or one box and no fence that was left open.
    """

    closes = True

    def parse(self, text: str) -> Reply:
        """Read any text at all, in time linear in its length."""
        block = _find(text)
        if block is not None:
            thought = text[: block.start()]
            valid = not boxes(thought) and not text[block.end() :].strip()
            return Reply(block[0].strip(), thought.strip(), valid)
        found = boxes(text)
        if not found:
            return Reply("", text.strip(), False)
        start, inner, end = found[-1]
        valid = len(found) == 1 and _FENCE not in text
        return Reply(box(text[inner:end]), text[:start].strip(), valid)

    def write(self, thought: str, command: str) -> str:
        """Return the reply of someone who thinks, then writes a block or a box.

        A command that is neither is taken for the code of a block, so that a person need not
        type the fences.
        """
        if command and _FENCE not in command and "\\boxed" not in command:
            command = block(command)
        return f"{thought}\n{command}" if thought else command

    def complete(self, text: str) -> bool:
        """Return whether a block has been closed."""
        return text.count(_FENCE) > 1 and _find(text) is not None


def _find(text: str) -> re.Match[str] | None:
    # From the first opening fence only: without a closing one, every other would be tried.
    opening = _OPENING.search(text)
    return None if opening is None else _BLOCK.match(text, opening.start())
