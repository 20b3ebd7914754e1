"""Whatever another program has written into a journal: nothing crashes or hangs, and all else is as it was.

Every column of an entry is spoiled by a value of any kind, and so are the facts, the keys and the sums.
"""

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anymedia import AnymediaError
from anymedia.cli.spend import GROUPS, spent
from anymedia.journal import Ledger, SQLiteJournal

from .test_collected import LINK, accepted, in_hours, tried
from .test_grown import OLD, over
from .test_sums import IN_MEMORY

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

COLUMNS = {
    "attempts": (
        *("owner", "wanted", "day", "started", "status", "open", "undownloaded", "expires", "fetcher", "bare", "moved"),
        *("by_webhook", "reserved", "quoted", "kind", "offer", "variant", "model", "labels", "batch", "counts_as"),
        *("idempotency_key", "digest", "task_id", "account", "provider"),
    ),
    "texts": ("record", "task", "body"),
}
PLACES = [(table, column) for table, columns in COLUMNS.items() for column in columns]

VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=20).filter(lambda text: text.isascii() or text.isprintable()),
    st.binary(max_size=20),
    st.sampled_from(
        ["", "[", "{}", '{"team":1}', '{"team":"blue"}', "[" * 10_000, b"\xff", "reapi", "k0", "\ud800", None]
    ),
)


async def fill(path):
    """Write down one attempt of each kind twice; the second of each stays as it is."""
    ledger = Ledger(SQLiteJournal(path))
    for number in range(8):
        facts = {"labels": {"team": "blue"}, "batch": "b", "key": f"k{number}" if number < 4 else None}
        one = tried(number, started_at=OLD, **facts)
        await ledger.intend(one, b'{"prompt": "a fox"}')
        end = over(one) if number % 4 < 2 else accepted(one, assets=(LINK,))
        if number % 4 == 3:
            end = over(one, assets=in_hours(3))
        await ledger.end(end)
    await ledger.intend(tried(9, key=None), None)
    await ledger.close()


async def everything(path):
    """Ask a journal all that the new columns are for, and more; each may be refused in one sentence."""
    ledger = Ledger(SQLiteJournal(path))
    found = {}
    for name, work in {
        "listed": lambda: listed(ledger.each()),
        "of labels": lambda: ledger.attempts(labels={"team": "blue"}),
        "of a batch": lambda: ledger.attempts(batch="b"),
        "expiring": lambda: ledger.attempts(expiring=NOW + timedelta(days=9)),
        "uncollected": lambda: listed(ledger.uncollected(NOW)),
        "left": ledger.left,
        "moved": lambda: ledger.moved(0),
        "sums": lambda: sums(ledger),
        "claimed": lambda: ledger.claim("k1", {}),
        "fetching": lambda: fetched(ledger),
        "info": lambda: ledger.journal.info(NOW.timestamp()),
        "told": lambda: ledger.prune(NOW, dry_run=True),
        "bare": lambda: ledger.prune(NOW, texts=True),
        "pruned": lambda: ledger.prune(NOW),
        "gone": lambda: ledger.prune(NOW, keys=True),
        "compacted": ledger.journal.compact,
        "copied": lambda: ledger.journal.backup(path.with_name("copy.db")),
    }.items():
        with suppress(AnymediaError):
            found[name] = await asyncio.wait_for(work(), 20)
    await ledger.close()
    return found


async def listed(attempts):
    return [each async for each in attempts]


async def sums(ledger):
    return [spent(await ledger.sums(column, since), by) for by, (column, _) in GROUPS.items() for since in (None, OLD)]


async def fetched(ledger):
    task = over(tried(1, key=None)).task
    return await ledger.begin_fetch(task), await ledger.end_fetch(task)


def spoil(path, table, column, value):
    """Write a value into every second entry; a text may hold what is no UTF-8."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if isinstance(value, str):
            value = value.encode(errors="surrogatepass")
            statement = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE number % 2 = 0"
        else:
            statement = f"UPDATE {table} SET {column} = ? WHERE number % 2 = 0"
        with suppress(sqlite3.IntegrityError):  # some columns take no NULL
            connection.execute(statement, (value,))


@given(st.sampled_from(PLACES), VALUES)
@example(("attempts", "expires"), "soon")
@example(("attempts", "expires"), float("inf"))
@example(("attempts", "fetcher"), b"\xff")
@example(("attempts", "labels"), "[" * 10_000)
@example(("attempts", "batch"), b"b")
@example(("attempts", "bare"), "x")
@example(("attempts", "open"), "x")
@example(("attempts", "idempotency_key"), b"k")
@example(("attempts", "idempotency_key"), 5)
@example(("attempts", "idempotency_key"), "\ud800")
@example(("attempts", "started"), b"")
@example(("attempts", "moved"), 2**63 - 1)
@example(("attempts", "reserved"), 2**61)
@settings(max_examples=60, deadline=None)
def test_what_is_spoiled_spoils_nothing_else(place, value):
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        path = Path(folder, "journal.db")
        asyncio.run(fill(path))
        spoil(path, *place, value)
        found = asyncio.run(everything(path))
    names = {"listed", "of labels", "of a batch", "expiring", "uncollected", "sums", "info", "told", "bare", "pruned"}
    assert names <= {*found}
    sound = {tried(number).id for number in (0, 2, 4, 6)}  # the first, the third, … have odd numbers
    assert sound <= {each.id for each in found["listed"]}
    assert sound <= {each.id for each in found["of labels"]} & {each.id for each in found["of a batch"]}


@pytest.mark.parametrize("table", ["facts", "keys", "days", "sums", "label_sums", "batch_sums"])
@pytest.mark.parametrize("value", [b"\xff", "x", -(2**63), 9e999])
def test_what_is_spoiled_beside_the_entries_stops_nothing(table, value, tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(fill(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        names = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
        for name in names[1:]:
            with suppress(sqlite3.IntegrityError):
                connection.execute(f"UPDATE {table} SET {name} = ?", (value,))
    found = asyncio.run(everything(path))
    assert {"listed", "uncollected", "told"} <= {*found}
    assert len(found["listed"]) == 9
