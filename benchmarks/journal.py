"""What the journal costs: writes that are on disk, by the second, and what a submit waits for them.

Ratios, measured in one run; the best of several rounds counts, as what disturbs a measurement only ever adds to it.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from anymedia import Attempt, Client, ImageRequest, Money, Order, read_config
from anymedia.journal import Ledger, SQLiteJournal, group_commit

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")
BODY = b'{"model":"flux-2","prompt":"a lighthouse at dusk","aspect_ratio":"16:9","resolution":"1K"}'
PRODUCERS = 64
ROUNDS = 5


def attempt() -> Attempt:
    """Return an attempt as a submit writes it down."""
    return Attempt(
        id=uuid4().hex,
        order=Order(
            provider="reapi",
            account="reapi",
            offer="reapi/flux-2",
            model="flux-2-pro",
            wire_id="flux-2",
            path="/api/v1/images/generations",
            money=Money(),
        ),
        started_at=datetime.now(UTC),
    )


async def writes(ledger: Ledger, producers: int, each: int) -> float:
    """Return how many attempts a second are on disk, with so many at a time that each wait for theirs; then close."""

    async def producer(attempts: list[Attempt]) -> None:
        for each in attempts:
            await ledger.intend(each, BODY)

    await ledger.intend(attempt(), BODY)
    all_of = [[attempt() for _ in range(each)] for _ in range(producers)]
    before = time.perf_counter()
    await asyncio.gather(*map(producer, all_of))
    seconds = time.perf_counter() - before
    await ledger.close()
    return producers * each / seconds


def fastest(folder: Path, together: int, each: int) -> float:
    """Return the most writes a second of several rounds, with so many changes at most in one commit."""
    usual, group_commit.MOST = group_commit.MOST, together
    try:
        found = []
        for _ in range(ROUNDS):
            ledger = Ledger(SQLiteJournal(folder / uuid4().hex / "journal.db"))
            found.append(asyncio.run(writes(ledger, PRODUCERS, each)))
        return max(found)
    finally:
        group_commit.MOST = usual


async def submits(origin: str, journal: Path | None, concurrent: int, turns: int) -> float:
    """Return the seconds that so many submits at a time take, several times in a row."""
    data = {
        "providers": {"reapi": {"base_url": origin, "api_key_env": "K", "connections": 512}},
        "journal": {"enabled": False} if journal is None else {"path": str(journal)},
    }
    async with Client(read_config(data, {"K": "key"})) as client:
        await asyncio.gather(*(client.submit(REQUEST) for _ in range(concurrent)))
        before = time.perf_counter()
        for _ in range(turns):
            await asyncio.gather(*(client.submit(REQUEST) for _ in range(concurrent)))
        return time.perf_counter() - before


def rows(slow: str) -> Iterator[tuple[str, float, str]]:
    """Measure everything, at a server that takes 200 ms for an answer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        together, alone = fastest(folder, group_commit.MOST, 40), fastest(folder, 1, 40)
        detail = f"{together:,.0f} and {alone:,.0f} a second"
        yield f"durable writes of {PRODUCERS} at a time over one commit a write", together / alone, detail
        for concurrent in (1, PRODUCERS):
            without, journalled = [], []
            for turn in range(ROUNDS):
                without.append(asyncio.run(submits(slow, None, concurrent, 3)))
                journalled.append(asyncio.run(submits(slow, folder / f"{turn}" / "journal.db", concurrent, 3)))
            ratio = min(journalled) / min(without)
            yield f"submit with the journal over without, 200 ms, {concurrent} at a time", ratio, ""
