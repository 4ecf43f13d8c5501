"""How the processes of a run are told that they have no accelerator."""

VARIABLE = "ARLARENA_VERL_CPU"
# verl registers its engines for accelerators only; the second asks for the same classes.
ON_CPU = {VARIABLE: "1", "VERL_ENGINE_DEVICE": "cuda"}
