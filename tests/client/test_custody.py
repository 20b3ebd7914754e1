"""What is paid for and finished is fetched once, soonest to die first, until its link dies; what is not stays to be."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import attrs
import pytest

from anymedia import (
    Asset,
    ConfigError,
    DownloadError,
    JournalError,
    OutOfBounds,
    Result,
    State,
    SyncClient,
    Trouble,
)
from anymedia.engine.custody import Custody
from anymedia.journal import Ledger, MemoryJournal, SQLiteJournal
from anymedia.testing import FakeClock
from anymedia.transport.part import Part
from anymedia.transport.slots import Slots
from tests.odd.files import PNG
from tests.samples import sample

from .left import BROKEN, REFUSED, assets, cdn, client_at, left, written
from .raw import answer


@pytest.fixture
async def server():
    async with cdn() as server:
        yield server


@pytest.fixture
async def custody(server, clock, journal):
    """A client that bought nothing itself."""
    async with client_at(server, clock, journal) as client:
        yield client


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# What is collected, and in which order


async def test_what_dies_first_is_fetched_first_and_what_is_over_is_left(
    custody, server, clock, journal, tmp_path, monkeypatch
):
    monkeypatch.setattr("anymedia.transport.http.FILES", 1)
    monkeypatch.setattr("anymedia.engine.custody.AT_ONCE", 1)
    lives = {"hour": 3600, "dead": -60, "minute": 60, "unknown": None, "day": 86_400}
    for name, seconds in lives.items():
        await left(journal, name, *assets(server, f"/{name}", lives=seconds, clock=clock), clock=clock)
    await left(journal, "runs", clock=clock, state=State.RUNNING)
    await left(journal, "failed", clock=clock, state=State.FAILED)
    await left(
        journal, "kept", attrs.evolve(assets(server, "/k", clock=clock)[0], path=tmp_path / "k.png"), clock=clock
    )
    await left(journal, "dismissed", *assets(server, "/d", clock=clock), clock=clock)
    await Ledger(journal).dismiss("dismissed")
    async with client_at(server, clock, journal) as client:
        found = await client.collect(tmp_path / "out")
        assert server.order == ["/unknown", "/minute", "/hour", "/day", "/dead"]
        assert ([task.id for task in found.tasks], found.errors) == (["unknown", "minute", "hour", "day", "dead"], ())
        assert all(asset.path.read_bytes() == PNG for task in found.tasks for asset in task.assets)
        (known,) = await written(journal, "hour")
        assert (known.path, len(known.sha256), known.length) == (tmp_path / "out/hour-1.png", 64, len(PNG))
        assert await client.collect(tmp_path / "out") == type(found)()
    assert len(server.order) == 5


async def test_what_is_left_can_be_narrowed(custody, server, clock, journal, tmp_path):
    for name, lives, batch in (("soon", 60, "a"), ("later", 7200, "a"), ("unknown", None, None), ("other", 60, "b")):
        await left(journal, name, *assets(server, f"/{name}", lives=lives, clock=clock), clock=clock, batch=batch)
    await left(journal, "else", *assets(server, "/else", clock=clock), clock=clock, account="another")

    async def collected(**which):
        return sorted(task.id for task in (await custody.collect(tmp_path, **which)).tasks)

    assert await collected(batch="b") == ["other"]
    assert await collected(before=clock.now() + timedelta(hours=1), accounts=["acme"]) == ["soon", "unknown"]
    assert await collected() == ["else", "later"]
    with pytest.raises(OutOfBounds, match="before: a time with its zone is needed"):
        await custody.collect(tmp_path, before=datetime(2027, 1, 1))
    with pytest.raises(ConfigError, match="no account is named 'acne'"):
        await custody.collect(tmp_path, accounts=["acne"])
    with pytest.raises(ConfigError, match="url: must be like"):
        await custody.collect("ftp://host")


async def test_without_a_journal_nothing_is_known_to_be_left(server, clock):
    async with client_at(server, clock, None) as client:
        with pytest.raises(ConfigError, match="nothing tells what is to be collected: the journal is switched off"):
            await client.collect()
        with pytest.raises(ConfigError, match="nothing tells what is to be collected: the journal is switched off"):
            client.collect_in_background()


async def test_many_are_fetched_by_few_and_few_are_in_memory(server, clock, journal, tmp_path, monkeypatch):
    monkeypatch.setattr("anymedia.transport.http.FILES", 4)
    monkeypatch.setattr("anymedia.engine.custody.AT_ONCE", 8)
    for number in range(60):
        await left(journal, f"t{number}", *assets(server, f"/{number}", clock=clock), clock=clock)
    read = 0
    uncollected = Ledger.uncollected

    async def counted(*given, **which):
        nonlocal read
        async for attempt in uncollected(*given, **which):
            read += 1
            assert read - len(server.order) <= 8 + 4 + 1
            yield attempt

    monkeypatch.setattr(Ledger, "uncollected", counted)
    async with client_at(server, clock, journal) as client:
        found = await client.collect(tmp_path)
    assert (len(found.tasks), read, server.most) == (60, 60, 4)


async def test_a_journal_that_fails_meanwhile_ends_it_and_loses_nothing(
    custody, server, clock, journal, tmp_path, monkeypatch
):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    uncollected = Ledger.uncollected

    async def failing(*given, **which):
        async for attempt in uncollected(*given, **which):
            yield attempt
        raise JournalError("it is gone")

    server.held.clear()
    monkeypatch.setattr(Ledger, "uncollected", failing)
    with pytest.raises(JournalError, match="it is gone"):
        await custody.collect(tmp_path)
    monkeypatch.undo()
    server.held.set()
    assert [task.id for task in (await custody.collect(tmp_path)).tasks] == ["one"]


async def test_what_dies_first_gets_the_next_slot_and_a_cancel_loses_none():
    slots, got = Slots(1), []

    async def take(until):
        async with slots.one(until):
            got.append(until)

    async with slots.one(0):
        waiting = {until: asyncio.create_task(take(until)) for until in (5, 1, 3, 2)}
        await asyncio.sleep(0)
        waiting[1].cancel()
        await asyncio.sleep(0)
    waiting[2].cancel()  # it has its slot at this moment
    await asyncio.gather(*waiting.values(), return_exceptions=True)
    assert got == [3, 5]
    await take(9)
    assert got == [3, 5, 9]


async def test_a_fault_of_ours_is_told_though_others_are_still_read_and_ends_no_other_save(
    custody, server, clock, journal, tmp_path, monkeypatch
):
    for name in ("one", "two"):
        await left(journal, name, *assets(server, f"/{name}", clock=clock), clock=clock)
    uncollected, saved = Ledger.uncollected, Custody.saved

    async def slowly(*given, **which):
        async for attempt in uncollected(*given, **which):
            yield attempt
        for _ in range(9):
            await asyncio.sleep(0)
        yield attempt  # which is not begun any more

    async def breaking(custody, task, *given, **how):
        if task.id == "two":
            raise ZeroDivisionError
        return await saved(custody, task, *given, **how)

    monkeypatch.setattr(Ledger, "uncollected", slowly)
    monkeypatch.setattr(Custody, "saved", breaking)
    with pytest.raises(ZeroDivisionError):
        await custody.collect(tmp_path)
    assert (server.asked, names(tmp_path)) == ({"/one": 1}, ["one-1.png"])


# For how long


async def test_a_download_that_fails_is_tried_until_its_link_dies(custody, server, clock, journal, tmp_path):
    await left(journal, "one", *assets(server, "/one", lives=600, clock=clock), clock=clock)
    server.answers["/one"] = [*[BROKEN] * 14, answer(PNG)]
    began = clock.seconds
    assert [task.id for task in (await custody.collect(tmp_path)).tasks] == ["one"]
    assert 120 < clock.seconds - began < 600
    assert server.asked == {"/one": 15}


async def test_a_try_comes_before_the_link_dies_however_long_the_pause_would_be(
    custody, server, clock, journal, tmp_path
):
    await left(journal, "one", *assets(server, "/one", lives=600, clock=clock), clock=clock)
    good = lambda: answer(PNG) if clock.seconds > began + 598 else BROKEN  # noqa: E731
    server.answers["/one"], began = [good], clock.seconds
    assert [task.id for task in (await custody.collect(tmp_path)).tasks] == ["one"]
    assert clock.seconds < began + 600


@pytest.mark.parametrize("known", [REFUSED, answer(status="404 Not Found"), answer(status="410 Gone")])
async def test_a_link_that_is_refused_is_asked_for_again(custody, server, clock, journal, tmp_path, known):
    await left(journal, "one", *assets(server, "/old?one", "/old?two", clock=clock), clock=clock)
    server.answers["/old?one"] = [known]
    server.links("one", "/new?one", "/new?two")
    (task,) = (await custody.collect(tmp_path)).tasks
    assert server.asked == {"/old?one": 1, "/old?two": 1, "/v1/one": 1, "/new?one": 1}
    assert [asset.path.name for asset in task.assets] == ["one-1.png", "one-2.png"]
    assert clock.slept == []


@pytest.mark.parametrize("status", ["503 No", "408 Late", "425 Early", "429 Many"])
async def test_a_fault_that_passes_costs_no_look(custody, server, clock, journal, tmp_path, status):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    server.answers["/one"] = [answer(status=status), answer(PNG)]
    await custody.collect(tmp_path)
    assert server.asked == {"/one": 2}


async def test_a_link_that_is_dead_for_good_is_told_with_what_to_do(custody, server, clock, journal, tmp_path):
    await left(journal, "it's", *assets(server, "/one", lives=-5, clock=clock), clock=clock)
    server.answers["/one"] = [REFUSED]
    server.links("it's", "/one")
    (error,) = (await custody.collect(tmp_path)).errors
    assert str(error).endswith(
        "was not saved: its link answered 403 (its link is good until 2027-01-15 07:59 UTC); its link should be dead "
        "by now, and there is no newer one: `anymedia tasks settle 'it'\"'\"'s' --dismiss` gives it up"
    )
    assert (error.task.id, error.status, error.billed.value) == ("it's", 403, "yes")
    assert server.asked == {"/one": 1, "/v1/it%27s": 1}
    assert clock.slept == []


async def test_what_should_be_dead_and_is_not_is_saved(custody, server, clock, journal, tmp_path):
    await left(journal, "one", *assets(server, "/one", lives=-5, clock=clock), clock=clock)
    assert len((await custody.collect(tmp_path)).tasks) == 1
    assert server.asked == {"/one": 1}


async def test_where_nobody_knows_how_long_a_link_lives_it_has_a_minute(custody, server, clock, journal, tmp_path):
    await left(journal, "one", *assets(server, "/one", lives=None, clock=clock), clock=clock)
    server.answers["/one"] = [BROKEN]
    server.links("one", "/one")
    began = clock.seconds
    (error,) = (await custody.collect(tmp_path)).errors
    assert "; nobody knows how long its link lives: `anymedia collect` tries again, and `anymedia tasks" in str(error)
    assert 60 <= clock.seconds - began < 70
    assert server.asked["/v1/one"] == 1
    server.answers.clear()
    assert len((await custody.collect(tmp_path)).tasks) == 1


@pytest.mark.parametrize("how", ["key", "provider", "account", "life"])
async def test_no_other_account_is_asked_for_newer_links(custody, server, clock, journal, tmp_path, how):
    facts = {"key": {"key": "another"}, "account": {"account": "gone"}, "life": {"lifecycle": "gone"}}.get(how, {})
    await left(journal, "one", *assets(server, "/one", lives=-5, clock=clock), clock=clock, **facts)
    adapter = attrs.evolve(custody.config.account("acme").adapter, name="other") if how == "provider" else None
    server.answers["/one"] = [REFUSED]
    changed = {} if adapter is None else {"adapter": adapter}
    async with client_at(server, clock, journal, **changed) as client:
        (error,) = (await client.collect(tmp_path)).errors
    assert "there is no newer one" in str(error)
    assert [path for path in server.asked if path != "/one"] == []


async def test_links_that_could_not_be_used_are_asked_for_first(custody, server, clock, journal, tmp_path):
    task = await left(journal, "one", *assets(server, "/old", clock=clock), clock=clock, state=State.RUNNING)
    trouble = Trouble(error="1 of its results cannot be fetched", looks=1)
    found = assets(server, "/old", clock=clock)
    await Ledger(journal).see(attrs.evolve(task, state=State.SUCCEEDED, assets=found, trouble=trouble))
    server.links("one", "/old", "/second")
    (task,) = (await custody.collect(tmp_path)).tasks
    assert names(tmp_path) == ["one-1.png", "one-2.png"]
    assert server.order[0] == "/v1/one"


# By one at a time


@pytest.fixture
async def two(server, clock, journal, tmp_path):
    """Two processes that share a journal, each with a clock of its own."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(client_at(server, FakeClock(clock.seconds), each))
            for each in (journal, MemoryJournal(journal.memory))
        ]


