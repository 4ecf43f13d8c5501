"""What the processes of a run are told by their environment."""

import os

# Set by a user: there is no accelerator, and none is wanted.
VARIABLE = "ARLARENA_VERL_CPU"
# Set by our launcher: this is a run of ours, not a trainer that takes our losses alone.
RUN = "ARLARENA_VERL_RUN"
# verl registers its engines for accelerators only; the second asks for the same classes.
ON_CPU = {VARIABLE: "1", "VERL_ENGINE_DEVICE": "cuda"}


def on_cpu() -> bool:
    """Return whether this process is to do without accelerators."""
    return bool(os.environ.get(VARIABLE))
