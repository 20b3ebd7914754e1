"""Ten thousand tasks that wait in one process, half of them for webhooks: what each holds, costs, and when it is known.

    python benchmarks/many.py [TASKS]

The providers are simulators in a process of their own, over HTTP and in real time. Their tasks take two to four
minutes, and the journal knows that of earlier ones. Half the tasks are at four accounts that are looked at; the others
at four whose webhooks come in over HTTP to `Client.receive`: two sign what they tell, one the id alone, one has the
token alone. Memory, CPU and how late the event loop is are those of the client's process, while all wait and while they
end.
"""

import asyncio
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import attrs
from aiohttp import web
from aiohttp.test_utils import unused_port
from spread import TICK

from anymedia import Account, Attempt, Client, Config, ImageRequest, Money, Order, Outcome, State, read_config
from anymedia.journal import Ledger, SQLiteJournal
from anymedia.webhooks import routes

TASKS = 10_000
POLLED = {f"reapi_{number}": "reapi" for number in range(1, 5)}
TOLD = {name: name for name in ("api_in_one", "kie", "replicate", "runapi")}
LASTS = (120.0, 240.0)
"""Seconds that a task takes, at least and at most: all are submitted before the first is done."""
FIRST = 2.0
"""Seconds that the first task takes at each account with webhooks: its webhook shows that they come."""
KNOWN = 32
WATCHED = 20.0
"""Seconds for which is measured what it costs that all wait."""
UNLIMITED = {"submits": [1_000_000, 1], "polls": [1_000_000, 1]}
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")


# The providers, in a process of their own


def provide() -> None:
    """Serve; tell first where, and for each line that comes what they have counted since."""
    from anymedia.simulators import in_thread

    with in_thread(*dict.fromkeys((*POLLED.values(), *TOLD.values()))) as simulators:
        for one in simulators:
            _lasting(one.service)
        print(json.dumps([simulators.config["providers"], simulators.environ]), flush=True)
        for line in sys.stdin:
            told = {one.name: _counted(one.service, ends=line == "ends\n") for one in simulators}
            print(json.dumps(told), flush=True)


def _lasting(service: Any) -> None:
    """Let tasks take as long as LASTS says, and nobody run out of money."""
    service.balance, chance = 10**9, random.Random(service.name)

    def takes(_: object) -> tuple[float, float]:
        return (0.0, FIRST if service.name in TOLD and not service.tasks else chance.uniform(*LASTS))

    service.takes = takes


def _counted(service: Any, *, ends: bool) -> dict[str, Any]:
    done = {task.id: task.ends for task in [*service.tasks.values()]} if ends else {}
    return {"polls": service.bills()["polls"], "ends": done}


@attrs.frozen
class Provided:
    """The providers' process, their accounts, and their keys."""

    process: subprocess.Popen[str]
    accounts: Mapping[str, Any]
    environ: Mapping[str, str]

    def counted(self, word: str = "") -> dict[str, Any]:
        """Return what they have counted, with when each task ended where the word is "ends"."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def provided() -> Iterator[Provided]:
    """Run the providers."""
    script = [sys.executable, __file__, "--provide"]
    with subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Provided(process, *json.loads(process.stdout.readline()))
        finally:
            process.kill()


# The client


def configured(there: Provided, folder: Path, port: int) -> Config:
    """Return a configuration in which each of the accounts has no limit but its connections."""
    accounts = {name: there.accounts[of] | {"adapter": of, "limits": UNLIMITED} for name, of in (POLLED | TOLD).items()}
    hooks = {"url": f"http://127.0.0.1:{port}/hooks"}
    data = {"providers": accounts, "journal": {"path": str(folder / "journal.db")}, "webhooks": hooks}
    return read_config(data, there.environ)


async def taught(config: Config) -> None:
    """Write down of each provider that tasks like these took as long as they will."""
    ledger = Ledger(SQLiteJournal(config.journal))
    async with Client(config) as client:
        offers = {name: client.quote(REQUEST, name)[0].offer for name in (next(iter(POLLED)), *TOLD)}
    for account, offer in offers.items():
        for attempt in _earlier(config.account(account), offer):
            await ledger.intend(attempt, None)
            task = attempt.draft(uuid4().hex)
            await ledger.end(attrs.evolve(attempt, outcome=Outcome.ACCEPTED, ended_at=attempt.started_at, task=task))
            lasts = random.uniform(*LASTS)
            await ledger.see(attrs.evolve(task, state=State.SUCCEEDED), took=(lasts - 1.0, lasts + 1.0))
    await ledger.close()


def _earlier(account: Account, offer: str) -> Iterator[Attempt]:
    """Yield attempts of yesterday."""
    order = Order(
        provider=account.adapter.name,
        account=account.name,
        offer=offer,
        model=REQUEST.model,
        variant="text",
        path="/",
        money=Money(),
    )
    for _ in range(KNOWN):
        yield Attempt(id=uuid4().hex, order=order, started_at=datetime.now(UTC) - timedelta(days=1))


@asynccontextmanager
async def receiving(client: Client, port: int) -> AsyncIterator[None]:
    """Take webhooks in the process that waits."""
    app = web.Application()
    app.add_routes(routes(client))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def resident() -> int:
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Waiting:
    """Tasks that one client waits for, and when it knew of each that it was done, by provider and task."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, float]] = {name: {} for name in (*POLLED.values(), *TOLD)}
        self._accepted = 0

    def told(self, event: object) -> None:
        """Count the tasks that are accepted."""
        self._accepted += isinstance(event, Attempt) and event.outcome is Outcome.ACCEPTED

    async def begun(self, client: Client, number: int, accounts: Collection[str]) -> list[asyncio.Task[None]]:
        """Return the waits for so many tasks at each account, once all are accepted."""
        accepted = self._accepted + number * len(accounts)
        waits = [asyncio.create_task(self._one(client, name)) for _ in range(number) for name in accounts]
        while self._accepted < accepted:
            await asyncio.sleep(0.05)
        return waits

    async def _one(self, client: Client, account: str) -> None:
        result = await client.generate(REQUEST, account, timeout=3 * LASTS[1])
        (task,) = result.tasks
        self.known[task.provider][task.id] = time.time()


