"""Every fault over real sockets, with the bills counted: created means charged exactly once."""

import asyncio
import gzip
import json
import zlib

import aiohttp
import pytest

from anymedia.simulators import running
from anymedia.simulators.faults import KINDS, WEBHOOK, fault
from anymedia.simulators.flood import Flood
from tests.providers import FOUR


class Client:
    """A bare HTTP client of one running simulator."""

    def __init__(self, http, one, words, helpers):
        self.http, self.one, self.words = http, one, words
        self.auth, self.at = helpers["auth"](one), helpers["at"]

    async def ask(self, method, path, body=None):
        url = self.one.base_url + path
        async with self.http.request(method, url, json=body, headers=self.auth, allow_redirects=False) as response:
            return response.status, response.headers, await response.read()

    async def submit(self):
        return await self.ask("POST", self.words.submit, self.words.body)

    async def look(self, task_id):
        method, path = self.words.poll
        return await self.ask(method, path.format(task_id))

    async def created(self):
        status, _, body = await self.submit()
        assert status == 200
        return self.at(json.loads(body), self.words.id_at)

    async def state(self, task_id):
        return self.at(json.loads((await self.look(task_id))[2]), self.words.state_at)

    @property
    def charged(self):
        return len(self.one.bills()["entries"])


@pytest.fixture(params=FOUR)
async def client(request, clock, words, helpers, caplog):
    async with running(request.param, clock=clock) as simulators, aiohttp.ClientSession() as http:
        yield Client(http, simulators[request.param], words[request.param], helpers)
    assert caplog.records == []  # a fault that was asked for is no error of the server


def has_id(body, task_id):
    return task_id in body.decode()


LOST = {"reset_before": 0, "reset_after": 1, "cut_body": 1}
SPOILED = ("cut_json", "not_json", "html", "without_id", "wrong_types", "unknown_fields", "unknown_state")
REFUSED = {"no_credit": 402, "unauthorised": 401, "throttled": 429}


@pytest.mark.parametrize("kind", LOST)
async def test_lost_answers(client, kind):
    client.one.fault(kind)
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)) as lost:
        await client.submit()
    if kind != "cut_body":
        assert isinstance(lost.value, ConnectionResetError | aiohttp.ClientOSError)
    assert client.charged == LOST[kind]
    await client.created()


@pytest.mark.parametrize("created", [True, False])
async def test_no_answer(client, created):
    client.one.fault("no_answer", created=created)
    waiting = asyncio.create_task(client.submit())
    while not client.one.bills()["submits"]:
        await client.ask("GET", "/__bills")
    assert client.charged == created
    waiting.cancel()
    client.one.fault("no_answer", created=created, seconds=0)
    with pytest.raises(aiohttp.ClientError):
        await client.submit()
    assert client.charged == 2 * created


async def test_held_answers_do_not_hold_the_end(clock, words, helpers):
    async with aiohttp.ClientSession() as http:
        async with running("reapi", clock=clock) as simulators:
            client = Client(http, simulators["reapi"], words["reapi"], helpers)
            client.one.fault("no_answer", created=True)
            waiting = asyncio.create_task(client.submit())
            while not client.charged:
                await client.ask("GET", "/__bills")
        with pytest.raises(aiohttp.ClientError):
            await waiting


@pytest.mark.parametrize("kind", SPOILED)
async def test_spoiled_submits(client, kind):
    client.one.fault(kind, on="submit")
    status, _, body = await client.submit()
    (entry,) = client.one.bills()["entries"]
    assert (status, entry["charged"]) == (200, client.words.price)
    match kind:
        case "without_id":
            assert not has_id(body, entry["task_id"])
        case "wrong_types" | "unknown_fields" | "unknown_state":
            assert has_id(body, entry["task_id"])
            assert {"unknown_fields": b"novelty", "unknown_state": b"", "wrong_types": b"["}[kind] in body
        case _:
            with pytest.raises(ValueError, match=r"line 1 column"):
                json.loads(body)
    await client.created()


@pytest.mark.parametrize("kind", SPOILED)
async def test_spoiled_polls(client, kind):
    task_id = await client.created()
    good = (await client.look(task_id))[2]
    client.one.fault(kind, on="poll")
    status, _, body = await client.look(task_id)
    assert (status, body != good) == (200, True)
    if kind == "unknown_state":
        assert client.at(json.loads(body), client.words.state_at) == "simmering"
    assert (await client.look(task_id))[2] == good
    assert client.charged == 1


