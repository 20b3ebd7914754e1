"""What a forger gets who posts to a receiver: an answer that helps nobody. `pytest -s` shows each try."""

import attrs
import pytest

from anymedia import Account, Client, Config, State, WebhookRefused
from anymedia.account import Secret
from anymedia.engine.public_keys import PublicKeys
from anymedia.journal.ledger import Ledger
from anymedia.journal.memory import MemoryJournal
from anymedia.model.money import Money
from anymedia.model.task import Attempt, Order
from anymedia.model.vocabulary import Outcome
from anymedia.registry import adapters
from anymedia.testing import FakeClock
from anymedia.translate.reading import id_of, read
from anymedia.translate.signed import public_keys
from tests.core.forger import JWKS, SCHEMES, tries
from tests.outside.anymedia_bfl.adapter import ADAPTER as BFL
from tests.outside.anymedia_fal.adapter import ADAPTER as FAL
from tests.outside.anymedia_kie.adapter import ADAPTER as KIE
from tests.outside.anymedia_replicate.adapter import ADAPTER as REPLICATE

ADAPTERS = {each.name: each for each in (BFL, FAL, KIE, REPLICATE, adapters()["runapi"])}
BROUGHT = ("runapi", "replicate", "bfl")
"""Whose vectors bring a result that is signed."""


def account(name):
    adapter, scheme = ADAPTERS[name], SCHEMES[name]
    secrets = {} if scheme.signed.key is None else {scheme.signed.key: Secret(scheme.secret)}
    return Account(name=name, adapter=adapter, origin=adapter.base_url, api_key=Secret("key-1"), settings=secrets)


async def written(ledger, name, clock):
    """Write down a task of which the vector tells, and return its attempt."""
    adapter, scheme = ADAPTERS[name], SCHEMES[name]
    task_id = id_of(adapter.lifecycle.webhook_reply.id, read(scheme.body)[0])
    order = Order(provider=name, account=name, path="/v1", money=Money(), webhook=True)
    attempt = Attempt(id="ab" * 16, order=order, started_at=clock.now(), origin=adapter.base_url, fingerprint="f")
    await ledger.intend(attempt, None)
    task = attrs.evolve(attempt.draft(task_id, clock.now()), state=State.RUNNING)
    return await ledger.end(attrs.evolve(attempt, outcome=Outcome.ACCEPTED, task=task, ended_at=clock.now()))


@pytest.fixture(params=ADAPTERS)
async def told(request, monkeypatch):
    """A client that waits to be told, its journal, and the attempt that it is told of."""

    async def published(self, account, endpoint, tried=()):
        return None if tried else public_keys(JWKS)

    monkeypatch.setattr(PublicKeys, "of", published)
    monkeypatch.setattr(PublicKeys, "newer", published)
    clock, journal = FakeClock(SCHEMES[request.param].now.timestamp()), MemoryJournal()
    config = Config(accounts={request.param: account(request.param)}, journal=None)
    async with Client(config, clock=clock, journal=journal) as client:
        ledger = Ledger(journal)
        yield request.param, client, ledger, await written(ledger, request.param, clock)


async def posted(client, name, headers, body, token):
    """Post to an account, and return the status and the reason."""
    try:
        return 200, await client.receive(name, headers, body, token)
    except WebhookRefused as refused:
        return refused.status, str(refused)


async def test_a_forger_changes_nothing(told):
    name, client, ledger, attempt = told
    scheme, token = SCHEMES[name], await ledger.token(attempt.id)
    answers = {}
    for each in tries(scheme):
        # With the token of the task, without one, and with one of the forger's own.
        for by in (token, None, "0" * 64):
            status, said = answers[each.what, by] = await posted(client, name, each.headers, each.body, by)
            assert status in (401, 413), (each.what, said)
            assert attempt.task.id not in said
            assert (scheme.secret or "key-1") not in said
        print(f"{name:10} {each.what[:60]:60} {status} {said}")
    assert len(answers) >= 3 * 30
    assert await ledger.attempt(attempt.id) == attempt
    assert await ledger.unknown() == []


@pytest.mark.parametrize("told", BROUGHT, indirect=True)
async def test_what_is_genuine_is_taken_once_and_for_its_own_task_alone(told):
    name, client, ledger, attempt = told
    scheme, token = SCHEMES[name], await ledger.token(attempt.id)
    assert await posted(client, "another", scheme.headers, scheme.body, token) == (
        401,
        "it is for no account of the configuration",
    )
    tasks = [await posted(client, name, scheme.headers, scheme.body, by) for by in (token, None, "0" * 64, token)]
    assert [(status, task.state, task.id) for status, task in tasks] == [(200, State.SUCCEEDED, attempt.task.id)] * len(
        tasks
    )
    settled = await ledger.attempt(attempt.id)
    assert settled.task.state is State.SUCCEEDED
    assert await ledger.unknown() == []
