"""Result files: what is odd once is asked for again, what stays odd is left, and nothing paid is dropped."""

import asyncio
import gzip
import io
import logging
import zlib

import attrs
import pytest
from PIL import Image

from anymedia import Asset, Billed, Client, Config, DownloadError, Result, Retry, Task
from anymedia.clock import Clock
from anymedia.model.formats import Format, measured
from anymedia.model.money import Money
from anymedia.network import network_of
from tests.samples import sample

from .raw import account, answer, raw_server


def picture(form, side=40, **options):
    file = io.BytesIO()
    Image.effect_noise((side, side * 3 // 4), 80).convert("RGB").save(file, form, **options)
    return file.getvalue()


PNG, JPEG = picture("PNG"), picture("JPEG")
GOOD = answer(PNG)


def task(clock: Clock, *urls: str, expires_at=None) -> Task:
    assets = tuple(Asset(kind="image", url=url, expires_at=expires_at) for url in urls)
    return Task(
        id="t1", provider="reapi", account="reapi", assets=assets, money=Money(), submitted_at=clock.now(), path="/"
    )


@pytest.fixture
def fetch(clock, tmp_path):
    """Return what fetches the file of a server that is the account's own."""

    async def fetch(server, *, network=None, path="/a.png", **changes):
        config = Config(
            accounts={"reapi": account(server.origin, **changes)}, journal=None, network=network or network_of({})
        )
        async with Client(config, clock=clock) as client:
            (asset,) = await client.download(task(clock, server.origin + path), tmp_path)
        return asset

    return fetch


ONCE = {
    "404": answer(status="404 Not Found"),
    "403": answer(b"<Error>AccessDenied</Error>", status="403 Forbidden"),
    "503": answer(status="503 Service Unavailable"),
    "0 bytes": answer(b""),
    "0 bytes without a length": answer(b"", framed=False),
    "a page": answer(b"<!DOCTYPE html><title>One moment</title>", headers=("Content-Type: text/html",)),
    "a page with ftyp": answer(b"<!--ftypmp42--><html>"),
    "a message": answer(b'{"code": 404, "message": "not yet"}'),
    "a declared message": answer(b"not yet", headers=("Content-Type: application/json; charset=utf-8",)),
    "an XML message": answer(b'<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>'),
    "cut, without a length": answer(PNG[:-20], framed=False),
    "cut JPEG, without a length": answer(JPEG[:-2], framed=False),
    "cut, with a length": answer(PNG)[:-20],
    "cut, packed": answer(gzip.compress(PNG)[:-9], headers=("Content-Encoding: gzip",)),
    "no HTTP": b"garbage\r\n\r\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", ONCE)
async def test_what_is_odd_once_is_asked_for_again(fetch, name):
    async with raw_server(ONCE[name], ONCE[name], GOOD) as server:
        asset = await fetch(server)
    assert asset.path.read_bytes() == PNG
    assert (asset.media_type, asset.width, asset.height) == ("image/png", 40, 30)
    assert len(server.requests) == 3


@pytest.mark.parametrize("name", ONCE)
async def test_what_stays_odd_is_asked_for_a_minute_and_is_still_paid_for(fetch, clock, name, tmp_path):
    before = clock.seconds
    async with raw_server(ONCE[name]) as server:
        with pytest.raises(DownloadError) as caught:
            await fetch(server)
    error = caught.value
    assert 40 < clock.seconds - before <= 60
    assert (error.billed, error.retry, error.task.id, error.permanent) == (Billed.YES, Retry.SAME, "t1", False)
    assert error.__context__ is None or not isinstance(error.__context__, OSError)
    assert list(tmp_path.iterdir()) == []


FILES = {
    "svg": b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn --><svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1",
    "jxl": b"\xff\x0a" + b"x" * 30,
    "gif": picture("GIF"),
    "webp": picture("WEBP"),
    "aac": b"\xff\xf1\x50\x80\x02\x1f\xfc",
    "mp3": b"\xff\xe3\x18\xc4",
    "flac": b"fLaC\0\0\0\x22",
    "ogg": b"OggS\0\x02",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "mov": b"\0\0\0\x08wide\0\0\0\x08mdat",
    "mp4": b"\0\0\0\x18ftypisom\0\0\0\0mp42",
    "webm": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm",
    "mkv": b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska",
    "glb": b"glTF\x02\0\0\0\x0c\0\0\0",
    "zip": b"PK\x03\x04rest",
    "bin": b"BEGIN\0SOMETHING NEW",
}


@pytest.mark.parametrize("ending", FILES)
async def test_a_file_is_kept_as_what_it_is(fetch, ending, caplog):
    async with raw_server(answer(FILES[ending], headers=("Content-Type: binary/octet-stream",))) as server:
        with caplog.at_level(logging.WARNING, "anymedia"):
            asset = await fetch(server)
    assert (asset.path.name, asset.path.read_bytes()) == (f"t1-1.{ending}", FILES[ending])
    assert ("kept as .bin" in caplog.text) is (ending == "bin")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(PNG)),
        ("deflate", zlib.compress(PNG)),
        *((each, PNG) for each in ("aws-chunked", "", "UTF-8", "Identity", "binary", "gzip")),
    ],
)
async def test_a_packed_file_is_unpacked_and_an_unknown_packing_is_none(fetch, encoding, body):
    async with raw_server(answer(body, headers=(f"Content-Encoding: {encoding}",))) as server:
        assert (await fetch(server)).path.read_bytes() == PNG


