"""The environments that ship: each subfolder is one, registered with Gymnasium here."""

from arlarena_bench.registration import register_text_env


def register() -> None:
    """Register every environment; called in the namespace `arlarena`."""
    register_text_env("Sokoban-v0", "arlarena_bench.envs.sokoban.env:SokobanEnv")
    register_text_env("ALFWorld-v0", "arlarena_bench.envs.alfworld.env:AlfworldEnv")
    register_text_env(
        "ALFWorldMini-v0", "arlarena_bench.envs.alfworld.env:AlfworldEnv", size="mini"
    )
    register_text_env("WebShop-v0", "arlarena_bench.envs.webshop.env:WebShopEnv")
    register_text_env("WebShopMini-v0", "arlarena_bench.envs.webshop.env:WebShopEnv", size="mini")
    register_text_env("TIRMath-v0", "arlarena_bench.envs.tir_math.env:TirMathEnv")
    register_text_env("TIRMathMini-v0", "arlarena_bench.envs.tir_math.env:TirMathEnv", size="mini")
