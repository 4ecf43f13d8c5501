"""Making a bundle out of finished runs."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from arlarena_bench.errors import ArenaError
from arlarena_bench.files import write_json, write_whole
from arlarena_bench.method_file import is_method_file
from arlarena_bench.record import RESULT_FILE, Result, read_result
from arlarena_bench.report.finding import find_failed
from arlarena_bench.submission.bundle_folder import (
    HEADER_FILE,
    METHODS,
    MODEL,
    README_FILE,
    TUNING_FILE,
    check_name,
)
from arlarena_bench.submission.bundle_readme import readme
from arlarena_bench.submission.header import (
    BUNDLE_VERSION,
    Submitter,
    findings,
    header_id,
)
from arlarena_bench.submission.placing import method_folder, run_folder
from arlarena_bench.submission.rules import MEGABYTE, Rules
from arlarena_bench.submission.verifying import Checks, Report, Verdict, quietly, verify
from arlarena_bench.training.start_set import FILES, WEIGHTS


def submit(
    sources: Sequence[Path],
    out: Path,
    submitter: Submitter,
    rules: Rules,
    checkpoints: int | None = None,
    tuning: Path | None = None,
    report: Report = quietly,
) -> Verdict:
    """Write a bundle of finished runs, verified.

    Args:
        sources: Runs, results, or folders of them, such as a bench's.
        out: The bundle's folder, which must not exist.
        submitter: Who submits.
        rules: What the bundle is submitted under.
        checkpoints: The policies of how many seeds come along, where they are small; None for all.
        tuning: The `tuning.json` of the grid that chose the values; None where none did.
        report: Told how far verifying is.

    Raises:
        ArenaError: If something cannot be found, read or written, or would be rejected; nothing
            is left behind then.
    """
    if out.exists():
        raise ArenaError(f"{out} exists; choose another --out, for a bundle is never changed")
    found = _results(sources)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    except OSError as error:
        raise ArenaError(f"cannot write {out}: {error.strerror}") from None
    try:
        results = {name: result for name, (result, _) in found.items()}
        for name, (result, path) in found.items():
            brought = checkpoints is None or result.seed < checkpoints
            _copy_run(temporary, name, result, path, rules if brought else None)
        if tuning is not None:
            _copy(tuning, temporary / TUNING_FILE)
        write_header(temporary, results, submitter, rules)
        checks = Checks(
            jobs=os.cpu_count() or 1, report=lambda _, done, total: report(out.name, done, total)
        )
        verdict = verify(temporary, checks)
        if verdict.fault is not None:
            raise ArenaError(f"not submitted: {verdict.fault}")
        temporary.chmod(0o755)
        temporary.rename(out)
    except OSError as error:
        raise ArenaError(f"cannot write {out}: {error.strerror}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    verdict.place = out
    return verdict


def _results(sources: Sequence[Path]) -> dict[str, tuple[Result, Path]]:
    """Return every result with its file, by the folder that it gets in the bundle."""
    found: dict[str, tuple[Result, Path]] = {}
    for path in (path for source in sources for path in _result_files(source)):
        result = read_result(path)
        name = run_folder(result)
        other = found.setdefault(name, (result, path))
        if other[1] != path:
            raise ArenaError(
                f"{other[1]} and {path} are both of {result.label} seed {result.seed}; give one"
            )
    return dict(sorted(found.items()))


def _result_files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    if not source.is_dir():
        raise ArenaError(f"no run {source}; give a run's folder, a result or a bench's folder")
    if failed := find_failed(source)[0]:
        raise ArenaError(
            f"{failed[0].record.name} failed ({failed[0].source}); the bench's command goes on "
            "with it, or give the runs one by one"
        )
    paths = sorted(source.rglob(RESULT_FILE))
    if not paths:
        raise ArenaError(f"{source} holds no finished run; `arlarena bench` makes some")
    yield from paths


def _copy_run(
    bundle: Path, name: str, result: Result, path: Path, checkpoints: Rules | None
) -> None:
    check_name(f"{name}/{RESULT_FILE}")
    _copy(path, bundle / name / RESULT_FILE)
    method = result.recipe.method
    if result.policy.kind == "trained" and is_method_file(method.name):
        copies = path.parent / "method"
        for file in method.files:
            _copy(copies / file, bundle / METHODS / method_folder(result.label) / file)
    weights = path.parent / MODEL / WEIGHTS
    if checkpoints is None or result.policy.kind != "trained" or not weights.is_file():
        return
    if weights.stat().st_size <= checkpoints.limits.checkpoint_mb * MEGABYTE:
        for file in FILES:
            _copy(weights.with_name(file), bundle / name / MODEL / file)


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise ArenaError(f"cannot copy {source}: {error.strerror}") from None


def write_header(
    bundle: Path, results: Mapping[str, Result], submitter: Submitter, rules: Rules
) -> None:
    """Write the README and the header of a bundle whose other files are there.

    Raises:
        ArenaError: If the results share no table.
    """
    facts = findings(results)
    write_whole(bundle / README_FILE, readme(facts, submitter, rules))
    files = {
        path.relative_to(bundle).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and path.name != HEADER_FILE
    }
    data = {
        **facts.model_dump(mode="json"),
        "schema_version": BUNDLE_VERSION,
        "rules": rules.name,
        "track": rules.track,
        "submitter": submitter.model_dump(mode="json"),
        "files": files,
    }
    data["id"] = header_id(data)
    write_json(bundle / HEADER_FILE, data)
