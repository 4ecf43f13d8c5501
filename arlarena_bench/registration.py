"""How an environment package makes its `TextEnv` known to Gymnasium.

Gymnasium no longer loads plugins by itself since its version 1.0, so this package does when it is
imported (`arlarena_bench.environment_names`). That keeps this module light: the environment and the
protocol wrapper are named by strings and imported when first made.
"""

from inspect import Parameter, signature
from typing import Any, ClassVar

from gymnasium import Env
from gymnasium.envs.registration import (
    WrapperSpec,
    load_env_creator,
    parse_env_id,
    register,
)

from arlarena_bench.errors import unknown

PROTOCOL_ARGUMENTS = ("history", "penalty", "template")


SHORT_NAMES: dict[str, str] = {}
"""Name of an environment on command lines, by its id without namespace and version."""


def register_text_env(
    env_id: str,
    entry_point: str,
    *,
    short_name: str | None = None,
    max_episode_steps: int | None = None,
    **kwargs: Any,
) -> None:
    """Register a `TextEnv` so that `gymnasium.make(env_id)` gives its agent-facing form.

    `gymnasium.make` takes the protocol's `history`, `penalty` and `template` beside the
    environment's own arguments.

    Args:
        env_id: Id with version; a namespace is added for environments loaded by entry point.
        entry_point: `"package.module:Class"` of the `TextEnv`.
        short_name: What it is called on command lines; `snow_man` for `SnowMan-v0` if None.
        max_episode_steps: The environment's horizon under its defaults, for Gymnasium's
            specification.
        **kwargs: Default keyword arguments of the environment.
    """
    if short_name is not None:
        SHORT_NAMES[parse_env_id(env_id)[1]] = short_name
    register(
        env_id,
        f"{__name__}:make_text_env",
        kwargs={"text_env": entry_point, **kwargs},
        max_episode_steps=max_episode_steps,
        additional_wrappers=(
            WrapperSpec("AgentProtocol", "arlarena_bench.protocol.wrapper:AgentProtocol", {}),
        ),
    )


class TextEnvMaker:
    """Makes a `TextEnv` for Gymnasium, and keeps the protocol's arguments for its wrapper."""

    # Gymnasium reads here what it may build human and list rendering upon.
    metadata: ClassVar = {"render_modes": ["ansi", "rgb_array"]}

    def __call__(self, text_env: str, **kwargs: Any) -> Env[str, str]:
        """Make the environment of a class named as `"package.module:Class"`.

        Raises:
            ArenaError: If neither the environment nor the protocol knows an argument.
        """
        protocol = {name: kwargs.pop(name) for name in PROTOCOL_ARGUMENTS if name in kwargs}
        make = load_env_creator(text_env)
        taken = signature(make).parameters
        if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in taken.values()):
            for name in kwargs:
                if name not in taken:
                    known = (*taken, *PROTOCOL_ARGUMENTS)
                    raise unknown(f"argument of {text_env.rpartition(':')[2]}", name, known)
        env: Any = make(**kwargs)
        env.protocol_arguments = protocol
        return env  # type: ignore[no-any-return]


make_text_env = TextEnvMaker()
