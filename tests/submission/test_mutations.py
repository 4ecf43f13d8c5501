"""Whatever a good bundle is damaged by at random, it is rejected, in one line."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bundles import copied, lines_of, make, seal, sign, write_lines

from arlarena_bench.errors import ArenaError
from arlarena_bench.record import RESULT_FILE, read_result
from arlarena_bench.submission.verifying import verify_each

ROUNDS = 1200
SIGNED_ROUNDS = 200
# What a submitter says and nobody can compute from replies: machine, training, time. Which of the
# special tokens a reply ended with is for the policy to say.
SAID = ("provenance", "training", "cost", "token_ids")
Place = tuple[Any, ...]


@pytest.fixture(scope="module")
def small(bench: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two runs."""
    runs = [bench / "grpo" / "seed-0", bench / "grpo" / "seed-1"]
    return make(runs, tmp_path_factory.mktemp("small") / "bundle")


def paths(data: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of JSON data but the whole."""
    if at:
        yield at
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(value, (*at, key))


def at(data: Any, path: Place) -> Any:
    for key in path:
        data = data[key]
    return data


def mutated(value: Any, rng: random.Random) -> Any:
    """Another value, mostly of the same kind."""
    if rng.random() < 0.1:
        return rng.choice([None, True, -1, 2**70, 0.5, "", "x", [], {}, [value]])
    match value:
        case bool():
            return not value
        case int():
            return value + rng.choice([-1, 1, 7, 10**6])
        case float():
            return rng.choice([-value or 1.0, value + 0.25, value * (1 + 1e-6) + 1e-6])
        case str():
            place = rng.randrange(len(value) + 1)
            return value[:place] + rng.choice("0aZ<é ") + value[place + rng.randrange(2) :]
        case list():
            changed = list(value)
            if changed and rng.random() < 0.5:
                del changed[rng.randrange(len(changed))]
            else:
                changed.insert(rng.randrange(len(changed) + 1), rng.choice([*value, 1]))
            return changed
        case dict():
            changed = dict(value)
            if changed and rng.random() < 0.5:
                del changed[rng.choice(sorted(changed))]
            else:
                changed["more"] = 1
            return changed
    return 1


def mutate(data: Any, rng: random.Random, but: tuple[str, ...] = ()) -> tuple[Place, Any]:
    """A place, and the data with that changed; not in what `but` names."""
    everywhere = [path for path in paths(data) if not set(path) & set(but)]
    while True:
        path = rng.choice(everywhere)
        value = mutated(at(data, path), rng)
        if repr(value) != repr(at(data, path)):
            changed = copy.deepcopy(data)
            at(changed, path[:-1])[path[-1]] = value
            return path, changed


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Bytes with one place changed."""
    place, end = sorted(rng.choices(range(len(content) + 1), k=2))
    bit = bytes([content[place - 1] ^ (1 << rng.randrange(8))])
    return rng.choice(
        [
            content[: place - 1] + bit + content[place:],
            content[:place] + content[end:] if end > place else content[:-1],
            content[:place] + content[place:end] + content[place:] + b"\n",
            content[:place] + rng.randbytes(3) + content[place:],
            b"",
        ]
    )


def passes(bundle: Path) -> bool:
    """Whether a bundle is verified; anything but a line about it goes on as it is.

    One that says what its records lack is verified in less, and does not pass for the same.
    """
    (verdict,) = verify_each([bundle])
    assert verdict.fault is None or (verdict.fault and "\n" not in verdict.fault)
    return verdict.fault is None and not verdict.lacks


def mutate_file(path: Path, rng: random.Random) -> bool:
    """Change a file; return whether what it says is another than before."""
    before = path.read_bytes()
    if path.name == RESULT_FILE and rng.random() < 0.6:
        lines = lines_of(path)
        number = rng.choice([0, rng.randrange(len(lines))])
        lines[number] = json.dumps(mutate(json.loads(lines[number]), rng)[1]).encode()
        write_lines(path, lines)
    elif path.name == "bundle.json" and rng.random() < 0.8:
        path.write_text(json.dumps(mutate(json.loads(before), rng)[1]))
    else:
        path.write_bytes(damaged(before, rng))
    if path.name != "bundle.json":
        return path.read_bytes() != before
    try:
        return bool(json.loads(path.read_bytes()) != json.loads(before))
    except ValueError:
        return True


def test_no_damage_passes(small: Path, tmp_path: Path) -> None:
    bundle = copied(small, tmp_path)
    files = sorted(path for path in bundle.rglob("*") if path.is_file())
    weights = [9 if path.name in ("bundle.json", RESULT_FILE) else 1 for path in files]
    rng = random.Random(0)
    changed = 0
    while changed < ROUNDS:
        (path,) = rng.choices(files, weights)
        before = path.read_bytes()
        if mutate_file(path, rng):
            changed += 1
            if path.name == "bundle.json" and rng.random() < 0.5:
                reseal(bundle)
            assert not passes(bundle) or only_says_who(before, path), (changed, path)
        path.write_bytes(before)
    assert passes(bundle)


def reseal(bundle: Path) -> None:
    """Let a header's id agree again, where it is a header still."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        seal(bundle)


def only_says_who(before: bytes, path: Path) -> bool:
    """Whether two headers differ in who submits, which the submitter alone can say."""
    one, other = json.loads(before), json.loads(path.read_bytes())
    said = ("submitter", "id")
    return bool(
        {name: one[name] for name in one if name not in said}
        == {name: other[name] for name in other if name not in said}
    )


def test_no_damage_passes_that_is_signed_again(small: Path, tmp_path: Path) -> None:
    bundle = copied(small, tmp_path)
    header = (bundle / "bundle.json").read_bytes()
    result = bundle / "runs" / "grpo" / "seed-0" / RESULT_FILE
    content, lines = result.read_bytes(), lines_of(result)
    rng = random.Random(1)
    before = read_result(result)
    signed = 0
    for _ in range(SIGNED_ROUNDS):
        number = rng.choice([0, rng.randrange(len(lines))])
        changed = list(lines)
        place, data = mutate(json.loads(lines[number]), rng, but=SAID)
        changed[number] = json.dumps(data, sort_keys=True, ensure_ascii=False).encode()
        write_lines(result, changed)
        try:
            sign(bundle)
            signed += 1
        except (ArenaError, ValueError):
            (bundle / "bundle.json").write_bytes(header)
            seal(bundle)
        # A field that is left out and has that value by default says the same.
        assert not passes(bundle) or read_result(result) == before, (place, at(data, place))
        result.write_bytes(content)
        (bundle / "bundle.json").write_bytes(header)
    assert signed > SIGNED_ROUNDS // 5
