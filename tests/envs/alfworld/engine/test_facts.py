import random

from tiny_household import DOMAIN, PROBLEM

from arlarena_bench.envs.alfworld.engine.facts import Facts, Relation, key, pick
from arlarena_bench.envs.alfworld.engine.pddl import parse_domain, parse_problem


def facts() -> Facts:
    domain = parse_domain(DOMAIN)
    return Facts(parse_problem(PROBLEM, domain), domain)


def test_picking_places_out_of_rows() -> None:
    row = (7, 8, 9)
    assert [pick(places)(row) for places in ((), (1,), (2, 0))] == [(), (8,), (9, 7)]
    assert [key(places)(row) for places in ((), (1,), (2, 0))] == [(), 8, (9, 7)]


def test_objects_are_numbered_by_type_and_then_by_id() -> None:
    objects = facts().objects
    numbered = [(objects.types[n], item) for n, item in enumerate(objects.ids)]
    assert numbered[0] == ("object", "lamp_bar_1")
    assert numbered == sorted(numbered, key=lambda pair: (pair[0] != "object", pair))
    assert objects.of("receptacle") == {objects.number[f"{r}_bar_{n}"] for r, n in
                                        [("fridge", 1), ("table", 1), ("table", 2)]}  # fmt: skip
    assert len(objects.of("object")) == len(objects.ids)
    assert objects.of("location,") == frozenset()  # a type that does not exist has no objects


def test_indexes_follow_every_change() -> None:
    rng = random.Random(0)
    relation = Relation([(0, 0, 0), (1, 2, 3)])
    indexes = {places: relation.index(places, 3) for places in [(), (0,), (1,), (0, 2), (0, 1, 2)]}
    for _ in range(500):
        row = (rng.randrange(3), rng.randrange(3), rng.randrange(4))
        (relation.add if rng.random() < 0.5 else relation.discard)(row)
        for places, index in indexes.items():
            rest = [place for place in range(3) if place not in places]
            expected: dict[object, set[tuple[int, ...]]] = {}
            for held in relation.rows:
                expected.setdefault(key(places)(held), set()).add(pick(rest)(held))
            assert {where: rows for where, rows in index.items() if rows} == expected


def test_versions_grow_only_with_changes() -> None:
    relation = Relation([(1,)])
    relation.add((1,))
    relation.discard((2,))
    assert relation.version == 0
    relation.add((2,))
    relation.reset()
    assert (relation.rows, relation.version) == ({(1,)}, 2)


def test_denials_hold_what_an_action_made_false() -> None:
    state = facts()
    denial, inside = state.denial("in"), state.relations["in"]
    row = min(inside.rows)
    assert not denial.rows
    inside.discard(row)
    assert denial.rows == {row}
    inside.add(row)
    assert not denial.rows
    inside.discard(row)
    state.reset()
    assert row in inside.rows
    assert not denial.rows


def test_ground_facts() -> None:
    state = facts()
    ground = state.ground()
    assert ("in", "mug_bar_1", "fridge_bar_1") in ground
    assert ("stands", "table_bar_2", "p2") in ground
    state.relations["in"].rows.clear()
    assert state.ground() == {fact for fact in ground if fact[0] != "in"}
