from arlarena_bench.envs.alfworld.compact import describe
from arlarena_bench.envs.alfworld.env import AlfworldEnv
from arlarena_bench.envs.alfworld.world import World


def begun() -> AlfworldEnv:
    env = AlfworldEnv(size="mini", observation="compact")
    env.reset(options={"task_id": "validation/0003"})
    return env


def test_the_first_line_goes_on_clockwise_from_where_one_is() -> None:
    env = begun()
    around = env.observe().splitlines()[0].removeprefix("ahead: ").split(", ")
    assert around == [env.world.names[place] for place in env.world.receptacles()]
    for index, place in enumerate(around):
        first, second, _ = env.step(f"go to {place}")[0].splitlines()
        assert second.startswith(f"at {place}: ")
        following = around[index + 1 :] + around[:index]
        assert first == f"ahead: {', '.join(following)}"


def test_every_turn_shows_what_must_be_known() -> None:
    env = begun()
    assert env.observe().endswith("\nat door: empty\nhold nothing")
    seen = [env.step(command)[0] for command in env.demonstrator.oracle()]
    item = next(text for text in seen if not text.endswith("hold nothing")).split("hold ")[1]
    assert any(text.endswith(f"hold hot {item}") for text in seen)
    assert f"hot {item}" in seen[-1].splitlines()[1]
    assert seen[-1].endswith("hold nothing")
    assert any(": closed\n" in text for text in seen)


def test_everything_that_was_done_to_an_object_is_said() -> None:
    world = World({"apple": "apple 1", "shelf": "shelf 1"}, at="here", held="apple")
    world.location["shelf"] = "here"
    world.having["ishot"].add("apple")
    world.having["isclean"].add("apple")
    assert describe(world) == "ahead: \nat shelf 1: empty\nhold hot clean apple 1"
