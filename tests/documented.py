"""The code that a page of the documentation has, by section."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def documented(page: str, section: str) -> list[str]:
    """The Python of a section, block by block."""
    text = (DOCS / page).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return re.findall(r"^```python\n(.*?)^```", found, re.M | re.S)
