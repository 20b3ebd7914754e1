"""Files of this machine at the providers: where they go, how often, and that nothing is bought where they do not."""

import asyncio

import pytest

from anymedia import (
    Client,
    ConfigError,
    ImageRequest,
    NoRoute,
    OutOfBounds,
    ProviderError,
    Unavailable,
    Unsupported,
    read_config,
)
from anymedia.engine import uploads as engine
from tests.core.test_media import PNG

PHOTO = PNG[:-12] + bytes(3_000_000) + PNG[-12:]  # as large as a photo, and known by its first bytes


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(PHOTO)
    return path


@pytest.fixture
def runapi(sims):
    return sims["runapi"]


def asked(*images, **fields):
    return ImageRequest(model="flux-2-pro", prompt="a fox", images=images, **fields)


def kept(sim):
    """Return the bytes of every upload."""
    return [upload.content for upload in sim.service.uploads.every()]


async def test_a_photo_goes_through_the_provider_s_own_files_and_once(client, runapi, photo, events):
    tasks = [await client.submit(asked(photo, photo), "runapi") for _ in range(2)]
    tasks += await asyncio.gather(*(client.submit(asked(PHOTO), "runapi") for _ in range(3)))
    assert kept(runapi) == [PHOTO]
    assert len({task.id for task in tasks}) == 5
    sent = [task.order.sent["source_image_urls"] for task in runapi.service.tasks.values()]
    assert [len(urls) for urls in sent] == [2, 2, 1, 1, 1]
    assert len({url for urls in sent for url in urls}) == 1
    for event in events:
        assert "photo.png" not in str(event)


async def test_other_bytes_are_another_file(client, runapi, photo):
    await client.submit(asked(photo), "runapi")
    photo.write_bytes(PNG)
    await client.submit(asked(photo), "runapi")
    assert kept(runapi) == [PHOTO, PNG]


async def test_a_url_that_will_not_live_long_enough_is_uploaded_anew(client, runapi, photo, clock):
    await client.submit(asked(photo), "runapi")
    await clock.sleep(3600 - engine.SPARE - 60)
    await client.submit(asked(photo), "runapi")
    assert len(kept(runapi)) == 1
    await clock.sleep(120)
    await client.submit(asked(photo), "runapi")
    assert len(kept(runapi)) == 2


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "html", "cut_body", "throttled", "status"])
async def test_an_upload_is_tried_again(client, runapi, photo, fault):
    runapi.fault(fault, on="upload", **({"status": 503} if fault == "status" else {}))
    await client.submit(asked(photo), "runapi")
    assert PHOTO in kept(runapi)
    assert runapi.bills()["submits"] == 1


@pytest.mark.parametrize(
    ("fault", "facts"),
    [
        ("reset_before", {}),
        ("html", {}),
        ("status", {"status": 500}),
        ("status", {"status": 403}),
        ("status", {"status": 401}),
        ("raw", {"status": 200, "body": '{"upload_url": "ftp://a/b", "signed_id": "x", "headers": {}}'}),
        ("raw", {"status": 200, "body": '{"upload_url": "http://192.168.7.7/x", "signed_id": "x", "headers": {}}'}),
        ("raw", {"status": 200, "body": '{"upload_url": "", "signed_id": "x", "headers": {}}'}),
        ("huge", {}),
        ("redirect", {"location": "https://elsewhere.example/"}),
    ],
)
async def test_nothing_is_bought_when_an_upload_fails(client, runapi, photo, fault, facts):
    runapi.fault(fault, on="upload", times=None, **facts)
    with pytest.raises(
        ProviderError, match=r"photo\.png was not uploaded for runapi, and nothing was bought: "
    ) as caught:
        await client.generate(asked(photo), "runapi")
    assert (runapi.bills()["submits"], runapi.bills()["entries"]) == (0, [])
    assert (caught.value.billed, caught.value.outcome) == ("no", "not sent")
    assert await client.attempts() == []
    runapi.clear()
    assert (await client.generate(asked(photo), "runapi")).missing == 0


async def test_the_next_account_is_asked_when_an_upload_fails(sims, clock, photo, bucket):
    config = read_config({**sims.config, "storage": bucket.table()}, sims.environ)
    sims["runapi"].fault("status", on="upload", status=500, times=None)
    async with Client(config, clock=clock) as client:
        task = await client.submit(asked(photo), "runapi", "reapi")
    assert task.account == "reapi"
    assert sims["runapi"].bills()["submits"] == 0


