"""A client whose event loop goes away, or is another one: what is written down is still true."""

import asyncio
import gc
import inspect
from datetime import UTC, datetime

import attrs
import pytest

from anymedia import (
    Billed,
    Client,
    Config,
    ConfigError,
    DeadlineExceeded,
    Outcome,
    OutOfBounds,
    Retry,
    State,
    Task,
    read_config,
)
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
    assert sim.bills()["submits"] == 1
    assert the_attempt(path).task
    del client
    gc.collect()


def coroutine_methods():
    """Return every public method of Client that is awaited, with a value for each argument that it needs."""
    found = {name: inspect.unwrap(held) for name, held in vars(Client).items() if inspect.isfunction(held)}
    names = [name for name, held in found.items() if inspect.iscoroutinefunction(held)]
    public = [name for name in names if not name.startswith("_") or name.startswith("__a")]
    needed = {name: inspect.signature(found[name]).parameters.values() for name in public}
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {
        name: sum(each.kind in kinds and each.default is each.empty for each in needed[name]) - 1 for name in public
    }


@pytest.mark.parametrize(("method", "arguments"), coroutine_methods().items())
def test_every_method_says_the_same_in_another_event_loop(method, arguments):
    assert len(coroutine_methods()) >= 16
    client = Client(Config(accounts={}, journal=None))
    task = Task(id="t", provider="p", account="a", state=State.SUCCEEDED, submitted_at=datetime.now(UTC), path="/")
    assert asyncio.run(client.get(task)) is task  # the client is of this loop from now on

    async def elsewhere():
        await getattr(client, method)(*[None] * arguments)

    with pytest.raises(ConfigError, match=r"^this client was used in another event loop before; each needs a client"):
        asyncio.run(elsewhere())


def test_a_wake_goes_to_the_loop_of_the_client_alone():
    client = Client(Config(accounts={}, journal=None))
    task = Task(id="t", provider="p", account="a", state=State.SUCCEEDED, submitted_at=datetime.now(UTC), path="/")
    client.wake(task)
    asyncio.run(client.get(task))

    async def wake():
        client.wake(task)

    with pytest.raises(ConfigError, match="another event loop"):
        asyncio.run(wake())


async def test_a_fault_of_ours_before_a_byte_has_left_is_written_down_as_not_sent(client, request_, monkeypatch):
    async def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(client._session.transport, "send", broken)
    with pytest.raises(ZeroDivisionError):
        await client.submit(request_, "reapi")
    await client.close()
    (attempt,) = await client.attempts()
    assert (attempt.outcome, attempt.error) == (Outcome.NOT_SENT, "ZeroDivisionError()")


async def test_what_somebody_else_buys_under_a_key_is_not_known(client, config, request_):
    other = SQLiteJournal(config.journal)
    await other.claim("k", "somebody")
    with pytest.raises(DeadlineExceeded) as caught:
        await client.generate(request_, "reapi", idempotency_key="k", timeout=5)
    await other.close()
    error = caught.value
    assert (error.billed, error.retry, error.task) == (Billed.UNKNOWN, Retry.SAME, None)


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
