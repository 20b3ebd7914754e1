"""kie.ai's contract: what each model takes and costs, its records, its veo route, its files, its codes and webhooks."""

import base64
import hashlib
import hmac
import json
from urllib.parse import urlsplit

import pytest

from anymedia.simulators import services
from anymedia.simulators.webhooks import Delivery, Moment

URL = "https://example.com/a"
PICTURE, FILM, SOUND = f"{URL}.png", f"{URL}.mp4", f"{URL}.mp3"
PROMPT = {"prompt": "A fox in the snow"}
SHAPE = {**PROMPT, "aspect_ratio": "1:1"}
FLUX = {**SHAPE, "resolution": "1K"}
SEEDREAM = {**SHAPE, "quality": "basic"}
KLING = {
    **PROMPT,
    "mode": "std",
    "duration": "5",
    "sound": False,
    "aspect_ratio": "16:9",
    "multi_shots": False,
    "multi_prompt": [],
}
SHOTS = {"multi_shots": True, "multi_prompt": [{"prompt": "A den", "duration": 4}, {"prompt": "A hill", "duration": 3}]}
ELEMENT = {"name": "fox", "description": "red", "element_input_urls": [PICTURE, PICTURE]}
SEEDANCE, WAN = "bytedance/seedance-2", "wan/2-7"
SUNO = "ai-music-api/generate"
IDEA = {"model": "V6", "custom_mode": False, "instrumental": False, "prompt": "A song of a fox"}
SONG = {
    "model": "V6_MINI",
    "custom_mode": True,
    "instrumental": False,
    "title": "Fox",
    "lyrics": "La la",
    "style": "folk",
    "negative_tags": "drums",
    "duration": 60,
    "vocal_gender": "f",
    "style_weight": 0.5,
    "weirdness_constraint": 0,
    "audio_weight": 1,
}
ELEVEN = "elevenlabs/text-to-speech"
SAID = {"text": "Hello fox", "voice": "Rachel"}
GEMINI = {
    "speakers": [{"speaker_id": "Speaker 1", "voice_name": "Kore", "accent": "neutral", "style": "", "pace": "slow"}],
    "dialogue_turns": [{"speaker_id": "Speaker 1", "text": "Hello"}],
    "scene": "a den",
    "sample_context": "",
    "temperature": 1.5,
}


def film(size, seconds, sound=False):
    return "mp4", size, seconds, sound


HD, FULL_HD = (1280, 720), (1920, 1080)

