"""RunAPI's own SDK: runapi-core 0.10.1, runapi-flux-2 0.4.0, runapi-kling 0.5.1, runapi-seedance 0.4.0, runapi-suno
0.6.0 and runapi-openai-tts 0.4.0. (`runapi` on PyPI is another's web framework.)

It confirms: the paths, underscores and all; the three forms of errors; a look at once and then each 2 s, up to 900 s,
and later where Retry-After says so; files by prepare, put and confirm, the put without the key; a key of its own with
each synchronous action, and that a POST is sent again under a key alone; 409 for a key that was used for other input.

It told us: a synchronous answer that is finished has its id and its status, for the client takes none without; an
answer of 202 has a body, though its Location is all that counts, for one that is empty comes to the user as None; a
response within a task is JSON where its type says so, and not the text of it. No variable of the environment has the
base URL. It knows GET /api/v1/me too, which the simulator has not.
"""

from base64 import b64encode

import pytest

from .conftest import billed, drawn, picture

pytest.importorskip("runapi.core")
pytest.importorskip("runapi.flux_2")
pytest.importorskip("runapi.kling")
pytest.importorskip("runapi.openai_tts")
pytest.importorskip("runapi.seedance")
pytest.importorskip("runapi.suno")

import httpx
from runapi.core import PricingClient, RequestOptions, errors, http_client, polling
from runapi.flux_2 import Flux2Client
from runapi.kling import KlingClient
from runapi.openai_tts import OpenaiTtsClient
from runapi.seedance import SeedanceClient
from runapi.suno import SunoClient

FLUX = {"model": "flux-2-pro-text-to-image", "prompt": "a lighthouse at dusk", "aspect_ratio": "1:1"}
REMIX = {"model": "flux-2-pro-remix-image", "prompt": "the same by night"}
KLING = {"model": "kling-3.0", "prompt": "waves", "duration_seconds": 3, "aspect_ratio": "16:9"}
SEEDANCE = {"model": "seedance-2.5", "prompt": "waves", "duration_seconds": 4, "return_last_frame": True}
SUNO = {"model": "suno-v5.5", "vocal_mode": "auto_lyrics", "prompt": "a song of the sea"}
TTS = {"model": "tts-1", "text": "hello"}
KEYED = RequestOptions(headers={"Idempotency-Key": "ours"})


@pytest.fixture
def simulator(simulated):
    return simulated["runapi"]


@pytest.fixture
def of(simulator, monkeypatch, asleep, closing):
    """Return what makes a client of the SDK, with the key where a user sets it."""
    monkeypatch.setenv("RUNAPI_API_KEY", simulator.api_key)
    asleep(http_client, polling)
    closing(httpx.Client)
    return lambda client, **options: client(**{"base_url": simulator.base_url, **options})


@pytest.fixture
def flux(of):
    return of(Flux2Client)


def fetch(url):
    return httpx.get(url).raise_for_status().content


# What is made


def test_a_picture_is_run(flux, simulator, clock):
    with billed(simulator) as bills:
        done = flux.text_to_image.run(**FLUX)
    assert picture(fetch(done.images[0].url)) == ((1024, 1024), "JPEG")
    assert (bills[0]["charged"], done.usage.cost) == (5, 0.05)
    assert done.runapi_task_id == done.id == bills[0]["task_id"]
    assert clock.slept == [2, 2]


def test_a_picture_is_created_and_looked_at(flux, simulator, clock):
    with billed(simulator) as bills:
        task = flux.text_to_image.create(**FLUX)
        states = [task.status]
        for seconds in (2, 2):
            clock.sleep(seconds)
            states.append(flux.text_to_image.get(task.id).status)
    assert states == ["pending", "processing", "completed"]
    assert bills[0]["task_id"] == task.id


def test_films_are_run(of, simulator):
    with billed(simulator):
        film = of(KlingClient).text_to_video.run(**KLING)
    assert fetch(film.videos[0].url)[4:8] == b"ftyp"
    with billed(simulator):
        film = of(SeedanceClient).text_to_video.run(**SEEDANCE)
    assert fetch(film.videos[0].url)[4:8] == b"ftyp"
    assert picture(fetch(film.last_frame_image_url))[1] == "JPEG"


