"""What generate makes is saved by itself; what no place takes, is too large or is something else can be collected."""

import asyncio
import errno
import json

import attrs
import pytest

from anymedia import ConfigError, DownloadError, RawRequest, SavedFile
from anymedia.storage import storage_of
from anymedia.transport.part import Part
from tests.odd.files import PNG
from tests.samples import sample

from .left import BROKEN, assets, cdn, client_at, left, written
from .raw import answer

REQUEST = RawRequest(provider="acme", path="/v1", body={})


@pytest.fixture
async def server():
    async with cdn() as server:
        server.answers["/v1"] = [answer(json.dumps({"id": "one"}).encode())]
        server.links("one", "/one", "/two")
        yield server


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def read(client, asset):
    return b"".join([piece async for piece in client.read(asset)])


# What generate saves


@pytest.mark.parametrize("where", ["configured", "folder", "bucket", "nowhere", "not configured"])
async def test_generate_saves_where_it_is_told(server, clock, journal, tmp_path, bucket, where):
    stores = {"configured": storage_of(bucket.table("/kept", results=True), "storage", None)}
    storage = stores.get(where, storage_of(bucket.table("/kept"), "storage", None))
    given = {"folder": tmp_path, "bucket": f"{bucket.url}/kept", "nowhere": False}.get(where)
    async with client_at(server, clock, journal, storage=storage) as client:
        result = await client.generate(REQUEST, where=given)
        if where in ("nowhere", "not configured"):
            assert not any(asset.kept for asset in result.assets)
            assert server.asked == {"/v1": 1, "/v1/one": 1}
            return
        assert [await read(client, asset) for asset in result.assets] == [PNG, PNG]
        assert server.asked == {"/v1": 1, "/v1/one": 1, "/one": 1, "/two": 1}
        assert result.attempts[0].task == result.tasks[0]
        files = await client.download(result, given)  # which has them already
        assert files == result.assets
        assert (await client.collect(given)).tasks == ()
    assert [asset.asset for asset in result.assets] == [*await written(journal, "one")]
    if where == "folder":
        assert names(tmp_path) == ["one-1.png", "one-2.png"]
        assert {type(asset) for asset in result.assets} == {SavedFile}
    else:
        assert bucket.keys() == [f"kept/2027-01-15/no-model/one-{number}.png" for number in (1, 2)]


async def test_what_an_earlier_call_has_saved_is_not_fetched_again(server, clock, journal, tmp_path):
    async with client_at(server, clock, journal) as client:
        first = await client.generate(REQUEST, idempotency_key="key", where=tmp_path, names="{task}/{number}.{ext}")
        again = await client.generate(REQUEST, idempotency_key="key", where=tmp_path, names="{task}/{number}.{ext}")
    assert again.assets == first.assets
    assert server.asked == {"/v1": 1, "/v1/one": 1, "/one": 1, "/two": 1}
    assert names(tmp_path / "one") == ["1.png", "2.png"]


async def test_what_cannot_be_saved_is_told_in_the_result_and_can_be_collected(server, clock, journal, tmp_path):
    server.answers["/two"] = [BROKEN]
    async with client_at(server, clock, journal) as client:
        result = await client.generate(REQUEST, where=tmp_path, sidecar=True)
        assert [asset.kept for asset in result.assets] == [False, False]
        (error,) = result.errors
        assert error.startswith("the result of task one was not saved: its link answered 503")
        assert names(tmp_path) == ["one-1.png", "one-1.png.json"]
        server.answers.pop("/two")
        (task,) = (await client.collect(tmp_path, sidecar=True)).tasks
    assert [asset.path.name for asset in task.assets] == ["one-1.png", "one-2.png"]
    told = json.loads((tmp_path / "one-2.png.json").read_text())
    assert (told["task"], told["number"], len(told["request_sha256"])) == ("one", 2, 64)
    assert server.asked["/one"] == 1


