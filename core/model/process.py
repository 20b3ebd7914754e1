"""Which process did something, and on which machine."""

import os
import socket
from functools import cache

import attrs


@attrs.frozen(kw_only=True)
class Process:
    """A process: the name of its machine, and its number there."""

    host: str
    pid: int

    def __str__(self) -> str:
        return f"process {self.pid} of {self.host}"


def this_process() -> Process:
    """Return the process that asks: a forked one is another."""
    return Process(host=_host(), pid=os.getpid())


@cache
def _host() -> str:
    return socket.gethostname()
