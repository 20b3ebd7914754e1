"""What an application puts in is bought once by workers, and it reads there what became of it."""

import asyncio
import logging
import os
import signal
import socket

import attrs
import psycopg
import pytest

from anymedia import (
    ConfigError,
    JournalError,
    OutOfBounds,
    RawRequest,
    SubmitUncertain,
    Unsupported,
    read_config,
)
from anymedia.worker import Queue, database
from anymedia.worker.database import SUBMIT, _prepare
from tests.ports import unused_port
from tests.samples import sample

from .conftest import REQUEST, asked, ended


async def test_what_is_put_in_twice_is_bought_once(world):
    async with world.queue() as queue, world.worker(), world.worker():
        assert await queue.result("order-17") is None
        await asyncio.gather(*(queue.submit(REQUEST, idempotency_key="order-17") for _ in range(4)))
        standing = await ended(queue, "order-17")
        assert (standing.state, standing.error, standing.task.state) == ("succeeded", None, "succeeded")
        await queue.submit(REQUEST, idempotency_key="order-17")
        assert (await ended(queue, "order-17")).task.id == standing.task.id
    assert (world.bills(), len(world.files())) == ({"kie": 1}, 1)


async def test_a_key_is_of_one_request_unless_that_comes_to_nothing(world, simulators):
    another = "was used for another request"
    async with world.queue() as queue:
        await queue.submit(asked(1), "kie", idempotency_key="k")
        with pytest.raises(OutOfBounds, match=another):
            await queue.submit(asked(2), "kie", idempotency_key="k")
        simulators["kie"].fault("status", status=400, times=None)
        async with world.worker():
            assert (await ended(queue, "k")).task is None
            simulators["kie"].clear()
            await queue.submit(asked(2), "kie", idempotency_key="k")
            assert (await ended(queue, "k")).state == "succeeded"
        with pytest.raises(OutOfBounds, match=another):
            await queue.submit(asked(1), "kie", idempotency_key="k")
        assert (await queue.result("k")).error is None
    assert world.bills() == {"kie": 1}


async def test_what_another_bought_under_the_key_goes_on_though_a_job_has_ended(world):
    async with world.queue() as queue, world.client() as client:
        await client.submit(asked(1), "kie", idempotency_key="k")
        await queue._database.put(SUBMIT, {}, "k")
        await queue._database.ended("k", JournalError("why"))
        standing = await queue.result("k")
        assert (standing.state, standing.is_over, standing.error) == ("queued", False, None)


async def test_it_waits_until_there_is_a_worker_and_needs_no_api_key(world, simulators):
    without = read_config(world.data, {})
    async with Queue(without, url=world.url) as queue:
        await queue.submit(REQUEST, "bfl", idempotency_key="k", max_price="0.10", policy="cheapest")
        standing = await queue.result("k")
        assert (standing.state, standing.is_over, standing.task) == ("waiting", False, None)
        async with world.worker():
            assert (await ended(queue, "k")).task.account == "bfl"
    assert world.bills() == {"bfl": 1}


async def test_it_is_put_in_by_the_transaction_of_its_caller(world):
    async with (
        world.queue() as queue,
        await psycopg.AsyncConnection.connect(world.url) as connection,
    ):
        async with connection.transaction(force_rollback=True):
            await queue.submit(asked(1), idempotency_key="none", connection=connection)
        async with connection.transaction():
            await queue.submit(asked(2), idempotency_key="one", connection=connection)
            assert await queue.result("one") is None
        assert (await queue.result("none"), (await queue.result("one")).state) == (None, "waiting")
        async with world.worker():
            await ended(queue, "one")
    assert world.bills() == {"kie": 1}


async def test_what_comes_to_nothing_is_told_and_not_tried_for_ever(world, simulators):
    for one in simulators:
        one.fault("no_credit", times=None)
    async with world.queue() as queue, world.worker():
        await queue.submit(attrs.evolve(REQUEST, model="flux-9"), idempotency_key="model")
        await queue.submit(REQUEST, "nobody", idempotency_key="account")
        await queue.submit(REQUEST, idempotency_key="ceiling", max_price="0.001")
        await queue.submit(
            RawRequest("kie", "/api/v1/jobs/createTask", {"model": "?"}), "kie", idempotency_key="credit"
        )
        found = {key: await ended(queue, key) for key in ("model", "account", "ceiling", "credit")}
        kinds = {key: (type(each.error).__name__, each.state) for key, each in found.items()}
        assert kinds == {
            "model": ("Unsupported", "not sent"),
            "account": ("ConfigError", "failed"),
            "ceiling": ("OverCeiling", "not sent"),
            "credit": ("NoCredit", "refused"),
        }
        assert "no model is named 'flux-9'" in str(found["model"].error)
        assert isinstance(found["model"].error, Unsupported)
    assert world.bills() == {}


async def test_what_is_uncertain_is_told_and_not_sent_again(world, simulators):
    simulators["reapi"].fault("reset_after")
    async with world.queue() as queue, world.worker():
        for _ in range(2):
            await queue.submit(REQUEST, "reapi", idempotency_key="k")
            standing = await ended(queue, "k")
            assert (standing.state, type(standing.error)) == ("uncertain", SubmitUncertain)
    assert world.bills() == {"reapi": 1}


