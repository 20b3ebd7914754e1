"""Files put in: kept and expiring, in every form; inputs fetched from this machine alone; nothing fills the memory."""

import asyncio
import base64
import hashlib
import json
import re
import zlib
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from anymedia.simulators import Service, running, server
from anymedia.simulators.fields import Parts
from anymedia.simulators.inputs import PICTURES, Fetched, Takes, from_base64, media_type, reach
from anymedia.simulators.message import Request, Response, json_response
from anymedia.simulators.multipart import MOST_PARTS, Part, parts
from tests.samples import SAMPLES, picture, sample

PNG = sample("picture.png")
NAME = "a photo.png"


def encoded(content):
    return base64.b64encode(content).decode()


def md5(content):
    return encoded(hashlib.md5(content).digest())


def multipart(*fields, boundary="b0"):
    """Return a form as curl writes it: name and text, or name, file's name, type and bytes."""
    body = b""
    for name, *rest in fields:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
        if len(rest) > 1:
            head += f'; filename="{rest[0]}"\r\nContent-Type: {rest[1]}'
        content = rest[-1] if isinstance(rest[-1], bytes) else rest[-1].encode()
        body += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@pytest.fixture
def run(caller):
    return caller("runapi")


def brought(run, content=PNG, **more):
    return run.ask("POST", "/api/v1/files", {"source": {"type": "base64", "data": encoded(content)}, **more})


def remix(*links):
    return {"model": "flux-2-pro-remix-image", "prompt": "A fox", "source_image_urls": list(links)}


REMIX = "/api/v1/flux_2/remix_image"


def test_a_file_in_base64_is_kept_for_an_hour(run):
    status, file = brought(run, file_name="../up/a photo.png")
    assert status == 200
    assert re.fullmatch(r"http://sim\.test/uploads/[0-9a-f]{32}/a_photo\.png", file.pop("url"))
    assert file == {
        "file_name": "a_photo.png",
        "size_bytes": len(PNG),
        "mime_type": "image/png",
        "created_at": "2027-01-15T08:00:00Z",
        "expires_at": "2027-01-15T09:00:00Z",
    }
    assert brought(run, file_name="x.bin", source={"type": "base64", "data": f"data:image/png;base64,{encoded(PNG)}"})[
        1
    ]["size_bytes"] == len(PNG)


def test_an_upload_is_served_until_it_expires_and_taken_as_long(run):
    url = brought(run)[1]["url"]
    path = url.removeprefix("http://sim.test")
    for method in ("GET", "HEAD"):
        response = run.raw(method, path, headers={})
        assert (response.status, response.body, response.headers["Content-Type"]) == (200, PNG, "image/png")
    assert run.post(remix(url), REMIX)[0] == 200
    run.clock.tick(3600)
    assert run.raw("GET", path, headers={}).status == 403
    assert run.raw("GET", path.replace("uploads/", "uploads/" + "0" * 32)[:50], headers={}).status == 404
    status, refused = run.post(remix(url), REMIX)
    wrong = {"source_image_urls": ["could not be fetched: its link has expired"]}
    assert (status, refused["errors"], len(run.charged())) == (422, wrong, 1)


def prepared(run, content=PNG, **changes):
    asked = {"filename": NAME, "byte_size": len(content), "checksum": md5(content), **changes}
    return run.ask("POST", "/api/v1/files/prepare", asked)


def put(run, lent, content=PNG, headers=None):
    path = lent["upload_url"].removeprefix("http://sim.test")
    return run.raw("PUT", path, content, lent["headers"] if headers is None else headers).status


def confirmed(run, lent):
    return run.ask("POST", "/api/v1/files/confirm", {"signed_id": lent["signed_id"]})


def test_bytes_are_put_to_a_link_once_as_it_was_signed_and_without_the_key(run):
    lent = prepared(run)[1]
    assert lent["headers"] == {"Content-Type": "image/png", "Content-MD5": md5(PNG)}
    assert confirmed(run, lent)[0] == 422  # nothing is there yet
    assert put(run, lent, headers={**lent["headers"], **run.auth}) == 400
    assert put(run, lent, headers={}) == 403
    assert put(run, lent, headers={**lent["headers"], "Content-Type": "image/jpeg"}) == 403
    assert put(run, lent, PNG[:-1]) == 400
    assert put(run, lent, PNG[:-1] + b"?") == 400
    assert put(run, lent) == 200
    assert put(run, lent) == 403
    status, file = confirmed(run, lent)
    assert (status, file["size_bytes"], file["mime_type"], file["file_name"]) == (
        200,
        len(PNG),
        "image/png",
        "a_photo.png",
    )
    assert confirmed(run, lent)[1] == file
    assert run.post(remix(file["url"]), REMIX)[0] == 200
    assert run.service.bills()["unread"] == []


