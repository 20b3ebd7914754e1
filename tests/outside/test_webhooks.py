"""Webhooks of the packages of others, over HTTP: believed as far as they are signed, with keys that are published."""

import asyncio
from contextlib import asynccontextmanager

import attrs
import pytest

from anymedia import ImageRequest, State
from anymedia.engine.public_keys import AGAIN
from anymedia.journal import MemoryJournal
from anymedia.simulators import running
from tests.client.hooks import Held, hooked, until

from .conftest import installed

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")
END = 60.0
"""Seconds after which every task is over."""


@pytest.fixture(autouse=True)
def _installed():
    with installed():
        yield


@asynccontextmanager
async def told_by(provider):
    clock = Held()
    async with running(provider, clock=clock.time) as sims, hooked(sims, clock, MemoryJournal()) as hook:
        yield hook


async def done_by_its_webhook(hook, provider):
    """Hold that a task is done by what its provider posts, and return how often it was looked at."""
    before, looks = len(hook.deliveries), hook.polls(provider)
    waiting = asyncio.create_task(hook.client.wait(await hook.client.submit(REQUEST, provider)))
    hook.clock.seconds += END
    assert (await waiting).state is State.SUCCEEDED
    await until(lambda: len(hook.deliveries) > before)
    assert hook.deliveries[-1].status == 200
    return hook.polls(provider) - looks


# Keys that fal publishes


@attrs.define
class Counted:
    """How often keys were asked for; while it is `down`, the answer is none."""

    publish: object
    asked: int = 0
    down: bool = False

    def __call__(self, request, match):
        self.asked += 1
        answer = self.publish(request, match)
        return attrs.evolve(answer, status=503) if self.down else answer


@pytest.fixture
async def fal(monkeypatch):
    async with told_by("fal") as hook:
        service = hook.sims["fal"].service
        counted = Counted(service.public_keys)
        monkeypatch.setattr(service, "public_keys", counted)
        yield hook, service, counted


async def test_a_key_that_is_new_is_fetched_when_it_is_met(fal):
    hook, service, keys = fal
    await done_by_its_webhook(hook, "fal")
    hook.clock.seconds += AGAIN
    service._webhook_key, service._older_key = service._older_key, service._webhook_key
    service._webhook_key = service.new_secret("")
    assert await done_by_its_webhook(hook, "fal") == 0
    assert keys.asked == 2


async def test_while_there_are_no_keys_it_is_posted_again(fal):
    hook, _, keys = fal
    keys.down = True
    await hook.client.submit(REQUEST, "fal")
    hook.clock.seconds += END
    await until(lambda: hook.deliveries)
    assert (hook.deliveries[0].status, keys.asked) == (503, 1)
    keys.down = False

    def comes_again():
        hook.clock.seconds += 1  # until the pause is over, whenever that began
        return hook.deliveries[-1].status == 200

    await until(comes_again)
    (attempt,) = await hook.client.attempts()
    assert (attempt.task.state, hook.polls("fal")) == (State.SUCCEEDED, 0)
