"""Our URL in each submit: with the attempt's own token, as it is sent, recorded and replayed."""

import attrs
import pytest

from anymedia import Client, Outcome, read_config
from anymedia.journal.ledger import Ledger

BASE = "http://127.0.0.1:9/hooks"
PLACES = {"runapi": "callback_url", "api_in_one": "callback_url", "revidapi": "callBackUrl"}
"""Where each provider is told of a URL."""


@pytest.fixture
def config(sims):
    return read_config({**sims.config, "webhooks": {"url": BASE}}, sims.environ)


@pytest.fixture(params=PLACES)
def provider(request):
    return request.param


async def recorded(client, journal):
    """Return the URL of each attempt, once it is known that its token names the attempt."""
    urls = []
    for attempt in await client.attempts():
        url = attempt.order.body[PLACES[attempt.order.account]]
        base, _, token = url.rpartition("/")
        assert base == f"{BASE}/{attempt.order.account}"
        assert await Ledger(journal).named_by(token) == attempt.id
        assert (attempt.order.webhook, attempt.task.webhook) == (True, True)
        urls.append(url)
    return urls


def told(sim):
    """Return the URL that each task was submitted with."""
    return {task.order.callback for task in sim.service.tasks.values()}


async def test_each_submit_names_a_url_of_its_own(client, journal, sim, provider, request_):
    (shown, *_) = client.explain(request_, provider)
    assert shown.json[PLACES[provider]] == f"{BASE}/{provider}/{'0' * 64}"
    result = await client.generate(attrs.evolve(request_, count=2), provider)
    await client.submit(request_, provider)
    urls = await recorded(client, journal)
    assert len(result.attempts) + 1 == len(urls) == 3
    assert told(sim) == set(urls)


async def test_a_callers_own_callback_is_sent_as_it_is(client, sim, provider, request_):
    mine = "http://127.0.0.1:9/mine"
    task = await client.submit(attrs.evolve(request_, callback_url=mine), provider)
    assert not task.webhook
    assert told(sim) == {mine}


async def test_a_replay_names_the_same_url(client, journal, sims, request_):
    sims["runapi"].fault(kind="reset_after")
    task = await client.submit(request_, "runapi")
    (attempt,) = await client.attempts()
    assert (task.webhook, attempt.sends, attempt.outcome) == (True, 2, Outcome.ACCEPTED)
    assert told(sims["runapi"]) == set(await recorded(client, journal))


async def test_without_webhooks_no_submit_names_a_url(sims, clock, journal, request_):
    async with Client(read_config(sims.config, sims.environ), clock=clock, journal=journal) as client:
        assert not (await client.submit(request_, "runapi")).webhook
    assert told(sims["runapi"]) == {""}
