"""Whatever comes, a service answers, and never with its own error."""

import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anymedia.simulators import services
from anymedia.simulators.message import Request
from anymedia.simulators.picture import SUFFIX
from anymedia.simulators.work import Work

NAMES = [
    *("model", "prompt", "size", "resolution", "n", "quality", "image_urls", "mask_url", "aspect_ratio", "input_urls"),
    *("type", "input", "callBackUrl", "output_resolution", "output_count", "source_image_urls", "callback_url"),
    *("source", "type", "data", "url", "filename", "byte_size", "checksum", "signed_id", "purpose", "file_name"),
    *("service", "action", "params", "image_size", "kind", "on", "times", "status", "headers", "seconds", "bytes"),
    *("duration_seconds", "vocal_mode", "speakers", "dialogue_turns", "text", "reference_video_urls", "quality"),
]
VALUES = [
    *("flux-2", "gpt-image-2-official", "gpt-image-2", "qwen-image-2", "flux-2/pro-image-to-image", "1K", "2k", "4k"),
    *("auto", "16:9", "9:21", "99999x1", "A fox", "https://example.com/a", "http://[", "flux-2-pro-text-to-image"),
    *("http://127.0.0.1:1/a", "http://10.0.0.1/a", "base64", "url", "AAAA", "data:,x"),
    *("kling-3.0", "seedance-2.0", "suno-v6", "instrumental", "tts-1", "gemini-3.1-flash-tts", "nano-banana-pro"),
    *("flux_2", "text_to_image", "raw", "status", "moderated", "huge", "any"),
]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(VALUES)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=8),
    max_leaves=20,
)
BODIES = st.binary(max_size=200) | (JSON | st.dictionaries(st.sampled_from(NAMES), JSON)).map(
    lambda value: json.dumps(value).encode()
)
KNOWN = services()
FIXED = [f"/media/tasks/x/0.{ending}" for ending in SUFFIX.values()]
FIXED += ["/__faults", f"/uploads/{'0' * 32}/x", f"/uploads/lent/{'0' * 32}"]
CALLED = st.one_of(
    *(
        st.tuples(
            st.just(name),
            st.one_of(*(st.from_regex(path, fullmatch=True) for _, path, _ in each.routes)) | st.sampled_from(FIXED),
        )
        for name, each in KNOWN.items()
    ),
    st.tuples(st.sampled_from(sorted(KNOWN)), st.text()),
)
"""A provider, and a path that mostly is one of its own."""


TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))


@settings(max_examples=int(300 * TIMES), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    CALLED,
    st.sampled_from(["GET", "POST", "HEAD", "DELETE", "PUT"]),
    st.dictionaries(st.sampled_from(["taskId", "service", "model"]), st.text()),
    st.booleans(),
    st.text(),
    BODIES,
)
def test_never_a_crash(called, method, query, known, key, body):
    name, path = called
    service = KNOWN[name](clock=lambda: 0.0)
    secret = service.api_key if known else key
    headers = {"Authorization": f"Bearer {secret}", "X-API-Key": secret, "Host": key, "Idempotency-Key": key}
    headers["Content-Type"] = f"multipart/form-data; boundary={key}"
    for _ in range(2):
        response = service.answer(Request(method, path, query, headers, body))
        if path != "/__faults":
            assert 200 <= response.status < 500
            assert isinstance(response.content, bytes)


VIDEOS, AUDIO = "/api/v1/videos/generations", "/api/v1/audio/generations"
FOX, IMAGE, FILM = {"prompt": "A fox"}, "https://example.com/a.png", "https://example.com/a.mp4"
SONG = {"vocal_mode": "auto_lyrics", "prompt": "A fox"}
GOOD = [
    ("reapi", VIDEOS, {**FOX, "model": "kling-3-0", "sound": True, "image_urls": [IMAGE]}),
    ("reapi", VIDEOS, {**FOX, "model": "doubao-seedance-2.0", "return_last_frame": True}),
    ("reapi", VIDEOS, {**FOX, "model": "veo3.1-fast"}),
    ("reapi", VIDEOS, {**FOX, "model": "wan2.7-video", "video_urls": [FILM]}),
    ("reapi", AUDIO, {**FOX, "model": "suno-music", "version": "V6", "custom_mode": True, "instrumental": False}),
    ("api_in_one", VIDEOS, {**FOX, "model": "kling-3"}),
    ("api_in_one", "/api/v1/audio/music", {"model": "suno-v5-0", "prompt": "A fox"}),
    ("runapi", "/api/v1/kling/text_to_video", {**FOX, "model": "kling-3.0"}),
    ("runapi", "/api/v1/seedance/text_to_video", {**FOX, "model": "seedance-2.0"}),
    ("runapi", "/api/v1/suno/text_to_music", {**SONG, "model": "suno-v5.5"}),
    ("runapi", "/api/v1/openai_tts/text_to_speech", {"text": "A fox", "model": "tts-1"}),
]
"""Bodies of films, songs and speech that are taken as they are."""
SET = st.sampled_from(
    [*VALUES, "4K", "720p", "1080P", "V5", "exact_lyrics", "first_frame", 5, -1, 4.5, 200, "x" * 99, [IMAGE], [FILM]]
)


@settings(max_examples=int(100 * TIMES), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(GOOD), st.data())
def test_what_is_taken_can_be_made(good, data):
    """Every model is asked with all of its fields, each of them as it should be or with anything in it."""
    name, path, body = good
    now = [0.0]
    service = KNOWN[name](clock=lambda: now[0])
    headers = {"Authorization": f"Bearer {service.api_key}", "X-API-Key": service.api_key}

    def sent(fields):
        request = Request("POST", path, {}, headers, json.dumps(fields).encode())
        return request.object, service.answer(request)

    asked, answer = sent(body)
    assert (answer.status, len(service.tasks)) == (200, 1)
    wrong = data.draw(st.dictionaries(st.sampled_from(sorted(asked.noted)), SET | JSON, max_size=3))
    assert sent({**body, **wrong})[1].status < 500
    now[0] = 60.0
    for task in service.tasks.values():
        for link in service.result_links(task, ""):
            assert isinstance(service.answer(Request("GET", link)).content, Work)