# Model, input, credits, and of films and sounds what is made.
MADE = [
    ("flux-2/pro-text-to-image", FLUX, 5, None),
    ("flux-2/pro-text-to-image", {**FLUX, "resolution": "2K", "nsfw_checker": True}, 7, None),
    ("flux-2/flex-image-to-image", {**FLUX, "aspect_ratio": "auto", "input_urls": [PICTURE]}, 14, None),
    ("gpt-image-2-text-to-image", PROMPT, 6, None),
    ("gpt-image-2-text-to-image", {**PROMPT, "aspect_ratio": "16:9", "resolution": "4K"}, 16, None),
    ("gpt-image-2-image-to-image", {**PROMPT, "input_urls": [PICTURE] * 16, "aspect_ratio": "auto"}, 6, None),
    ("gpt-image-2-image-to-image", {**FLUX, "input_urls": [PICTURE], "resolution": "2K"}, 10, None),
    ("gpt-image-2-5-flare-text-to-image", {**PROMPT, "background": "transparent"}, 6, None),
    ("gpt-image-2-5-sunburst-image-to-image", {**PROMPT, "input_urls": [PICTURE]}, 6, None),
    ("google/nano-banana", {**PROMPT, "output_format": "jpeg"}, 4, None),
    ("google/nano-banana-edit", {**PROMPT, "image_urls": [PICTURE], "image_size": "16:9"}, 4, None),
    ("nano-banana-2", PROMPT, 8, ("jpeg", (1024, 1024), 0, False)),
    (
        "nano-banana-2",
        {**PROMPT, "image_input": [PICTURE] * 14, "aspect_ratio": "8:1", "resolution": "4K", "output_format": "png"},
        18,
        None,
    ),
    ("nano-banana-pro", {**PROMPT, "resolution": "2K"}, 18, ("png", (2048, 2048), 0, False)),
    ("nano-banana-pro", {**PROMPT, "resolution": "4K", "output_format": "jpg"}, 24, None),
    ("nano-banana-2-lite", {**SHAPE, "image_urls": [PICTURE]}, 4, None),
    ("seedream/4.5-text-to-image", SEEDREAM, 6.5, ("jpeg", (2048, 2048), 0, False)),
    (
        "seedream/4.5-edit",
        {**SEEDREAM, "quality": "high", "image_urls": [PICTURE] * 14, "nsfw_checker": False},
        6.5,
        None,
    ),
    ("seedream/5-lite-text-to-image", {**SEEDREAM, "quality": "ultra", "output_format": "jpeg"}, 5.5, None),
    ("seedream/5-lite-image-to-image", {**SEEDREAM, "quality": "high", "image_urls": [PICTURE]}, 5.5, None),
    ("seedream/5-pro-text-to-image", SEEDREAM, 7, None),
    ("seedream/5-pro-image-to-image", {**SEEDREAM, "quality": "high", "image_urls": [PICTURE] * 3}, 15, None),
    ("google/imagen4", {**PROMPT, "seed": "7", "negative_prompt": "rain"}, 8, None),
    ("google/imagen4-fast", {**PROMPT, "seed": 7, "aspect_ratio": "auto"}, 4, None),
    ("google/imagen4-ultra", {**PROMPT, "aspect_ratio": "3:4"}, 12, None),
    ("qwen2/text-to-image", {**PROMPT, "image_size": "4:3", "seed": 1, "output_format": "jpeg"}, 5.6, None),
    ("qwen2/image-edit", {**PROMPT, "image_url": PICTURE, "image_size": "21:9"}, 5.6, None),
    ("z-image", SHAPE, 0.8, None),
    ("kling-3.0/video", KLING, 70, film(HD, 5)),
    ("kling-3.0/video", {**KLING, "mode": "pro", "sound": True, "duration": "15"}, 405, film(FULL_HD, 15, True)),
    ("kling-3.0/video", {**KLING, "mode": "4K", "aspect_ratio": "9:16"}, 335, film((2160, 3840), 5)),
    (
        "kling-3.0/video",
        {**KLING, "aspect_ratio": None, "image_urls": [PICTURE, PICTURE], "kling_elements": [ELEMENT]},
        70,
        film(HD, 5),
    ),
    ("kling-3.0/video", {**KLING, "prompt": "", **SHOTS, "image_urls": [PICTURE]}, 140, film(HD, 7, True)),
    ("kling/v3-turbo-text-to-video", {**PROMPT, "duration": "4", "resolution": "1080p"}, 72, film(FULL_HD, 4)),
    ("kling/v3-turbo-image-to-video", {**PROMPT, "duration": "4", "image_urls": [PICTURE]}, 56, film(HD, 4)),
    (SEEDANCE, PROMPT, 205, film(HD, 5, True)),
    (SEEDANCE, {**PROMPT, "resolution": "4k", "duration": 4, "generate_audio": False}, 832, film((3840, 2160), 4)),
    (
        SEEDANCE,
        {
            **PROMPT,
            "reference_image_urls": [PICTURE],
            "reference_video_urls": [FILM],
            "reference_audio_urls": [SOUND],
            "resolution": "480p",
            "aspect_ratio": "adaptive",
        },
        57.5,
        film((854, 480), 5, True),
    ),
    (SEEDANCE, {**PROMPT, "web_search": True, "return_last_frame": True}, 205, film(HD, 5, True)),
    (
        f"{SEEDANCE}-fast",
        {**PROMPT, "nsfw_checker": True, "first_frame_url": PICTURE, "last_frame_url": PICTURE},
        124,
        None,
    ),
    (f"{SEEDANCE}-fast", {**PROMPT, "reference_video_urls": [FILM]}, 75, None),
    (f"{SEEDANCE}-mini", {**PROMPT, "resolution": "480p"}, 58.5, None),
    (f"{SEEDANCE}-5", {**PROMPT, "duration": -1, "generate_audio": False, "output_format": "mov"}, 315, film(HD, 5)),
    (f"{SEEDANCE}-5", {**PROMPT, "duration": 30, "resolution": "480p"}, 1260, film((854, 480), 30, True)),
    (f"{WAN}-text-to-video", {**PROMPT, "audio_url": SOUND, "ratio": "1:1"}, 120, film((1080, 1080), 5, True)),
    (f"{WAN}-image-to-video", {"first_frame_url": PICTURE, "last_frame_url": PICTURE, "resolution": "720p"}, 80, None),
    (f"{WAN}-image-to-video", {"first_clip_url": FILM, "driving_audio_url": SOUND, "duration": 15}, 360, None),
    (
        f"{WAN}-r2v",
        {**PROMPT, "reference_image": [PICTURE], "reference_video": [FILM], "reference_voice": SOUND, "duration": 10},
        240,
        film(FULL_HD, 10, True),
    ),
    (f"{WAN}-r2v", {**SHAPE, "reference_image": [PICTURE] * 5, "first_frame": PICTURE, "resolution": "720p"}, 80, None),
    (
        f"{WAN}-videoedit",
        {"video_url": FILM, "reference_image": PICTURE, "audio_setting": "origin", "duration": 0, "seed": 2**31 - 1},
        120,
        None,
    ),
    (SUNO, IDEA, 12, ("mp3", (0, 0), 30, False)),
    (SUNO, {**IDEA, "style": "folk"}, 12, None),
    (SUNO, SONG, 12, ("mp3", (0, 0), 60, False)),
    (SUNO, {"model": "V6_WILD", "custom_mode": True, "instrumental": True, "title": "Fox", "style": "folk"}, 12, None),
    (f"{ELEVEN}-multilingual-v2", {**SAID, "speed": 0.7, "stability": 0.5, "timestamps": True}, 6, None),
    (
        f"{ELEVEN}-turbo-2-5",
        {"text": "x" * 150, "previous_text": "", "language_code": "en"},
        6,
        ("mp3", (0, 0), 10, False),
    ),
    ("google/gemini-3-1-flash-tts", GEMINI, 6, ("wav", (0, 0), 1, False)),
]
CREATE = "/api/v1/jobs/createTask"


