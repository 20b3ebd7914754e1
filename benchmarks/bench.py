"""What anymedia costs over hand-written code that makes the same calls: ratios, measured in one run.

    make bench

CPU is this process's alone; the server runs in another one. Of several rounds the least counts: what disturbs a
measurement only ever adds to it.
"""

import asyncio
import gc
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import attrs
import journal
import many
import postgres
import quotes
import waits

from anymedia import Account, Client, ImageRequest, Money, State, Task, read_config
from anymedia.clock import Clock
from anymedia.pricing.price import priced
from anymedia.registry import adapters
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.encode import parts, submit
from anymedia.translate.messages import Answer

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """\
# Benchmarks

<!-- Written by `make bench`: change benchmarks/bench.py, not this page. -->

What anymedia costs over hand-written code that makes the same calls. Most figures are ratios, measured in one run:
these hold on other machines better than seconds do. CPU is that of the client's process alone; the server runs in
another one. Of several rounds the least counts, as what disturbs a measurement only ever adds to it.

Measured on {day}: {cores} cores, {system}, Python {python}. Your own figures: `make bench`.

| what | figure | |
| --- | --- | --- |
"""

ROUNDS_AT = {1: 40, 64: 40, 512: 8}
"""Rounds by how many tasks are made at a time."""

ROUNDS = 5
KEY = "sk-0123456789abcdef0123456789abcdef"
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
BODY = {"model": "flux-2", "prompt": "a lighthouse at dusk", "aspect_ratio": "16:9", "resolution": "1K"}


class NoWaiting(Clock):
    """A clock that waits for nothing, so that only work is measured."""

    async def sleep(self, seconds: float) -> None:
        """Give others their turn."""
        await asyncio.sleep(0)


async def by_hand(session: aiohttp.ClientSession, alone: aiohttp.ClientSession, origin: str) -> None:
    """Submit and look twice, as one would write it for one provider; `alone` opens a connection for each POST."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with alone.post(f"{origin}/api/v1/images/generations", json=BODY, headers=headers) as response:
        response.raise_for_status()
        task = (await response.json())["id"]
    while True:
        await asyncio.sleep(0)
        async with session.get(f"{origin}/api/v1/tasks/{task}", headers=headers) as response:
            response.raise_for_status()
            answer = await response.json()
        if answer["status"] == "completed":
            assert answer["output"]["image_urls"]
            return


async def measured(call: Callable[[], Awaitable[object]], concurrent: int, tasks: int) -> float:
    """Return the CPU seconds of one call, with so many at a time."""

    async def worker(turns: int) -> None:
        for _ in range(turns):
            await call()

    await worker(20)
    gc.collect()
    before = time.process_time()
    await asyncio.gather(*(worker(tasks // concurrent) for _ in range(concurrent)))
    return (time.process_time() - before) / tasks


def client(origin: str, file: Path | None = None) -> Client:
    """Return a client at the server, with a journal or without, and without prices that somebody fetched here."""
    data = {
        "providers": {"reapi": {"base_url": origin, "api_key_env": "K", "connections": 512}},
        "journal": {"enabled": False} if file is None else {"path": str(file)},
    }
    config = attrs.evolve(read_config(data, {"K": KEY}), live_prices=Path("none", "prices.json"))
    return Client(config, clock=NoWaiting())


async def run(client: Client) -> Task:
    """Submit a request and wait for its task."""
    return await client.wait(await client.submit(REQUEST))


BY_HAND = "by hand"


async def calls(origin: str, file: Path) -> dict[int, dict[str, float]]:
    """Return the CPU seconds of a task by how it is made, for each number at a time.

    Each way has its turn in each of many short rounds: so all of them are measured on the same machine, as busy as it
    may be.
    """
    found: dict[int, dict[str, float]] = {}
    timeout = aiohttp.ClientTimeout(total=120)
    kept, used_once = aiohttp.TCPConnector(limit=512), aiohttp.TCPConnector(limit=512, force_close=True)
    async with (
        aiohttp.ClientSession(connector=kept, timeout=timeout) as session,
        aiohttp.ClientSession(connector=used_once, timeout=timeout) as alone,
        client(origin) as anymedia,
        client(origin, file) as journalled,
    ):
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            BY_HAND: lambda: by_hand(session, alone, origin),
            "submit + wait": lambda: run(anymedia),
            "submit + wait, with the journal": lambda: run(journalled),
            "generate": lambda: anymedia.generate(REQUEST),
            "generate, with the journal": lambda: journalled.generate(REQUEST),
        }
        for concurrent, rounds in ROUNDS_AT.items():
            found[concurrent] = dict.fromkeys(ways, math.inf)
            for way in list(ways) * rounds:
                seconds = await measured(ways[way], concurrent, max(concurrent, 64))
                found[concurrent][way] = min(seconds, found[concurrent][way])
    return found


def pure(turns: int = 2000) -> float:
    """Return the CPU seconds of check, quote, encode and decode for one task with two looks."""
    adapter = adapters()["reapi"]
    origin, poll = adapter.base_url, adapter.lifecycle.poll
    account = Account(name="reapi", adapter=adapter, origin=origin)
    now = datetime.now(UTC)
    asked = Asked(adapter=adapter, account="reapi", origin=origin, model="flux-2-pro", now=now)
    pending = Answer(200, {}, b'{"id":"t","model":"flux-2","status":"processing","created_at":1735000000}')
    done = Answer(
        200,
        {},
        b'{"id":"t","model":"flux-2","status":"completed","created_at":1735000000,'
        b'"output":{"image_urls":["https://cdn.example/0.jpg"]},"error":null,"usage":{"credits":28}}',
    )
    draft = Task(id="d", provider="reapi", account="reapi", submitted_at=now, path="/p", money=Money())
    least = 1.0
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(turns):
            checked = check(REQUEST, adapter, adapter.offers[0])
            made = parts(checked)
            priced(checked, made)
            assert submit(account, None, checked.path, made[0].body, None).body
            task = submitted(asked, pending, draft)
            assert poll is not None
            task = looked(asked, poll, pending, task)
            task = looked(asked, poll, done, task)
            assert task.state is State.SUCCEEDED
        least = min(least, (time.process_time() - before) / turns)
    return least


def imports(*codes: str) -> list[float]:
    """Return the CPU seconds that each import takes over a bare interpreter."""

    def cpu(code: str) -> float:
        script = f"{code}\nimport time; print(time.process_time())"
        command = [sys.executable, "-c", script]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    runs = [[cpu(code) for code in ("", *codes)] for _ in range(9)]  # in turns, so that all meet the same disturbances
    bare, *found = (min(run) for run in zip(*runs, strict=True))
    return [each - bare for each in found]


async def memory(origin: str, waiting: int = 1000) -> float:
    """Return the bytes that a waiting task holds, with so many of them."""

    class Held(NoWaiting):
        async def sleep(self, seconds: float) -> None:
            await asyncio.get_running_loop().create_future()

    data = {"providers": {"reapi": {"base_url": origin, "api_key_env": "K"}}, "journal": {"enabled": False}}
    async with Client(read_config(data, {"K": KEY}), clock=Held()) as anymedia:
        await anymedia.submit(REQUEST)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        tasks = [asyncio.create_task(run(anymedia)) for _ in range(waiting)]
        await asyncio.sleep(0)
        while anymedia.submitting:
            await asyncio.sleep(0.05)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return (after - before) / waiting


def rows(origin: str, slow: str) -> list[tuple[str, float, str]]:
    """Measure everything, and return what was measured, its figure, and what that comes from."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        by_concurrency = asyncio.run(calls(origin, Path(folder, "journal.db")))
    for concurrent, ways in by_concurrency.items():
        hand = ways[BY_HAND]
        for way, seconds in list(ways.items())[1:]:
            name = f"{way}, over the same calls by hand, {concurrent} at a time"
            found.append((name, seconds / hand, f"{seconds * 1e6:.0f} over {hand * 1e6:.0f} µs"))
    steps = pure()
    name = "check, quote, encode and decode over the calls by hand"
    found.append((name, steps / by_concurrency[64][BY_HAND], f"{steps * 1e6:.0f} µs"))
    ours, in_use, theirs = imports("import anymedia", "from anymedia import Client, ImageRequest", "import aiohttp")
    found.append(("import anymedia over import aiohttp", ours / theirs, f"{ours * 1e3:.0f} and {theirs * 1e3:.0f} ms"))
    name = "from anymedia import Client, ImageRequest (with aiohttp) over import aiohttp"
    found.append((name, in_use / theirs, f"{in_use * 1e3:.0f} ms"))
    found.append(("memory of a waiting task, of 1,000, KiB", asyncio.run(memory(origin)) / 1024, ""))
    found += [*journal.rows(slow), *on_postgres(), *quotes.rows(), *waits.rows(), *many.rows()]
    import seen  # the last, as OpenTelemetry is told of all that comes after it is loaded

    return [*found, *seen.rows(lambda: client(origin), lambda each: each.generate(REQUEST), measured)]


