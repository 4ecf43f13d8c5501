import hashlib

import pytest

from arlarena_bench.envs.alfworld.household import FIRST_PLAN, FURNITURE
from arlarena_bench.envs.alfworld.rooms import kind_of, plans, room

DIGEST = "446fd34d6a8c141b8db28aee9ffe2ed94af58f89b62ed4a9be25b204cc16624b"


def every_plan() -> list[int]:
    return [
        plan for kind in FIRST_PLAN for seen in (True, False) for plan in plans(kind, seen=seen)
    ]


def test_rooms_stay_as_they_were_published() -> None:
    text = "\n".join(repr(room(plan)) for plan in every_plan())
    assert hashlib.sha256(text.encode()).hexdigest() == DIGEST


def test_numbers_are_those_of_floor_plans() -> None:
    assert len(every_plan()) == len(set(every_plan())) == 120
    assert [kind_of(plan) for plan in (0, 1, 30, 31, 201, 301, 430, 431)] == [
        *(None, "kitchen", "kitchen", None, "livingroom", "bedroom", "bathroom", None)
    ]
    with pytest.raises(KeyError):
        room(31)


@pytest.mark.parametrize("kind", FIRST_PLAN)
def test_no_room_is_both_trained_in_and_not(kind: str) -> None:
    assert set(plans(kind, seen=True)).isdisjoint(plans(kind, seen=False))
    assert {room(plan).kind for plan in plans(kind, seen=False)} == {kind}


def test_furniture() -> None:
    shared = total = 0
    for plan in every_plan():
        receptacles = room(plan).receptacles
        for kind, (fewest, most) in FURNITURE[room(plan).kind].items():
            assert fewest <= sum(r.kind == kind for r in receptacles) <= most
        assert len({r.id for r in receptacles}) == len(receptacles)
        total += len(receptacles)
        shared += len(receptacles) - len({r.location for r in receptacles})
        for location in {r.location for r in receptacles}:
            assert len({r.kind for r in receptacles if r.location == location}) == 1
    assert 0.05 < shared / total < 0.2