@pytest.fixture
def kie(caller):
    return caller("kie")


def create(kie, model, wanted, **beside):
    status, body = kie.ask("POST", CREATE, {"model": model, "input": wanted, **beside})
    assert status == 200  # whatever the body's code is
    return body


def record(kie, task_id, path="jobs/recordInfo"):
    return kie.ask("GET", f"/api/v1/{path}?taskId={task_id}")[1]["data"]


def done(kie, body):
    """Return the id of a task that was created, once it is over."""
    assert body["code"] == 200, body
    kie.clock.tick(4)
    return body["data"]["taskId"]


@pytest.mark.parametrize(("model", "wanted", "price", "made"), MADE)
def test_what_is_made_and_what_it_costs(kie, model, wanted, price, made):
    task = kie.service.tasks[done(kie, create(kie, model, wanted))]
    assert float(task.order.price) == price
    assert kie.service.unread == []
    if made is not None:
        assert (task.order.media, task.order.size, task.order.seconds, task.order.sound) == made


@pytest.mark.parametrize(
    ("model", "wanted", "said"),
    [
        ("flux-2", FLUX, "The model name you specified is not supported"),
        ("V6", IDEA, "The model name you specified is not supported"),
        ("z-image", None, "The input cannot be null"),
        ("flux-2/pro-text-to-image", {**FLUX, "input_urls": [PICTURE]}, "input_urls needs a model that takes images"),
        ("flux-2/pro-text-to-image", {**FLUX, "aspect_ratio": "auto"}, "aspect_ratio must be one of 1:1"),
        ("flux-2/pro-image-to-image", FLUX, "input_urls is required"),
        ("gpt-image-2-text-to-image", {**FLUX, "resolution": "4K"}, "resolution 4K is not available for 1:1"),
        ("gpt-image-2-text-to-image", {**PROMPT, "resolution": "2K"}, "resolution above 1K needs an aspect_ratio"),
        ("gpt-image-2-text-to-image", {**FLUX, "aspect_ratio": "9:21", "resolution": "2K"}, "not available for 9:21"),
        ("nano-banana-2-lite", {**SHAPE, "resolution": "1K", "aspect_ratio": None}, "aspect_ratio is required"),
        ("seedream/4.5-text-to-image", SHAPE, "quality is required"),
        ("seedream/5-pro-text-to-image", {**SEEDREAM, "quality": "ultra"}, "quality must be one of basic, high"),
        ("google/imagen4", {**PROMPT, "seed": 7}, "seed must be a string"),
        ("google/imagen4-fast", {**PROMPT, "seed": "7"}, "seed must be an integer"),
        ("qwen2/text-to-image", {**PROMPT, "image_size": "21:9"}, "image_size must be one of"),
        *(
            ("kling-3.0/video", {**KLING, name: None}, f"{name} is required")
            for name in ("prompt", "mode", "duration", "sound", "aspect_ratio", "multi_shots", "multi_prompt")
        ),
        ("kling-3.0/video", {**KLING, "duration": 5}, "duration must be a string"),
        ("kling-3.0/video", {**KLING, "mode": "4k"}, "mode must be one of std, pro, 4K"),
        ("kling-3.0/video", {**KLING, "multi_shots": True}, "multi_prompt is required"),
        ("kling-3.0/video", {**KLING, **SHOTS, "image_urls": [PICTURE] * 2}, "image_urls takes a first frame alone"),
        (
            "kling-3.0/video",
            {**KLING, "prompt": "@fox runs", "kling_elements": [ELEMENT]},
            "kling_elements needs image_urls",
        ),
        (SEEDANCE, {**PROMPT, "duration": "5"}, "duration must be an integer"),
        (SEEDANCE, {**PROMPT, "first_frame_url": PICTURE, "reference_image_urls": [PICTURE]}, "cannot be combined"),
        (SEEDANCE, {**PROMPT, "last_frame_url": PICTURE}, "last_frame_url needs first_frame_url"),
        (SEEDANCE, {**PROMPT, "first_frame_url": PICTURE, "web_search": True}, "web_search is for text to video"),
        (f"{SEEDANCE}-fast", {**PROMPT, "resolution": "1080p"}, "resolution must be one of 480p, 720p"),
        (f"{WAN}-text-to-video", {"ratio": "1:1"}, "prompt is required"),
        (f"{WAN}-image-to-video", PROMPT, "first_frame_url is required"),
        (f"{WAN}-image-to-video", {"first_clip_url": FILM, "last_frame_url": PICTURE}, "needs first_frame_url"),
        (f"{WAN}-r2v", PROMPT, "reference_image or reference_video is required"),
        (f"{WAN}-r2v", {"reference_image": [PICTURE] * 6}, "reference_image accepts at most 5"),
        (f"{WAN}-videoedit", {"video_url": FILM, "duration": 1}, "duration must be between 2 and 10"),
        (SUNO, {**IDEA, "prompt": ""}, "prompt is required"),
        (SUNO, {**IDEA, "prompt": "x" * 3001}, "prompt must be at most 3000"),
        *(
            (SUNO, {**IDEA, name: SONG[name]}, f"{name} is for custom_mode alone")
            for name in ("duration", "vocal_gender")
        ),
        (SUNO, {**SONG, "title": None}, "title is required"),
        (
            SUNO,
            {"model": "V6", "custom_mode": True, "instrumental": False, "title": "Fox"},
            "style or lyrics or negative",
        ),
        (SUNO, {**SONG, "instrumental": True}, "lyrics is not sung"),
        (SUNO, {**SONG, "model": "V5_5"}, "model must be one of V6, V6_MINI, V6_WILD"),
        (f"{ELEVEN}-multilingual-v2", {"text": "Hello"}, "voice is required"),
        (
            "google/gemini-3-1-flash-tts",
            {**GEMINI, "dialogue_turns": [{"speaker_id": "x", "text": "a"}]},
            "names a speaker",
        ),
        (
            "google/gemini-3-1-flash-tts",
            {**GEMINI, "speakers": [{**GEMINI["speakers"][0], "speaker_id": "fox"}]},
            "speakers has speaker_id",
        ),
    ],
)
def test_what_is_refused_at_http_200(kie, model, wanted, said):
    body = create(kie, model, wanted)
    assert (body["code"], body["data"]) == (422, None)
    assert said in body["msg"]
    assert kie.service.tasks == {}


