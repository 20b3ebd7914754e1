"""Replicate's page: what each model takes and costs, predictions, deadlines, lists, models, files, signed webhooks."""

import json

import pytest

from anymedia.simulators.replicate import VERSIONS
from anymedia.simulators.replicate_models import MODELS
from anymedia.simulators.webhooks import Delivery, Moment

PICTURE, FILM, SOUND = "https://example.com/a.png", "https://example.com/a.mp4", "https://example.com/a.mp3"
PROMPT = {"prompt": "A fox"}
FLUX = "black-forest-labs/flux-2-pro"
KLING, SEEDANCE, VEO, WAN = (
    "kwaivgi/kling-v3-video",
    "bytedance/seedance-2.0",
    "google/veo-3.1-fast",
    "wan-video/wan-2.7",
)
SHOTS = json.dumps([{"prompt": "a", "duration": 3}, {"prompt": "b", "duration": 4}])


@pytest.fixture
def replicate(caller):
    return caller("replicate", balance=10**9)


def submitted(replicate, model, put, **more):
    return replicate.post({"input": {**PROMPT, **put}, **more}, f"/v1/models/{model}/predictions")


@pytest.mark.parametrize(
    ("model", "put", "cents", "made"),
    [
        (FLUX, {}, 5, ("png", (1024, 1024), 0, False)),
        (FLUX, {"aspect_ratio": "custom", "width": 512, "height": 256}, 5, ("png", (512, 256), 0, False)),
        (
            "black-forest-labs/flux-2-flex",
            {"output_format": "jpg", "guidance": 2.5},
            10,
            ("jpeg", (1024, 1024), 0, False),
        ),
        (KLING, {}, 56, ("mp4", (1920, 1080), 5, False)),
        (KLING, {"mode": "standard", "generate_audio": True}, 63, ("mp4", (1280, 720), 5, True)),
        (KLING, {"mode": "standard", "duration": 3, "aspect_ratio": "9:16"}, 25.2, ("mp4", (720, 1280), 3, False)),
        (KLING, {"duration": 7, "multi_prompt": SHOTS, "mode": "4k"}, 294, ("mp4", (3840, 2160), 7, False)),
        (SEEDANCE, {}, 150, ("mp4", (1280, 720), 5, True)),
        (SEEDANCE, {"duration": -1, "resolution": "1080p"}, 150, ("mp4", (1920, 1080), 5, True)),
        (
            f"{SEEDANCE}-fast",
            {"reference_videos": [FILM], "aspect_ratio": "adaptive"},
            85,
            ("mp4", (1280, 720), 5, True),
        ),
        (f"{SEEDANCE}-mini", {"generate_audio": False}, 75, ("mp4", (1280, 720), 5, False)),
        (VEO, {"duration": 4}, 60, ("mp4", (1280, 720), 4, True)),
        (VEO, {"generate_audio": False, "image": PICTURE, "last_frame": PICTURE}, 50, ("mp4", (1280, 720), 5, False)),
        (f"{WAN}-t2v", {"duration": 2, "audio": SOUND, "resolution": "1080p"}, 30, ("mp4", (1920, 1080), 2, False)),
        (f"{WAN}-i2v", {"first_frame": PICTURE}, 50, ("mp4", (1280, 720), 5, False)),
    ],
)
def test_each_model_makes_and_costs_what_is_written(replicate, model, put, cents, made):
    status, body = submitted(replicate, model, put)
    assert (status, body.get("status")) == (201, "starting"), body
    (task,) = replicate.service.tasks.values()
    order = task.order
    assert (order.media, order.size, order.seconds, order.sound) == made
    assert float(order.price) == cents


@pytest.mark.parametrize(
    ("model", "put", "field"),
    [
        (FLUX, {"prompt": ""}, "prompt"),
        (FLUX, {"aspect_ratio": "match_input_image"}, "aspect_ratio"),
        (FLUX, {"width": 255}, "width"),
        (FLUX, {"input_images": [PICTURE] * 9}, "input_images"),
        (KLING, {"prompt": "x" * 2501}, "prompt"),
        (KLING, {"duration": "5"}, "duration"),
        (KLING, {"mode": "std"}, "mode"),
        (KLING, {"end_image": PICTURE}, "end_image"),
        (KLING, {"multi_prompt": SHOTS}, "multi_prompt"),
        (KLING, {"multi_prompt": [1]}, "multi_prompt"),
        (KLING, {"multi_prompt": "[]"}, "multi_prompt"),
        (SEEDANCE, {"duration": 3}, "duration"),
        (SEEDANCE, {"image": PICTURE, "reference_images": [PICTURE]}, "reference_images"),
        (f"{SEEDANCE}-fast", {"resolution": "1080p"}, "resolution"),
        (VEO, {"duration": 5}, "duration"),
        (VEO, {"last_frame": PICTURE}, "last_frame"),
        (f"{WAN}-i2v", {}, "first_frame"),
    ],
)
def test_what_is_not_written_is_refused(replicate, model, put, field):
    status, body = submitted(replicate, model, put)
    assert (status, body["title"]) == (422, "Input validation failed")
    assert f"input.{field}" in body["detail"] or field in body["detail"]


