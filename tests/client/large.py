"""A process that buys a large file of a provider whose answer it is, and says how much memory that took."""

import asyncio
import json
import sys
from pathlib import Path

from anymedia import Account, Client, Config, RawRequest, Secret
from anymedia.declare import Endpoint, Reply
from anymedia.journal import SQLiteJournal
from tests.core.acme import acme

TONE = acme(submit=Endpoint(method="POST", path="/v1/speech", reply=Reply(files="@")))
REQUEST = RawRequest(provider="acme", path="/v1/speech", body={"text": "Good morning"}, kind="speech")


def peak():
    """Return the most memory that this process has had, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def bought(origin, folder):
    """Buy twice and save, a small file first, and return the second result and the memory that it took."""
    account = Account(name="acme", adapter=TONE, origin=origin, api_key=Secret("k"))
    journal = SQLiteJournal(folder / "journal.db")
    async with Client(Config(accounts={"acme": account}, journal=None), journal=journal) as client:
        await client.download(await client.submit(REQUEST), folder)
        before = peak()
        (saved,) = await client.download(await client.submit(REQUEST), folder)
    await journal.close()
    return {"length": saved.path.stat().st_size, "sha256": saved.sha256, "memory": peak() - before}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(bought(sys.argv[1], Path(sys.argv[2])))))
