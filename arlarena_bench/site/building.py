"""From a leaderboard to a folder of pages: all of it is made before any of it is written."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import arlarena_bench
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.reproducing import CLAIMS, Asked
from arlarena_bench.harness.reproduction_report import judged_claims, reproduced_from
from arlarena_bench.report.beside_text import claims_cells, claims_facts
from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL
from arlarena_bench.report.metrics import Metrics, recorded_metrics
from arlarena_bench.report.suite import Suite
from arlarena_bench.report.suite_text import suite_commands, suite_footer
from arlarena_bench.site.curve_data import diagnostics, overview
from arlarena_bench.site.episode_data import Reader, Sample
from arlarena_bench.site.gathering import ExhibitGroup, Gathered, gather
from arlarena_bench.site.highlighting import sources_of
from arlarena_bench.site.pages import TablePages
from arlarena_bench.site.palette import Stroke, strokes
from arlarena_bench.site.table_view import (
    CAPTIONS,
    HAS_BOLD,
    ViewCell,
    is_number,
    sort_key,
    view_of_suite,
)
from arlarena_bench.site.task_data import comparison_data

EPISODES = 24
INDEX = "index.html"
SEEDS_OF_CLAIMS = 6  # what `arlarena reproduce claims` asks for
NOT_RUN = {"no runs": "not run"}
VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Site:
    """A site that was made.

    Attributes:
        files: Name below its folder → content.
        problems: What could not be used, one line each.
    """

    files: dict[str, bytes]
    problems: list[str]


def make_site(leaderboard: Path, episodes: int = EPISODES, replay: bool = False) -> Site:
    """Make every page of a leaderboard.

    Args:
        leaderboard: A folder with results.
        episodes: How many of a panel's first tasks can be read of each method.
        replay: Whether bundles are verified; else their files are compared with their headers.

    Raises:
        ArenaError: If there are no results, or they contradict each other.
    """
    gathered = gather(leaderboard, replay)
    if not gathered.sections:
        problems = "".join(f"; {line}" for line in [*gathered.rejected, *gathered.problems][:3])
        raise ArenaError(
            f"{leaderboard} holds no finished run{problems}; `arlarena bench` makes some"
        )
    maker = _Maker(gathered, episodes)
    found = dict(maker.pages())
    found |= dict(_assets(files(__package__) / "assets", "assets"))
    return Site(dict(sorted(found.items())), [*gathered.rejected, *gathered.problems])


def as_json(data: Any) -> str:
    """Return data as JSON that may stand in a script element, whatever is in it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _embedded(data: Any) -> Markup:
    return Markup(as_json(data))