@pytest.mark.parametrize("where", ["same", "other"])
@pytest.mark.parametrize("whose", ["one client", "two processes", "two clients of one journal"])
async def test_whoever_saves_a_task_it_is_fetched_once(two, server, clock, journal, tmp_path, where, whose):
    task = await left(journal, "one", *assets(server, "/one", "/two", clock=clock), clock=clock)
    first, second = {"one client": [two[0]] * 2, "two processes": two}.get(whose, [two[0], None])
    server.held.clear()
    async with AsyncExitStack() as stack:
        second = second or await stack.enter_async_context(client_at(server, FakeClock(), journal))
        saving = asyncio.create_task(first.download(task, tmp_path / "same"))
        await server.come.wait()
        again = asyncio.create_task(second.download(task, tmp_path / where))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not again.done()
        server.held.set()
        files, others = await saving, await again
    assert server.asked == {"/one": 1, "/two": 1}
    assert [file.path.name for file in files] == [file.path.name for file in others] == ["one-1.png", "one-2.png"]
    assert all(file.path.parent == tmp_path / where and file.path.read_bytes() == PNG for file in others)


def test_clients_of_several_threads_that_share_a_journal_fetch_once(clock, tmp_path):
    async def seeded(journal):
        async with cdn() as it:
            task = await left(journal, "one", *assets(it, "/one", clock=clock), clock=clock)
            it.held.clear()
            config = client_at(it, clock, None).config
            with SyncClient(config, journal=journal) as one, SyncClient(config, journal=journal) as other:
                saves = [
                    asyncio.create_task(asyncio.to_thread(client.download, task, tmp_path / name))
                    for client, name in ((one, "a"), (other, "b"))
                ]
                await it.come.wait()
                await asyncio.sleep(0.1)
                it.held.set()
                await asyncio.gather(*saves)
            return it.asked

    assert asyncio.run(seeded(MemoryJournal())) == {"/one": 1}
    assert names(tmp_path / "a") == names(tmp_path / "b") == ["one-1.png"]


