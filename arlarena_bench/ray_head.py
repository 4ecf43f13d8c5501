"""Where the head of a Ray cluster listens, and whether it does, without asking Ray, which waits."""

import re
import socket
from typing import NamedTuple, Self

ANSWER = 5.0  # seconds in which the head of a cluster takes a connection
_ADDRESS = re.compile(r"(?P<host>[^/]+):(?P<port>\d+)")


class RayHead(NamedTuple):
    """The address of a head."""

    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> Self | None:
        """Return what an address of Ray's says, None where it names no host and port."""
        known = _ADDRESS.fullmatch(address)
        return cls(known["host"], int(known["port"])) if known else None

    def answers(self) -> bool:
        """Return whether something listens there."""
        try:
            socket.create_connection(self, ANSWER).close()
        except OSError:
            return False
        return True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
