"""Simulators tell callers of their tasks as their pages say: in which words, signed how, how often."""

import base64
import hashlib
import hmac
import json
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from anymedia.simulators.webhooks import Delivery, Moment

from .conftest import START

HOOK = "http://127.0.0.1:9/hooks/bfl/a1"
FLUX = {"prompt": "A fox", "aspect_ratio": "1:1", "resolution": "1K"}
SUBMITS = {
    "bfl": ("/v1/flux-2-pro", {"prompt": "A fox", "webhook_url": HOOK, "webhook_secret": "mine"}),
    "fal": (f"/fal-ai/flux-2-pro?fal_webhook={quote(HOOK, safe='')}", {"prompt": "A fox"}),
    "kie": (
        "/api/v1/jobs/createTask",
        {"model": "flux-2/pro-text-to-image", "input": FLUX, "callBackUrl": HOOK},
    ),
    "replicate": (
        "/v1/models/black-forest-labs/flux-2-pro/predictions",
        {"input": {"prompt": "A fox"}, "webhook": HOOK, "webhook_events_filter": ["completed"]},
    ),
}


@pytest.fixture(params=SUBMITS)
def told(request, caller):
    """A client whose task wants to be told."""
    return caller(request.param)


def submit(told, **more):
    path, body = SUBMITS[told.service.name]
    status, answer = told.post({**body, **more}, path)
    assert status in (200, 201), answer
    return next(reversed(told.service.tasks))


def only(told, seconds):
    """Return the one post that is due then, and what it says."""
    told.clock.now += seconds
    (post,) = told.service.due(9)
    return post, json.loads(post.body)


# What is said


def said_of(told, task_id, body, *, failed=False):
    service, link = told.service, f"/media/tasks/{task_id}/0."
    match service.name:
        case "bfl" if failed:
            assert (body["id"], body["status"], body["error"]) == (task_id, "Error", "Error")
        case "bfl":
            assert (body["id"], body["status"], body["result"]["prompt"]) == (task_id, "Ready", "A fox")
            assert body["result"]["sample"].startswith(link)
            assert body["timestamp"] == "2027-01-15T08:00:04Z"
        case "fal" if failed:
            assert (body["request_id"], body["status"]) == (task_id, "ERROR")
            assert body["payload"] == {"detail": "out of paint", "error_type": "request_timeout"}
        case "fal":
            assert (body["request_id"], body["gateway_request_id"], body["status"]) == (task_id, task_id, "OK")
            assert body["payload"]["images"][0]["url"].startswith(link)
        case "kie" if failed:
            assert (body["code"], body["data"]["state"], body["data"]["consumeCredits"]) == (501, "fail", 0)
        case "kie":
            assert (body["code"], body["data"]["taskId"], body["data"]["state"]) == (200, task_id, "success")
            assert (body["data"]["consumeCredits"], body["data"]["remainedCredits"]) == (5, 99_995)
            assert link in body["data"]["resultJson"]
        case _:
            assert (body["id"], body["status"]) == (task_id, "failed" if failed else "succeeded")
            assert body["output"] is None if failed else body["output"].startswith(link)


def test_a_success_is_told_once(told):
    task_id = submit(told)
    assert told.service.due(9) == []
    post, body = only(told, 4)
    assert post.url == HOOK
    said_of(told, task_id, body)
    told.service.posted(post, 200)
    told.clock.now += 9999
    assert told.service.due(9) == []
    assert told.service.bills()["unread"] == []


def test_a_failure_is_told_too(told):
    told.service.add_fault({"kind": "failed", "message": "out of paint"})
    task_id = submit(told)
    _, body = only(told, 4)
    assert "out of paint" in json.dumps(body)
    said_of(told, task_id, body, failed=True)


def test_what_comes_out_of_order_says_that_the_task_still_runs(told):
    told.service.add_fault({"kind": "webhook_reordered"})
    submit(told)
    first, _ = only(told, 4)
    told.service.posted(first, 200)
    _, body = only(told, 0)
    told_of = body.get("data", body)
    assert (told_of.get("status") or told_of["state"]) in ("Pending", "IN_PROGRESS", "generating", "processing")