async def test_a_collection_waits_for_nobody_and_finds_what_others_have_saved(two, server, clock, journal, tmp_path):
    first, second = two
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    await left(journal, "two", *assets(server, "/two", clock=clock), clock=clock)
    server.answers["/two"] = [BROKEN, answer(PNG)]
    server.held.clear()
    saving = asyncio.create_task(first.download(task, tmp_path / "first"))
    await server.come.wait()
    collecting = asyncio.create_task(second.collect(tmp_path / "second"))
    while server.asked["/two"] < 1:
        await asyncio.sleep(0)
    server.held.set()
    await saving
    found = await collecting
    assert (server.asked, found.errors) == ({"/one": 1, "/two": 2}, ())
    assert sorted(task.assets[0].location for task in found.tasks) == [
        str(tmp_path / "first/one-1.png"),  # which is not put into a second place
        str(tmp_path / "second/two-1.png"),
    ]


async def test_a_collection_beside_a_download_of_the_same_client(custody, server, clock, journal, tmp_path):
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    server.held.clear()
    saving = asyncio.create_task(custody.download(task, tmp_path))
    await server.come.wait()
    collecting = asyncio.create_task(custody.collect(tmp_path))
    while not clock.slept:
        await asyncio.sleep(0)
    server.held.set()
    assert (len(await saving), len((await collecting).tasks), server.asked) == (1, 1, {"/one": 1})


