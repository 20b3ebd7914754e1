"""fal, BFL and OpenAI written on paper: adapters that nobody registers, to prove that the words suffice.

Each page asks for something that the four built-in providers do not: links instead of paths, a status and a result
apart, a failure that only the result tells, pixels instead of ratios, a price by the megapixel, a list over numbered
fields, an answer that is the result.
"""

import base64
import io
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import attrs
import pytest
from aiohttp import web
from PIL import Image

from tests.verbs import run
from anymedia import (
    Account, Cause, Client, Config, ImageRequest, MalformedAnswer, NotFound, OutOfBounds, Rejected, Secret, State,
    SubmitUncertain, Task, TaskFailed, from_json, to_json,
)  # fmt: skip
from anymedia.translate.messages import Answer
from anymedia.translate.check import check
from anymedia.declare import (
    Adapter,
    Choice,
    Credit,
    Endpoint,
    Err,
    Fault,
    Header, Lifecycle,
    Limits,
    Match,
    Offer,
    Pace,
    Param,
    PerMegapixel,
    Pixels,
    Reply,
    Size,
    Text,
    Url,
    Files,
    Whole,
    first,
    numbered,
    when,
)  # fmt: skip
from anymedia.translate.decode import looked, submitted
from anymedia.translate.classify import Asked
from anymedia.translate.encode import follow, parts, submit
from anymedia.model.money import Money
from anymedia.pricing.price import priced
from anymedia.model.strict_json import dumps

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

FAL = Adapter(
    name="fal",
    title="fal",
    page="fal documentation",
    read="2026-11-20",
    base_url="https://queue.fal.run",
    api_key_env=("FAL_KEY",),
    auth=Header("Authorization", "Key "),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/{wire_id}", reply=Reply(id="request_id", state="status")),
        poll=Endpoint(
            method="GET",
            link="status_url",
            hosts=("fal.run",),
            reply=Reply(state="status", failed_if="error", failure=Fault(code="error_type", message="error")),
        ),
        result=Endpoint(
            method="GET", link="response_url", hosts=("fal.run",), verdict=True, reply=Reply(assets="images[].url")
        ),
        # A failed job is COMPLETED too; what failed it stands at the result's address, at the error's own status.
        why=Endpoint(method="GET", link="response_url", hosts=("fal.run",)),
        cancel=Endpoint(method="PUT", link="cancel_url", hosts=("fal.run",)),
        states={"IN_QUEUE": State.QUEUED, "IN_PROGRESS": State.RUNNING, "COMPLETED": State.SUCCEEDED},
        pace=Pace(first=2, then=2),
    ),
    fault=Fault(code=first("detail[].type", "error_type"), message=first("detail[].msg", "detail")),
    request_id=("x-fal-request-id",),
    errors={"content_policy_violation": Cause.BLOCKED, Match("Exhausted balance", 403): Cause.NO_CREDIT},
    offers=(
        Offer(
            name="flux-2-pro",
            model="flux-2-pro",
            wire_id=when(images="fal-ai/flux-2-pro/edit", otherwise="fal-ai/flux-2-pro"),
            page="fal documentation, flux-2-pro",
            params={
                "prompt": Param("prompt", Text(1), required=True),
                "size": Param("image_size", Size()),
                "images": Param("image_urls", Files(1)),
                "seed": Param("seed", Whole()),
                "moderation": Param("enable_safety_checker", Choice({"off": False, "standard": True})),
                "output_format": Param("output_format", Choice("jpeg", "png")),
                "callback_url": Param("?fal_webhook", Url()),
            },
            shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="4:3", resolution="1K"),
            prices=PerMegapixel("0.03", "0.015", "0.015"),
        ),
    ),
)

BFL = Adapter(
    name="bfl",
    title="Black Forest Labs",
    page="BFL documentation",
    read="2026-11-20",
    base_url="https://api.bfl.ai",
    api_key_env=("BFL_API_KEY",),
    auth=Header("x-key"),
    lifecycle=Lifecycle(
        submit=Endpoint(method="POST", path="/v1/{wire_id}", reply=Reply(id="id", credits="cost")),
        poll=Endpoint(
            method="GET",
            link="polling_url",
            hosts=("bfl.ai", "bfl.ml"),
            reply=Reply(
                id="id",
                state="status",
                assets="result.sample",
                failure=Fault(message="details.Moderation Reasons[]"),
            ),
        ),
        states={
            "Pending": State.RUNNING,
            "Ready": State.SUCCEEDED,
            "Error": State.FAILED,
            "Request Moderated": Err(Cause.BLOCKED),
            "Content Moderated": Err(Cause.BLOCKED),
            "Task not found": Err(Cause.NOT_FOUND),  # the id is unknown, which is not to say that the task failed
        },
        pace=Pace(first=2, then=1),
        expires=600,
    ),
    fault=Fault(code="detail[].type", message=first("detail[].msg", "detail")),
    credit=Credit("0.01"),
    limits=Limits(active=24),
    offers=(
        Offer(
            name="flux-2-pro",
            model="flux-2-pro",
            wire_id="flux-2-pro",
            page="BFL documentation, flux-2-pro",
            params={
                "prompt": Param("prompt", Text(1), required=True),
                "images": Param(numbered("input_image", "input_image_{n}"), Files(1, 8)),
                "size": Param("", Size(least=64, step=16, megapixels=4)),
                "seed": Param("seed", Whole()),
                "output_format": Param("output_format", Choice("jpeg", "png"), default="jpeg"),
                "callback_url": Param("webhook_url", Url()),
            },
            shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="1:1", resolution="1K"),
            prices=PerMegapixel("0.03", "0.015", "0.015"),
        ),
    ),
)