def test_a_link_to_put_to_expires(run):
    lent = prepared(run)[1]
    run.clock.tick(3600)
    assert put(run, lent) == 403
    assert put(run, {**lent, "upload_url": f"/uploads/lent/{'0' * 32}"}) == 403


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {}, "source"),
        ("", {"source": "x"}, "source"),
        ("", {"source": {"type": "ftp"}}, "source.type"),
        ("", {"source": {"type": "base64"}}, "source.data"),
        ("", {"source": {"type": "base64", "data": "?"}}, "source.data"),
        ("", {"source": {"type": "base64", "data": "data:x"}}, "source.data"),
        ("", {"source": {"type": "base64", "data": "data:,"}}, "source.data"),
        ("", {"source": {"type": "base64", "data": "AAAA", "url": "x"}}, "source.url"),
        ("", {"source": {"type": "url", "url": "data:,x"}}, "source.url"),
        ("", {"source": {"type": "url", "url": "http://10.0.0.1/a.png"}}, "source.url"),
        ("", {"source": {"type": "base64", "data": "AAAA"}, "name": "x"}, "name"),
        ("/prepare", {"filename": "a", "byte_size": 1}, "checksum"),
        ("/prepare", {"filename": "a", "byte_size": 1, "checksum": "AAAA"}, "checksum"),
        ("/prepare", {"filename": "a", "byte_size": 0, "checksum": md5(b"")}, "byte_size"),
        ("/prepare", {"filename": "a", "byte_size": 100_000_001, "checksum": md5(b"")}, "byte_size"),
        ("/confirm", {}, "signed_id"),
    ],
)
def test_files_are_refused_by_field(run, path, body, field):
    status, answer = run.ask("POST", f"/api/v1/files{path}", body)
    assert (status, list(answer["errors"])) == (422, [field])


@pytest.mark.parametrize("path", ["/api/v1/files", "/api/v1/files/prepare", "/api/v1/files/confirm", "/v1/files"])
def test_files_need_the_key_and_a_body(run, path):
    assert run.raw("POST", path, b"{}", {}).status == 401
    assert run.raw("POST", path, b"[]").status == 400


def test_a_confirmation_of_nothing_is_not_found(run):
    assert confirmed(run, {"signed_id": "x"})[0] == 404


def test_a_lasting_file_is_listed_read_and_deleted(run):
    ids = []
    for name in ("a.png", "ü.bin"):
        body, kind = multipart(("purpose", "user_data"), ("file", name, "image/png", PNG))
        response = run.raw("POST", "/v1/files", body, {**run.auth, "Content-Type": kind})
        ids.append(json.loads(response.body)["id"])
    told = {"id": ids[0], "object": "file", "bytes": len(PNG), "created_at": 1_800_000_000, "filename": "a.png"}
    assert run.ask("GET", f"/v1/files/{ids[0]}") == (200, {**told, "purpose": "user_data"})
    listed = lambda query: [each["id"] for each in run.ask("GET", f"/v1/files?{query}")[1]["data"]]  # noqa: E731
    assert [listed(query) for query in ("", "order=asc", "limit=1", f"after={ids[1]}", "purpose=x")] == [
        ids[::-1],
        ids,
        ids[1:],
        ids[:1],
        [],
    ]
    assert run.ask("GET", "/v1/files?limit=0")[0] == 422
    content = run.raw("GET", f"/v1/files/{ids[0]}/content")
    assert (content.body, content.headers["Content-Type"]) == (PNG, "image/png")
    assert run.raw("GET", f"/v1/files/{ids[0]}/content", headers={}).status == 401
    assert run.ask("DELETE", f"/v1/files/{ids[0]}")[1] == {"id": ids[0], "object": "file", "deleted": True}
    assert run.ask("GET", f"/v1/files/{ids[0]}")[0] == 404
    assert run.service.bills()["unread"] == []