async def test_a_collection_comes_back_for_what_another_process_fetches(two, server, clock, journal, tmp_path):
    first, second = two
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    assert await Ledger(first.journal).begin_fetch(task)
    collecting = asyncio.create_task(second.collect(tmp_path))
    while len(second._session.clock.slept) < 3:
        await asyncio.sleep(0)
    assert (set(second._session.clock.slept), server.order) == ({1.0}, [])
    await Ledger(first.journal).end_fetch(task)
    assert [task.id for task in (await collecting).tasks] == ["one"]


async def test_what_another_process_fetches_is_waited_for_no_longer_than_is_allowed(
    two, server, clock, journal, tmp_path
):
    first, second = two
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    assert await Ledger(first.journal).begin_fetch(task)
    custody, began = second._custody, second._session.clock.monotonic()
    with pytest.raises(DownloadError, match="task one was not saved: somebody else fetches it") as caught:
        await custody.saved(task, custody.files.place(tmp_path), None, asks=None, until=began + 60)
    assert (caught.value.task, server.order) == (task, [])
    assert 60 <= second._session.clock.monotonic() - began < 62


async def test_newer_links_are_asked_for_at_the_account_of_the_task_whatever_ids_others_have(
    custody, server, clock, journal, tmp_path
):
    task = await left(journal, "one", *assets(server, "/old", clock=clock), clock=clock)
    server.answers["/old"] = [REFUSED]
    server.links("one", "/new")
    attempt = await Ledger(journal).with_task("acme", "one")
    order = attrs.evolve(attempt.order, account="another")
    other = attrs.evolve(attempt, order=order, task=attrs.evolve(task, account="another"))
    result = Result(tasks=(task,), money=task.money, attempts=(attempt, other))
    result, errors = await custody._custody.saved_all(result, custody._files.place(tmp_path), None, 0.0)
    assert (errors, server.asked) == ([], {"/old": 1, "/v1/one": 1, "/new": 1})
    assert all(asset.kept for asset in result.assets)