OPENAI = Adapter(
    name="openai",
    title="OpenAI",
    page="OpenAI documentation, Images",
    read="2026-11-20",
    base_url="https://api.openai.com",
    api_key_env=("OPENAI_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=Lifecycle(
        submit=Endpoint(
            method="POST",
            model="model",
            timeout=300,
            limit=64 << 20,
            reply=Reply(created="created!s", assets="data[].url", files="data[].b64_json!base64"),
        ),
        pace=Pace(first=0, then=1),
    ),
    fault=Fault(code="error.code", message="error.message"),
    errors={"moderation_blocked": Cause.BLOCKED},
    request_id=("x-request-id",),
    offers=(
        Offer(
            name="gpt-image-2",
            model="gpt-image-2",
            wire_id="gpt-image-2",
            path=when(images="/v1/images/edits", otherwise="/v1/images/generations"),
            page="OpenAI documentation, Images",
            params={
                "prompt": Param("prompt", Text(1), required=True),
                "images": Param("images[].image_url", Files(1, 16)),
                "count": Param("n", Whole(1, 10), default=1),
                "size": Param("size", Size("{width}x{height}", step=16)),
                "quality": Param("quality", Choice("auto", "low", "medium", "high"), default="auto"),
                "callback_url": Param("webhook", Url()),
            },
            shape=Pixels(step=16, megapixels={"1K": 1, "2K": 4}, ratio="1:1", resolution="1K"),
        ),
    ),
)

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse")
EDIT = attrs.evolve(REQUEST, images=("https://a.example/1.png", "https://a.example/2.png"))


def body(adapter, request):
    checked = check(request, adapter, adapter.offers[0])
    assert checked.problems == ()
    (part,) = parts(checked)
    return checked.path, part.body, priced(checked, [part])


def asked(adapter):
    return Asked(adapter=adapter, account=adapter.name, origin=adapter.base_url, model="flux-2-pro", now=NOW)


def draft(adapter):
    return Task(
        id="draft", provider=adapter.name, account=adapter.name, submitted_at=NOW, path="/submitted", money=Money()
    )


def at(adapter, origin=None):
    return Account(name=adapter.name, adapter=adapter, origin=origin or adapter.base_url)


def accepted(adapter, answer, status=200):
    return submitted(asked(adapter), Answer(status, {}, dumps(answer)), draft(adapter))


def look(adapter, endpoint, task, answer, status=200):
    return looked(asked(adapter), endpoint, Answer(status, {}, dumps(answer)), task)


# fal

QUEUED = {
    "status": "IN_QUEUE",
    "request_id": "r-1",
    "response_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1",
    "status_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1/status",
    "cancel_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1/cancel",
    "queue_position": 0,
}


@pytest.mark.parametrize(
    ("request_", "path", "sent", "usd"),
    [
        (REQUEST, "/fal-ai/flux-2-pro", {"prompt": "a lighthouse"}, None),
        (
            attrs.evolve(REQUEST, aspect_ratio="16:9", resolution="2K", seed=7, output_format="png", moderation="off"),
            "/fal-ai/flux-2-pro",
            {
                "prompt": "a lighthouse",
                "image_size": {"width": 2720, "height": 1536},
                "seed": 7,
                "enable_safety_checker": False,
                "output_format": "png",
            },
            Decimal("0.075"),
        ),
        (
            attrs.evolve(EDIT, callback_url="https://app.example/done?a=1"),
            "/fal-ai/flux-2-pro/edit?fal_webhook=https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1",
            {"prompt": "a lighthouse", "image_urls": list(EDIT.images)},
            None,
        ),
    ],
)
def test_fal_is_asked_in_its_own_words(request_, path, sent, usd):
    where, wire, money = body(FAL, request_)
    assert (where, wire, money.usd) == (path, sent, usd)