@pytest.mark.parametrize("kind", REFUSED)
async def test_refusals(client, kind):
    client.one.fault(kind, on="submit", times=2)
    for _ in range(2):
        status, headers, body = await client.submit()
        assert status == REFUSED[kind]
        assert client.words.error(json.loads(body))
        assert ("Retry-After" in headers) == (kind == "throttled")
    assert client.charged == 0
    await client.created()


async def test_moderated(client):
    client.one.fault("moderated")
    status, _, body = await client.submit()
    if client.one.name == "reapi":
        assert (status, client.words.error(json.loads(body)), client.charged) == (400, 20003, 0)
        return
    client.one.service.clock.tick(4)
    task_id = client.one.bills()["entries"][0]["task_id"]
    assert await client.state(task_id) == client.words.states[3]


async def test_failed_stuck_and_latency(client):
    client.one.fault("failed", code=80001, message="no luck")
    client.one.fault("stuck")
    lost = await client.created()
    client.one.clear()
    client.one.fault("failed")
    failed = await client.created()
    client.one.fault("latency", seconds=60)
    slow = await client.created()
    client.one.service.clock.tick(59.9)
    assert [await client.state(one) for one in (lost, failed, slow)] == [
        client.words.states[1],
        client.words.states[3],
        client.words.states[1],
    ]
    client.one.service.clock.tick(1)
    assert await client.state(slow) == client.words.states[2]
    assert [entry["refunded"] for entry in client.one.bills()["entries"]] == [0, client.words.price, 0]


async def test_not_found_and_no_result(client):
    task_id = await client.created()
    client.one.fault("not_found")
    assert (await client.look(task_id))[0] == 404
    client.one.fault("no_result")
    assert await client.state(task_id) == client.words.states[0]
    client.one.service.clock.tick(4)
    assert client.words.urls(json.loads((await client.look(task_id))[2])) == []
    assert len(client.words.urls(json.loads((await client.look(task_id))[2]))) == 1