@pytest.mark.parametrize(
    "fields",
    [
        [("purpose", "user_data")],
        [("purpose", "user_data"), ("file", "text alone")],
        [("file", "a.png", "image/png", PNG)],
        [("purpose", "x"), ("file", "a.png", "image/png", b"")],
        [("purpose", "x"), ("file", "a.png", "image/png", PNG), ("more", "x")],
    ],
)
def test_a_form_is_refused_by_field(run, fields):
    body, kind = multipart(*fields)
    assert run.raw("POST", "/v1/files", body, {**run.auth, "Content-Type": kind}).status == 422


# Forms


def test_a_form_is_split_into_its_parts():
    body, kind = multipart(("a", "1\r\n--b"), ("a", "2"), ("f", "x y.png", "image/png", PNG), ("empty", ""))
    request = Request("POST", "/", headers={"Content-Type": kind}, body=body)
    file = Part("f", "x y.png", "image/png", PNG)
    assert request.form == {"a": ["1\r\n--b", "2"], "f": file, "empty": ""}
    assert request.form["a"]
    assert list(request.unread()) == ["f", "empty"]
    named = b"--b\r\ncontent-disposition: form-data; name=\"f\"; filename*=UTF-8''%C3%BC.png\r\n\r\nx\r\n--b--"
    assert parts('Multipart/Form-Data; charset=utf-8; boundary="b"', named) == [Part("f", "ü.png", "", b"x")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x" * 9000 + b"\r\n\r\nx\r\n--b--"),
        ("multipart/form-data; boundary=b0", multipart(*[("a", "x")] * (MOST_PARTS + 1))[0]),
    ],
)
def test_what_is_no_form_or_a_broken_one_has_no_parts(kind, body):
    assert parts(kind, body) is None
    assert Request("POST", "/", headers={"Content-Type": kind}, body=body).form is None


@given(st.binary(max_size=60), st.sampled_from(["b", "--", "\r", "b\n"]), st.integers(0, 200))
def test_any_bytes_are_a_form_or_none(rest, boundary, cut):
    body = multipart(("a", "1"), ("f", "x", "image/png", b"\r\n--"), boundary="b")[0][:cut] + rest
    found = parts(f'multipart/form-data; boundary="{boundary}"', body)
    assert found is None or all(isinstance(part, Part) for part in found)


# Inputs


@pytest.mark.parametrize("name", SAMPLES)
def test_the_type_of_an_input_is_what_its_bytes_say(name):
    told = {"video/x-matroska": "video/webm", "audio/webm": "video/webm", "image/svg+xml": ""}
    kind = SAMPLES[name].type
    assert media_type(sample(name)) == told.get(kind, kind)


@pytest.mark.parametrize(
    ("there", "wrong"),
    [
        (Fetched(PNG), None),
        (Fetched(), None),
        (Fetched(why="it is late"), ("unreachable", "could not be fetched: it is late")),
        (Fetched(b""), ("unreadable", "is an empty file")),
        (Fetched(b"<html>"), ("unreadable", "must be one of image/png, not a file of another type")),
        (Fetched(sample("sound.wav")), ("unreadable", "must be one of image/png, not audio/wav")),
        (Fetched(PNG * 200), ("unreadable", "must have at most 0.5 MB")),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_words(there, wrong):
    assert Takes(("image/png",), megabytes=0.5).wrong(there) == wrong


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((64, 32), None),
        ((31, 64), "must have 32 to 2048 pixels a side, not 31x64"),
        ((32, 2049), "must have 32 to 2048 pixels a side, not 32x2049"),
        ((1024, 1024), None),
        ((1024, 1025), "must have at most 1 megapixels, not 1024x1025"),
    ],
)
def test_the_pixels_of_an_input_are_read_from_its_head(form, size, said):
    takes = Takes((f"image/{form.lower()}",), sides=(32, 2048), megapixels=1)
    wrong = takes.wrong(Fetched(picture(form, size=size)))
    assert wrong == (None if said is None else ("unreadable", said))


