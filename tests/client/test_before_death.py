"""Every result is where it is to be before its URL dies: links that live a minute, a slow CDN, a fifth of it failing.

Clients, simulators and receivers share one loop of virtual time. What holds is what the simulators say: how often each
result was fetched, when, and what they drew.
"""

import asyncio
import hashlib
from contextlib import contextmanager
from unittest.mock import patch

import attrs
import pytest
from aiohttp import web

from anymedia import Client, ImageRequest, read_config
from anymedia.journal import MemoryJournal
from anymedia.simulators import CDN, running
from anymedia.storage import storage_of
from anymedia.transport.part import Part
from anymedia.transport.store import Store
from anymedia.webhooks import routes
from tests.machine.virtual import Loop, LoopClock
from tests.ports import unused_port

LIFE = 60.0
"""Seconds for which links live."""

CDN_OF_ALL = CDN(link_life=LIFE, delay=2, rate=10_000, failing=0.2, seed=18)

PROVIDERS = ("api_in_one", "bfl", "fal", "kie", "reapi", "replicate", "revidapi", "runapi")
EACH = 5
REQUESTS = [
    (provider, ImageRequest(model="flux-2-pro", prompt=f"dusk {number}"))
    for number in range(EACH)
    for provider in PROVIDERS
]


def declaring(config, lives):
    """Return a configuration whose adapters say how long results live; of others nobody says."""

    def said(account):
        adapter = account.adapter
        known = {name: attrs.evolve(life, expires=lives.get(account.name)) for name, life in adapter.lives.items()}
        usual = known.pop(None)
        return attrs.evolve(account, adapter=attrs.evolve(adapter, lifecycle=usual, lifecycles=known))

    return attrs.evolve(config, accounts={name: said(account) for name, account in config.accounts.items()})


@attrs.define
class World:
    """The simulators, a journal that outlives its clients, and where results are to go."""

    sims: object
    clock: LoopClock
    where: object
    journal: MemoryJournal = attrs.field(factory=MemoryJournal)
    lives: dict = attrs.field(factory=lambda: dict.fromkeys(PROVIDERS, LIFE))
    port: int = 0
    storage: object = None
    kept: dict = attrs.field(factory=dict)
    """When each file was where it is to be, by its digest."""
    drawn: dict = attrs.field(factory=dict)

    def client(self):
        """Return a client that is not open yet."""
        hooks = {"webhooks": {"url": f"http://127.0.0.1:{self.port}/hooks"}} if self.port else {}
        config = declaring(read_config({**self.sims.config, **hooks}, self.sims.environ), self.lives)
        config = attrs.evolve(config, storage=self.storage)
        return Client(config, clock=self.clock, journal=self.journal)

    @property
    def served(self):
        """Every result that was fetched, as it was served."""
        return [served for one in self.sims for served in one.service.results.values()]

    def entries(self):
        return [entry for one in self.sims for entry in one.bills()["entries"]]


@contextmanager
def noting(world):
    """Note when each file gets its name in a folder, or is in a bucket; no virtual time passes while a bucket is asked,
    which other threads do."""
    named, put, exists = Part.named, Store.put, Store.exists

    def note(digest):
        assert digest not in world.kept, "it was kept twice"
        world.kept[digest] = world.clock.time()

    def noted(part, path):
        named(part, path)
        note(part.sha256)

    async def noted_put(store, key, source, *more, **options):
        digest = sha256(source.read_bytes())
        await hold(put(store, key, source, *more, **options))
        note(digest)

    async def hold(work):
        return await asyncio.get_running_loop().hold(asyncio.ensure_future(work))

    with (
        patch.object(Part, "named", noted),
        patch.object(Store, "put", noted_put),
        patch.object(Store, "exists", lambda *about: hold(exists(*about))),
    ):
        yield


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def play(story, tmp_path, *, cdn=CDN_OF_ALL, storage=None):
    """Play a story in a world of virtual time, and return the world."""

    async def main():
        clock = LoopClock(asyncio.get_running_loop())
        async with running(*PROVIDERS, clock=clock.time, cdn=cdn) as sims:
            world = World(sims, clock, tmp_path, storage=storage)
            with noting(world):
                await asyncio.wait_for(story(world), 3600)
            return world

    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main())


def digests(world):
    """Return what each result is to be, by its path: the digest of what its simulator draws."""
    for served in world.served:
        if served.path not in world.drawn:
            world.drawn[served.path] = sha256(served.work.draw())
    return world.drawn


def hold_in_time(world, files, number):
    """Hold that each of some files is a result, whole and once, and was there before its link died."""
    assert len(world.entries()) == number
    assert {entry["charged"] > 0 for entry in world.entries()} == {True}
    assert len(world.served) == number
    assert sorted(map(sha256, files)) == sorted(digests(world).values())
    for served in world.served:
        assert (served.whole, served.late) == (1, 0), served
        assert world.kept[world.drawn[served.path]] < served.expires
    failed = sum(served.fetches for served in world.served) - number
    assert failed > number / 10, "the CDN failed as it was told to"


