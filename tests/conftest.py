"""What every test is under: no network beyond this machine, no key of the person who runs it, no real waiting."""

import asyncio
import ipaddress
import os
import socket
from datetime import UTC, datetime

import pytest

pytest_plugins = ["anymedia.simulators.fixtures"]


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """Refuse any connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(sock, address):
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test reached for {address}")
        return connect(sock, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _no_keys_of_ours(monkeypatch, tmp_path_factory):
    """Hide the environment's keys and config, and any anymedia.toml of the working directory."""
    for name in [name for name in os.environ if name.endswith("_KEY") or name.startswith("ANYMEDIA")]:
        monkeypatch.delenv(name)
    empty = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(empty))
    monkeypatch.chdir(empty)


class FakeClock:
    """A clock that moves only when somebody sleeps: no test waits, and `slept` says what would have been waited."""

    def __init__(self):
        self.seconds = 1_800_000_000.0
        self.slept = []

    def time(self):
        return self.seconds

    def now(self):
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    def chance(self):
        return 0.5


@pytest.fixture
def clock():
    return FakeClock()