AGAIN = {"bfl": 3, "fal": 9, "kie": 3, "replicate": 4}


def test_it_is_tried_again_as_the_page_says(told):
    submit(told)
    post, _ = only(told, 4)
    pauses = told.service.webhook.pauses
    assert (len(pauses), sorted(pauses)) == (AGAIN[told.service.name], list(pauses))
    assert told.service.name != "bfl" or pauses == (1, 5, 30)
    for pause in pauses:
        told.service.posted(post, 500)
        post, _ = only(told, pause)
    told.service.posted(post, 500)
    told.clock.now += 9999
    assert told.service.due(9) == []


EVENTS = {
    None: [(4, "output", "succeeded"), (4.5, "completed", "succeeded")],
    ("start", "logs"): [(1, "start", "processing"), (2.5, "logs", "processing")],
    ("completed",): [(4, "completed", "succeeded")],
}


@pytest.mark.parametrize("events", EVENTS)
def test_replicate_tells_of_the_events_that_are_asked_for(caller, events):
    told, found = caller("replicate"), []
    submit(told, webhook_events_filter=None if events is None else list(events))
    for _ in range(20):
        for post in told.service.due(9):
            moment = post.delivery.moment
            found.append((told.clock.now - START, moment.event, json.loads(post.body)["status"]))
            assert moment.again is (moment.event == "completed")
            told.service.posted(post, 200)
        told.clock.now += 0.5
    assert found == EVENTS[events]


@pytest.mark.parametrize("wrong", [["done"], "completed", [{}]])
def test_replicate_has_no_other_events(caller, wrong):
    path, body = SUBMITS["replicate"]
    assert caller("replicate").post({**body, "webhook_events_filter": wrong}, path)[0] == 422


@pytest.mark.parametrize("name", ["fal", "replicate"])
def test_what_is_canceled_is_told_at_once(caller, name):
    told = caller(name)
    task_id = submit(told, **({"webhook_events_filter": None} if name == "replicate" else {}))
    told.clock.now += 2
    if name == "fal":
        told.ask("PUT", f"/fal-ai/flux-2-pro/requests/{task_id}/cancel")
    else:
        told.ask("POST", f"/v1/predictions/{task_id}/cancel")
    _, body = only(told, 0)
    assert (body["status"], body.get("error")) in (("ERROR", "The request was cancelled"), ("canceled", None))


# Signatures: the vectors of the pages, then what is posted

