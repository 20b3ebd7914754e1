"""The films and sounds that simulators make, held against players and against the library's own readers."""

import asyncio
import io

import aiohttp
import pytest
from PIL import Image

from anymedia.model.formats import Format, measured
from anymedia.simulators import running
from anymedia.simulators.message import Request
from anymedia.simulators.picture import SUFFIX, TYPES, pixels
from anymedia.simulators.reapi import ReAPI
from anymedia.simulators.task import Order
from tests.players import played

FRAME = 0.025
"""Seconds: an MP3 has whole frames, of 24 ms."""


def order(media="mp4", size=(0, 0), **more):
    return Order("kling-3-0", "a lighthouse at dusk", size, media, 0, **more)


WORKS = {
    "silent": order(size=pixels("16:9", "480p"), seconds=5),
    "with sound": order(size=pixels("9:16", "720p"), seconds=3, sound=True),
    "long, with sound": order(size=pixels("16:9", "1080p"), seconds=15, sound=True),
    "large": order(size=pixels("auto", "4K"), seconds=4),
    "no whole seconds": order(size=pixels("21:9", "480P"), seconds=5.04, sound=True),
    "shorter than a frame": order(size=(64, 64), seconds=0.01, sound=True),
    "several": order(size=pixels("1:1", "480p"), seconds=4, count=2),
    "with its last frame": order(size=pixels("4:3", "720p"), seconds=4, last_frame=True),
    "two songs": order("mp3", seconds=200, count=2, titles=("Dusk", "Dämmerung")),
    "one title for two": order("mp3", seconds=30.5, count=2, titles=("Dusk",)),
    "speech": order("mp3", seconds=0.7),
    "speech as it is": order("wav", seconds=3.21),
    "a song as it is": order("wav", seconds=200),
}


@pytest.fixture
def made():
    """Return the works of an order, as they are fetched."""
    now = [1_800_000_000.0]
    service = ReAPI(clock=lambda: now[0])

    def make(wanted):
        task = service.create(wanted, None)
        now[0] = task.ends
        answers = [service.answer(Request("GET", link)) for link in service.result_links(task, "")]
        for answer, media in zip(answers, wanted.results, strict=True):
            assert (answer.status, answer.headers["Content-Type"]) == (200, TYPES[media])
        return task, [answer.body for answer in answers]

    return make


@pytest.mark.parametrize("name", WORKS)
def test_players_and_our_own_readers_see_what_was_asked_for(name, made, tmp_path):
    wanted = WORKS[name]
    task, files = made(wanted)
    assert len(set(files)) == len(files) == wanted.count + wanted.last_frame
    for index, (media, file) in enumerate(zip(wanted.results, files, strict=True)):
        path = tmp_path / f"{index}.{SUFFIX[media]}"
        path.write_bytes(file)
        told, streams = played(path)
        if media == "jpeg":
            assert (streams["video"]["width"], streams["video"]["height"]) == wanted.size
            continue
        assert float(told["duration"]) == pytest.approx(wanted.seconds, abs=FRAME)
        own = measured(io.BytesIO(file))
        width, height = wanted.size if media == "mp4" else (None, None)
        assert own == Format(TYPES[media], SUFFIX[media], width, height, pytest.approx(wanted.seconds, abs=FRAME))
        assert {kind: stream["codec_name"] for kind, stream in streams.items()} == CODECS[media, wanted.sound]
        if media == "mp4":
            assert (streams["video"]["width"], streams["video"]["height"]) == wanted.size
            assert int(streams["video"]["nb_read_frames"]) == max(1, round(2 * wanted.seconds))
        if media == "mp3":
            title = wanted.titles[index] if index < len(wanted.titles) else wanted.prompt
            tags = {"title": title, "artist": "reapi", "album": f"kling-3-0 · {task.id}"}
            assert told["tags"] == tags


CODECS = {
    ("mp4", False): {"video": "mjpeg"},
    ("mp4", True): {"video": "mjpeg", "audio": "mp3"},
    ("mp3", False): {"audio": "mp3"},
    ("wav", False): {"audio": "pcm_s16le"},
}


def test_a_task_makes_the_same_file_whenever_it_is_fetched_and_another_task_another(made):
    for media, size in (("mp4", (64, 64)), ("mp3", (0, 0)), ("wav", (0, 0))):
        wanted = order(media, size, seconds=2, sound=media == "mp4")
        service = ReAPI()
        task, files = made(wanted)
        assert [service.work(task, 0).draw()] == files
        assert made(wanted)[1] != files


def test_a_last_frame_is_the_picture_that_the_film_ends_with(made):
    _, (film, last) = made(WORKS["with its last frame"])
    assert film.endswith(last)
    assert Image.open(io.BytesIO(last)).format == "JPEG"


@pytest.mark.parametrize(
    ("ratio", "resolution", "size"),
    [
        ("16:9", "480p", (854, 480)),
        ("16:9", "720P", (1280, 720)),
        ("9:16", "1080p", (1080, 1920)),
        ("21:9", "1080p", (2520, 1080)),
        ("1:1", "720p", (720, 720)),
        ("auto", "720p", (1280, 720)),
        ("16:9", "4K", (3840, 2160)),
    ],
)
def test_the_size_of_a_film_follows_from_its_shorter_side(ratio, resolution, size):
    assert pixels(ratio, resolution) == size


@pytest.mark.parametrize(
    "wrong",
    [
        {"media": "mp4"},
        {"media": "mp3"},
        {"media": "png", "seconds": 5},
        {"media": "mp3", "seconds": 5, "sound": True},
        {"media": "jpeg", "last_frame": True},
    ],
)
def test_an_order_for_what_cannot_be_is_a_value_error(wrong):
    with pytest.raises(ValueError, match=f"^{wrong['media']}"):
        order(**wrong)


async def test_over_http_a_film_has_its_length_and_a_head_has_no_body():
    async with running("reapi", speed=1e9) as simulators, aiohttp.ClientSession() as http:
        service = simulators["reapi"].service
        task = service.create(order(size=(1280, 720), seconds=3, last_frame=True), None)
        links = service.result_links(task, service.base_url)
        while task.stage(service.clock()) != "succeeded":
            await asyncio.sleep(0)
        for link, kind in zip(links, ("video/mp4", "image/jpeg"), strict=True):
            async with http.get(link) as got, http.head(link) as head:
                assert got.content_length == head.content_length == len(await got.read()) > 10_000
                assert got.content_type == head.content_type == kind
                assert await head.read() == b""
        for wrong in (links[0].replace("0.mp4", "0.mp3"), links[1].replace("1.jpg", "2.jpg")):
            async with http.get(wrong) as got:
                assert got.status == 404
