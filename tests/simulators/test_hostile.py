"""What nobody should send: answered with a refusal, or as if it had not been sent, and never with an error of ours."""

import base64
import json

import pytest

from anymedia.simulators.inputs import from_base64
from tests.samples import sample
from tests.simulators.test_uploads import multipart

PICTURE, FILM = "https://example.com/a.png", "https://example.com/a.mp4"
FOX = {"prompt": "A fox"}
HUGE, MANY, DEEP = 10**400, "9" * 5000, "[" * 8000
ENDLESS = json.loads("1e999")
PNG = sample("picture.png")
KLING, KLING_IMAGE = (f"fal-ai/kling-video/v3/standard/{name}-to-video" for name in ("text", "image"))


def brief(value):
    """Return the beginning of a value, as the name of a case."""
    return str(value)[:30]


# The provider, the path, a body, and fields that its model does not list: they change nothing.
UNLISTED = [
    ("kie", "kling/v3-turbo-text-to-video", {**FOX, "duration": "5"}, {"multi_shots": True, "multi_prompt": ["x"]}),
    ("kie", "wan/2-7-image-to-video", {"first_frame_url": PICTURE}, {"ratio": "foo", "reference_video": [1]}),
    ("kie", "z-image", {**FOX, "aspect_ratio": "1:1"}, {"resolution": "foo", "quality": [], "lyrics": DEEP}),
    ("kie", "google/imagen4", FOX, {"output_format": {}, "resolution": 7}),
    ("fal", KLING_IMAGE, {**FOX, "start_image_url": PICTURE}, {"aspect_ratio": "foo"}),
    ("fal", KLING, FOX, {"elements": ["x"], "start_image_url": PICTURE}),
    ("fal", "fal-ai/wan/v2.7/image-to-video", {"image_url": PICTURE}, {"aspect_ratio": "foo"}),
    ("fal", "fal-ai/minimax/speech-2.8-hd", FOX, {"speed": 0}),
    ("fal", "fal-ai/lyria2", FOX, {"lyrics_prompt": [], "music_length_ms": -1}),
    ("fal", "fal-ai/flux-2-pro", FOX, {"num_images": 0, "image_urls": [1, 2], "resolution": "foo"}),
    ("fal", "fal-ai/flux-2-pro", FOX, {"num_images": 3, "max_images": -1}),
    ("replicate", "wan-video/wan-2.7-t2v", FOX, {"generate_audio": True, "mode": "foo"}),
    ("replicate", "wan-video/wan-2.7-i2v", {**FOX, "first_frame": PICTURE}, {"aspect_ratio": "foo"}),
    ("replicate", "black-forest-labs/flux-2-pro", FOX, {"duration": -1, "image": 3, "generate_audio": "x"}),
]


def submitted(caller, name, model, body):
    """Post a body to a model, and return what was made of it, without what was sent, and the price."""
    client = caller(name, balance=10**6)
    asked = {
        "kie": ("/api/v1/jobs/createTask", {"model": model, "input": body}),
        "fal": (f"/{model}", body),
        "replicate": (f"/v1/models/{model}/predictions", {"input": body}),
    }
    path, sent = asked[name]
    status, answer = client.post(sent, path)
    assert status < 300, answer
    (task,) = client.service.tasks.values()
    order = task.order
    return order.price, order.prompt, order.size, order.media, order.count, order.seconds, order.sound


@pytest.mark.parametrize(("name", "model", "body", "unlisted"), UNLISTED)
def test_what_a_model_does_not_list_changes_neither_what_is_made_nor_its_price(caller, name, model, body, unlisted):
    assert submitted(caller, name, model, {**body, **unlisted}) == submitted(caller, name, model, body)


T2V = {**FOX, "mode": "t2v"}
I2V, PICTURES, V2V = {**FOX, "mode": "i2v"}, "/v1/flux-2-pro", "/v1/flux-3-video"


def draft(text):
    return {"mode": "draft_enhance", "draft_cache": base64.b64encode(text.encode()).decode()}


def drafted(seconds):
    return draft(f'{{"draft": "simulated", "seconds": {seconds}}}')


ESTIMATED = {"estimate_type": "unit_price", "endpoints": {KLING: {"unit_quantity": HUGE}}}