def test_bodies_and_looks_that_are_none(kie):
    assert kie.ask("POST", CREATE, [])[1]["code"] == 400
    assert kie.ask("GET", "/api/v1/jobs/recordInfo")[1]["msg"] == "taskId is required"
    assert create(kie, "z-image", SHAPE, callBackUrl="nowhere")["code"] == 422


def test_what_nobody_reads_is_noted(kie):
    create(kie, "z-image", {**SHAPE, "steps": 9}, extra=1)
    assert sorted(kie.service.unread) == ["submit: extra", "submit: input.steps"]


def test_two_songs_in_data_and_no_links(kie):
    told = record(kie, done(kie, create(kie, SUNO, SONG)))
    first, second = json.loads(told["resultJson"])["data"]
    assert (first["title"], first["duration"]) == (second["title"], second["duration"]) == ("Fox", 60)
    assert first["audio_url"].endswith("/0.mp3")
    assert second["image_url"].endswith("/3.jpg")
    assert (told["state"], told["creditsConsumed"]) == ("success", 12)


@pytest.mark.parametrize(("form", "links"), [("named", 1), ("listed", 2)])
def test_the_last_frame_of_a_film_stands_in_one_of_two_places(kie, form, links):
    kie.service.form = form
    told = record(kie, done(kie, create(kie, SEEDANCE, {**PROMPT, "return_last_frame": True})))
    result = json.loads(told["resultJson"])
    assert len(result["resultUrls"]) == links
    assert result.get("lastFrameUrl", result["resultUrls"][-1]).endswith("/1.jpg")


