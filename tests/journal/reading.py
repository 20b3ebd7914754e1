"""The journal in a file, read as another process would read it, from code that awaits and from code that does not."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from anymedia.journal import Ledger, Query, SQLiteJournal
from anymedia.journal.records import attempt_of


def run(work):
    """Return what a coroutine comes to, run in a thread and an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def with_ledger(path, work):
    """Open the journal of a file, do something with it, close it, and return what came of it."""
    ledger = Ledger(SQLiteJournal(path))
    try:
        return await work(ledger)
    finally:
        await ledger.close()


def attempts_in(path, **filters):
    return run(with_ledger(path, lambda ledger: ledger.attempts(**filters)))


def attempts_now(journal):
    """Read the attempts of a journal in order with its own writes, while its event loop stands still."""
    store, query = journal._store, partial(journal._select, query=Query())
    entries = store._read(query, []) if store._writer is None else store.call(query)
    return [attempt_of(entry) for entry in entries]


def execute(journal, *statement):
    """Run a statement in the file of a journal, in order with its own writes."""
    journal._store.call(lambda connection: connection.execute(*statement))
