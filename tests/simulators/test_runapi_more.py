"""RunAPI's contract of films, songs, speech and more pictures: every bound, rule, price and form of an answer."""

import json

import pytest

URL = "https://example.com/a"
KLING = {"model": "kling-3.0", "prompt": "A fox"}
SEEDANCE = {"model": "seedance-2.0", "prompt": "A fox"}
VEO = {"model": "veo-3.1-fast", "prompt": "A fox"}
TEXT, IMAGE, R2V = (
    {"model": f"wan-2.7-{each}", "prompt": "A fox"} for each in ("text-to-video", "image-to-video", "r2v")
)
IDEA = {"model": "suno-v5.5", "vocal_mode": "auto_lyrics", "prompt": "A song of a fox"}
SONG = {"model": "suno-v6", "vocal_mode": "exact_lyrics", "lyrics": "La la", "style": "folk, slow", "title": "Fox"}
TUNE = {"model": "suno-v5.5", "vocal_mode": "instrumental", "style": "folk", "title": "Fox"}
SPEECH = {"model": "text-to-speech-multilingual-v2", "text": "Hello", "voice": "Rachel"}
SAID = {"model": "tts-1", "text": "Hello fox"}
TURNS = {
    "model": "gemini-3.1-flash-tts",
    "speakers": [{"speaker_id": "Speaker 1", "voice_name": "Kore", "accent": "neutral"}],
    "dialogue_turns": [{"speaker_id": "Speaker 1", "text": "Hello"}],
}
NANO = {"model": "nano-banana-2", "prompt": "A fox"}
LITE = {"model": "nano-banana-2-lite", "prompt": "A fox", "aspect_ratio": "auto"}
SEEDREAM = {"model": "seedream-4.5-text-to-image", "prompt": "A fox", "aspect_ratio": "21:9", "output_quality": "high"}
SEEDREAM_5 = {**SEEDREAM, "model": "seedream-5-lite-edit", "source_image_urls": [URL]}
QWEN = {"model": "qwen-2-edit-image", "prompt": "A fox", "source_image_url": URL}

