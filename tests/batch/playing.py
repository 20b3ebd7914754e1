"""Batches at simulators, in virtual time: what a run comes to, and what was billed for it."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import attrs

from anymedia import Client, ImageRequest, read_config
from anymedia.journal import SQLiteJournal
from anymedia.simulators import running
from tests.journal.test_left import die as kill
from tests.machine.virtual import Loop, LoopClock, slow_way
from tests.providers import FOUR

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse", aspect_ratio="16:9", resolution="1K")


def asked(number, **changes):
    """Return the request of a number, which its prompt tells."""
    return attrs.evolve(REQUEST, prompt=f"lighthouse {number}", **changes)


async def die(client):
    """Do to a client what the end of its process does: nothing is written any more, every connection is reset."""
    journal = client.journal

    def gone(item):
        if item.loop is not None:
            item.future.cancel()

    journal._store._put = gone
    kill(journal)
    dying = [task for task in asyncio.all_tasks() if not of_a_server(task) and task is not asyncio.current_task()]
    while dying := [task for task in dying if not task.done()]:
        for task in dying:
            task.cancel()
        await asyncio.sleep(0)
    if client._session._transport is not None:
        await client._session._transport.close()


def of_a_server(task):
    name = task.get_coro().cr_code.co_filename
    return "web_protocol" in name or "simulators" in name


def rows(count, **changes):
    return [asked(number, **changes) for number in range(1, count + 1)]


@attrs.define
class Shop:
    """The simulators, and clients that share a journal."""

    sims: object
    clock: LoopClock
    folder: object
    tables: dict
    heard: list = attrs.field(factory=list)

    @asynccontextmanager
    async def client(self, **changes):
        """A client of its own, which is closed; its journal is on disk."""
        client = self.opened(**changes)
        try:
            yield client
        finally:
            await client.close()
            await client.journal.close()

    def opened(self, **changes):
        data = self.sims.config
        for name, table in self.tables.items():
            data["providers"][name] |= table
        data |= changes
        journal = SQLiteJournal(self.folder / "journal.db")
        self.clock.loop.slow_down(journal)
        return Client(
            read_config(data, self.sims.environ), clock=self.clock, journal=journal, on_event=self.heard.append
        )

    def billed(self):
        """Return how often each prompt is billed, over all providers."""
        found = Counter()
        for sim in self.sims:
            sim.bills()  # what has failed by now is refunded
            found.update(t.order.prompt for t in sim.service.tasks.values() if t.order.price > t.refunded)
        return found

    def calls(self):
        """Return how many calls came to all of them from now on, as a list that grows."""
        calls = []
        for sim in self.sims:
            answer = sim.service.answer
            sim.service.answer = lambda request, answer=answer: calls.append(request) or answer(request)
        return calls

    async def run(self, wanted, *accounts, client=None, **options):
        """Run a batch with a client of its own; return how it ended, and the end of each row."""
        ends = []
        options = {"name": "shots", "where": self.folder / "out"} | options
        if client is not None:
            return await client.batch(wanted, *accounts, **options).run(ends.append), ends
        async with self.client() as client:
            return await client.batch(wanted, *accounts, **options).run(ends.append), ends

    @property
    def submits(self):
        return sum(sim.bills()["submits"] for sim in self.sims)


def played(main, folder, *, names=FOUR, **tables):
    """Run main(shop) in virtual time at these simulators, and return what it returns."""

    async def play(clock):
        async with running(*names, clock=clock.time) as sims:
            return await main(Shop(sims, clock, folder, tables))

    with slow_way(0.2), asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(play(LoopClock(runner.get_loop())))
