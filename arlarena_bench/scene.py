"""A state as a person sees it: parts that say what they are, for whoever draws them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SceneText:
    """A paragraph, or lines of one.

    Attributes:
        text: Shown as it is.
        heading: What it is, in a word or two; empty for none.
    """

    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class SceneCode:
    """Text of a program, or what one printed; as `SceneText`."""

    text: str
    heading: str = ""


@dataclass(frozen=True, slots=True)
class SceneGrid:
    """A board.

    Attributes:
        rows: What stands in each cell, from below to above, with single spaces between: `wall`,
            `floor`, `target`, `box`, `agent`, or any other word, which is written out.
    """

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class SceneList:
    """Things that stand below each other, such as results of a search.

    Attributes:
        rows: The cells of each; equally many.
        heading: As of `SceneText`.
    """

    rows: tuple[tuple[str, ...], ...]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class SceneChoice:
    """A choice between values.

    Attributes:
        name: Of what.
        values: They.
        chosen: Those that are chosen now.
    """

    name: str
    values: tuple[str, ...]
    chosen: tuple[str, ...] = ()


ScenePart = SceneText | SceneCode | SceneGrid | SceneList | SceneChoice
Scene = Sequence[ScenePart]
