"""verl on a machine without accelerators, as its registry of platforms allows it.

verl names none of its own for the CPU. Two of its functions are replaced besides, for they take an
accelerator for granted; both before its engines are imported.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from verl.plugin.platform.platform_base import PlatformBase
from verl.plugin.platform.platform_manager import PlatformRegistry

# Nothing here asks how much memory is free; verl divides by it.
_BYTES = 1 << 30


class _Device:
    """What verl asks of `torch.cuda`, answered for the CPU."""

    def __getattr__(self, name: str) -> Any:
        return getattr(torch.cpu, name)

    def is_available(self) -> bool:
        return True

    def current_device(self) -> torch.device:
        return torch.device("cpu")

    def get_device_name(self, *_: Any) -> str:
        return "cpu"

    def mem_get_info(self, *_: Any) -> tuple[int, int]:
        return _BYTES, _BYTES

    def memory_allocated(self, *_: Any) -> int:
        return 0

    memory_reserved = max_memory_allocated = max_memory_reserved = memory_allocated

    def synchronize(self, *_: Any) -> None:
        pass

    set_device = empty_cache = ipc_collect = reset_peak_memory_stats = synchronize
    # verl seeds torch's own generator, which is the CPU's, before it asks for the device's.
    manual_seed = manual_seed_all = synchronize

    def get_rng_state(self, *_: Any) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor, *_: Any) -> None:
        torch.set_rng_state(state)


@PlatformRegistry.register(platform="cpu")
class CpuPlatform(PlatformBase):
    """A platform of one device, the CPU."""

    device_name = "cpu"
    vendor_name = "cpu"
    device_module = _Device()

    def is_available(self) -> bool:
        """Return that it is here."""
        return True

    def current_device(self) -> torch.device:
        """Return the CPU."""
        return torch.device("cpu")

    def device_count(self) -> int:
        """Return one."""
        return 1

    def _nothing(self, *_: Any) -> None:
        pass

    set_device = synchronize = manual_seed = manual_seed_all = _nothing
    set_allocator_settings = empty_cache = profiler_start = profiler_stop = _nothing
    cudart = _nothing

    def get_device_capability(self, device_index: int = 0) -> tuple[None, None]:
        """Return that there is none."""
        return None, None

    def communication_backend_name(self) -> str:
        """Return the library that processes talk by."""
        return "gloo"

    def visible_devices_envvar(self) -> str:
        """Return a variable that means nothing here."""
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        """Mark nothing."""
        yield

    def ray_resource_name(self) -> str:
        """Return what workers are counted by; `ray_init.num_gpus` says how many there are."""
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        """Return none."""
        return []

    def is_ipc_supported(self) -> bool:
        """Return that memory cannot be shared as a GPU's can."""
        return False


def replace_functions() -> None:
    """Start process groups with one back end, and offload without pinned memory."""
    from verl.utils import distributed, fsdp_utils

    start = distributed.initialize_global_process_group_ray
    policy = fsdp_utils.CPUOffloadPolicy

    # It asks for one back end for the CPU and one for the device, which torch takes for the same.
    def started(timeout_second: int | None = None, backend: str | None = None) -> Any:
        return start(timeout_second, backend or "cpu:gloo")

    distributed.initialize_global_process_group_ray = started
    fsdp_utils.CPUOffloadPolicy = lambda pin_memory=False: policy(pin_memory=False)
