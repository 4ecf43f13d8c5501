"""Plug-ins: what installed distributions bring by entry points, kept from disturbing ours.

Environments, methods, recipes and checks all plug in, ours exactly as a stranger's would. Where two
bring one name, ours stands and the stranger's is called `distribution:name`; of two strangers both
are. A plug-in that cannot be used is passed over. Each such thing is said once, in one line, by the
logger `arlarena_bench`, which writes to stderr if nobody has configured it.
"""

import logging
import re
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distributions
from typing import Any, TypeVar

from arlarena_bench.errors import ArenaError

OURS = "arlarena-bench"
METHODS = "arlarena_bench.methods"
USABLE = re.compile(r"\w(?:[\w.+-]*[\w+])?", re.ASCII)

Loaded = TypeVar("Loaded")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry point.

    Attributes:
        name: What it is called here; `distribution:name` where its own name is taken.
        distribution: Which installed distribution brings it.
        entry: The entry point.
    """

    name: str
    distribution: str
    entry: EntryPoint

    @property
    def ours(self) -> bool:
        """Whether it comes with this package."""
        return self.distribution == OURS

    def load(self) -> Any:
        """Import what the entry point names.

        Raises:
            ArenaError: Whatever the plug-in raised, as one line that names it.
        """
        return self.call(self.entry.load)

    def call(self, function: Callable[..., Loaded], *arguments: Any) -> Loaded:
        """Call a function of the plug-in, its prints kept out of what we print.

        Raises:
            ArenaError: Whatever it raised, `SystemExit` included, as one line.
        """
        try:
            with redirect_stdout(sys.stderr):
                return function(*arguments)
        except (KeyboardInterrupt, ArenaError):
            raise
        except BaseException as error:
            raise ArenaError(f"{self} failed: {one_line(error)}") from error

    def __str__(self) -> str:
        return f"plug-in {self.name!r} of {self.distribution} ({self.entry.value})"


def one_line(error: BaseException) -> str:
    """Return an exception's class and message in one line, even if it cannot be written out."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "its message cannot be written"
    return f"{type(error).__name__}: {text}"


@cache
def warn_once(line: str) -> None:
    """Say something about a plug-in, once a process."""
    logging.getLogger("arlarena_bench").warning("warning: %s", line)


def entries(group: str) -> list[Plugin]:
    """Return the plug-ins of an entry-point group under their own names, ours first."""
    found = [plugin for plugin in _installed() if plugin.entry.group == group]
    return sorted(found, key=lambda plugin: (not plugin.ours, plugin.name, plugin.distribution))


def plugins(group: str) -> list[Plugin]:
    """Return the plug-ins of an entry-point group, each under a name of its own, ours first."""
    found = entries(group)
    ours = {plugin.name.casefold() for plugin in found if plugin.ours}
    strangers = [plugin for plugin in found if not plugin.ours]
    count = Counter(plugin.name.casefold() for plugin in strangers)
    named = [plugin for plugin in found if plugin.ours]
    for plugin in strangers:
        if plugin.name.casefold() in ours or count[plugin.name.casefold()] > 1:
            full = f"{plugin.distribution}:{plugin.name}"
            owner = "ours" if plugin.name.casefold() in ours else "another plug-in's"
            warn_once(f"{plugin}: the name is {owner}; it is called {full!r} here ({group})")
            plugin = Plugin(full, plugin.distribution, plugin.entry)
        named.append(plugin)
    return named


def loaded(group: str) -> list[tuple[Plugin, Any]]:
    """Return the plug-ins of a group with what they name; those that fail are passed over.

    Raises:
        ArenaError: If one of ours fails: the installation is broken.
    """
    found = []
    for plugin in plugins(group):
        try:
            found.append((plugin, plugin.load()))
        except ArenaError as error:
            if plugin.ours:
                raise
            warn_once(str(error))
    return found


@cache
def _installed() -> tuple[Plugin, ...]:
    """Return the entry points of every distribution; of two copies the first one's count."""
    found: dict[str, list[Plugin]] = {}
    for distribution in distributions():
        name = _name(distribution)
        if name not in found:
            found[name] = _entries(name, distribution)
    return tuple(plugin for name in sorted(found) for plugin in found[name])


def _name(distribution: Distribution) -> str:
    """Return a distribution's name as pip writes it, or where it lies if it has none."""
    try:
        name = distribution.metadata["Name"]
    except Exception:  # a folder without METADATA
        name = None
    if not name:
        return str(getattr(distribution, "_path", "nameless")).rpartition("/")[2]
    return re.sub(r"[-_.]+", "-", name).lower()


def _entries(name: str, distribution: Distribution) -> list[Plugin]:
    try:
        told = list(distribution.entry_points)
    except Exception as error:  # a file that is no list of entry points
        warn_once(f"the entry points of {name} cannot be read: {one_line(error)}")
        return []
    usable = []
    for entry in told:
        if not entry.group.startswith(("arlarena_bench.", "gymnasium.envs")):
            continue
        if USABLE.fullmatch(entry.name) and not entry.name.endswith(".py") and entry.name != "all":
            usable.append(Plugin(entry.name, name, entry))
        else:
            warn_once(
                f"entry point {entry.name!r} of {name} ({entry.group}) is passed over: a name is "
                "letters, digits and any of _ . + - between them, and neither 'all' nor a file"
            )
    return usable
