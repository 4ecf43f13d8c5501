"""What stands on each page of a table: words and numbers for the templates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from arlarena_bench import installed
from arlarena_bench.departures import preset_words
from arlarena_bench.errors import ArenaError
from arlarena_bench.harness.listing import CHOICES
from arlarena_bench.record import Decoder, Result
from arlarena_bench.report import models
from arlarena_bench.report.comparison import BASELINE
from arlarena_bench.report.contrast import LEAST_FOR_INTERVAL
from arlarena_bench.report.layout import NONE
from arlarena_bench.report.overview import command_of_table
from arlarena_bench.report.render import DELTA, columns_of, footer, marks_of
from arlarena_bench.report.table import Row, Table
from arlarena_bench.site.addresses import distinct, slug
from arlarena_bench.site.episode_data import Sample, row_of
from arlarena_bench.site.gathering import SUBMISSIONS, Exhibit
from arlarena_bench.site.palette import Stroke
from arlarena_bench.site.table_view import HAS_BOLD, ViewCell, is_number, sort_key, view_of_table

SELF_REPORTED, SAMPLE_REPLAYED, DIFFERENT = "self-reported", "sample replayed", "replay differs"
_RESULT = ("success %", "95 % interval", "IQM %", DELTA, "p (Holm)", "Δ, tasks like these", "rank",
           "score", "score (turns)", "format %", *models.COLUMNS, "episodes", "steps", "updates",
           "CPU min", "ruleset")  # fmt: skip
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")  # of a function, another one in each process
_STABILITY = ("ended below start", "worst seed %", "drawdown %", "collapsed", "collapse rate %",
              "KL to start")  # fmt: skip


@dataclass(frozen=True)
class TablePages:
    """The pages of one table: what is on it, and what they are called.

    Attributes:
        exhibit: The table.
        samples: Episodes of each row, or why there are none.
        strokes: How methods are drawn.
    """

    exhibit: Exhibit
    samples: tuple[Sample | str, ...]
    strokes: Mapping[str, Stroke]

    @property
    def table(self) -> Table:
        """The table."""
        return self.exhibit.table

    @property
    def folder(self) -> str:
        """Its folder in the site."""
        return f"tables/{self.exhibit.slug}"

    @cached_property
    def names(self) -> list[str]:
        """The file of each row's pages, without extension."""
        return distinct(slug(row.method) for row in self.table.rows)

    @property
    def tier(self) -> str:
        """How far it is verified."""
        bundle = self.exhibit.bundle
        if bundle is not None and bundle.tier != SELF_REPORTED:
            return bundle.tier
        told = [sample for sample in self.samples if isinstance(sample, Sample)]
        if not told:
            return SELF_REPORTED
        return DIFFERENT if any(sample.different for sample in told) else SAMPLE_REPLAYED

    def view(self, root: str) -> dict[str, Any]:
        """Return what pages show of the table; `root` is the way to its folder."""
        return {
            **self._view,
            "hrefs": [f"{root}methods/{name}.html" for name in self.names],
            "href": f"{root}index.html",
            "compare": f"{root}compare.html",
        }

    @cached_property
    def _view(self) -> dict[str, Any]:
        table, shared = self.table, self.table.any_result
        brief = view_of_table(table, self.strokes, brief=True)
        full = view_of_table(table, self.strokes, brief=False)
        baseline = next((r for r in table.rows if (r.kind, r.method) == ("method", BASELINE)), None)
        gone = self.exhibit.withdrawn
        return {
            "preset": shared.recipe.name,
            "environment": shared.recipe.environment.name,
            "track": self.exhibit.track,
            "tier": self.tier,
            "older": bool(shared.lacks),
            "tasks": shared.panel.tasks,
            "withdrawn": f"Withdrawn on {gone.date} by {gone.by}: {gone.reason}" if gone else "",
            "chips": [
                f"{shared.panel.tasks} {shared.panel.split} tasks",
                f"decoder {shared.headline}",
                *([] if table.of_models else [f"{seeds_of(table)} a method"]),
                f"track {self.exhibit.track}",
                self.tier,
                self.exhibit.place.as_posix(),
            ],
            "label": f"Table of {self.exhibit.slug}",
            "caption": caption(table),
            "more": "Every column" if table.of_models else "Curves and every column",
            "two": "policies" if table.of_models else "methods",
            "view": brief,
            "full": full,
            "numeric": [name for name in brief.header[1:] if is_number(name, brief)],
            "numeric_full": [name for name in full.header[1:] if is_number(name, full)],
            "baseline": None if baseline is None else 100 * baseline.success,
            "facts": _listed(footer(table, command_of_table(table), HAS_BOLD)),
            "marks": marks_of(table),
        }

    def method(self, place: int) -> dict[str, Any]:
        """Return what the page of a row shows, besides curves and files."""
        row = self.table.rows[place]
        known = columns_of(self.table)
        others = [name for name in known if name.startswith("success % (")]
        results = self.results(row)
        any_result = results[min(results)]
        seeds_header, seeds_rows = _seeds(results)
        return {
            "name": row.method,
            "kind_says": {"reference": "a reference", "control": "a control, no method"}.get(
                row.kind, "a model" if self.table.of_models else "a method"
            ),
            "stroke": self.strokes.get(row.method) if row.kind != "reference" else None,
            "seeds": len(row.seeds),
            "trained": any_result.training is not None,
            "is_baseline": row.method == BASELINE,
            "result": _told(known, row, (_RESULT[0], *others, *_RESULT[1:])),
            "stability": _told(known, row, _STABILITY) if row.stability else [],
            "verification": self._verification(place),
            "seeds_header": seeds_header,
            "seeds_rows": seeds_rows,
            "seeds_numeric": [name for name in seeds_header if name not in _WORDS],
            "options": _options(any_result),
            "lost": [
                f"{run.record.name} failed and is not in these numbers: {run.record.reason}"
                for run in self.table.failed
                if run.record.label == row.method
            ],
        }

    def results(self, row: Row) -> dict[int, Result]:
        """Return the results of a row by seed."""
        mine = (row.method, row.kind == "reference")
        return {
            run.result.seed: run.result for run in self.table.runs if row_of(run.result) == mine
        }

    def _verification(self, place: int) -> list[tuple[str, str]]:
        sample, bundle = self.samples[place], self.exhibit.bundle
        found = [("tier", self.tier)]
        if bundle is not None:
            found += [("bundle", bundle.id[:12]), ("rules", bundle.rules)]
            found += [(f"checked: {what}", how) for what, how in bundle.checked.items()]
            found += [("lacks", what) for what in bundle.lacks]
            found.append(("ranked", "yes" if bundle.unranked is None else bundle.unranked))
        if bundle is not None and bundle.tier != SELF_REPORTED:
            return found
        if isinstance(sample, Sample):
            same = sample.count - sample.different
            found.append(
                ("stepped again by this page", f"{same} of {sample.count} sampled episodes equal")
            )
            found.append(
                ("all of it", f"arlarena verify leaderboard/{SUBMISSIONS}/{bundle.place.name}")
                if bundle
                else ("bundle", "none; not submitted")
            )
        else:
            found.append(("replies", sample))
        return found


