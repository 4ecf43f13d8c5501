"""The environments that ship: each subfolder is one, registered with Gymnasium here."""

from arlarena_bench.registration import register_text_env

ALFWORLD = "arlarena_bench.envs.alfworld.env:AlfworldEnv"
SOKOBAN = "arlarena_bench.envs.sokoban.env:SokobanEnv"
TIR_MATH = "arlarena_bench.envs.tir_math.env:TirMathEnv"
WEBSHOP = "arlarena_bench.envs.webshop.env:WebShopEnv"


def register() -> None:
    """Register every environment; called in the namespace `arlarena`."""
    register_text_env("Sokoban-v0", SOKOBAN, max_episode_steps=15)
    register_text_env("ALFWorld-v0", ALFWORLD, max_episode_steps=50)
    register_text_env(
        "ALFWorldMini-v0",
        ALFWORLD,
        short_name="alfworld_mini",
        max_episode_steps=20,
        size="mini",
    )
    register_text_env("WebShop-v0", WEBSHOP, short_name="webshop", max_episode_steps=15)
    register_text_env(
        "WebShopMini-v0", WEBSHOP, short_name="webshop_mini", max_episode_steps=8, size="mini"
    )
    register_text_env("TIRMath-v0", TIR_MATH, short_name="tir_math", max_episode_steps=5)
    register_text_env(
        "TIRMathMini-v0", TIR_MATH, short_name="tir_math_mini", max_episode_steps=3, size="mini"
    )