async def test_what_failed_and_was_not_billed_is_bought_anew(world, simulators):
    simulators["kie"].fault("failed")
    async with world.queue() as queue, world.worker():
        await queue.submit(REQUEST, "kie", idempotency_key="k")
        assert (await ended(queue, "k")).state == "failed"
        await queue.submit(REQUEST, "kie", idempotency_key="k")
        standing = await ended(queue, "k")
        assert ([each.status for each in standing.attempts], world.bills()) == (["failed", "succeeded"], {"kie": 1})


async def test_what_cannot_be_put_in_is_told_at_once(world, tmp_path):
    big = tmp_path / "big.png"
    big.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2 << 20))
    async with world.queue() as queue:
        for request, options, why in (
            ("a fox", {"idempotency_key": "k"}, "a request like ImageRequest"),
            (REQUEST, {}, "must be 1 to 256 printable characters"),
            (REQUEST, {"idempotency_key": "k", "policy": "dearest"}, "must be one of"),
            (REQUEST, {"idempotency_key": "k", "policy": list}, "a function cannot be put into a queue"),
            (REQUEST, {"idempotency_key": "k", "max_price": -1}, "must be an amount in USD"),
            (asked(1, images=[big]), {"idempotency_key": "k"}, r"\[storage\] url ="),
        ):
            with pytest.raises(OutOfBounds, match=why):
                await queue.submit(request, **options)
        with pytest.raises(TypeError, match="no option is named 'prompt'"):
            await queue.submit(REQUEST, idempotency_key="k", prompt="a fox")
        assert await queue.result("k") is None


async def test_small_files_travel_within_a_request(world, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(sample("picture.png"))
    async with world.queue() as queue:
        await queue.submit(asked(1, images=[picture]), "bfl", idempotency_key="k")
        picture.unlink()
        async with world.worker():
            assert (await ended(queue, "k")).state == "succeeded"
    assert world.bills() == {"bfl": 1}


@pytest.mark.parametrize(
    ("journal", "why"),
    [({"enabled": False}, "the journal, which is switched off"), ({"path": "j.db"}, r"write \[journal\] url =")],
)
def test_a_queue_needs_a_journal_on_postgresql(journal, why):
    with pytest.raises(ConfigError, match=why):
        Queue(read_config({"journal": journal}, {}), url=None if "path" in journal else "postgresql://localhost/x")


async def test_a_database_that_is_away_is_told_without_its_password(world):
    url = world.url.replace(world.url.rpartition(":")[2].partition("/")[0], str(unused_port()))
    with pytest.raises(JournalError, match="the queue cannot be used") as told:
        async with Queue(world.config, url=url):
            raise AssertionError
    assert (told.value.away, "not-told" in str(told.value)) == (True, False)


async def test_a_queue_finds_its_database_once_it_is_back_however_long_that_took(world, postgres, monkeypatch, caplog):
    """Its pool's own pauses would grow with the outage; and what it logs of itself is told to whoever asks."""
    monkeypatch.setattr(database, "PAUSE", 0.02)
    monkeypatch.setattr(database, "PATIENCE", 60.0)
    async with world.queue() as queue:
        pool = queue._database.app.connector.pool
        await asyncio.gather(*(queue.submit(REQUEST, idempotency_key=f"before {number}") for number in range(3)))
        await asyncio.to_thread(postgres.stop, "immediate")
        waits = asyncio.create_task(queue.submit(REQUEST, idempotency_key="k"))
        async with asyncio.timeout(60):
            while pool.get_stats().get("connections_errors", 0) < 30:  # it has given up many times
                await asyncio.sleep(0.01)
        assert not waits.done()
        await asyncio.to_thread(postgres.start)
        await waits
        assert (await queue._database.told(["k"]))["k"].error is None
    assert [record.message for record in caplog.records if record.name == "psycopg.pool"] == []


def test_what_the_pools_of_others_log_passes(caplog):
    log = logging.getLogger("psycopg.pool")
    log.warning("error connecting in %r: %s", "pool-1", "away")
    log.warning("error connecting in %r: %s", database.POOL, "away")
    log.warning("%(what)s", {"what": database.POOL})
    assert caplog.messages == ["error connecting in 'pool-1': away", database.POOL]


async def test_processes_that_begin_at_once_make_the_tables_once(postgres_url):
    await asyncio.gather(*(_prepare(postgres_url) for _ in range(6)))


async def test_a_connection_that_nobody_waits_for_any_more_is_not_left_open():
    """A server that is shut down waits for whoever is connected and says nothing."""
    over = asyncio.Event()

    async def silent(reader, writer):
        preparing.cancel()
        while await reader.read(100):
            pass
        writer.close()
        over.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        preparing = asyncio.create_task(_prepare(f"postgresql://x@127.0.0.1:{port}/x"))
        with pytest.raises(asyncio.CancelledError) as caught:
            await preparing
        async with asyncio.timeout(60):
            await over.wait()
    assert caught.value is not None  # who keeps the error keeps no connection


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(world, monkeypatch):
    """Its connections stand while it is frozen, and nothing comes of them; one that is gone is noticed by itself."""
    monkeypatch.setattr("anymedia.journal.postgres.server.SILENCE", 0.3)
    async with world.queue() as queue:
        async with queue._database.app.connector.pool.connection() as connection:
            frozen = connection.info.backend_pid
            with socket.socket(fileno=os.dup(connection.fileno())) as there:
                assert there.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > 0
            os.kill(frozen, signal.SIGSTOP)
            try:
                with pytest.raises(psycopg.OperationalError, match="has said nothing"):
                    await connection.execute("SELECT 1")
            finally:
                os.kill(frozen, signal.SIGCONT)
        assert await queue.result("none") is None