_WORDS = ("collapsed", "commit", "recipe")


def caption(table: Table) -> str:
    """Return what a table is of, in a sentence or two."""
    shared = table.any_result
    decoder = shared.main.decoder
    how = f" ({decoder_words(decoder)})" if decoder else ""
    tested = [r.contrast for r in table.rows if r.contrast and r.contrast.p is not None]
    if table.of_models:
        over, bars = "share", "over tasks"
    else:
        over = f"mean over {seeds_of(table)}"
        bars = f"over seeds, from {LEAST_FOR_INTERVAL} of them on"
    preset = preset_words(shared.recipe)
    said = (
        f"Success of {shared.recipe.environment.name} under preset {preset}: {over} "
        f"on {shared.panel.tasks} {shared.panel.split} tasks, decoder {shared.headline}{how}. "
        f"Bars: 95 % intervals {bars}."
    )
    if tested:
        test = " or ".join(sorted({c.panel.test for c in tested if c.panel}))
        said += f" p: {test}, Holm over {len(tested)} differences."
    if any(row.best for row in table.rows):
        said += " Bold: the best ranked method, and what is not separated from it."
    return said


def decoder_words(decoder: Decoder) -> str:
    """Return how replies were drawn."""
    if decoder.temperature == 0:
        return "the likeliest token"
    words = [f"temperature {decoder.temperature:g}"]
    words += [f"top-p {decoder.top_p:g}"] if decoder.top_p < 1 else []
    words += [f"top-k {decoder.top_k}"] if decoder.top_k else []
    return ", ".join(words)


