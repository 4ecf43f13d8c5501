"""verl's own check of its settings, before anything of it is started."""

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arlarena_bench.engines.verl.overrides import words
from arlarena_bench.errors import ArenaError


def checked(overrides: Mapping[str, Any]) -> Any:
    """Return all of verl's settings, those that are set among them.

    Raises:
        ArenaError: If verl refuses them.
    """
    import verl
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from verl.trainer.ppo.utils import need_critic, need_reference_policy
    from verl.utils.config import validate_config

    folder = Path(verl.__file__).parent / "trainer" / "config"
    try:
        with (
            initialize_config_dir(str(folder), version_base=None),
            contextlib.redirect_stdout(io.StringIO()),  # what it has to say is that all is well
        ):
            config = compose("ppo_trainer", overrides=words(overrides))
            validate_config(config, need_reference_policy(config), need_critic(config))
    except (HydraException, OmegaConfBaseException, AssertionError, ValueError) as error:
        lines = str(error).strip().split("\n")
        # hydra names what it was calling first, and what that said in the next line.
        said = " ".join(lines[: 1 + lines[0].endswith(":")])
        raise ArenaError(f"verl refuses its settings: {said}") from error
    return config
