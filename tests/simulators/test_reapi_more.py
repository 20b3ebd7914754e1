"""reAPI's pages of films, songs and the newer picture models: every documented bound, code, text and price."""

import math
from fractions import Fraction

import pytest

URL = "https://example.com/a.png"
FILM = "https://example.com/a.mp4"
SOUND = "https://example.com/a.mp3"
IMAGES, VIDEOS, AUDIO = (f"/api/v1/{what}/generations" for what in ("images", "videos", "audio"))
SINGLE = "prompt is required for single-shot; multi_prompt is required when multi_shots is true"
NOT_FAST = "is not supported by doubao-seedance-2.0-fast (use doubao-seedance-2.0 or doubao-seedance-2.0-face)"


@pytest.fixture
def reapi(caller):
    return caller("reapi", balance=10**9)


def kling(**fields):
    return {"model": "kling-3-0", "prompt": "A fox", **fields}


def seedance(**fields):
    return {"model": "doubao-seedance-2.0", "prompt": "A fox", **fields}


def fast(**fields):
    return seedance(model="doubao-seedance-2.0-fast", **fields)


def veo(**fields):
    return {"model": "veo3.1-fast", "prompt": "A fox", **fields}


def official(**fields):
    return veo(model="veo3.1-fast-official", **fields)


def wan(**fields):
    return {"model": "wan2.7-video", "prompt": "A fox", **fields}


def song(**fields):
    return {"model": "suno-music", "version": "V6", "custom_mode": False, "instrumental": False, **fields}


def old_song(**fields):
    return {"model": "suno-music", "version": "V5_5", "customMode": True, "instrumental": False, **fields}


def gemini(tier="3.1-flash", **fields):
    return {"model": f"gemini-{tier}-image-preview", "prompt": "A fox", **fields}


def seedream(**fields):
    return {"model": "doubao-seedream-5-0-lite", "prompt": "A fox", **fields}


def roles(*names):
    return [{"url": URL, "role": name} for name in names]