def test_a_look_that_comes_too_early_and_a_task_of_another_route(kie):
    task_id = create(kie, "z-image", SHAPE)["data"]["taskId"]
    kie.service.add_fault({"kind": "not_yet"})
    assert kie.ask("GET", f"/api/v1/jobs/recordInfo?taskId={task_id}")[1]["msg"] == "recordInfo is null"
    assert record(kie, task_id)["state"] == "waiting"
    assert kie.ask("GET", f"/api/v1/veo/record-info?taskId={task_id}")[1]["code"] == 404


# Veo

GENERATE = "/api/v1/veo/generate"


@pytest.mark.parametrize(
    ("wanted", "price", "made"),
    [
        ({}, 60, film(HD, 8, True)),
        (
            {"model": "veo3", "resolution": "4k", "aspect_ratio": "9:16", "duration": 4},
            250,
            film((2160, 3840), 4, True),
        ),
        ({"model": "veo3_lite", "aspect_ratio": "Auto", "imageUrls": [PICTURE] * 3}, 30, film(HD, 8, True)),
        ({"imageUrls": [PICTURE] * 2, "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO", "watermark": "x"}, 60, None),
        ({"imageUrls": [PICTURE], "generationType": "REFERENCE_2_VIDEO", "enableTranslation": True}, 60, None),
    ],
)
def test_veo_has_a_route_of_its_own(kie, wanted, price, made):
    task_id = done(kie, kie.ask("POST", GENERATE, {**PROMPT, **wanted})[1])
    order = kie.service.tasks[task_id].order
    assert (order.price, kie.service.unread) == (price, [])
    assert made in (None, (order.media, order.size, order.seconds, order.sound))
    told = record(kie, task_id, "veo/record-info")
    assert (told["successFlag"], len(told["response"]["resultUrls"])) == (1, 1)
    assert kie.ask("GET", f"/api/v1/jobs/recordInfo?taskId={task_id}")[1]["code"] == 404


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"prompt": None}, "prompt is required"),
        ({"aspect_ratio": "auto"}, "aspect_ratio must be one of"),
        ({"duration": 5}, "duration must be one of 4, 6, 8"),
        ({"imageUrls": [PICTURE], "generationType": "TEXT_2_VIDEO"}, "imageUrls takes 0 to 0"),
        ({"generationType": "REFERENCE_2_VIDEO"}, "imageUrls takes 1 to 3"),
        ({"imageUrls": [PICTURE], "generationType": "REFERENCE_2_VIDEO", "model": "veo3"}, "needs veo3_fast"),
        ({"imageUrls": [PICTURE], "generationType": "REFERENCE_2_VIDEO", "duration": 4}, "duration must be 8"),
    ],
)
def test_what_veo_refuses(kie, wanted, said):
    body = kie.ask("POST", GENERATE, {**PROMPT, **wanted})[1]
    assert body["code"] == 422
    assert said in body["msg"]


