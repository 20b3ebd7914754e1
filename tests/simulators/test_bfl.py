"""Black Forest Labs' page: pictures by the megapixel, films and their modes, limits, costs, errors, signed webhooks."""

import base64
import json

import pytest

from anymedia.simulators.webhooks import Delivery, Moment
from tests.samples import sample

PICTURE, FILM = "https://example.com/a.png", "https://example.com/a.mp4"
PROMPT = {"prompt": "A fox"}
PNG = base64.b64encode(sample("picture.png")).decode()
VIDEO = "/v1/flux-3-video"
T2V = {**PROMPT, "mode": "t2v"}
I2V = {**PROMPT, "mode": "i2v"}
WIDTH = {"loc": ["body", "width"], "msg": "@", "type": "value_error"}


@pytest.fixture
def bfl(caller):
    return caller("bfl", balance=10**6)


def result(bfl, answer):
    bfl.clock.tick(4)
    return bfl.ask("GET", answer["polling_url"].removeprefix("http://sim.test"))[1]


@pytest.mark.parametrize(
    ("model", "body", "cents"),
    [
        ("flux-2-pro", {}, 3),
        ("flux-2-pro", {"width": 1024, "height": 1040}, 4.5),
        ("flux-2-pro", {"width": 2048, "height": 2048, "input_image": PICTURE, "input_image_8": PNG}, 10.5),
        ("flux-2-flex", {"input_image": PICTURE, "steps": 50, "guidance": 1.5, "prompt_upsampling": False}, 10),
        ("flux-2-max", {"input_image": PICTURE, "output_format": "png", "seed": 7, "safety_tolerance": 5}, 10),
        ("flux-2-klein-4b", {"width": 2048, "height": 1024}, 1.5),
        ("flux-2-klein-9b", {"input_image_4": PICTURE}, 1.7),
    ],
)
def test_a_picture_costs_by_the_megapixel_at_the_submit_and_at_the_end(bfl, model, body, cents):
    status, answer = bfl.post({**PROMPT, **body}, f"/v1/{model}")
    assert (status, answer["cost"]) == (200, cents)
    done = result(bfl, answer)
    assert (done["status"], done["cost"], done["result"]["seed"]) == ("Ready", cents, body.get("seed", 42))


@pytest.mark.parametrize(
    ("body", "cents", "size", "seconds", "sound"),
    [
        (T2V, 85, (1280, 720), 5, True),
        ({**T2V, "mode": "text-to-video", "duration": 20, "resolution": "fhd"}, 580, (1920, 1080), 20, True),
        ({**T2V, "aspect_ratio": "9:16", "generate_audio": False}, 85, (720, 1280), 5, False),
        ({**T2V, "draft": True, "batch": 4, "duration": 6}, 144, (1280, 720), 6, True),
        ({**I2V, "keyframes": PICTURE}, 85, (1280, 720), 5, True),
        ({**I2V, "keyframes": [PICTURE, PNG], "duration": 7}, 119, (1280, 720), 7, True),
        ({**I2V, "keyframes": [[0, PICTURE], [6.5, PNG]]}, 119, (1280, 720), 7, True),
        ({**I2V, "keyframes": [PICTURE] * 3, "duration": 5, "safety_tolerance": 0}, 85, (1280, 720), 5, True),
        ({**PROMPT, "mode": "v2v", "start_video": FILM, "resolution": "fhd"}, 265, (1920, 1080), 5, True),
    ],
)
def test_a_film_costs_by_the_second(bfl, body, cents, size, seconds, sound):
    status, answer = bfl.post({**body, "version": "1"}, VIDEO)
    assert (status, answer.get("cost"), "input_mp" in answer) == (200, cents, False)
    (task,) = bfl.service.tasks.values()
    made = (task.order.size, task.order.seconds, task.order.sound, task.order.media)
    assert made == (size, seconds, sound, "mp4")
    film = result(bfl, answer)["result"]
    assert (film["sample"].endswith(".mp4"), film["duration"], film["seed"]) == (True, seconds, 42)
    assert film["end_time"] > film["start_time"]
    assert len(film.get("samples", [1])) == body.get("batch", 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (PROMPT, "mode"),
        ({"mode": "t2v"}, "prompt"),
        ({**T2V, "mode": "v3v"}, "mode"),
        ({**T2V, "seed": 1}, "seed"),
        ({**T2V, "start_frame": PICTURE}, "start_frame"),
        ({**T2V, "keyframes": PICTURE}, "keyframes"),
        ({**I2V, "keyframes": PICTURE, "start_video": FILM}, "start_video"),
        (I2V, "keyframes"),
        ({**I2V, "keyframes": []}, "keyframes"),
        ({**I2V, "keyframes": [PICTURE] * 11, "duration": 5}, "keyframes"),
        ({**I2V, "keyframes": [PICTURE] * 3}, "duration"),
        ({**I2V, "keyframes": [[0, PICTURE], PICTURE]}, "keyframes"),
        ({**I2V, "keyframes": [[0, PICTURE], [0.01, PICTURE]]}, "keyframes"),
        ({**I2V, "keyframes": [[0, PICTURE], [9, PICTURE]], "duration": 8}, "keyframes"),
        ({**I2V, "keyframes": "no picture"}, "keyframes"),
        ({**PROMPT, "mode": "v2v"}, "start_video"),
        ({**T2V, "duration": 4}, "duration"),
        ({**T2V, "duration": "5"}, "duration"),
        ({**T2V, "resolution": "720p"}, "resolution"),
        ({**T2V, "draft": True, "resolution": "fhd"}, "resolution"),
        ({**T2V, "batch": 2}, "batch"),
        ({**T2V, "safety_tolerance": 5}, "safety_tolerance"),
        ({"mode": "draft_enhance"}, "draft_cache"),
        ({"mode": "draft_enhance", "draft_cache": PNG}, "draft_cache"),
        ({"mode": "draft_enhance", "draft_cache": "http://10.0.0.1/x"}, "draft_cache"),
        ({"mode": "draft_enhance", "draft_cache": PICTURE, "prompt": "x"}, "prompt"),
    ],
)
def test_a_film_takes_nothing_that_its_mode_has_not(bfl, body, field):
    status, answer = bfl.post(body, VIDEO)
    assert (status, [each["loc"][1] for each in answer["detail"]]) == (422, [field])
    assert bfl.service.tasks == {}


