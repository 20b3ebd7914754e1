"""The simulators of others take files in the ways of their pages: base64, forms, a token, a link to put to."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from anymedia.simulators import services
from anymedia.simulators.message import Request
from tests.samples import sample
from tests.simulators.test_uploads import multipart

from .conftest import installed

PNG = sample("picture.png")
TEXT = base64.b64encode(PNG).decode()
DATA = f"data:image/png;base64,{TEXT}"
PUBLIC = "https://example.com/a.png"
PROMPT = {"prompt": "A fox"}
KEYS = {
    "bfl": ("x-key", ""),
    "fal": ("Authorization", "Key "),
    "kie": ("Authorization", "Bearer "),
    "openai": ("Authorization", "Bearer "),
    "replicate": ("Authorization", "Bearer "),
}


class Caller:
    """A client of one provider, whose clock is its own."""

    def __init__(self, name):
        self.now = 0.0
        self.service = services()[name](clock=lambda: self.now)
        header, scheme = KEYS[name]
        self.auth = {header: scheme + self.service.api_key}

    def ask(self, path, body, kind="application/json", *, method="POST", auth=None):
        """Return what is answered to some JSON, or to bytes, at a path or a link."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Host": "sim.test", "Content-Type": kind, **(self.auth if auth is None else auth)}
        path, _, query = path.removeprefix("http://sim.test").partition("?")
        response = self.service.answer(Request(method, path, dict(parse_qsl(query)), headers, sent))
        is_json = response.headers.get("Content-Type") == "application/json"
        return response.status, json.loads(response.body) if is_json else None

    def form(self, path, *fields):
        return self.ask(path, *multipart(*fields))

    @property
    def bought(self):
        return len(self.service.bills()["entries"])


@pytest.fixture
def ask():
    with installed():
        yield Caller


@pytest.mark.parametrize("image", [PUBLIC, TEXT])
def test_bfl_takes_links_and_plain_base64(ask, image):
    bfl = ask("bfl")
    assert bfl.ask("/v1/flux-2-pro", {**PROMPT, "input_image": image})[0] == 200
    for wrong in (DATA, "no base64", "http://10.0.0.1/a.png", base64.b64encode(b"<html>").decode()):
        assert bfl.ask("/v1/flux-2-pro", {**PROMPT, "input_image": wrong})[0] == 422
    assert (bfl.bought, bfl.service.room(Request("POST", "/v1/flux-2-pro")) > 100_000_000) == (1, True)


def test_fal_takes_a_body_with_a_token_and_bytes_at_a_link(ask):
    fal = ask("fal")
    token = fal.ask("/storage/auth/token?storage_type=fal-cdn-v3", {})[1]
    auth = {"Authorization": f"{token['token_type']} {token['token']}", "X-Fal-File-Name": "a.png"}
    link = fal.ask("/files/upload", PNG, "image/png", auth=auth)[1]["access_url"]
    named = {"file_name": "b.png", "content_type": "image/png"}
    lent, keyed = (fal.ask("/storage/upload/initiate?storage_type=gcs", named)[1] for _ in range(2))
    assert fal.ask(keyed["upload_url"], PNG, "image/png", method="PUT")[0] == 200  # fal's own client sends the key too
    assert fal.ask(lent["upload_url"], PNG, "image/png", method="PUT", auth={})[0] == 200
    edit = {**PROMPT, "image_urls": [link, lent["file_url"], DATA, PUBLIC]}
    assert fal.ask("/fal-ai/flux-2-pro/edit", edit)[0] == 200
    assert fal.ask("/files/upload", PNG, "image/png")[0] == 401
    fal.now = 3600
    assert fal.ask("/files/upload", PNG, "image/png", auth=auth)[0] == 401
    assert fal.ask("/storage/upload/initiate?storage_type=gcs", {})[0] == 422
    assert fal.ask("/storage/auth/token", {})[0] == 422
    fal.now = 7 * 86_400
    assert fal.ask("/fal-ai/flux-2-pro/edit", edit)[0] == 422


