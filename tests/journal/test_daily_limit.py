"""What an account may spend a day, over all processes, and what the journal says of it."""

import asyncio
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Client,
    ImageRequest,
    Money,
    Outcome,
    OverCeiling,
    RawRequest,
    SubmitUncertain,
    TaskFailed,
    read_config,
)
from anymedia.journal import Entry, Ledger, MemoryJournal, SQLiteJournal
from tests.verbs import run

from .child import child, until
from .reading import attempts_in
from .test_left import attempt, crash

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NANO = 10**9

PRICE = Decimal("0.028")
"""Of one picture of REQUEST at reapi."""


def tried(number=0, usd="0.05", **changes):
    money = Money() if usd is None else Money(usd=Decimal(usd))
    return attempt(**{"id": f"{number:032x}", "money": money, "started_at": NOON, **changes})


@pytest.fixture
async def ledger(path):
    ledger = Ledger(SQLiteJournal(path))
    yield ledger
    await ledger.close()


@pytest.fixture
def limited(sims, path):
    """Return the configuration in which accounts have limits; nobody is in trouble there for long."""

    def configured(**limits):
        tables = sims.config["providers"].items()
        providers = {name: table | ({"daily_limit": limits[name]} if name in limits else {}) for name, table in tables}
        return read_config({"providers": providers, "journal": {"path": str(path)}}, sims.environ)

    return configured


@pytest.fixture
async def spender(limited, clock):
    """A client whose account at reapi may buy one picture a day, and as many as one likes at the others."""
    async with Client(limited(reapi=str(PRICE), revidapi="0.025"), clock=clock) as client:
        yield client


# Which attempts of a day count

MINUTES = st.integers(-3000, 720)
ROWS = st.lists(st.tuples(st.sampled_from(["mine", "another"]), MINUTES, st.none() | st.integers(0, 40)), max_size=8)
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@given(ROWS, st.none() | st.integers(0, 40), st.integers(0, 100), ZONES)
def test_an_attempt_passes_where_it_and_all_of_its_account_since_midnight_in_utc_fit(rows, nano, limit, zone):
    async def passes():
        ledger = Ledger(MemoryJournal())
        for number, (account, minutes, reserved) in enumerate(rows):
            facts = {"provider": "reapi", "account": account, "reserved": reserved, "status": "sending", "open": True}
            started = (NOON + timedelta(minutes=minutes)).timestamp()
            await ledger.journal.intend(Entry(id=str(number), started=started, record="{}", **facts))
        usd = None if nano is None else Decimal(nano) / NANO
        now = tried(usd=usd, account="mine", started_at=NOON.astimezone(zone))
        await ledger.intend(now, None, Decimal(limit) / NANO)

    spent = sum(reserved or 0 for account, minutes, reserved in rows if account == "mine" and minutes >= -720)
    if spent + (nano or 0) <= limit:
        asyncio.run(passes())
    else:
        with pytest.raises(OverCeiling):
            asyncio.run(passes())


async def test_the_day_begins_at_midnight_in_utc_whatever_the_time_is_here(ledger):
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    limit = Decimal("0.05")
    await ledger.intend(tried(1, started_at=midnight - timedelta(microseconds=1)), None, limit)
    await ledger.intend(tried(2, started_at=midnight), None, limit)
    late_here = datetime(2026, 11, 21, 4, 59, tzinfo=timezone(timedelta(hours=5)))  # 23:59 UTC
    with pytest.raises(OverCeiling):
        await ledger.intend(tried(3, started_at=late_here), None, limit)
    await ledger.intend(tried(4, started_at=late_here + timedelta(minutes=1)), None, limit)
    assert [each.id for each in await ledger.attempts()] == [f"{number:032x}" for number in (1, 2, 4)]


async def test_what_is_refused_says_how_much_is_spent_and_is_not_written_down(ledger):
    await ledger.intend(tried(1, usd="0.30"), None, Decimal("0.50"))
    await ledger.intend(tried(2, usd="0.1"), None)  # without a limit it passes, and counts for those who have one
    with pytest.raises(OverCeiling) as caught:
        await ledger.intend(tried(3, usd="0.100000001"), None, Decimal("0.50"))
    assert str(caught.value) == (
        "reapi may spend $0.50 a day: $0.40 are spent or reserved since midnight UTC, and this costs ~$0.100000001"
    )
    assert (caught.value.account, caught.value.provider) == ("reapi", "reapi")
    assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, "no")
    await ledger.intend(tried(4, usd="0.1"), None, Decimal("0.50"))
    await ledger.intend(tried(5, account="another"), None, Decimal("0.05"))  # it has a day of its own
    assert len(await ledger.attempts()) == 4


async def test_an_amount_below_a_billionth_is_rounded_up(ledger, rows):
    await ledger.intend(tried(1, usd="0.0000000001"), None, Decimal("0.000000001"))
    assert rows("reserved") == [1]
    with pytest.raises(OverCeiling):
        await ledger.intend(tried(2, usd="0.0000000001"), None, Decimal("0.000000001"))


# Nobody passes beside another


async def test_of_many_at_once_as_many_pass_as_fit(ledger):
    tries = [ledger.intend(tried(number), None, Decimal("0.15")) for number in range(20)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None)] * 3 + [OverCeiling] * 17
    assert await ledger.count() == 3


