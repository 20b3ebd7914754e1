"""What every test is under: no network beyond this machine, no key of the person who runs it, no real waiting."""

import ipaddress
import os
import socket

import pytest

from anymedia.testing import FakeClock

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


@pytest.fixture
def clock():
    return FakeClock()
