"""The environments that ship: each subfolder is one, registered with Gymnasium here."""

from arlarena_bench.registration import register_text_env

ALFWORLD = "arlarena_bench.envs.alfworld.env:AlfworldEnv"
SOKOBAN = "arlarena_bench.envs.sokoban.env:SokobanEnv"
TIR_MATH = "arlarena_bench.envs.tir_math.env:TirMathEnv"
WEBSHOP = "arlarena_bench.envs.webshop.env:WebShopEnv"


def register() -> None:
    """Register every environment; called in the namespace `arlarena`."""
    register_text_env("Sokoban-v0", SOKOBAN)
    register_text_env("ALFWorld-v0", ALFWORLD)
    register_text_env("ALFWorldMini-v0", ALFWORLD, size="mini", short_name="alfworld_mini")
    register_text_env("WebShop-v0", WEBSHOP, short_name="webshop")
    register_text_env("WebShopMini-v0", WEBSHOP, size="mini", short_name="webshop_mini")
    register_text_env("TIRMath-v0", TIR_MATH, short_name="tir_math")
    register_text_env("TIRMathMini-v0", TIR_MATH, size="mini", short_name="tir_math_mini")
