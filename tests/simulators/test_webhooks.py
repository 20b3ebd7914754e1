"""What callers are told: when, in which words, signed by whom, how often, and what can go wrong with it."""

import asyncio
import base64
import hashlib
import hmac
import json
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web

from anymedia.simulators import running, services, webhooks
from anymedia.simulators.message import Response
from anymedia.simulators.posting import AT_A_TIME
from anymedia.simulators.runapi import RunAPI
from anymedia.simulators.webhooks import Delivery, Moment, Webhook

HOOK = "http://127.0.0.1:9/hooks/a?b=%7E"
FIELD = {"runapi": "callback_url", "api_in_one": "callback_url", "revidapi": "callBackUrl"}


@pytest.fixture(params=FIELD)
def told(request, caller):
    return caller(request.param)


def submit(caller, hook=HOOK):
    status, body = caller.post({**caller.words.body, FIELD[caller.service.name]: hook})
    assert status == 200, body
    return body


def test_a_task_is_told_once_at_its_end_as_a_look_at_it_would_be_answered(told):
    assert told.service.due(9) == []
    submit(told)
    told.clock.tick(3.9)
    assert told.service.due(9) == []
    told.clock.tick(0.1)
    (post,) = told.service.due(9)
    told.clock.tick(60)
    assert told.service.due(9) == []
    told.service.posted(post, 204)
    told.clock.tick(9999)
    assert told.service.due(9) == []
    (task_id,) = told.service.tasks
    told.service.base_url = "http://sim.test"
    said = json.loads(post.body)
    assert post.url == HOOK
    assert post.headers["Content-Type"] == "application/json"
    assert {**said, "links": []} == {**without_origin(told.look(task_id)), "links": []}
    bill = {"asked": 1, "sent": 1, "answered": 1, "elsewhere": 0, "dropped": 0, "waiting": 0}
    assert told.service.bills()["webhooks"] == bill


def without_origin(body):
    """A poll's answer as it is where nobody knows the server's address yet."""
    return json.loads(json.dumps(body).replace("http://sim.test", ""))


def test_a_failed_task_is_told_of_too(told):
    told.service.add_fault({"kind": "failed", "message": "out of paint"})
    submit(told)
    told.clock.tick(4)
    (post,) = told.service.due(9)
    assert b"out of paint" in post.body


def test_what_nobody_answers_is_tried_again_with_growing_pauses(caller):
    one = caller("runapi", speed=10)
    submit(one)
    one.clock.tick(0.4)
    posts = one.service.due(9)
    for pause, status in zip(one.service.webhook.pauses, (None, 500, 302), strict=True):
        one.service.posted(posts[-1], status)
        one.clock.tick(pause / 10 - 0.01)
        assert one.service.due(9) == []
        one.clock.tick(0.02)
        posts += one.service.due(9)
    one.service.posted(posts[-1], 404)
    one.clock.tick(9999)
    assert one.service.due(9) == []
    assert len(posts) == 4
    assert {post.headers["X-Callback-Id"] for post in posts} == {posts[0].headers["X-Callback-Id"]}
    assert len({post.headers["X-Callback-Timestamp"] for post in posts}) == 4
    assert len({post.body for post in posts}) == 1


# Signatures


VECTOR = b'{"id":"6f0a2b1e-1111-4222-8333-944445555666","status":"completed","videos":[{"url":"https://example.com/v.mp4"}],"usage":{"cost":0.7}}'


