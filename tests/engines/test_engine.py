"""What every engine offers."""

import inspect
from pathlib import Path

import pytest
from signpost import signpost_recipe

from arlarena_bench import ArenaError
from arlarena_bench.engines.engine import ENGINES, Engine, engine_named
from arlarena_bench.record import RESULT_FILE, read_result


@pytest.mark.parametrize("name", sorted(ENGINES))
@pytest.mark.parametrize("function", ["train", "train_until"])
def test_every_engine_is_called_alike(name: str, function: str) -> None:
    def called(of: object) -> list[object]:
        signature = inspect.signature(getattr(of, function))
        parameters = [(p.name, p.kind, p.annotation) for p in signature.parameters.values()]
        return [*(p for p in parameters if p[0] != "self"), signature.return_annotation]

    assert called(engine_named(name)) == called(Engine)


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    with pytest.raises(ArenaError, match="did you mean 'local'"):
        engine_named("locale")


def test_the_local_engine_pauses_and_goes_on_to_a_result(tmp_path: Path) -> None:
    recipe = signpost_recipe(**{"train.iterations": 2})
    engine = engine_named("local")
    engine.train_until(recipe, tmp_path / "run", 1)
    assert not (tmp_path / "run" / RESULT_FILE).exists()
    result = engine.train(recipe, tmp_path / "run", resume=True)
    assert read_result(tmp_path / "run" / RESULT_FILE) == result