async def test_a_file_that_has_changed_is_told_under_its_field(client, runapi, photo):
    request = asked(photo)
    photo.write_bytes(PNG)
    with pytest.raises(OutOfBounds, match=r"^images: photo\.png changed after it was put in$"):
        await client.submit(request, "runapi")
    request = asked(photo)
    photo.unlink()
    with pytest.raises(OutOfBounds, match=r"^images: photo\.png is not there$"):
        await client.submit(request, "runapi", idempotency_key="k")
    assert runapi.bills()["submits"] == 0


async def test_a_file_that_changes_between_the_steps_of_its_upload(client, runapi, photo, monkeypatch):
    send, calls = client._session.transport.send, []

    async def changing(account, call, *rest):
        calls.append(call.method)
        if call.method == "PUT":
            photo.write_bytes(PNG)
        return await send(account, call, *rest)

    monkeypatch.setattr(client._session.transport, "send", changing)
    with pytest.raises(OutOfBounds, match=r"^images: photo\.png changed after it was put in$"):
        await client.submit(asked(photo), "runapi")
    assert calls == ["POST", "PUT"]
    assert runapi.bills()["submits"] == 0


async def test_both_ways_out_are_named_where_there_is_none(client, photo):
    with pytest.raises(Unsupported) as caught:
        await client.submit(asked(photo), "reapi")
    assert "set [storage] url in anymedia.toml" in str(caught.value)
    assert "put the file on the web and give its URL" in str(caught.value)


async def test_a_storage_that_cannot_be_reached_is_an_upload_that_failed(sims, clock, photo, bucket):
    table = {"url": "s3://no-such-bucket", "options": bucket.options}
    async with Client(read_config({**sims.config, "storage": table}, sims.environ), clock=clock) as client:
        with pytest.raises(ConfigError, match=r"photo\.png was not uploaded for reapi, .* bought: the bucket"):
            await client.submit(asked(photo), "reapi")
    assert sims["reapi"].bills()["submits"] == 0


async def test_what_a_storage_at_home_lends_is_given_to_no_provider_on_the_web(clock, photo, bucket):
    data = {"providers": {"reapi": {"api_key_env": "KEY"}}, "journal": {"enabled": False}, "storage": bucket.table()}
    async with Client(read_config(data, {"KEY": "k-1"}), clock=clock) as client:
        with pytest.raises(Unavailable, match=r"nothing was bought: it lies at 127\.0\.0\.1, which is not on the web"):
            await client.submit(asked(photo), "reapi")


async def test_a_folder_lends_nothing(sims, tmp_path, photo):
    config = read_config({**sims.config, "storage": {"url": str(tmp_path / "results")}}, sims.environ)
    async with Client(config) as client:
        with pytest.raises(Unsupported, match="is not on the web, and"):
            await client.submit(asked(photo), "reapi")


async def test_a_key_is_bought_once_for_the_same_bytes_and_for_a_url_that_is_signed_anew(
    client, runapi, photo, tmp_path
):
    other = tmp_path / "other.png"
    other.write_bytes(PHOTO)
    first = await client.submit(asked(photo), "runapi", idempotency_key="a")
    assert (await client.submit(asked(other), "runapi", idempotency_key="a")).id == first.id
    assert (await client.submit(asked(PHOTO), "runapi", idempotency_key="a")).id == first.id
    with pytest.raises(OutOfBounds, match="idempotency"):
        await client.submit(asked(PNG), "runapi", idempotency_key="a")
    signed = "https://b.s3.amazonaws.com/k.png?X-Amz-Signature="
    second = await client.submit(asked(signed + "5e1f"), "runapi", idempotency_key="b")
    assert (await client.submit(asked(signed + "7a2c"), "runapi", idempotency_key="b")).id == second.id
    assert runapi.bills()["submits"] == 2


async def test_a_price_is_asked_for_without_any_file(client, runapi, photo):
    assert await client.refresh_prices(asked(photo), "runapi") == []
    assert client.quote(asked(photo), "runapi")[0].money.got == "live"
    assert kept(runapi) == []


async def test_a_url_of_this_machine_is_public_enough_for_a_simulator(client, runapi, photo):
    await client.submit(asked(photo), "runapi")
    (url,) = runapi.service.tasks[next(iter(runapi.service.tasks))].order.sent["source_image_urls"]
    assert url.startswith("http://127.0.0.1:")
    await client.submit(asked(url), "runapi")
    assert runapi.bills()["submits"] == 2


