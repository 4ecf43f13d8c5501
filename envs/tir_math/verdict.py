"""The grading process: math-verify, one question a line; started by `grader` and run as a file.

math-verify bounds itself with `signal.alarm`, which neither stops a loop in C nor works in a
thread. Here it runs without: a limit of CPU seconds kills this whole process instead, so that a
verdict does not depend on how busy the machine is, and a limit of memory makes it fail.
"""

import json
import resource
import signal
import sys

MEMORY = 2 << 30


def verdict(gold: str, answer: str) -> bool:
    """Return whether two answers, without their boxes, are mathematically equal.

    Only LaTeX is read, by a grammar: math-verify's reader of plain expressions would hand the
    text to `eval`.
    """
    from math_verify import LatexExtractionConfig, parse, verify

    latex = [LatexExtractionConfig(boxed_match_priority=0)]
    expected, given = (
        parse(f"\\boxed{{{text}}}", latex, parsing_timeout=None) for text in (gold, answer)
    )
    return bool(verify(expected, given, float_rounding=6, timeout_seconds=None))


def main() -> None:
    """Answer `{"gold", "answer", "seconds"}` with `true` or `false` until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    verdict("1", "2")
    print("ready", flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        # The default action of SIGPROF ends the process, also inside a long computation in C.
        signal.setitimer(signal.ITIMER_PROF, question["seconds"])
        try:
            right = verdict(question["gold"], question["answer"])
        except Exception:
            right = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(right), flush=True)


if __name__ == "__main__":
    main()
