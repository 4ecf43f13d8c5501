import json
from pathlib import Path

import pytest
from tiny_shop import product

from arlarena_bench.envs.webshop.goals import Goals, content, rule_instructions
from arlarena_bench.envs.webshop.tasks import Draws, draw, frozen, split
from arlarena_bench.errors import ArenaError


def catalogue(size: int, **changes):
    return [
        product(
            f"B0{n:08}", "Lantern", pricing=[10.0, 20.0] if n % 2 else [30.0],
            instruction_text=f"Find {n}", instruction_attributes=["tin"],
            options={"size": [str(s) for s in range(4)]}, **changes,
        )
        for n in range(size)
    ]  # fmt: skip


def test_draws_are_those_of_a_seed_and_are_pinned():
    products = catalogue(3)
    draws = draw(products, rule_instructions(products), seed=5)
    # Made once with the original's code: random.seed(5), uniform and sample; again, shuffle.
    assert dict(draws.prices) == {
        "B000000000": 30.0, "B000000001": 16.22901694889702, "B000000002": 30.0,
    }  # fmt: skip
    assert list(draws.limits) == [70.0, 30.0, 60.0]
    assert list(draws.order) == [10, 2, 11, 7, 1, 3, 6, 0, 8, 5, 4, 9]


@pytest.mark.parametrize(
    ("size", "sizes"), [(1000, (500, 1000, 2500)), (30, (20, 40, 60)), (1, (0, 1, 3))]
)
def test_splits_have_their_sizes_and_share_no_content(size, sizes, tmp_path: Path):
    products = catalogue(size)
    instructions = rule_instructions(products)
    kept = frozen(products, instructions, 0, tmp_path / "tasks.json")
    goals = Goals(instructions, kept.draws.limits, kept.draws.order)
    splits = kept.splits
    assert (len(splits["test"]), len(splits["validation"]), len(splits["train"])) == sizes
    contents = {name: {content(goals[i]) for i in indices} for name, indices in splits.items()}
    assert not contents["test"] & contents["validation"]
    assert not (contents["test"] | contents["validation"]) & contents["train"]
    assert len(contents["test"]) == sizes[0]


def test_a_content_that_occurs_again_is_held_out_once_and_not_trained_on():
    products = catalogue(30)
    for entry in products:
        entry["options"] = {"size": ["1", "1", "2", "2"]}
    instructions = rule_instructions(products)
    draws = draw(products, instructions, seed=1)
    order, test, validation, train = split(instructions, draws)
    goals = Goals(instructions, draws.limits, order)
    contents = [content(goal) for goal in goals]
    begin = test + validation
    held, trained = contents[:begin], contents[begin : begin + train]
    assert (test, validation) == (20, 40)
    assert len({*held}) == 60
    assert not {*held} & {*trained}
    assert sorted(order) == list(range(120)), "every goal keeps its place in the shop"
    assert {*contents[begin + train :]} <= {*held}


def test_task_file_is_written_once_and_then_read(tmp_path: Path):
    products, path = catalogue(20), tmp_path / "deep" / "tasks.json"
    instructions = rule_instructions(products)
    first = frozen(products, instructions, 3, path)
    written = path.read_bytes()
    second = frozen(products, instructions, 3, path)
    assert path.read_bytes() == written
    assert second == first
    path.unlink()
    frozen(products, instructions, 3, path)
    assert path.read_bytes() == written
    assert list(path.parent.iterdir()) == [path]


def test_seeds_draw_differently(tmp_path: Path):
    products = catalogue(20)
    instructions = rule_instructions(products)
    one, other = (frozen(products, instructions, n, tmp_path / f"{n}").draws for n in (0, 1))
    assert one.prices != other.prices
    assert list(one.order) != list(other.order)
    assert one.limits != other.limits


def test_changed_file_is_refused(tmp_path: Path):
    products, path = catalogue(20), tmp_path / "tasks.json"
    instructions = rule_instructions(products)
    frozen(products, instructions, 3, path)
    data = json.loads(path.read_text())
    data["tasks"]["limits"][0] += 10.0
    path.write_text(json.dumps(data))
    with pytest.raises(ArenaError, match=r"does not match its hash: it was changed; delete"):
        frozen(products, instructions, 3, path)
    path.write_text(path.read_text()[:100])
    with pytest.raises(ArenaError, match=r"is no task file; delete"):
        frozen(products, instructions, 3, path)


def test_file_of_another_catalogue_or_seed_is_refused(tmp_path: Path):
    products, path = catalogue(20), tmp_path / "tasks.json"
    instructions = rule_instructions(products)
    frozen(products, instructions, 3, path)
    for others, seed in ((catalogue(21), 3), (products, 4)):
        with pytest.raises(ArenaError, match="belongs to another catalogue or seed"):
            frozen(others, rule_instructions(others), seed, path)


def test_where_nothing_can_be_written(tmp_path: Path):
    products = catalogue(3)
    (tmp_path / "file").touch()
    with pytest.raises(ArenaError, match=r"cannot write .*; name another file with tasks= or"):
        frozen(products, rule_instructions(products), 0, tmp_path / "file" / "tasks.json")


def test_draws_do_not_depend_on_the_splits():
    products = catalogue(10)
    instructions = rule_instructions(products)
    draws = draw(products, instructions, 0)
    order, *_ = split(instructions, Draws(draws.prices, draws.limits, draws.order))
    assert sorted(order) == list(range(40))
