"""A process that has bought something when its database goes away: `python -m tests.journal.away URL FOLDER`.

It says how far it is, and goes on at each line that it reads; it is killed at last.
"""

import asyncio
import sys

from anymedia.journal import Ledger, open_journal
from tests.journal.test_ledger import accepted, tried


async def main(url, folder):
    journal = open_journal(url, folder=folder)
    journal.server.patience = 0.1
    ledger = Ledger(journal)
    await ledger.intend(tried(1, None), None)
    print("bought", flush=True)
    sys.stdin.readline()
    await ledger.end(accepted(tried(1, None)))
    print("kept", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
