"""How an environment package makes its `TextEnv` known to Gymnasium.

Gymnasium loads plugins while it is itself being imported, so this module stays light: the
environment and the protocol wrapper are named by strings and imported when first made.
"""

from typing import Any

from gymnasium.envs.registration import WrapperSpec, register


def register_text_env(env_id: str, entry_point: str, **kwargs: Any) -> None:
    """Register a `TextEnv` so that `gymnasium.make(env_id)` gives its agent-facing form.

    Args:
        env_id: Id with version; a namespace is added for environments loaded by entry point.
        entry_point: `"package.module:Class"` of the `TextEnv`.
        **kwargs: Default keyword arguments of the environment.
    """
    protocol = WrapperSpec("AgentProtocol", "arlarena_bench.protocol.wrapper:AgentProtocol", {})
    register(env_id, entry_point, kwargs=kwargs, additional_wrappers=(protocol,))
