"""Raw sites for the whole session, and a world of its own for each test."""

import re
import socket

import pytest

from .raw_server import in_thread

# What fails in them is explained as in a test.
pytest.register_assert_rewrite(
    "tests.odd.world",
    *(f"tests.odd.rows_{name}" for name in ("accounts", "adapters", "attacks", "processes", "purchases")),
)


@pytest.fixture(scope="session")
def sites():
    with in_thread() as thread:
        yield thread


@pytest.fixture(autouse=True)
def _names_are_not_asked_for(monkeypatch):
    """Answer at once, and ask no name server: a name that is not this machine's is unknown."""
    asked = socket.getaddrinfo

    def known(host, *arguments, **more):
        name = host.decode() if isinstance(host, bytes) else host or "localhost"
        if name != "localhost" and not re.fullmatch(r"[0-9.]+|[0-9A-Fa-f:.%a-z]*:[0-9A-Fa-f:.%a-z]*", name):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return asked(host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", known)


@pytest.fixture
def world(sites, tmp_path, monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    from .world import World  # behind what is said of it above

    yield World(folder=tmp_path, thread=sites)
    sites.clear()
