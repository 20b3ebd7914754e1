"""What webhooks tell of is saved while nobody waits for it: in a place that is named, else one warning says so."""

import asyncio
import hashlib
import hmac
import json
import logging
import sys
from contextlib import asynccontextmanager

import attrs
import pytest

from anymedia import ConfigError, JournalError, Secret, State, Storage
from anymedia.declare import Setting, Signed, Webhook
from anymedia.engine import background
from anymedia.engine.custody import Custody
from anymedia.journal import Ledger
from anymedia.transport.part import Part
from anymedia.webhooks import asgi, routes
from tests.core.acme import acme
from tests.odd.files import PNG

from .hooks import until
from .left import ACME, BROKEN, assets, cdn, client_at, left, written
from .raw import answer

SECRET = "planted-secret-1"
SIGNED = Signed(by="hmac-sha256", over="{@}", signature="@x-body", written="hex", key="secret")
POSTS = acme(
    **{word: getattr(ACME.lifecycle, word) for word in ("submit", "poll", "expires")},
    states={"going": State.RUNNING, "done": State.SUCCEEDED},
    webhook=Webhook(signed=SIGNED, reply=attrs.evolve(ACME.lifecycle.poll.reply, id="id")),
    settings={"secret": Setting(env="ACME_SECRET", secret=True)},
)


@pytest.fixture(autouse=True)
def warned(monkeypatch):
    """What this process has warned of: nothing yet."""
    monkeypatch.setattr(background, "_has_warned", warned := [])
    return warned


@pytest.fixture
async def server():
    async with cdn() as server:
        yield server


@asynccontextmanager
async def receiving(server, clock, journal, **facts):
    """A client that verifies webhooks."""

    async with client_at(server, clock, journal, adapter=POSTS, **facts) as client:
        client.config.account("acme").settings["secret"] = Secret(SECRET)
        yield client


def posted(task_id, *urls, state="done"):
    """Return the headers and the body of a webhook that tells of a task."""
    body = json.dumps({"id": task_id, "state": state, "urls": urls}).encode()
    return {"x-body": hmac.digest(SECRET.encode(), body, hashlib.sha256).hex()}, body


async def runs(journal, clock, *task_ids):
    for task_id in task_ids:
        await left(journal, task_id, clock=clock, state=State.RUNNING)


def saved_by(client, where):
    """Have a client save in a place, and return the list of the tasks that it has saved."""
    saved = []
    client.collect_in_background(where, on_saved=saved.append)
    return saved


# Where, and that nobody waits for it


async def test_a_result_is_saved_while_the_webhook_is_answered_at_once(server, clock, journal, tmp_path):
    await runs(journal, clock, "one")
    server.held.clear()
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        told = await client.receive("acme", *posted("one", server.origin + "/one"))
        assert (told.state, told.assets[0].kept) == (State.SUCCEEDED, False)
        for _ in range(3):  # it comes again
            await client.receive("acme", *posted("one", server.origin + "/one"))
        server.held.set()
        await until(lambda: saved)
        await client.receive("acme", *posted("one", server.origin + "/one"))
    assert [each.assets[0].path.read_bytes() for each in saved] == [PNG]
    assert [asset.path.name for asset in await written(journal, "one")] == ["one-1.png"]
    assert server.asked == {"/one": 1}


@pytest.mark.parametrize("results", [True, False])
async def test_without_a_place_it_goes_to_the_storage_or_is_left_with_one_warning(
    server, clock, journal, tmp_path, caplog, results
):
    await runs(journal, clock, "one", "two")
    storage = Storage(url=tmp_path.as_uri(), results=results)
    async with receiving(server, clock, journal, storage=storage) as client:
        for name in ("one", "two"):
            await client.receive("acme", *posted(name, f"{server.origin}/{name}"))
        if results:
            await until(lambda: len(list(tmp_path.rglob("*.png"))) == 2 and not client._background._saves)
        else:
            assert server.order == []
            assert sorted(task.id for task in (await client.collect(tmp_path)).tasks) == ["one", "two"]
    told = [record.message for record in caplog.records if "of which webhooks tell" in record.message]
    assert told == ([] if results else [background.LEFT])
    assert "`anymedia collect` fetches what nobody has saved" in background.LEFT


async def test_who_saves_elsewhere_is_not_warned(server, clock, journal, caplog):
    await runs(journal, clock, "one")
    async with receiving(server, clock, journal) as client:
        client.collect_in_background(False)
        await client.receive("acme", *posted("one", server.origin + "/one"))
    assert (caplog.records, server.order) == ([], [])


