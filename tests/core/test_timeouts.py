"""Timeouts that are no time: refused by name, before anything is asked or sent."""

import math
from datetime import UTC, datetime

import pytest

from anymedia import Client, Config, ImageRequest, OutOfBounds, Task

REQUEST = ImageRequest(model="m", prompt="fox")
TASK = Task(id="t", provider="p", account="p", submitted_at=datetime(2026, 11, 28, tzinfo=UTC), path="/")
OF = {"submit": [REQUEST], "generate": [REQUEST], "wait": [TASK], "recover": []}
"""What each verb is about."""


@pytest.mark.parametrize("timeout", [-1, -0.5, math.nan, -math.inf, "9", True, False])
@pytest.mark.parametrize("verb", OF)
async def test_a_timeout_that_is_no_time_is_refused_by_name(verb, timeout):
    client = Client(Config(accounts={}, journal="memory:"))
    with pytest.raises(OutOfBounds, match=r"^timeout: must be (0 or more|more than 0) seconds, or None"):
        await getattr(client, verb)(*OF[verb], timeout=timeout)
    await client.close()


@pytest.mark.parametrize("verb", ["submit", "generate"])
async def test_nothing_is_bought_in_no_time(verb):
    client = Client(Config(accounts={}, journal=None))
    with pytest.raises(OutOfBounds, match="timeout: must be more than 0 seconds, or None for no deadline, not 0"):
        await getattr(client, verb)(REQUEST, timeout=0)
