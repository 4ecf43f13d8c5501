"""Every case that failed in the field is a test somewhere."""

from pathlib import Path

import field_cases

HERE = Path(__file__)


def test_every_kind_of_case_is_tried_in_some_test() -> None:
    tests = [path for path in HERE.parent.rglob("test_*.py") if path != HERE]
    text = "\n".join(path.read_text(encoding="utf-8") for path in tests)
    assert [kind for kind in field_cases.kinds() if f'"{kind}"' not in text] == []