def test_a_model_is_known_by_its_version_and_its_schema_tells_its_fields(replicate):
    for name, model in MODELS.items():
        status, told = replicate.ask("GET", f"/v1/models/{name}")
        assert (status, f"{told['owner']}/{told['name']}") == (200, name)
        version, put = told["latest_version"]["id"], told["latest_version"]["openapi_schema"]
        assert VERSIONS[version] == name
        fields = put["components"]["schemas"]["Input"]
        assert set(fields["properties"]) == set(model.fields({}))
        assert "prompt" in fields["required"]
    assert replicate.ask("GET", "/v1/models/a/b")[0] == 404
    put = {"version": next(each for each, of in VERSIONS.items() if of == FLUX), "input": PROMPT}
    for version in (put["version"], f"{FLUX}:{put['version']}", FLUX):
        status, body = replicate.post({**put, "version": version}, "/v1/predictions")
        assert (status, body["model"]) == (201, FLUX)
    for wrong in ({**put, "version": "?"}, {"input": PROMPT}, {**put, "input": []}, {**put, "webhook": "ftp://x"}):
        assert replicate.post(wrong, "/v1/predictions")[0] == 422


def test_any_other_version_is_a_community_model_that_takes_what_it_is_given(replicate):
    version = "5c" * 32
    for told, model in ((version, version), (f"acme/my-lora:{version}", "acme/my-lora")):
        status, body = replicate.post({"version": told, "input": {"lora_scale": 0.5}}, "/v1/predictions")
        assert (status, body["model"], body["input"]) == (201, model, {"lora_scale": 0.5})


@pytest.mark.parametrize(
    ("after", "status", "refunded"),
    [("0.5s", "succeeded", 0), ("1m", "succeeded", 0), ("1s", "aborted", 5), ("2s", "canceled", 5)],
)
def test_a_deadline_ends_what_is_late(replicate, after, status, refunded):
    replicate.service.queued = 1.5
    path = f"/v1/models/{FLUX}/predictions"
    body = replicate.post({"input": PROMPT}, path, **{"Cancel-After": after})[1]
    replicate.clock.tick(5)
    seen = replicate.ask("GET", f"/v1/predictions/{body['id']}")[1]
    assert (seen["status"], seen["started_at"] is None) == (status, status == "aborted")
    assert [entry["refunded"] for entry in replicate.service.bills()["entries"]] == [refunded]


def test_what_is_throttled_says_in_its_body_how_long_to_wait(replicate):
    replicate.service.add_fault({"kind": "throttled", "on": "submit", "retry_after": ""})
    detail = "Request was throttled. Expected available in 7 seconds."
    assert submitted(replicate, FLUX, {}) == (429, {"detail": detail, "status": 429, "retry_after": 7})


def test_a_prediction_is_stopped_and_listed(replicate):
    ids = [submitted(replicate, FLUX, {})[1]["id"] for _ in range(101)]
    stopped = replicate.post({}, f"/v1/predictions/{ids[-1]}/cancel")[1]
    assert (stopped["status"], stopped["completed_at"]) == ("canceled", "2027-01-15T08:00:00Z")
    replicate.clock.tick(4)
    page = replicate.ask("GET", "/v1/predictions")[1]
    assert [each["id"] for each in page["results"]] == ids[:0:-1]
    assert [each["output"] is None for each in page["results"][:2]] == [True, False]
    rest = replicate.ask("GET", page["next"].removeprefix("http://sim.test"))[1]
    assert ([each["id"] for each in rest["results"]], page["previous"], rest["next"]) == (ids[:1], None, None)


def test_a_webhook_is_signed_as_standard_webhooks_are(replicate):
    secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    body = b'{"id":"gm3qorzdhgbfurvjtvhg6dckhu","status":"succeeded","output":"https://replicate.delivery/x/out.mp4"}'
    submitted(replicate, FLUX, {})
    (task,) = replicate.service.tasks.values()
    delivery = Delivery(task, Moment(0), 0)
    delivery.id, replicate.service.now = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", 1764288000
    assert replicate.service.signed(delivery, body, secret) == {
        "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "webhook-timestamp": "1764288000",
        "webhook-signature": "v1,9wQ+6V323vFzj9xsKjXhp4Nw8ix/DSHpMH04pSSC+bE=",
    }
    assert replicate.ask("GET", "/v1/webhooks/default/secret")[1] == {
        "key": replicate.service.settings["webhook_secret"]
    }
