"""A client whose event loop goes away, or is another one: what is written down is still true."""

import asyncio
import gc

import attrs
import pytest

from anymedia import Billed, Client, ConfigError, DeadlineExceeded, Outcome, OutOfBounds, read_config
from anymedia.journal import SQLiteJournal
from anymedia.simulators import in_thread

from .reading import attempts_in

UNCLOSED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
"""The connections of a client whose event loop is gone cannot be closed any more."""


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


@pytest.fixture
def threaded(clock, path):
    with in_thread("reapi", clock=clock.time) as sims:
        yield sims["reapi"], read_config({**sims.config, "journal": {"path": str(path)}}, sims.environ)


def the_attempt(path):
    (attempt,) = attempts_in(path)
    return attempt


@UNCLOSED
@pytest.mark.parametrize("closed", [True, False])
def test_what_was_sent_when_its_event_loop_ended_is_uncertain(threaded, clock, path, request_, closed):
    sim, config = threaded
    sim.fault("no_answer", created=True, seconds=0.5)

    async def main():
        client = Client(config, clock=clock)
        submit = asyncio.create_task(client.submit(request_, idempotency_key="k"))
        await until(lambda: sim.bills()["submits"])
        if closed:
            closing = asyncio.create_task(client.close())
            await asyncio.sleep(0)
            closing.cancel()
            await asyncio.wait([closing])
            assert not submit.done()  # its answer is still waited for

    asyncio.run(main())
    gc.collect()
    attempt = the_attempt(path)
    assert (attempt.outcome, attempt.reserved) == (Outcome.UNCERTAIN, attempt.order.money.usd)
    assert len(sim.bills()["entries"]) == 1


@UNCLOSED
def test_a_client_belongs_to_one_event_loop(threaded, clock, path, request_):
    sim, config = threaded
    client = Client(config, clock=clock)
    asyncio.run(client.submit(request_))
    with pytest.raises(ConfigError, match="another event loop"):
        asyncio.run(client.submit(request_))
    for verb in (client.get, client.wait):
        with pytest.raises(ConfigError, match="another event loop"):
            asyncio.run(verb(the_attempt(path).task))
    assert sim.bills()["submits"] == 1
    assert the_attempt(path).task
    del client, verb
    gc.collect()


async def test_a_fault_of_ours_before_a_byte_has_left_is_written_down_as_not_sent(client, request_, monkeypatch):
    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(client._session.transport, "send", broken)
    with pytest.raises(ZeroDivisionError):
        await client.submit(request_, "reapi")
    await client.close()
    (attempt,) = await client.attempts()
    assert (attempt.outcome, attempt.error) == (Outcome.NOT_SENT, "ZeroDivisionError()")


async def test_a_key_that_somebody_else_holds_has_cost_nothing(client, config, request_):
    other = SQLiteJournal(config.journal)
    await other.claim("k", "somebody")
    with pytest.raises(DeadlineExceeded) as caught:
        await client.generate(request_, "reapi", idempotency_key="k", timeout=5)
    await other.close()
    error = caught.value
    assert (error.billed, error.outcome, error.task) == (Billed.NO, Outcome.NOT_SENT, None)


@pytest.mark.parametrize("key", [17, "", "a" * 257, "a\nb", b"k"])
async def test_a_key_that_is_no_plain_text(client, request_, key):
    with pytest.raises(OutOfBounds, match="key: must be 1 to 256 printable characters"):
        await client.generate(request_, "reapi", idempotency_key=key)


async def test_replays_share_the_time_of_the_recovery(client, config, clock, sims, request_):
    sims["runapi"].fault("reset_before", times=None)
    uncertain = [asyncio.create_task(client.submit(request_, "runapi", timeout=60)) for _ in range(3)]
    await asyncio.wait(uncertain)
    await client.close()
    clock.slept.clear()
    before = clock.seconds
    async with Client(attrs.evolve(config), clock=clock) as later:
        recovery = await later.recover(timeout=1, replay=True)
    assert len(recovery.uncertain) == len(recovery.errors) == 3
    assert clock.seconds - before < 60