def test_kie_takes_a_form_base64_and_a_link(ask):
    kie = ask("kie")
    where = ("uploadPath", "anymedia")
    files = [
        kie.form("/api/file-stream-upload", ("file", "a.png", "image/png", PNG), where, ("fileName", "b.png"))[1],
        kie.ask("/api/file-base64-upload", {"base64Data": DATA, "uploadPath": "anymedia"})[1],
    ]
    first = files[0]["data"]["downloadUrl"]
    files.append(kie.ask("/api/file-url-upload", {"fileUrl": first, "uploadPath": "anymedia"})[1])
    assert [each["data"]["fileSize"] for each in files] == [len(PNG)] * 3
    links = [each["data"]["downloadUrl"] for each in files]
    wanted = {**PROMPT, "aspect_ratio": "1:1", "resolution": "1K", "input_urls": links}
    job = {"model": "flux-2/pro-image-to-image", "input": wanted}
    assert kie.ask("/api/v1/jobs/createTask", job)[1]["code"] == 200
    kie.now = 3 * 86_400
    assert kie.ask("/api/v1/jobs/createTask", job)[1]["code"] == 422
    for way, body in (
        ("base64", {"base64Data": "?", "uploadPath": "x"}),
        ("base64", {"base64Data": TEXT}),
        ("url", {"fileUrl": first, "uploadPath": "x"}),
        ("url", {"fileUrl": PUBLIC, "uploadPath": "x"}),
        ("url", {"uploadPath": "x"}),
        ("stream", {"uploadPath": "x"}),
    ):
        assert kie.ask(f"/api/file-{way}-upload", body)[0] == 400
    assert kie.form("/api/file-stream-upload", where)[0] == 400


def test_replicate_takes_a_form_and_data_uris(ask):
    replicate = ask("replicate")
    about = ("metadata", "{}")
    status, file = replicate.form("/v1/files", ("content", "a.png", "image/png", PNG), about)
    assert (status, file["size"], file["expires_at"]) == (201, len(PNG), "1970-01-02T00:00:00Z")
    path = "/v1/models/black-forest-labs/flux-2-pro/predictions"
    wanted = {"input": {**PROMPT, "input_images": [file["urls"]["get"], DATA]}}
    assert replicate.ask(path, wanted)[0] == 201
    replicate.now = 86_400
    assert replicate.ask(path, wanted)[0] == 422
    for wrong in ((), (("content", "a.png", "image/png", PNG), ("metadata", "{")), (("content", "x"),)):
        assert replicate.form("/v1/files", about, *wrong)[0] == 422


def test_openai_takes_edits_by_form_and_as_json(ask):
    openai = ask("openai")
    image, mask = ("a.png", "image/png", PNG), ("m.png", "image/png", PNG)
    texts = (("model", "gpt-image-2"), ("prompt", "A fox"), ("n", "2"))
    path = "/v1/images/edits"
    assert openai.form(path, *texts, ("image", *image))[0] == 200
    assert openai.form(path, *texts, ("image[]", *image), ("image[]", *image), ("mask", *mask))[0] == 200
    assert [entry["charged"] for entry in openai.service.bills()["entries"]] == [8, 8]
    images = [{"image_url": PUBLIC}, {"image_url": DATA}]
    assert openai.ask(path, {"model": "gpt-image-2", **PROMPT, "images": images})[0] == 200
    for fields in (
        texts,
        (*texts, ("image", "no file")),
        (*texts, ("image", *image), ("video", *image)),
        (*texts, ("image", "a.gif", "image/gif", sample("picture.gif"))),
        (*texts, ("image", *image), ("mask", "m.jpg", "image/jpeg", sample("picture.jpg"))),
        (*texts[:2], ("n", "two"), ("image", *image)),
    ):
        assert openai.form(path, *fields)[0] == 400
    wrong = [{"image_url": "data:image/png;base64,?"}]
    assert openai.ask(path, {"model": "gpt-image-2", **PROMPT, "images": wrong})[0] == 400
    assert (openai.bought, openai.service.bills()["unread"]) == (3, [])
