"""Submit under an idempotency key, at least once: one bill, and an answer from which an engine can tell what next."""

import asyncio

import attrs
import pytest

from anymedia import Client, DeadlineExceeded, ImageRequest, OutOfBounds, SubmitUncertain
from anymedia.engine.idempotency import compared
from anymedia.journal import MemoryJournal

KEY = "order-17"
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")


@pytest.fixture
async def other(config, clock, journal):
    """The client of another process."""
    async with Client(config, clock=clock, journal=MemoryJournal(journal.memory)) as other:
        yield other


@pytest.fixture
def claims(journal, monkeypatch):
    """How often the journal was asked for a key."""
    claim, claims = journal.claim, []

    async def counted(*arguments):
        claims.append(arguments)
        return await claim(*arguments)

    monkeypatch.setattr(journal, "claim", counted)
    return claims


def submits(sims):
    return sum(sims[name].bills()["submits"] for name in ("reapi", "api_in_one", "revidapi", "runapi"))


async def test_of_two_processes_at_the_same_time_one_buys(client, other, sims):
    tasks = await asyncio.gather(*(each.submit(REQUEST, idempotency_key=KEY) for each in (client, other)))
    assert len({task.id for task in tasks}) == submits(sims) == 1
    assert sorted(task.bought_before for task in tasks) == [False, True]


async def test_while_another_process_has_the_key_it_is_asked_for_seldom_and_nothing_is_sent(
    client, other, sims, clock, claims
):
    held = await other._ledger.claim(KEY, "a request")
    with pytest.raises(DeadlineExceeded, match="another call is buying") as caught:
        await client.submit(REQUEST, idempotency_key=KEY, timeout=30)
    assert (caught.value.task, caught.value.retry, caught.value.billed) == (None, "same", "unknown")
    assert (len(claims) <= 37, sum(clock.slept) <= 30, submits(sims)) == (True, True, 0)
    await other._ledger.release(held)
    assert not (await client.submit(REQUEST, idempotency_key=KEY)).bought_before


async def test_without_time_nothing_is_asked(client, sims, claims):
    with pytest.raises(OutOfBounds, match="timeout: must be more than 0 seconds"):
        await client.submit(REQUEST, idempotency_key=KEY, timeout=0)
    assert (claims, submits(sims)) == ([], 0)


async def test_an_answer_that_comes_too_late_is_found_by_the_next_call(client, other, sims, monkeypatch):
    come, transport = asyncio.Event(), client._session.transport
    send = transport.send

    async def slowly(account, call, *rest):
        answer = await send(account, call, *rest)
        await come.wait()
        return answer

    monkeypatch.setattr(transport, "send", slowly)
    with pytest.raises(SubmitUncertain, match="the deadline passed") as caught:
        await client.submit(REQUEST, "reapi", idempotency_key=KEY, timeout=0.5)
    assert (await client.find(caught.value.attempt.id)).status == "sending"
    with pytest.raises(DeadlineExceeded):
        await other.submit(REQUEST, idempotency_key=KEY, timeout=5)
    come.set()
    task = await other.submit(REQUEST, idempotency_key=KEY)
    assert (task.bought_before, submits(sims)) == (True, 1)
    assert (await other.find(caught.value.attempt.id)).task.id == task.id


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
async def test_what_may_have_been_billed_is_told_each_time_and_sent_once(client, other, sims, fault):
    sims["reapi"].fault(fault)
    attempts = []
    for each in (client, client, other):
        with pytest.raises(SubmitUncertain) as caught:
            await each.submit(REQUEST, "reapi", idempotency_key=KEY)
        assert (caught.value.retry, caught.value.billed) == ("never", "unknown")
        attempts.append(caught.value.attempt.id)
    assert (len({*attempts}), submits(sims)) == (1, 1)


async def test_a_crash_before_the_answer_is_uncertain_and_after_it_is_the_task(
    client, other, sims, journal, config, clock
):
    dying = MemoryJournal(journal.memory)
    async with Client(config, clock=clock, journal=dying) as dies:
        task = await dies.submit(REQUEST, "reapi", idempotency_key="answered")
        attempt = await dies.find(task.id)
        claimed = await dies._ledger.claim("sent", await compared(REQUEST))
        order = attrs.evolve(attempt.order, idempotency_key="sent")
        sent = attrs.evolve(attempt, id="e" * 32, order=order, outcome=None, task=None)
        await dies._ledger.intend(sent, None, claim=claimed)
        dying.crash()
        assert (await other.submit(REQUEST, idempotency_key="answered")).id == task.id
        with pytest.raises(SubmitUncertain) as caught:
            await other.submit(REQUEST, idempotency_key="sent")
    assert (caught.value.attempt.id, caught.value.attempt.status, submits(sims)) == (sent.id, "uncertain", 1)
