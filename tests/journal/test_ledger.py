"""The rules over a journal, whichever it is: who may buy under a key, what was left behind, what was paid."""

import asyncio
from decimal import Decimal

import attrs
import pytest

from anymedia import Asset, Billed, JournalError, Money, Outcome, OutOfBounds, OverCeiling, State
from anymedia.journal import Ledger, Query

from .test_left import attempt


def tried(number=0, key="k", **changes):
    return attempt(**{"id": f"{number:032x}", "idempotency_key": key, **changes})


def accepted(tried, state=State.QUEUED, **changes):
    task = attrs.evolve(tried.draft(f"task-{tried.id}"), state=state, **changes)
    return attrs.evolve(tried, outcome=Outcome.ACCEPTED, task=task)


# Keys


async def test_a_key_is_held_by_one_caller_of_one_ledger(ledger, other):
    beside = Ledger(ledger.journal)
    held = await ledger.claim("k", {"n": 1})
    assert (held.bought, await ledger.claim("k", {"n": 1})) == ((), None)
    assert await beside.claim("k", {"n": 1}) is await other.claim("k", {"n": 1}) is None
    assert await ledger.claim("another", {}) is not None
    await ledger.release(held)
    again = await beside.claim("k", {"n": 1})
    assert (again.digest, again.claim.fence) == (held.digest, held.claim.fence + 1)


async def test_what_was_bought_comes_with_the_key_and_binds_it_to_its_request(ledger, other):
    held = await ledger.claim("k", {"n": 1})
    await ledger.intend(tried(1), b"{}", claim=held)
    await ledger.end(done := accepted(tried(1)))
    await ledger.release(held)
    with pytest.raises(OutOfBounds, match=r"^idempotency_key: 'k' was used for another request, at 2026-11-20 00:00"):
        await other.claim("k", {"n": 2})
    held = await other.claim("k", {"n": 1})
    assert [each.task for each in held.bought] == [done.task]


@pytest.mark.parametrize(
    "how",
    [
        lambda tried: attrs.evolve(tried, outcome=Outcome.REFUSED),
        lambda tried: attrs.evolve(tried, outcome=Outcome.NOT_SENT),
        lambda tried: attrs.evolve(tried, outcome=Outcome.UNCERTAIN, settled=Billed.NO),
        lambda tried: accepted(tried, State.FAILED, money=Money(usd=Decimal(0), got="settled")),
    ],
)
async def test_what_bought_nothing_leaves_the_key_to_any_request(ledger, how):
    held = await ledger.claim("k", {"n": 1})
    await ledger.intend(tried(1), None, claim=held)
    await ledger.end(how(tried(1)))
    await ledger.release(held)
    assert (await ledger.claim("k", {"n": 2})).bought == ()


@pytest.mark.parametrize(
    "how",
    [
        lambda tried: attrs.evolve(tried, outcome=Outcome.UNCERTAIN),
        lambda tried: attrs.evolve(tried, outcome=Outcome.ACCEPTED_WITHOUT_ID),
        lambda tried: attrs.evolve(tried, outcome=Outcome.UNCERTAIN, settled=Billed.YES),
        lambda tried: accepted(tried, State.FAILED, money=Money(usd=Decimal("0.1"))),
        lambda tried: accepted(tried, State.SUCCEEDED),
    ],
)
async def test_what_may_have_been_paid_keeps_the_key(ledger, how):
    held = await ledger.claim("k", {"n": 1})
    await ledger.intend(tried(1), None, claim=held)
    await ledger.end(how(tried(1)))
    await ledger.release(held)
    with pytest.raises(OutOfBounds):
        await ledger.claim("k", {"n": 2})
    assert len((await ledger.claim("k", {"n": 1})).bought) == 1


async def test_nobody_holds_a_key_while_an_attempt_under_it_is_being_sent(ledger, other):
    held = await ledger.claim("k", {})
    await ledger.intend(tried(1), None, claim=held)
    await ledger.release(held)  # its caller left, and the answer is still to come
    assert await ledger.claim("k", {}) is await other.claim("k", {}) is None
    ledger.journal.crash()
    (lost,) = (await other.claim("k", {})).bought
    assert lost.outcome is Outcome.UNCERTAIN


