"""The simulators take files in the ways of their pages: base64, forms, a token, a link to put to."""

import base64
import json

import pytest

from anymedia.simulators.message import Request
from tests.samples import sample

from .test_uploads import multipart

PNG = sample("picture.png")
TEXT = base64.b64encode(PNG).decode()
DATA = f"data:image/png;base64,{TEXT}"
PUBLIC = "https://example.com/a.png"
PROMPT = {"prompt": "A fox"}


def form(caller, path, *fields):
    """Post a form, and return what is answered."""
    body, kind = multipart(*fields)
    return read(caller.raw("POST", path, body, {**caller.auth, "Content-Type": kind}))


def sent(caller, path, kind="image/png", *, method="POST", auth=None):
    """Send the picture's bytes to a path or a link, and return what is answered."""
    headers = caller.auth if auth is None else auth
    return read(caller.raw(method, path, PNG, {**headers, "Content-Type": kind}))


def read(response):
    is_json = response.headers.get("Content-Type") == "application/json"
    return response.status, json.loads(response.body) if is_json else None


def bought(caller):
    return len(caller.charged())


@pytest.mark.parametrize("image", [PUBLIC, TEXT])
def test_bfl_takes_links_and_plain_base64(caller, image):
    bfl = caller("bfl")
    assert bfl.post({**PROMPT, "input_image": image}, "/v1/flux-2-pro")[0] == 200
    for wrong in (DATA, "no base64", "http://10.0.0.1/a.png", base64.b64encode(b"<html>").decode()):
        assert bfl.post({**PROMPT, "input_image": wrong}, "/v1/flux-2-pro")[0] == 422
    assert (bought(bfl), bfl.service.room(Request("POST", "/v1/flux-2-pro")) > 100_000_000) == (1, True)


def test_fal_takes_a_body_with_a_token_and_bytes_at_a_link(caller):
    fal = caller("fal")
    token = fal.post({}, "/storage/auth/token?storage_type=fal-cdn-v3")[1]
    auth = {"Authorization": f"{token['token_type']} {token['token']}", "X-Fal-File-Name": "a.png"}
    link = sent(fal, "/files/upload", auth=auth)[1]["access_url"]
    named = {"file_name": "b.png", "content_type": "image/png"}
    lent, keyed = (fal.post(named, "/storage/upload/initiate?storage_type=gcs")[1] for _ in range(2))
    assert sent(fal, keyed["upload_url"], method="PUT")[0] == 200  # fal's own client sends the API key too
    assert sent(fal, lent["upload_url"], method="PUT", auth={})[0] == 200
    edit = {**PROMPT, "image_urls": [link, lent["file_url"], DATA, PUBLIC]}
    assert fal.post(edit, "/fal-ai/flux-2-pro/edit")[0] == 200
    assert sent(fal, "/files/upload")[0] == 401
    fal.clock.tick(3600)
    assert sent(fal, "/files/upload", auth=auth)[0] == 401
    assert fal.post({}, "/storage/upload/initiate?storage_type=gcs")[0] == 422
    assert fal.post({}, "/storage/auth/token")[0] == 422
    fal.clock.tick(7 * 86_400)
    assert fal.post(edit, "/fal-ai/flux-2-pro/edit")[0] == 422


def test_kie_takes_a_form_base64_and_a_link(caller):
    kie = caller("kie")
    where = ("uploadPath", "anymedia")
    files = [
        form(kie, "/api/file-stream-upload", ("file", "a.png", "image/png", PNG), where, ("fileName", "b.png"))[1],
        kie.post({"base64Data": DATA, "uploadPath": "anymedia"}, "/api/file-base64-upload")[1],
    ]
    first = files[0]["data"]["downloadUrl"]
    files.append(kie.post({"fileUrl": first, "uploadPath": "anymedia"}, "/api/file-url-upload")[1])
    assert [each["data"]["fileSize"] for each in files] == [len(PNG)] * 3
    links = [each["data"]["downloadUrl"] for each in files]
    wanted = {**PROMPT, "aspect_ratio": "1:1", "resolution": "1K", "input_urls": links}
    job = {"model": "flux-2/pro-image-to-image", "input": wanted}
    assert kie.post(job, "/api/v1/jobs/createTask")[1]["code"] == 200
    kie.clock.tick(3 * 86_400)
    assert kie.post(job, "/api/v1/jobs/createTask")[1]["code"] == 422
    for way, body in (
        ("base64", {"base64Data": "?", "uploadPath": "x"}),
        ("base64", {"base64Data": TEXT}),
        ("url", {"fileUrl": first, "uploadPath": "x"}),
        ("url", {"uploadPath": "x"}),
        ("stream", {"uploadPath": "x"}),
    ):
        assert kie.post(body, f"/api/file-{way}-upload")[0] == 400
    assert form(kie, "/api/file-stream-upload", where)[0] == 400


def test_replicate_takes_a_form_and_data_uris(caller):
    replicate = caller("replicate")
    about = ("metadata", "{}")
    status, file = form(replicate, "/v1/files", ("content", "a.png", "image/png", PNG), about)
    assert (status, file["size"], file["expires_at"]) == (201, len(PNG), "2027-01-16T08:00:00Z")
    path = "/v1/models/black-forest-labs/flux-2-pro/predictions"
    wanted = {"input": {**PROMPT, "input_images": [file["urls"]["get"], DATA]}}
    assert replicate.post(wanted, path)[0] == 201
    replicate.clock.tick(86_400)
    assert replicate.post(wanted, path)[0] == 422
    for wrong in ((), (("content", "a.png", "image/png", PNG), ("metadata", "{")), (("content", "x"),)):
        assert form(replicate, "/v1/files", about, *wrong)[0] == 422
