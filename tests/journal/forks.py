"""A process that forks while its journal is open; it goes on at each line of stdin."""

import asyncio
import json
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from anymedia import Attempt, Money, Order
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.journal.process_lock import is_alive, known


def begin(journal, name):
    attempt = Attempt(
        id=name * 32,
        order=Order(provider="acme", account="acme", path="/", money=Money()),
        started_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    asyncio.run(Ledger(journal).intend(attempt, None))


def count(journal):
    return asyncio.run(journal.count())


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def grow_up(journal, parent, told):
    """Do in a new process what any process may do with a journal, the last of it once it is told to."""
    folder = journal.path.with_name(f"{journal.path.name}-owners")
    begin(journal, "b")
    say("child", json.dumps([journal.owner != parent, is_alive(folder, parent), count(journal)]))
    os.read(told, 1)
    begin(journal, "c")
    journal._close()
    assert parent not in known(folder) or is_alive(folder, parent)
    sys.exit(0)  # with all that an interpreter does at its end


def fork(path, first):
    """Fork once: the first to end is the parent or the child."""
    journal = SQLiteJournal(path)
    begin(journal, "a")
    parent = journal.owner
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        grow_up(journal, parent, told)
    sys.stdin.readline()
    if first == "parent":
        journal._close()
    os.write(tell, b".")
    say("over", json.dumps([parent, os.waitpid(child, 0)[1]]))
    sys.stdin.readline()
    journal._close()


def many(path):
    """Fork again and again while a thread writes and another reads: no process waits for what is not there."""
    journal, over = SQLiteJournal(path), threading.Event()
    begin(journal, "a")

    def busy(work):
        while not over.is_set():
            work()

    store = journal._store
    one = lambda connection: connection.execute("SELECT 1").fetchone()  # noqa: E731
    reader = SQLiteJournal(path)
    works = (lambda: store.call(one), lambda: count(reader), lambda: store._glance(one, None))
    threads = [threading.Thread(target=busy, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for name in "bcdefghi":
        child = os.fork()
        if not child:
            begin(journal, name)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    over.set()
    for thread in threads:
        thread.join()
    say("over", count(journal))
    journal._close()


def main(job):
    if job["first"] is None:
        many(Path(job["path"]))
    else:
        fork(Path(job["path"]), job["first"])
