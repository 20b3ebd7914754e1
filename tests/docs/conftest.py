"""Simulators, on a clock that nobody waits for, and an anymedia.toml that leads there."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from anymedia.simulators import in_thread
from tests.ports import unused_port
from tests.providers import FOUR
from tests.tables import toml


@pytest.fixture
def simulators(clock, monkeypatch, tmp_path):
    """Every simulator, on a clock that nobody waits for, with an anymedia.toml that leads there."""
    monkeypatch.chdir(tmp_path)
    for method in ("now", "monotonic", "sleep", "chance"):
        monkeypatch.setattr(f"anymedia.clock.Clock.{method}", getattr(type(clock), method).__get__(clock))
    with in_thread(clock=clock.time) as simulators:
        Path("anymedia.toml").write_text(toml({"providers": simulators.config["providers"]}))
        for variable, key in simulators.environ.items():
            monkeypatch.setenv(variable, key)
        yield simulators


@pytest.fixture
def four(simulators):
    """What leads to four of the simulators, which anymedia.toml then names alone."""
    tables = {"providers": {name: simulators.config["providers"][name] for name in FOUR}}
    Path("anymedia.toml").write_text(toml(tables))
    return tables


@pytest.fixture
def hooks(simulators, four):
    """The address of webhooks, which anymedia.toml names beside the simulators."""
    address = f"http://127.0.0.1:{unused_port()}/hooks"
    tables = four | {"journal": simulators.config["journal"], "webhooks": {"url": address}}
    Path("anymedia.toml").write_text(toml(tables))
    Path("out").mkdir()
    return urlsplit(address)


@pytest.fixture
def looks(monkeypatch, simulators):
    """Let no look be due later, on the clock of the simulators: what becomes known comes by webhook."""

    async def sleep(_, seconds):
        if seconds:
            await asyncio.get_running_loop().create_future()

    monkeypatch.setattr("anymedia.clock.Clock.sleep", sleep)