async def test_a_storage_that_cannot_be_used_is_told_and_the_webhook_is_taken(
    server, clock, journal, caplog, monkeypatch
):
    await runs(journal, clock, "one")
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    async with receiving(server, clock, journal, storage=Storage(url="s3://bucket", results=True)) as client:
        told = await client.receive("acme", *posted("one", server.origin + "/one"))
    assert told.state is State.SUCCEEDED
    (record,) = caplog.records
    assert record.message.startswith("results of which webhooks tell are not saved: s3://bucket needs obstore")


async def test_who_waits_for_the_task_and_saves_it_too_fetches_it_once(server, clock, journal, tmp_path):
    await runs(journal, clock, "one")
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path / "kept")
        (attempt,) = await client.attempts()
        waiting = asyncio.create_task(client.wait(attempt.task))
        await client.receive("acme", *posted("one", server.origin + "/one"))
        (file,) = await client.download(await waiting, tmp_path / "own")
        await until(lambda: saved or not client._background._saves)
    assert (file.path, file.path.read_bytes()) == (tmp_path / "own/one-1.png", PNG)
    assert server.asked["/one"] == 1


async def test_what_is_found_over_after_a_hint_was_answered_is_saved_too(server, clock, journal, tmp_path):
    task = await left(journal, "one", clock=clock, state=State.RUNNING)
    going = answer(json.dumps({"state": "going"}).encode())
    server.links("one", "/one")
    server.answers["/v1/one"] = [going, *server.answers["/v1/one"]]
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        hinted = await client.receive("acme", *posted("one", state="done"))  # a success without a result
        assert (task.id, hinted.state) == ("one", State.RUNNING)
        await until(lambda: saved)
    assert saved[0].assets[0].path.read_bytes() == PNG


# What was left before, and what is left behind


async def test_what_was_left_before_is_saved_from_the_start(server, clock, journal, tmp_path):
    for name, lives in (("later", 900), ("soon", 60), ("unknown", None)):
        await left(journal, name, *assets(server, f"/{name}", lives=lives, clock=clock), clock=clock)
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        await until(lambda: len(saved) == 3)
        client.collect_in_background(tmp_path / "other")  # from now on
        await runs(journal, clock, "one")
        await client.receive("acme", *posted("one", server.origin + "/one"))
        await until(lambda: (tmp_path / "other/one-1.png").exists())
    assert server.order[:3] == ["/unknown", "/soon", "/later"]


async def test_a_close_ends_it_and_what_was_under_way_can_be_collected(server, clock, journal, tmp_path):
    await left(journal, "left", *assets(server, "/left", clock=clock), clock=clock)
    await runs(journal, clock, "one", "two")
    server.held.clear()
    async with receiving(server, clock, journal) as client:
        saved_by(client, tmp_path)
        await client.receive("acme", *posted("one", server.origin + "/one"))
        await until(lambda: len(server.order) == 2)
    client._background.add(await left(journal, "late", *assets(server, "/late", clock=clock), clock=clock))
    server.held.set()
    assert list(tmp_path.iterdir()) == []
    async with client_at(server, clock, journal) as later:
        found = await later.collect(tmp_path)
    assert (sorted(task.id for task in found.tasks), found.errors) == (["late", "left", "one"], ())


async def test_what_fails_is_tried_until_its_link_dies_and_is_told(server, clock, journal, tmp_path, caplog):
    for name, lives in (("good", 600), ("bad", 600), ("unknown", None)):
        await left(journal, name, *assets(server, f"/{name}", lives=lives, clock=clock), clock=clock)
    server.answers |= {
        "/good": [*[BROKEN] * 12, answer(PNG)],
        "/bad": [BROKEN],
        "/unknown": [*[BROKEN] * 6, answer(PNG)],
    }
    server.links("bad", "/bad")
    began = clock.seconds
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        await until(lambda: len(saved) == 2 and not client._background._saves)
    assert clock.seconds - began >= 600
    (error,) = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert error.startswith("the result of task bad was not saved: its link answered 503")
    assert error.endswith("`anymedia tasks settle bad --dismiss` gives it up")


async def test_a_place_that_is_full_is_tried_again_until_it_takes_it(
    server, clock, journal, tmp_path, caplog, monkeypatch
):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    full, write = 5, Part.write

    def filling(part, chunk):
        nonlocal full
        full -= 1
        if full >= 0:
            raise OSError(28, "No space left on device")
        write(part, chunk)

    monkeypatch.setattr(Part, "write", filling)
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        await until(lambda: saved)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "free some space there or name another place" in caplog.text