MADE = [
    ("kling/text_to_video", KLING, 70, ("mp4", (1280, 720), 5, False)),
    (
        "kling/text_to_video",
        {**KLING, "duration_seconds": 15, "output_resolution": "1080p", "enable_sound": True, "aspect_ratio": "9:16"},
        405,
        ("mp4", (1080, 1920), 15, True),
    ),
    (
        "kling/text_to_video",
        {
            **KLING,
            **dict.fromkeys(("first_frame_image_url", "last_frame_image_url"), URL),
            "output_resolution": "4k",
            "negative_prompt": "",
            "cfg_scale": 0.5,
            "duration_seconds": 3,
            "multi_shots": True,
            "multi_prompt": [{"prompt": "A den", "duration": 3}],
            "kling_elements": [{"name": "fox", "description": "red", "element_input_urls": [URL] * 2}],
        },
        201,
        ("mp4", None, 3, False),
    ),
    ("seedance/text_to_video", SEEDANCE, 205, ("mp4", (1280, 720), 5, False)),
    ("seedance/text_to_video", {**SEEDANCE, "output_resolution": "480p"}, 95, ("mp4", None, 5, False)),
    (
        "seedance/text_to_video",
        {**SEEDANCE, "reference_video_urls": [URL], "output_resolution": "480p", "duration_seconds": 7},
        80.5,
        ("mp4", None, 7, False),
    ),
    (
        "seedance/text_to_video",
        {**SEEDANCE, "output_resolution": "4k", "generate_audio": True, "web_search": True, "duration_seconds": 4},
        832,
        ("mp4", (3840, 2160), 4, True),
    ),
    ("seedance/text_to_video", {**SEEDANCE, "model": "seedance-2.0-fast"}, 100, ("mp4", None, 5, False)),
    (
        "seedance/text_to_video",
        {"model": "seedance-2.5", "prompt": "A fox", "duration_seconds": -1, "return_last_frame": True},
        250,
        ("mp4", None, 5, True),
    ),
    ("veo_3_1/text_to_video", VEO, 60, ("mp4", (1280, 720), 8, True)),
    (
        "veo_3_1/text_to_video",
        {**VEO, "input_mode": "reference", "reference_image_urls": [URL] * 3, "duration_seconds": 4, "seeds": 7},
        60,
        ("mp4", None, 4, True),
    ),
    ("wan/text_to_video", {**TEXT, "background_audio_url": URL, "ratio": "4:3"}, 80, ("mp4", None, 5, True)),
    (
        "wan/image_to_video",
        {**IMAGE, "first_frame_image_url": URL, "output_resolution": "1080p", "duration_seconds": 2, "seed": 1},
        48,
        ("mp4", (1920, 1080), 2, False),
    ),
    ("wan/text_to_video", {**R2V, "reference_image_urls": [URL]}, 80, ("mp4", None, 5, False)),
    ("suno/text_to_music", IDEA, 22, ("mp3", (0, 0), 30, False)),
    ("suno/text_to_music", {**SONG, "vocal_gender": "female"}, 22, ("mp3", (0, 0), 30, False)),
    ("suno/text_to_music", {**TUNE, "duration_seconds": 200}, 22, ("mp3", (0, 0), 200, False)),
    ("elevenlabs/text_to_speech", {**SPEECH, "text": "x" * 300, "speed": 0.8}, 5, ("mp3", (0, 0), 25, False)),
    ("openai_tts/text_to_speech", SAID, 4, ("mp3", (0, 0), 1, False)),
    ("gemini_tts/text_to_speech", TURNS, 5, ("wav", (0, 0), 1, False)),
    ("nano_banana/text_to_image", NANO, 8, ("jpeg", (1024, 1024), 0, False)),
    (
        "nano_banana/text_to_image",
        {**NANO, "output_resolution": "4k", "output_format": "png", "reference_image_urls": [URL] * 14},
        18,
        ("png", None, 0, False),
    ),
    ("nano_banana/text_to_image", {**NANO, "model": "nano-banana-pro", "output_resolution": "2k"}, 18, None),
    ("nano_banana/text_to_image", LITE, 3, None),
    ("nano_banana/edit_image", {**LITE, "source_image_urls": [URL]}, 3, None),
    ("seedream/text_to_image", SEEDREAM, 7, ("jpeg", None, 0, False)),
    ("seedream/edit_image", {**SEEDREAM_5, "output_quality": "ultra"}, 6, ("png", None, 0, False)),
    ("imagen_4/text_to_image", {"model": "imagen-4", "prompt": "A fox", "seed": 1}, 8, None),
    ("imagen_4/text_to_image", {"model": "imagen-4-fast", "prompt": "A fox", "aspect_ratio": "auto"}, 4, None),
    ("imagen_4/text_to_image", {"model": "imagen-4-ultra", "prompt": "A fox", "negative_prompt": "dog"}, 12, None),
    ("qwen_2/edit_image", QWEN, 6, ("png", None, 0, False)),
]


@pytest.fixture
def run(caller):
    return caller("runapi")


