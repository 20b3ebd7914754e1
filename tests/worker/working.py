"""What tests kill: a worker in a process of its own, which may die by itself at a step that it comes to first."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress

from anymedia import Client, read_config
from anymedia.journal import Ledger
from anymedia.worker import Worker, worker
from anymedia.worker.database import Database
from tests.journal.kill import PATIENCE, Fast

SPEED = 100

STEPS = {
    "intent": (Ledger, "intend", "after"),
    "answered": (Ledger, "end", "before"),
    "accepted": (Ledger, "end", "after"),
    "bought": (Database, "follow", "before"),
    "over": (Ledger, "see", "before"),
    "seen": (Ledger, "see", "after"),
    "saved": (Database, "ended", "before"),
}
"""Where a worker can die: before or after a step of all that it does."""


def die_at(step):
    """Let this process be killed at a step."""
    owner, name, when = STEPS[step]
    method = getattr(owner, name)

    async def dying(*given, **named):
        if name == "see" and not given[1].state.final:
            return await method(*given, **named)
        if when == "after":
            await method(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("killed")

    setattr(owner, name, dying)


async def main(job):
    if job["dies"]:
        die_at(job["dies"])
    real = worker._in
    worker._in = lambda seconds: real(seconds / SPEED)
    async with (
        Client(read_config(job["config"], os.environ), clock=Fast(), patience=PATIENCE) as client,
        Worker(client, job["out"], url=job["url"], poll=0.05, heartbeat=0.3) as working,
    ):
        running = asyncio.ensure_future(working.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        print("works", flush=True)
        with suppress(asyncio.CancelledError):
            await running
    print("ended", flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
