"""Raw sites for the whole session, and a world of its own for each test."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.odd.{name}" for name in ("world", "rows_accounts", "rows_adapters", "rows_attacks")),
    *(f"tests.odd.{name}" for name in ("rows_processes", "rows_purchases")),
)

from .raw_server import in_thread
from .world import World


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
    yield World(folder=tmp_path, thread=sites)
    sites.clear()
