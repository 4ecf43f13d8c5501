"""The code that a page of the documentation has, by section."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def documented(page: str, section: str, language: str = "python") -> list[str]:
    """The blocks of a section in a language; commands have none."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", found, re.M | re.S)
    return [block for told, block in blocks if told == language]
