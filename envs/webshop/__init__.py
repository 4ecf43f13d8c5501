"""WebShop: the whole shop in one process; the environment is in `env`."""

from .shop import Shop
from .visit import Visit

__all__ = ["Shop", "Visit"]
