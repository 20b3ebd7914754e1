"""What an account may spend a day, over all processes, and what the journal holds of it; in its first form too."""

import asyncio
import json
import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Billed,
    Client,
    ImageRequest,
    Journal,
    Money,
    Outcome,
    OverCeiling,
    RawRequest,
    State,
    SubmitUncertain,
    TaskFailed,
    read_config,
)
from anymedia.journal.ledger import MIGRATIONS, _within
from anymedia.journal.sqlite import APPLICATION
from anymedia.model.codec import to_json

from .child import child, until
from .test_left import attempt, crash

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NANO = 10**9

PRICE = Decimal("0.028")
"""Of one picture of REQUEST at reapi."""


def tried(number=0, usd="0.05", **changes):
    money = Money() if usd is None else Money(usd=Decimal(usd))
    return attempt(**{"id": f"{number:032x}", "money": money, "started_at": NOON, **changes})


@pytest.fixture
def journal(path):
    with closing(Journal(path)) as journal:
        yield journal


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
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (each for step in MIGRATIONS for each in step):
            connection.execute(statement)
        for number, (account, minutes, reserved) in enumerate(rows):
            started = (NOON + timedelta(minutes=minutes)).timestamp()
            values = (str(number), "o", "reapi", account, started, "sending", 1, "{}", reserved)
            connection.execute(
                "INSERT INTO attempts (id, owner, provider, account, started, status, open, record, reserved) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        now = tried(
            usd=None if nano is None else Decimal(nano) / NANO, account="mine", started_at=NOON.astimezone(zone)
        )
        spent = sum(reserved or 0 for account, minutes, reserved in rows if account == "mine" and minutes >= -720)
        if spent + (nano or 0) <= limit:
            _within(connection, now, Decimal(limit) / NANO)
        else:
            with pytest.raises(OverCeiling):
                _within(connection, now, Decimal(limit) / NANO)


async def test_the_day_begins_at_midnight_in_utc_whatever_the_time_is_here(journal):
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    limit = Decimal("0.05")
    await journal.intend(tried(1, started_at=midnight - timedelta(microseconds=1)), None, limit)
    await journal.intend(tried(2, started_at=midnight), None, limit)
    late_here = datetime(2026, 11, 21, 4, 59, tzinfo=timezone(timedelta(hours=5)))  # 23:59 UTC
    with pytest.raises(OverCeiling):
        await journal.intend(tried(3, started_at=late_here), None, limit)
    await journal.intend(tried(4, started_at=late_here + timedelta(minutes=1)), None, limit)
    assert [each.id for each in journal.attempts()] == [f"{number:032x}" for number in (1, 2, 4)]


async def test_what_is_refused_says_how_much_is_spent_and_is_not_written_down(journal):
    await journal.intend(tried(1, usd="0.30"), None, Decimal("0.50"))
    await journal.intend(tried(2, usd="0.1"), None)  # without a limit it passes, and counts for those who have one
    with pytest.raises(OverCeiling) as caught:
        await journal.intend(tried(3, usd="0.100000001"), None, Decimal("0.50"))
    assert str(caught.value) == (
        "reapi may spend 0.50 USD a day: 0.4 are spent or reserved since midnight UTC, and this costs ~$0.100000001"
    )
    assert (caught.value.account, caught.value.provider) == ("reapi", "reapi")
    assert (caught.value.outcome, caught.value.billed) == (Outcome.NOT_SENT, "no")
    await journal.intend(tried(4, usd="0.1"), None, Decimal("0.50"))
    await journal.intend(tried(5, account="another"), None, Decimal("0.05"))  # it has a day of its own
    assert len(journal.attempts()) == 4


async def test_an_amount_below_a_billionth_is_rounded_up(journal, rows):
    await journal.intend(tried(1, usd="0.0000000001"), None, Decimal("0.000000001"))
    assert rows("reserved") == [1]
    with pytest.raises(OverCeiling):
        await journal.intend(tried(2, usd="0.0000000001"), None, Decimal("0.000000001"))


# Nobody passes beside another


async def test_of_many_at_once_as_many_pass_as_fit(journal):
    tries = [journal.intend(tried(number), None, Decimal("0.15")) for number in range(20)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None)] * 3 + [OverCeiling] * 17
    assert journal.count() == 3


