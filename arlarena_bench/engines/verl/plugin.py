"""What `import verl` loads in every process, by the entry-point group `verl.plugins`.

verl passes over a plug-in that fails in silence, so that whatever goes wrong here is printed.
"""

import os
import sys
import traceback

from arlarena_bench.engines.verl.cpu_switch import PARENT, RUN, on_cpu
from arlarena_bench.engines.verl.requirement import require_verl
from arlarena_bench.errors import ArenaError
from arlarena_bench.tied import die_with_parent

if os.environ.get(PARENT) == str(os.getppid()):
    die_with_parent()

try:
    require_verl()
    if on_cpu():
        from arlarena_bench.engines.verl import cpu

        cpu.replace_functions()
    from arlarena_bench.engines.verl import losses  # noqa: F401  (registers itself)

    if os.environ.get(RUN):
        from arlarena_bench.engines.verl import agent_loop, trainer  # noqa: F401  (as above)
except ArenaError as error:
    print(f"arlarena-bench is not loaded: {error}", file=sys.stderr)
    raise
except Exception:
    traceback.print_exc()
    raise
