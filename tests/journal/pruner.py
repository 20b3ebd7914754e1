"""One process of test_grown.py: it prunes, copies or compacts a journal, or buys meanwhile, until it is killed."""

import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import attrs
from kill import say

from anymedia import Attempt, Money, Order, Outcome, State
from anymedia.journal import Ledger, SQLiteJournal, sqlite_file


async def prune(ledger, job):
    inner = ledger.journal.prune

    async def page(pruned):
        done = await inner(pruned)
        say("page", len(done))
        return done

    ledger.journal.prune = page
    done = await ledger.prune(datetime.fromisoformat(job["before"]))
    say("went", done.attempts)


async def backup(ledger, _):
    target = Path(ledger.journal.path).with_name("copy.db")
    target.unlink(missing_ok=True)
    say("begun")
    await ledger.journal.backup(target)


async def compact(ledger, _):
    begin = sqlite_file.begin_compaction

    def begun(connection):
        begin(connection)
        say("begun")

    sqlite_file.begin_compaction = begun
    await ledger.journal.compact()


async def buy(ledger, job):
    """Buy one after another, each in a batch and under a key; nothing becomes of them."""
    ids = []
    for _ in range(job["times"]):
        key = uuid4().hex
        order = Order(
            provider="reapi",
            account="reapi",
            path="/",
            money=Money(usd=Decimal("0.05")),
            idempotency_key=key,
            batch="running",
        )
        attempt = Attempt(id=uuid4().hex, order=order, started_at=datetime.now(UTC))
        claimed = await ledger.claim(key, {})
        await ledger.intend(attempt, b"{}", claim=claimed)
        task = attrs.evolve(attempt.draft(key), state=State.RUNNING)
        await ledger.end(attrs.evolve(attempt, outcome=Outcome.ACCEPTED, task=task))
        await ledger.release(claimed)
        ids.append(attempt.id)
    say("bought", json.dumps(ids))


async def main(job):
    ledger = Ledger(SQLiteJournal(job["path"]))
    await {"prune": prune, "backup": backup, "compact": compact, "buy": buy}[job["work"]](ledger, job)
    await ledger.close()
    say("over")
    sys.stdin.read()
