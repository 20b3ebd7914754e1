"""A pytest fixture: `pytest_plugins = ["anymedia.simulators.fixtures"]` in a conftest.py, then ask for `simulators`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import Simulators, in_thread

SPEED = 100.0


@pytest.fixture
def simulators() -> Iterator[Simulators]:
    """Every simulator, fresh for each test and a hundred times as fast: a task takes 40 ms."""
    with in_thread(speed=SPEED) as running:
        yield running
