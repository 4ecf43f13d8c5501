import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

# Before torch is imported: several threads on two cores cost more than they give.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Programs that tests start do not import what happens to lie in the folder they are started in.
os.environ.setdefault("PYTHONSAFEPATH", "1")

# What measures is tested, too. It is no part of the package, and its folder's parent is on no path:
# nothing else that happens to lie there is imported.
_BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
_spec = spec_from_file_location(
    _BENCHMARKS.name, _BENCHMARKS / "__init__.py", submodule_search_locations=[str(_BENCHMARKS)]
)
assert _spec is not None
sys.modules.setdefault(_BENCHMARKS.name, module_from_spec(_spec))
