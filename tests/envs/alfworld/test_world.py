from arlarena_bench.envs.alfworld import Game
from arlarena_bench.envs.alfworld.catalogue import generate
from arlarena_bench.envs.alfworld.world import World


def test_what_changes_is_read_again_and_the_rest_is_kept() -> None:
    content = generate("validation/0003")
    game = Game.from_data(content)
    start = World.read(game.facts(), game.names)
    keys = [start.key()]
    for command in content["walkthrough"]:
        game.step(command)
        again = World.read(game.facts(), game.names)
        assert start.now(game.facts()) == again
        keys.append(again.key())
    assert len(set(keys)) == len(keys)
    game.reset()
    assert start.now(game.facts()).key() == keys[0]
    game.step("look")
    assert start.now(game.facts()).key() == keys[0]


def test_lists_are_in_the_order_of_numbers() -> None:
    names = {id: f"drawer {number}" for id, number in (("a", 10), ("b", 9), ("c", 2))}
    world = World(names, at="x", location={"a": "x", "b": "y", "c": "x"}, openable={"a"})
    assert world.receptacles() == ["c", "b", "a"]
    assert world.here() == ["c", "a"]
    assert [world.is_closed(place) for place in "abc"] == [True, False, False]