async def test_status(client):
    client.one.fault("status", status=500, retry_after=7)
    status, headers, body = await client.submit()
    assert (status, headers["Retry-After"]) == (500, "7")
    assert client.words.error(json.loads(body))
    client.one.fault("status", status=503, body="html", retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    status, headers, body = await client.submit()
    assert (status, headers["Content-Type"], headers["Retry-After"][:3]) == (503, "text/html; charset=utf-8", "Wed")
    client.one.fault("status", status=502, body="empty")
    assert (await client.submit())[::2] == (502, b"")
    client.one.fault("status", status=418, body="I am ☕")
    assert (await client.submit())[::2] == (418, "I am ☕".encode())
    assert client.charged == 0
    client.one.fault("status", status=504, created=True)
    assert (await client.submit())[0] == 504
    assert client.charged == 1
    client.one.fault("status", status=500, http_status=200, code=455, message="maintenance")
    status, _, body = await client.submit()
    assert (status, b"maintenance" in body) == (200, True)
    assert client.words.error(json.loads(body)) == 455


async def test_redirect_and_raw(client):
    client.one.fault("redirect", location="https://example.com/", status=302)
    status, headers, _ = await client.submit()
    assert (status, headers["Location"]) == (302, "https://example.com/")
    client.one.fault("raw", status=201, headers={"X-Odd": "yes"}, body="{}")
    status, headers, body = await client.submit()
    assert (status, headers["X-Odd"], body, client.charged) == (201, "yes", b"{}", 0)
    client.one.fault("raw", created=True)
    assert (await client.submit())[::2] == (200, b"")
    assert client.charged == 1


@pytest.mark.parametrize("kind", ["huge", "gzip_bomb"])
async def test_floods(client, kind):
    client.one.fault(kind, bytes=3_000_000)
    _, headers, body = await client.submit()
    assert len(json.loads(body)["padding"]) == 3_000_000
    assert (headers.get("Content-Encoding") == "gzip") == (kind == "gzip_bomb")
    assert has_id(body, client.one.bills()["entries"][0]["task_id"])


async def test_floods_stop_with_the_client(client):
    client.one.fault("gzip_bomb")
    client.one.fault("huge")
    for _ in range(2):
        async with client.http.post(
            client.one.base_url + client.words.submit, json=client.words.body, headers=client.auth
        ) as response:
            assert len(await response.content.read(1000)) == 1000
            response.close()


async def test_result_faults(client):
    task_id = await client.created()
    client.one.service.clock.tick(4)
    path = f"/media/tasks/{task_id}/0.jpg"
    for kind in ("reset_before", "reset_after", "cut_body"):
        client.one.fault(kind, on="result", times=2)  # a GET is sent again once by aiohttp itself
        with pytest.raises(aiohttp.ClientError):
            await client.ask("GET", path)
        client.one.clear()
    client.one.fault("status", status=403, on="result")
    assert (await client.ask("GET", path))[0] == 403
    client.one.fault("not_found", on="result")
    assert (await client.ask("GET", path))[0] == 404
    whole = (await client.ask("GET", path))[2]
    for length in (True, False):
        client.one.fault("huge", on="result", bytes=10, length=length)
        _, headers, body = await client.ask("GET", path)
        assert (body, headers.get("Content-Length")) == (whole + b"0" * 10, str(len(whole) + 10) if length else None)
    client.one.fault("other_media", on="result")
    for begin in (b"RIFF", b"\xff\xd8"):
        status, headers, body = await client.ask("GET", path)
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert body.startswith(begin)


async def test_faults_over_http(client):
    status, _, body = await client.ask("POST", "/__faults", {"kind": "stuck", "times": None})
    listed = {"faults": [{"kind": "stuck", "on": "submit", "times": None}]}
    assert (status, json.loads(body)) == (200, listed)
    assert json.loads((await client.ask("GET", "/__faults"))[2]) == listed
    assert json.loads((await client.ask("DELETE", "/__faults"))[2]) == {"faults": []}
    status, _, body = await client.ask("POST", "/__faults", ["stuck"])
    assert (status, "no fault is named" in json.loads(body)["error"]) == (400, True)


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"kind": "nope"}, "no fault is named 'nope': the kinds are status, "),
        ({"kind": []}, "no fault is named"),
        ({"kind": "status"}, "status needs status"),
        ({"kind": "latency"}, "latency needs seconds"),
        ({"kind": "status", "status": 99}, "status must be an HTTP status"),
        ({"kind": "status", "status": True}, "status must be an HTTP status"),
        ({"kind": "stuck", "on": "poll"}, "on must be one of submit for stuck"),
        ({"kind": "stuck", "on": []}, "on must be one of"),
        ({"kind": "stuck", "times": 0}, "times must be"),
        ({"kind": "stuck", "seconds": 1}, "stuck takes on, times; not 'seconds'"),
        ({"kind": "latency", "seconds": -1}, "seconds must be"),
        ({"kind": "latency", "seconds": float("nan")}, "seconds must be"),
        ({"kind": "raw", "headers": {"a": "b\r\nc: d"}}, "headers must be"),
        ({"kind": "huge", "bytes": 0}, "bytes must be"),
        ({"kind": "huge", "length": 1}, "length must be true or false"),
        ({"kind": "throttled", "retry_after": 1.5}, "retry_after must be"),
        ({"kind": "failed", "code": []}, "code must be"),
    ],
)
def test_wrong_faults(wanted, text):
    with pytest.raises(ValueError, match=text):
        fault(wanted)


def test_every_kind_has_a_test_here():
    tested = {*LOST, *SPOILED, *REFUSED, "no_answer", "moderated", "failed", "stuck", "latency", "not_found", "not_yet"}
    tested |= {"other_media"}
    tested |= {*WEBHOOK}  # in test_webhooks
    assert tested | {"no_result", "status", "redirect", "raw", "huge", "gzip_bomb"} == set(KINDS)


def test_any_matches_every_place_and_until_cleared(each):
    each.service.add_fault({"kind": "status", "status": 500, "on": "any", "times": None})
    method, path = each.words.poll
    for target in (("POST", each.words.submit), (method, path.format("x")), ("GET", "/media/tasks/x/0.png")):
        assert each.raw(*target).status == 500
    each.service.clear()
    assert each.raw("GET", "/media/tasks/x/0.png").status == 404


@pytest.mark.parametrize("size", [1, 1 << 20, (1 << 21) + 5])
def test_a_bomb_is_valid_gzip(size):
    flood = Flood(size, b"<", b">", gzipped=True)
    packed = b"".join(flood.chunks())
    assert gzip.decompress(packed) == zlib.decompress(packed, 31) == b"<" + b"0" * size + b">"
    assert len(packed) < 100 + size // 500
