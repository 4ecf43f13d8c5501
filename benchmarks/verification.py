"""CPU seconds that a bundle's replay takes, and the check of who has sampled its replies.

Run with `python -m benchmarks.verification leaderboard/submissions/nano-webshop_mini`; `--policy`
times the check as well, of the runs that brought their checkpoints.
"""

import argparse
import resource
from pathlib import Path

from tabulate import tabulate

from arlarena_bench.submission.verifying import Checks, Verdict, verify


def used() -> float:
    """Return the CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def timed(bundle: Path, policy: bool) -> tuple[Verdict, float]:
    """Verify a bundle in this process; return the verdict, and the CPU seconds of all of it."""
    before = used()
    verdict = verify(bundle, Checks(policy=policy))
    if verdict.fault is not None:
        raise SystemExit(f"rejected {bundle}: {verdict.fault}")
    return verdict, used() - before


def main() -> None:
    """Print what each takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--policy", action="store_true")
    arguments = parser.parse_args()
    verdict, replayed = timed(arguments.bundle, False)
    rows = [["replay", verdict.checked["replay"], replayed]]
    if arguments.policy:
        checked, seconds = timed(arguments.bundle, True)
        rows.append(["policy", checked.checked["policy"], seconds - replayed])
    print(tabulate(rows, ["check", "what", "CPU s"], floatfmt=".1f"))


if __name__ == "__main__":
    main()
