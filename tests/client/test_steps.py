"""What of a task's life only some providers have: a result in a further step, a reason that is asked for, a cancel,
an answer that is the result.
"""

import base64
import json
from contextlib import asynccontextmanager

import attrs
import pytest
from aiohttp import web

from anymedia import (
    Account,
    Client,
    Config,
    ImageRequest,
    OutOfBounds,
    Rejected,
    Secret,
    State,
    Task,
    TaskFailed,
    from_json,
    to_json,
)
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.adapters.openai import ADAPTER as OPENAI
from anymedia.model.strict_json import dumps
from tests.core.acme import NOW
from tests.core.test_followed import QUEUED, REQUEST
from tests.samples import sample
from tests.verbs import run

PICTURE = base64.b64encode(sample("picture.png")).decode()


@asynccontextmanager
async def served(adapter, answers, clock):
    """Yield a client whose only account is the adapter, at a server that answers by method and path."""
    seen = []

    async def handle(http):
        seen.append((http.method, http.path_qs))
        status, answer = answers[http.method, http.path].pop(0)
        origin = f"http://{http.host}"
        return web.Response(status=status, body=dumps(answer).replace(adapter.base_url.encode(), origin.encode()))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    account = Account(name=adapter.name, adapter=adapter, origin=origin, api_key=Secret("k"))
    try:
        async with Client(Config(accounts={adapter.name: account}), clock=clock) as client:
            yield client, seen
    finally:
        await runner.cleanup()


async def test_a_result_is_fetched_in_a_further_step(clock):
    base = "/fal-ai/flux-2-pro/requests/r-1"
    answers = {
        ("POST", "/fal-ai/flux-2-pro"): [(200, QUEUED)],
        ("GET", f"{base}/status"): [(202, {"status": "IN_PROGRESS"}), (200, {"status": "COMPLETED"})],
        ("GET", base): [(200, {"images": [{"url": "https://v3.fal.media/x.jpg"}]})],
    }
    async with served(FAL, answers, clock) as (client, seen):
        task = await run(client, REQUEST)
    assert [asset.url for asset in task.assets] == ["https://v3.fal.media/x.jpg"]
    assert [method for method, _ in seen] == ["POST", "GET", "GET", "GET"]
    assert task.links["status_url"] == f"{base}/status"  # relative: another origin can open it


@pytest.mark.parametrize(
    ("why", "code", "message"),
    [
        (
            (422, {"detail": [{"msg": "flagged", "type": "content_policy_violation"}]}),
            "content_policy_violation",
            "flagged",
        ),
        ((504, {"detail": "too slow", "error_type": "request_timeout"}), "request_timeout", "too slow"),
        ((429, {"detail": "too fast"}), None, "it broke"),
        ((200, {"images": []}), None, "it broke"),
    ],
)
async def test_a_failure_is_asked_for_its_reason_once(clock, why, code, message):
    base = "/fal-ai/flux-2-pro/requests/r-1"
    answers = {
        ("POST", "/fal-ai/flux-2-pro"): [(200, QUEUED)],
        ("GET", f"{base}/status"): [(200, {"status": "COMPLETED", "error": "it broke"})],
        ("GET", base): [why],
    }
    async with served(FAL, answers, clock) as (client, seen):
        task = await client.get(await client.submit(REQUEST))
    assert (task.state, task.failure.code, task.failure.message) == (State.FAILED, code, message)
    assert [path for _, path in seen][1:] == [f"{base}/status?logs=1", base]


async def test_a_failure_whose_reason_does_not_come_stays_as_it_was(clock):
    base = "/fal-ai/flux-2-pro/requests/r-1"
    answers = {
        ("POST", "/fal-ai/flux-2-pro"): [(200, QUEUED)],
        ("GET", f"{base}/status"): [(200, {"status": "COMPLETED", "error": "it broke"})],
        ("GET", base): [(200, "x" * FAL.lifecycle.why.limit)],  # too long to be read
    }
    async with served(FAL, answers, clock) as (client, _):
        task = await client.get(await client.submit(REQUEST))
    assert (task.state, task.failure.message) == (State.FAILED, "it broke")


async def test_a_task_is_cancelled_where_the_provider_can(clock):
    answers = {
        ("POST", "/fal-ai/flux-2-pro"): [(200, QUEUED)],
        ("PUT", "/fal-ai/flux-2-pro/requests/r-1/cancel"): [(202, {"status": "CANCELLATION_REQUESTED"})],
        ("GET", "/fal-ai/flux-2-pro/requests/r-1/status"): [(202, {"status": "IN_QUEUE"})],
    }
    async with served(FAL, answers, clock) as (client, _):
        task = await client.submit(REQUEST)
        assert (await client.cancel(task)).state is State.QUEUED  # asked for, and not yet so


