"""What must not get out (keys) and what must not get in (private addresses, floods, what is no picture)."""

import asyncio
import copy
import gzip
import logging
import pickle
import socket
import traceback
from contextlib import asynccontextmanager
from datetime import UTC

import aiohttp
import attrs
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Account,
    AnymediaError,
    Asset,
    Billed,
    Client,
    DownloadError,
    NotFound,
    Outcome,
    Retry,
    State,
    SubmitUncertain,
    Unavailable,
    read_config,
    to_json,
)
from anymedia.clock import Clock
from anymedia.model.hosts import is_public
from anymedia.network import Network
from anymedia.translate.messages import Call, Lost
from anymedia.transport.addresses import Guard
from anymedia.transport.http import Progress, Transport
from anymedia.transport.reasons import reason
from anymedia.transport.retry import Patience, retried
from tests.verbs import run

from .works import WORKS

KEY = "planted-key-5f0c1d"


@asynccontextmanager
async def serving(handler, host="127.0.0.1"):
    """Run a bare server, and yield its origin."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    try:
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def account(origin, **changes) -> Account:
    data = {"providers": {"reapi": {"base_url": origin, "api_key_env": "K", **changes}}}
    return read_config(data, {"K": KEY}).account("reapi")


@pytest.fixture
async def transport():
    transport = Transport()
    yield transport
    await transport.close()


# Keys


async def test_a_redirect_never_carries_the_key_or_the_body(client, request_, provider, sim, tmp_path):
    seen = []

    async def elsewhere(http):
        seen.append((http.method, dict(http.headers), await http.read()))
        return web.json_response({"id": "stolen", "status": "completed"})

    async with serving(elsewhere) as origin:
        for status in (301, 302, 303, 307, 308):
            sim.fault("redirect", on="submit", status=status, location=f"{origin}/steal", times=None)
            # Whatever moved for good was not carried out here.
            moved = status in (301, 307, 308)
            with pytest.raises(Unavailable if moved else SubmitUncertain, match="redirect") as caught:
                await client.submit(request_, provider)
            assert (caught.value.outcome is Outcome.NOT_SENT) is moved
            sim.clear()
        task = await client.submit(request_, provider)
        sim.fault("redirect", on="poll", location=f"{origin}/steal")
        assert (await client.wait(task)).state is State.SUCCEEDED
    assert seen == []


async def test_a_result_is_fetched_without_the_key(client, request_, provider, tmp_path, sims, monkeypatch):
    task = await run(client, request_, provider)
    seen = []
    service = sims[provider].service
    answer = type(service).answer

    def listening(self, asked):
        seen.append({name.lower() for name in asked.headers})
        return answer(self, asked)

    monkeypatch.setattr(type(service), "answer", listening)
    await client.download(task, tmp_path)
    (headers,) = seen
    assert not headers & {"authorization", "x-api-key", "cookie"}


async def test_no_key_shows_anywhere(clock, request_, sims, caplog, provider):
    """Search for a planted key in all that a faulty day leaves behind, where the provider echoes it back too."""
    caplog.set_level(logging.DEBUG)
    left = []

    async def echo(http):
        sent = " ".join(f"{name}: {value}" for name, value in http.headers.items())
        if http.query.get("poll") or http.method == "GET":
            return web.json_response({"error": {"code": 1, "message": sent}}, status=500, headers={"X-Request-Id": KEY})
        return web.json_response({"error": {"message": sent, "request_id": KEY}, "msg": sent}, status=400)

    async with serving(echo) as origin:
        table = {"base_url": origin, "api_key_env": "K"}
        config = read_config({"providers": {provider: table}}, {"K": KEY})
        async with Client(config, clock=clock, on_event=left.append, patience=Patience(tries=1)) as client:
            with pytest.raises(AnymediaError) as refused:
                await run(client, request_)
            task = attrs.evolve(left[-1].task) if left[-1].task else None
            assert task is None
            left += [client.explain(request_), config, config.account(provider), vars(client)]
            error = refused.value
            left += [error, vars(error), error.args, traceback.format_exception(error, chain=True)]
            left += [pickle.loads(pickle.dumps(error)), vars(pickle.loads(pickle.dumps(error)))]
    shown = [repr(left), str(left), caplog.text, *(str(each) for each in left)]
    shown += [repr(to_json(event)) for event in left[:2]]
    assert not [text for text in shown if KEY in text]
    assert "***" in str(refused.value)  # it had been echoed
    for thing in (config, config.account(provider)):
        with pytest.raises(TypeError, match="an API key is not pickled"):
            pickle.dumps(thing)
        assert KEY not in repr(copy.deepcopy(thing))


async def test_every_call_has_a_name_and_the_key_in_its_header(request_, clock, provider):
    seen = []

    async def listen(http):
        seen.append(dict(http.headers))
        return web.Response(status=402)

    async with serving(listen) as origin:
        config = read_config({"providers": {provider: {"base_url": origin, "api_key_env": "K"}}}, {"K": KEY})
        async with Client(config, clock=clock) as client:
            with pytest.raises(AnymediaError):
                await run(client, request_)
            (shown,) = client.explain(request_)
    (headers,) = seen
    assert headers["User-Agent"].startswith("anymedia/")
    (auth,) = config.account(provider).adapter.auth
    assert headers[auth.name] == auth.prefix + KEY
    for name, value in shown.headers.items():
        if name != "Idempotency-Key":
            assert headers[name] == value.replace("***", KEY)


# Files


def with_result(task, url):
    return attrs.evolve(task, assets=(Asset(kind="image", url=url),))


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:9/x.png",
        "http://[::ffff:10.0.0.1]/x.png",
        "http://127.0.0.1:9/x.png",
        "http://localhost:9/x.png",
        "http://0.0.0.0:9/x.png",
    ],
)
async def test_a_result_at_a_private_address_is_refused(client, clock, request_, tmp_path, url):
    task = await run(client, request_, "reapi")
    with pytest.raises(DownloadError, match="not a public address"):
        await client.download(with_result(task, url), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_redirect_to_a_private_address_is_refused(client, request_, sims, tmp_path):
    task = await run(client, request_, "reapi")
    sims["reapi"].fault("redirect", on="result", location="http://127.0.0.1:9/x.png")
    with pytest.raises(DownloadError, match="not a public address"):
        await client.download(task, tmp_path)
    sims["reapi"].fault("redirect", on="result", location="file:///etc/passwd", times=None)
    with pytest.raises(DownloadError, match=r"no http\(s\) URL"):
        await client.download(task, tmp_path)


async def test_a_redirect_on_the_simulators_own_origin_is_followed_and_a_loop_is_not(client, request_, sims, tmp_path):
    task = await run(client, request_, "reapi")
    sims["reapi"].fault("redirect", on="result", location=task.assets[0].url, times=None)
    with pytest.raises(DownloadError, match="redirects"):
        await client.download(task, tmp_path)
    sims["reapi"].clear()
    sims["reapi"].fault("redirect", on="result", location=task.assets[0].url)
    assert len(await client.download(task, tmp_path)) == 1


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:a00:1::", False),
        ("64:ff9b:1::a00:1", False),
        ("64:ff9b:1::5db8:d70e", False),
        ("::ffff:0:93.184.215.14", False),
        ("::ffff:0:10.0.0.1", False),
        ("::93.184.215.14", False),
        ("::10.0.0.1", False),
        ("::", False),
        ("fec0::1", False),
        ("feff::1", False),
        ("100::1", False),
        ("5f00::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("2001:0:a00:1::f5ff:fffe", False),  # 10.0.0.1 by Teredo
        ("ff0e::1", False),
        ("0.1.2.3", False),
        ("127.255.255.254", False),
        ("169.254.169.254", False),
        ("192.0.0.8", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("198.19.255.255", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_what_is_public(address, public):
    assert is_public(address) is public


@given(st.ip_addresses())
def test_nothing_is_public_that_python_calls_otherwise(address):
    """Python knows of less: what it calls private is never public here, in whatever address it is hidden."""
    assert not is_public(str(address)) or address.is_global
    if address.version == 4:
        for form in ("::ffff:{}", "64:ff9b::{}"):
            assert is_public(form.format(address)) is is_public(str(address))
        for form in ("::{}", "::ffff:0:{}", "64:ff9b:1::{}", "fec0::{}", "fe80::{}%eth0"):
            assert not is_public(form.format(address))


def test_a_public_address_gets_a_socket():
    opened = Guard().socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443)))
    assert opened.type == socket.SOCK_STREAM
    opened.close()


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "html"}, "a page or a message"),
        ({"kind": "raw", "status": 200, "body": '{"error": "AccessDenied"}'}, "a page or a message"),
        ({"kind": "raw", "status": 200, "body": "<!--ftypmp42--><html>no</html>"}, "a page or a message"),
        ({"kind": "raw", "headers": {"Content-Type": "video/mp4"}, "body": "<html>no</html>"}, "a page or a message"),
        ({"kind": "raw", "status": 200, "body": ""}, "0 bytes"),
        ({"kind": "raw", "status": 200, "headers": {"Content-Encoding": "br"}, "body": "x"}, "packed as br"),
        ({"kind": "status", "status": 410, "body": "empty"}, "answered 410"),
        ({"kind": "status", "status": 500, "body": "html"}, "answered 500"),
        ({"kind": "cut_body"}, "broke off"),
        ({"kind": "reset_before"}, "reset"),
    ],
)
@pytest.mark.parametrize("work", WORKS)
async def test_what_is_no_whole_work_is_not_kept(client, work, sims, tmp_path, fault, why):
    task = await run(client, WORKS[work], "reapi")
    sims["reapi"].fault(**fault, on="result", times=None)
    with pytest.raises(DownloadError, match=why) as caught:
        await client.download(task, tmp_path)
    error = caught.value
    assert (error.task, error.task_id, error.billed, error.retry) == (task, task.id, Billed.YES, Retry.SAME)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("work", WORKS)
async def test_a_passing_fault_of_a_file_is_tried_again(client, work, sims, tmp_path):
    task = await run(client, WORKS[work], "reapi")
    sims["reapi"].fault("html", on="result", times=None)
    with pytest.raises(DownloadError):
        await client.download(task, tmp_path)
    sims["reapi"].clear()
    sims["reapi"].fault("reset_after", on="result")
    saved = await client.download(task, tmp_path)
    assert [file.kind for file in saved] == [asset.kind for asset in task.assets]


@pytest.mark.parametrize("work", ["clip", "songs"])
async def test_a_picture_is_no_film_and_no_sound(client, work, sims, tmp_path):
    task = await run(client, WORKS[work], "reapi")
    sims["reapi"].fault("other_media", on="result", times=None)
    with pytest.raises(DownloadError, match="a file of type image/png came in place of") as caught:
        await client.download(task, tmp_path)
    assert (caught.value.task, caught.value.billed) == (task, Billed.YES)
    assert list(tmp_path.iterdir()) == []


async def test_a_flood_of_a_file_is_cut_off(config, clock, request_, sims, tmp_path):
    async with Client(attrs.evolve(config, network=Network(largest=1 << 20)), clock=clock) as client:
        task = await run(client, request_, "reapi")
        sims["reapi"].fault("huge", on="result", bytes=3 << 20)
        with pytest.raises(DownloadError, match=r"and \[download\] largest is 1\.0 MB; raise that"):
            await client.download(task, tmp_path)  # once: it would be no shorter
    assert list(tmp_path.iterdir()) == []


async def test_the_other_files_are_saved_when_one_is_lost(client, request_, tmp_path):
    task = await run(client, request_, "reapi")
    broken = attrs.evolve(task, assets=(Asset(kind="image", url="http://10.0.0.1/x"), *task.assets))
    with pytest.raises(DownloadError):
        await client.download(broken, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


async def test_a_directory_that_cannot_be_written_is_said_to(client, request_, tmp_path):
    task = await run(client, request_, "reapi")
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="file: "):
        await client.download(task, tmp_path / "file")


# Answers


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "identity"])
async def test_a_packed_answer_is_read_though_it_was_not_asked_for(transport, encoding):
    import zlib

    body = b'{"a": 1}' * 1000
    packed = {"identity": body, "deflate": zlib.compress(body)}.get(encoding, gzip.compress(body))

    async def answer(http):
        assert http.headers["Accept-Encoding"] == "identity"
        return web.Response(body=packed, headers={"Content-Encoding": encoding})

    async with serving(answer) as origin:
        read = await transport.send(account(origin), Call(method="GET", url=f"{origin}/"), Progress())
    assert read.body == body


async def test_an_answer_that_cannot_be_unpacked_is_lost_and_was_sent(transport):
    async def answer(_):
        return web.Response(body=b"\x1f\x8bno gzip", headers={"Content-Encoding": "gzip"})

    async with serving(answer) as origin:
        with pytest.raises(Lost) as caught:
            await transport.send(account(origin), Call(method="POST", url=f"{origin}/", json={}), Progress())
    assert (caught.value.sent, caught.value.status) == (True, 200)


async def test_a_host_that_does_not_exist_was_sent_nothing(transport, monkeypatch):
    async def unknown(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", unknown)
    with pytest.raises(Lost) as caught:
        await transport.send(
            account("https://nowhere.example"), Call(method="POST", url="https://nowhere.example/"), Progress()
        )
    assert caught.value.sent is False


async def test_a_server_that_speaks_no_tls_was_sent_nothing(transport):
    async def plain(reader, writer):
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    origin = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        with pytest.raises(Lost) as caught:
            await transport.send(account(origin), Call(method="POST", url=f"{origin}/", json={}), Progress())
    assert caught.value.sent is False


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"\x00\xff garbage\r\n\r\n"]
)
async def test_an_answer_that_is_no_http_is_lost_and_was_sent(transport, answer):
    async def garbage(reader, writer):
        await reader.read(10_000)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        with pytest.raises(Lost) as caught:
            await transport.send(account(origin), Call(method="POST", url=f"{origin}/", json={}), Progress())
    assert caught.value.sent is True
    assert KEY not in caught.value.why


async def test_an_account_has_no_more_calls_under_way_than_it_may(sims, clock, request_):
    most, now = 0, 0
    release = asyncio.Event()

    async def count(_):
        nonlocal most, now
        now += 1
        most = max(most, now)
        if now == 3:
            release.set()
        await release.wait()
        now -= 1
        return web.Response(status=402)

    async with serving(count) as origin:
        table = {"base_url": origin, "api_key_env": "K", "connections": 3}
        async with Client(read_config({"providers": {"reapi": table}}, {"K": KEY}), clock=clock) as client:
            ends = await asyncio.gather(*(client.submit(request_) for _ in range(9)), return_exceptions=True)
    assert (most, len(ends)) == (3, 9)


# Trying again


async def attempts(clock, errors, patience=None):
    left = list(errors)

    async def call():
        if left:
            raise left.pop(0)
        return "done"

    wait = lambda error: isinstance(error, Unavailable)  # noqa: E731
    return await retried(call, wait, clock=clock, patience=patience or Patience())


async def test_waits_double_with_full_jitter_and_what_the_server_asks_for_is_never_undercut(clock):
    errors = [Unavailable(), Unavailable(retry_after=20), Unavailable()]
    assert await attempts(clock, errors) == "done"
    assert clock.slept == [0.25, 20 + 0.05, 1.0]


@pytest.mark.parametrize(
    ("errors", "patience"),
    [
        ([Unavailable("last")], Patience(tries=1)),
        ([Unavailable("last", retry_after=61)], Patience()),
        ([NotFound("last")], Patience()),
        ([Unavailable("first"), NotFound("last")], Patience()),
    ],
)
async def test_what_is_not_worth_trying_again_is_told_at_once(clock, errors, patience):
    with pytest.raises(AnymediaError, match="last"):
        await attempts(clock, errors, patience)
    assert len(clock.slept) == len(errors) - 1


def test_a_wait_that_would_pass_the_deadline_is_not_begun(clock):
    asked = Unavailable(retry_after=10)
    assert Patience().pause(1, asked, clock, clock.monotonic() + 5) is None
    assert Patience().pause(1, asked, clock, clock.monotonic() + 20) > 10


async def test_what_is_no_error_of_ours_is_not_caught(clock):
    with pytest.raises(ZeroDivisionError):
        await attempts(clock, [ZeroDivisionError()])


def test_what_went_wrong_is_told_without_what_aiohttp_repeats():
    assert reason(aiohttp.ClientPayloadError(KEY)) == "the answer broke off"
    assert reason(ValueError()) == "ValueError"


async def test_the_real_clock():
    clock = Clock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
    assert 0 <= clock.chance() < 1
    await clock.sleep(0)


@pytest.mark.parametrize(
    "url",
    [
        "http:///x.png",
        "http://[x/y.png",
        "ftp://a.example/x",
        "http://[::1]@/a.png",
        "http://[",
        "http://a.example:99999/x",
        "http://a.example:x/",
        "http://xn--/",
        "http://\ud800/x",
        "http://a..b/",
        "/f/a.png",
        "javascript:1",
    ],
)
async def test_a_link_that_is_none_is_refused(client, request_, sims, tmp_path, url):
    task = await run(client, request_, "reapi")
    with pytest.raises(DownloadError):
        await client.download(with_result(task, url), tmp_path)
    sims["reapi"].fault("redirect", on="result", location=url, times=None)
    with pytest.raises(DownloadError):
        await client.download(task, tmp_path)
