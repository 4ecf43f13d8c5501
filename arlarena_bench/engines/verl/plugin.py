"""What `import verl` loads in every process, by the entry-point group `verl.plugins`.

verl passes over a plug-in that fails in silence, so that whatever goes wrong here is printed.
"""

import os
import traceback

from arlarena_bench.engines.verl.cpu_switch import VARIABLE

try:
    if os.environ.get(VARIABLE):
        from arlarena_bench.engines.verl import cpu

        cpu.replace_functions()
    from arlarena_bench.engines.verl import losses  # noqa: F401  (registers itself)
except Exception:
    traceback.print_exc()
    raise