REFUSED = [
    (VIDEOS, {"model": "flux-2", "prompt": "A fox"}, 20004, None),
    (IMAGES, kling(), 20004, None),
    (VIDEOS, kling(prompt=None), 20003, SINGLE),
    (VIDEOS, kling(multi_shots=True), 20003, SINGLE),
    (VIDEOS, kling(multi_shots=True, multi_prompt=[{"prompt": "a"}]), 20003, "multi_prompt duration is required"),
    (VIDEOS, kling(multi_prompt=[{"prompt": "a", "duration": 13}]), 20003, None),
    (VIDEOS, kling(multi_prompt=[{"prompt": "a", "duration": 1}] * 6), 20003, "multi_prompt accepts at most 5 entries"),
    (VIDEOS, kling(kling_elements=[{"name": "a", "element_input_urls": [URL]}]), 20003, None),
    (VIDEOS, kling(kling_elements="a"), 20003, None),
    (VIDEOS, kling(prompt="x" * 2501), 20007, None),
    (VIDEOS, kling(image_urls=["data:image/png;base64,AA"]), 20003, "image_urls must be a public http(s) URL"),
    (VIDEOS, kling(image_urls=[URL] * 3), 20003, "image_urls accepts at most 2 entries"),
    (VIDEOS, kling(duration="5"), 20003, None),
    (VIDEOS, kling(duration=2), 20003, "duration must be between 3 and 15"),
    (VIDEOS, kling(mode="4k"), 20003, 'invalid mode "4k" (allowed: std, pro, 4K)'),
    (VIDEOS, kling(aspect_ratio="4:3"), 20003, None),
    (VIDEOS, kling(sound="on"), 20003, None),
    (VIDEOS, seedance(prompt="ab"), 20003, None),
    (VIDEOS, seedance(duration=3), 20003, None),
    (VIDEOS, seedance(size="2:3"), 20003, None),
    (VIDEOS, seedance(image_urls=[URL] * 10), 20003, None),
    (VIDEOS, seedance(tools=[{"type": "code"}]), 20003, None),
    (VIDEOS, seedance(fallback={"enabled": "no"}), 20003, None),
    (
        VIDEOS,
        seedance(image_urls=[URL], image_with_roles=roles("first_frame")),
        20003,
        "image_urls and image_with_roles are mutually exclusive",
    ),
    (
        VIDEOS,
        seedance(video_urls=[FILM], image_with_roles=roles("first_frame")),
        20003,
        "image_with_roles cannot be combined with video_urls or audio_urls",
    ),
    (VIDEOS, seedance(audio_urls=[SOUND]), 20003, "audio_urls requires image_urls or video_urls"),
    (VIDEOS, seedance(image_with_roles=roles("last_frame")), 20003, None),
    (VIDEOS, seedance(image_with_roles=roles("first_frame", "first_frame")), 20003, None),
    (VIDEOS, seedance(image_with_roles=[{"url": URL}]), 20003, "image_with_roles role is required"),
    (VIDEOS, fast(resolution="1080p"), 20003, f"resolution=1080p {NOT_FAST}"),
    (VIDEOS, fast(resolution="4k"), 20003, f"resolution=4k {NOT_FAST}"),
    (VIDEOS, veo(prompt=None), 20002, "prompt is required"),
    (VIDEOS, veo(duration=6), 20003, "duration must be 8"),
    (VIDEOS, veo(enable_gif=True, resolution="1080p"), 20003, None),
    (VIDEOS, veo(image_urls=[URL] * 3, generation_type="frame"), 20003, None),
    (VIDEOS, veo(generation_type="frame"), 20003, None),
    (VIDEOS, veo(image_urls=[URL] * 4), 20003, None),
    (VIDEOS, official(last_frame_image=URL), 20003, "last_frame_image requires first_frame_image"),
    (VIDEOS, official(duration=5), 20003, "duration must be one of 4, 6, 8"),
    (VIDEOS, official(sample_count=5), 20003, None),
    (VIDEOS, wan(prompt=None), 20002, "prompt is required"),
    (VIDEOS, wan(prompt=None, reference_image_urls=[URL]), 20002, "prompt is required"),
    (VIDEOS, wan(resolution="720p"), 20003, 'invalid resolution "720p" (allowed: 720P, 1080P)'),
    (VIDEOS, wan(size="1:1", image_urls=[URL]), 20003, None),
    (VIDEOS, wan(image_urls=[URL], image_with_roles=roles("first_frame")), 20003, None),
    (VIDEOS, wan(image_urls=[URL], reference_image_urls=[URL]), 20003, None),
    (VIDEOS, wan(video_urls=[FILM], video_url=FILM), 20003, None),
    (VIDEOS, wan(video_urls=[FILM] * 2), 20003, None),
    (VIDEOS, wan(audio_url=SOUND, reference_image_urls=[URL]), 20003, None),
    (VIDEOS, wan(audio_setting="origin"), 20003, None),
    (AUDIO, {"model": "suno-music", "prompt": "A song"}, 20002, "version is required"),
    (AUDIO, song(version="V7", prompt="A song"), 20003, None),
    (AUDIO, song(customMode=True, custom_mode=None, prompt="A song"), 20002, "custom_mode is required"),
    (AUDIO, old_song(custom_mode=True, customMode=None, prompt="A song"), 20002, "customMode is required"),
    (AUDIO, song(), 20002, "prompt is required"),
    (AUDIO, song(prompt="x" * 3001), 20007, None),
    (AUDIO, song(prompt="A song", style="folk"), 20003, "style is only supported in custom mode"),
    (AUDIO, song(prompt="A song", duration=60), 20003, None),
    (AUDIO, song(custom_mode=True, style="folk"), 20002, "prompt is required"),
    (AUDIO, song(custom_mode=True, instrumental=True), 20002, "style is required"),
    (AUDIO, song(custom_mode=True, instrumental=True, style="folk", prompt="La"), 20003, None),
    (AUDIO, old_song(instrumental=True, style="folk", vocalGender="f"), 20003, None),
    (AUDIO, old_song(customMode=False, prompt="A song", audioWeight=0.5), 20003, None),
    (AUDIO, song(custom_mode=True, prompt="x" * 5001), 20007, None),
    (AUDIO, song(custom_mode=True, prompt="La", duration=361), 20003, None),
    (AUDIO, song(custom_mode=True, prompt="La", title="x" * 81), 20007, None),
    (AUDIO, old_song(prompt="La", vocalGender="x"), 20003, None),
    (AUDIO, old_song(prompt="La", styleWeight=1.5), 20003, None),
    (IMAGES, gemini("3-pro", size="8:1"), 20003, None),
    (IMAGES, gemini("3-pro", resolution="0.5k"), 20003, None),
    (IMAGES, gemini(image_urls=[URL] * 15), 20003, None),
    (IMAGES, gemini(resolution="1K"), 20003, None),
    (IMAGES, seedream(n=2), 20003, "n above 1 requires sequential_image_generation=auto"),
    (IMAGES, seedream(resolution="4k"), 20003, None),
    (IMAGES, {"model": "imagen-4-0", "prompt": "x", "n": 2}, 20003, None),
    (IMAGES, {"model": "nano-banana-2-lite", "prompt": "x", "aspect_ratio": "7:3"}, 20003, None),
]


