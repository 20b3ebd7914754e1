"""A client and simulators on one clock that nobody waits for."""

import pytest

from anymedia import Client, ImageRequest, read_config
from anymedia.simulators import names, running

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")


@pytest.fixture
def request_():
    return REQUEST


@pytest.fixture(params=names())
def provider(request):
    return request.param


@pytest.fixture
async def sims(clock):
    async with running(clock=clock.time) as simulators:
        yield simulators


@pytest.fixture
def sim(sims, provider):
    return sims[provider]


@pytest.fixture
def events():
    return []


@pytest.fixture
def config(sims):
    return read_config(sims.config, sims.environ)


@pytest.fixture
async def client(config, clock, events):
    async with Client(config, clock=clock, on_event=events.append) as client:
        yield client
