"""Workers, what puts requests in, and batches, at simulators, over one journal and a queue in PostgreSQL."""

import asyncio
from contextlib import asynccontextmanager

import attrs
import pytest

from anymedia import Client, ImageRequest, read_config
from anymedia.simulators import in_thread
from anymedia.worker import Queue, Worker, Workers
from anymedia.worker import worker as working
from tests.journal.kill import PATIENCE, Fast

SPEED = 100
PROVIDERS = ("kie", "bfl", "reapi", "runapi")
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse", aspect_ratio="16:9", resolution="1K")


def asked(number, **changes):
    """Return the request of a number, which its prompt tells."""
    return attrs.evolve(REQUEST, prompt=f"lighthouse {number}", **changes)


@attrs.define
class World:
    """The simulators, a journal that all share, a database for the queue, and a folder for files."""

    sims: object
    data: dict
    url: str
    folder: object

    @property
    def config(self):
        return read_config(self.data, self.sims.environ)

    @asynccontextmanager
    async def client(self, clock=None):
        async with Client(self.config, clock=clock or Fast(), patience=PATIENCE) as made:
            yield made

    @asynccontextmanager
    async def worker(self, where="out", **options):
        """A worker that works, until it has ended by itself or by this."""
        async with (
            self.client() as client,
            Worker(client, self.folder / where, url=self.url, poll=0.05, heartbeat=0.5, **options) as worker,
        ):
            running = asyncio.create_task(worker.run())
            try:
                yield worker
            finally:
                running.cancel()
                await asyncio.wait({running}, timeout=30)

    def queue(self, **options):
        return Queue(self.config, url=self.url, **options)

    def workers(self):
        return Workers(self.config, url=self.url)

    def bills(self):
        """Return how many tasks were billed, by simulator."""
        billed = {}
        for one in self.sims:
            kept = [entry for entry in one.bills()["entries"] if entry["charged"] != entry["refunded"]]
            billed |= {one.name: len(kept)} if kept else {}
        return billed

    def files(self, where="out"):
        folder = self.folder / where
        return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


async def ended(queue, key):
    """Return how a request stands once nothing more comes of it."""
    async with asyncio.timeout(60):
        while (standing := await queue.result(key)) is None or not standing.is_over:
            await asyncio.sleep(0.02)
        return standing


@pytest.fixture
def sooner(monkeypatch):
    """Let jobs come again as fast as time goes at the simulators."""
    real = working._in
    monkeypatch.setattr(working, "_in", lambda seconds: real(seconds / SPEED))


@pytest.fixture
def simulators():
    with in_thread(*PROVIDERS, speed=SPEED) as sims:
        yield sims


@pytest.fixture
def journal(postgres_url, tmp_path):
    """The table [journal] of those who share one: in the database of the queue."""
    return {"url": postgres_url, "folder": str(tmp_path / "state"), "lease": 3}


@pytest.fixture
def world(sooner, simulators, journal, postgres_url, tmp_path):
    return World(simulators, {**simulators.config, "journal": journal}, postgres_url, tmp_path)
