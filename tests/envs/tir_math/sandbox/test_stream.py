"""What a call prints arrives whole, or the error says that it does not."""

import fcntl
import os
import socket
import struct
import sys
from collections.abc import Iterator

import pytest

from arlarena_bench.envs.tir_math.sandbox import Limits
from arlarena_bench.envs.tir_math.sandbox.inside.wire import STATUS
from arlarena_bench.envs.tir_math.sandbox.stream import CHUNK, Child, follow

LIMIT = CHUNK + CHUNK // 2


@pytest.fixture
def ended() -> Iterator[tuple[Child, int]]:
    """Return a process that has ended well, and where its output is written."""
    lifeline, far_lifeline = socket.socketpair()
    channel, far_channel = socket.socketpair()
    output, far_output = os.pipe()
    errors, far_errors = os.pipe()
    for fd in (output, errors):
        os.set_blocking(fd, False)
    child = Child(lifeline, channel, output, errors)
    far_lifeline.sendall(struct.pack(STATUS, 0))
    yield child, far_output
    child.close()
    for end in (far_lifeline, far_channel):
        end.close()
    for fd in (far_output, far_errors):
        os.close(fd)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes of any size are Linux's")
@pytest.mark.parametrize("count", [LIMIT, LIMIT + 1])
def test_too_much_is_an_error_however_fast_the_code_ended(
    ended: tuple[Child, int], count: int
) -> None:
    child, far_output = ended
    fcntl.fcntl(far_output, fcntl.F_SETPIPE_SZ, 4 * CHUNK)
    os.write(far_output, b"x" * count)
    result, goes_on = follow(child, 5.0, Limits(output=LIMIT))
    assert not goes_on
    assert result.output == "x" * LIMIT
    assert result.error == (
        "" if count == LIMIT else f"OutputLimit: more than {LIMIT} bytes printed"
    )
