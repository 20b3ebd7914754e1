"""Replicate's own client, replicate 1.0.7.

It confirms: predictions of official models by their path, with `Prefer: wait` and then a look each half second; files
by a form, and as data URIs; lists by cursors that are whole links; cancel; errors of {title, detail, status}; what
webhooks are signed with, and that no time is checked unless it is asked for; that a lost answer is not asked for again.

It told us: a file needs its etag and its checksums, or the client takes none. It knows no state `aborted`: a prediction
that was aborted is an error of its own in the client, which never comes to its end. When a look is throttled it waits
as the header Retry-After says, and takes no notice of `retry_after` in the body. An output is a file to it where its
link is https or data, so that here it is the link.
"""

import json
from decimal import Decimal

import pytest

from .conftest import billed, drawn, picture

pytest.importorskip("replicate")

import httpx
import replicate.client
import replicate.prediction
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput
from replicate.webhook import InvalidSignatureError, InvalidTimestampError, Webhooks, WebhookSigningSecret

MODEL = "black-forest-labs/flux-2-pro"
KLING = "kwaivgi/kling-v3-video"
FLUX = {"prompt": "a lighthouse at dusk", "aspect_ratio": "1:1", "output_format": "png"}


@pytest.fixture
def simulator(simulated):
    return simulated["replicate"]


@pytest.fixture
def client(simulator, monkeypatch, asleep, closing):
    """The client, by what its users set in the environment."""
    monkeypatch.setenv("REPLICATE_API_TOKEN", simulator.api_key)
    monkeypatch.setenv("REPLICATE_BASE_URL", simulator.base_url)
    asleep(replicate.client, replicate.prediction)
    closing(httpx.Client)
    closing(httpx.AsyncClient)
    return replicate.Client()


def made(client, output):
    return picture(FileOutput(output, client).read())


# What is made


def test_a_picture_is_run(client, simulator, clock):
    with billed(simulator) as bills:
        output = client.run(MODEL, input=FLUX)
    assert made(client, output) == ((1024, 1024), "PNG")
    assert bills[0]["charged"] == 5
    assert clock.slept == [0.5] * 8


def test_a_film_is_run_from_a_picture(client, simulator, picture_file):
    with billed(simulator) as bills:
        film = {"prompt": "waves", "duration": 3, "mode": "standard", "start_image": picture_file}
        output = client.run(KLING, input=film)
    assert FileOutput(output, client).read()[4:8] == b"ftyp"
    assert bills[0]["charged"] == 3 * Decimal("8.4")


def test_a_model_tells_its_version_which_may_be_asked_for(client, simulator):
    version = client.models.get(MODEL).latest_version
    fields = version.openapi_schema["components"]["schemas"]["Input"]["properties"]
    assert set(FLUX) < set(fields)
    with billed(simulator) as bills:
        prediction = client.predictions.create(version=version, input=FLUX)
        prediction.wait()
    assert made(client, prediction.output) == ((1024, 1024), "PNG")
    assert bills[0]["wire_id"] == MODEL


def test_a_prediction_is_created_and_waited_for(client, simulator, clock):
    with billed(simulator) as bills:
        prediction = client.predictions.create(model=MODEL, input=FLUX)
        states = [prediction.status]
        clock.sleep(1)
        prediction.reload()
        states.append(prediction.status)
        assert prediction.logs == "step 1 of 8"
        prediction.wait()
    assert [*states, prediction.status] == ["starting", "processing", "succeeded"]
    assert prediction.metrics == {"predict_time": 3.0}
    assert prediction.input == FLUX
    assert made(client, prediction.output) == ((1024, 1024), "PNG")
    assert prediction.id == bills[0]["task_id"]


def test_predictions_are_listed_page_by_page(client, simulator):
    with billed(simulator, times=101):
        made = [client.models.predictions.create(MODEL, FLUX).id for _ in range(101)]
    pages = list(replicate.pagination.paginate(client.predictions.list))
    assert [each.id for page in pages for each in page] == made[::-1]
    assert [len(page) for page in pages] == [100, 1]
    assert [each.id for each in client.predictions.list(pages[1].previous)] == made[:0:-1]


def test_a_prediction_is_canceled(client, simulator):
    with billed(simulator):
        prediction = client.predictions.create(model=MODEL, input=FLUX)
        prediction.cancel()
        assert prediction.status == "canceled"
        assert client.predictions.get(prediction.id).status == "canceled"
        prediction.wait()


async def test_a_picture_is_made_by_the_asynchronous_calls(client, simulator, picture_file):
    with billed(simulator), picture_file.open("rb") as file:
        output = await client.async_run(MODEL, input={**FLUX, "input_images": [file]})
    assert picture(await FileOutput(output, client).aread()) == ((1024, 1024), "PNG")
    with billed(simulator):
        prediction = await client.predictions.async_create(model=MODEL, input=FLUX)
        assert (await client.predictions.async_get(prediction.id)).status == "starting"
        await prediction.async_wait()
    assert prediction.status == "succeeded"
    with billed(simulator):
        prediction = await client.predictions.async_create(model=MODEL, input=FLUX)
        await prediction.async_cancel()
    assert (await client.predictions.async_list())[0].status == "canceled"


