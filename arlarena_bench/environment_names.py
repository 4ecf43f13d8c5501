"""Environments of plug-ins, and the names that they go by on command lines.

What we register is ours for good: a stranger's plug-in that replaces, removes or adds an id in our
namespace finds that undone, with one line about it.
"""

import re
import warnings
from collections.abc import Iterable

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec, namespace, registry

from arlarena_bench.errors import ArenaError, unknown
from arlarena_bench.plugins import Plugin, entries, warn_once
from arlarena_bench.registration import SHORT_NAMES

PLUGINS = "gymnasium.envs"
NAMESPACE = "arlarena"


def load_plugins() -> None:
    """Call every entry point of the group `gymnasium.envs`, in the namespace of its name.

    Ours come first. One that fails is passed over with a warning, so that it cannot take the others
    with it.
    """
    for plugin in entries(PLUGINS):
        specs, short_names = dict(registry), dict(SHORT_NAMES)
        with namespace(plugin.name), warnings.catch_warnings():
            # Said once below, in a line of our own.
            warnings.filterwarnings("ignore", message=".*Overriding environment")
            # Caught inside: Gymnasium's context manager would keep the namespace after an error.
            try:
                plugin.call(plugin.load())
            except ArenaError as error:
                warn_once(str(error))
        if not plugin.ours:
            _undo(plugin, specs, short_names)


def _undo(plugin: Plugin, specs: dict[str, EnvSpec], short_names: dict[str, str]) -> None:
    """Take back what a stranger did to ids that were there before it, and to our namespace."""
    changed = sorted(name for name in specs if registry.get(name) is not specs[name])
    added = sorted(name for name in registry if name not in specs and _is_ours(registry[name]))
    for name in added:
        del registry[name]
    registry.update({name: specs[name] for name in changed})
    SHORT_NAMES.update(short_names)
    for name in set(SHORT_NAMES) - set(short_names):
        if any(spec.name == name for spec in specs.values()):
            del SHORT_NAMES[name]
    if changed or added:
        warn_once(
            f"{plugin} may not register {', '.join(changed + added)}: the ids are not its own"
        )


def _is_ours(spec: EnvSpec) -> bool:
    return spec.namespace == NAMESPACE


def environment_names() -> dict[str, str]:
    """Return short name → id of the latest version, for every namespaced Gymnasium id.

    Where strangers' environments share a short name with ours or with each other, theirs is
    `namespace/short_name`.
    """
    latest: dict[tuple[str, str], tuple[int, str]] = {}
    for spec in gym.registry.values():
        if spec.namespace and any(w.name == "AgentProtocol" for w in spec.additional_wrappers):
            key = (spec.namespace, SHORT_NAMES.get(spec.name) or short_name_of(spec.name))
            latest[key] = max(latest.get(key, (-1, "")), (spec.version or 0, spec.id))
    owners: dict[str, list[str]] = {}
    for owner, short in sorted(latest):
        owners.setdefault(letters(short), []).append(owner)
    names = {}
    for (owner, short), (_, env_id) in latest.items():
        sharing = owners[letters(short)]
        alone = sharing == [owner] or owner == NAMESPACE
        names[short if alone else f"{owner}/{short}"] = env_id
    return dict(sorted(names.items()))


def environment_id(name: str) -> str:
    """Return the Gymnasium id for a short name or for an id itself.

    Raises:
        ArenaError: If nothing of that name is registered.
    """
    if name in gym.registry:
        return name
    names = environment_names()
    short = name if name in names else spelt(name, names)
    if short is None:
        raise unknown("environment", name, names)
    return names[short]


def short_name_of(name: str) -> str:
    """Return `snow_man` for `SnowMan`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace("-", "_")


def spelt(name: str, known: Iterable[str]) -> str | None:
    """Return which of the known short names is meant, whatever its capitals and hyphens."""
    bare = re.sub(r"-v\d+$", "", name.rsplit("/", 1)[-1])
    by_letters = {letters(short): short for short in known}
    return by_letters.get(letters(bare))


def letters(name: str) -> str:
    """Return what counts in a short name."""
    return re.sub(r"[-_ ]", "", name).lower()
