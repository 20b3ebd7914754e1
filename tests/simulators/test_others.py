"""API in One's and RevidAPI's pages: every documented example, bound, code and price."""

import json
import re
from decimal import Decimal

import pytest

URL = "https://example.com/a.png"
IMAGENS = {"-fast": 4, "": 8, "-ultra": 12}


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


KLING = {"model": "kling-3", "prompt": "A fox"}
SONG = {"model": "chirp-v5-5", "gpt_description_prompt": "A song of rain"}
IMAGES, VIDEOS, MUSIC = "/api/v1/images/generations", "/api/v1/videos/generations", "/api/v1/audio/music"


@pytest.mark.parametrize(
    ("path", "body", "price"),
    [
        (VIDEOS, KLING, 300),
        (VIDEOS, {**KLING, "sound": False, "duration": 3}, 120),
        (VIDEOS, {**KLING, "mode": "pro", "duration": 15, "image": URL, "aspect_ratio": "1:1"}, 1200),
        (VIDEOS, {**KLING, "mode": "pro", "sound": False, "duration": 3.5}, Decimal("192.5")),
        (VIDEOS, {"model": "kling-3", "multi_shots": True, "multi_prompt": [{"prompt": "a", "duration": 6}] * 2}, 720),
        *[(IMAGES, {"model": f"imagen4{tier}", "prompt": "A fox", "seed": 7}, usd) for tier, usd in IMAGENS.items()],
        (IMAGES, {"model": "imagen4", "prompt": "A fox", "num_images": 2, "negative_prompt": "rain"}, 16),
        (MUSIC, SONG, 12),
        (MUSIC, {**SONG, "model": "suno", "make_instrumental": True}, 10),
        (MUSIC, {"prompt": "La", "style": "folk", "title": "Rain", "tags": "metal"}, 5),
        (MUSIC, {"model": "suno-v5-0", "prompt": "x" * 5000}, 10),
        (MUSIC, {"model": "chirp-v4-0", "style": "folk", "make_instrumental": True}, 7),
    ],
)
def test_one_makes_more_than_flux(one, path, body, price):
    status, answer = one.post(body, path)
    assert (status, one.charged(), one.service.bills()["unread"]) == (200, [price], []), answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (IMAGES, KLING),
        (VIDEOS, {"prompt": "A fox"}),
        (VIDEOS, {"model": "kling-3"}),
        (VIDEOS, {**KLING, "multi_shots": True}),
        (VIDEOS, {**KLING, "mode": "4K"}),
        (VIDEOS, {**KLING, "duration": 16}),
        (VIDEOS, {**KLING, "duration": True}),
        (VIDEOS, {**KLING, "prompt": "x" * 2501}),
        (VIDEOS, {**KLING, "image": "data:,"}),
        (IMAGES, {"model": "imagen4", "prompt": "A fox", "num_images": 5}),
        (IMAGES, {"model": "imagen4", "prompt": "A fox", "aspect_ratio": "3:2"}),
        (MUSIC, {"model": "suno-v6", "prompt": "La"}),
        (MUSIC, {**SONG, "gpt_description_prompt": "x" * 401}),
        (MUSIC, {**SONG, "style": "folk"}),
        (MUSIC, {"prompt": "La", "style": "folk", "make_instrumental": True}),
        (MUSIC, {"model": "chirp-v5-5"}),
        (MUSIC, {"model": "chirp-v5-5", "style": "folk"}),
        (MUSIC, {"model": "chirp-v4-0", "prompt": "x" * 3001}),
    ],
)
def test_one_refuses_more_than_flux(one, path, body):
    status, answer = one.post(body, path)
    assert (status, answer["error"]["code"], one.charged()) == (400, 400, [])


def test_one_film(one):
    task_id = one.post(KLING, VIDEOS)[1]["data"]["task_id"]
    one.clock.tick(4)
    data = {"task_id": task_id, "status": "COMPLETED", "output": {}, "credits_used": 300}
    data["output"]["video_url"] = f"http://sim.test/media/tasks/{task_id}/0.mp4"
    assert one.look(task_id)["data"] == data
    (order,) = (task.order for task in one.service.tasks.values())
    assert (order.size, order.seconds, order.sound) == ((1280, 720), 5, True)


def test_one_song_has_a_feed(one):
    one.service.add_fault({"kind": "failed", "on": "submit"})
    (failed, good, picture) = (
        one.post(SONG, MUSIC)[1],
        one.post(SONG, MUSIC)[1],
        one.post(one.words.body)[1]["data"],
    )
    assert re.fullmatch(r"gen\w+ksv", good["task_id"])
    created = "2027-01-15T08:00:00+00:00"
    assert good == {"task_id": good["task_id"], "status": "pending", "model": "chirp-v5-5", "created_at": created}

    def feed(task):
        return one.ask("GET", f"{MUSIC}/feed?task_id={task['task_id']}")

    assert feed(good)[1]["data"] == {"type": "PENDING", "response_data": []}
    assert feed(picture)[0] == one.ask("GET", f"{MUSIC}/feed")[0] == 404
    one.clock.tick(4)
    error = {"error": "Generation failed", "error_code": 500}
    assert feed(failed)[1]["data"] == {"type": "FAILED", **error, "credits_used": 0}
    done = feed(good)[1]
    assert done == one.look(good["task_id"])
    at = f"http://sim.test/media/tasks/{good['task_id']}"
    tracks = [
        {"audio_url": f"{at}/{index}.mp3", "image_url": f"{at}/{index + 2}.jpg", "title": "A song of rain"}
        | {"duration": 30}
        for index in range(2)
    ]
    assert done["data"] == {"type": "SUCCESS", "response_data": tracks, "credits_used": 12}


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