@pytest.mark.parametrize(
    ("where", "names", "said"),
    [("ftp://host/a", None, "url: must be like"), ("s3://bucket", "{model}.{ext}", "names need")],
)
async def test_a_place_that_is_none_is_refused_before_anything_is_sent(server, clock, journal, where, names, said):
    async with client_at(server, clock, journal) as client:
        with pytest.raises(ConfigError, match=said):
            await client.generate(REQUEST, where=where, names=names)
    assert server.order == []


async def test_a_fault_of_ours_is_not_taken_for_one_of_the_result(server, clock, journal, tmp_path, monkeypatch):
    def wrong(*_):
        raise ValueError("ours")

    monkeypatch.setattr(Part, "write", wrong)
    async with client_at(server, clock, journal) as client:
        with pytest.raises(ValueError, match="ours"):
            await client.generate(REQUEST, where=tmp_path)
        with pytest.raises(ValueError, match="ours"):
            await client.collect(tmp_path)
        monkeypatch.undo()
        assert len((await client.collect(tmp_path)).tasks) == 1


async def test_a_cancel_while_files_are_saved_leaves_the_task_in_sight(server, clock, journal, tmp_path):
    server.stall.add("/two")
    server.answers["/two"] = [answer(PNG)[:-9]]
    async with client_at(server, clock, journal) as client:
        making = asyncio.create_task(client.generate(REQUEST, where=tmp_path))
        while "one-1.png" not in names(tmp_path):
            await asyncio.sleep(0.001)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert [task.id for task in client.detached] == ["one"]
        server.answers.pop("/two")
        server.stall.clear()
        assert len((await client.collect(tmp_path)).tasks) == 1
    assert server.asked["/one"] == 1


async def test_what_stands_beside_a_result_and_cannot_be_written_is_told(server, clock, journal, tmp_path, monkeypatch):
    await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)

    async def failing(*_):
        raise OSError(errno.EIO, "Input/output error", "one-1.png.json")

    monkeypatch.setattr("anymedia.transport.places.Folder.beside", failing)
    async with client_at(server, clock, journal) as client:
        (error,) = (await client.collect(tmp_path, sidecar=True)).errors
        assert str(error).startswith(
            "the result of task one was saved, and what stands beside it was not: one-1.png.json"
        )
        assert (await client.collect(tmp_path)).tasks == ()
    assert (names(tmp_path), server.asked, clock.slept) == (["one-1.png"], {"/one": 1}, [])


# What no place takes


FULL = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EFBIG: "free some space there",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
}


@pytest.mark.parametrize("number", FULL)
async def test_a_place_that_takes_nothing_is_told_and_nothing_more_is_fetched_for_it(
    server, clock, journal, tmp_path, monkeypatch, number
):
    monkeypatch.setattr("anymedia.engine.custody.AT_ONCE", 1)
    for each in range(9):
        await left(journal, f"t{each}", *assets(server, f"/{each}", lives=600 + each, clock=clock), clock=clock)

    def full(*_):
        raise OSError(number, "no")

    async with client_at(server, clock, journal) as client:
        monkeypatch.setattr(Part, "write", full)
        result = await client.generate(REQUEST, where=tmp_path)
        found = await client.collect(tmp_path)
        monkeypatch.undo()
        (error,) = result.errors
        assert error == (
            f"the result of task one was not saved: {tmp_path}: no; {FULL[number]} or name another place (--out), then "
            "`anymedia collect` fetches it (its link is good until 2027-01-15 08:10 UTC)"
        )
        assert all(isinstance(error, DownloadError) and error.place_is_full for error in found.errors)
        assert 1 <= len(found.errors) <= 2
        assert len(server.order) <= 6
        assert names(tmp_path) == []
        assert (await client.attempts(expiring=clock.now().replace(year=2028)))[0].task.id == "t0"
        assert len((await client.collect(tmp_path)).tasks) == 10
    assert len(names(tmp_path)) == 11


