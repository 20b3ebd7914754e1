"""fal's own client, fal-client 1.0.3.

It confirms: the queue, with the links as they are answered, and links of its own that drop the model's subpath; a
failed request is COMPLETED with an error, and its result answers the error's status and body, which is raised; an empty
balance is 403; uploads by a token, and by an address to put to; the webhook in the query.

It told us: logs are asked for as `logs=true`; a whole file goes to the host of uploads that it has as a constant,
whatever base_url comes with the token (parts go there); with an address to put to, the API key is sent along. And it
pays twice: a submit whose answer was lost, or timed out, is sent again, up to ten times, not only one that could not
connect.
"""

import json
from decimal import Decimal

import pytest
from PIL import Image

from .conftest import billed, drawn, picture

pytest.importorskip("fal_client")

import fal_client
import httpx
from fal_client import Completed, FalClientHTTPError, InProgress, Queued, StorageSettings
from fal_client import client as module

MODEL = "fal-ai/flux-2-pro"
EDIT = "fal-ai/flux-2-pro/edit"
KLING = "fal-ai/kling-video/v3/standard/image-to-video"
SPEECH = "fal-ai/minimax/speech-2.8-hd"
FLUX = {"prompt": "a lighthouse at dusk", "image_size": "square_hd", "output_format": "png"}


@pytest.fixture
def simulator(simulated):
    return simulated["fal"]


@pytest.fixture(autouse=True)
def _at_the_simulator(simulator, monkeypatch, asleep, closing):
    """Set the key where users do, and the hosts, which are constants: the client speaks https alone."""
    monkeypatch.setenv("FAL_KEY", simulator.api_key)
    monkeypatch.setattr(module, "QUEUE_URL_FORMAT", f"{simulator.base_url}/")
    monkeypatch.setattr(module, "REST_URL", simulator.base_url)
    monkeypatch.setattr(module, "CDN_URL", simulator.base_url)
    asleep(module)
    closing(httpx.Client)
    closing(httpx.AsyncClient)


@pytest.fixture
def client():
    return fal_client.SyncClient()


def fetch(url):
    return httpx.get(url).raise_for_status().content


def made(result):
    return picture(fetch(result["images"][0]["url"]))


def told(logs):
    return [line["message"] for line in logs]


# What is made


def test_a_picture_is_submitted_and_waited_for(client, simulator, clock):
    with billed(simulator) as bills:
        handle = client.submit(MODEL, FLUX)
        assert handle.status() == Queued(position=10)
        clock.sleep(2)
        assert handle.status() == InProgress(logs=None)
        assert told(handle.status(with_logs=True).logs)[0] == "step 1 of 8"
        result = handle.get()
    done = handle.status(with_logs=True)
    assert (len(done.logs), done.metrics, done.error) == (8, {"inference_time": 3.0}, None)
    assert made(result) == ((1024, 1024), "PNG")
    assert bills[0]["task_id"] == handle.request_id


def test_a_picture_is_subscribed_to(client, simulator):
    ids, seen = [], []
    with billed(simulator) as bills:
        result = client.subscribe(MODEL, FLUX, with_logs=True, on_enqueue=ids.append, on_queue_update=seen.append)
    assert made(result) == ((1024, 1024), "PNG")
    assert ids == [bills[0]["task_id"]]
    assert list(dict.fromkeys(type(each) for each in seen)) == [Queued, InProgress, Completed]
    assert told(seen[-1].logs)[-1] == "step 8 of 8"


def test_a_film_and_a_speech_are_subscribed_to(client, simulator, picture_file):
    film = {"prompt": "waves", "duration": "3", "start_image_url": fal_client.encode_file(picture_file)}
    with billed(simulator) as bills:
        url = client.subscribe(KLING, film)["video"]["url"]
    assert (fetch(url)[4:8], bills[0]["charged"]) == (b"ftyp", 3 * Decimal("12.6"))
    for written, read in (("url", lambda audio: fetch(audio["url"])), ("hex", bytes.fromhex)):
        with billed(simulator):
            spoken = client.subscribe(SPEECH, {"prompt": "A lighthouse at dusk.", "output_format": written})
        assert read(spoken["audio"])[:3] == b"ID3"


def test_one_is_found_again_by_its_id(client, simulator):
    with billed(simulator):
        request_id = client.submit(EDIT, {**FLUX, "image_urls": [fal_client.encode(drawn(), "image/png")]}).request_id
        assert client.status(EDIT, request_id) == Queued(position=10)
        assert made(client.result(EDIT, request_id)) == ((1024, 1024), "PNG")


def test_one_is_canceled_unless_it_is_over(client, simulator):
    with billed(simulator):
        handle = client.submit(MODEL, FLUX)
        handle.cancel()
        assert isinstance(handle.status(), Completed)
        with pytest.raises(FalClientHTTPError):
            handle.get()
        with pytest.raises(FalClientHTTPError, match="ALREADY_COMPLETED") as refused:
            client.cancel(MODEL, handle.request_id)
    assert refused.value.status_code == 400