def test_fal_is_followed_along_the_links_it_answers():
    task = accepted(FAL, QUEUED)
    assert (task.id, task.state) == ("r-1", State.QUEUED)
    assert follow(at(FAL), FAL.lifecycle.poll, task).url == QUEUED["status_url"]
    assert follow(at(FAL), FAL.lifecycle.result, task).url == QUEUED["response_url"]
    assert (follow(at(FAL), FAL.lifecycle.cancel, task).method) == "PUT"
    # At another origin (a simulator, a proxy) the links go there too, and the maker's hosts get no key of it.
    assert follow(at(FAL, "http://127.0.0.1:1"), FAL.lifecycle.poll, task).url.startswith("http://127.0.0.1:1/fal-ai/")

    task = look(FAL, FAL.lifecycle.poll, task, {"status": "IN_PROGRESS", "logs": []}, status=202)
    assert task.state is State.RUNNING
    task = look(FAL, FAL.lifecycle.poll, task, {"status": "COMPLETED", "metrics": {"inference_time": 3.2}})
    assert task.state is State.SUCCEEDED
    assert task.assets == ()
    image = {"url": "https://v3.fal.media/x.jpg", "content_type": "image/jpeg", "width": 1024, "height": 768}
    task = look(FAL, FAL.lifecycle.result, task, {"images": [image], "seed": 3})
    assert [asset.url for asset in task.assets] == [image["url"]]


def test_fal_tells_a_failure_only_with_the_result():
    task = look(FAL, FAL.lifecycle.poll, accepted(FAL, QUEUED), {"status": "COMPLETED"})
    refusal = {"detail": [{"loc": ["body"], "msg": "flagged", "type": "content_policy_violation"}]}
    failed = look(FAL, FAL.lifecycle.result, task, refusal, status=422)
    assert failed.state is State.FAILED
    assert (failed.failure.cause, failed.failure.code) == (Cause.BLOCKED, "content_policy_violation")


def test_fal_tells_a_failure_beside_the_status():
    answer = {"status": "COMPLETED", "error": "the runner died", "error_type": "runner_disconnected"}
    task = look(FAL, FAL.lifecycle.poll, accepted(FAL, QUEUED), answer)
    assert (task.state, task.raw_state, task.failure.code) == (State.FAILED, "COMPLETED", "runner_disconnected")


def test_an_empty_balance_at_fal_is_a_403():
    answer = Answer(403, {}, dumps({"detail": "User is locked. Reason: Exhausted balance. Top up."}))
    with pytest.raises(Exception, match="Exhausted balance") as caught:
        submitted(asked(FAL), answer, draft(FAL))
    assert caught.value.cause is Cause.NO_CREDIT


# BFL

CREATED = {
    "id": "b-1",
    "polling_url": "https://api.eu2.bfl.ai/v1/get_result?id=b-1",
    "cost": 3.0,
    "input_mp": 0.0,
    "output_mp": 1.05,
}


@pytest.mark.parametrize(
    ("request_", "sent", "usd"),
    [
        (
            attrs.evolve(REQUEST, aspect_ratio="1:1", resolution="1K"),
            {"prompt": "a lighthouse", "width": 1024, "height": 1024},
            Decimal("0.03"),
        ),
        (
            attrs.evolve(REQUEST, resolution="2K", seed=1),
            {"prompt": "a lighthouse", "width": 2048, "height": 2048, "seed": 1},
            Decimal("0.075"),
        ),
        (
            attrs.evolve(REQUEST, size=(1104, 832), callback_url="https://app.example/x"),
            {"prompt": "a lighthouse", "width": 1104, "height": 832, "webhook_url": "https://app.example/x"},
            Decimal("0.03"),
        ),
        (
            EDIT,
            {"prompt": "a lighthouse", "input_image": EDIT.images[0], "input_image_2": EDIT.images[1]},
            None,
        ),
    ],
)
def test_bfl_is_asked_in_its_own_words(request_, sent, usd):
    where, wire, money = body(BFL, request_)
    assert (where, wire, money.usd) == ("/v1/flux-2-pro", sent, usd)


def test_bfl_refuses_what_its_page_refuses():
    checked = check(attrs.evolve(REQUEST, size=(40, 8200)), BFL, BFL.offers[0])
    assert [problem.message for problem in checked.problems] == [
        "takes at least 64 pixels a side, not 40x8200",
        "takes multiples of 16, not 40x8200",
    ]


