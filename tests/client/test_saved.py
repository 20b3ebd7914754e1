"""Results in a bucket and in folders: whole or not at all, byte for byte, by name, never over another, fetched once."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from anymedia import Asset, Client, Config, ConfigError, DownloadError, Result, SavedFile, Storage, Task
from anymedia.journal.protocol import Query
from anymedia.model.money import Money
from anymedia.storage import storage_of
from anymedia.translate.messages import Lost
from tests.odd.files import PNG
from tests.samples import SAMPLES, sample
from tests.storage import SECRET

from .raw import account, answer, raw_server

TYPES = {
    *("image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "image/svg+xml"),
    *("video/mp4", "video/quicktime", "video/webm"),
    *("audio/mpeg", "audio/wav", "audio/ogg", "audio/flac", "audio/aac"),
}


def task(clock, *assets, **changes):
    facts = {"id": "t1", "provider": "reapi", "account": "reapi", "model": "flux-2", "money": Money(), "path": "/"}
    return Task(assets=assets, submitted_at=clock.now(), **{**facts, **changes})


def pictures(*urls, **facts):
    return tuple(Asset(kind="image", url=url, **facts) for url in urls)


@pytest.fixture
def client_of(clock, bucket):
    """Return what opens a client whose account is served somewhere, and whose storage is the bucket."""

    def opened(origin="https://api.example", *, journal=None, prompts=True, **table):
        storage = storage_of(bucket.table("/media", **table), "storage", None)
        config = Config(accounts={"reapi": account(origin)}, journal=None, storage=storage, prompts=prompts)
        return Client(config, clock=clock, journal=journal)

    return opened


async def read(client, asset):
    return b"".join([piece async for piece in client.read(asset)])


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# Byte for byte


def test_every_media_type_is_among_the_samples():
    assert {kind.type for kind in SAMPLES.values()} >= TYPES


@pytest.mark.parametrize("name", [name for name, kind in SAMPLES.items() if kind.type in TYPES])
async def test_what_the_provider_sent_is_what_is_stored_and_what_is_read(client_of, bucket, clock, tmp_path, name):
    kind, data = SAMPLES[name], sample(name)
    async with raw_server(answer(data)) as server, client_of(server.origin) as client:
        (stored,) = await client.download(task(clock, *pictures(server.origin + "/a")), f"{bucket.url}/other")
        again = await read(client, stored)
        (linked,) = pictures(server.origin + "/a")
        assert await read(client, linked) == data
    (key,) = bucket.keys()
    assert key == f"other/2027-01-15/flux-2/t1-1.{kind.ending}"
    assert (bucket.read(key), bucket.media_type(key), again) == (data, kind.type, data)
    assert (stored.location, stored.stored, stored.path) == (f"{bucket.url}/{key}",) * 2 + (None,)
    assert (stored.sha256, stored.length, stored.media_type) == (sha256(data), len(data), kind.type)
    async with client_of() as client:  # the link is dead, and the bucket has it
        (file,) = await client.download(task(clock, stored), tmp_path)
        assert (type(file), file.path.read_bytes(), await read(client, file)) == (SavedFile, data, data)
    assert file.stored == stored.stored


@pytest.mark.parametrize(
    ("kind", "name", "offer", "kept"),
    [
        ("video", "picture.png", "reapi/kling-3-0", False),
        ("audio", "film.mp4", "reapi/suno-v6", True),  # a container may hold a sound alone
        ("audio", "picture.png", "reapi/suno-v6", False),
        ("image", "sound.mp3", "reapi/flux-2", True),
        ("video", "moving.gif", "reapi/kling-3-0", True),
        ("audio", "sound.m4a", "reapi/suno-v6", True),
        ("image", "film.mp4", None, True),  # what a raw request asks for nobody here knows
    ],
)
async def test_a_file_of_another_medium_is_not_what_was_bought(client_of, clock, tmp_path, kind, name, offer, kept):
    async with raw_server(answer(sample(name))) as server, client_of(server.origin) as client:
        bought = task(clock, Asset(kind=kind, url=server.origin + "/a"), offer=offer)
        if kept:
            (file,) = await client.download(bought, tmp_path)
            assert file.media_type == SAMPLES[name].type
            return
        with pytest.raises(DownloadError, match=f"a file of type {SAMPLES[name].type} came in place of {kind}"):
            await client.download(bought, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Where they go


async def test_where_results_are_to_go_and_are_not_told_elsewhere_they_are_stored(client_of, bucket, clock, tmp_path):
    async with raw_server(answer(PNG)) as server:
        done = task(clock, *pictures(server.origin + "/a"))
        async with client_of(server.origin, results=True) as client:
            assert [each.location for each in await client.download(done)] == [
                f"{bucket.url}/media/2027-01-15/flux-2/t1-1.png"
            ]
            await client.download(done, names="{sha256}.{ext}")
            assert [each.path for each in await client.download(done, str(tmp_path))] == [tmp_path / "t1-1.png"]
            assert [each.path for each in await client.download(done, tmp_path.as_uri(), names="a/b.{ext}")] == [
                tmp_path / "a/b.png"
            ]
        async with client_of(server.origin) as client:
            (here,) = await client.download(done)
            assert (here.location, here.path.read_bytes()) == ("t1-1.png", PNG)
        folder = Storage(url=(tmp_path / "kept").as_uri(), results=True)
        config = Config(accounts={"reapi": account(server.origin)}, journal=None, storage=folder)
        async with Client(config, clock=clock) as client:
            (kept,) = await client.download(done)
            assert kept.path == tmp_path / "kept/2027-01-15/flux-2/t1-1.png"
            (other,) = await client.download(done, names="{model}.{ext}")
            assert other.path == tmp_path / "kept/flux-2.png"
    assert bucket.keys() == ["media/2027-01-15/flux-2/t1-1.png", f"media/{sha256(PNG)}.png"]


@pytest.mark.parametrize(
    ("where", "names", "said"),
    [
        ("ftp://host/a", None, "url: must be like s3://bucket/prefix"),
        ("s3://bucket?key=s3cret", None, "url: must be like s3://bucket/prefix"),
        ("s3://bucket", "{model}.{ext}", "names need {task} and {number}"),
        ("folder", "../{task}.{ext}", "begin with a dot"),
        (None, "{tsk}.{ext}", "did you mean task?"),
    ],
)
@pytest.mark.parametrize("results", [True, False])
async def test_a_place_or_a_pattern_that_is_none(client_of, clock, where, names, said, results):
    async with client_of(results=results) as client:
        with pytest.raises(ConfigError) as caught:
            await client.download(task(clock), where, names=names)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_a_path_that_was_a_url_is_told(client_of, clock, tmp_path):
    async with client_of() as client:
        with pytest.raises(ConfigError, match="is given as a text, not as a path"):
            await client.download(task(clock), type(tmp_path)("s3://bucket"))


async def test_other_buckets_are_reached_as_the_configured_one(bucket, clock, client_of, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    config = Config(accounts={}, journal=None, storage=Storage(url="file:///x"))
    async with Client(config, clock=clock) as client:
        # Only the variables count.
        with pytest.raises(DownloadError, match=r"s3://nowhere/2027\S+: http://127.0.0.1:9 gave no answer"):
            await client.download(task(clock, Asset(kind="image", data=PNG)), "s3://nowhere")
    async with client_of() as client:
        other = f"s3://{bucket.name}"
        (saved,) = await client.download(task(clock, Asset(kind="image", data=PNG)), other)
    assert saved.location == f"{other}/2027-01-15/flux-2/t1-1.png"


# Never over another, and once


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_nothing_is_written_over(client_of, clock, bucket, tmp_path, place):
    where = str(tmp_path) if place == "folder" else bucket.url
    async with client_of() as client:
        for data in (PNG, PNG + b"2", PNG + b"3"):
            await client.download(task(clock, Asset(kind="image", data=data)), where, names="{task}/{number}.{ext}")
    if place == "folder":
        assert {path.name: path.read_bytes() for path in (tmp_path / "t1").iterdir()} == {
            "1.png": PNG,
            "1.2.png": PNG + b"2",
            "1.3.png": PNG + b"3",
        }
    else:
        assert [bucket.read(key)[-1:] for key in ("t1/1.png", "t1/1.2.png", "t1/1.3.png")] == [PNG[-1:], b"2", b"3"]


async def test_what_lies_in_the_way_of_a_folder_is_told(client_of, clock, tmp_path):
    (tmp_path / "flux-2").write_text("a file")
    async with client_of() as client:
        with pytest.raises(DownloadError, match=r"flux-2: (File exists|Not a directory)") as caught:
            await client.download(
                task(clock, Asset(kind="image", data=PNG)), tmp_path, names="{model}/{task}-{number}.{ext}"
            )
    assert caught.value.permanent


async def test_what_is_stored_is_not_fetched_again(client_of, clock, bucket, tmp_path):
    async with raw_server(answer(PNG)) as server, client_of(server.origin, results=True) as client:
        done = task(clock, *pictures(server.origin + "/a", server.origin + "/b"))
        first = await client.download(done)
        asked = len(server.requests)
        stored = attrs.evolve(done, assets=first)
        assert await client.download(stored) == first
        files = await client.download(stored, tmp_path)
        assert await client.download(attrs.evolve(done, assets=files), tmp_path) == files
        assert len(server.requests) == asked == 2
        bucket.client.delete_object(Bucket=bucket.name, Key="media/2027-01-15/flux-2/t1-1.png")
        again = await client.download(stored)
        assert (again, len(server.requests)) == (first, 3)
    assert len(bucket.keys()) == 2


async def test_a_copy_that_was_changed_is_no_copy(client_of, clock, tmp_path):
    async with raw_server(answer(PNG)) as server, client_of(server.origin) as client:
        done = task(clock, *pictures(server.origin + "/a"))
        (first,) = await client.download(done, tmp_path / "a")
        first.path.write_bytes(b"changed")
        (again,) = await client.download(attrs.evolve(done, assets=(first,)), tmp_path / "b")
        assert (again.path.read_bytes(), len(server.requests)) == (PNG, 2)
        alone = attrs.evolve(first.asset, url=None)
        with pytest.raises(DownloadError, match=r"t1-1.png is not what came: its sha256 is another"):
            await client.download(attrs.evolve(done, assets=(alone,)), tmp_path / "c")
        with pytest.raises(DownloadError, match=r"t1-1.png is not what was saved"):
            await read(client, first)
    assert not list((tmp_path / "c").iterdir())


async def test_what_is_not_known_of_a_file_that_is_there_is_read_off_it(client_of, clock, tmp_path):
    (tmp_path / "mine.png").write_bytes(PNG)
    async with client_of() as client:
        (saved,) = await client.download(
            task(clock, Asset(kind="image", path=tmp_path / "mine.png", url="https://gone.example")), tmp_path
        )
    assert (saved.path.name, saved.sha256, saved.length, saved.media_type) == (
        *("mine.png", sha256(PNG), len(PNG), "image/png"),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.png"]


# What is read


async def test_what_cannot_be_read_is_told(client_of, clock, bucket, tmp_path):
    async with raw_server(answer(status="404 Not Found")) as server, client_of(server.origin) as client:
        for asset, said in (
            (Asset(kind="image", data=None), r"'' is no http\(s\) URL"),
            (Asset(kind="image", path=tmp_path / "none.png"), "none.png: No such file"),
            (Asset(kind="image", stored=f"{bucket.url}/none.png"), "none.png does not exist"),
            (Asset(kind="image", stored=f"{bucket.url}/../a//b"), "a//b: Could not parse path"),
            (Asset(kind="image", url=server.origin + "/a"), "its link answered 404"),
            (Asset(kind="image", url="http://127.0.0.1:9/a"), "not a public address"),
        ):
            with pytest.raises(DownloadError, match=said):
                await read(client, asset)
        assert await read(client, Asset(kind="image", data=b"held")) == b"held"


# What goes wrong on the way


async def test_a_bucket_that_refuses_loses_nothing_and_is_not_asked_for_a_minute(client_of, clock, bucket, tmp_path):
    async with raw_server(answer(PNG)) as server, client_of(server.origin) as client:
        done = task(clock, *pictures(server.origin + "/a"))
        with pytest.raises(DownloadError) as caught:
            await client.download(done, "s3://no-such-bucket")
        assert (caught.value.task.id, caught.value.permanent, len(server.requests)) == ("t1", True, 1)
        assert str(caught.value) == (
            "the result of task t1 was not saved: the bucket of s3://no-such-bucket does not exist; once the storage "
            "takes it, or with another place (--out), `anymedia collect` fetches it"
        )
        assert caught.value.place_is_full
        assert clock.slept == []
        stored = Asset(kind="image", stored="s3://no-such-bucket/a.png")
        with pytest.raises(DownloadError, match="the bucket of s3://no-such-bucket does not exist"):
            await client.download(task(clock, stored), "s3://no-such-bucket")
        (saved,) = await client.download(done, tmp_path)
    assert saved.path.read_bytes() == PNG


async def test_a_bucket_that_calls_every_name_taken_is_not_asked_for_ever(client_of, bucket, clock, monkeypatch):
    monkeypatch.setattr("anymedia.transport.places.MOST_NAMES", 2)
    done = task(clock, Asset(kind="image", data=PNG))
    async with client_of() as client:
        for _ in range(2):
            await client.download(done, bucket.url)
        with pytest.raises(DownloadError, match=r"was not saved: s3://.*/t1-1\.png and 1 names like it are taken"):
            await client.download(done, bucket.url)
    assert len(bucket.keys()) == 2


async def test_a_file_that_breaks_off_is_in_no_bucket(client_of, clock, bucket):
    long = sample("film.mp4")
    async with raw_server(answer(long)[: -len(long) // 2]) as server, client_of(server.origin) as client:
        with pytest.raises(DownloadError):
            await client.download(task(clock, *pictures(server.origin + "/a")), bucket.url)
    assert (bucket.keys(), bucket.unfinished()) == ([], [])


async def test_a_bucket_is_checked_without_a_trace(client_of, bucket, tmp_path):
    async with client_of(results=True) as client:
        await client.check_storage()
        assert await client.check_storage(tmp_path / "new") == str(tmp_path / "new")
        (tmp_path / "taken").write_text("a file")
        with pytest.raises(ConfigError, match=r"taken/new cannot be written to: .*taken is no folder"):
            await client.check_storage(tmp_path / "taken/new")
        with pytest.raises(
            ConfigError, match=r"^s3://no-such cannot be written to: the bucket of s3://no-such does not"
        ):
            await client.check_storage("s3://no-such")
        with pytest.raises(ConfigError, match="names need"):
            await client.check_storage(names="{task}.{ext}")
    assert bucket.keys() == []


# The journal


@pytest.fixture
def storing(config, bucket):
    """The simulators, and a storage that results go to."""
    return attrs.evolve(config, storage=storage_of(bucket.table("/media", results=True), "storage", None))


async def test_the_journal_knows_where_results_are_stored_and_no_secret(storing, clock, journal, bucket, request_):
    async with Client(storing, clock=clock, journal=journal) as client:
        (saved,) = await client.download(await client.generate(request_, "reapi"))
        (attempt,) = await client.attempts()
        assert attempt.task.assets == (saved.asset,)
        assert await read(client, attempt.task.assets[0]) == bucket.read(bucket.keys()[0])
        (again,) = await client.download(attempt.task)
        assert (again.location, bucket.keys()) == (saved.location, [saved.location.removeprefix(bucket.url + "/")])
        assert (await client.recover()).tasks == ()
    written = [entry.task for entry in await journal.select(Query())]
    assert saved.location in written[0]
    assert not any(SECRET in text or "X-Amz" in text for text in written)


async def test_what_was_left_is_recovered_into_the_storage(storing, config, clock, journal, bucket, request_, sims):
    sims["reapi"].fault("status", on="result", status=404, times=None)
    async with Client(storing, clock=clock, journal=journal) as client:
        result = await client.generate(request_, "reapi")
        with pytest.raises(DownloadError):
            await client.download(result)
        assert bucket.keys() == []
    sims["reapi"].clear()
    async with Client(config, clock=clock, journal=journal) as client:
        await client.recover()  # which says of no place
        assert bucket.keys() == []
    async with Client(storing, clock=clock, journal=journal) as client:
        (task,) = (await client.recover()).tasks
        assert [each.stored for each in task.assets] == [f"{bucket.url}/{key}" for key in sorted(bucket.keys())]
        assert (await client.recover()).tasks == ()


# What stands beside a result


def beside(bucket, where, name):
    return json.loads(bucket.read(name) if where == bucket.url else (where / name).read_bytes())


@pytest.mark.parametrize("kept", ["here", "stored"])
@pytest.mark.parametrize("sidecar", [True, "request"])
@pytest.mark.parametrize("prompts", [True, False])
async def test_a_sidecar_says_where_a_result_comes_from_and_what_it_is(
    storing, clock, journal, bucket, request_, tmp_path, kept, sidecar, prompts
):
    where = tmp_path if kept == "here" else bucket.url
    config = attrs.evolve(storing, storage=attrs.evolve(storing.storage, results=False), prompts=prompts)
    request = attrs.evolve(request_, labels={"job": "7"})
    async with Client(config, clock=clock, journal=journal) as client:
        result = await client.generate(request, "reapi")
        (saved,) = await client.download(result, where, sidecar=sidecar)
        name = saved.location.removeprefix(f"{where}/")
        told = beside(bucket, where, name + ".json")
        order = result.attempts[0].order
        assert told.pop("request", None) == (order.body if sidecar == "request" and prompts else None)
        assert told == {
            "provider": "reapi",
            "account": "reapi",
            "offer": order.offer,
            "model": "flux-2-pro",
            "wire_id": order.wire_id,
            "task": result.tasks[0].id,
            "number": 1,
            "kind": "image",
            "role": "main",
            "title": None,
            "submitted_at": result.tasks[0].submitted_at.isoformat(),
            "labels": {"job": "7"},
            "request_sha256": sha256(json.dumps(order.body, separators=(",", ":"), ensure_ascii=False).encode()),
            "media_type": "image/jpeg",
            "width": saved.width,
            "height": saved.height,
            "seconds": None,
            "length": saved.length,
            "sha256": saved.sha256,
            "c2pa": False,
        }
        # Once it is there it stays, whatever is asked for later.
        assert (await client.download(attrs.evolve(result.tasks[0], assets=(saved,)), where, sidecar=True)) == (saved,)
        assert beside(bucket, where, name + ".json")["task"] == result.tasks[0].id
    assert len(bucket.keys()) + len(list(tmp_path.iterdir())) == 2


async def test_a_sidecar_lets_nobody_fetch_what_was_put_in(storing, clock, journal, request_, tmp_path):
    signed = "https://b.s3.amazonaws.com/k.png?v=2&X-Amz-Signature=5e1f-planted"
    async with Client(storing, clock=clock, journal=journal) as client:
        result = await client.generate(attrs.evolve(request_, images=signed), "runapi")
        (saved,) = await client.download(result, tmp_path, sidecar="request")
    told = (tmp_path / f"{saved.path.name}.json").read_text()
    assert "5e1f-planted" not in told
    assert "https://b.s3.amazonaws.com/k.png?v=2" in told


async def test_of_a_task_alone_the_journal_knows_the_request(storing, clock, journal, request_, tmp_path):
    async with Client(storing, clock=clock, journal=journal) as client:
        done = (await client.generate(request_, "reapi")).tasks[0]
        (attempt,) = await client.attempts()
        await client.download(done, tmp_path, sidecar=True)
        await client.download(attrs.evolve(done, id="another"), tmp_path, sidecar=True)
        other = Result(tasks=(attrs.evolve(done, id="fourth"),), money=Money(), attempts=(attempt,))
        await client.download(other, tmp_path, sidecar=True)
    async with Client(storing, clock=clock) as without:
        await without.download(attrs.evolve(done, id="third"), tmp_path, sidecar=True)
    told = [
        json.loads((tmp_path / f"{name}-1.jpg.json").read_text()) for name in (done.id, "another", "third", "fourth")
    ]
    body = json.dumps(attempt.order.body, separators=(",", ":"), ensure_ascii=False).encode()
    assert [each["request_sha256"] for each in told] == [sha256(body), None, None, None]


@pytest.mark.parametrize("fault", [Lost("it is full", sent=True), OSError(28, "No space left", "a.json")])
async def test_a_result_whose_sidecar_cannot_be_written_is_saved(client_of, clock, monkeypatch, tmp_path, fault):
    async def failing(*_):
        raise fault

    monkeypatch.setattr("anymedia.transport.places.Folder.beside", failing)
    async with client_of() as client:
        with pytest.raises(DownloadError, match=r"t1 was saved, and what stands beside it was not: (it is|a.json: No)"):
            await client.download(task(clock, Asset(kind="image", data=PNG)), tmp_path, sidecar=True)
    assert (tmp_path / "t1-1.png").read_bytes() == PNG


# How much memory it takes


@pytest.mark.slow
@pytest.mark.parametrize("where", ["bucket", "folder"])
def test_a_large_result_never_stands_in_memory(bucket, tmp_path, where):
    place = bucket.url if where == "bucket" else str(tmp_path)
    child = [sys.executable, "-c", LARGE, place, json.dumps(bucket.options)]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    length, grown = map(int, done.stdout.split())
    assert length == 200 << 20
    assert grown < 16 << 20


@pytest.mark.slow
def test_long_songs_and_clips_never_stand_in_memory(tmp_path):
    """Songs of 200 s and clips of 15 s at 1080p, of a simulator that is a process of its own."""
    command = [sys.executable, "-m", "anymedia", "simulate", "--json", "--provider", "reapi", "--speed", "1e9"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        one = json.loads(simulator.stdout.readline())
        child = [sys.executable, "-m", "tests.client.lasting", one["base_url"], one["api_key"], tmp_path / "saved"]
        done = subprocess.run(child, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
        simulator.terminate()
    assert (done.returncode, done.stderr) == (0, "")
    bought = json.loads(done.stdout)
    sizes = [Path(file).stat().st_size for file in bought["files"]]
    print(f"{len(sizes)} files of {sum(sizes) / 1e6:.1f} MB: a peak of {bought['peak'] / 1e6:.1f} MB, ", end="")
    print(f"{(bought['peak'] - bought['before']) / 1e6:.1f} MB above that of short ones")
    assert sorted(Path(file).suffix for file in bought["files"]) == [".mp3"] * 4 + [".mp4"] * 2
    assert min(sizes) > 2_000_000
    assert bought["peak"] - bought["before"] < sum(sizes) / 4


LARGE = """
import asyncio, json, sys, threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from anymedia import Asset, Client, Config, Money, Storage, Task, read_config