async def hold_written(world):
    """Hold that the journal knows each file by its digest, and that nothing is left to be fetched."""
    async with world.client() as client:
        attempts = await client.attempts(limit=2 * len(REQUESTS))
        known = sorted(asset.sha256 for attempt in attempts for asset in attempt.task.assets)
        assert known == sorted(digests(world).values())
        before = [served.fetches for served in world.served]
        again = await client.collect(world.where)
        assert (again.tasks, again.errors) == ((), ())
        assert [served.fetches for served in world.served] == before


def read(folder):
    """Return every file of a folder; hidden ones, which are unfinished, too."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


async def bought(client, where):
    """Buy everything at once, and return the results."""
    return await asyncio.gather(*(client.generate(request, name, where=where) for name, request in REQUESTS))


@pytest.mark.parametrize("silent", [0, 1], ids=["answering", "silent at first"])
def test_what_is_generated_is_saved_in_time(tmp_path, silent):
    async def story(world):
        for one in world.sims if silent else ():
            one.fault("no_answer", on="result", times=silent)
        async with world.client() as client:
            results = await bought(client, tmp_path)
        assert [result.errors for result in results] == [()] * len(REQUESTS)
        assert all(asset.path.is_file() for result in results for asset in result.assets)
        await hold_written(world)

    world = play(story, tmp_path)
    hold_in_time(world, read(tmp_path), len(REQUESTS))


def test_what_is_generated_is_in_the_bucket_in_time(bucket, tmp_path):
    storage = storage_of(bucket.table("/media", results=True), "storage", None)

    async def story(world):
        async with world.client() as client:
            results = await bought(client, None)
        assert [result.errors for result in results] == [()] * len(REQUESTS)
        world.where = None
        await hold_written(world)

    world = play(story, tmp_path, storage=storage)
    hold_in_time(world, map(bucket.read, bucket.keys()), len(REQUESTS))
    assert bucket.unfinished() == []
    assert read(tmp_path) == []


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_after_a_crash_what_dies_soonest_is_collected_first_and_in_time(bucket, tmp_path, place):
    """First what dies nobody knows when; the links of the others live as long as they say, none under a minute."""
    unknown = ("api_in_one", "fal", "revidapi")
    lives = {name: LIFE + 15 * number for number, name in enumerate(sorted({*PROVIDERS} - {*unknown}))}
    storage = storage_of(bucket.table("/media", results=True), "storage", None) if place == "bucket" else None
    where = tmp_path if place == "folder" else None

    async def story(world):
        world.lives, world.where = lives, where
        for one in world.sims:
            one.service.cdn = attrs.evolve(CDN_OF_ALL, link_life=lives.get(one.name, LIFE))
        async with world.client() as client:
            await bought(client, False)
        assert world.served == []
        await asyncio.sleep(10)
        async with world.client() as client:
            collected = await client.collect(where)
            assert (len(collected.tasks), collected.errors) == (len(REQUESTS), ())
        await hold_written(world)

    world = play(story, tmp_path, storage=storage)
    files = read(tmp_path) if place == "folder" else map(bucket.read, bucket.keys())
    hold_in_time(world, files, len(REQUESTS))
    begun = sorted((served.first, rank(world, served, unknown)) for served in world.served)
    assert [each for _, each in begun] == sorted(each for _, each in begun), "what dies soonest was not begun first"


def rank(world, served, unknown):
    """Return when a result dies; 0.0 where its provider does not say."""
    return 0.0 if any(served.path in world.sims[name].service.results for name in unknown) else served.expires


def test_a_receiver_saves_what_another_client_has_bought(tmp_path):
    """Where a provider tells nobody of its tasks, somebody has to look; what is left is collected as it is done."""
    tells = [pair for pair in REQUESTS if pair[0] != "reapi"]

    async def story(world):
        world.port = unused_port()
        async with world.client() as receiving:
            app = web.Application()
            app.add_routes(routes(receiving, where=tmp_path))
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", world.port).start()
            async with world.client() as buying:
                await asyncio.gather(*(buying.submit(request, name) for name, request in tells))
            while len(world.kept) < len(tells):
                await asyncio.sleep(1)
                assert asyncio.get_running_loop().time() < 600
            await runner.cleanup()
        await hold_written(world)

    world = play(story, tmp_path)
    hold_in_time(world, read(tmp_path), len(tells))


@pytest.mark.parametrize("off", [7200, -7200])
def test_links_die_by_the_clock_of_their_provider(tmp_path, off):
    """Where a look tells when a task was completed, by the second; elsewhere by when the look was made."""

    async def story(world):
        for one in world.sims:
            one.service.clock = lambda: world.clock.time() + off
        async with world.client() as client:
            results = await asyncio.gather(
                *(client.generate(request, name, where=False) for name, request in REQUESTS[: len(PROVIDERS)])
            )
            seen = {attempt.order.account: attempt for attempt in await client.attempts()}
        for (name, _), result in zip(REQUESTS, results, strict=False):
            (asset,), service = result.assets, world.sims[name].service
            (task,) = service.tasks.values()
            truth = service.link_ends(task) - off
            early = truth - asset.expires_at.timestamp()
            if "completed" in service.tells_of(task):
                assert 0 <= early <= 2.5, (name, early)
            else:
                assert early <= 0, (name, early)
                assert asset.expires_at.timestamp() - LIFE <= seen[name].task.ended_at.timestamp(), name

    play(story, tmp_path, cdn=CDN(link_life=LIFE))