# The provider, the path and the body, all of which are refused.
BODIES = [
    *(
        ("bfl", V2V, {**I2V, "keyframes": [[time, PICTURE]]})
        for time in (ENDLESS, -ENDLESS, HUGE, -HUGE, -1, 20.5, "1", None, True, [])
    ),
    *(("bfl", V2V, {**I2V, "keyframes": frames}) for frames in ([[1, PICTURE], PICTURE], [[1]], [[]], [[1, 2]], [{}])),
    *(("bfl", V2V, drafted(seconds)) for seconds in ("-1", "NaN", "Infinity", "1e999", HUGE, "4.9", "20.1", "[]")),
    *(("bfl", V2V, draft(text)) for text in (DEEP, MANY, "[]", "{}", '{"draft": "simulated"}')),
    *(("bfl", PICTURES, {**FOX, "width": side}) for side in (65_536, 4112, HUGE, 0, ENDLESS)),
    ("bfl", PICTURES, {**FOX, "height": 65_536}),
    ("bfl", V2V, {**T2V, "duration": HUGE}),
    *(
        (name, path, body)
        for uri in ("data:;base64," * 3000, "data:;base64," + "data:;base64,AAAA", "data:" * 3000)
        for name, path, body in (
            ("bfl", PICTURES, {**FOX, "input_image": uri}),
            ("fal", "/fal-ai/flux-2-pro/edit", {**FOX, "image_urls": [uri]}),
            (
                "replicate",
                "/v1/models/black-forest-labs/flux-2-pro/predictions",
                {"input": {**FOX, "input_images": [uri]}},
            ),
            (
                "openai",
                "/v1/images/edits",
                {**FOX, "model": "gpt-image-2", "images": [{"image_url": uri}]},
            ),
        )
    ),
    *(
        (
            "replicate",
            "/v1/models/kwaivgi/kling-v3-video/predictions",
            {"input": {**FOX, "multi_prompt": f'[{{"prompt": "a", "duration": {seconds}}}]'}},
        )
        for seconds in ("Infinity", "NaN", "1e999", "[]", HUGE, MANY)
    ),
    ("openai", "/v1/images/generations", {**FOX, "model": ["gpt-image-2"]}),
    ("openai", "/v1/images/generations", {**FOX, "model": {"a": 1}}),
    ("openai", "/v1/audio/speech", {"model": 7, "input": "Hi", "voice": "alloy"}),
    (
        "fal",
        "/v1/models/pricing/estimate",
        ESTIMATED,
    ),
    ("fal", f"/{KLING}", {**FOX, "multi_prompt": ["x"]}),
    ("fal", f"/{KLING}", {**FOX, "duration": MANY}),
]


@pytest.mark.parametrize(("name", "path", "body"), BODIES)
def test_a_hostile_body_is_refused(caller, name, path, body):
    client = caller(name, balance=10**6)
    status, _ = client.post(body, path)
    assert (400 <= status < 500, client.charged()) == (True, [])


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("fal", f"/v1/models?limit={MANY}"),
        ("fal", f"/v1/models?cursor={MANY}"),
        ("fal", "/v1/models?limit=²"),
        ("replicate", f"/v1/predictions/{MANY}"),
        ("kie", f"/media/fresh/{MANY}/media/tasks/x/0.png"),
    ],
    ids=brief,
)
def test_a_number_that_is_too_long_is_refused_in_an_address(caller, name, target):
    assert 400 <= caller(name).raw("GET", target).status < 500


@pytest.mark.parametrize("index", [MANY, "²", "-1", "x", "7", HUGE], ids=brief)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_kie_has_no_film_of_a_hostile_index(caller, method, index):
    kie = caller("kie")
    task = kie.post({**FOX, "model": "veo3_lite"}, "/api/v1/veo/generate")[1]["data"]["taskId"]
    kie.clock.tick(10)
    if method == "GET":
        answer = kie.ask("GET", f"/api/v1/veo/get-1080p-video?taskId={task}&index={index}")[1]
    else:
        answer = kie.post({"taskId": task, "index": index}, "/api/v1/veo/get-4k-video")[1]
    assert answer["code"] == 422


def test_replicate_goes_by_no_deadline_that_is_too_long(caller):
    path = "/v1/models/black-forest-labs/flux-2-pro/predictions"
    assert caller("replicate").post({"input": FOX}, path, **{"Cancel-After": f"{MANY}s"})[0] == 201


LIVES = ('"3600"', HUGE, "NaN", "-1", "1e999", "[]", "true")


