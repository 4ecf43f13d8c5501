"""The random draws of ALFWorld's scenes and tasks."""

from arlarena_bench import draw


class Draw(draw.Draw):
    """A random stream of ALFWorld."""

    world = "ALFWorld-v0"
