"""A journal, read as another process would read it, from code that awaits and from code that does not."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import attrs

from anymedia.journal import Ledger, MemoryJournal, Query
from anymedia.journal.opening import open_journal
from anymedia.journal.records import attempt_of


def run(work):
    """Return what a coroutine comes to, run in a thread and an event loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def with_ledger(place, work):
    """Open the journal of a path or a URL, do something with it, close it, and return what came of it."""
    ledger = Ledger(open_journal(place))
    try:
        return await work(ledger)
    finally:
        await ledger.close()


async def written(ledger, attempts, *, bodies=False):
    """Write attempts down as they ended, each under an id of its own, and its task too; return the ledger."""
    for number, attempt in enumerate(attempts):
        attempt = attrs.evolve(attempt, id=f"{number:032x}")
        if attempt.task is not None:
            attempt = attrs.evolve(attempt, task=attrs.evolve(attempt.task, id=f"task-{number}"))
        body = json.dumps(attempt.order.body).encode() if bodies and attempt.order.body is not None else None
        await ledger.intend(attrs.evolve(attempt, outcome=None, task=None), body)
        if attempt.outcome is not None:
            await ledger.end(attempt)
    return ledger


def sums_of(attempts, by):
    """Return what attempts come to in a journal of their own."""

    async def summed():
        return await (await written(Ledger(MemoryJournal()), attempts)).sums(by)

    return run(summed())


def attempts_in(place, **filters):
    return run(with_ledger(place, lambda ledger: ledger.attempts(**filters)))


def attempts_now(journal):
    """Read the attempts of a journal in order with its own writes, while its event loop stands still."""
    store, query = journal._store, partial(journal._select, query=Query())
    entries = store._read(query, []) if store._writer is None else store.call(query)
    return [attempt_of(entry) for entry in entries]


def execute(journal, *statement):
    """Run a statement in the file of a journal, in order with its own writes."""
    journal._store.call(lambda connection: connection.execute(*statement))
