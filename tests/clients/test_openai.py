"""OpenAI's own client, openai 3.57.0.

It confirms: pictures in the answer, as base64; edits by a form, one file as `image`, several as `image[]`, and a mask;
errors of {message, type, param, code} with the header x-request-id; that 408, 409, 429 and all from 500 on are sent
again twice, when retry-after says so, and not where x-should-retry is false; what webhooks are signed with, with a
secret of either form, 300 seconds to both sides; organization and project as headers.

It told us: a submit whose answer was lost, or timed out, is sent again too, so that the client itself pays twice, and
its POST has no key that could prevent that. There is no error of its own for 402.
"""

from base64 import b64decode
from decimal import Decimal

import pytest

from .conftest import Instead, billed, drawn, picture

pytest.importorskip("openai")

import httpx2
import openai
from openai import _base_client
from openai.lib import _webhooks

FOX = {"model": "gpt-image-2", "prompt": "a lighthouse at dusk", "size": "1024x1024"}
SAID = {"model": "tts-1", "voice": "alloy", "input": "A lighthouse at dusk."}
MASK = ("mask.png", drawn(mode="RGBA", colour=(0, 0, 0, 0)))


@pytest.fixture
def simulator(simulated):
    return simulated["openai"]


@pytest.fixture
def _environ(simulator, monkeypatch, asleep, closing):
    """Set what users set in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", simulator.api_key)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{simulator.base_url}/v1")
    asleep(_base_client)
    closing(httpx2.Client)
    closing(httpx2.AsyncClient)


@pytest.fixture
def client(_environ):
    return openai.OpenAI()


@pytest.fixture
def async_client(_environ):
    return openai.AsyncOpenAI()


def made(answer):
    return [picture(b64decode(each.b64_json)) for each in answer.data]


# Pictures


def test_pictures_are_made(client, simulator, clock):
    asked = {"size": "1536x1024", "n": 2, "quality": "low", "output_format": "jpeg", "background": "opaque"}
    with billed(simulator) as bills:
        answer = client.images.generate(**{**FOX, **asked}, user="ours", response_format="b64_json")
    assert made(answer) == [((1536, 1024), "JPEG")] * 2
    assert (answer.created, bool(answer._request_id)) == (int(clock.now), True)
    used = answer.usage
    assert used.total_tokens == used.input_tokens + used.output_tokens
    assert used.input_tokens == used.input_tokens_details.text_tokens + used.input_tokens_details.image_tokens
    usd = Decimal(5) * used.input_tokens_details.text_tokens + Decimal(30) * used.output_tokens
    assert bills[0]["charged"] == usd / 10_000  # in cents, of dollars for a million


def test_pictures_are_edited(client, simulator, picture_file):
    with billed(simulator):
        assert made(client.images.edit(**FOX, image=picture_file)) == [((1024, 1024), "PNG")]
    several = [picture_file, ("second.png", drawn(colour="red")), picture_file.open("rb")]
    with billed(simulator), several[2]:
        assert made(client.images.edit(**FOX, image=several, mask=MASK, n=2)) == [((1024, 1024), "PNG")] * 2


async def test_pictures_are_made_and_edited_by_the_asynchronous_client(async_client, simulator, picture_file):
    with billed(simulator):
        assert made(await async_client.images.generate(**FOX)) == [((1024, 1024), "PNG")]
    with billed(simulator):
        assert made(await async_client.images.edit(**FOX, image=[picture_file] * 2)) == [((1024, 1024), "PNG")]


def test_the_organization_and_the_project_are_told(client, simulator, monkeypatch):
    own = simulator.service.settings
    monkeypatch.setenv("OPENAI_ORG_ID", own["organization"])
    monkeypatch.setenv("OPENAI_PROJECT_ID", own["project"])
    with billed(simulator):
        openai.OpenAI().images.generate(**FOX)
    for another in ({"organization": "org-another"}, {"project": "proj_another"}):
        with billed(simulator, times=0), pytest.raises(openai.AuthenticationError):
            openai.OpenAI(**another).images.generate(**FOX)


# Speech


SOUNDS = {"mp3": b"ID3", "wav": b"RIFF", "flac": b"fLaC", "opus": b"OggS", "aac": b"\xff\xf1", "pcm": b""}


@pytest.mark.parametrize("form", SOUNDS)
def test_speech_streams_to_a_file(client, simulator, tmp_path, form):
    speech = client.audio.speech.with_streaming_response
    with billed(simulator) as bills, speech.create(**SAID, response_format=form) as answer:
        answer.stream_to_file(tmp_path / "speech")
        assert answer.headers["content-type"].startswith("audio/")
    assert (tmp_path / "speech").read_bytes().startswith(SOUNDS[form])
    assert bills[0]["charged"] == len(SAID["input"]) * Decimal("0.0015")


async def test_speech_is_read_by_the_asynchronous_client(async_client, simulator):
    with billed(simulator):
        answer = await async_client.audio.speech.create(**SAID)
    assert answer.content.startswith(b"ID3")


def test_models_are_listed(client):
    models = list(client.models.list())
    assert {"gpt-image-2", "tts-1"} <= {model.id for model in models}
    assert client.models.retrieve("gpt-image-2") in models
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("dall-e-3")


# Errors


def test_what_is_refused_is_raised_as_its_own_error(client, simulator, clock):
    def refused(error, call=client, **body):
        with pytest.raises(error) as raised:
            call.images.generate(**{**FOX, **body})
        assert raised.value.request_id
        return raised.value.status_code, raised.value.type, raised.value.code

    with billed(simulator, times=0):
        invalid = "invalid_request_error"
        assert refused(openai.AuthenticationError, openai.OpenAI(api_key="sk-another")) == (
            *(401, invalid),
            "invalid_api_key",
        )
        assert refused(openai.BadRequestError, n=11)[:2] == (400, invalid)
        simulator.fault("moderated")
        blocked = (400, "image_generation_user_error", "moderation_blocked")
        assert refused(openai.BadRequestError) == blocked
        simulator.fault("no_credit", times=None)
        assert refused(openai.APIStatusError)[2] == "insufficient_quota"
        simulator.clear()
        clock.slept.clear()
        simulator.fault("throttled", on="submit", times=None, retry_after="7")
        assert refused(openai.RateLimitError)[0] == 429
        assert clock.slept == [7, 7]


def test_what_passes_is_sent_again_twice_at_most(client, simulator, clock):
    simulator.fault("throttled", on="submit", times=2, retry_after="7")
    with billed(simulator):
        client.images.generate(**FOX)
    assert clock.slept == [7, 7]
    simulator.fault("raw", status=503, body="{}", on="submit", times=None)
    before = simulator.bills()["submits"]
    with billed(simulator, times=0), pytest.raises(openai.InternalServerError):
        client.images.generate(**FOX)
    assert simulator.bills()["submits"] - before == 3


def test_it_is_not_sent_again_where_the_answer_says_so(client, simulator):
    simulator.fault("raw", status=500, headers={"x-should-retry": "false"}, body="{}", created=True, on="submit")
    with billed(simulator), pytest.raises(openai.InternalServerError):
        client.images.generate(**FOX)


def test_a_submit_whose_answer_is_lost_is_paid_twice_by_this_client(client, simulator):
    simulator.fault("reset_after")
    with billed(simulator, times=2):
        client.images.generate(**FOX)


# Webhooks


BODY = '{"object":"event","id":"evt_0001","type":"video.completed","created_at":1764288000,"data":{"id":"video_0001"}}'
SIGNED = {
    "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=": "v1,+A6cd69JBLnwrIB/SCu+bRGRagqbZYIUPrL7xfINNkk=",
    "plain-secret": "v1,r/Eo2N8C18RsfmlLYilzJusdLT7qW/CjTf75joZwnLY=",
}


@pytest.mark.parametrize("secret", SIGNED)
def test_a_webhook_is_believed_as_far_as_it_is_signed(client, monkeypatch, secret):
    headers = {"webhook-id": "wh_0001", "webhook-timestamp": "1764288000", "webhook-signature": SIGNED[secret]}
    for off, believed in ((0, True), (300, True), (301, False), (-300, True), (-301, False)):
        monkeypatch.setattr(_webhooks, "time", Instead(_webhooks.time, time=lambda off=off: 1764288000 + off))
        if believed:
            event = client.webhooks.unwrap(BODY, headers, secret=secret)
            assert (event.id, event.data.id) == ("evt_0001", "video_0001")
        else:
            with pytest.raises(openai.InvalidWebhookSignatureError):
                client.webhooks.unwrap(BODY, headers, secret=secret)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.verify_signature(BODY.replace("0001", "0002"), headers, secret=secret, tolerance=10**9)


def test_it_believes_what_replicate_signs_in_the_same_way(client, simulated, clock, ear):
    """None is told of pictures here; Replicate's webhooks are signed by the same standard."""
    service = simulated["replicate"].service
    body = {"input": {"prompt": "a lighthouse"}, "webhook": ear.url, "webhook_events_filter": ["completed"]}
    headers = {"authorization": f"Bearer {service.api_key}", "content-type": "application/json"}
    path = "/v1/models/black-forest-labs/flux-2-pro/predictions"
    httpx2.post(f"{service.base_url}{path}", json=body, headers=headers).raise_for_status()
    clock.sleep(4)
    heard = ear.hears()
    client.webhooks.verify_signature(heard.body, heard.headers, secret=service.settings["webhook_secret"])
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.verify_signature(heard.body, heard.headers, secret=service.new_secret(""))
