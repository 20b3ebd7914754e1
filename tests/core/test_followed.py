"""The calls and answers of providers with ways of their own: links that are followed, pixels in place of ratios, prices
by the megapixel, lists over numbered fields, files in forms, failures that a state, a status or the result tells.
"""

import base64
from decimal import Decimal

import attrs
import pytest

from anymedia import Account, Cause, ImageRequest, MalformedAnswer, Media, NotFound, State, SubmitUncertain, Task
from anymedia.adapters.bfl import ADAPTER as BFL
from anymedia.adapters.fal import ADAPTER as FAL
from anymedia.adapters.openai import ADAPTER as OPENAI
from anymedia.declare import Endpoint
from anymedia.model.money import Money
from anymedia.model.strict_json import dumps
from anymedia.pricing.price import priced
from anymedia.translate.check import check
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.encode import follow, parts, submit
from anymedia.translate.messages import Answer
from tests.samples import sample

from .acme import NOW

REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse")
EDIT = attrs.evolve(REQUEST, images=("https://a.example/1.png", "https://a.example/2.png"))


def body(adapter, request):
    checked = check(request, adapter, adapter.offers[0])
    assert checked.problems == ()
    (part,) = parts(checked)
    return checked.path, part.body, priced(checked, [part])


def asked(adapter):
    return Asked(adapter=adapter, account=adapter.name, origin=adapter.base_url, model="flux-2-pro", now=NOW)


def draft(adapter):
    return Task(
        id="draft", provider=adapter.name, account=adapter.name, submitted_at=NOW, path="/submitted", money=Money()
    )


def at(adapter, origin=None):
    return Account(name=adapter.name, adapter=adapter, origin=origin or adapter.base_url)


def accepted(adapter, answer, status=200):
    return submitted(asked(adapter), Answer(status, {}, dumps(answer)), draft(adapter))


def look(adapter, endpoint, task, answer, status=200):
    return looked(asked(adapter), endpoint, Answer(status, {}, dumps(answer)), task)


# fal

QUEUED = {
    "status": "IN_QUEUE",
    "request_id": "r-1",
    "response_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1",
    "status_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1/status",
    "cancel_url": "https://queue.fal.run/fal-ai/flux-2-pro/requests/r-1/cancel",
    "queue_position": 0,
}


@pytest.mark.parametrize(
    ("request_", "path", "sent", "usd"),
    [
        (REQUEST, "/fal-ai/flux-2-pro", {"prompt": "a lighthouse"}, None),
        (
            attrs.evolve(REQUEST, aspect_ratio="16:9", resolution="2K", seed=7, output_format="png", moderation="off"),
            "/fal-ai/flux-2-pro",
            {
                "prompt": "a lighthouse",
                "image_size": {"width": 2720, "height": 1536},
                "seed": 7,
                "enable_safety_checker": False,
                "output_format": "png",
            },
            Decimal("0.075"),
        ),
        (
            attrs.evolve(EDIT, callback_url="https://app.example/done?a=1"),
            "/fal-ai/flux-2-pro/edit?fal_webhook=https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1",
            {"prompt": "a lighthouse", "image_urls": list(EDIT.images)},
            None,
        ),
    ],
)
def test_fal_is_asked_in_its_own_words(request_, path, sent, usd):
    where, wire, money = body(FAL, request_)
    assert (where, wire, money.usd) == (path, sent, usd)


def test_fal_is_followed_along_the_links_it_answers():
    task = accepted(FAL, QUEUED)
    assert (task.id, task.state) == ("r-1", State.QUEUED)
    assert follow(at(FAL), FAL.lifecycle.poll, task).url == QUEUED["status_url"] + "?logs=1"
    assert follow(at(FAL), FAL.lifecycle.result, task).url == QUEUED["response_url"]
    assert (follow(at(FAL), FAL.lifecycle.cancel, task).method) == "PUT"
    # At another origin (a simulator, a proxy) the links go there too, and the maker's hosts get no key of it.
    assert follow(at(FAL, "http://127.0.0.1:1"), FAL.lifecycle.poll, task).url.startswith("http://127.0.0.1:1/fal-ai/")

    task = look(FAL, FAL.lifecycle.poll, task, {"status": "IN_PROGRESS", "logs": []}, status=202)
    assert task.state is State.RUNNING
    task = look(FAL, FAL.lifecycle.poll, task, {"status": "COMPLETED", "metrics": {"inference_time": 3.2}})
    assert task.state is State.SUCCEEDED
    assert task.assets == ()
    image = {"url": "https://v3.fal.media/x.jpg", "content_type": "image/jpeg", "width": 1024, "height": 768}
    task = look(FAL, FAL.lifecycle.result, task, {"images": [image], "seed": 3})
    assert [asset.url for asset in task.assets] == [image["url"]]