async def test_a_dead_fetcher_is_waited_for_by_nobody(two, server, clock, journal, tmp_path):
    dead, lives = two
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    assert await Ledger(dead.journal).begin_fetch(task)
    waiting = asyncio.create_task(lives.download(task, tmp_path))
    while len(lives._session.clock.slept) < 8:
        await asyncio.sleep(0)
    assert not waiting.done()
    assert lives._session.clock.slept[:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    journal.memory.owners[dead.journal.owner] = False
    assert len(await waiting) == 1


async def test_a_cancel_while_a_file_gets_its_name_leaves_it_whole_and_written_down(
    custody, server, clock, journal, tmp_path, monkeypatch
):
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    begun, let_go, sync = threading.Event(), threading.Event(), Part.sync

    def slow(part):
        sync(part)
        begun.set()
        assert let_go.wait(30)

    monkeypatch.setattr(Part, "sync", slow)
    saving = asyncio.create_task(custody.download(task, tmp_path))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    saving.cancel()
    for _ in range(9):
        await asyncio.sleep(0)
    let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("one-1.png", PNG)]
    assert [asset.path for asset in await written(journal, "one")] == [tmp_path / "one-1.png"]


async def test_a_cancel_lets_the_turn_go_and_keeps_what_was_saved(two, server, clock, journal, tmp_path):
    first, second = two
    task = await left(journal, "one", *assets(server, "/one", "/two", clock=clock), clock=clock)
    server.answers["/two"] = [answer(PNG)[:-9]]  # whose rest never comes
    server.stall.add("/two")
    saving = asyncio.create_task(first.download(task, tmp_path))
    while names(tmp_path)[-1:] != ["one-1.png"]:
        await asyncio.sleep(0.001)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert [asset.path and asset.path.name for asset in await written(journal, "one")] == ["one-1.png", None]
    server.answers.clear()
    server.stall.clear()
    (task,) = (await second.collect(tmp_path)).tasks
    assert server.asked["/one"] == 1
    assert names(tmp_path) == ["one-1.png", "one-2.png"]


async def test_a_cancel_before_the_turn_is_had_leaves_the_task_to_others(two, server, clock, journal, tmp_path):
    first, second = two
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    assert await Ledger(first.journal).begin_fetch(task)
    waiting = asyncio.create_task(second.download(task, tmp_path))
    while not second._session.clock.slept:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await Ledger(first.journal).end_fetch(task)
    assert len(await first.download(task, tmp_path)) == 1