def seeds_of(table: Table) -> str:
    """Return how many seeds the rows have."""
    counts = sorted({len(row.seeds) for row in table.rows if row.kind != "reference"} or {1})
    told = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    return f"{told} seed" if told == "1" else f"{told} seeds"


def _told(known: Mapping[str, Any], row: Row, names: tuple[str, ...]) -> list[tuple[str, str]]:
    shown = [(name, str(known[name](row))) for name in names if name in known]
    return [(name, text) for name, text in shown if text != NONE]


def _seeds(results: Mapping[int, Result]) -> tuple[list[str], list[list[ViewCell]]]:
    """Return a table of runs; only columns of which there is something to say."""
    decoders = list(dict.fromkeys(name for r in results.values() for name in sorted(r.scores)))
    header = ["seed", *decoders, "turns", "collapsed", "skipped updates", "recipe", "commit"]
    rows = []
    for seed in sorted(results):
        result, training = results[seed], results[seed].training
        cells = [str(seed)]
        cells += [
            f"{100 * result.scores[name].summary.success:.1f}" if name in result.scores else NONE
            for name in decoders
        ]
        cells.append(f"{result.main.summary.length:.1f}")
        if training is None:
            cells += [NONE, NONE]
        elif training.collapse_step is None:
            cells += ["no", str(training.skipped_updates)]
        else:
            cause = training.collapse_cause or "unknown"
            cells += [f"step {training.collapse_step}: {cause}", str(training.skipped_updates)]
        cells += [result.recipe.digest()[:12], result.provenance.commit or NONE]
        rows.append([ViewCell(text, sort_key(text)) for text in cells])
    told = [any(row[i].text != NONE for row in rows) for i in range(len(header))]
    kept = [i for i, some in enumerate(told) if some]
    return [header[i] for i in kept], [[row[i] for i in kept] for row in rows]


def _options(result: Result) -> list[tuple[str, str]]:
    recipe = result.recipe
    found = [(name, str(recipe.method.options[name])) for name in sorted(recipe.method.options)]
    found += [
        ("learning rate", f"{recipe.train.learning_rate:g}"),
        ("KL coefficient", f"{recipe.train.kl_coef:g} ({recipe.train.kl_estimator})"),
        ("iterations", str(recipe.train.iterations)),
        ("episodes an iteration", f"{recipe.train.groups} × {recipe.train.group_size}"),
        ("minibatches, epochs", f"{recipe.train.minibatches}, {recipe.train.epochs}"),
    ]
    if recipe.method.source is not None:
        return [*found, ("SHA-256 of its files", recipe.method.source[:12])]
    try:
        method = installed.method(recipe.method.name, **recipe.method.options)
    except ArenaError:
        return found
    choices = [(name, str(getattr(method, name, "own"))) for name in CHOICES]
    return [*((name, _ADDRESS.sub("", told)) for name, told in choices), *found]


def _listed(text: str) -> list[str]:
    return [line.removeprefix("- ") for line in text.splitlines()]
