"""Publish what `arlarena reproduce --out OUT` has run: results with every reply, and the tables.

Run in a checkout with `python -m benchmarks.publish_reproduction OUT table4:sokoban`; tables that
were published before are made anew, and so are `table3` and `claims`.
"""

import argparse
import shutil
from pathlib import Path

from arlarena_bench.harness.reproducing import CLAIMS, PUBLISHED, REPRODUCTION, Asked
from arlarena_bench.harness.reproduction_report import report, reproduced_from
from arlarena_bench.record import RESULT_FILE
from arlarena_bench.report.finding import FinishedRun, find_runs

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / REPRODUCTION
ALWAYS = ("table3", CLAIMS)
SEEDS = 6


def table_file(what: str) -> Path:
    """Return the file of `table4`, or of `table4:sokoban`."""
    return FOLDER / f"{what.replace(':', '.')}.md"


def published_tables() -> list[str]:
    """Return what has a file, as it is asked for."""
    return [path.stem.replace(".", ":") for path in sorted(FOLDER.glob("*.md"))
            if path.stem != "README"]  # fmt: skip


def text_of(what: str, runs: list[FinishedRun]) -> str:
    """Return what stands in the file of `table4`, or of `table4:sokoban`."""
    name, _, environment = what.partition(":")
    asked = Asked(name, "nano", (environment,) if environment else (), SEEDS, Path("runs"))
    return report(reproduced_from(asked, runs), "github")[0] + "\n"


def published_runs() -> list[FinishedRun]:
    """Return the results of the repository that tables of the paper are made from."""
    return [run for place in PUBLISHED if (ROOT / place).is_dir()
            for run in find_runs(ROOT / place)[0]]  # fmt: skip


def main() -> None:
    """Publish a reproduction."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="what `arlarena reproduce --out` was given")
    parser.add_argument("tables", nargs="*", help="table4, or table4:sokoban")
    asked = parser.parse_args()
    for source in sorted(asked.out.rglob(RESULT_FILE)):
        target = FOLDER / source.relative_to(asked.out)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    runs = published_runs()
    for what in dict.fromkeys([*ALWAYS, *published_tables(), *asked.tables]):
        text = text_of(what, runs)
        table_file(what).write_text(text, encoding="utf-8")
        print(text)


if __name__ == "__main__":
    main()
