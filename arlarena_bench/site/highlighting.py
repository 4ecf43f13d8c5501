"""The file of a method, to be read on its page."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from arlarena_bench.plugins import METHODS, plugins
from arlarena_bench.record import Result
from arlarena_bench.submission.bundle_folder import METHODS as METHOD_FILES
from arlarena_bench.submission.placing import method_folder


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        name: What it is called.
        html: Its text with spans for the parts of Python, escaped.
        says: Which version of it this is.
    """

    name: str
    html: str
    says: str


def sources_of(result: Result, bundle: Path | None) -> list[Source]:
    """Return the files of a trained result's method; none where they are not here.

    Args:
        result: Of the method.
        bundle: Where it was submitted with its files.
    """
    method = result.recipe.method
    if method.source is None:
        return _installed(method.name, result.provenance.commit)
    if bundle is None:
        return []
    folder = bundle / METHOD_FILES / method_folder(result.label)
    says = "as it was submitted, its SHA-256 verified"
    return [
        Source(name, highlighted((folder / name).read_text("utf-8", "replace")), says)
        for name in sorted(method.files)
    ]


def _installed(name: str, commit: str | None) -> list[Source]:
    plugin = next((plugin for plugin in plugins(METHODS) if plugin.name == name), None)
    if plugin is None:
        return []
    try:
        spec = importlib.util.find_spec(plugin.entry.module)
        if spec is None or spec.origin is None:
            return []
        text = Path(spec.origin).read_text(encoding="utf-8")
    except (ImportError, OSError, ValueError):
        return []
    made = f"commit {commit}" if commit else "an unrecorded commit"
    says = f"as it is installed here; the runs are of {made}"
    return [Source(f"{plugin.entry.module.rpartition('.')[2]}.py", highlighted(text), says)]


def highlighted(text: str) -> str:
    """Return Python source as HTML."""
    formatter = HtmlFormatter(nowrap=True, classprefix="py-")
    return str(highlight(text, PythonLexer(), formatter))
