"""OpenAI's page: pictures and edits billed by tokens, speech in every format, models, errors, who is let in."""

import base64
import json
import shutil
import subprocess

import pytest

from anymedia.simulators.openai_models import FORMATS, VOICES
from tests.samples import sample
from tests.simulators.test_uploads import multipart

PNG = sample("picture.png")
DATA = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
PUBLIC = "https://example.com/a.png"
MADE, EDITED, SAID = "/v1/images/generations", "/v1/images/edits", "/v1/audio/speech"
PAINT = {"model": "gpt-image-2", "prompt": "A fox in snow"}
SPEAK = {"model": "tts-1", "input": "Hello fox", "voice": "alloy"}
TEMPER = {**PAINT, "model": "gpt-image-2.5-flare"}
IMAGE, MASK = ("a.png", "image/png", PNG), ("m.png", "image/png", PNG)


@pytest.fixture
def openai(caller):
    return caller("openai", balance=10**6)


def form(openai, *fields, path=EDITED):
    body, kind = multipart(*fields)
    response = openai.raw("POST", path, body, {**openai.auth, "Content-Type": kind})
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("body", "out", "size"),
    [
        (PAINT, 1056, (1024, 1024)),
        ({**PAINT, "quality": "high", "size": "1536x1024", "n": 2}, 2 * 6240, (1536, 1024)),
        ({**PAINT, "quality": "low", "size": "512x512", "output_format": "jpeg"}, 68, (512, 512)),
        ({**PAINT, "size": "3840x2160", "moderation": "low", "user": "me"}, 8354, (3840, 2160)),
        ({**TEMPER, "quality": "max", "complexity": "high", "background": "transparent"}, 16_640, (1024, 1024)),
        ({**PAINT, "model": "gpt-image-1.5", "response_format": "url", "output_compression": 5}, 1056, (1024, 1024)),
    ],
)
def test_a_picture_is_billed_by_its_tokens(openai, body, out, size):
    openai.service.work = lambda task, index: Drawn(task)
    status, answer = openai.post(body, MADE)
    text = 4
    used = {"text_tokens": text, "image_tokens": 0}
    assert (status, answer["usage"]["output_tokens"], answer["usage"]["input_tokens_details"]) == (200, out, used)
    assert answer["usage"]["total_tokens"] == out + text
    assert [base64.b64decode(each["b64_json"]) for each in answer["data"]] == [b"drawn"] * body.get("n", 1)
    (task,) = openai.service.tasks.values()
    assert (task.order.size, float(task.order.price)) == (size, pytest.approx((5 * text + 30 * out) / 10_000))


class Drawn:
    """A picture that takes no time."""

    def __init__(self, task):
        self.task = task

    def draw(self):
        return b"drawn"


@pytest.mark.parametrize(
    "more",
    [
        {"prompt": ""},
        {"prompt": "x" * 32_001},
        {"n": 11},
        {"n": "2"},
        {"size": "100x100"},
        {"size": "1600x400"},
        {"size": "3840x2176"},
        {"size": "large"},
        {"quality": "max"},
        {"model": "gpt-image-1.5", "size": "512x512"},
        {"background": "transparent", "output_format": "jpeg"},
        {"output_format": "gif"},
        {"input_fidelity": "high"},
        {"image": "x"},
        {"steps": 5},
        {"stream": True},
    ],
)
def test_what_is_not_written_is_refused(openai, more):
    status, answer = openai.post({**PAINT, **more}, MADE)
    assert (status, answer["error"]["type"], answer["error"]["code"]) == (400, "invalid_request_error", "invalid_value")


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3", "gpt-image-1", "tts-1", "?"])
def test_a_model_that_has_ended_is_an_unknown_one(openai, model):
    status, answer = openai.post({**PAINT, "model": model}, MADE)
    assert (status, answer["error"]["code"]) == (404, "model_not_found")
    assert openai.post({"prompt": "A fox"}, MADE)[0] == 400