def test_fal_tells_a_failure_only_with_the_result():
    task = look(FAL, FAL.lifecycle.poll, accepted(FAL, QUEUED), {"status": "COMPLETED"})
    refusal = {"detail": [{"loc": ["body"], "msg": "flagged", "type": "content_policy_violation"}]}
    failed = look(FAL, FAL.lifecycle.result, task, refusal, status=422)
    assert failed.state is State.FAILED
    assert (failed.failure.cause, failed.failure.code) == (Cause.BLOCKED, "content_policy_violation")


def test_fal_tells_a_failure_beside_the_status():
    answer = {"status": "COMPLETED", "error": "the runner died", "error_type": "runner_disconnected"}
    task = look(FAL, FAL.lifecycle.poll, accepted(FAL, QUEUED), answer)
    assert (task.state, task.raw_state, task.failure.code) == (State.FAILED, "COMPLETED", "runner_disconnected")


def test_an_empty_balance_at_fal_is_a_403():
    answer = Answer(403, {}, dumps({"detail": "User is locked. Reason: Exhausted balance. Top up."}))
    with pytest.raises(Exception, match="Exhausted balance") as caught:
        submitted(asked(FAL), answer, draft(FAL))
    assert caught.value.cause is Cause.NO_CREDIT


# BFL

CREATED = {
    "id": "b-1",
    "polling_url": "https://api.eu2.bfl.ai/v1/get_result?id=b-1",
    "cost": 3.0,
    "input_mp": 0.0,
    "output_mp": 1.05,
}


@pytest.mark.parametrize(
    ("request_", "sent", "usd"),
    [
        (
            attrs.evolve(REQUEST, aspect_ratio="1:1", resolution="1K"),
            {"prompt": "a lighthouse", "width": 1024, "height": 1024},
            Decimal("0.03"),
        ),
        (
            attrs.evolve(REQUEST, resolution="2K", seed=1),
            {"prompt": "a lighthouse", "width": 2048, "height": 2048, "seed": 1},
            Decimal("0.075"),
        ),
        (
            attrs.evolve(REQUEST, size=(1104, 832), callback_url="https://app.example/x"),
            {
                "prompt": "a lighthouse",
                "width": 1104,
                "height": 832,
                "webhook_url": "https://app.example/x",
                "webhook_secret": "{webhook_secret}",
            },
            Decimal("0.03"),
        ),
        (
            EDIT,
            {"prompt": "a lighthouse", "input_image": EDIT.images[0], "input_image_2": EDIT.images[1]},
            None,
        ),
    ],
)
def test_bfl_is_asked_in_its_own_words(request_, sent, usd):
    where, wire, money = body(BFL, request_)
    assert (where, wire, money.usd) == ("/v1/flux-2-pro", sent, usd)


def test_bfl_refuses_what_its_page_refuses():
    asked = attrs.evolve(REQUEST, size=(40, 8200), callback_url="http://app.example/x")
    checked = check(asked, BFL, BFL.offers[0])
    assert [problem.message for problem in checked.problems] == [
        "takes at least 64 pixels a side, not 40x8200",
        "takes multiples of 16, not 40x8200",
        "takes https URLs only, not http://app.example/x",
    ]


