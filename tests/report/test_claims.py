from pathlib import Path

import pytest
from pydantic import ValidationError
from runs import result_of, solving

from arlarena_bench.record import Result
from arlarena_bench.report.beside_text import claims_json, render_claims
from arlarena_bench.report.claims import Claim, Judged, Runs, judge
from arlarena_bench.report.finding import FinishedRun
from arlarena_bench.report.measures import Starts, key_of_start
from arlarena_bench.statistics import average_contrast, difference, holm

SEEDS = (0, 1, 2, 3, 4, 5)


def runs_of(**solved: tuple[int, ...]) -> Runs:
    """A cell of this name whose seeds solve so many of 20 tasks."""
    return {
        cell: {
            seed: FinishedRun(trained(seed, number), Path(cell))
            for seed, number in enumerate(numbers)
        }
        for cell, numbers in solved.items()
    }


def trained(seed: int, solved: int) -> Result:
    return result_of("grpo", seed, solving(solved, of=20), start=f"{seed}" * 64)


def starts_of(*solved: int) -> Starts:
    found = (
        result_of("cloned", seed, solving(n, of=20), kind="start", start=f"{seed}" * 64)
        for seed, n in enumerate(solved)
    )
    return {key_of_start(start): start for start in found}


def claim(contrast: str, direction: str = "above", **changes: object) -> Claim:
    given = {"says": "so", "place": "here", "experiment": "e", "environments": ["E"]}
    return Claim.model_validate({**given, "contrast": contrast, "direction": direction, **changes})


def judged(
    claims: dict[str, Claim], runs: dict[str, Runs], starts: Starts | None = None
) -> dict[str, Judged]:
    found = judge(claims, lambda _, env: runs.get(env, {}), lambda _: 1.5, starts or {})
    return {one.name: one for one in found}


def test_a_claim_holds_or_not_by_what_holm_leaves_of_its_p() -> None:
    runs = {"E": runs_of(a=(15, 17, 16, 18, 16, 15), b=(3, 5, 4, 4, 3, 4), c=(3, 5, 4, 4, 4, 5))}
    claims = {
        "true": claim("a - b"),
        "false": claim("a - b", "below"),
        "unclear": claim("c - b"),
        "absent": claim("a - d"),
    }
    found = judged(claims, runs)
    assert {name: one.verdict for name, one in found.items()} == {
        "true": "holds", "false": "does not hold", "unclear": "undecided", "absent": "no runs",
    }  # fmt: skip
    values = {cell: [100 * n.result.main.summary.success for n in runs["E"][cell].values()]
              for cell in "abc"}  # fmt: skip
    tests = [
        average_contrast([[x - y for x, y in zip(values[one], values["b"], strict=True)]])
        for one in "aac"
    ]
    assert [found[name].found for name in ("true", "false", "unclear")] == tests
    assert [found[n].p for n in ("true", "false", "unclear")] == holm(t.p for t in tests)
    assert found["absent"].p is None
    assert (found["true"].seeds, found["true"].paper) == (6, 1.5)


def test_a_difference_of_differences_is_averaged_over_environments_with_runs() -> None:
    many, few = runs_of(a=(9, 8, 9), b=(4, 5, 4), c=(7, 6, 7), d=(5, 5, 6)), runs_of(a=(1, 1))
    other = runs_of(a=(12, 13, 12), b=(5, 5, 6), c=(8, 8, 8), d=(7, 7, 7))
    one = claim("a - b - c + d", environments=["E", "F", "G"])
    found = judged({"one": one}, {"E": many, "F": few, "G": other})["one"]
    assert (found.environments, found.missing) == (("E", "G"), ("F",))
    expected = average_contrast([[15.0, 10.0, 20.0], [30.0, 35.0, 25.0]])
    assert found.found is not None
    assert found.found.estimate == pytest.approx(expected.estimate)
    assert (found.found.low, found.found.high) == pytest.approx((expected.low, expected.high))


def test_only_seeds_that_all_cells_have_are_compared() -> None:
    found = judged({"one": claim("a - b")}, {"E": runs_of(a=(9, 9, 8, 20), b=(4, 5, 4))})["one"]
    assert found.seeds == 3
    assert found.found is not None
    assert found.found.estimate == pytest.approx(100 * (5 + 4 + 4) / 3 / 20)


def test_a_start_is_that_of_the_same_seed() -> None:
    starts, runs = starts_of(8, 9, 10), runs_of(a=(1, 1, 2))
    one = claim("a - start", "below")
    found = judged({"one": one}, {"E": runs}, starts)["one"]
    assert found.found == average_contrast([[-35.0, -40.0, -40.0]])
    assert judged({"one": one}, {"E": runs})["one"].verdict == "no runs"


def test_runs_that_end_below_their_start_are_counted_over_all_environments() -> None:
    starts = starts_of(*[10] * 6)
    runs = {"E": runs_of(a=(0,) * 6, b=(18,) * 6), "F": runs_of(a=(0,) * 6, b=(18,) * 5 + (0,))}
    one = claim("a - b", environments=["E", "F"], measure="ended below start")
    found = judged({"one": one}, runs, starts)["one"]
    assert found.found == difference([100.0] * 12, [0.0] * 11 + [100.0])
    assert found.verdict == "holds"
    turned = one.model_copy(update={"contrast": "b - a"})
    assert judged({"one": turned}, runs, starts)["one"].verdict == "does not hold"


def test_the_table_says_all_of_it() -> None:
    runs = {"E": runs_of(a=(15, 17, 16), b=(3, 4, 4))}
    found = list(judged({"one": claim("a - b"), "two": claim("a - x")}, runs).values())
    text = render_claims(found, "github", "arlarena reproduce claims", ["E: nothing of x"])
    assert "| so (here)" in text
    assert "e, success: a - b > 0" in text
    assert "- 1 holds, 1 no runs" in text
    assert "a - b" not in render_claims(found, "simple", "arlarena reproduce claims", [])
    assert "a family of 1" in text
    assert "- E: nothing of x" in text
    rows = render_claims(found, "csv", "arlarena reproduce claims", ["E: nothing of x"])
    assert rows.splitlines()[0].endswith(",verdict,note")
    data = claims_json(found, "arlarena reproduce claims", [])
    assert data["claims"][0]["found"]["estimate"] == pytest.approx(100 * 37 / 60)
    assert data["claims"][0]["claim"]["contrast"] == "a - b"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contrast": "a b"}, "is no sum"),
        ({"contrast": "a * b"}, "is no sum"),
        ({"contrast": ""}, "is no sum"),
        ({"contrast": "a + b"}, "signs must cancel"),
        ({"contrast": "a - b - c + d", "measure": "ended below start"}, "between two cells"),
        ({"contrast": "a - b", "measure": "sucess"}, "did you mean 'success'"),
        ({"contrast": "a - b", "direction": "up"}, "'above' or 'below'"),
    ],
)
def test_what_is_no_claim_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Claim.model_validate(claim("a - b").model_dump() | changes)
