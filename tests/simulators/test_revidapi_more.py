"""RevidAPI's other pages: more pictures by records, speech, and images below /v1, in each form of their answers."""

import json

import pytest

URL = "https://example.com/a.png"
NANO = {"prompt": "A fox"}
SEEDREAM = {"prompt": "A fox", "aspect_ratio": "21:9", "quality": "high"}
SPEECH, IMAGE = "/paid/text-to-speech", "/v1/images/generations"
SAID = {"text": "Hello fox", "voice": "vi-VN-HoaiMyNeural", "speed": 1, "pitch": 0, "engine": "edge"}
DRAWN = {"model": "gpt-image-2", "prompt": "A fox", "aspect_ratio": "16:9", "output_format": "jpeg"}


@pytest.fixture
def revid(caller):
    return caller("revidapi")


@pytest.mark.parametrize(
    ("path", "model", "wanted", "credits", "media"),
    [
        ("nano/banana", "nano-banana-pro", NANO, 25, "png"),
        ("nano/banana", "nano-banana-pro", {**NANO, "resolution": "2K", "output_format": "jpg"}, 25, "jpeg"),
        ("nano/banana", "nano-banana-pro", {**NANO, "resolution": "4K", "image_input": [URL] * 8}, 35, "png"),
        ("seedream", "seedream/4.5-text-to-image", SEEDREAM, 12, "jpeg"),
        ("seedream", "seedream/4.5-edit", {**SEEDREAM, "image_urls": [URL] * 14}, 12, "jpeg"),
    ],
)
def test_records_of_other_paths(revid, path, model, wanted, credits, media):
    status, body = revid.post({"model": model, "input": wanted}, f"/paid/{path}/create")
    assert (status, revid.charged(), revid.service.unread) == (200, [credits], [])
    assert revid.service.tasks[body["data"]["taskId"]].order.media == media


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/paid/flux-2/create", {"model": "nano-banana-pro", "input": NANO}),
        ("/paid/nano/banana/create", {"model": "nano-banana-pro", "input": {**NANO, "resolution": "8K"}}),
        ("/paid/nano/banana/create", {"model": "nano-banana-pro", "input": {**NANO, "image_input": [URL] * 9}}),
        ("/paid/seedream/create", {"model": "seedream/4.5-text-to-image", "input": {"prompt": "A fox"}}),
        (
            "/paid/seedream/create",
            {"model": "seedream/4.5-text-to-image", "input": {**SEEDREAM, "image_urls": [URL]}},
        ),
        ("/paid/seedream/create", {"model": "seedream/4.5-edit", "input": SEEDREAM}),
        (SPEECH, {**SAID, "text": ""}),
        (SPEECH, {**SAID, "engine": "polly"}),
        (SPEECH, {**SAID, "speed": 3}),
        (SPEECH, {**SAID, "pitch": -21}),
        (SPEECH, {**SAID, "webhook_url": "nowhere"}),
        (IMAGE, {**DRAWN, "model": "gpt-image-1"}),
        (IMAGE, {**DRAWN, "aspect_ratio": "3:2"}),
    ],
)
def test_refused(revid, path, body):
    status, answer = revid.post(body, path)
    assert (status, answer["code"], revid.charged()) == (422, 422, [])


@pytest.mark.parametrize(("length", "credits"), [(1, 10), (1000, 10), (1001, 20)])
def test_speech_costs_by_the_thousand(revid, length, credits):
    assert revid.post({**SAID, "text": "x" * length}, SPEECH)[0] == 202
    assert revid.charged() == [credits]


def test_a_speech_is_looked_at_by_its_id(revid):
    status, body = revid.post({**SAID, "id": "mine"}, SPEECH)
    task_id = body["task_id"]
    assert (status, body) == (202, {"code": 202, "task_id": task_id, "id": "mine", "message": "processing"})
    look = f"/api/get/{task_id}"
    assert revid.ask("GET", look) == (202, {"code": 202, "status": "processing", "task_id": task_id})
    revid.clock.tick(4)
    link = f"http://sim.test/media/tasks/{task_id}/0.mp3"
    done = {"code": 200, "status": "completed", "task_id": task_id, "audio_url": link}
    assert revid.ask("GET", look) == (200, done)
    assert revid.ask("GET", "/api/get/nope")[0] == 404
    assert revid.ask("POST", f"/paid/get/taskid?taskId={task_id}")[0] == 404
    assert revid.service.unread == []


@pytest.mark.parametrize(
    ("form", "failed", "missing"),
    [
        ("coded", (200, {"code": 500, "status": "failed", "message": "burnt"}), (200, {"code": 404})),
        ("worded", (500, {"status": "failed", "error": "burnt"}), (404, {})),
        ("begun", None, (404, {"code": 404})),
    ],
)
def test_a_look_at_a_speech_tells_its_end_by_code_or_by_status(revid, form, failed, missing):
    revid.service.form = form
    revid.service.add_fault({"kind": "failed", "message": "burnt"})
    look = f"/api/get/{revid.post(SAID, SPEECH)[1]['task_id']}"
    revid.clock.tick(4)
    assert failed is None or revid.ask("GET", look) == failed
    not_found = {**missing[1], "status": "not_found", "message": "Task not found"}
    assert revid.ask("GET", "/api/get/nope") == (missing[0], not_found)


@pytest.mark.parametrize("form", ["finished", "listed"])
def test_a_speech_may_be_there_at_once(revid, form):
    revid.service.form = form
    status, body = revid.post(SAID, SPEECH)
    body = body[0] if form == "listed" else body
    link = f"http://sim.test/media/tasks/{body['task_id']}/0.mp3"
    assert (status, body["response"], body["message"]) == (200, {"audio_url": link, "duration": 1.0}, "success")


def test_an_image_of_v1_is_queued_or_there_at_once(revid):
    status, body = revid.post(DRAWN, IMAGE)
    task_id = body["id"]
    assert (status, body) == (200, {"id": task_id, "status": "queued", "poll": f"/v1/images/jobs/{task_id}"})
    assert revid.ask("GET", body["poll"]) == (200, {"id": task_id, "status": "queued", "data": []})
    revid.clock.tick(2)
    assert revid.ask("GET", body["poll"])[1]["status"] == "processing"
    revid.clock.tick(2)
    data = [{"url": f"http://sim.test/media/tasks/{task_id}/0.jpg"}]
    assert revid.ask("GET", body["poll"]) == (200, {"id": task_id, "status": "completed", "data": data})
    revid.service.form = "finished"
    status, body = revid.post(DRAWN, IMAGE)
    assert (status, set(body), len(body["data"])) == (200, {"data"}, 1)


@pytest.mark.parametrize("form", ["begun", "finished"])
@pytest.mark.parametrize(
    ("path", "body", "look", "status"), [(SPEECH, SAID, "/api/get/{}", 500), (IMAGE, DRAWN, "/v1/images/jobs/{}", 200)]
)
def test_what_fails_is_told_by_a_look(revid, form, path, body, look, status):
    revid.service.form = form
    revid.service.add_fault({"kind": "failed", "message": "burnt"})
    answer = revid.post(body, path)[1]
    revid.clock.tick(4)
    found, done = revid.ask("GET", look.format(answer.get("task_id", answer.get("id"))))
    assert (found, done["status"], "burnt" in json.dumps(done)) == (status, "failed", True)
    entry = revid.service.bills()["entries"][0]
    assert entry["refunded"] == entry["charged"]