def test_pixels_that_are_not_told_are_not_held_against_a_file():
    takes = Takes(("image/png", "image/webp"), sides=(4096, 9000))
    assert takes.wrong(Fetched(picture("WEBP"))) is None
    assert takes.wrong(Fetched(PNG[:20])) is None
    head = b"IHDR" + (2**31 - 1).to_bytes(4, "big") * 2 + PNG[24:29]
    bomb = PNG[:12] + head + zlib.crc32(head).to_bytes(4, "big") + PNG[33:]
    assert takes.wrong(Fetched(bomb)) == (
        "unreadable",
        f"must have 4096 to 9000 pixels a side, not {2**31 - 1}x{2**31 - 1}",
    )


def test_a_part_of_a_form_is_a_file_or_several():
    takes, file = Takes(("image/png",)), Part("image[]", "a.png", "image/png", PNG)
    several = Parts(takes, 1, 2)
    assert several.wrong(file) is several.wrong([file, file]) is None
    assert several.wrong([file] * 3) == ("entries", "takes 1 to 2 entries")
    assert several.wrong("a text") == ("type", "must be a file")
    assert several.wrong([file, Part("image[]", "a", "", b"")]) == ("unreadable", "is an empty file")


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ("https://example.com/a", "public"),
        ("https://8.8.8.8/a", "public"),
        ("http://localhost:9/a", "loopback"),
        ("http://127.9.9.9/a", "loopback"),
        ("http://[::1]:80/a", "loopback"),
        ("http://10.0.0.1/a", "nowhere"),
        ("http://[fe80::1]/a", "nowhere"),
        ("http://169.254.169.254/a", "nowhere"),
        ("http://nas/a", "nowhere"),
        ("http://nas.local/a", "nowhere"),
        ("http://x.localhost./a", "nowhere"),
    ],
)
def test_where_a_link_leads(link, where):
    assert reach(link) == where


@given(st.text(max_size=20), st.sampled_from(["", "data:", "data:image/png;base64,", "data:;BASE64"]))
def test_any_text_is_base64_or_not(text, start):
    assert from_base64(start + text) is None or isinstance(from_base64(start + text), bytes)
    assert from_base64(7) is None


MODELS = {
    "reapi": ({"model": "gpt-image-2-official", "prompt": "A fox"}, "image_urls", None),
    "api_in_one": ({"model": "flux-2", "prompt": "A fox"}, "input_urls", None),
    "revidapi": ({"model": "flux-2/pro-image-to-image"}, "input_urls", "input"),
    "runapi": (remix(), "source_image_urls", None),
}


def asking(name, link, words):
    body, field, inner = MODELS[name]
    if inner:
        return {**body, inner: {"prompt": "A fox", "aspect_ratio": "1:1", "resolution": "1K", field: [link]}}
    return {**body, field: [link]}


def path(name, words):
    return REMIX if name == "runapi" else words[name].submit


@pytest.mark.parametrize("name", MODELS)
def test_public_inputs_are_taken_unseen_and_noted(name, caller, words):
    one = caller(name)
    assert one.post(asking(name, "https://example.com/a.png?sig=secret", words), path(name, words))[0] == 200
    assert one.service.bills()["unfetched"] == ["https://example.com/a.png"]


@pytest.mark.parametrize("name", MODELS)
def test_an_input_where_no_provider_can_go_is_refused(name, caller, words):
    one = caller(name)
    assert one.post(asking(name, "https://192.168.1.7/a.png", words), path(name, words))[0] in (400, 422)
    assert one.charged() == []


def test_an_answer_that_needs_a_link_of_this_machine_names_it(run):
    link = "http://127.0.0.1:9/a.png"
    body = json.dumps(remix(link)).encode()
    request = Request("POST", REMIX, headers=run.auth, body=body)
    first = run.service.answer(request)
    assert (first.status, first.wanted, run.service.bills()["submits"]) == (424, [link], 1)
    again = Request("POST", REMIX, headers=run.auth, body=body, fetched={link: Fetched(PNG)})
    assert run.service.answer(again).status == 200
    assert (run.service.bills()["submits"], run.service.bills()["unfetched"]) == (1, [])


def test_a_public_link_is_a_file_that_nobody_has_seen(run):
    asked = {"source": {"type": "url", "url": "https://example.com/a%20b.webp?x=1"}}
    file = run.ask("POST", "/api/v1/files", asked)[1]
    assert (file["size_bytes"], file["mime_type"], file["file_name"]) == (0, "image/webp", "a_20b.webp")
    assert run.post(remix(file["url"]), REMIX)[0] == 200
    assert run.service.bills()["unfetched"] == ["https://example.com/a%20b.webp"]
    assert run.raw("GET", file["url"].removeprefix("http://sim.test"), headers={}).status == 404


