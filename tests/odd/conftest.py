"""Raw sites for the whole session, and a world of its own for each test."""

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
