from arlarena_bench.envs.alfworld.goals import TREATMENTS
from arlarena_bench.envs.alfworld.household import FURNITURE, LAMP_PLACES, LAMP_ROOMS, OBJECTS
from arlarena_bench.envs.alfworld.scene import fits

RECEPTACLES = {kind for furniture in FURNITURE.values() for kind in furniture}


def test_places_are_receptacles_that_some_room_has() -> None:
    assert set(LAMP_PLACES) <= RECEPTACLES
    for kind in OBJECTS.values():
        assert kind.places <= RECEPTACLES
        assert "pickupable" in kind.traits


def test_an_object_has_several_places_in_each_of_its_rooms() -> None:
    for name, kind in OBJECTS.items():
        for room in kind.rooms:
            places = [place for place in FURNITURE[room] if fits(name, place)]
            assert len(places) >= 2, (name, room)
    assert all(any(place in FURNITURE[room] for place in LAMP_PLACES) for room in LAMP_ROOMS)


def test_what_can_be_treated_lives_where_the_appliance_is() -> None:
    for treatment in TREATMENTS.values():
        able = [kind for kind in OBJECTS.values() if treatment.needs in kind.traits]
        assert len(able) >= 8
        for kind in able:
            assert any(treatment.appliance in FURNITURE[room] for room in kind.rooms)