def test_a_replay_asks_for_no_input_again(run):
    key = {"Idempotency-Key": "order-1"}
    url = brought(run)[1]["url"]
    first = run.post(remix(url), REMIX, **key)[1]
    run.clock.tick(3600)
    assert run.post(remix(url), REMIX, **key) == (200, {**first, "task_replayed": True})


def test_uploads_let_the_oldest_go(run):
    run.service.kept_megabytes = 0.03
    urls = [brought(run)[1]["url"] for _ in range(3)]
    lent = [prepared(run)[1] for _ in range(3)]
    assert [put(run, each) for each in lent] == [200] * 3
    assert [run.raw("GET", url[15:], headers={}).status for url in urls] == [404, 200, 200]
    assert [confirmed(run, each)[0] for each in lent] == [404, 200, 200]


def test_a_fault_may_strike_an_upload(run, caller):
    run.service.add_fault({"kind": "status", "status": 503, "on": "upload"})
    assert run.post(run.words.body)[0] == 200
    assert brought(run)[0] == 503
    run.service.add_fault({"kind": "reset_after", "on": "upload"})
    assert run.raw("POST", "/api/v1/files/prepare", b"{}").status == 422
    body = {"filename": "a", "byte_size": 1, "checksum": md5(b"a")}
    assert run.raw("POST", "/api/v1/files/prepare", json.dumps(body).encode()).delivery == "reset"
    with pytest.raises(ValueError, match="nothing is uploaded at reapi"):
        caller("reapi").service.add_fault({"kind": "status", "status": 503, "on": "upload"})


# Over sockets


