"""What is posted to a receiver, and what it is answered: the same in each form, and nothing that helps a forger."""

import asyncio
import io
import logging
from urllib.parse import quote, unquote, urlsplit

import aiohttp
import attrs
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from anymedia import Client, Config, ConfigError, JournalError, State, SyncClient, WebhookRefused, read_config
from anymedia.engine import webhooks
from anymedia.engine.webhooks import LONGEST
from anymedia.journal import MemoryJournal
from anymedia.translate.classify import Received
from anymedia.webhooks import asgi, routes
from tests.client.hooks import FORMS, SIGNED, TOLD, Held, hooked, signed, told, until

NOBODY = "0" * 64


@pytest.fixture
def clock():
    return Held()


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


@pytest.fixture
async def hook(sims, clock, journal, form):
    async with hooked(sims, clock, journal, form=form) as hook:
        yield hook


@attrs.frozen
class Genuine:
    """A task that is under way, and what its provider would post when it is done."""

    hook: object
    task: object
    address: str
    body: bytes

    def headers(self, body=None, **others):
        return signed(self.body if body is None else body, self.hook.secret, self.hook.clock, **others)

    async def state(self):
        (attempt,) = await self.hook.client.attempts()
        return attempt.task.state


@pytest.fixture
async def genuine(hook, request_):
    return await under_way(hook, request_)


async def under_way(hook, request_):
    task = await hook.client.submit(request_, SIGNED)
    return Genuine(hook, task, hook.address(SIGNED)[0], told(task.id, url=f"{hook.sims[SIGNED].base_url}/media/x.png"))


async def post(url, body, headers=None, method="POST"):
    """Return the status, the headers that are said, and the body of an answer; a status of None where there is none."""
    sent = io.BytesIO(body) if isinstance(body, bytes) else body
    async with aiohttp.ClientSession() as http:
        try:
            async with http.request(method, url, data=sent, headers=headers) as answer:
                said = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status, {name: said[name] for name in said if name not in ANY}, await answer.read()
        except aiohttp.ClientConnectionError:  # it was closed before all of a body was sent
            return None, {}, b""


ANY = {"date", "server", "content-length", "connection"}
"""Headers that a server puts there."""


async def pieces(body, size=5_000):
    """Yield a body in pieces, for which no Content-Length is sent."""
    for at in range(0, len(body), size):
        yield body[at : at + size]


# What is posted


def padded(length):
    return lambda body: body + b" " * (length - len(body))


