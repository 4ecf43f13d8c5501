"""The random draws of WebShop's catalogues and tasks."""

from arlarena_bench import draw


class Draw(draw.Draw):
    """A random stream of WebShop."""

    world = "WebShop-v0"