@pytest.mark.parametrize(
    "told", [*(f'{{"expiration_duration_seconds": {each}}}' for each in LIVES), DEEP, MANY, "[]", "7", "{"], ids=brief
)
def test_fal_refuses_a_life_that_is_none(caller, told):
    fal = caller("fal")
    token = fal.post({}, "/storage/auth/token?storage_type=fal-cdn-v3")[1]["token"]
    headers = {"Authorization": f"Bearer {token}", "X-Fal-Object-Lifecycle": told}
    for path in ("/files/upload", "/files/upload/multipart"):
        assert fal.raw("POST", path, PNG, headers).status == 400


def test_fal_keeps_no_more_parts_than_it_keeps_files(caller):
    fal = caller("fal")
    fal.service.kept_megabytes = 0.00001
    token = fal.post({}, "/storage/auth/token?storage_type=fal-cdn-v3")[1]["token"]
    headers = {"Authorization": f"Bearer {token}"}
    there = json.loads(fal.raw("POST", "/files/upload/multipart", b"", headers).body)
    at = f"{there['access_url'].removeprefix('http://sim.test')}/multipart/{there['uploadId']}"
    parts = [("1", b"1234567"), ("2", b"1234"), ("1", b"12345678901"), ("3", b"123"), ("0", b""), ("10001", b"")]
    seen = [fal.raw("PUT", f"{at}/{number}", content, headers).status for number, content in parts]
    assert seen == [200, 422, 422, 200, 422, 422]
    assert fal.raw("PUT", f"{at}/{MANY}", b"", headers).status == 404


IMAGE = ("a.png", "image/png", PNG)


@pytest.mark.parametrize(
    "fields",
    [
        [("image", "text"), ("image[]", *IMAGE)],
        [("image[]", *IMAGE), ("image", "text")],
        [("image[]", *IMAGE), ("image[]", "text")],
        [("image", *IMAGE), ("n", MANY)],
        [("image", *IMAGE), ("n", "²")],
        [("image", *IMAGE), ("prompt", "again")],
        [("image", *IMAGE), ("model", *IMAGE)],
    ],
)
def test_openai_refuses_a_hostile_form_and_tells_nothing_of_its_files(caller, fields):
    openai = caller("openai")
    body, kind = multipart(("model", "gpt-image-2"), ("prompt", "A fox"), *fields)
    response = openai.raw("POST", "/v1/images/edits", body, {**openai.auth, "Content-Type": kind})
    assert (response.status, b"PNG" in response.body, openai.charged()) == (400, False, [])


def test_a_data_uri_is_split_once():
    assert from_base64("data:;base64," * 3000) is None
    assert from_base64("data:;base64,data:;base64,AAAA") is None
    assert from_base64("data:;base64,AAAA") == from_base64("AAAA") == b"\0\0\0"


def test_fal_tells_of_a_task_that_took_no_time(caller):
    fal = caller("fal")
    fal.service.running = 0
    asked = fal.post(FOX, "/fal-ai/flux-2-pro")[1]["status_url"].removeprefix("http://sim.test")
    fal.clock.tick(2)
    assert fal.ask("GET", f"{asked}?logs=1")[1]["logs"] == []


def test_kie_has_no_fresh_link_to_what_is_not_done(caller):
    kie = caller("kie")
    asked = {"model": "z-image", "input": {**FOX, "aspect_ratio": "1:1"}}
    task = kie.post(asked, "/api/v1/jobs/createTask")[1]["data"]["taskId"]
    path = f"/media/tasks/{task}/0.jpg"

    def fresh():
        return kie.post({"url": f"http://sim.test{path}"}, "/api/v1/common/download-url")[1]["code"]

    ends = int(kie.clock.now) + 1000
    assert (fresh(), kie.raw("GET", f"/media/fresh/{ends}{path}").status) == (404, 404)
    kie.clock.tick(10)
    assert (fresh(), kie.raw("GET", f"/media/fresh/{ends}{path}").status) == (200, 200)


def test_bfl_tells_the_megapixels_that_are_put_in_and_keeps_no_file(caller):
    bfl = caller("bfl")
    body = {**FOX, "input_image": base64.b64encode(PNG).decode(), "input_image_2": PICTURE}
    assert bfl.post(body, "/v1/flux-2-pro")[1]["input_mp"] == 2.0
    (task,) = bfl.service.tasks.values()
    assert task.order.sent == {**FOX, "input_mp": 2}
