import re
from pathlib import Path

import arlarena_bench.site
from arlarena_bench.report.comparison import TABLE_ORDER
from arlarena_bench.site.palette import COLOURS, strokes

CSS = (Path(arlarena_bench.site.__file__).parent / "assets" / "site.css").read_text()


def test_every_method_of_the_papers_table_looks_different() -> None:
    found = strokes([])
    assert len({found[name] for name in TABLE_ORDER}) == len(TABLE_ORDER)


def test_a_family_shares_a_colour() -> None:
    found = strokes(["grpo_x2"])
    assert {found[name].colour for name in ("grpo", "grpo_sm", "grpo_x2")} == {0}
    assert found["grpo_x2"] not in (found["grpo"], found["grpo_sm"], found["grpo_st"])


def test_what_else_is_drawn_changes_no_methods_stroke() -> None:
    alone, crowded = strokes([]), strokes(["aaa", "mine (file)"])
    assert {name: crowded[name] for name in alone} == alone
    assert crowded["mine (file)"] not in alone.values()


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_lines_stand_out_from_the_paper_in_both_schemes() -> None:
    for scheme in re.findall(r":root[^{]*\{([^}]*)\}", CSS)[:2]:
        values = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", scheme))
        lines = [luminance(values[f"series-{number}"]) for number in range(COLOURS)]
        paper = luminance(values["paper"])
        # WCAG 2.2, 1.4.11: graphics need 3 : 1.
        ratios = [(max(line, paper) + 0.05) / (min(line, paper) + 0.05) for line in lines]
        assert min(ratios) >= 3
