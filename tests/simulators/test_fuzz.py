"""Whatever comes, a service answers, and never with its own error."""

import json
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anymedia.simulators import services
from anymedia.simulators.message import Request
from anymedia.simulators.runapi_models import MODELS

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
PATHS = st.sampled_from(
    [
        *("/api/v1/images/generations", "/paid/flux-2/create", "/api/v1/tasks/x", "/paid/get/taskid"),
        *("/media/tasks/x/0.png", "/api/v1/price_quotes", "/api/v1/price_schedules", "/api/v1/balance", "/__faults"),
        *("/paid/text-to-speech", "/paid/seedream/create", "/v1/images/generations", "/api/get/x"),
        *("/api/v1/files", "/api/v1/files/prepare", "/api/v1/files/confirm", "/v1/files", "/v1/files/x/content"),
        *(f"/uploads/{'0' * 32}/x", f"/uploads/lent/{'0' * 32}"),
        *{model.scope for model in MODELS},
    ]
)


KNOWN = services()
TIMES = float(os.environ.get("ANYMEDIA_CASES", "1"))


@settings(max_examples=int(300 * TIMES), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(sorted(KNOWN)),
    st.sampled_from(["GET", "POST", "HEAD", "DELETE", "PUT"]),
    PATHS | st.text(),
    st.dictionaries(st.sampled_from(["taskId", "service", "model"]), st.text()),
    st.booleans(),
    st.text(),
    BODIES,
)
def test_never_a_crash(name, method, path, query, known, key, body):
    service = KNOWN[name](clock=lambda: 0.0)
    secret = service.api_key if known else key
    headers = {"Authorization": f"Bearer {secret}", "X-API-Key": secret, "Host": key, "Idempotency-Key": key}
    headers["Content-Type"] = f"multipart/form-data; boundary={key}"
    for _ in range(2):
        response = service.answer(Request(method, path, query, headers, body))
        if path != "/__faults":
            assert 200 <= response.status < 500
            assert isinstance(response.content, bytes)