@asynccontextmanager
async def pages(**answers):
    """Serve some answers on this machine, each at /name."""

    async def handle(request):
        answer = answers[request.path[1:]]
        return await answer(request) if callable(answer) else web.Response(**answer)

    app = web.Application()
    app.router.add_get("/{name}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def endless(request):
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(10_000):
        await answer.write(b"\x89PNG\r\n\x1a\n" + bytes(1 << 16))
    return answer


async def held(request):
    await asyncio.sleep(60)


@pytest.fixture
async def asks(helpers):
    """Return what submits a remix with some links at RunAPI's simulator, and the simulator."""
    async with running("runapi") as simulators, aiohttp.ClientSession() as http:
        one = simulators["runapi"]

        async def ask(*links):
            async with http.post(one.base_url + REMIX, json=remix(*links), headers=helpers["auth"](one)) as answer:
                return answer.status, await answer.json()

        yield ask, one


async def test_inputs_on_this_machine_are_fetched_and_looked_at(asks):
    ask, one = asks
    one.service.upload_megabytes = 1
    async with pages(
        good={"body": PNG},
        page={"text": "<html>"},
        empty={},
        gone={"status": 404},
        moved={"status": 302, "headers": {"Location": "https://example.com/"}},
        endless=endless,
        held=held,
    ) as here:
        assert (await ask(f"{here}/good", f"{here.replace('127.0.0.1', 'localhost')}/good?a=%2F"))[0] == 200
        said = {}
        for name in ("page", "empty", "gone", "moved", "endless", "held"):
            one.service.fetch_seconds = 0.01 if name == "held" else 30
            status, answer = await ask(f"{here}/good", f"{here}/{name}")
            (said[name],) = answer["errors"]["source_image_urls"]
            assert status == 422
    assert said == {
        "page": f"must be one of {', '.join(PICTURES.types)}, not a file of another type",
        "empty": "is an empty file",
        "gone": "could not be fetched: it answered 404",
        "moved": "could not be fetched: it answered 302",
        "endless": "could not be fetched: it has more than 1 MB",
        "held": "could not be fetched: it did not come in time",
    }
    status, answer = await ask(f"{here}/good")  # nobody listens there any more
    assert "could not be fetched: Cannot connect" in answer["errors"]["source_image_urls"][0]
    assert (len(one.bills()["entries"]), one.bills()["submits"]) == (1, 8)


async def test_a_result_and_an_upload_of_a_simulator_are_inputs(asks, clock, helpers):
    ask, one = asks
    one.service.clock, one.service.queued, one.service.running = clock, 0.0, 0.0
    auth = helpers["auth"](one)
    async with aiohttp.ClientSession(one.base_url, headers=auth) as http:
        form = aiohttp.FormData({"purpose": "user_data"})
        form.add_field("file", PNG, filename="ä b.png", content_type="image/png")
        async with http.post("/v1/files", data=form) as answer:
            assert (await answer.json())["filename"] == "_C3_A4_20b.png"
        asked = {"source": {"type": "base64", "data": encoded(PNG)}}
        async with http.post("/api/v1/files", json=asked) as answer:
            file = await answer.json()
        status, task = await ask(file["url"])
        async with http.get(f"{REMIX}/{task['id']}") as answer:
            (image,) = (await answer.json())["images"]
        assert (status, (await ask(image["url"]))[0]) == (200, 200)
        async with http.post("/api/v1/files", json={"source": {"type": "url", "url": image["url"]}}) as answer:
            assert (await answer.json())["mime_type"] == "image/jpeg"


async def test_bodies_with_files_are_bounded_and_take_turns(asks, helpers, monkeypatch):
    _, one = asks
    one.service.upload_megabytes = 11
    monkeypatch.setattr(server, "LONGEST_BODY", 1_000_000)
    auth = {**helpers["auth"](one), "Content-Type": "application/json"}
    async with aiohttp.ClientSession(one.base_url, headers=auth) as http:

        async def bring(megabytes):
            body = json.dumps({"source": {"type": "base64", "data": encoded(PNG + bytes(megabytes * 1_000_000))}})
            async with http.post("/api/v1/files", data=BytesIO(body.encode())) as answer:
                return answer.status

        assert await asyncio.gather(*(bring(2) for _ in range(5))) == [200] * 5
        assert (await bring(11), await bring(12)) == (422, 413)
        async with http.post(REMIX, data=BytesIO(b" " * 1_000_001)) as answer:
            assert answer.status == 413


async def test_a_body_that_never_comes_is_given_up(asks, monkeypatch):
    _, one = asks
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(one.base_url.rpartition(":")[2]))
    writer.write(b"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


class Raw(Service):
    """A provider of nobody's that takes a body as it is, with a token, and lends links without a checksum."""

    name, hue, lifetime, failures, refusals = "raw", 0.5, 60.0, {}, {}
    routes = (("POST", "/upload", "bytes_in"), ("POST", "/lend", "link_out"))
    files_at = ("bytes_in", "put")
    upload_life = 60.0

    def new_key(self):
        return "key"

    def new_id(self, order):
        return "id"

    def admit(self, request):
        if request.headers.get("authorization") != "Token t":
            raise self.refusal("unauthorised")

    def bytes_in(self, request, _):
        self.admit(request)
        kept = self.keep(request.body, request.query.get("name"), declared=request.headers.get("content-type", ""))
        return json_response({"url": self.here(request) + kept.path, "type": kept.media_type})

    def link_out(self, request, _):
        lent = self.lend("clip.mp4", {"Content-Type": "video/mp4"})
        return json_response({"put": self.here(request) + lent.path})

    def refused(self, refusal):
        return Response(refusal.status)

    order = accepted = shown = None


def test_a_provider_may_take_a_body_as_it_is_and_lend_links_without_a_checksum(clock):
    service = Raw(clock=clock)
    headers = {"Authorization": "Token t", "Content-Type": "text/csv", "Host": "raw.test"}
    for content, kind in ((PNG, "image/png"), (b"a,b", "text/csv")):
        answer = service.answer(Request("POST", "/upload", {"name": "x"}, headers, content))
        assert json.loads(answer.body)["type"] == kind
        served = service.answer(Request("GET", json.loads(answer.body)["url"][15:]))
        assert (served.body, served.headers["Content-Type"]) == (content, kind)
    lent = json.loads(service.answer(Request("POST", "/lend", headers=headers)).body)["put"][15:]
    assert service.answer(Request("PUT", lent, {}, {"Content-Type": "video/mp4"}, b"film")).status == 200
    assert service.room(Request("PUT", lent)) == service.room(Request("POST", "/upload")) > 100_000_000
    assert service.room(Request("POST", "/lend")) is None
    assert service.answer(Request("POST", "/upload")).status == 401
