"""The record of a result: one schema, written and read by the same classes by everything."""

from arlarena_bench.record.checking import check
from arlarena_bench.record.comparing import comparable, recipe_facts, table_facts
from arlarena_bench.record.episodes import EpisodeRecord, TurnsRecord, prompt_hash, record_episode
from arlarena_bench.record.failure import (
    FAILURE_FILE,
    FailureRecord,
    read_failure,
    write_failure,
)
from arlarena_bench.record.provenance import Provenance, package_versions, provenance
from arlarena_bench.record.result import (
    COST_METRICS,
    SCHEMA_VERSION,
    CostRecord,
    Decoder,
    FailedEpisode,
    PanelRecord,
    PolicyRecord,
    Result,
    Ruleset,
    Score,
    StartRecord,
    TrainingRecord,
)
from arlarena_bench.record.storage import (
    BUNDLE_FILE,
    RESULT_FILE,
    parse_result,
    read_result,
    write_result,
)
from arlarena_bench.record.summary import Summary, summarise
from arlarena_bench.record.usage import UsageRecord

__all__ = [
    "BUNDLE_FILE",
    "COST_METRICS",
    "FAILURE_FILE",
    "RESULT_FILE",
    "SCHEMA_VERSION",
    "CostRecord",
    "Decoder",
    "EpisodeRecord",
    "FailedEpisode",
    "FailureRecord",
    "PanelRecord",
    "PolicyRecord",
    "Provenance",
    "Result",
    "Ruleset",
    "Score",
    "StartRecord",
    "Summary",
    "TrainingRecord",
    "TurnsRecord",
    "UsageRecord",
    "check",
    "comparable",
    "package_versions",
    "parse_result",
    "prompt_hash",
    "provenance",
    "read_failure",
    "read_result",
    "recipe_facts",
    "record_episode",
    "summarise",
    "table_facts",
    "write_failure",
    "write_result",
]