@pytest.mark.parametrize(
    ("flood", "said"),
    [
        (answer(gzip.compress(b"\0" * (8 << 20)), headers=("Content-Encoding: gzip",)), "it has more"),  # once unpacked
        (answer(b"\0" * (2 << 20), framed=False), "it has more"),
        (answer(headers=("Content-Length: 2000000000",), framed=False), "it has 2.0 GB"),
    ],
    ids=["packed", "without a length", "with a length"],
)
async def test_a_flood_is_cut_off_and_asked_for_once(fetch, tmp_path, flood, said):
    async with raw_server(flood) as server:
        with pytest.raises(DownloadError) as caught:
            await fetch(server, network=network_of({}, {}, {"largest": "1.5 MB"}))
    assert str(caught.value) == (
        f"the result of task t1 was not saved: {said}, and [download] largest is 1.5 MB; raise that in anymedia.toml, "
        "then `anymedia collect` fetches it"
    )
    assert (len(server.requests), caught.value.permanent, caught.value.place_is_full) == (1, True, False)
    assert list(tmp_path.iterdir()) == []


async def test_a_file_may_be_as_large_as_the_configuration_says(fetch):
    async with raw_server(GOOD) as server:
        largest = {"largest": f"{len(PNG)}"}
        assert (await fetch(server, network=network_of({}, {}, largest))).length == len(PNG)


async def test_a_file_whose_link_holds_no_more_is_kept_with_a_warning(fetch, caplog):
    async with raw_server(answer(PNG[:-20])) as server:
        with caplog.at_level(logging.WARNING, "anymedia"):
            asset = await fetch(server)
    assert asset.length == len(PNG) - 20
    assert "has no end" in caplog.text


async def test_a_link_whose_life_is_over_has_no_minute(clock, tmp_path):
    async with raw_server(answer(status="404 Not Found")) as server:
        config = Config(accounts={"reapi": account(server.origin)}, journal=None)
        async with Client(config, clock=clock) as client:
            with pytest.raises(DownloadError, match=r"answered 404 \(its link is good until") as caught:
                await client.download(task(clock, f"{server.origin}/a", expires_at=clock.now()), tmp_path)
    assert (len(server.requests), caught.value.status, clock.slept) == (1, 404, [])


# Where they may lie


@pytest.fixture
def _fake_names(monkeypatch):
    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    monkeypatch.setattr("aiohttp.resolver.ThreadedResolver.resolve", resolve)


def elsewhere(server):
    return f"http://files.internal.example:{server.port}/a.png"


@pytest.mark.usefixtures("_fake_names")
@pytest.mark.parametrize(
    "allowed", [{"hosts": ["internal.example"]}, {"hosts": ["files.internal.example"]}, {"networks": ["127.0.0.0/8"]}]
)
async def test_a_host_that_is_not_public_has_to_be_allowed(clock, tmp_path, allowed):
    async with raw_server(GOOD) as server:
        for download in ({}, {"hosts": ["example.internal"], "networks": ["198.18.0.0/15"]}, allowed):
            config = Config(
                accounts={"reapi": account("https://api.example")}, journal=None, network=network_of({}, {}, download)
            )
            async with Client(config, clock=clock) as client:
                if download is allowed:
                    (asset,) = await client.download(task(clock, elsewhere(server)), tmp_path)
                    assert asset.length == len(PNG)
                else:
                    why = r"files.internal.example is at 127.0.0.1, .*not a public address; hosts or networks of"
                    with pytest.raises(DownloadError, match=why) as caught:
                        await client.download(task(clock, elsewhere(server)), tmp_path)
                    assert (caught.value.permanent, server.requests) == (True, [])