@pytest.mark.parametrize(("path", "body", "price", "made"), MADE)
def test_what_is_made_and_what_it_costs(run, path, body, price, made):
    assert run.post(body, f"/api/v1/{path}")[0] == 200
    assert run.charged() == [price]
    assert run.service.unread == []
    (task,) = run.service.tasks.values()
    if made is not None:
        media, size, seconds, sound = made
        order = task.order
        assert (order.media, order.seconds, order.sound) == (media, seconds, sound)
        assert size in (None, order.size)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("kling/text_to_video", {"model": "kling-3.0"}, "prompt"),
        ("kling/text_to_video", {**KLING, "reference_image_urls": [URL]}, "reference_image_urls"),
        ("kling/text_to_video", {**KLING, "duration_seconds": "5"}, "duration_seconds"),
        ("kling/text_to_video", {**KLING, "duration_seconds": 16}, "duration_seconds"),
        ("kling/text_to_video", {**KLING, "aspect_ratio": "4:3"}, "aspect_ratio"),
        ("kling/text_to_video", {**KLING, "output_resolution": "4K"}, "output_resolution"),
        ("kling/text_to_video", {**KLING, "last_frame_image_url": URL}, "first_frame_image_url"),
        ("kling/text_to_video", {**KLING, "multi_prompt": [{"prompt": "A den"}]}, "multi_prompt"),
        ("kling/image_to_video", KLING, None),
        ("seedance/text_to_video", {**SEEDANCE, "seed": 1}, "seed"),
        ("seedance/text_to_video", {**SEEDANCE, "return_last_frame": True}, "return_last_frame"),
        ("seedance/text_to_video", {**SEEDANCE, "duration_seconds": -1}, "duration_seconds"),
        (
            "seedance/text_to_video",
            {**SEEDANCE, "model": "seedance-2.0-fast", "output_resolution": "1080p"},
            "output_resolution",
        ),
        (
            "seedance/text_to_video",
            {**SEEDANCE, "first_frame_image_url": URL, "reference_image_urls": [URL]},
            "reference_image_urls",
        ),
        (
            "seedance/text_to_video",
            {**SEEDANCE, "reference_video_urls": [URL], "output_resolution": "4k"},
            "output_resolution",
        ),
        ("veo_3_1/text_to_video", {**VEO, "duration_seconds": 5}, "duration_seconds"),
        ("veo_3_1/text_to_video", {**VEO, "output_resolution": "720p"}, "output_resolution"),
        ("veo_3_1/text_to_video", {**VEO, "input_mode": "reference"}, "reference_image_urls"),
        (
            "veo_3_1/text_to_video",
            {**VEO, "input_mode": "text", "first_frame_image_url": URL},
            "first_frame_image_url",
        ),
        ("wan/text_to_video", {**TEXT, "multi_shots": True}, "multi_shots"),
        ("wan/text_to_video", IMAGE, "model"),
        ("wan/image_to_video", {**IMAGE, "prompt": None}, "prompt"),
        ("wan/image_to_video", {**IMAGE, "aspect_ratio": "16:9"}, "aspect_ratio"),
        ("wan/text_to_video", {**R2V, "duration_seconds": 11}, "duration_seconds"),
        ("suno/text_to_music", {**IDEA, "prompt": None}, "prompt"),
        ("suno/text_to_music", {**IDEA, "vocal_mode": None}, "vocal_mode"),
        ("suno/text_to_music", {**IDEA, "duration_seconds": 60}, "duration_seconds"),
        ("suno/text_to_music", {**IDEA, "style": "folk"}, "style"),
        ("suno/text_to_music", {**SONG, "prompt": "A fox"}, "prompt"),
        ("suno/text_to_music", {**SONG, "title": None}, "title"),
        ("suno/text_to_music", {**TUNE, "vocal_gender": "male"}, "vocal_gender"),
        ("suno/text_to_music", {**TUNE, "lyrics": "La"}, "lyrics"),
        ("elevenlabs/text_to_speech", {**SPEECH, "voice": None}, "voice"),
        ("elevenlabs/text_to_speech", {**SPEECH, "speed": 2}, "speed"),
        ("openai_tts/text_to_speech", {**SAID, "text": "x" * 4097}, "text"),
        ("openai_tts/text_to_speech", {**SAID, "callback_url": URL}, "callback_url"),
        ("gemini_tts/text_to_speech", {**TURNS, "speakers": [{"speaker_id": "Speaker 1"}]}, "speakers"),
        ("nano_banana/text_to_image", {**LITE, "aspect_ratio": None}, "aspect_ratio"),
        ("nano_banana/text_to_image", {**LITE, "output_resolution": "1k"}, "output_resolution"),
        ("nano_banana/text_to_image", {**NANO, "reference_image_urls": [URL] * 15}, "reference_image_urls"),
        ("seedream/text_to_image", {**SEEDREAM, "output_format": "png"}, "output_format"),
        ("seedream/text_to_image", {**SEEDREAM, "output_quality": "ultra"}, "output_quality"),
        ("imagen_4/text_to_image", {"model": "imagen-4", "prompt": "A fox", "aspect_ratio": "auto"}, "aspect_ratio"),
        ("qwen_2/edit_image", {**QWEN, "source_image_url": None}, "source_image_url"),
        ("qwen_2/edit_image", {**QWEN, "source_image_urls": [URL]}, "source_image_urls"),
    ],
)
def test_refused_by_field(run, path, body, field):
    status, answer = run.post(body, f"/api/v1/{path}")
    if field is None:
        assert status == 404
    else:
        assert (status, answer["error"]) == (422, "Validation failed")
        assert field in answer["errors"]
    assert run.charged() == []


