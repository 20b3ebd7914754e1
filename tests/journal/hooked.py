"""One process of test_hooked.py: it buys and waits, or takes webhooks; its clock goes on when the parent says so.

Where it is told to, it dies before or after a step.
"""

import asyncio
import os
import sys

from aiohttp import web
from kill import die, say

from anymedia import Attempt, Client, ImageRequest, SubmitUncertain, read_config
from anymedia.testing import FakeClock
from anymedia.transport.retry import Patience
from anymedia.webhooks import routes

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", resolution="1K")


class Stepped(FakeClock):
    """A clock whose sleeps are told to the parent, and end when it writes a line."""

    def __init__(self, seconds, lines):
        super().__init__(seconds)
        self.lines = lines

    async def sleep(self, seconds):
        say("sleeps", seconds)
        await self.lines.readline()
        self.seconds += seconds


def dying(step, when):
    """Return a step before or after which the process dies."""

    async def last(*arguments, **named):
        if when == "before":
            die()
        await step(*arguments, **named)
        die()

    return last


def listening(job):
    def told(event):
        if job["dies"] == "told" and not isinstance(event, Attempt) and event.state.final:
            die()

    return told


async def buy(client, job):
    try:
        task = await client.submit(REQUEST, job["provider"])
    except SubmitUncertain:
        say("uncertain")
        return
    say("submitted", task.id)
    began = client._session.clock.seconds
    done = await client.wait(task)
    say("came", done.state, client._session.clock.seconds - began)
    await client.download(done, job["folder"])
    say("fetched")


async def take(client, job):
    def answered(delivery):
        if job["dies"] == "answered":
            die()
        say("took", delivery.status)

    app = web.Application()
    app.add_routes(routes(client, on_delivery=answered))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", job["port"], reuse_port=True).start()
    say("serves")


async def main(job):
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    clock = Stepped(job["seconds"], lines)
    config = read_config(job["config"], os.environ)
    client = Client(config, clock=clock, on_event=listening(job), patience=Patience(tries=1))
    when, _, step = (job["dies"] or "").partition(" ")
    if step:
        setattr(client._ledger, step, dying(getattr(client._ledger, step), when))
    async with client:
        await (take if job["port"] else buy)(client, job)
        await loop.create_future()  # until it is killed
