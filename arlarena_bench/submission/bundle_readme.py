"""The README of a bundle: what lies in it, and how anybody verifies it."""

from arlarena_bench.submission.header import Findings, Submitter
from arlarena_bench.submission.rules import Rules

_README = """\
# {preset} on {environment}: {methods}

A submission to the leaderboard of arlarena-bench, track {track}, under the rules {rules}, by
{submitter}.

| file | what it is |
|---|---|
| `bundle.json` | who submits, what was run, the table, SHA-256 of every episode and every file |
| `runs/<method>/seed-<n>/result.jsonl.zst` | a result with every reply as it was sampled |
| `runs/<method>/seed-<n>/model/` | the trained policy, where it is small |
| `method/<method>/` | a method that came out of a file, with what it imports |

Every number follows from the replies. To compute all of it again, with no model and no GPU:

```
arlarena verify .
```

Panel {panel}, {tasks} tasks, SHA-256 `{digest}`; seeds {seeds}. Nothing in this folder is edited
after it was made; a correction is a new bundle.
"""


def readme(facts: Findings, submitter: Submitter, rules: Rules) -> str:
    """Return the README of a bundle.

    Args:
        facts: What follows from its results.
        submitter: Who submits.
        rules: What it is submitted under.
    """
    methods = dict.fromkeys(
        run.method for run in facts.runs.values() if run.policy.kind not in ("start", "scripted")
    )
    named = [submitter.name, submitter.affiliation, submitter.contact, submitter.paper]
    return _README.format(
        preset=facts.preset,
        environment=facts.environment,
        methods=", ".join(methods) or "references",
        track=rules.track,
        rules=rules.name,
        submitter=", ".join(part for part in named if part),
        panel=facts.panel.name,
        tasks=facts.panel.tasks,
        digest=facts.panel.digest,
        seeds=", ".join(map(str, facts.seeds)),
    )