WAN = (
    b'{"request_id":"123e4567-e89b-12d3-a456-426614174000",'
    b'"gateway_request_id":"123e4567-e89b-12d3-a456-426614174000","status":"OK",'
    b'"payload":{"video":{"url":"https://v3.fal.media/files/x/out.mp4"}}}'
)
FOX = (
    b'{"id":"0b6f2a1c-1111-4222-8333-944445555666","status":"Ready","result":{"sample":"https://example.com/s.png",'
    b'"prompt":"a red fox","seed":42},"timestamp":"2026-11-28T00:00:00Z"}'
)
MESSAGE = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
OUT = b'{"id":"gm3qorzdhgbfurvjtvhg6dckhu","status":"succeeded","output":"https://replicate.delivery/x/out.mp4"}'
VECTORS = {
    "bfl": (
        ("bfl-test-secret", "0b6f", 0, "", FOX),
        {"X-BFL-Signature": "sha256=2c54ac6a047e87050e5a97d388468758544a8124ad18f02cd68c87dda46b8f7f"},
    ),
    "fal": (
        (bytes(range(32)).hex(), "123e4567-e89b-12d3-a456-426614174000", 1764288000, "", WAN),
        {
            "X-Fal-Webhook-Request-Id": "123e4567-e89b-12d3-a456-426614174000",
            "X-Fal-Webhook-User-Id": "github|1234567",
            "X-Fal-Webhook-Timestamp": "1764288000",
            "X-Fal-Webhook-Signature": "a0f0d5dc56259054b260541ebbc2272e8dfa57a48d7f322052714ca1ce5df629"
            "8fec46be75a911d905bb73c6c36498a3ec86f842c97472d96c50c1e8ddd99903",
        },
    ),
    "kie": (
        ("kie-test-hmac-key", "ee9c2715375b7837f8bb51d641ff5863", 1769670760, "", b"{}"),
        {
            "X-Webhook-Timestamp": "1769670760",
            "X-Webhook-Signature": "XtPdIqcu2ApbbXj39jiCVexel5PX3yEm5UN+OZ2EbzE=",
        },
    ),
    "replicate": (
        (
            "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "gm3q",
            1764288000,
            MESSAGE,
            OUT,
        ),
        {
            "webhook-id": MESSAGE,
            "webhook-timestamp": "1764288000",
            "webhook-signature": "v1,9wQ+6V323vFzj9xsKjXhp4Nw8ix/DSHpMH04pSSC+bE=",
        },
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_signature_is_that_of_the_page(caller, name):
    (key, task_id, now, message_id, body), headers = VECTORS[name]
    service = caller(name).service
    service.now = now
    delivery = Delivery(SimpleNamespace(id=task_id), Moment(0), 0, id=message_id)
    assert service.signed(delivery, body, key) == headers


def keys(fal):
    """Return the keys that everybody may ask for."""
    response = fal.raw("GET", "/.well-known/jwks.json", headers={})
    assert response.status == 200
    return json.loads(response.body)["keys"]


def test_fal_shows_its_public_key_to_anyone(caller):
    fal = caller("fal")
    service = fal.service
    service._webhook_key = bytes(range(32)).hex()
    jwks = keys(fal)
    assert len(jwks) == 2
    assert jwks[1] == {"kty": "OKP", "crv": "Ed25519", "x": "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"}


def is_genuine(told, post):
    """Return whether a post is from whom it says, as a caller would see it."""
    service, headers, task = told.service, post.headers, post.delivery.task
    match service.name:
        case "bfl":
            signed = hmac.digest(b"mine", post.body, hashlib.sha256).hex()
            return headers["X-BFL-Signature"] == f"sha256={signed}"
        case "kie":
            over = f"{task.id}.{headers['X-Webhook-Timestamp']}".encode()
            signed = hmac.digest(service.settings["webhook_key"].encode(), over, hashlib.sha256)
            return headers["X-Webhook-Signature"] == base64.b64encode(signed).decode()
        case "replicate":
            over = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + post.body
            secret = told.ask("GET", "/v1/webhooks/default/secret")[1]["key"]
            assert secret == service.settings["webhook_secret"]
            signed = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), over, hashlib.sha256)
            return headers["webhook-signature"] == f"v1,{base64.b64encode(signed).decode()}"
        case _:
            names = ("Request-Id", "User-Id", "Timestamp")
            lines = [*(headers[f"X-Fal-Webhook-{name}"] for name in names), hashlib.sha256(post.body).hexdigest()]
            signature = bytes.fromhex(headers["X-Fal-Webhook-Signature"])
            return any(fits(key["x"], signature, "\n".join(lines).encode()) for key in keys(told))


def fits(key, signature, over):
    try:
        Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "=")).verify(signature, over)
    except InvalidSignature:
        return False
    return True


def test_a_forger_has_another_key(told):
    told.service.add_fault({"kind": "webhook_forged"})
    task_id = submit(told)
    forged, lie = only(told, 2)
    assert "/media/forged.png" in json.dumps(lie)
    told.service.posted(forged, 401)
    genuine, body = only(told, 2)
    said_of(told, task_id, body)
    assert [is_genuine(told, post) for post in (forged, genuine)] == [False, True]


def test_bfl_signs_nothing_without_a_secret(caller):
    bfl = caller("bfl")
    submit(bfl, webhook_secret=None)
    assert [*only(bfl, 4)[0].headers] == ["Content-Type"]
