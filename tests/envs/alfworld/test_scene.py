from dataclasses import replace

from arlarena_bench.envs.alfworld.draw import Draw
from arlarena_bench.envs.alfworld.engine.sexpr import parse
from arlarena_bench.envs.alfworld.generator import Household
from arlarena_bench.envs.alfworld.scene import AGENT, START, mangled

SCENE = Household().scene(Household().draw(Draw("tests", "scene"), task="look_at_obj_in_light"))


def test_ids_are_written_as_the_original_writes_them() -> None:
    assert mangled("Sink|+00.25|-01.50|SinkBasin") == (
        "Sink_bar__plus_00_dot_25_bar__minus_01_dot_50_bar_SinkBasin"
    )


def test_it_begins_in_the_middle_of_the_room() -> None:
    assert ("atLocation", AGENT, mangled(START)) in SCENE.facts
    assert START not in {receptacle.location for receptacle in SCENE.receptacles}
    assert not any(fact[0] in ("opened", "isClean", "isHot", "isCool") for fact in SCENE.facts)


def test_every_id_of_a_fact_is_declared() -> None:
    define, problem, domain, (_, *declared), (_, *facts), goal = parse(SCENE.problem)
    assert (define, problem, domain) == ("define", ["problem", "household"], [":domain", "alfred"])
    names = [word for word in declared if word != "-"]
    assert {argument for _, *arguments in facts for argument in arguments} <= set(names)
    assert goal[0] == ":goal"


def test_the_digest_is_that_of_scene_and_goal() -> None:
    assert replace(SCENE).digest == SCENE.digest
    assert replace(SCENE, items=SCENE.items[1:]).digest != SCENE.digest
    goal = replace(SCENE.goal, object="Vase")
    assert replace(SCENE, goal=goal).digest != SCENE.digest
