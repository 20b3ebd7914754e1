"""One process of test_daily_limit.py: it spends as often as it may, once the parent lets it."""

import sys
from datetime import datetime
from decimal import Decimal
from uuid import uuid4

from kill import say

from anymedia import Attempt, Money, Order, OverCeiling
from anymedia.journal import Ledger
from anymedia.journal.opening import open_journal


async def main(job):
    ledger, passed = Ledger(open_journal(job["place"])), 0
    say("ready")
    sys.stdin.readline()
    for _ in range(job["times"]):
        attempt = Attempt(
            id=uuid4().hex,
            order=Order(provider="reapi", account="reapi", path="/", money=Money(usd=Decimal(job["price"]))),
            started_at=datetime.fromisoformat(job["when"]),
        )
        try:
            await ledger.intend(attempt, None, Decimal(job["limit"]))
            passed += 1
        except OverCeiling:
            pass
    await ledger.close()
    say("passed", passed)