@pytest.mark.parametrize(("path", "body", "code", "text"), REFUSED)
def test_refused(reapi, path, body, code, text):
    status, answer = reapi.post(body, path)
    assert (status, answer["error"]["code"], reapi.charged()) == (400, code, [])
    assert text in (None, answer["error"]["message"])


def credits(usd):
    """Rounded up, by another road than the simulator's."""
    return math.ceil(Fraction(usd) * 1000)


def a_second(usd, seconds):
    return credits(Fraction(usd) * seconds)


PRICED = [
    *[
        (VIDEOS, kling(mode=mode, sound=sound, duration=seconds), a_second(usd, seconds))
        for mode, silent, sounding in (("std", ".077", ".11"), ("pro", ".099", ".1485"), ("4K", ".3685", ".3685"))
        for sound, usd in ((False, silent), (True, sounding))
        for seconds in (3, 15)
    ],
    (VIDEOS, kling(), a_second(".099", 5)),
    (
        VIDEOS,
        kling(prompt=None, mode="std", multi_shots=True, multi_prompt=[{"prompt": "a", "duration": 4}] * 2),
        a_second(".077", 8),
    ),
    *[
        (VIDEOS, model(resolution=resolution, **{} if not inputs else {"video_urls": [FILM]}), a_second(usd, seconds))
        for model, table in (
            (
                seedance,
                {
                    "480p": (".079816", ".0484"),
                    "720p": (".171776", ".10384"),
                    "1080p": (".3872", ".23496"),
                    "4k": (".817559", ".503112"),
                },
            ),
            (fast, {"480p": (".06424", ".03828"), "720p": (".13816", ".08272")}),
        )
        for resolution, row in table.items()
        for inputs, usd, seconds in ((0, row[0], 5), (1, row[1], 9))
    ],
    (VIDEOS, seedance(generate_audio=True, duration=15), a_second(".171776", 15)),
    (VIDEOS, veo(), credits(".189")),
    (VIDEOS, veo(resolution="1080p", image_urls=[URL] * 2, generation_type="frame"), credits(".189")),
    (VIDEOS, veo(resolution="4k", image_urls=[URL] * 3, generation_type="reference"), credits(".66")),
    (VIDEOS, wan(), a_second(".1206", 5)),
    (VIDEOS, wan(duration=15, size="9:16", audio_url=SOUND), a_second(".1206", 15)),
    (VIDEOS, wan(prompt=None, image_with_roles=[{"url": URL}], resolution="1080P"), a_second(".1206", 5)),
    (VIDEOS, wan(prompt=None, video_urls=[FILM]), a_second(".1206", 5)),
    (VIDEOS, wan(prompt=None, video_url=FILM, audio_setting="origin"), a_second(".1206", 5)),
    (VIDEOS, wan(reference_video_urls=[FILM], reference_voice_urls=[SOUND]), a_second(".1206", 5)),
    (AUDIO, song(prompt="A song"), 60),
    (AUDIO, song(prompt="A song", instrumental=True), 60),
    (AUDIO, song(custom_mode=True, prompt="La", style="folk", title="La", duration=360), 60),
    (AUDIO, song(custom_mode=True, instrumental=True, style="folk", version="V6_MINI"), 60),
    (AUDIO, old_song(prompt="La", vocalGender="f", negativeTags="metal", audioWeight=0.5, personaId="p"), 60),
    (AUDIO, old_song(customMode=False, prompt="A song", version="V4"), 60),
    *[
        (IMAGES, gemini(tier, resolution=resolution, n=n, model=f"gemini-{tier}-image-preview{way}"), credits(n * usd))
        for tier, way, row in (
            ("3.1-flash", "", "0.5k .0315 1k .0315 2k .0477 4k .0711"),
            ("3.1-flash", "-official", "0.5k .05896 1k .05896 2k .08888 4k .13288"),
            ("3-pro", "", "1k .0414 2k .0414 4k .045"),
            ("3-pro", "-official", "1k .12328 2k .12328 4k .2208"),
        )
        for resolution, usd in zip(row.split()[::2], map(Fraction, row.split()[1::2]), strict=True)
        for n in (1, 3)
    ],
    (IMAGES, gemini(size="1:8", google_search=True), credits(".0315")),
    (IMAGES, {"model": "nano-banana-2-lite", "prompt": "x", "aspect_ratio": "auto"}, 20),
    (IMAGES, seedream(resolution="3k", output_format="png"), credits(".0308")),
    (IMAGES, seedream(n=4, sequential_image_generation="auto"), credits(Fraction(".0308") * 4)),
    (IMAGES, {"model": "qwen-image-2", "prompt": "x", "image_url": URL, "image_size": "21:9", "seed": 7}, 31),
]