async def test_more_than_are_held_are_read_from_the_journal_again(server, clock, journal, tmp_path, monkeypatch):
    monkeypatch.setattr(background, "MOST", 2)
    monkeypatch.setattr(background, "UNDER_WAY", 2)
    await runs(journal, clock, *(f"t{number}" for number in range(7)))
    server.held.clear()
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        for number in range(7):
            await client.receive("acme", *posted(f"t{number}", f"{server.origin}/{number}"))
            assert len(client._background._saves) <= 2
        server.held.set()
        await until(lambda: len(saved) == 7)
    assert server.asked == {f"/{number}": 1 for number in range(7)}


async def test_a_journal_that_fails_is_told_and_what_was_dismissed_is_let_go(
    server, clock, journal, tmp_path, caplog, monkeypatch
):
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)

    async def failing(*_, **__):
        raise JournalError("it is gone")
        yield

    async with receiving(server, clock, journal) as client:
        monkeypatch.setattr(Ledger, "uncollected", failing)
        client.collect_in_background(tmp_path)
        await until(lambda: client._background._sweep.done())
        assert "what is left to be collected is not known: it is gone" in caplog.text
        await client.dismiss("one")
        client._background.add(task)
        client._background.add(attrs.evolve(task, id="nobody's"))
        await until(lambda: not client._background._saves)
    assert server.order == []


async def test_a_fault_of_ours_in_one_save_is_logged_and_ends_no_other(
    server, clock, journal, tmp_path, caplog, monkeypatch
):
    for name in ("one", "two"):
        await left(journal, name, *assets(server, f"/{name}", clock=clock), clock=clock)
    saved_as = Custody.saved

    async def breaking(custody, task, *given, **how):
        if task.id == "one":
            raise ZeroDivisionError
        return await saved_as(custody, task, *given, **how)

    monkeypatch.setattr(Custody, "saved", breaking)
    async with receiving(server, clock, journal) as client:
        saved = saved_by(client, tmp_path)
        await until(lambda: saved and not client._background._saves)
    assert "the result of task one of acme is not saved, and can be collected" in caplog.text
    assert server.order == ["/two"]


async def test_a_listener_that_fails_changes_nothing(server, clock, journal, tmp_path, caplog):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)

    def failing(_):
        raise ValueError("mine")

    async with receiving(server, clock, journal) as client:
        client.collect_in_background(tmp_path, on_saved=failing)
        await until(lambda: not client._background._saves and client._background._sweep.done())
    assert "on_saved failed" in caplog.text
    assert (tmp_path / "one-1.png").exists()


# The receivers


@asynccontextmanager
async def lifespan(app):
    """Serve the life of an ASGI app."""
    to, back = asyncio.Queue(), asyncio.Queue()
    serving = asyncio.create_task(app({"type": "lifespan"}, to.get, back.put))
    await to.put({"type": "lifespan.startup"})
    await back.get()
    yield
    await to.put({"type": "lifespan.shutdown"})
    await serving


@pytest.mark.parametrize("form", ["asgi", "routes", "asgi in a thread", "asgi by a webhook"])
async def test_a_receiver_begins_by_itself(server, clock, journal, tmp_path, form):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    saved = []
    async with receiving(server, clock, journal) as client:
        if form == "routes":
            routes(client, "/hooks", where=tmp_path, on_saved=saved.append)
        elif form == "asgi":
            asgi(client, where=tmp_path, on_saved=saved.append)
        else:  # where no event loop runs, it begins with what comes first
            app = await asyncio.to_thread(asgi, client, where=tmp_path, on_saved=saved.append)
            assert not client._background.has_begun
            if form == "asgi in a thread":
                async with lifespan(app):
                    pass
            else:
                sent = []

                async def send(message):
                    sent.append(message)

                await app({"type": "http", "method": "POST", "path": "/acme", "headers": []}, None, send)
                assert sent[0]["status"] == 401
        await until(lambda: saved)
    assert saved[0].assets[0].path == tmp_path / "one-1.png"


async def test_a_receiver_without_a_place_collects_nothing(server, clock, journal):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    async with receiving(server, clock, journal) as client:
        routes(client, "/hooks")
        assert not client._background.has_begun
        routes(client, "/hooks", where=False)
        assert client._background.has_begun
        with pytest.raises(ConfigError, match="url: must be like"):
            asgi(client, where="ftp://host")
    assert server.order == []