@pytest.mark.usefixtures("_fake_names")
async def test_the_accounts_own_origin_may_lie_anywhere_and_leads_nowhere_else(fetch, tmp_path):
    there = raw_server(GOOD)
    async with there as other, raw_server(GOOD) as server:
        config = {"allow_http": True}
        server.origin = f"http://gateway.internal.example:{server.port}"
        assert (await fetch(server, **config)).length == len(PNG)
        async with raw_server(answer(status="302 Found", headers=(f"Location: {elsewhere(other)}",))) as leading:
            leading.origin = f"http://gateway.internal.example:{leading.port}"
            with pytest.raises(DownloadError, match="not a public address"):
                await fetch(leading, **config)
    assert other.requests == []


async def test_through_a_proxy_a_file_is_judged_by_its_name(clock, tmp_path):
    async with raw_server(GOOD) as proxy:
        config = Config(accounts={"reapi": account("https://api.example", proxy=proxy.origin)}, journal=None)
        async with Client(config, clock=clock) as client:
            (asset,) = await client.download(task(clock, "http://cdn.example/a.png"), tmp_path)
            for private in ("http://10.0.0.1/a.png", "http://localhost/a.png", "http://metadata.internal/x"):
                with pytest.raises(DownloadError, match="not a public address"):
                    await client.download(task(clock, private), tmp_path)
    assert asset.length == len(PNG)
    assert [each.split("\r\n")[0] for each in proxy.requests] == ["GET http://cdn.example/a.png HTTP/1.1"]


async def test_a_file_of_an_account_that_is_gone_is_fetched_as_any_other(clock, tmp_path):
    config = Config(accounts={"other": account("https://api.example")}, journal=None, path=tmp_path / "x.toml")
    async with Client(config, clock=clock) as client:
        with pytest.raises(DownloadError, match="not a public address"):
            await client.download(task(clock, "http://127.0.0.1:9/a.png"), tmp_path)


# Many of them


async def test_few_files_are_open_at_a_time(clock, tmp_path, monkeypatch):
    monkeypatch.setattr("anymedia.transport.http.FILES", 3)
    most = 0

    async def serve(reader, writer):
        nonlocal most
        await reader.readuntil(b"\r\n\r\n")
        most = max(most, len(list(tmp_path.glob(".anymedia-*.part"))))
        writer.write(GOOD)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        config = Config(accounts={"reapi": account(origin)}, journal=None)
        async with Client(config, clock=clock) as client:
            many = task(clock, *(f"{origin}/{number}" for number in range(40)))
            saved = await client.download(many, tmp_path)
    assert most == 3
    assert len({asset.path for asset in saved}) == 40


async def test_one_bad_link_never_ends_the_others(clock, tmp_path):
    async with raw_server(GOOD) as server:
        config = Config(accounts={"reapi": account(server.origin)}, journal=None)
        async with Client(config, clock=clock) as client:
            done = task(clock, "http://[::1]@/a.png", f"{server.origin}/b.png", "http://[", f"{server.origin}/c.png")
            result = Result(tasks=(done,), attempts=(), missing=0, money=Money())
            with pytest.raises(DownloadError, match=r"'http://\[::1\]@/a.png' is no http\(s\) URL"):
                await client.download(result, tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 2


@pytest.mark.parametrize("name", ["film.mp4", "film.webm", "sound.mp3", "picture.avif"])
async def test_a_file_says_its_size_and_length(name, fetch):
    async with raw_server(answer(sample(name))) as server:
        asset = await fetch(server, path="/file")
    with asset.path.open("rb") as file:
        assert measured(file) == Format(
            asset.media_type, asset.path.suffix[1:], asset.width, asset.height, asset.seconds
        )


async def test_the_length_that_a_provider_tells_counts_where_the_file_does_not_tell_it(clock, tmp_path):
    bought = task(clock)
    assets = tuple(Asset(kind="audio", data=data, seconds=9) for data in (b"\xff\xfb\x90", sample("sound.wav")))
    bought = attrs.evolve(bought, assets=assets)
    async with Client(Config(accounts={"reapi": account("http://127.0.0.1:1")}, journal=None), clock=clock) as client:
        saved = await client.download(bought, tmp_path)
    assert [asset.seconds for asset in saved] == [9, 1.5]