def test_songs_are_run(of, simulator):
    with billed(simulator):
        songs = of(SunoClient).text_to_music.run(**SUNO)
    assert [fetch(song.audio_url)[:3] for song in songs.audios] == [b"ID3"] * 2
    assert [song.duration for song in songs.audios] == [30, 30]


@pytest.mark.parametrize("form", ["finished", "begun", "in_header", "located", "enclosed"])
def test_speech_is_run_whatever_way_it_is_answered(of, simulator, clock, form):
    simulator.service.form = form
    with billed(simulator) as bills:
        speech = of(OpenaiTtsClient).text_to_speech.run(**TTS)
    (audio,) = speech.audios
    sound = fetch(audio.url)
    assert (sound[:3], audio.mime_type, audio.size_bytes) == (b"ID3", "audio/mpeg", len(sound))
    assert (speech.id, speech.status) == (bills[0]["task_id"], "completed")
    assert clock.slept == ([] if form == "finished" else [1, 2, 2])


# Files


@pytest.mark.parametrize("by", ["file", "base64", "url"])
def test_a_file_is_put_in_and_used(flux, simulator, picture_file, by):
    sources = {
        "file": lambda: {"file": picture_file},
        "base64": lambda: {"source": {"type": "base64", "data": b64encode(drawn()).decode()}, "file_name": "drawn.png"},
        "url": lambda: {"source": flux.files.create(file=picture_file).url},
    }
    file = flux.files.create(**sources[by]())
    assert (file.size_bytes, file.mime_type, fetch(file.url)) == (len(drawn()), "image/png", drawn())
    with billed(simulator):
        done = flux.remix_image.run(source_image_urls=[file.url], **REMIX)
    assert picture(fetch(done.images[0].url))[1] == "JPEG"


def test_lasting_files(flux, picture_file):
    file = flux.files.create_file(picture_file)
    assert (file.filename, file.purpose, file.bytes) == ("drawn.png", "user_data", len(drawn()))
    assert flux.files.content(file.id) == drawn()
    assert [each.id for each in flux.files.list(limit=1).data] == [flux.files.retrieve(file.id).id]
    assert flux.files.delete_file(file.id).deleted
    with pytest.raises(errors.NotFoundError):
        flux.files.retrieve(file.id)


def test_a_lasting_file_is_put_in_by_parts(flux, tmp_path):
    parts = [tmp_path / "first", tmp_path / "second"]
    for path, content in zip(parts, (drawn()[:100], drawn()[100:]), strict=True):
        path.write_bytes(content)
    upload = flux.uploads.create(bytes=len(drawn()), filename="drawn.png", mime_type="image/png")
    ids = [flux.uploads.add_part(upload.id, path).id for path in parts]
    with pytest.raises(errors.ValidationError, match="Validation failed"):
        flux.uploads.complete(upload.id, ids[:1])
    done = flux.uploads.complete(upload.id, ids)
    assert (upload.status, done.status, done.bytes) == ("pending", "completed", len(drawn()))
    assert flux.files.content(done.file.id) == drawn()
    with pytest.raises(errors.ValidationError, match="not open"):
        flux.uploads.cancel(upload.id)
    other = flux.uploads.create(bytes=9, filename="drawn.png", mime_type="image/png")
    assert flux.uploads.cancel(other.id).status == "cancelled"


# Money


def test_balance_and_prices(flux, simulator):
    flux.text_to_image.create(**FLUX)
    balance = flux.account.balance()
    assert (balance.balance_cents, balance.spent_cents_total) == (simulator.bills()["balance"], 5)
    keyless = PricingClient(base_url=simulator.base_url)
    quote = keyless.create_quote("flux_2", "text_to_image", FLUX["model"], FLUX).price_quote
    assert (quote.pricing_status, quote.reservation_amount_cents) == ("available", 5)
    (row,) = keyless.list_schedules("flux_2", "text_to_image", FLUX["model"]).price_schedules
    assert (row.catalog_status, row.unit_price_cents) == ("active", 5)