def finished(run, path, body):
    """Return what a look at a finished task tells, and its id."""
    path = f"/api/v1/{path}"
    status, created = run.post(body, path)
    assert (status, created["status"]) == (200, "pending")
    run.clock.tick(4)
    status, done = run.ask("GET", f"{path}/{created['id']}")
    assert (status, done["status"]) == (200, "completed")
    return done, created["id"]


def test_two_songs_with_titles_and_covers(run):
    done, task_id = finished(run, "suno/text_to_music", SONG)
    link = f"http://sim.test/media/tasks/{task_id}/{{}}"
    common = {"lyrics": "La la", "model_name": "suno-v6", "title": "Fox", "tags": ["folk", "slow"], "duration": 30}
    assert done["audios"] == [
        {
            "id": f"{task_id}-{each}",
            "audio_url": link.format(f"{each}.mp3"),
            "stream_audio_url": link.format(f"{each}.mp3"),
            "image_url": link.format(f"{each + 2}.jpg"),
            **common,
        }
        for each in range(2)
    ]
    assert done["usage"] == {"cost": 0.22}
    heads = [run.raw("GET", f"/media/tasks/{task_id}/{name}").body[:3] for name in ("1.mp3", "3.jpg")]
    assert heads == [b"ID3", b"\xff\xd8\xff"]


def test_a_film_says_more_where_its_family_does(run):
    done, task_id = finished(
        run, "seedance/text_to_video", {**SEEDANCE, "model": "seedance-2.5", "return_last_frame": True}
    )
    assert done["last_frame_image_url"] == f"http://sim.test/media/tasks/{task_id}/1.jpg"
    done, task_id = finished(run, "veo_3_1/text_to_video", VEO)
    films = [{"url": f"http://sim.test/media/tasks/{task_id}/0.mp4"}]
    assert {**done, "usage": None} == {
        "id": task_id,
        "status": "completed",
        "videos": films,
        "error": None,
        "usage": None,
        "resolution": "720p",
        "has_audio": True,
        "sources": films,
    }
    assert set(finished(run, "kling/text_to_video", KLING)[0]) == {"id", "status", "videos", "error", "usage"}


def said(run, body=None, **headers):
    """Return the answer to a synchronous action, and the id that its header names."""
    sent = json.dumps(SAID if body is None else body).encode()
    response = run.raw("POST", "/api/v1/openai_tts/text_to_speech", sent, {**run.auth, **headers})
    return response, json.loads(response.body), response.headers["X-RunAPI-Task-Id"]


def test_a_synchronous_action_is_finished_when_it_is_answered(run):
    response, body, task_id = said(run, **{"Idempotency-Key": "k"})
    link = f"http://sim.test/media/tasks/{task_id}/0.mp3"
    size = len(run.raw("GET", link.removeprefix("http://sim.test")).body)
    sound = {"url": link, "format": "mp3", "mime_type": "audio/mpeg", "size_bytes": size}
    finished = {"id": task_id, "status": "completed", "audios": [sound], "usage": {"cost": 0.04}}
    assert (response.status, body) == (200, finished)
    assert said(run, **{"Idempotency-Key": "k"})[1] == {**body, "task_replayed": True}
    assert run.charged() == [4]


def test_one_that_takes_longer_is_looked_at_where_its_answer_says(run):
    run.service.form = "begun"
    response, body, task_id = said(run)
    assert (response.status, body) == (202, {"id": task_id, "status": "pending"})
    where = response.headers["Location"]
    assert (where, response.headers["Retry-After"]) == (f"/api/v1/tasks/{task_id}", "1")
    assert run.ask("GET", f"/api/v1/openai_tts/text_to_speech/{task_id}")[0] == 404
    assert run.ask("GET", where)[1] == {"id": task_id, "status": "pending", "error": None, "response": None}
    run.clock.tick(4)
    done = run.ask("GET", where)[1]
    assert (done["status"], done["response"]["status"]) == ("completed", 200)
    assert done["response"]["body"]["audios"][0]["url"] == f"http://sim.test/media/tasks/{task_id}/0.mp3"