# Files


@pytest.mark.parametrize("strategy", ["url", "base64"])
def test_a_file_is_put_in(client, simulator, picture_file, strategy):
    with billed(simulator):
        output = client.run(MODEL, input={**FLUX, "input_images": [picture_file]}, file_encoding_strategy=strategy)
    assert made(client, output) == ((1024, 1024), "PNG")
    assert len(client.files.list()) == (strategy == "url")


def test_files(client, picture_file):
    file = client.files.create(picture_file, metadata={"of": "ours"})
    assert (file.name, file.content_type, file.size, file.metadata) == (
        *("drawn.png", "image/png", len(drawn())),
        {"of": "ours"},
    )
    assert FileOutput(file.urls["get"], client).read() == drawn()
    assert [client.files.get(file.id)] == client.files.list() == [file]
    assert client.files.delete(file.id)
    assert client.files.list() == []
    with pytest.raises(ReplicateError) as refused:
        client.files.get(file.id)
    assert refused.value.status == 404


# Errors


def test_what_is_refused_is_raised_with_its_status(client, simulator):
    def refused(call, *args, **kwargs):
        with pytest.raises(ReplicateError) as error:
            call(*args, **kwargs)
        return error.value.status, error.value.title

    submit = {"model": MODEL, "input": FLUX}
    with billed(simulator, times=0):
        assert refused(replicate.Client("another").predictions.create, **submit) == (401, "Unauthenticated")
        simulator.fault("no_credit")
        assert refused(client.predictions.create, **submit) == (402, "Insufficient credit")
        wrong = {"model": MODEL, "input": {**FLUX, "seed": -1}}
        assert refused(client.predictions.create, **wrong) == (422, "Input validation failed")
        assert refused(client.predictions.get, "another") == (404, "Not found")
        simulator.fault("throttled", on="submit", retry_after="7")
        assert refused(client.predictions.create, **submit)[0] == 429


def test_a_look_that_is_throttled_is_taken_again(client, simulator, clock):
    with billed(simulator):
        prediction = client.predictions.create(model=MODEL, input=FLUX)
        simulator.fault("throttled", on="poll", times=2, retry_after="7")
        prediction.reload()
        assert len(clock.slept) == 2
        assert sum(clock.slept) < 1  # the body says 7
        simulator.fault("status", status=429, on="poll", retry_after="7")
        prediction.reload()
    assert clock.slept[2:] == [7]


def test_a_lost_answer_is_not_asked_for_again(client, simulator):
    simulator.fault("reset_after")
    with billed(simulator), pytest.raises(httpx.TransportError):
        client.run(MODEL, input=FLUX)


@pytest.mark.parametrize("how", ["failed", "moderated"])
def test_one_that_fails_is_raised(client, simulator, how):
    simulator.fault(how)
    with billed(simulator), pytest.raises(ModelError) as failed:
        client.run(MODEL, input=FLUX)
    assert failed.value.prediction.error == simulator.service.failures[how].message


def test_one_that_is_aborted_is_unknown_to_this_client(client, simulator):
    simulator.fault("failed", like="aborted")
    with billed(simulator) as bills, pytest.raises(ValueError, match="unexpected value"):
        client.run(MODEL, input=FLUX)
    assert bills[0]["refunded"] == 5


# Webhooks


def test_a_webhook_is_believed_as_far_as_it_is_signed(client, simulator, clock, ear):
    with billed(simulator):
        prediction = client.predictions.create(
            model=MODEL, input=FLUX, webhook=ear.url, webhook_events_filter=["completed"]
        )
        clock.sleep(4)
        heard = ear.hears()
    secret = client.webhooks.default.secret()
    said = {"headers": heard.headers, "body": heard.body.decode()}
    Webhooks.validate(**said, secret=secret, tolerance=300)
    told = json.loads(heard.body)
    assert (told["id"], told["status"]) == (prediction.id, "succeeded")
    assert told["output"] == client.predictions.get(prediction.id).output
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(**{**said, "body": said["body"].replace("succeeded", "failed")}, secret=secret)
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(**said, secret=WebhookSigningSecret(key=simulator.service.new_secret("")))


def test_a_webhook_of_another_time_is_refused(client, simulator, clock, ear):
    with billed(simulator):
        client.predictions.create(model=MODEL, input=FLUX, webhook=ear.url, webhook_events_filter=["completed"])
        clock.sleep(1000)
        heard = ear.hears()
    said = {"headers": heard.headers, "body": heard.body.decode(), "secret": client.webhooks.default.secret()}
    Webhooks.validate(**said)
    with pytest.raises(InvalidTimestampError):
        Webhooks.validate(**said, tolerance=300)
