"""One process of test_limits_together.py: it submits and looks as fast as it may, until the parent ends that.

How long a submit holds its slot, from the permit to the answer, is what it takes of a limit beside the window.
"""

import asyncio
import json
import os
import sys
import time

from kill import say

from anymedia import AnymediaError, Client, ImageRequest, read_config
from anymedia.limits.permits import Permit


def measured(held):
    """Have every permit tell how long it was held."""
    connect, answered = Permit._connect, Permit.answered

    async def _connect(permit, limits):
        permit.began = time.monotonic()
        await connect(permit, limits)

    def _answered(permit):
        if permit._is_sending and permit._arrived:
            held.append(time.monotonic() - permit.began)
        answered(permit)

    Permit._connect, Permit.answered = _connect, _answered


async def main(job):
    held, failed, bought = [], [], []
    over = asyncio.Event()
    measured(held)

    async def buys(provider, *, to_the_end):
        while True:
            try:
                task = await client.submit(ImageRequest(**job["request"]), provider)
                bought.append(task)
                while to_the_end and not task.state.final:
                    await asyncio.sleep(job["pause"])
                    task = await client.get(task)
            except AnymediaError as error:
                if not over.is_set():
                    failed.append(repr(error))
                return

    async def looks(provider):
        while True:
            of_it = [task for task in bought if task.account == provider][-1:]
            await (client.get(of_it[0]) if of_it else asyncio.sleep(0.05))

    async with Client(read_config(job["config"], os.environ)) as client:
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        works = [buys("kie", to_the_end=False) for _ in range(2)]
        works += [looks("kie") for _ in range(2 * job["looks"])]
        works += [buys("bfl", to_the_end=True) for _ in range(job["tasks"])]
        going = [asyncio.create_task(work) for work in works]
        await asyncio.to_thread(sys.stdin.readline)
        over.set()
        for each in going:
            each.cancel()
        await asyncio.gather(*going, return_exceptions=True)
    say("came", json.dumps({"held": held, "failed": failed}))