def test_a_draft_is_made_better_by_its_link_or_its_file_for_two_hours(bfl):
    drafted = result(bfl, bfl.post({**T2V, "draft": True, "duration": 8}, VIDEO)[1])["result"]
    link = drafted["draft_cache"]
    file = bfl.raw("GET", link.removeprefix("http://sim.test")).body
    for cache in (link, base64.b64encode(file).decode(), FILM):
        status, answer = bfl.post({"mode": "draft-enhance", "draft_cache": cache}, VIDEO)
        seconds = 5 if cache == FILM else 8
        assert (status, answer["cost"]) == (200, 29 * seconds)
    sample_at = drafted["sample"].removeprefix("http://sim.test")
    bfl.clock.tick(7200 - 5)
    assert bfl.raw("GET", sample_at).status == 200
    bfl.clock.tick(10)
    assert bfl.raw("GET", sample_at).status == 403
    assert bfl.post({"mode": "draft_enhance", "draft_cache": link}, VIDEO)[0] == 422


def test_so_much_is_made_at_a_time_and_no_more(bfl):
    for number in range(6):
        assert bfl.post(T2V, VIDEO)[0] == (200 if number < 5 else 429)
    for number in range(20):
        assert bfl.post(PROMPT, "/v1/flux-2-pro")[0] == (200 if number < 19 else 429)
    bfl.clock.tick(4)
    assert bfl.post(T2V, VIDEO)[0] == bfl.post(PROMPT, "/v1/flux-2-pro")[0] == 200


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (
            "detail",
            [
                {"detail": "Not authenticated"},
                {"detail": [WIDTH]},
            ],
        ),
        (
            "error",
            [
                {"error": "forbidden", "message": "Not authenticated", "details": None},
                {
                    "error": "value_error",
                    "message": "width @",
                    "details": [WIDTH],
                },
            ],
        ),
    ],
)
def test_errors_come_in_two_shapes(bfl, form, said):
    bfl.service.form = form
    width = bfl.post({**PROMPT, "width": 65}, "/v1/flux-2-pro")[1]
    text = "must be a multiple of 16, 64 at least"
    assert [
        bfl.post(PROMPT, "/v1/flux-2-pro", **{"x-key": "?"})[1],
        json.loads(json.dumps(width).replace(text, "@")),
    ] == said


def test_an_unknown_task_and_a_failed_one_are_states(bfl):
    assert bfl.ask("GET", "/v1/get_result?id=x") == (200, {"id": None, "status": "Task not found", "result": None})
    bfl.service.add_fault({"kind": "moderated"})
    done = result(bfl, bfl.post(PROMPT, "/v1/flux-2-pro")[1])
    assert (done["status"], done["details"]) == ("Request Moderated", {"Moderation Reasons": ["Safety Filter"]})
    assert done["cost"] == 0
    assert bfl.ask("GET", "/v1/credits")[1] == {"credits": 10**6}


def test_a_webhook_is_signed_with_the_secret_of_its_submit(bfl):
    body = (
        b'{"id":"0b6f2a1c-1111-4222-8333-944445555666","status":"Ready","result":{"sample":"https://example.com/s.png",'
        b'"prompt":"a red fox","seed":42},"timestamp":"2026-11-28T00:00:00Z"}'
    )
    told = {"webhook_url": "https://example.com/hook", "webhook_secret": "bfl-test-secret"}
    bfl.post({**PROMPT, **told}, "/v1/flux-2-pro")
    (task,) = bfl.service.tasks.values()
    delivery, key = Delivery(task, Moment(0), 0), bfl.service.webhook_key(task)
    expected = "sha256=2c54ac6a047e87050e5a97d388468758544a8124ad18f02cd68c87dda46b8f7f"
    assert bfl.service.signed(delivery, body, key) == {"X-BFL-Signature": expected}
    assert bfl.service.signed(delivery, body, "") == {}