async def test_a_folder_that_may_not_be_written_to_and_one_in_the_way_are_two_things(
    server, clock, journal, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("a file")
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    async with client_at(server, clock, journal) as client:
        with pytest.raises(DownloadError, match="Not a directory") as caught:
            await client.download(task, tmp_path / "file/out")
        assert (caught.value.permanent, caught.value.place_is_full) == (True, False)
        (saved,) = await client.download(task, tmp_path)

        def unreadable(*_):
            raise PermissionError(errno.EACCES, "Permission denied", str(saved.path))

        monkeypatch.setattr("pathlib.Path.open", unreadable)
        alone = attrs.evolve(task, id="other", assets=(attrs.evolve(saved.asset, url=None),))
        with pytest.raises(DownloadError, match=r"Permission denied \(its link is") as caught:
            await client.download(alone, tmp_path / "elsewhere")  # it is what is read that is at fault
        assert not caught.value.place_is_full


async def test_a_storage_that_refuses_is_a_place_that_takes_nothing(server, clock, journal, bucket, tmp_path):
    task = await left(journal, "one", *assets(server, "/one", clock=clock), clock=clock)
    storage = storage_of(bucket.table(), "storage", None)
    async with client_at(server, clock, journal, storage=storage) as client:
        (error,) = (await client.collect("s3://no-such-bucket")).errors
        assert error.place_is_full
        assert "the bucket of s3://no-such-bucket does not exist; once the storage takes it, or with another" in str(
            error
        )
        (stored,) = await client.download(task, bucket.url)
    broken = attrs.evolve(storage, options={**storage.options, "endpoint": "http://127.0.0.1:9"})
    async with client_at(server, clock, journal, storage=broken) as client:
        with pytest.raises(DownloadError, match="gave no answer; once the storage takes it") as caught:
            await client.download(attrs.evolve(task, assets=(stored,)), bucket.url)
    assert caught.value.place_is_full


# What is too large, and what is something else


@pytest.mark.parametrize(
    ("huge", "said"),
    [
        (answer(headers=("Content-Length: 2000000000",), framed=False), "it has 2.0 GB"),
        (answer(PNG + bytes(60_000), framed=False), "it has more"),
    ],
)
async def test_what_is_above_the_cap_is_not_written_and_is_collected_once_that_is_raised(
    server, clock, journal, tmp_path, monkeypatch, huge, said
):
    wrote, write = 0, Part.write

    def counted(part, chunk):
        nonlocal wrote
        wrote += len(chunk)
        write(part, chunk)

    monkeypatch.setattr(Part, "write", counted)
    server.answers["/one"] = server.answers["/two"] = [huge]
    async with client_at(server, clock, journal, largest=50_000) as client:
        result = await client.generate(REQUEST, where=tmp_path)
        (error,) = result.errors
        assert f"{said}, and [download] largest is 50,000 bytes; raise that in anymedia.toml, then `anymedia" in error
        (again,) = (await client.collect(tmp_path)).errors
        assert (again.permanent, again.place_is_full, clock.slept) == (True, False, clock.slept[:1])
        with pytest.raises(DownloadError, match="largest is 50,000 bytes"):
            await read(client, result.assets[0])
    assert (wrote <= 4 * 50_000, names(tmp_path)) == (True, [])
    server.answers["/one"] = server.answers["/two"] = [answer(PNG + bytes(60_000))]
    async with client_at(server, clock, journal) as client:
        assert len((await client.collect(tmp_path)).tasks) == 1
    assert len(names(tmp_path)) == 2


async def test_something_else_has_a_minute_to_become_what_was_bought(server, clock, journal, tmp_path):
    made = assets(server, "/film", lives=86_400, clock=clock, kind="video")
    await left(journal, "one", *made, clock=clock, offer="acme/film")
    server.answers["/film"] = [answer(PNG)]
    began = clock.seconds
    async with client_at(server, clock, journal) as client:
        (error,) = (await client.collect(tmp_path)).errors
        assert 60 <= clock.seconds - began < 120
        assert (error.came, error.permanent, error.place_is_full) == ("image/png", False, False)
        assert "a file of type image/png came in place of video; `anymedia collect` asks for it again, and" in str(
            error
        )
        server.answers["/film"] = [answer(PNG), answer(PNG), answer(sample("film.mp4"))]
        server.asked.clear()
        (task,) = (await client.collect(tmp_path)).tasks
    assert (task.assets[0].path.read_bytes(), server.asked["/film"]) == (sample("film.mp4"), 3)