async def test_an_upload_that_is_waited_for_by_two_outlives_the_one_that_gives_up(client, runapi, photo, monkeypatch):
    begun, go_on = asyncio.Event(), asyncio.Event()
    send = client._session.transport.send

    async def waiting(account, call, *rest):
        if call.method == "PUT":
            begun.set()
            await go_on.wait()
        return await send(account, call, *rest)

    monkeypatch.setattr(client._session.transport, "send", waiting)
    first, second = (asyncio.ensure_future(client.submit(asked(photo), "runapi")) for _ in range(2))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    assert (await second).account == "runapi"
    assert (len(kept(runapi)), runapi.bills()["submits"]) == (1, 1)
    assert [attempt.outcome for attempt in await client.attempts()] == ["accepted"]


async def test_no_more_is_known_than_there_is_room_for(client, runapi, monkeypatch):
    monkeypatch.setattr(engine, "REMEMBERED", 1)
    for data in (PNG, PHOTO, PNG):
        await client.submit(asked(data), "runapi")
    assert len(kept(runapi)) == 3


async def test_every_offer_tells_why_it_takes_no_file(client, photo):
    with pytest.raises(NoRoute) as caught:
        await client.generate(asked(photo), "reapi", "api_in_one")
    assert str(caught.value).count("is not on the web, and") == 2


async def test_an_upload_that_failed_is_told_to_each_caller_of_the_own_file_and_not_kept(client, runapi, tmp_path):
    runapi.fault("status", on="upload", status=403, times=None)
    names = ("mine.png", "yours.png")
    for name in names:
        (tmp_path / name).write_bytes(PHOTO)
    ends = await asyncio.gather(
        *(client.submit(asked(tmp_path / name), "runapi") for name in names), return_exceptions=True
    )
    for name, end in zip(names, ends, strict=True):
        assert str(end).startswith(f"{name} was not uploaded for runapi")
    assert ends[0] is not ends[1]
    assert client._submits.uploads._places == {}  # an error holds the file, which may have many megabytes


async def test_a_file_that_another_has_spoilt_is_uploaded_from_the_own_copy(client, runapi, photo, monkeypatch):
    begun, go_on = asyncio.Event(), asyncio.Event()
    send = client._session.transport.send

    async def waiting(account, call, progress, credentials):
        if call.method == "PUT" and not go_on.is_set():
            begun.set()
            await go_on.wait()
        return await send(account, call, progress, credentials)

    monkeypatch.setattr(client._session.transport, "send", waiting)
    first = asyncio.ensure_future(client.submit(asked(photo), "runapi"))
    await begun.wait()
    second = asyncio.ensure_future(client.submit(asked(PHOTO), "runapi"))
    await asyncio.sleep(0)
    photo.unlink()
    go_on.set()
    with pytest.raises(OutOfBounds, match=r"^images: photo\.png is not there$"):
        await first
    assert (await second).account == "runapi"
    assert (kept(runapi), runapi.bills()["submits"]) == ([PHOTO], 1)


async def test_a_file_whose_link_ends_while_another_is_uploaded_is_uploaded_anew(client, runapi, clock, monkeypatch):
    send, puts = client._session.transport.send, []

    async def slow(account, call, progress, credentials):
        if call.method == "POST" and len(puts) == 1:
            await clock.sleep(7200)
        if call.method == "PUT":
            puts.append(call.body.length)
        return await send(account, call, progress, credentials)

    monkeypatch.setattr(client._session.transport, "send", slow)
    monkeypatch.setattr(client._submits.uploads, "_room", asyncio.Semaphore(1))
    await client.submit(asked(PNG, PHOTO), "runapi")
    assert puts == [len(PNG), len(PHOTO), len(PNG)]


async def test_no_upload_outlives_its_client(sims, clock, photo, monkeypatch):
    begun = asyncio.Event()
    async with Client(read_config(sims.config, sims.environ), clock=clock) as client:

        async def silent(*_):
            begun.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(client._session.transport, "send", silent)
        caller = asyncio.ensure_future(client.submit(asked(photo), "runapi"))
        await begun.wait()
        (upload,) = client._submits.uploads._places.values()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert not upload.done()
    assert upload.cancelled()
    assert client._session._transport is None