@pytest.mark.parametrize(("like", "flag", "code"), [("failed", 2, "500"), ("moderated", 3, "501")])
def test_a_film_of_veo_that_failed(kie, like, flag, code):
    kie.service.add_fault({"kind": "failed", "like": like})
    task_id = kie.ask("POST", GENERATE, PROMPT)[1]["data"]["taskId"]
    assert record(kie, task_id, "veo/record-info")["successFlag"] == 0
    kie.clock.tick(4)
    told = record(kie, task_id, "veo/record-info")
    assert (told["successFlag"], told["errorCode"], told["response"]) == (flag, code, None)
    assert kie.service.balance == 100_000


def test_a_film_of_veo_goes_on_and_is_had_larger(kie):
    task_id = kie.ask("POST", GENERATE, PROMPT)[1]["data"]["taskId"]
    wanted = {"taskId": task_id, **PROMPT, "seeds": 10_000, "model": "quality"}
    assert kie.ask("POST", "/api/v1/veo/extend", wanted)[1]["msg"] == "The task has not succeeded"
    kie.clock.tick(4)
    more = done(kie, kie.ask("POST", "/api/v1/veo/extend", wanted)[1])
    assert (kie.service.tasks[more].order.price, kie.service.tasks[more].order.seconds) == (250, 8)
    assert kie.ask("POST", "/api/v1/veo/extend", {**wanted, "taskId": "none"})[1]["code"] == 404
    assert kie.ask("POST", "/api/v1/veo/extend", {**wanted, "seeds": 1})[1]["code"] == 422
    for body in (
        kie.ask("GET", f"/api/v1/veo/get-1080p-video?taskId={task_id}&index=0")[1],
        kie.ask("POST", "/api/v1/veo/get-4k-video", {"taskId": task_id, "index": 0})[1],
    ):
        assert body["data"]["resultUrl"].endswith("/0.mp4")
    assert kie.ask("GET", f"/api/v1/veo/get-1080p-video?taskId={task_id}&index=1")[1]["code"] == 422


# Files

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def put(kie, way, body):
    return kie.ask("POST", f"/api/file-{way}-upload", body)


def streamed(kie, *parts):
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="' + name + b"\r\n\r\n" + held + b"\r\n" for name, held in parts
    )
    headers = {**kie.auth, "Content-Type": "multipart/form-data; boundary=x"}
    response = kie.raw("POST", "/api/file-stream-upload", body + b"--x--\r\n", headers)
    return response.status, json.loads(response.body)


def test_files_are_put_in_in_three_ways_and_taken_for_three_days(kie):
    in_base64 = base64.b64encode(PNG).decode()
    links = [
        streamed(kie, (b'file"; filename="a.png"', PNG), (b'uploadPath"', b"anymedia"))[1],
        put(kie, "base64", {"base64Data": in_base64, "uploadPath": "anymedia", "fileName": "b.png"})[1],
        put(kie, "base64", {"base64Data": f"data:image/png;base64,{in_base64}", "uploadPath": "anymedia"})[1],
        put(kie, "url", {"fileUrl": PICTURE, "uploadPath": "anymedia"})[1],
    ]
    urls = [each["data"]["downloadUrl"] for each in links]
    assert links[1]["data"]["filePath"] == "anymedia/b.png"
    assert [each["data"]["fileName"] for each in links] == ["a.png", "b.png", "file", "a.png"]
    assert kie.service.unread == []
    edit = {**FLUX, "input_urls": urls}
    assert create(kie, "flux-2/pro-image-to-image", edit)["code"] == 200
    kie.clock.tick(3 * 86_400)
    assert "its link has expired" in create(kie, "flux-2/pro-image-to-image", edit)["msg"]


