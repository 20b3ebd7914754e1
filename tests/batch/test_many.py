"""Very many rows: fair over accounts, within the bound on what is in flight, in a memory that does not grow."""

import asyncio
import gc
import json
import tracemalloc
from itertools import count
from types import SimpleNamespace

import pytest

from anymedia import Client, Row, Secret, read_config
from anymedia.engine.lanes import Lanes
from anymedia.engine.rate import Rate
from anymedia.journal import MemoryJournal
from anymedia.translate.messages import Answer
from tests.core.time_loop import Time, timed

from .playing import asked, rows


class Provider:
    """A provider in this process, whose tasks take so many seconds by account; `most` were under way at once."""

    def __init__(self, **seconds):
        self.seconds = seconds
        self.numbers = count()
        self.going = {}
        self.most = {}
        self.ended = []

    async def send(self, account, call, progress, credentials):
        progress.connected = True
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
        if call.method == "POST":
            name = f"task_{next(self.numbers)}"
            self.going[name] = account.name, now + self.seconds[account.name]
            self.most[account.name] = max(self.most.get(account.name, 0), self.of(account.name))
            return self.answer(id=name, status="processing")
        name = call.url.rpartition("/")[2]
        if now < self.going[name][1]:
            return self.answer(id=name, status="processing")
        self.ended.append(self.going.pop(name)[0])
        return self.answer(id=name, status="completed", output={"image_urls": ["https://a.example/0.jpg"]})

    def of(self, name):
        return sum(account == name for account, _ in self.going.values())

    def answer(self, **said):
        return Answer(200, {}, json.dumps({"model": "flux-2", "created_at": 1_800_000_000, **said}).encode())


def client_of(provider, journal=None, clock=None, **accounts):
    """Return a client whose accounts are all at one provider, in this process."""
    tables = {
        name: {"adapter": "reapi", "api_key": Secret(f"key-of-{name}"), **table} for name, table in accounts.items()
    }
    client = Client(read_config({"providers": tables}, {}), clock=clock or Time(), journal=journal or MemoryJournal())
    client._session._transport = SimpleNamespace(send=provider.send, close=lambda: asyncio.sleep(0))
    return client


def test_a_slow_account_never_takes_all_places_while_another_could_go_on():
    provider = Provider(slow=500, fast=1)
    wanted = [Row(request=asked(number), accounts=("slow",)) for number in range(40)]
    wanted += [Row(request=asked(number), accounts=("fast",)) for number in range(40)]

    async def main():
        async with client_of(provider, slow={}, fast={}) as client:
            batch = client.batch(wanted, name="shots", at_once=10)
            most = 0
            async for end in batch:
                assert end.state == "done"
                most = max(most, batch.progress.under_way)
            return batch.end, most

    end, most = timed(main())
    assert (end.done, most) == (80, 10)
    # The fast one had at least half of the places until it had nothing left, and the slow one all of them then.
    assert provider.ended[:40] == ["fast"] * 40
    assert provider.most == {"slow": 10, "fast": 5}


def test_lanes_take_turns_and_what_one_does_not_use_goes_to_the_others():
    lanes = Lanes()
    for row, lane in enumerate("aaaabbc"):
        lanes.add((lane,), row)
    assert [lanes.next() for _ in range(5)] == [0, 4, 6, 1, 5]
    lanes.close(0)
    assert (lanes.next(), lanes.of(4)) == (None, ("b",))
    lanes.add((), 7)
    assert (lanes.next(bought=True), lanes.next(bought=True)) == (7, None)
    lanes.ended(4)
    lanes.add(("b",), 8)
    lanes.add(("c",), 9)
    assert lanes.next() == 9  # one of each is under way, and b had the last turn
    assert list(lanes.left()) == [2, 3, 8]
    assert list(lanes.left()) == []


def test_the_rate_is_that_of_the_last_minutes_and_says_when_all_will_be_over():
    provider = Provider(one=10)

    async def main():
        async with client_of(provider, one={"limits": {"active": 2}}) as client:
            batch = client.batch(rows(100), "one", name="shots")
            seen = [(end, batch.progress) async for end in batch]
            return seen, asyncio.get_running_loop().time()

    seen, seconds = timed(main())
    middle = seen[49][1]
    assert middle.done + middle.under_way + middle.waiting == 100
    assert middle.rate == pytest.approx(100 / seconds, rel=0.1)
    assert middle.seconds_left == pytest.approx(seconds / 2, rel=0.15)
    assert seen[0][1].seconds_left > middle.seconds_left > seen[-1][1].seconds_left == 0


def test_the_rate_looks_back_over_minutes_and_over_a_thousand_ends(clock):
    rate = Rate(clock)
    assert rate.per_second is None
    rate.ended()
    assert rate.per_second is None  # nobody knows yet how long one takes
    for _ in range(3000):
        clock.seconds += 0.125
        rate.ended()
    assert rate.per_second == pytest.approx(8, rel=0.01)
    clock.seconds += 250
    assert rate.per_second == pytest.approx(400 / 300, rel=0.01)  # those of 50 seconds
    clock.seconds += 60
    assert rate.per_second is None


class Forgetful(MemoryJournal):
    """A journal that forgets what is over: one on disk takes no memory for it either."""

    async def write(self, change):
        done = await super().write(change)
        memory = self.memory
        if len(memory.entries) > 100:
            over = [entry for entry in memory.entries.values() if not entry.open]
            for entry in over:
                memory.by_task.pop((entry.account, entry.task_id), None)
                for known in (memory.entries, memory.moves, memory.took):
                    known.pop(entry.id, None)
            memory.released.clear()
        return done


def grown(number):
    """Return by how many bytes the client of a batch of so many rows grows while that is run, at its most."""
    provider, wanted = Provider(one=3), rows(number)

    async def main():
        async with client_of(provider, Forgetful(), one={}) as client:
            batch, most = client.batch(wanted, "one", name="shots", at_once=20), 0
            gc.collect()
            tracemalloc.start()
            async for end in batch:
                assert end.state == "done"
                if end.number % 50 == 0:
                    gc.collect()
                    most = max(most, tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
            return most

    return timed(main())


def test_memory_does_not_grow_with_the_rows_that_are_done():
    grown(10)  # what is loaded once
    few, many = grown(50), grown(500)
    assert (many - few) / 450 < 2500