def on_postgres() -> list[tuple[str, float, str]]:
    """Measure the journal on PostgreSQL, where that is installed."""
    try:
        return [*postgres.rows()]
    except postgres.NotInstalled as error:
        print(error, file=sys.stderr)
        return []


@contextmanager
def served(*options: str) -> Iterator[str]:
    """Run the server in a process of its own, and yield its origin."""
    script = [sys.executable, str(Path(__file__).with_name("server.py")), *options]
    with subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def page(found: Sequence[tuple[str, float, str]]) -> str:
    """Return the page that shows these figures."""
    head = HEAD.format(
        day=datetime.now(UTC).date(), cores=os.cpu_count(), python=platform.python_version(), system=platform.system()
    )
    return head + "".join(map(line, found))


def line(found: tuple[str, float, str]) -> str:
    """Return the line of the page that shows a figure."""
    name, figure, detail = found
    return f"| {name.replace('|', '/')} | {figure:.2f} | {detail} |\n"


def replaced(text: str, found: Sequence[tuple[str, float, str]]) -> str:
    """Return the page with these figures in the place of those of the same names, or behind the journal's."""
    starts = tuple(f"| {name.replace('|', '/')} |" for name, _, _ in found)
    kept = [each for each in text.splitlines(keepends=True) if not each.startswith(starts)]
    ends = (number for number, each in enumerate(kept, 1) if each.startswith("| submit with the journal"))
    place = max(ends, default=len(kept))
    return "".join([*kept[:place], *map(line, found), *kept[place:]])


def main() -> int:
    """Print one table, or the figures as JSON with --json; with --write it becomes a page of docs/ too."""
    with served() as origin, served("0.2") as slow:
        found = rows(origin, slow)
    if "--json" in sys.argv:
        print(json.dumps({name: figure for name, figure, _ in found}, indent=2))
        return 0
    if "--write" in sys.argv:
        PAGE.write_text(page(found), "utf-8")
    for name, figure, detail in found:
        print(f"{name:77} {figure:7.2f}   {detail}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