def test_bfl_is_followed_to_the_cluster_it_names_and_nowhere_else():
    task = accepted(BFL, CREATED)
    assert follow(at(BFL), BFL.lifecycle.poll, task).url == CREATED["polling_url"]
    assert task.money.got != "settled"  # nothing is, before the task has ended
    assert submit(at(BFL), None, "/v1/flux-2-pro", {}, "key").headers.keys() == {"Accept", "Content-Type"}
    for hostile in (
        "https://bfl.ai.evil.example/x",
        "http://api.bfl.ai/x",
        "https://api.bfl.ai:8443/x",
        "https://user@api.bfl.ai/x",
        "https://evil.example\\@api.bfl.ai/x",
        "https://[x",
        7,
    ):
        lost = accepted(BFL, CREATED | {"polling_url": hostile})
        assert lost.id == "b-1"
        with pytest.raises(MalformedAnswer, match="named no usable polling_url"):
            follow(at(BFL), BFL.lifecycle.poll, lost)


@pytest.mark.parametrize("link", ["https://evil.example/x", "@evil.example/x", "https://api.bfl.ai.evil.example/"])
def test_a_task_that_was_tampered_with_does_not_lead_the_key_astray(link):
    task = accepted(BFL, CREATED)
    with pytest.raises(MalformedAnswer):
        follow(at(BFL), BFL.lifecycle.poll, attrs.evolve(task, links={"polling_url": link}))
    astray = attrs.evolve(task, path=link)
    with pytest.raises(MalformedAnswer):
        follow(at(BFL), Endpoint(method="GET", path="{path}/{id}"), astray)


@pytest.mark.parametrize("word", ["Request Moderated", "Content Moderated"])
def test_moderation_at_bfl_is_a_state(word):
    answer = {"id": "b-1", "status": word, "result": None, "details": {"Moderation Reasons": ["Safety Filter"]}}
    task = look(BFL, BFL.lifecycle.poll, accepted(BFL, CREATED), answer)
    assert (task.state, task.failure.cause, task.failure.message) == (State.FAILED, Cause.BLOCKED, "Safety Filter")


def test_an_unknown_id_at_bfl_fails_no_task():
    task = accepted(BFL, CREATED)
    with pytest.raises(NotFound):
        look(BFL, BFL.lifecycle.poll, task, {"id": "b-1", "status": "Task not found", "result": None})


# OpenAI

PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def test_an_edit_at_openai_is_a_form():
    picture = Media(sample("picture.png"), name='a "photo".png')
    request = ImageRequest(model="gpt-image-2", prompt="brighter", images=(picture, picture), mask=picture, count=2)
    path, sent, _ = body(OPENAI, request)
    call = submit(at(OPENAI), None, path, sent, None)
    boundary = call.headers["Content-Type"].removeprefix("multipart/form-data; boundary=")
    *written, end = call.body.split(f"--{boundary}".encode())
    named = b'Content-Disposition: form-data; name="%s"'
    shown = named + b"\r\n\r\n%s\r\n"
    file = named + b'; filename="a _photo_.png"\r\nContent-Type: image/png\r\n\r\n%s\r\n'
    texts = {b"model": b"gpt-image-2", b"prompt": b"brighter", b"n": b"2"}
    files = (b"image[]", b"image[]", b"mask")
    wanted = [shown % each for each in texts.items()] + [file % (name, picture.read()) for name in files]
    assert sorted(each.removeprefix(b"\r\n") for each in written[1:]) == sorted(wanted)
    assert (path, written[0], end) == ("/v1/images/edits", b"", b"--\r\n")
    refused = check(ImageRequest(model="gpt-image-2", prompt="brighter", mask=picture), OPENAI, OPENAI.offers[0])
    assert [problem.field for problem in refused.problems] == ["mask"]


def test_the_answer_of_openai_is_the_result():
    task = accepted(OPENAI, {"created": 1713833628, "data": [{"b64_json": PICTURE}, {"b64_json": PICTURE}]})
    assert (task.id, task.state, len(task.assets)) == ("draft", State.SUCCEEDED, 2)
    assert task.assets[0].data == base64.b64decode(PICTURE)


@pytest.mark.parametrize("answer", [{"created": 1}, {"created": 1, "data": [{"b64_json": "%"}]}, [], "no"])
def test_a_paid_answer_of_openai_without_a_picture_is_uncertain(answer):
    with pytest.raises(SubmitUncertain) as caught:
        accepted(OPENAI, answer)
    assert caught.value.billed == "likely"
