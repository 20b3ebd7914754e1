"""A day that costs more than [alerts] says is told of once, over all processes, and nothing waits for it."""

import asyncio
import logging
from datetime import timedelta
from decimal import Decimal

import pytest

from anymedia import (
    Alert,
    Attempt,
    Client,
    ConfigError,
    ImageRequest,
    JournalError,
    OutOfBounds,
    SubmitUncertain,
    SyncClient,
    TaskFailed,
    read_config,
)
from anymedia.journal import Done, MemoryJournal, SQLiteJournal
from anymedia.transport.retry import Patience
from tests.client.hooks import until

FOX = ImageRequest(model="flux-2-pro", prompt="A fox in the snow", resolution="1K")
COSTS = Decimal("0.028")


@pytest.fixture
def heard():
    return []


@pytest.fixture
def opened(sims, clock, heard):
    """Return what opens a client over a journal, which tells of a day above so many USD."""

    def opened(journal, daily="0.05", *, given=None, data=None):
        config = read_config({**sims.config, **({"alerts": {"daily": daily}} if data is None else data)}, sims.environ)
        options = {} if given is None else {"daily_alert": given}
        return Client(
            config, clock=clock, journal=journal, on_event=heard.append, patience=Patience(tries=1), **options
        )

    return opened


def alerts(heard):
    return [event for event in heard if isinstance(event, Alert)]


@pytest.fixture(params=["memory", "sqlite"])
def journals(request, tmp_path):
    """Return what opens one more journal over the same store."""
    memory = MemoryJournal().memory
    return lambda: MemoryJournal(memory) if request.param == "memory" else SQLiteJournal(tmp_path / "journal.db")


async def test_a_day_is_told_of_once_over_all_processes(opened, journals, heard, clock, caplog):
    today = clock.now().date()
    for number in range(4):  # each a process, as of the command line
        journal = journals()
        async with opened(journal) as client:
            await client.generate(FOX, "reapi")
        assert len(alerts(heard)) == (number > 0)
        await journal.close()
    assert alerts(heard) == [Alert(day=today, limit=Decimal("0.05"), spent=2 * COSTS)]
    (line,) = [each for each in caplog.records if each.name == "anymedia.alerts"]
    assert (line.levelno, line.getMessage()) == (
        logging.WARNING,
        "today (UTC) has cost $0.056 or may have, more than the $0.05 of [alerts] daily; nothing is stopped by that",
    )
    assert (line.anymedia_spent, line.anymedia_day) == ("0.056", str(today))
    clock.seconds += 86_400
    journal = journals()
    async with opened(journal) as client:
        for _ in range(3):
            await client.generate(FOX, "reapi")
    assert [each.day for each in alerts(heard)] == [today, today + timedelta(days=1)]
    async with opened(journals(), "0.01") as client:  # another figure
        await client.generate(FOX, "reapi")
    assert [str(each.limit) for each in alerts(heard)] == ["0.05", "0.05", "0.01"]
    await journal.close()


async def test_of_many_at_once_one_tells(opened, heard):
    memory = MemoryJournal().memory
    clients = [opened(MemoryJournal(memory), "0.1") for _ in range(3)]
    await asyncio.gather(*(client.generate(FOX, "reapi") for client in clients for _ in range(4)))
    await asyncio.gather(*(client.close() for client in clients))
    (alert,) = alerts(heard)
    assert alert.spent > alert.limit
    assert len({event.id for event in heard if isinstance(event, Attempt)}) == 12


async def test_what_may_have_been_billed_counts_and_what_was_given_back_does_not(opened, heard, sims):
    async with opened(MemoryJournal(), "0.06") as client:
        sims["reapi"].fault("failed")
        with pytest.raises(TaskFailed):
            await client.generate(FOX, "reapi")  # which is given back
        await client.generate(FOX, "reapi")
        assert alerts(heard) == []
        sims["api_in_one"].fault("reset_after")
        with pytest.raises(SubmitUncertain):
            await client.generate(FOX, "api_in_one")
        sims["reapi"].fault("no_credit")
        with pytest.raises(Exception, match="credit"):
            await client.generate(FOX, "reapi")
    (alert,) = alerts(heard)
    assert (alert.spent, alert.unknown) == (COSTS + Decimal("0.05"), 0)


async def test_the_journal_is_asked_seldom(opened, heard, clock, monkeypatch):
    journal, asked = MemoryJournal(), []
    sums = journal.sums

    async def counted(*query):
        asked.append(query)
        return await sums(*query)

    monkeypatch.setattr(journal, "sums", counted)
    async with opened(journal, "100") as client:
        for _ in range(5):
            await client.submit(FOX, "reapi")
        assert len(asked) == 1  # what it buys itself is added up
        clock.seconds += 61  # others may have bought something since
        await client.submit(FOX, "reapi")
        await until(lambda: len(asked) == 2)
    assert alerts(heard) == []


async def test_no_purchase_waits_for_it_nor_fails_with_it(opened, heard, monkeypatch, caplog):
    journal, may_go_on = MemoryJournal(), asyncio.Event()

    async def hanging(*_):
        await may_go_on.wait()
        raise JournalError("the disk is gone")

    monkeypatch.setattr(journal, "sums", hanging)
    async with opened(journal, "0.01") as client:
        await client.generate(FOX, "reapi")
        may_go_on.set()
    assert "what the day has cost is not known: the disk is gone" in caplog.text
    assert alerts(heard) == []


async def test_where_the_journal_does_not_answer_the_day_is_looked_at_again(opened, heard, monkeypatch, caplog):
    journal, answers = MemoryJournal(), [JournalError("it is busy")]
    do = journal.write

    async def busy_once(entry, *more):
        if isinstance(entry, Done) and answers:
            raise answers.pop()
        return await do(entry, *more)

    monkeypatch.setattr(journal, "write", busy_once)
    async with opened(journal, "0.01") as client:
        for _ in range(3):
            await client.generate(FOX, "reapi")
    assert len(alerts(heard)) == 1
    assert "what the day has cost is not known: it is busy" in caplog.text


@pytest.mark.parametrize("given", ["0.02", Decimal("0.02"), 0.02, 0])
async def test_a_program_says_it_in_the_call(opened, heard, given):
    async with opened(MemoryJournal(), given=given, data={}) as client:
        await client.generate(FOX, "reapi")
    assert [each.limit for each in alerts(heard)] == [Decimal(str(given))]


@pytest.mark.parametrize(
    ("error", "says", "options"),
    [
        (OutOfBounds, "daily_alert: must be an amount in USD", {"given": "much"}),
        (ConfigError, r"alerts: daily: must be an amount in USD", {"daily": "much"}),
        (ConfigError, r"alerts: .*weekly", {"data": {"alerts": {"weekly": "1"}}}),
        (
            ConfigError,
            r"\[alerts\] needs the journal",
            {"data": {"alerts": {"daily": "1"}, "journal": {"enabled": False}}},
        ),
    ],
)
def test_what_is_wrong_is_said_at_once(opened, error, says, options):
    with pytest.raises(error, match=says):
        opened(None if "journal" in options.get("data", {}) else MemoryJournal(), **options)


def test_the_client_without_await_has_it_too(config):
    with pytest.raises(OutOfBounds, match="daily_alert"):
        SyncClient(config, journal=MemoryJournal(), daily_alert="much")