PIECE = bytes(1 << 20)

class Large(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(int(self.path[1:]) << 20))
        self.end_headers()
        self.wfile.write(b"\\xff\\xfb\\x90\\0" + PIECE[4:])
        for _ in range(int(self.path[1:]) - 1):
            self.wfile.write(PIECE)

    def log_message(self, *_):
        pass

def peak():
    return next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))

async def main():
    server = HTTPServer(("127.0.0.1", 0), Large)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    table = {"base_url": origin, "api_key_env": "K"}
    accounts = read_config({"providers": {"reapi": table}}, {"K": "k"}).accounts
    storage = Storage(url="s3://another", options=json.loads(sys.argv[2]))
    async with Client(Config(accounts=accounts, journal=None, storage=storage)) as client:
        async def through(size):
            asset = Asset(kind="video", url=f"{origin}/{size}")
            task = Task(id=f"t{size}", provider="reapi", account="reapi", assets=(asset,), money=Money(),
                submitted_at=datetime.now(UTC), path="/")
            (saved,) = await client.download(task, sys.argv[1])
            return sum([len(piece) async for piece in client.read(saved)])
        await through(12)  # what any result takes: the modules, the connections, two parts
        before = peak()
        print(await through(200), peak() - before)

asyncio.run(main())
"""
"""A program that puts 200 MiB through the library, and prints how long they were and by how much its peak grew."""