class Busy:
    """The CPU seconds of this process while something goes on, and by how much they made the event loop late.

    It is late by no more CPU than was used meanwhile: what else this machine does counts for nothing. `pauses` are the
    seconds of CPU for which Python looked through all that the process holds for garbage, and did nothing else.
    """

    def __init__(self) -> None:
        self.cpu: float = 0.0
        self.lags: list[float] = []
        self.pauses: list[float] = []
        self._paused = 0.0

    async def during(self, work: Awaitable[object]) -> "Busy":
        """Measure until something is over."""
        gc.callbacks.append(self._collects)
        watch, before = asyncio.create_task(self._watch()), time.process_time()
        await work
        self.cpu = time.process_time() - before
        watch.cancel()
        gc.callbacks.remove(self._collects)
        self.lags.sort()
        return self

    async def _watch(self) -> None:
        while True:
            before, cpu = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK)
            late = time.perf_counter() - before - TICK
            self.lags.append(min(late, time.process_time() - cpu))

    def _collects(self, phase: str, about: Mapping[str, int]) -> None:
        if about["generation"] == len(gc.get_threshold()) - 1:
            if phase == "start":
                self._paused = time.process_time()
            else:
                self.pauses.append(time.process_time() - self._paused)


@attrs.frozen(kw_only=True)
class Found:
    """What was measured: bytes of a task, how busy the process was while all wait, and while they end.

    `looks` and `late` (how many seconds later than it was done that was known of each task) are by provider.
    """

    tasks: int
    memory: float
    looks_a_second: float
    waiting: Busy
    ending: Busy
    looks: Mapping[str, int]
    late: Mapping[str, Sequence[float]]


async def measured(there: Provided, folder: Path, tasks: int) -> Found:
    """Wait for so many tasks at once."""
    config = configured(there, folder, unused_port())
    await taught(config)
    waiting = Waiting()
    async with (
        Client(config, on_event=waiting.told) as client,
        receiving(client, urlsplit(config.webhooks or "").port or 0),
    ):
        await asyncio.gather(*await waiting.begun(client, 1, TOLD))
        before, memory = there.counted(), resident()
        waits = await waiting.begun(client, tasks // len(POLLED | TOLD), POLLED | TOLD)
        memory = resident() - memory
        began = there.counted()
        all_wait = await Busy().during(asyncio.sleep(WATCHED))
        looks = sum(each["polls"] - began[name]["polls"] for name, each in there.counted().items())
        assert not any(wait.done() for wait in waits), "some tasks were done before all were accepted"
        they_end = await Busy().during(asyncio.gather(*waits))
    after = there.counted("ends")
    return Found(
        tasks=len(waits),
        memory=memory / len(waits),
        looks_a_second=looks / WATCHED,
        waiting=all_wait,
        ending=they_end,
        looks={name: each["polls"] - before[name]["polls"] for name, each in after.items()},
        late={
            name: sorted(at - after[name]["ends"][task] for task, at in known.items())
            for name, known in waiting.known.items()
        },
    )


def part(values: Sequence[float], share: float) -> float:
    """Return what such a share of sorted values does not pass."""
    return values[min(int(len(values) * share), len(values) - 1)]


WAYS = {
    "looked at": tuple(dict.fromkeys(POLLED.values())),
    "with webhooks that are answers": ("replicate", "runapi"),
    "with webhooks that are hints": ("api_in_one", "kie"),
}


def rows(tasks: int = TASKS) -> Iterator[tuple[str, float, str]]:
    """Measure everything."""
    with provided() as there, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(there, Path(folder), tasks))
    of = f"{found.tasks:,} waiting tasks"
    yield f"memory of one of {of}, KiB", found.memory / 1024, "half of them with webhooks"
    looks = f"{found.looks_a_second:.0f} looks a second"
    yield f"CPU of 1,000 of {of}, % of a core", found.waiting.cpu / WATCHED / found.tasks * 1e5, looks
    each = f"{found.ending.cpu / found.tasks * 1e3:.1f} ms each, with all of its looks and its webhook"
    yield f"CPU from the first end of {of} to the last, s", found.ending.cpu, each
    for when, busy in (("wait", found.waiting), ("end", found.ending)):
        most = (
            f"{busy.lags[-1] * 1e3:.0f} ms at most, {max(busy.pauses, default=0.0) * 1e3:.0f} ms for Python's garbage"
        )
        yield f"the event loop is late while {of} {when}, ms, 99 % of times", part(busy.lags, 0.99) * 1e3, most
    for way, names in WAYS.items():
        late = sorted(seconds for name in names for seconds in found.late[name])
        looks = sum(found.looks[name] for name in names) / len(late)
        known = f"known {sum(late) / len(late):.2f} s after it is done, 99 % within {part(late, 0.99):.2f} s"
        yield f"looks at one of {of}, {way}", looks, known


def main(tasks: int = TASKS) -> int:
    """Print what was measured."""
    for name, figure, detail in rows(tasks):
        print(f"{name:77} {figure:7.2f}   {detail}")
    return 0


if __name__ == "__main__":
    if "--provide" in sys.argv:
        provide()
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