CASES = {
    "whole": (bytes, {}, 200),
    "another type": (bytes, {"Content-Type": "text/plain"}, 200),
    "as long as may be": (padded(LONGEST), {}, 200),
    "a byte too long": (padded(LONGEST + 1), {}, 413),
    "forwarded twice": (bytes, [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-For", "192.0.2.2")], 200),
    "the same id twice": (bytes, [("x-callback-id", "msg_1")], 200),
    "two ids": (bytes, [("x-callback-id", "msg_2")], 401),
    "two signatures": (bytes, [("x-callback-signature", "AAAA")], 401),
}


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("case", CASES)
async def test_what_is_posted_is_taken_or_refused(hook, genuine, case, in_pieces):
    make, more, status = CASES[case]
    body = make(genuine.body)
    headers = [*genuine.headers(body).items(), *(more.items() if isinstance(more, dict) else more)]
    answer = await post(genuine.address, pieces(body) if in_pieces else body, headers)
    assert answer[0] == status or (status == 413 and answer[0] is None)
    assert answer[1:] == ({}, b"")
    assert [each.status for each in hook.deliveries] == [status]
    assert (await genuine.state(), hook.polls(SIGNED)) == (
        State.SUCCEEDED if status == 200 else State.QUEUED,
        0,
    )


@pytest.mark.parametrize("headers", [{}, {"X-Callback-Signature": "AAAA"}, "made up"])
async def test_a_million_bytes_of_junk_are_refused_before_they_are_read_as_anything(
    hook, genuine, headers, monkeypatch
):
    def parsed(*_):
        raise AssertionError("it is parsed")

    monkeypatch.setattr(Received, "of", parsed)
    junk = b"[" * 1_000_000
    headers = genuine.headers(b"other") if headers == "made up" else headers
    for url in (genuine.address, genuine.address.removesuffix("/" + hook.address(SIGNED)[1])):
        assert (await post(url, junk, headers))[0] in (401, None)
    assert [each.status for each in hook.deliveries] == [401, 401]


async def test_a_refusal_tells_nothing(hook, genuine, clock, request_):
    other = await hook.client.submit(request_, "revidapi")
    assert other.webhook
    token, url = hook.address(SIGNED)[1], hook.url
    forged, wrong = genuine.headers(b"other"), {**genuine.headers(), "x-callback-signature": "AAAA"}
    asks = {
        "an account, and nothing else": (f"{url}/{SIGNED}", {}),
        "no such account": (f"{url}/nobody", {}),
        "no such account, and a token": (f"{url}/nobody/{token}", forged),
        "an account that posts nothing": (f"{url}/reapi/{NOBODY}", {}),
        "an account that signs nothing": (f"{url}/revidapi", {}),
        "and the token of nobody": (f"{url}/revidapi/{NOBODY}", {}),
        "and the token of another's task": (f"{url}/revidapi/{token}", {}),
        "the token of nobody": (f"{url}/{SIGNED}/{NOBODY}", forged),
        "the token of the task": (genuine.address, {}),
        "and another's signature": (genuine.address, forged),
        "and a wrong signature": (genuine.address, wrong),
        "too late": (genuine.address, genuine.headers(moment=clock.seconds - 301)),
        "too early": (genuine.address, genuine.headers(moment=clock.seconds + 301)),
        "an account that has to be quoted": (f"{url}/{quote('../runapi', safe='')}/{token}", genuine.headers()),
        "an account of all kinds of characters": (f"{url}/%00%0D%FF%E2%80%AE/{token}", genuine.headers()),
    }
    answers = {what: await post(where, genuine.body, headers) for what, (where, headers) in asks.items()}
    assert {what: answer for what, answer in answers.items() if answer != (401, {}, b"")} == {}
    assert {each.task for each in hook.deliveries} == {None}
    assert (await hook.client.attempts())[0].task.state is State.QUEUED
    assert all(hook.polls(name) == 0 for name in TOLD)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_webhooks_are_posted(hook, genuine, method):
    status, headers, _ = await post(genuine.address, genuine.body, genuine.headers(), method)
    assert (status, headers["allow"], hook.deliveries) == (405, "POST", [])


async def begun(url, headers, body):
    """Begin to post once the receiver waits for the body, and return the connection, on which the rest never comes."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    lines = [f"POST {where.path} HTTP/1.1", f"Host: {where.netloc}", "Expect: 100-continue", "Content-Length: 1000"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(body)
    await writer.drain()
    return reader, writer


async def test_a_body_that_does_not_come_to_its_end_changes_nothing(hook, genuine, caplog):
    _, writer = await begun(genuine.address, genuine.headers(), genuine.body)
    writer.close()
    await until(lambda: hook.deliveries)
    assert [(each.status, each.error) for each in hook.deliveries] == [(400, "its body does not come to its end")]
    assert (await genuine.state(), [each for each in caplog.records if each.exc_info]) == (State.QUEUED, [])


async def test_a_body_that_takes_too_long_changes_nothing(hook, genuine, monkeypatch):
    monkeypatch.setattr(webhooks, "READING", 0.01)
    reader, writer = await begun(genuine.address, genuine.headers(), genuine.body)
    assert b" 408 " in await reader.readline()
    writer.close()
    assert (hook.deliveries[0].error, await genuine.state()) == ("its body did not come within 0.01 s", State.QUEUED)


async def test_any_account_can_be_posted_to(sims, clock, journal, form, request_):
    name = "team a/b?ü%2F"
    accounts = {name: {**sims[SIGNED].table, "adapter": SIGNED}}
    async with hooked(sims, clock, journal, form=form, accounts=accounts) as hook:
        task = await hook.client.submit(request_, name)
        clock.seconds += 60
        await until(lambda: hook.deliveries)
        (delivery,) = hook.deliveries
        assert (delivery.account, delivery.status, delivery.task.id) == (name, 200, task.id)


# What its own program says to it


def returns(_):
    return None


async def awaited(delivery):
    await asyncio.sleep(0)
    return delivery


def raises(_):
    raise KeyError("mine")


async def raises_late(_):
    await asyncio.sleep(0)
    raise KeyError("mine")


@pytest.mark.parametrize(
    ("on_delivery", "taken"), [(None, 200), (returns, 200), (awaited, 200), (raises, 503), (raises_late, 503)]
)
async def test_what_its_program_cannot_take_is_to_come_again(
    sims, clock, journal, form, request_, on_delivery, taken, caplog
):
    does = [on_delivery]
    async with hooked(sims, clock, journal, form=form, on_delivery=lambda told: does[0] and does[0](told)) as hook:
        genuine = await under_way(hook, request_)
        assert (await post(genuine.address, b"{}", genuine.headers()))[0] == 401  # a forger learns nothing of it
        status, headers, said = await post(genuine.address, genuine.body, genuine.headers())
        assert (status, headers, said) == (taken, {"retry-after": "30"} if taken == 503 else {}, b"")
        does[0] = None
        assert (await post(genuine.address, genuine.body, genuine.headers()))[0] == 200
    assert [(each.status, each.task and each.task.state) for each in hook.deliveries] == [
        (401, None),
        (200, State.SUCCEEDED),
        (200, State.SUCCEEDED),
    ]
    failed = [each.getMessage() for each in caplog.records if each.exc_info]
    assert failed == ["on_delivery failed"] * 2 * (taken == 503)


class Broken(MemoryJournal):
    """A journal that cannot be read."""

    error: Exception | None = None

    async def select(self, query):
        if self.error is not None:
            raise self.error
        return await super().select(query)


@pytest.mark.parametrize(
    ("error", "status", "told_"),
    [(JournalError("disk full"), 503, "disk full"), (RuntimeError(f"secret {NOBODY}"), 500, "RuntimeError")],
)
async def test_what_goes_wrong_here_is_to_come_again(sims, clock, form, request_, error, status, told_, caplog):
    journal = Broken()
    async with hooked(sims, clock, journal, form=form) as hook:
        genuine = await under_way(hook, request_)
        journal.error = error
        answer = await post(genuine.address, genuine.body, genuine.headers())
        assert answer == (status, {"retry-after": "30"} if status == 503 else {}, b"")
        journal.error = None
        assert [(each.status, each.error) for each in hook.deliveries] == [(status, told_)]
        (record,) = [each for each in caplog.records if each.name == "anymedia" and each.levelno == logging.ERROR]
        assert bool(record.exc_info) == (status == 500)
        assert (await post(genuine.address, genuine.body, genuine.headers()))[0] == 200
        assert await genuine.state() is State.SUCCEEDED


async def test_what_anybody_writes_does_not_break_the_lines_of_a_log(hook, caplog):
    with caplog.at_level(logging.INFO, "anymedia"):
        await post(f"{hook.url}/a%0Db%1B", b"{}")
    (line,) = [each.getMessage() for each in caplog.records if each.name == "anymedia.webhooks"]
    assert line == "webhook for a b\\x1b refused: no configured account has this name"


# The ASGI app, wherever it is


class Told:
    """A client that keeps what it is given."""

    config = Config(accounts={}, webhooks="https://app.example/runapi")

    def __init__(self):
        self.received = []

    async def receive(self, account, headers, body, token):
        try:
            whole = b"".join([piece async for piece in body])
        except WebhookRefused:
            self.received.append("gone")
            raise
        self.received.append((account, token, headers, whole))


async def called(app, path="/", *, messages=({"type": "http.request"},), kind="http", send=None, **more):
    """Call an ASGI app, and return what it sends."""
    sent, left = [], [*messages]

    async def receive():
        return left.pop(0)

    async def sending(message):
        sent.append(message)
        if send is not None:
            raise send

    scope = {"type": kind, "method": "POST", "path": unquote(path), "raw_path": path.encode(), "headers": [], **more}
    await app({name: value for name, value in scope.items() if value is not None}, receive, sending)
    return sent


ONE = "ab" * 32


@pytest.mark.parametrize(
    ("at", "path", "root_path", "place"),
    [
        (None, f"/hooks/runapi/{ONE}", None, ("runapi", ONE)),
        (None, "/hooks/runapi", "", ("runapi", None)),
        (None, f"/runapi/{ONE}", "", ("runapi", ONE)),  # a proxy cuts the rest
        (None, f"/api/hooks/runapi/{ONE}", "/api", ("runapi", ONE)),
        (None, f"/hooks/runapi/{ONE}/", "", ("runapi", ONE)),
        ("/hooks", f"/hooks/runapi/{ONE}", "", ("runapi", ONE)),
        ("/hooks", "/hooks/runapi", "", ("runapi", None)),
        ("/hooks", f"/api/hooks/runapi/{ONE}", "/api", ("runapi", ONE)),
        ("/runapi", f"/runapi/runapi/{ONE}", "", ("runapi", ONE)),  # it is named as an account is
        (None, f"/runapi/runapi/{ONE}", "/runapi", ("runapi", ONE)),
        (None, f"/hooks/a%2Fb%25/{ONE}", "", ("a/b%", ONE)),
        (None, f"/{ONE}", "", (ONE, None)),
        (None, "/", "", None),
        (None, "", "", None),
    ],
)
async def test_an_address_is_known_wherever_the_app_is_mounted(at, path, root_path, place):
    client = Told()
    app = asgi(client) if at is None else Starlette(routes=[Mount(at, app=asgi(client))])
    start, end = await called(app, path, root_path=root_path)
    assert (start["status"], end["body"]) == (404 if place is None else 200, b"")
    assert client.received == ([] if place is None else [(*place, [], b"")])
    if "%" not in path:
        await called(app, path, root_path=root_path, raw_path=None)  # which servers may leave out
        assert client.received[1:] == client.received[:1]


async def test_headers_and_a_body_come_as_they_were_sent():
    client, parts = Told(), [b"a", b"", b"b"]
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    await called(asgi(client), "/a", messages=[*messages, {"type": "http.request"}], headers=[(b"x-a", b"\xff")])
    assert client.received == [("a", None, [("x-a", "\xff")], b"ab")]


async def test_a_sender_that_is_gone_is_not_answered():
    client, gone = Told(), [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}]
    (start, _) = await called(asgi(client), "/a", messages=gone)
    assert (start["status"], client.received) == (400, ["gone"])
    assert len(await called(asgi(client), "/a", send=OSError())) == 1  # as servers say


async def test_other_things_that_a_server_asks():
    app = asgi(Told())
    life = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    done = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert await called(app, kind="lifespan", messages=life) == done
    assert await called(app, kind="websocket") == [{"type": "websocket.close"}]
    with pytest.raises(ValueError, match="come by http, not by smoke"):
        await called(app, kind="smoke")


# The routes


@pytest.mark.parametrize(
    ("url", "path", "below"),
    [
        ("https://app.example/hooks", "", "/hooks"),
        ("https://app.example", "", ""),
        ("https://app.example/a%20b", "", "/a%20b"),
        ("https://app.example/hooks", "/elsewhere/", "/elsewhere"),
        (None, "/by-hand", "/by-hand"),
    ],
)
async def test_routes_are_below_a_path(url, path, below):
    client = Told()
    client.config = Config(accounts={}, webhooks=url)
    assert [each.path for each in routes(client, path)] == [f"{below}/{{account}}", f"{below}/{{account}}/{{token}}"]


async def test_routes_need_a_path():
    async with Client(Config(accounts={}, journal=None)) as client:
        with pytest.raises(ConfigError, match=r"say below which path webhooks come: the configuration has no \[web"):
            routes(client)


def test_what_could_take_no_webhook_is_refused_at_once():
    with SyncClient(read_config({"providers": {"reapi": {}}}, {})) as client:
        for receiver in (asgi, routes):
            with pytest.raises(TypeError, match="a Client is needed"):
                receiver(client)
    for receiver in (asgi, routes):
        with pytest.raises(TypeError, match="on_delivery: a function is needed, not int"):
            receiver(Told(), on_delivery=5)