STATUS, CANCEL = ("GET", "/fal-ai/flux-2-pro/requests/r-1/status"), ("PUT", "/fal-ai/flux-2-pro/requests/r-1/cancel")
OVER = {"status": "COMPLETED", "error": "the runner died"}


@pytest.mark.parametrize(
    ("look", "ends"),
    [
        ((200, OVER), State.FAILED),  # it ended before it could be stopped
        ((202, {"status": "IN_PROGRESS"}), Rejected),
        ((404, {"detail": "no such request"}), Rejected),
    ],
)
async def test_a_task_that_cannot_be_cancelled_is_looked_at(clock, look, ends):
    answers = {
        ("POST", "/fal-ai/flux-2-pro"): [(200, QUEUED)],
        CANCEL: [(400, {"detail": "already completed"})],
        STATUS: [look],
    }
    async with served(FAL, answers, clock) as (client, seen):
        task = await client.submit(REQUEST)
        try:
            came = (await client.cancel(task)).state
        except Rejected as error:
            came = "already completed" in str(error) and type(error)
        assert came is ends
        ended, before = attrs.evolve(task, state=State.FAILED), len(seen)
        assert await client.cancel(ended) is ended
        assert len(seen) == before  # nothing is asked about what has ended


async def test_a_handle_of_what_was_made_at_once_opens_as_made(clock):
    url = "https://cdn.example/1.png"
    answers = {("POST", "/v1/images/generations"): [(200, {"created": 1, "data": [{"url": url}]})]}
    async with served(attrs.evolve(OPENAI, lifecycle=attrs.evolve(OPENAI.lifecycle, expires=60)), answers, clock) as (
        client,
        seen,
    ):
        task = await client.submit(ImageRequest(model="gpt-image-2", prompt="a lighthouse"))
        again = client.open(client.handle(task))
        assert (again.state, again.assets) == (State.SUCCEEDED, task.assets)
        assert again.assets[0].expires_at is not None
        beside = tuple(attrs.evolve(task.assets[0], role=role, seconds=2.5) for role in ("main", "cover"))
        assert client.open(client.handle(attrs.evolve(task, assets=beside))).assets == beside
        assert [await client.wait(again), await client.get(again), await client.cancel(again)] == [again] * 3
        assert client.open(client.handle(attrs.evolve(task, state=State.FAILED, assets=()))).state is State.FAILED
        assert len(seen) == 1
        far = attrs.evolve(task, assets=(attrs.evolve(task.assets[0], url=url + "?" + "x" * 1000),))
        for unfit, why in (
            (attrs.evolve(task, state=State.RUNNING), "the answer to the submit is the result here, and .* is running"),
            (attrs.evolve(task, assets=()), "assets: a task has results where it has succeeded"),
            (far, "handle: takes 1,... bytes, and 1,000 is the most"),
        ):
            with pytest.raises(OutOfBounds, match=why):
                client.handle(unfit)
        said = json.loads(client.handle(task))
        for changes, why in (
            ({"ended": None}, "ended: is missing: OpenAI shows a result only in the answer to the submit"),
            ({"ended": "running"}, "succeeded, failed or canceled is needed"),
            ({"assets": [{"kind": "image", "url": "file:///etc/passwd"}]}, "assets: a list of objects"),
            ({"assets": [{"kind": "image", "url": url, "path": "/etc/passwd"}]}, "assets: a list of objects"),
            ({"assets": [{"kind": "image", "url": url, "expires_at": "soon"}]}, "assets: a list of objects"),
            ({"assets": [{"kind": "image", "url": url, "role": ["main"]}]}, "assets: a list of objects"),
            ({"assets": [{"kind": "image", "url": url, "seconds": True}]}, "assets: a list of objects"),
            ({"assets": [{"url": url}]}, "assets: a list of objects"),
            ({"assets": ["x"]}, "assets: a list of objects"),
        ):
            changed = {field: value for field, value in (said | changes).items() if value is not None}
            with pytest.raises(OutOfBounds, match=why):
                client.open(json.dumps(changed))


async def test_bytes_in_the_answer_are_a_finished_task(clock, tmp_path):
    answers = {("POST", "/v1/images/generations"): [(200, {"created": 1, "data": [{"b64_json": PICTURE}]})]}
    async with served(OPENAI, answers, clock) as (client, seen):
        task = await run(client, ImageRequest(model="gpt-image-2", prompt="a lighthouse"))
        (asset,) = await client.download(task, tmp_path)
        assert await client.get(attrs.evolve(task, state=State.QUEUED)) is not None
    assert (asset.width, asset.height, len(seen)) == (96, 64, 1)
    assert from_json(Task, to_json(task)) == task


async def test_a_task_that_was_canceled_failed(clock):
    task = Task(id="t-1", provider="fal", account="fal", submitted_at=NOW, path="/x", state=State.CANCELED)
    async with served(FAL, {}, clock) as (client, _):
        with pytest.raises(TaskFailed, match="ended as canceled"):
            await client.wait(task)