def test_one_that_fails_is_looked_at_too_and_given_back(run):
    run.service.add_fault({"kind": "failed"})
    response, _, _ = said(run)
    status, done = run.ask("GET", response.headers["Location"])
    assert (response.status, status, done["status"], done["error"]) == (202, 200, "failed", "Generation failed")
    assert [entry["refunded"] for entry in run.service.bills()["entries"]] == [4]
    assert run.ask("GET", f"/api/v1/tasks/{run.submit()}")[0] == 404


@pytest.mark.parametrize("form", ["in_header", "located"])
def test_the_id_of_a_synchronous_action_may_stand_in_a_header_alone(run, form):
    run.service.form = form
    response = run.raw("POST", "/api/v1/openai_tts/text_to_speech", json.dumps(SAID).encode(), run.auth)
    (task_id,) = run.service.tasks
    assert (response.status, json.loads(response.body)) == (202, {"status": "pending"})
    assert response.headers["Location"] == f"/api/v1/tasks/{task_id}"
    assert response.headers.get("X-RunAPI-Task-Id") == (None if form == "located" else task_id)


def test_one_that_fails_may_be_told_at_once_without_an_id(run):
    run.service.form = "told"
    run.service.add_fault({"kind": "failed"})
    response = run.raw("POST", "/api/v1/openai_tts/text_to_speech", json.dumps(SAID).encode(), run.auth)
    assert (response.status, json.loads(response.body)) == (200, {"status": "failed", "error": "Generation failed"})
    assert "X-RunAPI-Task-Id" not in response.headers


@pytest.mark.parametrize(("form", "read"), [("enclosed", dict), ("as_text", json.loads)])
def test_a_look_may_hold_the_response_with_the_error(run, form, read):
    run.service.form = form
    run.service.add_fault({"kind": "failed"})
    looks = [said(run)[0].headers["Location"] for _ in range(2)]
    run.clock.tick(4)
    failed, done = (run.ask("GET", look)[1] for look in looks)
    assert (failed["status"], failed["error"], failed["response"]["status"]) == ("completed", None, 422)
    assert read(failed["response"]["body"]) == {"error": "Generation failed"}
    assert set(read(done["response"]["body"])) == {"id", "status", "audios", "usage"}


def test_quotes_and_schedules_by_the_second(run):
    def quote(model, action, **params):
        wanted = {"service": model.partition("-")[0], "action": action, "model": model, "params": params}
        answer = run.ask("POST", "/api/v1/price_quotes", wanted)[1]["price_quote"]
        return answer["pricing_status"], answer["reservation_amount_cents"]

    assert quote("kling-3.0", "text_to_video", duration_seconds=10, enable_sound=True) == ("available", 200)
    half = {"output_resolution": "480p", "reference_video_urls": [URL]}
    assert quote("seedance-2.0", "text_to_video", **half) == ("available", 57.5)
    assert quote("seedance-2.0", "text_to_video", **{**half, "output_resolution": "4k"}) == ("pending", None)
    assert quote("suno-v6", "text_to_music") == ("pending", None)
    rows = run.ask("GET", "/api/v1/price_schedules?service=seedance")[1]["price_schedules"]
    assert {row["billing_unit"] for row in rows} == {"second"}
    assert [row["unit_price_cents"] for row in rows] == [41, None, None]
    assert rows[0]["billing_config"]["output_resolution reference_video_urls"]["480p true"] == 11.5


def test_a_balance_that_is_not_whole(run):
    run.post({**SEEDANCE, "reference_video_urls": [URL], "output_resolution": "480p"}, "/api/v1/seedance/text_to_video")
    assert run.ask("GET", "/api/v1/me/balance")[1]["spent_cents_total"] == 57.5