async def test_an_attempt_without_a_digest_is_of_any_request(ledger):
    await ledger.intend(tried(1), None)
    await ledger.end(accepted(tried(1)))
    assert len((await ledger.claim("k", {"any": "request"})).bought) == 1


async def test_nothing_is_bought_under_a_key_that_was_taken_over(ledger, other):
    held = await ledger.claim("k", {})
    ledger.journal.crash()  # as another machine sees one that stood still for too long
    assert await other.claim("k", {}) is not None
    with pytest.raises(JournalError, match="has taken over the idempotency key 'k'; this one sends nothing"):
        await ledger.intend(tried(1), None, claim=held)
    assert await other.attempts() == []


async def test_a_claim_that_is_cancelled_leaves_the_key_free(ledger, other, monkeypatch):
    select, reading = ledger.journal.select, asyncio.Event()

    async def slow(query):
        reading.set()
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(ledger.journal, "select", slow)
    claiming = asyncio.create_task(ledger.claim("k", {}))
    await reading.wait()
    assert await other.claim("k", {}) is None
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    monkeypatch.setattr(ledger.journal, "select", select)
    held = await other.claim("k", {})
    await other.release(held)
    assert await ledger.claim("k", {}) is not None


async def test_a_key_whose_claim_cannot_be_read_is_released(ledger, other, monkeypatch):
    async def broken(_):
        raise JournalError("the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(ledger.journal, "select", broken)
        with pytest.raises(JournalError):
            await ledger.claim("k", {})
    assert (await other.claim("k", {})).claim.fence == 2


async def test_a_key_that_could_not_be_released_is_claimed_anew(ledger, monkeypatch):
    async def broken(_):
        raise JournalError("the disk failed")

    held = await ledger.claim("k", {})
    with monkeypatch.context() as patch:
        patch.setattr(ledger.journal, "write", broken)
        with pytest.raises(JournalError):
            await ledger.release(held)
    assert await ledger.claim("k", {}) is not None


# Left behind


async def test_what_is_left_is_what_has_no_living_owner_or_is_ours(ledger, other):
    await ledger.intend(tried(1), None)
    await other.intend(tried(2), None)
    assert [[each.id for each in (await one.left())[0]] for one in (ledger, other)] == [[tried(1).id], [tried(2).id]]
    await ledger.close()
    assert [each.id for each in (await other.left())[0]] == [tried(1).id, tried(2).id]


async def test_a_result_is_left_when_its_owner_died_or_said_so(ledger, other):
    for number in (1, 2):
        await ledger.intend(tried(number), None)
        await ledger.end(
            accepted(tried(number), State.SUCCEEDED, assets=(Asset(kind="image", url="https://a.example"),))
        )
    one, two = (each.task for each in await ledger.attempts())
    assert await ledger.left() == ([], [])  # it is handed over to the caller
    await ledger.leave(one)
    assert ([each.task for each in (await ledger.left())[0]], await other.left()) == ([one], ([], []))
    ledger.journal.crash()
    left, dead = await other.left()
    assert ([each.task for each in left], dead) == ([one, two], [ledger.journal.owner])
    await other.forget(dead)
    assert [each.task for each in (await other.left())[0]] == [one]
    await other.see(attrs.evolve(one, assets=tuple(attrs.evolve(each, path="/1.png") for each in one.assets)))
    assert await other.left() == ([], [])


# Money


async def test_a_limit_counts_what_stands(ledger):
    limit = Decimal("0.10")
    await ledger.intend(tried(1, money=Money(usd=Decimal("0.10"))), None, limit)
    with pytest.raises(OverCeiling, match=r"0\.10 are spent or reserved since midnight UTC"):
        await ledger.intend(tried(2, money=Money(usd=Decimal("0.000000001"))), None, limit)
    ledger.end_later(attrs.evolve(tried(1), outcome=Outcome.REFUSED))
    await ledger.intend(tried(2, money=Money(usd=Decimal("0.10"))), None, limit)
    (_, entry) = await ledger.journal.select(Query())
    assert entry.reserved == 100_000_000


async def test_an_attempt_that_cannot_be_read_is_found_by_its_status_too(ledger):
    await ledger.intend(tried(1), b"no JSON")
    assert [each.id for each in await ledger.attempts(status="uncertain")] == [tried(1).id]
    assert await ledger.attempts(status="sending") == []
    assert "its record cannot be read" in (await ledger.find("00")).error