async def test_what_another_process_writes_just_now_is_waited_for_and_counts(journal, path):
    await journal.intend(tried(1), None, Decimal("0.10"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        trying = asyncio.create_task(journal.intend(tried(3), None, Decimal("0.10")))
        await asyncio.sleep(0)
        other.execute(
            "INSERT INTO attempts (id, owner, provider, account, started, status, open, record, reserved) "
            "SELECT 'of another', owner, provider, account, started, status, open, record, reserved FROM attempts"
        )
        other.execute("COMMIT")
        with pytest.raises(OverCeiling):
            await trying


def test_processes_that_spend_at_once_spend_no_more_than_the_limit_together(path):
    job = {"path": str(path), "times": 20, "price": "0.05", "limit": "1.23", "when": NOON.isoformat()}
    with ExitStack() as stack:
        spenders = [stack.enter_context(child("spender.py", job, {})) for _ in range(3)]
        for each in spenders:
            until(each, "ready")
        for each in spenders:
            each.stdin.write("\n")
            each.stdin.flush()
        assert sum(int(until(each, "passed")) for each in spenders) == 24
    with closing(Journal(path)) as journal:
        assert journal.count() == 24


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
async def test_what_came_to_nothing_and_is_not_billed_frees_its_day(spender, sims, request_, fault, rows):
    sims["reapi"].fault(fault)
    with pytest.raises(Exception, match="reapi"):
        await spender.run(request_, "reapi")
    assert rows("reserved") == [0]
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
    spender.journal.settle(caught.value.attempt.id, billed=False)
    assert await buys(spender, request_)


@pytest.mark.parametrize("found", [{"billed": True}, {"billed": True, "task_id": "task_1"}])
async def test_what_was_found_to_be_billed_keeps_its_day(spender, sims, request_, found):
    sims["reapi"].fault("reset_after", on="submit")
    with pytest.raises(SubmitUncertain) as caught:
        await spender.submit(request_, "reapi")
    spender.journal.settle(caught.value.attempt.id, **found)
    assert not await buys(spender, request_)


async def test_a_failed_task_that_nobody_gives_back_keeps_its_day(spender, sims, request_):
    sims["revidapi"].fault("failed")
    with pytest.raises(TaskFailed):
        await spender.run(request_, "revidapi")
    assert not await buys(spender, request_, "revidapi")


async def test_what_a_killed_process_was_sending_keeps_its_day(spender, limited, clock, request_, path):
    await spender.journal.intend(tried(usd=PRICE, started_at=clock.now()), None, PRICE)
    crash(spender)
    async with Client(limited(reapi=str(PRICE)), clock=clock) as later:
        assert not await buys(later, request_)


async def test_what_nobody_knows_the_price_of_passes_no_limit_unless_it_is_allowed(spender, sims, rows):
    raw = RawRequest("reapi", "/api/v1/images/generations", {"model": "flux-2", "prompt": "a lighthouse at dusk"})
    with pytest.raises(OverCeiling, match=r"reapi may spend 0\.028 USD a day, and the price of this is unknown"):
        await spender.submit(raw)
    assert (spender.journal.attempts(), sims["reapi"].bills()["submits"]) == ([], 0)
    for _ in range(2):
        assert await buys(spender, raw, "reapi", allow_unknown_price=True)
    assert rows("reserved") == [None, None]
    first, second = (each.task for each in spender.journal.attempts())
    await spender.wait(first)  # then its price is known
    assert rows("reserved")[0] > 0
    with pytest.raises(OverCeiling):
        await spender.submit(ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk"), "reapi")
    await spender.wait(second)


async def test_a_limit_of_nothing_buys_nothing(limited, clock, request_, sims):
    async with Client(limited(reapi="0"), clock=clock) as client:
        assert not await buys(client, request_)
    assert sims["reapi"].bills()["submits"] == 0


# The first form of the file

FIRST = (
    """CREATE TABLE attempts (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        key TEXT,
        provider TEXT NOT NULL,
        account TEXT NOT NULL,
        task_id TEXT,
        started REAL NOT NULL,
        status TEXT NOT NULL,
        open INTEGER NOT NULL,
        record TEXT NOT NULL,
        task TEXT,
        body BLOB
    )""",
    "CREATE INDEX by_task ON attempts (task_id, account) WHERE task_id IS NOT NULL",
    "CREATE INDEX by_key ON attempts (key) WHERE key IS NOT NULL",
    "CREATE INDEX by_open ON attempts (open) WHERE open",
    "CREATE TABLE keys (key TEXT PRIMARY KEY, digest TEXT NOT NULL, holder TEXT, owner TEXT NOT NULL)",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "PRAGMA user_version = 1",
    f"PRAGMA application_id = {APPLICATION}",
)
LATER = {"attempt": ("count", "why", "chosen_at", "cause", "retry_after"), "task": ("ended_at",)}
"""Fields that records of the first form do not have."""


def recorded(value, *, of):
    plain = to_json(value)
    return {name: held for name, held in plain.items() if name not in LATER[of]}


def first_form(path, tries):
    """Write a journal of the first form, as its version wrote it."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in FIRST:
            connection.execute(statement)
        for each in tries:
            bare = attrs.evolve(each, body=None, task=None)
            task = None if each.task is None else json.dumps(recorded(each.task, of="task"))
            connection.execute(
                "INSERT INTO attempts "
                "(id, owner, key, provider, account, task_id, started, status, open, record, task) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(each.id, "gone", each.key, each.provider, each.account, each.task and each.task.id),
                    *(each.started_at.timestamp(), each.status, each.open),
                    *(json.dumps(recorded(bare, of="attempt")), task),
                ),
            )


def form(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def with_task(made, usd="0.05", got="table", **changes):
    money = Money() if usd is None else Money(usd=Decimal(usd), got=got)
    task = attrs.evolve(made.draft(f"task-{made.id}"), money=money, **changes)
    return attrs.evolve(made, outcome=Outcome.ACCEPTED, task=task)


def of_every_kind():
    """Return attempts, each with the billionths of a dollar that it counts."""
    ended = {outcome: {"outcome": outcome, "error": "it was so"} for outcome in Outcome}
    found = {"outcome": Outcome.UNCERTAIN, "settled": Billed.YES}
    kinds = [
        (lambda n: tried(n), 50_000_000),  # being sent
        (lambda n: tried(n, None), None),
        (lambda n: tried(n, **ended[Outcome.NOT_SENT]), 0),
        (lambda n: tried(n, **ended[Outcome.REFUSED]), 0),
        (lambda n: tried(n, None, **ended[Outcome.REFUSED]), 0),
        (lambda n: tried(n, **ended[Outcome.UNCERTAIN]), 50_000_000),
        (lambda n: tried(n, None, **ended[Outcome.UNCERTAIN]), None),
        (lambda n: tried(n, **ended[Outcome.ACCEPTED_WITHOUT_ID]), 50_000_000),
        (lambda n: tried(n, **found), 50_000_000),
        (lambda n: tried(n, **found | {"settled": Billed.NO}), 0),
        (lambda n: with_task(tried(n, **found)), 50_000_000),
        (lambda n: with_task(tried(n)), 50_000_000),
        (lambda n: with_task(tried(n, None), None), None),
        (lambda n: with_task(tried(n), state=State.RUNNING), 50_000_000),
        (lambda n: with_task(tried(n), "0.07", "settled", state=State.SUCCEEDED), 70_000_000),
        (lambda n: with_task(tried(n, None), "0.07", "settled", state=State.SUCCEEDED), 70_000_000),
        (lambda n: with_task(tried(n), "0", "settled", state=State.FAILED), 0),
        (lambda n: with_task(tried(n), "0E-9", "settled", state=State.CANCELED), 0),
        (lambda n: with_task(tried(n), state=State.FAILED), 50_000_000),
        *(
            (lambda n, usd=usd: tried(n, usd), nano)
            for usd, nano in (
                *(("0.0275", 27_500_000), ("0.1", 100_000_000), ("0.000000001", 1), ("1E-9", 1), ("1E+2", 100 * NANO)),
                *(("0.070000001", 70_000_001), ("999.999999999", 999_999_999_999), ("0.29", 290_000_000)),
            )
        ),
    ]
    return [(made(number), nano) for number, (made, nano) in enumerate(kinds)]


async def test_a_file_of_the_first_form_is_brought_up_to_date_by_the_first_that_writes(path, rows):
    tries, nanos = zip(*of_every_kind(), strict=True)
    first_form(path, tries)
    with closing(Journal(path)) as reader:
        as_before = reader.attempts()
        assert form(path) == 1  # who only reads changes nothing
    # What was being sent when its process ended is uncertain.
    as_written = [
        attrs.evolve(each, outcome=was.outcome, error=was.error) for each, was in zip(as_before, tries, strict=True)
    ]
    assert as_written == [attrs.evolve(each, body=None) for each in tries]
    with closing(Journal(path)) as journal:
        await journal.intend(tried(99, started_at=NOON - timedelta(days=2)), None)
        assert form(path) == len(MIGRATIONS)
        assert rows("reserved") == [*nanos, 50_000_000]
        assert journal.attempts()[:-1] == as_before
        for each, nano in zip(as_before, nanos, strict=True):
            assert each.reserved == (None if nano is None else Decimal(nano) / NANO)
        spent = Decimal(sum(filter(None, nanos))) / NANO
        with pytest.raises(OverCeiling):
            await journal.intend(tried(100, usd="0.000000001"), None, spent)
        await journal.intend(tried(101), None, spent + Decimal("0.05"))


@pytest.mark.parametrize(
    ("column", "held"),
    [
        ("record", "no JSON"),
        ("record", ""),
        ("record", "7"),
        ("record", "null"),
        ("record", '{"money": 7}'),
        ("record", '{"money": {"usd": null}}'),
        ("task", "no JSON"),
        ("task", "[]"),
    ],
)
async def test_a_record_that_cannot_be_read_stops_no_migration_and_counts_as_unknown(path, rows, column, held):
    first_form(path, [tried(1), tried(2)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"UPDATE attempts SET {column} = ? WHERE id = ?", (held, tried(1).id))
    with closing(Journal(path)) as journal:
        await journal.intend(tried(3), None, Decimal("0.10"))
        assert rows("reserved") == [None, 50_000_000, 50_000_000]
        assert [each.reserved for each in journal.attempts()] == [None, Decimal("0.05"), Decimal("0.05")]
        with pytest.raises(OverCeiling):
            await journal.intend(tried(4), None, Decimal("0.10"))


async def test_several_that_open_it_at_once_bring_it_up_to_date_once(path, rows):
    first_form(path, [tried(1)])
    with ExitStack() as stack:
        journals = [stack.enter_context(closing(Journal(path))) for _ in range(4)]
        limit = Decimal("0.15")
        ends = await asyncio.gather(
            *(each.intend(tried(10 + number), None, limit) for number, each in enumerate(journals)),
            return_exceptions=True,
        )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "NoneType", "OverCeiling", "OverCeiling"]
    assert rows("reserved") == [50_000_000] * 3


async def test_what_was_bought_under_a_key_in_the_first_form_is_not_bought_again(limited, clock, sims, path):
    """It did not say how many pictures a task was to make, nor from which number on: `part` counted tasks."""
    request = ImageRequest(
        model="gpt-image-2", prompt="a lighthouse at dusk", count=2, quality="low", aspect_ratio="1:1"
    )
    offer = "gpt-image-2-official"
    async with Client(limited(), clock=clock) as client:
        bought = await client.generate(request, "reapi", offer=offer, idempotency_key="k")
        assert (len(bought.tasks), len(bought.assets)) == (1, 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for name in LATER["attempt"]:
            connection.execute(f"UPDATE attempts SET record = json_remove(record, '$.{name}')")
        connection.execute("UPDATE attempts SET task = json_remove(task, '$.ended_at')")
        connection.execute("DROP INDEX by_day")
        connection.execute("ALTER TABLE attempts DROP COLUMN reserved")
        connection.execute("PRAGMA user_version = 1")
    async with Client(limited(), clock=clock) as client:
        again = await client.generate(request, "reapi", offer=offer, idempotency_key="k")
    assert sims["reapi"].bills()["submits"] == 1
    assert (again.tasks[0].id, len(again.assets), again.missing) == (bought.tasks[0].id, 2, 0)
