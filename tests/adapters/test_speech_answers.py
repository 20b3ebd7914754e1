"""What the answers of speech say at RunAPI and RevidAPI, whose pages leave open where an id and a failure stand."""

import json

import attrs
import pytest

from anymedia import NotFound, State, Unavailable
from anymedia.registry import adapters
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer

from .test_facts import ID, URL, asked, refused, task

LIVES = {"runapi": "at_once", "revidapi": "speech"}
WHERE = f"/api/v1/tasks/{ID}"
SOUND = {"audios": [{"url": URL}]}


def spoken(provider):
    return attrs.evolve(task(provider), lifecycle=LIVES[provider])


def accept(provider, body, status=200, **headers):
    answer = Answer(status, headers, b"" if body is None else json.dumps(body).encode())
    return submitted(asked(provider), answer, attrs.evolve(spoken(provider), id="attempt-1"))


def look(provider, body, status=200):
    answer = Answer(status, {}, json.dumps(body).encode())
    return looked(asked(provider), adapters()[provider].life(LIVES[provider]).poll, answer, spoken(provider))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"id": ID, "status": "pending"}, {"x-runapi-task-id": "another", "location": "/api/v1/tasks/another"}),
        ({"status": "pending"}, {"x-runapi-task-id": ID, "location": "/api/v1/tasks/another"}),
        ({"status": "pending"}, {"location": WHERE}),
        ({}, {"location": f"https://runapi.ai{WHERE}?wait=1"}),
        (None, {"location": f"{WHERE}/"}),
    ],
)
def test_the_id_of_a_synchronous_action_stands_in_one_of_three_places(body, headers):
    assert accept("runapi", body, 202, **headers).id == ID


def test_a_synchronous_action_that_failed_at_once_needs_no_id():
    failed = accept("runapi", {"status": "failed", "error": "no such voice"})
    assert (failed.state, failed.failure.message, failed.money.usd) == (State.FAILED, "no such voice", 0)


ERRORS = [
    ({"error": "bad text"}, None, "bad text"),
    ({"error": {"code": "moderated", "message": "bad text"}}, "moderated", "bad text"),
    (
        {"error": "Validation failed", "errors": {"text": ["is required"]}},
        None,
        "Validation failed; text is required",
    ),
]


@pytest.mark.parametrize("written", [dict, json.dumps])
@pytest.mark.parametrize(("error", "code", "message"), ERRORS)
def test_a_response_within_a_look_may_hold_an_error(error, code, message, written):
    held = {"status": 422, "content_type": "application/json", "body": written(error)}
    failed = look("runapi", {"id": ID, "status": "completed", "error": None, "response": held})
    assert (failed.state, failed.failure.code, failed.failure.message) == (State.FAILED, code, message)


@pytest.mark.parametrize("written", [dict, json.dumps])
@pytest.mark.parametrize("error", [{}, {"error": None}, {"error": ""}])
def test_a_response_within_a_look_may_hold_the_sound(error, written):
    held = {"status": 200, "body": written(SOUND | error)}
    done = look("runapi", {"id": ID, "status": "completed", "response": held})
    assert (done.state, [asset.url for asset in done.assets]) == (State.SUCCEEDED, [URL])


@pytest.mark.parametrize("status", [200, 404, 500])
@pytest.mark.parametrize("code", [{}, {"code": 500}])
@pytest.mark.parametrize("named", [{}, {"task_id": ID}])
@pytest.mark.parametrize("why", ["message", "error"])
def test_a_speech_of_revidapi_that_failed_is_told_at_any_status(status, code, named, why):
    failed = look("revidapi", {"status": "failed", why: "no such voice", **code, **named}, status)
    assert (failed.state, failed.failure.message) == (State.FAILED, "no such voice")


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"status": "not_found"}, 404, NotFound),
        ({"status": "not_found"}, 200, NotFound),
        ({"code": 404, "status": "not_found"}, 200, NotFound),
        ({"status": "processing"}, 500, Unavailable),
        ({"message": "the gateway is not well"}, 502, Unavailable),
    ],
)
def test_what_tells_no_end_of_a_speech_is_none(body, status, error):
    assert type(refused(look, "revidapi", body, status)) is error