def test_edits_come_as_a_form_and_as_json(openai):
    texts = [(name, text) for name, text in {**PAINT, "n": "1", "size": "512x512", "quality": "low"}.items()]
    taken = [
        (form(openai, *texts, ("image", *IMAGE)), 1),
        (form(openai, *texts, ("image[]", *IMAGE), ("image[]", *IMAGE), ("mask", *MASK)), 2),
        (form(openai, ("model", TEMPER["model"]), *texts[1:], ("image", *IMAGE), ("markup", *MASK)), 1),
        (openai.post({**PAINT, "images": [{"image_url": PUBLIC}, {"image_url": DATA}], "quality": "low"}, EDITED), 2),
        (
            openai.post(
                {**PAINT, "images": [{"image_url": DATA}], "mask": {"image_url": DATA}, "size": "512x512"}, EDITED
            ),
            1,
        ),
    ]
    for (status, answer), put_in in taken:
        assert (status, answer["usage"]["input_tokens_details"]["image_tokens"]) == (200, 1000 * put_in)
    assert openai.service.unread == []
    for status, _ in (
        form(openai, *texts),
        form(openai, *texts, ("image", "no file")),
        form(openai, *texts, ("image", *IMAGE), ("video", *IMAGE)),
        form(openai, *texts, ("image", *IMAGE), ("markup", *MASK)),
        form(openai, *texts, ("image", "a.gif", "image/gif", sample("picture.gif"))),
        form(openai, *texts, ("image", *IMAGE), ("mask", "m.jpg", "image/jpeg", sample("picture.jpg"))),
        form(openai, *texts[:2], ("n", "two"), ("image", *IMAGE)),
        form(openai, *texts, *[("image[]", *IMAGE)] * 17),
        form(openai, ("model", TEMPER["model"]), *texts[1:], ("image", *IMAGE), ("markup", *MASK), ("mask", *MASK)),
        form(openai, *texts, ("image", *IMAGE), path=MADE),
        openai.post({**PAINT, "images": []}, EDITED),
        openai.post({**PAINT, "images": [{"image_url": "http://10.0.0.1/a.png"}]}, EDITED),
        openai.post({**PAINT, "images": [{"image_url": "data:image/png;base64,?"}]}, EDITED),
        openai.post({**PAINT, "images": [{"image_url": DATA}], "mask": {}, "steps": 1}, EDITED),
    ):
        assert status == 400


@pytest.mark.parametrize("wanted", [*FORMATS, None])
def test_speech_is_the_sound_itself(openai, wanted, tmp_path):
    body = SPEAK | ({} if wanted is None else {"response_format": wanted}) | {"input": "x" * 60, "speed": 2}
    response = openai.raw("POST", SAID, json.dumps(body).encode())
    told = {None: "audio/mpeg", "mp3": "audio/mpeg"}.get(wanted, f"audio/{wanted}")
    assert (response.status, response.headers["Content-Type"]) == (200, told)
    (task,) = openai.service.tasks.values()
    assert (task.order.seconds, float(task.order.price)) == (2, 0.09)
    content = response.body
    if wanted == "pcm":
        assert len(content) == 2 * 2 * 48_000
    elif (probe := shutil.which("ffprobe")) is not None:
        (tmp_path / "said").write_bytes(content)
        shown = [probe, "-v", "error", "-show_entries", "stream=codec_name,channels:format=duration", "-of", "json"]
        probed = json.loads(subprocess.run([*shown, tmp_path / "said"], capture_output=True, check=True).stdout)
        assert (probed["streams"][0]["codec_name"], probed["streams"][0]["channels"]) == (
            {None: "mp3", "wav": "pcm_s16le"}.get(wanted, wanted),
            1,
        )
        assert float(probed["format"]["duration"]) == pytest.approx(2, abs=0.05)


def test_speech_takes_what_is_written(openai):
    mini = {**SPEAK, "model": "gpt-4o-mini-tts", "instructions": "slowly"}
    for body in (*({**SPEAK, "voice": voice} for voice in (*VOICES, {"id": "v1"})), mini, {**SPEAK, "speed": 0.25}):
        assert openai.raw("POST", SAID, json.dumps(body).encode()).status == 200
    for more in (
        {"input": ""},
        {"input": "x" * 4097},
        {"voice": "bob"},
        {"voice": {}},
        {"voice": None},
        {"speed": 4.5},
        {"response_format": "ogg"},
        {"instructions": "slowly"},
        {"stream_format": "sse"},
    ):
        assert openai.post({**SPEAK, **more}, SAID)[0] == 400
    assert openai.post({**SPEAK, "model": "gpt-image-2"}, SAID)[0] == 404


def test_models_are_listed(openai):
    listed = openai.ask("GET", "/v1/models")[1]
    assert (listed["object"], {each["object"] for each in listed["data"]}) == ("list", {"model"})
    assert {"gpt-image-2", "tts-1"} < {each["id"] for each in listed["data"]}
    assert openai.ask("GET", "/v1/models/tts-1")[1]["id"] == "tts-1"
    assert openai.ask("GET", "/v1/models/dall-e-3")[0] == 404


def test_only_its_own_organization_and_project_are_let_in(openai):
    own = {f"OpenAI-{name.title()}": text for name, text in openai.service.settings.items()}
    assert openai.ask("GET", "/v1/models", **own)[0] == 200
    for name in own:
        assert openai.ask("GET", "/v1/models", **{**own, name: "other"})[0] == 401
    assert openai.ask("GET", "/v1/models", Authorization="Bearer ?")[1]["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("fault", "status", "kind", "again"),
    [
        ({"kind": "moderated"}, 400, "image_generation_user_error", None),
        ({"kind": "failed"}, 500, "server_error", "false"),
        ({"kind": "stuck"}, 504, "server_error", "false"),
    ],
)
def test_after_what_may_have_been_charged_a_client_is_told_not_to_try_again(openai, fault, status, kind, again):
    openai.service.add_fault(fault)
    response = openai.raw("POST", MADE, json.dumps(PAINT).encode())
    assert (response.status, json.loads(response.body)["error"]["type"]) == (status, kind)
    assert response.headers.get("x-should-retry") == again