def test_a_key_pays_once(flux, simulator):
    with billed(simulator):
        first, again = (flux.text_to_image.create(options=KEYED, **FLUX) for _ in range(2))
        with pytest.raises(errors.ConflictError, match="other input") as refused:
            flux.text_to_image.create(options=KEYED, **{**FLUX, "prompt": "another"})
    assert (again.id, again.task_replayed, refused.value.code) == (first.id, True, "idempotency_conflict")


def test_a_lost_answer_is_asked_for_again_under_a_key_alone(of, flux, simulator):
    simulator.fault("reset_after")
    with billed(simulator), pytest.raises(errors.NetworkError):
        flux.text_to_image.create(**FLUX)
    simulator.fault("reset_after")
    with billed(simulator):
        assert flux.text_to_image.create(options=KEYED, **FLUX).task_replayed
    simulator.fault("reset_after")
    with billed(simulator):
        of(OpenaiTtsClient).text_to_speech.run(**TTS)


# Errors

REFUSED = {
    "no_credit": (errors.InsufficientCreditsError, 402, "insufficient_credits", {}),
    "throttled": (errors.RateLimitError, 429, "rate_limited", {"retry_after": "7"}),
    "forbidden": (errors.Error, 403, None, {}),
    "internal": (errors.ServerError, 500, None, {}),
    "gateway": (errors.ServerError, 502, None, {"body": "html"}),
    "unavailable": (errors.ServiceUnavailableError, 503, None, {"message": "No active channel available"}),
    "timeout": (errors.ServerError, 504, None, {}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused_is_raised_as_its_own_error(flux, simulator, clock, why):
    error, status, code, options = REFUSED[why]
    kind = {"kind": why} if why in ("no_credit", "throttled") else {"kind": "status", "status": status}
    simulator.fault(**kind, on="submit", **options)
    with billed(simulator, times=0), pytest.raises(error) as refused:
        flux.text_to_image.create(**FLUX)
    assert (type(refused.value), refused.value.status, refused.value.code) == (error, status, code)
    assert refused.value.request_id
    assert getattr(refused.value, "retry_after", 7.0) == 7.0
    assert clock.slept == []


def test_a_wrong_key_and_wrong_fields_are_told(of, flux, simulator):
    with billed(simulator, times=0):
        with pytest.raises(errors.AuthenticationError):
            of(Flux2Client, api_key="another").text_to_image.create(**FLUX)
        with pytest.raises(errors.ValidationError, match="Validation failed") as refused:
            flux.text_to_image.create(**{**FLUX, "aspect_ratio": "5:1", "seed": 1})
        with pytest.raises(errors.NotFoundError):
            flux.text_to_image.get("another")
    assert set(refused.value.details["errors"]) == {"aspect_ratio", "seed"}


def test_a_look_that_is_throttled_is_taken_again_when_it_is_told_to(flux, simulator, clock):
    with billed(simulator):
        task = flux.text_to_image.create(**FLUX)
        simulator.fault("throttled", on="poll", retry_after="7")
        assert flux.text_to_image.get(task.id).status == "completed"
    assert clock.slept == [7]


@pytest.mark.parametrize("kind", ["failed", "moderated"])
def test_a_task_that_fails_is_given_back(flux, of, simulator, kind):
    simulator.fault(kind)
    with billed(simulator) as bills, pytest.raises(errors.TaskFailedError) as failed:
        flux.text_to_image.run(**FLUX)
    assert failed.value.message == simulator.service.failures[kind].message
    assert bills[0]["refunded"] == bills[0]["charged"] == 5


def test_a_speech_that_fails_is_raised_as_the_response_that_it_holds(of, simulator):
    simulator.service.form = "enclosed"
    simulator.fault("failed")
    with billed(simulator), pytest.raises(errors.ValidationError, match="Generation failed") as failed:
        of(OpenaiTtsClient).text_to_speech.run(**TTS)
    assert failed.value.status == 422


def test_a_task_that_never_ends_is_given_up_after_900_seconds(flux, simulator, clock):
    simulator.fault("stuck")
    with billed(simulator), pytest.raises(errors.TaskTimeoutError):
        flux.text_to_image.run(**FLUX)
    assert sum(clock.slept) == 900