async def test_what_another_process_writes_just_now_is_waited_for_and_counts(ledger, path):
    await ledger.intend(tried(1), None, Decimal("0.10"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        trying = asyncio.create_task(ledger.intend(tried(3), None, Decimal("0.10")))
        await asyncio.sleep(0)
        other.execute(
            "INSERT INTO attempts (id, owner, provider, account, day, started, status, open, reserved) "
            "SELECT 'of another', owner, provider, account, day, started, status, open, reserved FROM attempts"
        )
        other.execute("COMMIT")
        with pytest.raises(OverCeiling):
            await trying


def test_processes_that_spend_at_once_spend_no_more_than_the_limit_together(place):
    job = {"place": place, "times": 20, "price": "0.05", "limit": "1.23", "when": NOON.isoformat()}
    with ExitStack() as stack:
        spenders = [stack.enter_context(child("spender", job, {})) for _ in range(10)]
        for each in spenders:
            until(each, "ready")
        for each in spenders:
            each.stdin.write("\n")
            each.stdin.flush()
        assert sum(int(until(each, "passed")) for each in spenders) == 24
    assert len(attempts_in(place)) == 24


# What frees a day, and what does not


async def buys(client, request, *accounts, **options):
    """Return whether a day has room left."""
    try:
        await client.submit(request, *accounts or ("reapi",), **options)
    except OverCeiling:
        return False
    return True


async def test_a_day_that_is_spent_sends_nothing_until_it_is_over(spender, sims, clock, request_):
    clock.seconds = datetime(2026, 11, 20, 23, 59, 50, tzinfo=UTC).timestamp()
    assert await buys(spender, request_)
    assert not await buys(spender, request_)
    with pytest.raises(OverCeiling) as caught:
        await spender.generate(request_, "reapi")
    assert (caught.value.attempt, caught.value.attempts) == (None, ())
    assert sims["reapi"].bills()["submits"] == 1
    assert [task.account for task in (await spender.generate(request_, "reapi", "runapi")).tasks] == ["runapi"]
    clock.seconds = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    assert await buys(spender, request_)


@pytest.mark.parametrize("fault", ["no_credit", "failed", "moderated"])
async def test_what_came_to_nothing_and_is_not_billed_frees_its_day(spender, sims, clock, request_, fault, rows):
    clock.seconds = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
    sims["reapi"].fault(fault)
    with pytest.raises(Exception, match="reapi"):
        await run(spender, request_, "reapi")
    assert rows("reserved") == [0]
    clock.seconds += 3600  # an account without credit is left alone for an hour
    assert await buys(spender, request_)
    assert not await buys(spender, request_)


async def test_what_was_not_sent_frees_its_day(spender, request_, rows, monkeypatch, cancelled):
    await cancelled(spender.submit(request_, "reapi"), spender._session.transport, "send")
    assert await buys(spender, request_)
    assert rows("reserved") == [0, int(PRICE * NANO)]


async def test_what_may_have_been_billed_keeps_its_day_until_somebody_finds_out(spender, sims, request_):
    sims["reapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain) as caught:
        await spender.submit(request_, "reapi")
    assert not await buys(spender, request_)
    await spender.settle(caught.value.attempt.id, billed=False)
    assert await buys(spender, request_)


@pytest.mark.parametrize("found", [{"billed": True}, {"billed": True, "task_id": "task_1"}])
async def test_what_was_found_to_be_billed_keeps_its_day(spender, sims, request_, found):
    sims["reapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain) as caught:
        await spender.submit(request_, "reapi")
    await spender.settle(caught.value.attempt.id, **found)
    assert not await buys(spender, request_)


async def test_a_failed_task_that_nobody_gives_back_keeps_its_day(spender, sims, request_):
    sims["revidapi"].fault("failed")
    with pytest.raises(TaskFailed):
        await run(spender, request_, "revidapi")
    assert not await buys(spender, request_, "revidapi")


async def test_what_a_killed_process_was_sending_keeps_its_day(spender, limited, clock, request_, path):
    await spender._ledger.intend(tried(usd=PRICE, started_at=clock.now()), None, PRICE)
    crash(spender)
    async with Client(limited(reapi=str(PRICE)), clock=clock) as later:
        assert not await buys(later, request_)


async def test_what_nobody_knows_the_price_of_passes_no_limit_unless_it_is_allowed(spender, sims, rows):
    raw = RawRequest("reapi", "/api/v1/images/generations", {"model": "flux-2", "prompt": "a lighthouse at dusk"})
    with pytest.raises(OverCeiling, match=r"reapi may spend \$0\.028 a day, and the price of this is unknown"):
        await spender.submit(raw)
    assert (await spender.attempts(), sims["reapi"].bills()["submits"]) == ([], 0)
    for _ in range(2):
        assert await buys(spender, raw, "reapi", allow_unknown_price=True)
    assert rows("reserved") == [None, None]
    first, second = (each.task for each in await spender.attempts())
    await spender.wait(first)  # then its price is known
    assert rows("reserved")[0] > 0
    with pytest.raises(OverCeiling):
        await spender.submit(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"), "reapi")
    await spender.wait(second)


async def test_a_limit_of_nothing_buys_nothing(limited, clock, request_, sims):
    async with Client(limited(reapi="0"), clock=clock) as client:
        assert not await buys(client, request_)
    assert sims["reapi"].bills()["submits"] == 0