async def test_results_are_told_apart_by_their_links_and_else_by_their_places(
    custody, server, clock, journal, tmp_path
):
    task = await left(journal, "one", *assets(server, "/1", "/2", clock=clock), clock=clock)
    await custody.download(task, tmp_path / "a")
    one, two = task.assets
    changed = attrs.evolve(two, url=server.origin + "/2?signed=anew")
    for ours in ((two, one), (two,), (attrs.evolve(one, sha256="0" * 64), two), (one, changed)):
        await custody.download(attrs.evolve(task, assets=ours), tmp_path / "b")
    # One said to be another file than the one that is known.
    assert server.asked == {"/1": 2, "/2": 1}
    other = Asset(kind="image", url=server.origin + "/other")
    await custody.download(attrs.evolve(task, assets=(one, two, other)), tmp_path / "b")
    assert server.asked["/other"] == 1


async def test_a_file_is_named_by_its_folder_as_that_is_given(custody, server, clock, journal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    task = await left(journal, "one", *assets(server, "/1", clock=clock), clock=clock)
    saved = [await custody.download(task, where, names="{task}/{number}.{ext}") for where in ("a", "a", tmp_path / "a")]
    assert [file.location for (file,) in saved] == ["a/one/1.png", "a/one/1.png", str(tmp_path / "a/one/1.png")]
    assert server.asked["/1"] == 1


async def test_a_file_that_somebody_has_changed_is_not_taken_for_the_result(custody, server, clock, journal, tmp_path):
    task = await left(journal, "one", *assets(server, "/1", clock=clock), clock=clock)
    (first,) = await custody.download(task, tmp_path)
    first.path.write_bytes(b"mine")
    (second,) = await custody.download(task, tmp_path)
    assert (first.path.read_bytes(), second.path.read_bytes()) == (b"mine", PNG)
    second.path.unlink()
    (third,) = await custody.download(task, tmp_path)
    assert (third.path.read_bytes(), server.asked["/1"]) == (PNG, 3)


KILLED = """
import asyncio, sys
from pathlib import Path
from anymedia import Client, from_json, load_config, Task
from anymedia.journal import SQLiteJournal

async def main():
    async with Client(sys.argv[1], journal=SQLiteJournal(Path(sys.argv[2]))) as client:
        (attempt,) = await client.attempts()
        await client.download(attempt.task, sys.argv[3])

asyncio.run(main())
"""
"""A program that saves the one task of a journal."""


async def test_what_a_killed_process_was_fetching_is_fetched_by_the_next_and_is_whole(server, clock, tmp_path):
    journal, out = SQLiteJournal(tmp_path / "state/journal.db"), tmp_path / "out"
    config = tmp_path / "anymedia.toml"
    config.write_text(f'[providers.reapi]\nbase_url = "{server.origin}"\napi_key_env = "K"\n')
    long = sample("film.mp4")
    made = assets(server, "/one", "/two", lives=600, clock=clock, kind="video")
    await left(journal, "one", *made, clock=clock, provider="reapi", account="reapi")
    server.answers["/one"] = [answer(long)]
    server.answers["/two"] = [answer(long)[:-500], answer(long)]  # the rest of which never comes
    server.stall.add("/two")

    command = [sys.executable, "-c", KILLED, str(config), str(journal.name), str(out)]
    killed = subprocess.Popen(command, env={**os.environ, "K": "k"}, stderr=subprocess.PIPE)  # noqa: ASYNC220
    while len(names(out)) < 2 or "one-1.mp4" not in names(out):
        assert killed.poll() is None, killed.stderr.read()
        await asyncio.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stderr.close()
    server.stall.clear()
    async with client_at(server, clock, journal) as client:
        (task,) = (await client.collect(out)).tasks
    await journal.close()
    assert [asset.path.read_bytes() for asset in task.assets] == [long, long]
    assert [asset.path.name for asset in task.assets] == ["one-1.mp4", "one-2.mp4"]
    assert server.asked["/two"] == 2
