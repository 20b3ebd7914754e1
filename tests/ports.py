"""Ports for the servers of tests that have to be known before they listen."""

import random
import socket

PORTS = range(20_000, 32_000)
"""Below those that a system gives to whoever asks for any: simulators that start meanwhile get none of these."""

_CHANCE = random.SystemRandom()  # processes that run tests side by side must not come upon the same


def unused_port():
    """Return a port of this machine at which nobody listens."""
    while True:
        port = _CHANCE.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