@pytest.mark.parametrize(
    ("way", "body", "said"),
    [
        ("stream", {"uploadPath": "a"}, "uploadPath is required"),
        ("base64", {"base64Data": "aGk="}, "uploadPath is required"),
        ("base64", {"base64Data": "aGk=", "uploadPath": "/a"}, "no slash at either end"),
        ("base64", {"base64Data": "!", "uploadPath": "a"}, "base64Data is not valid"),
        ("base64", {"base64Data": base64.b64encode(bytes(10_000_001)).decode(), "uploadPath": "a"}, "more than 10 MB"),
        ("url", {"fileUrl": "nowhere", "uploadPath": "a"}, "fileUrl must be a public URL"),
        ("url", {"fileUrl": "http://10.0.0.1/a.png", "uploadPath": "a"}, "could not be fetched"),
    ],
)
def test_uploads_are_refused_with_the_http_status_of_their_code(kie, way, body, said):
    status, answer = put(kie, way, body)
    assert (status, answer["code"], answer["success"]) == (400, 400, False)
    assert said in answer["msg"]


def test_a_form_without_a_file_and_a_call_without_the_key(kie):
    assert streamed(kie, (b'uploadPath"', b"a"))[1]["msg"] == "file is required"
    assert kie.raw("POST", "/api/file-base64-upload", b"{}", {"Authorization": "Bearer none"}).status == 401


def test_a_fresh_link_lasts_twenty_minutes_and_longer_than_the_first_one(kie):
    task_id = done(kie, create(kie, "z-image", SHAPE))
    (url,) = json.loads(record(kie, task_id)["resultJson"])["resultUrls"]

    def fresh():
        return kie.ask("POST", "/api/v1/common/download-url", {"url": url})[1]

    def fetched(link):
        return kie.raw("GET", urlsplit(link).path)

    kie.clock.tick(86_400)
    assert fetched(url).status == 403
    link = fresh()["data"]
    assert (fetched(link).status, fetched(link).headers["Content-Type"]) == (200, "image/jpeg")
    assert fetched(link.replace(task_id, "none")).status == 404
    kie.clock.tick(1200)
    assert fetched(link).status == 403
    kie.clock.tick(14 * 86_400)
    assert fresh()["code"] == 404
    assert kie.ask("POST", "/api/v1/common/download-url", {})[1]["code"] == 422


def test_credits_that_are_left(kie):
    create(kie, "z-image", SHAPE)
    assert kie.ask("GET", "/api/v1/chat/credit")[1] == {"code": 200, "msg": "success", "data": 99_999.2}


@pytest.mark.parametrize(("code", "means"), [(433, "no_credit"), (455, "unavailable"), (505, "rejected")])
def test_the_codes_of_the_page_come_at_http_200(kie, code, means):
    assert [(each.status, each.means) for each in services()["kie"].errors if each.code == code] == [(200, means)]


# Webhooks


@pytest.mark.parametrize("route", ["jobs", "veo"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_webhook_is_signed_over_the_id_and_the_time_alone(kie, route, fails):
    if fails:
        kie.service.add_fault({"kind": "failed"})
    hook = "http://127.0.0.1:9/done"
    if route == "veo":
        task_id = done(kie, kie.ask("POST", GENERATE, {**PROMPT, "callBackUrl": hook})[1])
    else:
        task_id = done(kie, create(kie, "z-image", SHAPE, callBackUrl=hook))
    (post,) = kie.service.due(9)
    body = json.loads(post.body)
    taken = float(kie.service.tasks[task_id].order.price)
    assert (body["code"], body["data"]["taskId"]) == (501 if fails else 200, task_id)
    assert body["data"]["consumeCredits"] == (0 if fails else taken)
    stamp, key = post.headers["X-Webhook-Timestamp"], kie.service.settings["webhook_key"]
    signature = hmac.digest(key.encode(), f"{task_id}.{stamp}".encode(), hashlib.sha256)
    assert post.headers["X-Webhook-Signature"] == base64.b64encode(signature).decode()


def test_the_vector_of_the_page(kie):
    kie.service.now = 1_769_670_760
    task = kie.service.tasks[create(kie, "z-image", SHAPE)["data"]["taskId"]]
    task.id = "ee9c2715375b7837f8bb51d641ff5863"
    kie.service.now = 1_769_670_760
    signed = kie.service.signed(Delivery(task, Moment(0), 0), b"", "kie-test-hmac-key")
    assert signed["X-Webhook-Signature"] == "XtPdIqcu2ApbbXj39jiCVexel5PX3yEm5UN+OZ2EbzE="