def test_runapi_signs_as_its_page_shows():
    service = RunAPI(clock=lambda: 1764288000.4)
    task = SimpleNamespace(id="6f0a")
    delivery = Delivery(task, Moment(0), 0, id="3f2c8a10-6d5b-4f7e-9a51-0c1d2e3f4a5b")
    assert service.signed(delivery, VECTOR, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == {
        "X-Callback-Id": "3f2c8a10-6d5b-4f7e-9a51-0c1d2e3f4a5b",
        "X-Callback-Timestamp": "1764288000",
        "X-Callback-Signature": "M6ysD7nc9OALY+HwGh88yXgnFpyAxGOP4sgA4TZwQ+Q=",
    }


def is_genuine(post, secret):
    over = f"{post.headers['X-Callback-Id']}.{post.headers['X-Callback-Timestamp']}.".encode() + post.body
    signature = hmac.digest(base64.b64decode(secret), over, hashlib.sha256)
    return post.headers["X-Callback-Signature"] == base64.b64encode(signature).decode()


def test_a_forger_lies_while_the_task_runs_and_has_not_the_secret(told):
    told.service.add_fault({"kind": "failed"})
    told.service.add_fault({"kind": "webhook_forged"})
    submit(told)
    told.clock.tick(2)
    (forged,) = told.service.due(9)
    assert told.words.states[2] in forged.body.decode()
    assert "/media/forged.png" in forged.body.decode()
    told.service.posted(forged, 403)
    told.clock.tick(2)
    (genuine,) = told.service.due(9)  # the forged one is not tried again
    assert told.words.states[3] in genuine.body.decode()
    if told.service.name == "runapi":
        secret = told.service.settings["webhook_secret"]
        assert [is_genuine(post, secret) for post in (forged, genuine)] == [False, True]


# What else can go wrong


def told_how(one):
    """What is posted until nothing is left: when, since the submit, and what of the task's state it says."""
    posts, start = [], one.clock.now
    for _ in range(200):
        for post in one.service.due(9):
            (state,) = {state for state in ("processing", "completed", "failed") if state in post.body.decode()}
            posts.append((one.clock.now - start, state))
            one.service.posted(post, 200)
        one.clock.tick(0.25)
    return posts


@pytest.mark.parametrize(
    ("faults", "posts"),
    [
        ([], [(4, "completed")]),
        ([{"kind": "webhook_never"}], []),
        ([{"kind": "webhook_late", "seconds": 3}], [(7, "completed")]),
        ([{"kind": "webhook_twice"}], [(4, "completed"), (4.25, "completed")]),
        ([{"kind": "webhook_reordered"}], [(4, "completed"), (4.25, "processing")]),
        ([{"kind": "webhook_reordered"}, {"kind": "failed"}], [(4, "failed"), (4.25, "processing")]),
        ([{"kind": "latency", "seconds": 8}], [(8, "completed")]),
        ([{"kind": "stuck"}], []),
        ([{"kind": "webhook_never"}, {"kind": "webhook_forged"}], [(2, "completed")]),
    ],
)
def test_faults(caller, faults, posts):
    one = caller("runapi")
    for fault in faults:
        one.service.add_fault(fault)
    assert one.post(one.words.body)[0] == 200  # who wants not to be told uses up no fault of this kind
    if any(fault["kind"] in ("failed", "latency", "stuck") for fault in faults):
        one.service.add_fault(faults[-1])
    submit(one)
    assert told_how(one) == posts
    assert list(one.service.faults) == []
    assert not one.service.deliveries


def test_what_is_said_can_be_spoiled_and_is_signed_all_the_same(caller):
    one = caller("runapi")
    one.service.add_fault({"kind": "cut_json", "on": "webhook"})
    submit(one)
    one.clock.tick(4)
    (post,) = one.service.due(9)
    with pytest.raises(ValueError, match="line 1"):
        json.loads(post.body)
    assert is_genuine(post, one.service.settings["webhook_secret"])


def test_who_tells_nobody_has_no_faults_of_this_kind(caller):
    for kind in ("webhook_never", "cut_json"):
        with pytest.raises(ValueError, match="reapi tells no caller of a task"):
            caller("reapi").service.add_fault({"kind": kind, "on": "webhook"})


class Stopped(RunAPI):
    """RunAPI with a cancel, and with more that it tells."""

    routes = (("DELETE", r"(?P<scope>/api/v1/flux_2/text_to_image)/(?P<id>[^/]+)", "cancel"), *RunAPI.routes)

    def moments(self, task):
        return Moment(task.created + task.queued, "start", again=False), Moment(task.ends, "end")

    def shown(self, task, stage, urls):
        return super().shown(task, "failed" if stage == "canceled" else stage, urls)

    def notice(self, task, stage, urls, event):
        return Response(200, {}, event.encode() + b" " + self.shown(task, stage, urls).body)


@pytest.mark.parametrize(
    ("cancel_at", "posts"),
    [(None, [(1, "start processing"), (4, "end completed")]), (0.5, [(0.5, "end failed")]),
     (2, [(1, "start processing"), (2, "end failed")]), (5, [(1, "start processing"), (4, "end completed")])],
)  # fmt: skip
def test_a_task_that_is_stopped_is_told_of_at_once(caller, monkeypatch, cancel_at, posts):
    monkeypatch.setattr("anymedia.simulators._plugins", lambda: ())
    monkeypatch.setattr("anymedia.simulators._built_in", lambda: {Stopped.name: Stopped})
    one = caller("runapi")
    task_id, found = submit(one)["id"], []
    for tick in range(24):
        if tick / 4 == cancel_at:
            one.raw("DELETE", f"/api/v1/flux_2/text_to_image/{task_id}")
        for post in one.service.due(9):
            event, _, body = post.body.decode().partition(" ")
            found.append((tick / 4, f"{event} {json.loads(body)['status']}"))
            one.service.posted(post, 200)
        one.clock.tick(0.25)
    assert found == posts


def test_of_one_task_one_post_at_a_time_and_in_order(caller):
    one = caller("runapi")
    one.service.add_fault({"kind": "webhook_forged", "times": None})
    for _ in range(3):
        submit(one)
    one.clock.tick(5)
    first = one.service.due(2)
    assert [b"forged" in post.body for post in (*first, *one.service.due(9))] == [True] * 3
    assert one.service.due(9) == []
    one.service.posted(first[0], None)
    assert [b"forged" in post.body for post in one.service.due(9)] == [False]
    assert len(one.service.deliveries) == 2


def test_how_much_waits_is_bounded(caller, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_WAITING", 2)
    one = caller("runapi")
    for _ in range(3):
        submit(one)
    bill = one.service.bills()["webhooks"]
    assert (bill["asked"], bill["waiting"], bill["dropped"]) == (3, 2, 1)


def test_nobody_is_told_who_is_not_on_this_machine(told):
    submit(told, "https://app.example/hooks")
    told.clock.tick(9)
    assert told.service.due(9) == []
    assert told.service.bills()["webhooks"]["elsewhere"] == 1


def test_a_webhook_that_is_stated_wrongly():
    with pytest.raises(ValueError, match="webhook, the secret: there is no 'key', there are webhook_secret"):
        type("Wrong", (RunAPI,), {"webhook": Webhook("key")})
    with pytest.raises(ValueError, match="webhook is a Webhook, not 'x'"):
        type("Wrong", (RunAPI,), {"webhook": "x"})


# Over sockets


class App:
    """An app that is told; `answers` are the statuses that it gives, then 200."""

    def __init__(self):
        self.got, self.answers, self.hold = [], [], None
        self.came = asyncio.Event()

    async def handle(self, request):
        self.got.append((str(request.rel_url), await request.read()))
        self.came.set()
        if self.hold:
            await self.hold.wait()
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def app():
    app, server = App(), web.Application()
    server.router.add_route("*", "/{path:.*}", app.handle)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    app.url = f"http://localhost:{runner.addresses[0][1]}/hooks/a%7Eb?x=%2F"
    yield app
    if app.hold:
        app.hold.set()
    await runner.cleanup()


async def ordered(http, one, hook, count=1):
    headers = {"Authorization": f"Bearer {one.api_key}"}
    body = {"model": "flux-2-pro-text-to-image", "prompt": "A fox", "callback_url": hook}
    for _ in range(count):
        async with http.post(f"{one.base_url}/api/v1/flux_2/text_to_image", json=body, headers=headers) as response:
            assert response.status == 200


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_server_posts_what_the_clock_says_and_tries_again(clock, app):
    app.answers = [500, 307]
    async with running("runapi", clock=clock) as sims, aiohttp.ClientSession() as http:
        one = sims["runapi"]
        await ordered(http, one, app.url)
        for number, pause in enumerate((4, 10, 60), start=1):
            clock.tick(pause)
            await until(lambda number=number: len(app.got) == number and one.service.deliveries.sent == number)
            await until(lambda number=number: (number == 3) == (not one.service.deliveries))
        assert one.bills()["webhooks"]["answered"] == 1
        await ordered(http, one, app.url)  # it looks again where there was nothing to be posted for a while
        clock.tick(4)
        await until(lambda: len(app.got) == 4)
    assert {url for url, _ in app.got} == {"/hooks/a%7Eb?x=%2F"}


async def test_an_app_that_does_not_answer_holds_nothing_up(clock, app):
    app.hold = asyncio.Event()
    async with running("runapi", clock=clock) as sims, aiohttp.ClientSession() as http:
        one = sims["runapi"]
        await ordered(http, one, app.url, AT_A_TIME + 4)
        clock.tick(4)
        await until(lambda: len(app.got) == AT_A_TIME)
        await ordered(http, one, app.url)
        assert one.bills()["webhooks"]["sent"] == AT_A_TIME
        assert len(app.got) == AT_A_TIME


async def test_nobody_is_there(clock):
    async with running("runapi", clock=clock) as sims, aiohttp.ClientSession() as http:
        one = sims["runapi"]
        for hook in ("http://127.0.0.1:1/x", "http://localhost:99999/x"):
            await ordered(http, one, hook)
        clock.tick(4)
        await until(lambda: one.bills()["webhooks"]["sent"] == 2 and one.bills()["webhooks"]["waiting"] == 2)


def test_every_provider_that_has_callbacks_posts():
    of_their_own = {"bfl", "fal", "kie", "replicate"}  # signed each in another way: test_told, and a file for each
    assert {name for name, service in services().items() if service.webhook} == {*FIELD, *of_their_own}