@pytest.mark.parametrize(("path", "body", "price"), PRICED)
def test_prices(reapi, path, body, price):
    status, answer = reapi.post(body, path)
    assert (status, reapi.charged(), reapi.service.bills()["unread"]) == (200, [price], []), answer


def results(reapi, path, body):
    task_id = reapi.post(body, path)[1]["id"]
    reapi.clock.tick(4)
    at = f"http://sim.test/media/tasks/{task_id}"
    return reapi.look(task_id)["output"], at, list(reapi.service.tasks.values())[-1].order


@pytest.mark.parametrize(
    ("body", "size", "seconds", "sound"),
    [
        (kling(), (1920, 1080), 5, False),
        (kling(mode="std", sound=True, duration=15), (1280, 720), 15, True),
        (kling(mode="4K", aspect_ratio="1:1"), (2160, 2160), 5, False),
        (seedance(size="9:16", resolution="480p", generate_audio=True), (480, 854), 5, True),
        (seedance(size="adaptive"), (1280, 720), 5, False),
        (veo(resolution="4k"), (3840, 2160), 8, True),
        (official(duration=4), (1280, 720), 4, False),
        (official(sample_count=2, generate_audio=True), (1280, 720), 8, True),
        (wan(size="3:4", resolution="720P", duration=2), (720, 960), 2, False),
        (wan(audio_url=SOUND), (1920, 1080), 5, True),
    ],
)
def test_films(reapi, body, size, seconds, sound):
    output, at, order = results(reapi, VIDEOS, body)
    assert (order.size, order.seconds, order.sound) == (size, seconds, sound)
    assert output == {"video_urls": [f"{at}/{index}.mp4" for index in range(body.get("sample_count", 1))]}


def test_a_last_frame_comes_beside_the_film(reapi):
    output, at, _ = results(reapi, VIDEOS, seedance(return_last_frame=True))
    assert output == {"video_urls": [f"{at}/0.mp4"], "last_frame_url": f"{at}/1.jpg"}
    (task,) = reapi.service.tasks.values()
    assert reapi.service.works(task) == [{}, {"role": "last_frame"}]
    assert reapi.raw("GET", output["last_frame_url"].removeprefix("http://sim.test")).body[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("body", "title", "seconds"),
    [
        (song(prompt="A  song of\nrain"), "A song of rain", 30),
        (song(custom_mode=True, prompt="La", title="Rain", duration=45), "Rain", 45),
        (old_song(prompt="La", title="Rain"), "Rain", 30),
        (song(custom_mode=True, instrumental=True, style="folk"), "folk", 30),
    ],
)
def test_two_songs(reapi, body, title, seconds):
    output, at, _ = results(reapi, AUDIO, body)
    urls = [f"{at}/0.mp3", f"{at}/1.mp3"]
    assert output["audio_urls"] == [track["url"] for track in output["tracks"]] == urls
    assert [(track["title"], track["duration"]) for track in output["tracks"]] == [(title, seconds)] * 2
    (task,) = reapi.service.tasks.values()
    assert reapi.service.works(task) == [{"title": title, "seconds": seconds}] * 2


def test_what_nobody_reads_is_on_the_bills_at_every_depth(reapi):
    elements = [{"name": "a", "element_input_urls": [URL] * 2, "colour": "red"}]
    reapi.post(kling(kling_elements=elements, negative_prompt="rain"), VIDEOS)
    reapi.post(song(prompt="A song", vocal_gender="f"), AUDIO)
    unread = ["submit: negative_prompt", "submit: kling_elements[].colour", "submit: vocal_gender"]
    assert sorted(reapi.service.bills()["unread"]) == sorted(unread)


def test_the_pictures_within_objects_are_looked_at(reapi):
    body = seedance(image_with_roles=[{"url": "http://10.0.0.1/a.png", "role": "first_frame"}])
    status, answer = reapi.post(body, VIDEOS)
    assert (status, "could not be fetched" in answer["error"]["message"]) == (400, True)
    reapi.post(seedance(image_with_roles=roles("first_frame", "last_frame")), VIDEOS)
    assert reapi.service.bills()["unfetched"] == [URL]
