"""What the processes of a run are told by their environment."""

import os

# Set by a user: there is no accelerator, and none is wanted.
VARIABLE = "ARLARENA_VERL_CPU"
# Set by our launcher: this is a run of ours, not a trainer that takes our losses alone.
RUN = "ARLARENA_VERL_RUN"
# The same: the number of the process with which the one that it has started ends.
PARENT = "ARLARENA_VERL_PARENT"
ON_CPU = {
    VARIABLE: "1",
    # verl registers its engines for accelerators only; this asks for the same classes.
    "VERL_ENGINE_DEVICE": "cuda",
    # Ray would start an idle worker for each processor, none of which verl's settings fit.
    "RAY_prestart_worker_first_driver": "0",
}


def on_cpu() -> bool:
    """Return whether this process is to do without accelerators."""
    return bool(os.environ.get(VARIABLE))