async def test_a_picture_is_made_by_the_asynchronous_client(simulator, picture_file):
    client = fal_client.AsyncClient()
    with billed(simulator):
        url = await client.upload_file(picture_file)
        result = await client.subscribe(EDIT, {**FLUX, "image_urls": [url]})
    assert made(result) == ((1024, 1024), "PNG")
    with billed(simulator):
        handle = await client.submit(MODEL, FLUX)
        assert await client.status(MODEL, handle.request_id) == Queued(position=10)
        assert made(await client.result(MODEL, handle.request_id)) == ((1024, 1024), "PNG")
    with billed(simulator):
        handle = await client.submit(MODEL, FLUX)
        await client.cancel(MODEL, handle.request_id)


def test_a_webhook_is_asked_for(client, simulator, clock, ear):
    with billed(simulator):
        handle = client.submit(MODEL, FLUX, webhook_url=f"{ear.url}?of=ours&more")
        clock.sleep(4)
        heard = ear.hears()
    body = json.loads(heard.body)
    assert (body["request_id"], body["status"], body["payload"]) == (handle.request_id, "OK", handle.get())
    assert heard.headers["X-Fal-Webhook-Request-Id"] == handle.request_id


# Files


PUT_IN = {
    "bytes": lambda client, path: client.upload(drawn(), "image/png"),
    "file": lambda client, path: client.upload_file(path),
    "picture": lambda client, path: client.upload_image(Image.open(path), "png"),
    "storage": lambda client, path: client.upload_file(path, repository="fal"),
}


@pytest.mark.parametrize("by", PUT_IN)
def test_a_file_is_put_in_and_used(client, simulator, picture_file, by):
    url = PUT_IN[by](client, picture_file)
    assert picture(fetch(url)) == ((64, 64), "PNG")
    with billed(simulator):
        assert made(client.subscribe(EDIT, {**FLUX, "image_urls": [url]})) == ((1024, 1024), "PNG")


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_large_file_is_put_in_by_parts(client, simulator, picture_file, monkeypatch, asynchronous):
    monkeypatch.setattr(module, "MULTIPART_THRESHOLD", 0)
    monkeypatch.setattr(module, "MULTIPART_CHUNK_SIZE", len(drawn()) // 3)
    if asynchronous:
        url = await fal_client.AsyncClient().upload_file(picture_file)
    else:
        url = client.upload_file(picture_file)
    assert fetch(url) == drawn()


def test_a_file_is_kept_as_long_as_it_is_asked_for(client, picture_file, clock):
    url = client.upload_file(picture_file, lifecycle=StorageSettings(expires_in="1h"))
    clock.sleep(3599)
    assert fetch(url) == drawn()
    clock.sleep(1)
    assert httpx.get(url).status_code == 403


# Errors


def test_what_is_refused_is_raised_with_its_status(client, simulator):
    with billed(simulator, times=0):
        with pytest.raises(FalClientHTTPError, match="valid key") as refused:
            fal_client.SyncClient(key="another:one").submit(MODEL, FLUX)
        assert refused.value.status_code == 401
        simulator.fault("no_credit")
        with pytest.raises(FalClientHTTPError, match="Exhausted balance") as refused:
            client.submit(MODEL, FLUX)
        assert refused.value.status_code == 403
        with pytest.raises(FalClientHTTPError) as refused:
            client.submit(MODEL, {**FLUX, "safety_tolerance": 9})
        assert refused.value.status_code == 422
        assert refused.value.message[0]["loc"] == ["body", "safety_tolerance"]
        with pytest.raises(FalClientHTTPError) as refused:
            client.status(MODEL, "another")
        assert refused.value.status_code == 404


FAILED = {
    "failed": (504, "request_timeout", str),
    "moderated": (422, None, list),
    "nothing": (422, None, list),
}


@pytest.mark.parametrize("how", FAILED)
def test_one_that_fails_is_raised_where_its_result_is_asked_for(client, simulator, how):
    status, error_type, body = FAILED[how]
    simulator.fault("failed", like=how)
    with billed(simulator) as bills:
        handle = client.submit(MODEL, FLUX)
        with pytest.raises(FalClientHTTPError) as failed:
            handle.get()
    assert (failed.value.status_code, failed.value.error_type, type(failed.value.message)) == (status, error_type, body)
    assert isinstance(done := handle.status(), Completed)
    assert (done.error, done.error_type) == (simulator.service.failures[how].message, error_type)
    assert bills[0]["charged"] == bills[0]["refunded"] == 3


def test_one_that_is_throttled_is_sent_again(client, simulator, clock):
    simulator.fault("throttled", on="submit", times=2)
    with billed(simulator):
        client.submit(MODEL, FLUX)
    assert len(clock.slept) == 2
    simulator.fault("throttled", on="submit", times=None)
    with billed(simulator, times=0), pytest.raises(FalClientHTTPError) as refused:
        client.submit(MODEL, FLUX)
    assert refused.value.status_code == 429


def test_a_submit_whose_answer_is_lost_is_paid_twice_by_this_client(client, simulator):
    simulator.fault("reset_after")
    with billed(simulator, times=2):
        client.submit(MODEL, FLUX)