def _assets(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            yield from _assets(entry, path)
        else:
            yield path, entry.read_bytes()


@dataclass
class _Maker:
    """Makes pages, one after the other."""

    gathered: Gathered
    episodes: int

    @cached_property
    def strokes(self) -> dict[str, Stroke]:
        labels = {
            label
            for exhibit in self.gathered.exhibits
            for label in (
                *(row.method for row in exhibit.table.rows if row.kind != "reference"),
                *exhibit.table.failed_labels,
            )
        }
        return strokes(sorted(labels))

    @cached_property
    def environment(self) -> Environment:
        made = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        made.globals |= {
            "version": arlarena_bench.__version__,
            "captions": CAPTIONS,
            "baseline_name": BASELINE,
        }
        return made

    def pages(self) -> Iterator[tuple[str, bytes]]:
        reader = Reader(self.episodes)
        sections = []
        for section in self.gathered.sections:
            members = []
            for exhibit in section.exhibits:
                samples = tuple(reader.sample(exhibit.table, row) for row in exhibit.table.rows)
                pages = TablePages(exhibit, samples, self.strokes)
                members.append(pages)
                yield from self.of_table(pages)
            sections.append((section, members))
        yield self.index(sections)
        yield self.claims()

    def page(self, template: str, name: str, /, **context: Any) -> tuple[str, bytes]:
        root = "../" * name.count("/")
        made = self.environment.get_template(f"{template}.html.j2")
        here = "claims" if template == "claims" else "results"
        return name, made.render(root=root, here=here, **context).encode()

    def of_table(self, pages: TablePages) -> Iterator[tuple[str, bytes]]:
        metrics = recorded_metrics(pages.table.runs)
        table = pages.view("")
        trail = [("Results", f"../../{INDEX}")]
        charts = self.overview(pages, metrics)
        yield self.page(
            "table", f"{pages.folder}/{INDEX}", table=table, trail=trail, charts=charts,
            charts_json=_embedded(charts),
        )  # fmt: skip
        trail = [*trail, (f"{table['environment']}, {table['preset']}", INDEX)]
        yield self.page(
            "compare", f"{pages.folder}/compare.html", table=table, trail=trail,
            data_json=_embedded(self.comparison(pages)),
        )  # fmt: skip
        trail = [("Results", f"../../../{INDEX}"), (trail[1][0], f"../{INDEX}")]
        table = pages.view("../")
        for place, name in enumerate(pages.names):
            yield self.method(pages, place, f"{pages.folder}/methods/{name}.html", table, trail,
                              metrics)  # fmt: skip
            sample = pages.samples[place]
            if isinstance(sample, Sample):
                yield self.read(pages, place, f"{pages.folder}/episodes/{name}.html", table, trail,
                                sample)  # fmt: skip

    def overview(self, pages: TablePages, metrics: Metrics) -> dict[str, Any] | None:
        if not metrics:
            return None
        # In the order of the table, whose rows these are.
        order = [row.method for row in pages.table.rows if row.method in metrics]
        found = overview({method: metrics[method] for method in order}, self.strokes)
        hrefs = dict(zip((r.method for r in pages.table.rows), pages.names, strict=True))
        for chart in found["charts"]:
            main = chart["lines"][0]["main"]
            chart["href"] = f"methods/{hrefs[chart['name']]}.html"
            chart["last"] = f"{main['mean'][-1]:.0f} %" if main["mean"] else ""
            chart["label"] = _spoken(chart, found["axes"][0]["label"])
        found["start"] = found["charts"][0]["start"] if found["charts"] else None
        found["band"] = any(len(seeds) >= LEAST_FOR_INTERVAL for seeds in metrics.values())
        return found

    def comparison(self, pages: TablePages) -> dict[str, Any]:
        found = comparison_data(pages.table)
        for place, row in enumerate(found["rows"]):
            sample = pages.samples[place]
            if isinstance(sample, Sample):
                row["episodes"] = f"episodes/{pages.names[place]}.html"
                row["sample"] = list(dict.fromkeys(e["task"] for e in sample.data["episodes"]))
        return found

    def method(
        self,
        pages: TablePages,
        place: int,
        name: str,
        table: dict[str, Any],
        trail: list[tuple[str, str]],
        metrics: Metrics,
    ) -> tuple[str, bytes]:
        row, sample = pages.table.rows[place], pages.samples[place]
        of_method = None if row.kind == "reference" else row.method
        charts = diagnostics(metrics, of_method, self.strokes) if of_method else None
        if charts:
            for chart in charts["charts"]:
                chart["label"] = _spoken(chart, charts["axes"][0]["label"])
            charts["band"] = len(row.seeds) >= LEAST_FOR_INTERVAL
        results = pages.results(row)
        result = results[min(results)]
        sources = sources_of(result, pages.exhibit.method_files) if of_method else []
        source = result.recipe.method.source
        readable = isinstance(sample, Sample)
        return self.page(
            "method", name, table=table, trail=trail, charts=charts,
            charts_json=_embedded(charts), **pages.method(place), sources=sources,
            no_source=(
                "Its file is not kept with these results; they name it by its SHA-256 alone."
                if source else "The method is not installed here, so its file cannot be shown."
            ),
            episodes_href=f"../episodes/{pages.names[place]}.html" if readable else None,
            episodes_count=sample.count if isinstance(sample, Sample) else 0,
            no_episodes=None if isinstance(sample, Sample) else sample,
            compare_href=f"../compare.html#a={BASELINE}&b={row.method}",
        )  # fmt: skip

    def read(
        self,
        pages: TablePages,
        place: int,
        name: str,
        table: dict[str, Any],
        trail: list[tuple[str, str]],
        sample: Sample,
    ) -> tuple[str, bytes]:
        row = pages.table.rows[place]
        told = {episode["instruction"] for episode in sample.data["episodes"]}
        shared = len(told) == 1
        here = (row.method, f"../methods/{pages.names[place]}.html")
        return self.page(
            "episodes", name, table=table, trail=[*trail, here], name=row.method, sample=sample,
            instruction=next(iter(told)) if shared else "",
            data_json=_embedded({**sample.data, "shared": shared}),
        )  # fmt: skip

    def index(self, sections: Sequence[tuple[ExhibitGroup, list[TablePages]]]) -> tuple[str, bytes]:
        blocks = []
        for section, members in sections:
            tables = [pages.view(f"{pages.folder}/") for pages in members]
            first = tables[0]
            blocks.append(
                {
                    "preset": section.preset,
                    "older": section.older,
                    "track": first["track"],
                    "tiers": sorted({table["tier"] for table in tables}),
                    "decoder": section.exhibits[0].table.any_result.headline,
                    "environments": list(section.suite.tables) if section.suite else [],
                    "suite": self.suite(section.suite, tables[0]["label"])
                    if section.suite
                    else None,
                    "tables": tables,
                }
            )
        every = [table for block in blocks for table in block["tables"]]
        runs = [run.result for e in self.gathered.exhibits for run in e.table.runs]
        distinct_runs = {id(run): run for run in runs}.values()
        names = ("preset", "environment", "track", "tier")
        return self.page(
            "index", INDEX, blocks=blocks, problems=[*self.gathered.rejected,
                                                     *self.gathered.problems],
            filters=[(name, sorted({table[name] for table in every})) for name in names],
            count={
                "tables": len(every),
                "runs": len(distinct_runs),
                "episodes": sum(
                    len(score.episodes) for run in distinct_runs for score in run.scores.values()
                ),
            },
        )  # fmt: skip

    def suite(self, suite: Suite, first: str) -> dict[str, Any]:
        view = view_of_suite(suite, self.strokes)
        facts = suite_footer(suite, suite_commands(suite), HAS_BOLD).splitlines()
        return {
            "label": f"{suite.preset} over all environments, beginning with {first}",
            "view": view,
            "numeric": [name for name in view.header[1:] if is_number(name, view)],
            "caption": (
                f"Preset {suite.preset} over its environments: "
                f"{'success' if suite.of_models else 'mean success'} per cent "
                f"{'and' if suite.of_models else 'over seeds ± half of'} its 95 % interval. "
                "Bars: the average over environments."
            ),
            "facts": [line.removeprefix("- ") for line in facts],
        }

    def claims(self) -> tuple[str, bytes]:
        asked = Asked(CLAIMS, "nano", (), SEEDS_OF_CLAIMS, Path("runs/reproduce"))
        found = reproduced_from(asked, [*self.gathered.runs, *self.gathered.reproduction])
        judged = judged_claims(found)
        header, cells = claims_cells(judged)
        # What a reader looks for stands beside what is claimed.
        order = sorted(range(len(header)), key=lambda place: (place > 0, header[place] != VERDICT))
        header, cells = [header[i] for i in order], [[row[i] for i in order] for row in cells]
        rows = [
            {
                "verdict": NOT_RUN.get(each.verdict, each.verdict),
                "cells": [
                    ViewCell(NOT_RUN.get(text, text), sort_key(text) if place else None)
                    for place, text in enumerate(line)
                ],
            }
            for each, line in zip(judged, cells, strict=True)
        ]
        verdicts, *facts = claims_facts(judged)
        numeric = ("paper", "ours", "95 % interval", "p (Holm)", "seeds")
        return self.page(
            "claims", "claims.html", header=header, rows=rows, numeric=numeric,
            verdicts=f"Now: {verdicts}.".replace("no runs", "not run"), facts=facts,
            missing=found.missing,
            caption="Per cent of success unless a measure is named, paired by seed; verdicts by p "
            "(Holm) over the claims that were tested.",
        )  # fmt: skip


def _spoken(chart: dict[str, Any], against: str) -> str:
    """Return a chart in words, for who does not see it."""
    main = chart["lines"][0]["main"]
    known = [(x, y) for x, y in zip(main["x"], main["mean"], strict=True) if y is not None]
    if not known:
        return f"{chart['name']}: nothing was recorded"
    (x0, y0), (x1, y1) = known[0], known[-1]
    return (
        f"{chart['name']}, {chart['unit']}, against {against}: from {y0:g} at {x0:,} to {y1:g} "
        f"at {x1:,}"
    )
