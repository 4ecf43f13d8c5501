"""How an environment package makes its `TextEnv` known to Gymnasium.

Gymnasium no longer loads plugins by itself since its version 1.0, so this package does when it is
imported. That keeps this module light: the environment and the protocol wrapper are named by
strings and imported when first made.
"""

import warnings
from importlib.metadata import entry_points
from typing import Any

from gymnasium.envs.registration import WrapperSpec, namespace, parse_env_id, register

PLUGINS = "gymnasium.envs"


SHORT_NAMES: dict[str, str] = {}
"""Name of an environment on command lines, by its id without namespace and version."""


def register_text_env(
    env_id: str, entry_point: str, *, short_name: str | None = None, **kwargs: Any
) -> None:
    """Register a `TextEnv` so that `gymnasium.make(env_id)` gives its agent-facing form.

    Args:
        env_id: Id with version; a namespace is added for environments loaded by entry point.
        entry_point: `"package.module:Class"` of the `TextEnv`.
        short_name: What it is called on command lines; `snow_man` for `SnowMan-v0` if None.
        **kwargs: Default keyword arguments of the environment.
    """
    if short_name is not None:
        SHORT_NAMES[parse_env_id(env_id)[1]] = short_name
    protocol = WrapperSpec("AgentProtocol", "arlarena_bench.protocol.wrapper:AgentProtocol", {})
    register(env_id, entry_point, kwargs=kwargs, additional_wrappers=(protocol,))


def load_plugins() -> None:
    """Call every entry point of the group `gymnasium.envs`, in the namespace of its name.

    One that fails is passed over with a warning, so that it cannot take the others with it.
    """
    for plugin in sorted(entry_points(group=PLUGINS), key=lambda plugin: plugin.name):
        with namespace(plugin.name):
            # Caught inside: Gymnasium's context manager would keep the namespace after an error.
            try:
                plugin.load()()
            except Exception as error:
                warnings.warn(
                    f"environment plugin {plugin.name} ({plugin.value}) cannot be loaded: "
                    f"{type(error).__name__}: {error}",
                    stacklevel=2,
                )
