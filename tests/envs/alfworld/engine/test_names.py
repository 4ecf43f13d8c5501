from arlarena_bench.envs.alfworld.engine.names import display_names


def test_things_of_a_kind_are_counted_down() -> None:
    ids = [
        "drawer_bar__minus_00_dot_50", "drawer_bar__plus_00_dot_10", "drawer_bar__minus_01_dot_20",
        "mug_bar__plus_01",
    ]  # fmt: skip
    assert display_names(ids) == {
        "drawer_bar__minus_00_dot_50": "drawer 3",
        "drawer_bar__minus_01_dot_20": "drawer 2",
        "drawer_bar__plus_00_dot_10": "drawer 1",
        "mug_bar__plus_01": "mug 1",
    }


def test_basins_are_a_kind_of_their_own() -> None:
    names = display_names(["sink_bar__plus_01", "sink_bar__plus_01_bar_sinkbasin"])
    assert sorted(names.values()) == ["sink 1", "sinkbasin 1"]


def test_what_has_no_coordinates_keeps_its_id() -> None:
    assert display_names(["agent1", "mugtype"]) == {"agent1": "agent1 ", "mugtype": "mugtype "}