def test_bfl_is_followed_to_the_cluster_it_names_and_nowhere_else():
    task = accepted(BFL, CREATED)
    assert follow(at(BFL), BFL.lifecycle.poll, task).url == CREATED["polling_url"]
    assert task.money.got != "settled"  # nothing is, before the task has ended
    assert submit(at(BFL), None, "/v1/flux-2-pro", {}, "key").headers.keys() == {"Accept", "Content-Type"}
    for hostile in (
        "https://bfl.ai.evil.example/x",
        "http://api.bfl.ai/x",
        "https://api.bfl.ai:8443/x",
        "https://user@api.bfl.ai/x",
        "https://evil.example\\@api.bfl.ai/x",
        "https://[x",
        7,
    ):
        lost = accepted(BFL, CREATED | {"polling_url": hostile})
        assert lost.id == "b-1"
        with pytest.raises(MalformedAnswer, match="named no usable polling_url"):
            follow(at(BFL), BFL.lifecycle.poll, lost)


@pytest.mark.parametrize("link", ["https://evil.example/x", "@evil.example/x", "https://api.bfl.ai.evil.example/"])
def test_a_task_that_was_tampered_with_does_not_lead_the_key_astray(link):
    task = accepted(BFL, CREATED)
    with pytest.raises(MalformedAnswer):
        follow(at(BFL), BFL.lifecycle.poll, attrs.evolve(task, links={"polling_url": link}))
    astray = attrs.evolve(task, path=link)
    with pytest.raises(MalformedAnswer):
        follow(at(BFL), Endpoint(method="GET", path="{path}/{id}"), astray)


@pytest.mark.parametrize("word", ["Request Moderated", "Content Moderated"])
def test_moderation_at_bfl_is_a_state(word):
    answer = {"id": "b-1", "status": word, "result": None, "details": {"Moderation Reasons": ["Safety Filter"]}}
    task = look(BFL, BFL.lifecycle.poll, accepted(BFL, CREATED), answer)
    assert (task.state, task.failure.cause, task.failure.message) == (State.FAILED, Cause.BLOCKED, "Safety Filter")


def test_an_unknown_id_at_bfl_fails_no_task():
    task = accepted(BFL, CREATED)
    with pytest.raises(NotFound):
        look(BFL, BFL.lifecycle.poll, task, {"id": "b-1", "status": "Task not found", "result": None})


def test_a_picture_of_bfl_lives_ten_minutes():
    answer = {"id": "b-1", "status": "Ready", "result": {"sample": "https://delivery.bfl.ai/x.jpeg"}}
    task = look(BFL, BFL.lifecycle.poll, accepted(BFL, CREATED), answer)
    (asset,) = task.assets
    assert (asset.expires_at - NOW).total_seconds() == 600


# OpenAI

_FILE = io.BytesIO()
Image.new("RGB", (3, 2)).save(_FILE, "PNG")
PICTURE_64 = base64.b64encode(_FILE.getvalue()).decode()
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def test_openai_is_asked_in_its_own_words():
    request = ImageRequest(model="gpt-image-2", prompt="a lighthouse", count=2, aspect_ratio="2:3", quality="low")
    assert body(OPENAI, request)[:2] == (
        "/v1/images/generations",
        {"model": "gpt-image-2", "prompt": "a lighthouse", "n": 2, "size": "832x1248", "quality": "low"},
    )
    path, sent, _ = body(OPENAI, ImageRequest(model="gpt-image-2", prompt="brighter", images=EDIT.images))
    assert path == "/v1/images/edits"
    assert sent["images"] == [{"image_url": url} for url in EDIT.images]


def test_the_answer_of_openai_is_the_result():
    task = accepted(OPENAI, {"created": 1713833628, "data": [{"b64_json": PICTURE}, {"b64_json": PICTURE}]})
    assert (task.id, task.state, len(task.assets)) == ("draft", State.SUCCEEDED, 2)
    assert task.assets[0].data == base64.b64decode(PICTURE)


@pytest.mark.parametrize("answer", [{"created": 1}, {"created": 1, "data": [{"b64_json": "%"}]}, [], "no"])
def test_a_paid_answer_of_openai_without_a_picture_is_uncertain(answer):
    with pytest.raises(SubmitUncertain) as caught:
        accepted(OPENAI, answer)
    assert caught.value.billed == "likely"


# Over the wire: what of the client only these adapters use


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
    assert [path for _, path in seen][1:] == [f"{base}/status", base]


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
    answers = {("POST", "/v1/images/generations"): [(200, {"created": 1, "data": [{"b64_json": PICTURE_64}]})]}
    async with served(OPENAI, answers, clock) as (client, seen):
        task = await run(client, ImageRequest(model="gpt-image-2", prompt="a lighthouse"))
        (asset,) = await client.download(task, tmp_path)
        assert await client.get(attrs.evolve(task, state=State.QUEUED)) is not None
    assert (asset.width, asset.height, len(seen)) == (3, 2, 1)
    assert from_json(Task, to_json(task)) == task


async def test_a_task_that_was_canceled_failed(clock):
    task = attrs.evolve(draft(FAL), state=State.CANCELED)
    async with served(FAL, {}, clock) as (client, _):
        with pytest.raises(TaskFailed, match="ended as canceled"):
            await client.wait(task)
