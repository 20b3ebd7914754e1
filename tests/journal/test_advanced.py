"""Steps of a task by several owners of one journal, whichever it is: one look tells all, and one file is saved."""

import asyncio

import attrs
import pytest

from anymedia import State
from tests.client.left import assets, cdn, client_at, left, written

OWNERS = 4


@pytest.fixture
async def server():
    async with cdn() as server:
        yield server


@pytest.fixture
async def clients(opens, server, clock):
    """Clients of processes of their own over one journal."""
    clients = [client_at(server, clock, opens().journal) for _ in range(OWNERS)]
    yield clients
    for client in clients:
        await client.close()
        await client.journal.close()


async def test_owners_that_take_steps_at_the_same_time_save_one_file(clients, server, clock, tmp_path):
    journal = clients[0].journal
    task = await left(journal, "t", clock=clock, state=State.RUNNING)
    server.links("t", "/1", "/2")
    clock.seconds += 10
    over = 0
    async with asyncio.timeout(30):
        while over < OWNERS:
            steps = await asyncio.gather(*(client.advance(task, tmp_path) for client in clients))
            over = sum(step.after is None for step in steps)
    assert {step.task.state for step in steps} == {State.SUCCEEDED}
    assert (server.asked["/1"], server.asked["/2"]) == (1, 1)
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["t-1.png", "t-2.png"]
    looks = server.asked["/v1/t"]
    for client in clients:
        step = await client.advance(steps[0].attempt_id, tmp_path)
        assert (step.after, [asset.path.parent for asset in step.task.assets]) == (None, [tmp_path] * 2)
    assert server.asked["/v1/t"] == looks <= OWNERS


async def test_what_an_owner_wrote_down_another_goes_by(clients, server, clock, tmp_path):
    one, other, *_ = clients
    task = await left(one.journal, "t", *assets(server, "/1", clock=clock), clock=clock)
    stale = attrs.evolve(task, state=State.RUNNING, assets=())
    assert (await one.advance(task, tmp_path)).after is None
    assert (await other.advance(stale, tmp_path)).task.assets == await written(other.journal, "t")
    assert server.asked == {"/1": 1}
