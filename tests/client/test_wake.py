"""A wait for a task can be woken: its next look is then due at once."""

import asyncio

import pytest

from anymedia import Client, DeadlineExceeded, State, SyncClient, read_config
from anymedia.simulators import running
from tests.client.hooks import Held, until


@pytest.fixture
def clock():
    return Held()


def polls(sims):
    return sims["reapi"].bills()["polls"]


async def test_a_wake_makes_the_next_look_due_at_once(client, sims, clock, request_):
    task = await client.submit(request_, "reapi")
    waiting = asyncio.create_task(client.wait(task))
    await until(lambda: len(clock.slept) == 1)
    client.wake(task)
    await until(lambda: len(clock.slept) == 2)
    assert (polls(sims), waiting.done()) == (1, False)
    clock.seconds += 60
    client.wake(task)
    client.wake(task)  # twice is once
    assert (await waiting).state is State.SUCCEEDED
    assert polls(sims) == 2
    client.wake(task)  # nobody waits any more
    assert client._watch._schedules["reapi"]._watched == {}


async def test_a_wake_during_a_look_is_for_the_look_after_it(client, sims, clock, request_):
    sims["reapi"].fault("no_answer", on="poll", seconds=0.05)
    task = await client.submit(request_, "reapi")
    waiting = asyncio.create_task(client.wait(task))
    await until(lambda: len(clock.slept) == 1)
    client.wake(task)
    await until(lambda: polls(sims) == 1)
    clock.seconds += 60
    client.wake(task)
    assert (await waiting).state is State.SUCCEEDED
    assert (polls(sims), len(clock.slept)) == (2, 1)  # no sleep between the two looks


async def test_every_wait_for_the_task_is_woken_and_no_other(client, sims, clock, request_):
    task, other = [await client.submit(request_, "reapi") for _ in range(2)]
    waits = [asyncio.create_task(client.wait(each)) for each in (task, task, other)]
    await until(lambda: len(clock.slept) == 2)  # one sleep for each task
    clock.seconds += 60
    client.wake(task)
    done, left = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    done |= (await asyncio.wait(left, timeout=0.05))[0]
    assert (done, polls(sims), len(clock.slept)) == (set(waits[:2]), 1, 2)  # one look for both
    waits[2].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits[2]


async def test_a_cancel_stays_a_cancel_whenever_the_wake_comes(client, clock, request_):
    task = await client.submit(request_, "reapi")
    waiting = asyncio.create_task(client.wait(task))
    await until(lambda: len(clock.slept) == 1)
    client.wake(task)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert client._watch._schedules["reapi"]._watched == {}


async def test_generate_is_woken_too_and_the_deadline_holds(client, sims, clock, request_):
    made = []

    async with running("reapi", clock=clock.time) as sims_:
        config = read_config(sims_.config, sims_.environ)
        async with Client(config, clock=clock, on_event=made.append) as other:
            making = asyncio.create_task(other.generate(request_, timeout=30))
            await until(lambda: clock.slept)
            task = made[-1].task
            clock.seconds += 31
            other.wake(task)
            with pytest.raises(DeadlineExceeded):
                await making


def test_a_thread_may_wake(sims_in_thread, request_):
    clock = Held()
    with SyncClient(sims_in_thread, clock=clock) as client:
        task = client.submit(request_, "reapi")
        clock.seconds += 60
        waiting = asyncio.run_coroutine_threadsafe(client._client.wait(task), client._loop)
        slept = 0
        while not waiting.done():  # the simulator's own time may have to pass before a look finds it finished
            if len(clock.slept) > slept:
                slept = len(clock.slept)
                client.wake(task)
        assert waiting.result().state is State.SUCCEEDED


@pytest.fixture
def sims_in_thread():
    from anymedia.simulators import in_thread

    with in_thread("reapi", speed=1000) as simulators:
        yield read_config(simulators.config, simulators.environ)
