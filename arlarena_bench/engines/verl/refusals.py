"""What a recipe asks for that verl would not do, said before anything of it is started."""

from arlarena_bench.engines.verl.requirement import require_verl
from arlarena_bench.engines.verl.shardable import shardable_method
from arlarena_bench.errors import ArenaError
from arlarena_bench.recipe import Recipe
from arlarena_bench.training.rollout import Arena
from arlarena_bench.training.rows import check_method


def check_recipe(recipe: Recipe) -> None:
    """Refuse what verl would take and do otherwise, or fail on minutes later.

    Raises:
        ArenaError: If verl is not there, the method cannot learn on it, or a setting is one of the
            local engine's alone.
    """
    require_verl()
    method = shardable_method(recipe.method.name, recipe.method.options)
    check_method(method, recipe, Arena(recipe))
    if recipe.sampler.engine == "vllm":
        raise ArenaError(
            "sampler.engine is vllm, which is vLLM inside the local engine; engine verl has vLLM "
            "servers of its own: leave sampler out"
        )
    checkpoint = recipe.start.checkpoint
    if checkpoint is None:
        return
    if checkpoint.lora is not None:
        raise ArenaError(
            "start.checkpoint.lora: adapters are trained by --engine local alone; leave it out to "
            "train all weights on verl"
        )
    if checkpoint.device not in ("auto", "cuda"):
        raise ArenaError(
            f"start.checkpoint.device is {checkpoint.device}, but engine verl spreads a run over "
            "all GPUs; leave it out"
        )
