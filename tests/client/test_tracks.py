"""Songs with their covers, voices that are spoken at once or later, and last frames: what comes of one submit."""

import json

import attrs
import pytest

from anymedia import Billed, ImageRequest, MusicRequest, SpeechRequest, TaskFailed, VideoRequest

SONG = MusicRequest(model="suno-v5.5", lyrics="The light goes round", style="shanty", title="Dusk", duration=10)
GEMINI = SpeechRequest(model="gemini-3.1-flash-tts", text="hello", voice="Kore")
TTS = SpeechRequest(model="tts-1", text="hello")
EDGE = SpeechRequest(model="edge-tts", text="hello")
GPT_IMAGE = ImageRequest(model="gpt-image-2", prompt="a lighthouse at dusk", output_format="png")


async def test_two_songs_come_for_one_price_with_titles_lengths_and_covers(client, sims, tmp_path):
    result = await client.generate(SONG, "runapi")
    saved = await client.download(result, tmp_path)
    songs, covers = ([each for each in saved if each.role == role] for role in ("main", "cover"))
    assert [(each.kind, each.title, round(each.seconds), each.path.suffix) for each in songs] == [
        ("audio", "Dusk", 10, ".mp3")
    ] * 2
    assert [(each.kind, each.width, each.height) for each in covers] == [("image", 512, 512)] * 2
    assert len({each.sha256 for each in saved}) == 4
    (entry,) = sims["runapi"].bills()["entries"]
    assert (str(result.money), entry["charged"]) == ("$0.22", 22)


async def test_a_song_that_did_not_come_is_told(client, sims):
    done = {"status": "completed", "output": {"audio_urls": [f"{sims['reapi'].base_url}/media/one.mp3"]}}
    sims["reapi"].fault("raw", on="poll", body=json.dumps(done), times=None)
    result = await client.generate(attrs.evolve(SONG, duration=None), "reapi")
    (task,) = result.tasks
    assert (len(task.assets), result.missing) == (1, 0)
    assert result.errors == (f"task {task.id} made 1 of the 2 that it was paid for",)


async def test_a_last_frame_comes_with_a_film(client, tmp_path):
    clip = VideoRequest(model="seedance-2.5", prompt="waves", duration=4, extra={"runapi": {"return_last_frame": True}})
    film, frame = await client.download(await client.generate(clip, "runapi"), tmp_path)
    assert (film.kind, film.role, frame.kind, frame.role) == ("video", "main", "image", "last_frame")
    assert (frame.width, frame.height) == (film.width, film.height) == (1280, 720)


@pytest.mark.parametrize(
    ("request_", "provider", "form", "begins"),
    [
        (TTS, "runapi", "finished", b"ID3"),
        *((TTS, "runapi", form, b"ID3") for form in ("begun", "in_header", "located", "enclosed", "as_text")),
        (GEMINI, "runapi", "finished", b"RIFF"),
        (EDGE, "revidapi", "begun", b"ID3"),
        (EDGE, "revidapi", "finished", b"ID3"),
        (EDGE, "revidapi", "listed", b"ID3"),
        (EDGE, "revidapi", "coded", b"ID3"),
        (EDGE, "revidapi", "worded", b"ID3"),
        (GPT_IMAGE, "revidapi", "begun", b"\x89PNG"),
        (GPT_IMAGE, "revidapi", "finished", b"\x89PNG"),
    ],
)
async def test_what_is_there_at_once_or_later_is_bought_once(client, sims, tmp_path, request_, provider, form, begins):
    sims[provider].service.form = form
    (asset,) = await client.download(await client.generate(request_, provider), tmp_path)
    bills = sims[provider].bills()
    assert asset.path.read_bytes().startswith(begins)
    assert (len(bills["entries"]), bills["submits"]) == (1, 1)
    at_once = form in ("finished", "listed") and request_ is not GEMINI
    assert (bills["polls"] == 0) == at_once


@pytest.mark.parametrize(
    ("request_", "provider", "form", "billed"),
    [
        *((TTS, "runapi", form, Billed.NO) for form in ("finished", "told", "begun", "located", "enclosed", "as_text")),
        # Whether a failed task is refunded no page of RevidAPI says.
        *((EDGE, "revidapi", form, Billed.UNKNOWN) for form in ("begun", "finished", "coded", "worded")),
        (GPT_IMAGE, "revidapi", "begun", Billed.UNKNOWN),
    ],
)
async def test_what_failed_at_once_or_later_is_told_with_its_reason(client, sims, request_, provider, form, billed):
    sims[provider].service.form = form
    sims[provider].fault(kind="failed", message="the voice is gone")
    with pytest.raises(TaskFailed, match="the voice is gone") as caught:
        await client.generate(request_, provider)
    bills = sims[provider].bills()
    assert (caught.value.billed, bills["submits"], len(bills["entries"])) == (billed, 1, 1)
    assert (bills["polls"] == 0) == (form == "told")
