"""What the training loop may rely on, whoever wrote the method."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite

import torch
from torch import Tensor

from arlarena_bench.batch import Batch
from arlarena_bench.errors import ArenaError


def name_of(function: object) -> str:
    """Return the name its author knows a choice by: a function's own, or an object's class."""
    return str(getattr(function, "__name__", type(function).__name__))


@contextmanager
def blaming(author: str) -> Iterator[None]:
    """Turn whatever a method's own code raises into one line that names the function and place."""
    try:
        yield
    except ArenaError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise ArenaError(
            f"{author} raised {type(error).__name__}: {error} ({place.filename}:{place.lineno})"
        ) from error


def check_shape(what: str, tensor: object, like: Tensor) -> None:
    """Raise ArenaError unless `tensor` is a tensor of the shape (rows, tokens) of `like`."""
    if not isinstance(tensor, Tensor):
        raise ArenaError(f"{what} must be a tensor, got {type(tensor).__name__}")
    if tensor.shape != like.shape or like.dim() != 2:
        raise ArenaError(
            f"{what} has shape {tuple(tensor.shape)}, expected (rows, tokens) = {tuple(like.shape)}"
        )


def check_tensors(what: str, log_probs: object, **others: object) -> None:
    """Raise ArenaError unless all are tensors of one shape (rows, tokens).

    Args:
        what: The function whose arguments they are.
        log_probs: The first of them.
        **others: The rest, by name.
    """
    if not isinstance(log_probs, Tensor):
        raise ArenaError(f"{what}'s log_probs must be a tensor, got {type(log_probs).__name__}")
    for name, tensor in {"log_probs": log_probs, **others}.items():
        check_shape(f"{what}'s {name}", tensor, log_probs)


def checked_advantages(advantage: Callable[[Batch], object], batch: Batch, author: str) -> Tensor:
    """Return advantages as (rows, tokens), detached, 0 outside the mask, of the rewards' dtype.

    Args:
        advantage: The method's own, which returns (rows,) or (rows, tokens).
        batch: What it is called with.
        author: The function to name when it is wrong.

    Raises:
        ArenaError: If it raises, or returns another shape, or NaN or infinity inside the mask.
    """
    with blaming(author):
        adv = advantage(batch)
    rows, tokens = batch.mask.shape
    shape = tuple(adv.shape) if isinstance(adv, Tensor) else type(adv).__name__
    if not isinstance(adv, Tensor) or shape not in ((rows,), (rows, tokens)):
        raise ArenaError(f"{author} returned {shape}, expected ({rows},) or ({rows}, {tokens})")
    dtype = batch.reward.dtype if batch.reward.is_floating_point() else torch.get_default_dtype()
    adv = adv.detach().to(dtype)
    adv = torch.where(batch.mask > 0, adv if adv.dim() == 2 else adv.unsqueeze(-1), 0)
    if not adv.isfinite().all():
        broken = int((~adv.isfinite()).any(-1).sum())
        raise ArenaError(f"{author} returned {shape} with NaN or infinity in {broken} rows")
    return adv


def check_finite(author: str, loss: float, *inputs: Tensor) -> None:
    """Raise ArenaError for a loss that is NaN or infinite although every input was finite."""
    if not isfinite(loss) and all(bool(tensor.isfinite().all()) for tensor in inputs):
        shape = tuple(inputs[0].shape)
        raise ArenaError(f"{author} made NaN or infinity from finite inputs of shape {shape}")


def scalars(author: str, info: object, device: torch.device) -> dict[str, Tensor]:
    """Return every number of `info` as a tensor () without graph, integers as integers.

    Raises:
        ArenaError: If it is no dict, or one of them is not a number or not a scalar.
    """
    if not isinstance(info, Mapping):
        raise ArenaError(f"{author}'s info must be a dict, got {type(info).__name__}")
    found = {}
    for name, number in info.items():
        try:
            dtype = torch.double if isinstance(number, float) else None
            scalar = torch.as_tensor(number, dtype=dtype, device=device).detach()
        except (TypeError, ValueError, RuntimeError):
            got = type(number).__name__
            raise ArenaError(f"{author}'s {name} must be a number, got {got}") from None
        if scalar.dim():
            raise ArenaError(f"{author}'s {name} has shape {tuple(scalar.shape)}, expected ()")
        found[str(name)] = scalar
    return found


def to_floats(author: str, loss: Tensor, info: object) -> list[float]:
    """Read the loss and every number of `info` at once: one by one, each would wait on the device.

    Raises:
        ArenaError: As `scalars` says.
    """
    numbers = scalars(author, info, loss.device).values()
    return torch.stack([n.double() for n in (loss.detach(), *numbers)]).tolist()
