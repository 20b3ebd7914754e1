"""API in One's and RevidAPI's pages: every documented example, bound, code and price."""

import json
import re

import pytest

URL = "https://example.com/a.png"


@pytest.fixture
def one(caller):
    return caller("api_in_one")


@pytest.fixture
def revid(caller):
    return caller("revidapi")


def test_one_submit_and_poll(one):
    status, body = one.post({"model": "flux-2", "prompt": "A fox", "type": "flex", "resolution": "2K"})
    task_id = body["data"]["task_id"]
    assert re.fullmatch(r"n41\w+_flux2", task_id)
    data = {"task_id": task_id, "status": "IN_PROGRESS"}
    assert (status, body) == (200, {"code": 200, "message": "success", "data": data})
    one.clock.tick(4)
    output = {"image_urls": [f"http://sim.test/media/tasks/{task_id}/0.jpg"]}
    done = {"task_id": task_id, "status": "COMPLETED", "output": output, "credits_used": 24}
    assert one.look(task_id) == {"code": 200, "message": "success", "data": done}


@pytest.mark.parametrize(
    ("kind", "resolution", "price"), [("pro", "1K", 5), ("pro", "2K", 7), ("flex", "1K", 14), ("flex", "2K", 24)]
)
def test_one_prices(one, kind, resolution, price):
    one.post({"model": "flux-2", "prompt": "A fox", "type": kind, "resolution": resolution})
    assert one.charged() == [price]


@pytest.mark.parametrize(
    "fields",
    [
        {"model": None},
        {"model": "nope"},
        {"model": []},
        {"prompt": "ab"},
        {"prompt": "x" * 5001},
        {"aspect_ratio": "auto"},
        {"type": "max"},
        {"resolution": "1k"},
        {"input_urls": [URL] * 9},
        {"input_urls": ["data:,"]},
        {"callback_url": "nowhere"},
    ],
)
def test_one_refused(one, fields):
    status, body = one.post({"model": "flux-2", "prompt": "A fox", **fields})
    assert (status, body["error"]["code"], one.charged()) == (400, 400, [])
    assert set(body["error"]) == {"code", "message", "type"}


def test_one_ignores_what_it_does_not_list(one):
    body = {"model": "flux-2", "prompt": "A fox", "seed": 1, "n": 4, "input_urls": [], "callback_url": URL}
    assert one.post(body)[0] == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer aio_no"}, {"x-api-key": "no"}])
@pytest.mark.parametrize("name", ["api_in_one", "revidapi", "runapi"])
def test_unauthorised(caller, name, headers):
    one = caller(name)
    response = one.raw("POST", one.words.submit, b"{}", headers)
    body = json.loads(response.body)
    assert response.status == 401
    assert one.words.error(body) in (401, "Invalid API key")
    if name == "api_in_one":
        assert body["error"] == {"code": 401, "message": "Invalid API key", "type": "authentication_error"}


def revid_body(model="flux-2/pro-text-to-image", **fields):
    return {"model": model, "input": {"prompt": "A fox", "aspect_ratio": "16:9", "resolution": "1K", **fields}}


def test_revid_create_and_query(revid):
    sent = {**revid_body("flux-2/flex-image-to-image", input_urls=[URL]), "callBackUrl": "https://example.com/hook"}
    status, body = revid.post(sent)
    task_id = body["data"]["taskId"]
    assert re.fullmatch(r"[0-9a-f]{32}", task_id)
    assert (status, body) == (200, {"code": 200, "msg": "success", "data": {"taskId": task_id}})
    record = {
        "taskId": task_id,
        "model": "flux-2/flex-image-to-image",
        "state": "waiting",
        "param": json.dumps(sent),
        "resultJson": "",
        "failCode": None,
        "failMsg": None,
        "costTime": None,
        "completeTime": None,
        "createTime": 1_800_000_000_000,
    }
    assert revid.look(task_id)["data"] == record
    revid.clock.tick(0.75)
    assert revid.state(task_id) == "queuing"
    revid.clock.tick(4)
    done = {
        "state": "success",
        "resultJson": json.dumps({"resultUrls": [f"http://sim.test/media/tasks/{task_id}/0.jpg"]}),
        "costTime": 4000,
        "completeTime": 1_800_000_004_000,
    }
    assert revid.look(task_id) == {"code": 200, "msg": "success", "data": {**record, **done}}


@pytest.mark.parametrize("mode", ["text-to-image", "image-to-image"])
@pytest.mark.parametrize(
    ("tier", "resolution", "price"), [("pro", "1K", 10), ("pro", "2K", 15), ("flex", "1K", 25), ("flex", "2K", 40)]
)
def test_revid_prices(revid, mode, tier, resolution, price):
    images = {"input_urls": [URL]} if mode == "image-to-image" else {}
    assert revid.post(revid_body(f"flux-2/{tier}-{mode}", resolution=resolution, **images))[0] == 200
    assert revid.charged() == [price]


@pytest.mark.parametrize(
    "body",
    [
        {"model": "flux-2", "input": {}},
        {"model": {}, "input": {}},
        {"model": "flux-2/pro-text-to-image"},
        {"model": "flux-2/pro-text-to-image", "input": []},
        revid_body(prompt="ab"),
        revid_body(prompt="x" * 5001),
        revid_body(aspect_ratio=None),
        revid_body(aspect_ratio="auto"),
        revid_body(resolution=None),
        revid_body(resolution="4K"),
        revid_body(input_urls=[URL]),
        revid_body("flux-2/pro-image-to-image"),
        revid_body("flux-2/pro-image-to-image", input_urls=[]),
        revid_body("flux-2/pro-image-to-image", input_urls=[URL] * 9),
        {**revid_body(), "callBackUrl": 7},
    ],
)
def test_revid_refused(revid, body):
    status, answer = revid.post(body)
    assert (status, answer["code"], answer["data"], revid.charged()) == (422, 422, None, [])


def test_revid_query_errors(revid):
    assert revid.ask("POST", "/paid/get/taskid")[1]["code"] == 400
    assert revid.ask("POST", "/paid/get/taskid?taskId=nope")[1]["code"] == 404
    assert revid.ask("GET", "/paid/get/taskid?taskId=nope")[0] == 404


def test_revid_tells_all_problems_at_once(revid):
    message = revid.post(revid_body(prompt="ab", aspect_ratio="7:5", resolution=None))[1]["msg"]
    assert all(field in message for field in ("prompt", "aspect_ratio", "resolution"))


def test_revid_takes_auto_with_images(revid):
    assert revid.post(revid_body("flux-2/pro-image-to-image", aspect_ratio="auto", input_urls=[URL] * 8))[0] == 200
