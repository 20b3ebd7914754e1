"""What test_kill_workers.py kills and freezes: a worker of an engine that runs each job at least once.

It goes over all requests as they come in, as others do at the same time, and takes one step after the other with the
two verbs. What it was killed in the middle of, the next one takes up, which knows nothing of it.
"""

import asyncio
import os
import random
import signal
import time

from kill import PATIENCE, Fast, by_their_clock, log_to, request_of, say

from anymedia import AnymediaError, Billed, Client, SubmitUncertain, read_config

AT_ONCE = 24
TRIES = 4
PAUSE = 0.2
"""Seconds, of the real clock, until what has failed and may be tried again is."""


async def bought(client, label, provider):
    """Return the task of a request; None where it is not known to have one, which is said."""
    error = None
    for _ in range(TRIES):
        try:
            return await client.submit(request_of(label), provider, idempotency_key=label)
        except SubmitUncertain:
            say("uncertain", label)
            return None
        except AnymediaError as caught:
            error = caught
            say("again", label, type(error).__name__, one_line(error))
            await asyncio.sleep(PAUSE)
    say("refused" if error.billed is Billed.NO else "unknown", label, type(error).__name__)
    return None


async def made(client, label, task, folder):
    """Take the steps of a task until none is left."""
    for _ in range(50 * TRIES):
        try:
            step = await client.advance(task, folder)
        except AnymediaError as error:
            say("again", label, type(error).__name__, one_line(error))
            await asyncio.sleep(PAUSE)
            continue
        if step.after is None:
            say("done", label, step.task.state)
            return
        await client._session.clock.sleep(step.after)
    say("given-up", label)


def one_line(error):
    return " ".join(str(error).split())[:200]


async def one(client, job, number, room):
    label, provider = f"{job['round']}/{number}", job["providers"][number % len(job["providers"])]
    async with room:
        task = await bought(client, label, provider)
        if task is not None:
            await made(client, label, task, job["directory"])


async def main(job):
    log_to(job["log"])
    by_their_clock()
    dice = random.Random(job["seed"])
    begins = {number: job["begun"] + job["every"] * number for number in range(job["requests"])}
    order = sorted(begins, key=lambda number: begins[number] + dice.uniform(0, AT_ONCE * job["every"]))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with Client(read_config(job["config"], os.environ), clock=Fast(), patience=PATIENCE) as client:
        over = {attempt.order.labels["submit"] for attempt in await client.attempts() if is_over(attempt)}
        say("begun", len(over))
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for number in order:
                await asyncio.sleep(begins[number] - time.time())
                if f"{job['round']}/{number}" not in over:
                    await room.acquire()
                    room.release()
                    group.create_task(one(client, job, number, room))
        say("all", "over")
        await ended.wait()


def is_over(attempt):
    """Return whether nothing is left to be done for what was bought."""
    return attempt.task is not None and all(asset.kept for asset in attempt.task.assets) and attempt.task.assets
