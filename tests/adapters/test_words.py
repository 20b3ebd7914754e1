"""Every answer that the pages know, and many that they do not: what it says, and what it means for the money."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anymedia import (
    Account,
    AnymediaError,
    BadApiKey,
    Billed,
    Cause,
    MalformedAnswer,
    NoCredit,
    NotFound,
    Outcome,
    RateLimited,
    Refund,
    Rejected,
    Retry,
    State,
    SubmitUncertain,
    Task,
    Unavailable,
)
from anymedia.errors import ProviderError
from anymedia.model.money import Money, PriceStatus
from anymedia.registry import adapters
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.encode import follow
from anymedia.translate.messages import Answer, Lost
from anymedia.translate.waiting import retry_after

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = "task_018f5a3a"
URL = "https://cdn.example/media/1.png"
PROVIDERS = ("reapi", "api_in_one", "revidapi", "runapi")
QUOTED = Money(usd=Decimal("0.03"), list_usd=Decimal("0.0275"), status=PriceStatus.EXACT, got="table")


def asked(provider):
    adapter = adapters()[provider]
    return Asked(adapter=adapter, account=f"{provider}-eu", origin=adapter.base_url, model="flux-2-pro", now=NOW)


def draft(provider, age=0.0):
    return Task(
        id="attempt-1",
        provider=provider,
        account=f"{provider}-eu",
        model="flux-2-pro",
        submitted_at=NOW - timedelta(seconds=age),
        path="/api/v1/flux_2/text_to_image",
        money=QUOTED,
    )


def answer(body, status=200, **headers):
    return Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def accept(provider, body, status=200, **headers):
    return submitted(asked(provider), answer(body, status, **headers), draft(provider))


def look(provider, body, status=200, age=300.0, **headers):
    task = attrs.evolve(draft(provider, age), id=ID)
    return looked(asked(provider), asked(provider).adapter.lifecycle.poll, answer(body, status, **headers), task)


def no(what, *arguments, **options):
    """Return the error that an answer is."""
    with pytest.raises(AnymediaError) as caught:
        what(*arguments, **options)
    return caught.value


# The documented answers.


def reapi(state, **more):
    output = {"image_urls": [URL]} if state == "completed" else None
    return {
        "id": ID,
        "model": "flux-2",
        "status": state,
        "created_at": 1735000000,
        "output": output,
        "error": None,
    } | more


def api_in_one(state, **more):
    return {"code": 200, "message": "success", "data": {"task_id": ID, "status": state} | more}


def revidapi(state, **more):
    data = {
        "taskId": ID,
        "model": "flux-2/pro-image-to-image",
        "state": state,
        "param": json.dumps({"model": "flux-2/pro", "input": {"input_urls": ["https://in.example/echo.png"]}}),
        "resultJson": json.dumps({"resultUrls": [URL]}),
        "failCode": None,
        "failMsg": None,
        "costTime": 12000,
        "completeTime": 1735000012000,
        "createTime": 1735000000000,
    }
    return {"code": 200, "msg": "success", "data": data | more}


def runapi(state, **more):
    body = {"id": ID, "status": state}
    return body | ({"images": [{"url": URL}], "usage": {"cost": 0.05}} if state == "completed" else {}) | more


POLLS = {"reapi": reapi, "api_in_one": api_in_one, "revidapi": revidapi, "runapi": runapi}
GOOD = {"reapi": "completed", "api_in_one": "COMPLETED", "revidapi": "success", "runapi": "completed"}
BAD = {"reapi": "failed", "api_in_one": "FAILED", "revidapi": "fail", "runapi": "failed"}
FINISHED = {
    **{provider: POLLS[provider](GOOD[provider]) for provider in PROVIDERS},
    "api_in_one": api_in_one("COMPLETED", output={"image_urls": [URL]}, credits_used=5),
}
SUBMITS = [
    ("reapi", {"id": ID, "model": "flux-2", "status": "processing", "created_at": 1735000000}),
    ("reapi", {"id": ID, "model": "flux-2", "status": "processing", "output": None, "error": None}),
    ("api_in_one", {"code": 200, "message": "success", "data": {"task_id": ID, "status": "IN_PROGRESS"}}),
    ("api_in_one", {"id": ID, "status": "pending", "model": "flux-2", "created_at": "2026-02-24T12:00:00Z"}),
    ("api_in_one", {"task_id": ID, "status": "pending", "id": "another"}),
    ("revidapi", {"code": 200, "msg": "success", "data": {"taskId": ID}}),
    ("runapi", {"id": ID, "status": "pending"}),
    ("revidapi", {"code": "200", "msg": "success", "data": {"taskId": ID}}),
]


# A submit that was accepted.


@pytest.mark.parametrize(("provider", "body"), SUBMITS)
def test_a_documented_yes_is_an_accepted_task(provider, body):
    task = accept(provider, body)
    assert (task.id, task.account, task.model, task.money, task.raw) == (
        *(ID, f"{provider}-eu", "flux-2-pro"),
        *(QUOTED, body),
    )
    assert task.state in (State.QUEUED, State.RUNNING)
    assert not task.replayed


def test_what_else_a_yes_tells():
    assert accept(*SUBMITS[0]).created_at == datetime(2024, 12, 24, 0, 26, 40, tzinfo=UTC)
    assert accept(*SUBMITS[0]).raw_state == "processing"
    assert accept(*SUBMITS[3]).created_at == datetime(2026, 2, 24, 12, 0, tzinfo=UTC)
    assert accept(*SUBMITS[6]).state is State.QUEUED
    assert accept("runapi", {"id": ID, "status": "pending", "task_replayed": True}).replayed
    assert accept("runapi", {"id": ID, "status": "pending"}, **{"x-request-id": "r-9"}).request_id == "r-9"


@pytest.mark.parametrize("credits", [0, 28, "0"])
def test_nothing_is_settled_before_the_end(credits):
    quoted = draft("reapi").money
    assert accept("reapi", reapi("processing", usage={"credits": credits})).money == quoted
    assert look("reapi", reapi("processing", usage={"credits": credits})).money == QUOTED
    # Nor by a submit that is done, and shows no result.
    assert accept("reapi", reapi("completed", usage={"credits": credits}, output={})).money == quoted


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("state", ["completed", "a word nobody knows", "", None, 7, ["failed"]])
def test_an_accepted_task_whose_state_cannot_be_believed_is_looked_at(provider, state):
    # Even one that is finished at once: what it made is shown to a look alone.
    body = {"code": 200, "id": ID, "status": state, "data": {"task_id": ID, "taskId": ID, "status": state}}
    assert accept(provider, body).state in (State.QUEUED, State.RUNNING)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("task_id", [None, "", " ", ".", "..", True, 1.5, {}, [ID], "a\nb", "x" * 513, "\ud800"])
def test_a_yes_without_a_usable_id_is_likely_billed(provider, task_id):
    body = {"code": 200, "id": task_id, "data": {"taskId": task_id, "task_id": task_id}}
    error = no(accept, provider, body)
    assert isinstance(error, SubmitUncertain)
    assert (error.outcome, error.billed, error.retry) == (Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY, Retry.NEVER)
    assert error.body == body


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OK",
        b"<html>welcome</html>",
        b'{"id": "task_01',
        b'{"id": NaN}',
        b"[]",
        b"null",
        b'"task_1"',
        b"\xff\xfe",
        b'{"id": 1e999}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id":' + b"[" * 100_000,
    ],
)
def test_a_yes_that_cannot_be_read_is_likely_billed(provider, body):
    error = no(accept, provider, body, status=201)
    assert (type(error), error.outcome, error.status) == (SubmitUncertain, Outcome.ACCEPTED_WITHOUT_ID, 201)


# A submit that was not: by HTTP status, at every provider, when the body says nothing.

REFUSED, NOT_SENT, UNCERTAIN = Outcome.REFUSED, Outcome.NOT_SENT, Outcome.UNCERTAIN
STATUSES = {
    400: (Rejected, REFUSED),
    401: (BadApiKey, REFUSED),
    402: (NoCredit, REFUSED),
    403: (Rejected, REFUSED),
    404: (NotFound, REFUSED),
    405: (Rejected, REFUSED),
    408: (Unavailable, UNCERTAIN),
    409: (Rejected, REFUSED),
    410: (NotFound, REFUSED),
    413: (Rejected, REFUSED),
    422: (Rejected, REFUSED),
    425: (Unavailable, REFUSED),
    429: (RateLimited, REFUSED),
    451: (Rejected, REFUSED),
    498: (Rejected, REFUSED),
    499: (Unavailable, UNCERTAIN),
    **dict.fromkeys((302, 307, 500, 501, 502, 503, 504, 520, 522, 524, 527, 599, 600), (Unavailable, UNCERTAIN)),
    **dict.fromkeys((511, 521, 523, 525, 526, 530), (Unavailable, NOT_SENT)),
}
RETRY = {
    **dict.fromkeys((Rejected, BadApiKey, NoCredit, NotFound), Retry.ELSEWHERE),
    **dict.fromkeys((RateLimited, Unavailable), Retry.SAME),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("body", [b"", b"<html>edge</html>", b'{"what": [1]', b"{}", b"[]"])
def test_what_a_status_means_when_the_body_says_nothing(provider, body):
    for status, (kind, outcome) in STATUSES.items():
        error = no(look, provider, body, status)
        assert (type(error), error.retry, error.status, error.task_id) == (kind, RETRY[kind], status, ID)

        error = no(accept, provider, body, status)
        assert (error.account, error.provider, error.status) == (f"{provider}-eu", provider, status)
        if outcome is UNCERTAIN:
            means = (SubmitUncertain, Billed.UNKNOWN, Retry.NEVER)
        else:
            means = (kind, Billed.NO, RETRY[kind])
        assert (status, error.outcome, type(error), error.billed, error.retry) == (status, outcome, *means)


# … and by the codes of the pages.

REAPI = {
    **dict.fromkeys((10001, 10002, 10003, 10004, 10005), (401, BadApiKey, REFUSED)),
    10006: (403, Rejected, REFUSED),
    **dict.fromkeys((20001, 20002, 20003, 20004, 20005, 20006, 20007, 30002), (400, Rejected, REFUSED)),
    30001: (402, NoCredit, REFUSED),
    40001: (404, NotFound, REFUSED),
    50001: (429, RateLimited, REFUSED),
    **dict.fromkeys((60001, 60002), (500, Unavailable, REFUSED)),
    60099: (500, Unavailable, UNCERTAIN),
    **dict.fromkeys((70001, 70002), (503, Unavailable, REFUSED)),
}


@pytest.mark.parametrize(("code", "means"), REAPI.items())
def test_a_code_of_reapi_counts_whatever_the_status(code, means):
    documented, kind, outcome = means
    body = {"error": {"code": code, "message": "some text", "request_id": "req_7"}}
    for status in (documented, 200, 500, 503):
        error = no(accept, "reapi", body, status)
        assert type(error) is (SubmitUncertain if outcome is UNCERTAIN else kind)
        assert (error.outcome, error.code, error.request_id, error.body) == (outcome, str(code), "req_7", body)
        assert error.billed is (Billed.UNKNOWN if outcome is UNCERTAIN else Billed.NO)
        assert "some text" in str(error)
    assert type(no(look, "reapi", body, documented)) is kind


@pytest.mark.parametrize("code", [12345, 99999, 60003, "new", None])
def test_an_unknown_code_of_reapi_gets_its_http_class(code):
    body = {"error": {"code": code, "message": "new"}}
    assert type(no(accept, "reapi", body, 400)) is Rejected
    assert no(accept, "reapi", body, 500).outcome is UNCERTAIN
    assert type(no(accept, "reapi", body, 200)) is SubmitUncertain


# The body's own code at HTTP 200: 400–499 is a no, all else that is no yes leaves it open.
INSIDE = [
    (400, Rejected, REFUSED),
    (401, BadApiKey, REFUSED),
    (402, NoCredit, REFUSED),
    (404, NotFound, REFUSED),
    (408, Unavailable, UNCERTAIN),
    (422, Rejected, REFUSED),
    (429, RateLimited, REFUSED),
    (433, Rejected, REFUSED),
    (455, Rejected, REFUSED),
    (500, Unavailable, UNCERTAIN),
    (501, Unavailable, UNCERTAIN),
    (505, Unavailable, UNCERTAIN),
    (0, Unavailable, UNCERTAIN),
    (201, Unavailable, UNCERTAIN),
    (7777, Unavailable, UNCERTAIN),
    ("what", Unavailable, UNCERTAIN),
]


@pytest.mark.parametrize(("code", "kind", "outcome"), INSIDE)
@pytest.mark.parametrize(
    ("provider", "wrap"),
    [
        ("revidapi", lambda code: {"code": code, "msg": "some text", "data": None}),
        ("revidapi", lambda code: {"code": code, "detail": "some text", "data": {"taskId": ID}}),
        ("api_in_one", lambda code: {"code": code, "message": "some text", "data": {"task_id": ID}}),
    ],
)
def test_a_no_may_hide_in_an_http_200(provider, wrap, code, kind, outcome):
    body = wrap(code)
    error = no(accept, provider, body)
    assert (error.outcome, error.code, error.status, error.body) == (outcome, str(code), 200, body)
    assert type(error) is (SubmitUncertain if outcome is UNCERTAIN else kind)
    assert "some text" in str(error)
    assert type(no(look, provider, body)) is kind


@pytest.mark.parametrize("status", [200, 401])
def test_the_error_object_of_api_in_one(status):
    body = {"error": {"code": 401, "message": "Invalid API key", "type": "auth"}}
    error = no(accept, "api_in_one", body, status)
    assert (type(error), error.outcome, error.code, error.body) == (BadApiKey, REFUSED, "401", body)
    assert "Invalid API key" in str(error)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"error": "no such action"}, None, "no such action"),
        (
            {"error": "Validation failed", "errors": {"prompt": ["is required", "is short"], "n": "odd"}},
            None,
            "Validation failed; prompt is required, is short; n odd",
        ),
        ({"error": {"code": "invalid", "message": "bad ratio"}}, "invalid", "bad ratio"),
    ],
)
def test_the_three_shapes_of_an_error_of_runapi(body, code, text):
    error = no(accept, "runapi", body, 422, **{"x-request-id": "r-1"})
    assert (type(error), error.outcome, error.code, error.request_id) == (Rejected, REFUSED, code, "r-1")
    assert str(error).endswith(text)


def test_no_channel_at_runapi_is_a_readable_no():
    texts = [
        {"error": "No active channel available"},
        {"error": {"code": 503, "message": "No active channel available"}},
    ]
    for body in texts:
        error = no(accept, "runapi", body, 503)
        assert (type(error), error.outcome, error.billed, error.retry) == (Unavailable, REFUSED, Billed.NO, Retry.SAME)
        assert no(accept, "runapi", body, 502).outcome is UNCERTAIN
    assert no(accept, "runapi", {"error": "Service Unavailable"}, 503).outcome is UNCERTAIN


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999999", 86_400.0),
        ("9" * 400, 86_400.0),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:01:00 -0000", 60.0),
        *((text, None) for text in ("", "soon", "-3", "1e3", "²", "nan")),
    ],
)
def test_how_long_a_server_asks_to_wait(header, seconds):
    error = no(look, "runapi", b"", 429, **{"retry-after": header})
    assert error.retry_after == seconds


@given(st.text())
@example("0\x1f")
def test_no_retry_after_breaks_anything(text):
    seconds = retry_after({"retry-after": text, "retry-after-ms": text, "date": text}, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_call_without_an_answer(provider):
    error = asked(provider).lost(Lost("refused", sent=False), submit=True)
    assert (type(error), error.outcome, error.billed, error.retry) == (Unavailable, NOT_SENT, Billed.NO, Retry.SAME)
    for status, outcome, billed in (
        (None, UNCERTAIN, Billed.UNKNOWN),
        (500, UNCERTAIN, Billed.UNKNOWN),
        (200, Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY),
    ):
        error = asked(provider).lost(Lost("cut off", sent=True, status=status), submit=True)
        assert (type(error), error.outcome, error.billed) == (SubmitUncertain, outcome, billed)
        assert type(asked(provider).lost(Lost("cut off", sent=True, status=status), submit=False)) is Unavailable


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_came_is_kept_but_not_all_of_it(provider):
    error = no(look, provider, b"<html>" + b"\xff" * 100_000, 502)
    assert error.body.startswith("<html>")
    assert len(error.body) == 2000
    for status, outcome in {301: NOT_SENT, 302: UNCERTAIN, 303: UNCERTAIN, 307: NOT_SENT, 308: NOT_SENT}.items():
        assert no(accept, provider, b"", status, location="https://elsewhere.example/").outcome is outcome
        assert no(accept, provider, b"", status).outcome is UNCERTAIN
    assert "https://elsewhere.example/" in str(no(look, provider, b"", 307, location="https://elsewhere.example/"))


# The states of a task.

STATES = {
    "reapi": {"processing": State.RUNNING, "queued": State.QUEUED, "pending": State.QUEUED},
    "api_in_one": {"IN_PROGRESS": State.RUNNING, "in_progress": State.RUNNING, "pending": State.QUEUED},
    "revidapi": {"waiting": State.QUEUED, "queuing": State.QUEUED, "generating": State.RUNNING},
    "runapi": {"pending": State.QUEUED, "processing": State.RUNNING},
}
GOOD_WORDS = {
    **{provider: [GOOD[provider]] for provider in PROVIDERS},
    "api_in_one": ["COMPLETED", "completed", "SUCCESS", "success"],
}
BAD_WORDS = {
    **{provider: [BAD[provider]] for provider in PROVIDERS},
    "api_in_one": ["FAILED", "failed", "ERROR", "error"],
}
each_word = lambda words: [(provider, word) for provider in PROVIDERS for word in words[provider]]  # noqa: E731


@pytest.mark.parametrize(("provider", "word"), each_word(STATES))
def test_a_word_for_still_at_it(provider, word):
    body = POLLS[provider](word)
    task = look(provider, body)
    assert (task.state, task.raw_state, task.raw) == (STATES[provider][word], word, body)
    assert task.running_at == (NOW if task.state is State.RUNNING else None)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "word", ["thinking", "Succeeded", "done", "COMPLETE", "expired", "cancelled", "timeout", "com pleted"]
)
def test_an_unknown_word_is_still_running_even_beside_a_result(provider, word):
    body = json.loads(json.dumps(FINISHED[provider]).replace(f'"{GOOD[provider]}"', json.dumps(word)))
    task = look(provider, body)
    assert (task.state, task.raw_state, task.assets) == (State.RUNNING, word, ())


@pytest.mark.parametrize(("provider", "word"), each_word(GOOD_WORDS))
def test_a_word_for_a_good_end(provider, word):
    body = json.loads(json.dumps(FINISHED[provider]).replace(f'"{GOOD[provider]}"', json.dumps(word)))
    task = look(provider, body)
    assert (task.state, task.raw_state, task.failure) == (State.SUCCEEDED, word, None)
    assert [(asset.kind, asset.url) for asset in task.assets] == [("image", URL)]
    week = NOW + timedelta(days=7)
    assert task.assets[0].expires_at == (week if provider in ("reapi", "runapi") else None)


@pytest.mark.parametrize(("provider", "word"), each_word(BAD_WORDS))
def test_a_word_for_a_bad_end(provider, word):
    task = look(provider, POLLS[provider](word))
    assert (task.state, task.raw_state, task.assets) == (State.FAILED, word, ())
    assert task.failure.cause is Cause.FAILED
    # Only who says that a failed task is not charged is believed to give the money back.
    assert task.failure.refund is (Refund.UNKNOWN if provider == "revidapi" else Refund.YES)
    assert task.money.usd == (QUOTED.usd if provider == "revidapi" else 0)
    assert task.money.list_usd == QUOTED.list_usd


@pytest.mark.parametrize(
    ("provider", "body", "code", "message"),
    [
        ("reapi", reapi("failed", error={"code": 80001, "message": "no"}), "80001", "no"),
        ("reapi", reapi("failed", error={"code": 89999, "message": "no"}), "89999", "no"),
        ("api_in_one", api_in_one("FAILED", error="no"), None, "no"),
        ("api_in_one", api_in_one("FAILED", error={"code": 7, "message": "no"}), "7", "no"),
        ("revidapi", revidapi("fail", failCode="501", failMsg="no"), "501", "no"),
        ("runapi", runapi("failed", error="no"), None, "no"),
    ],
)
def test_why_a_task_failed_in_the_provider_s_words(provider, body, code, message):
    failure = look(provider, body).failure
    assert (failure.cause, failure.code, failure.message) == (Cause.FAILED, code, message)


def test_moderation_in_a_task_of_reapi():
    failure = look("reapi", reapi("failed", error={"code": 80006, "message": "no"})).failure
    assert (failure.cause, failure.refund) == (Cause.BLOCKED, Refund.YES)


def test_the_state_counts_and_not_the_result_beside_it():
    # The page's own example shows a filled resultJson beside the state waiting.
    task = look("revidapi", revidapi("waiting"))
    assert (task.state, task.assets) == (State.QUEUED, ())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "url", ["", "ftp://cdn.example/1.png", "https://[", "data:image/png;base64,A", "data:,", None, 7, {}, "\ufffd.png"]
)
def test_a_good_end_without_a_result_is_no_success(provider, url):
    text = json.dumps(FINISHED[provider])
    if provider == "revidapi":
        body = revidapi("success", resultJson=json.dumps({"resultUrls": [url]}))
    else:
        body = json.loads(text.replace(json.dumps(URL), json.dumps(url)))
    error = no(look, provider, body)
    assert (type(error), error.retry, error.task_id, error.body) == (MalformedAnswer, Retry.NEVER, ID, body)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_answer_about_another_task_is_not_taken(provider):
    body = json.loads(json.dumps(FINISHED[provider]).replace(ID, "task_other"))
    assert "another task, task_other" in str(no(look, provider, body))


def test_api_in_one_may_name_another_task_as_it_names_one_when_it_accepts_it():
    body = {"task_id": "task_other", "status": "completed", "output": {"image_urls": [URL]}}
    assert "another task, task_other" in str(no(look, "api_in_one", body))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"completed"', b"null", b"{}", b'{"status": 7.5}', b'{"a":' * 9**5]
)
def test_a_look_that_cannot_be_read_leaves_the_task_alone(provider, body):
    error = no(look, provider, body)
    assert (type(error), error.retry, error.task_id) == (MalformedAnswer, Retry.SAME, ID)


PLACES = [
    {"output": {"image_urls": [URL]}},
    {"output": {"image_url": URL}},
    {"output": {"video_url": URL}},
    {"image_urls": [URL]},
    {"video_url": URL},
    {"response_data": [{"audio_url": URL}]},
    {"results": [{"url": URL}]},
    {"result": [{"url": URL}]},
]


@pytest.mark.parametrize("place", PLACES)
def test_where_api_in_one_may_put_a_result(place):
    assert [asset.url for asset in look("api_in_one", api_in_one("SUCCESS", **place)).assets] == [URL]


def test_results_of_api_in_one_are_never_taken_from_an_echo():
    echo = {"input_urls": [URL], "callback_url": URL, "input": {"image_url": URL}}
    assert type(no(look, "api_in_one", api_in_one("COMPLETED", **echo))) is MalformedAnswer
    task = look(
        "api_in_one", {"status": "completed", "output": {"video_url": URL}, "input_urls": ["https://in.example/"]}
    )
    assert [asset.url for asset in task.assets] == [URL]
    both = api_in_one("COMPLETED", output={"image_urls": [URL]}, image_url="https://second.example/")
    assert [asset.url for asset in look("api_in_one", both).assets] == [URL]


def test_a_result_is_listed_once_and_by_its_kind():
    task = look("reapi", reapi("completed", output={"image_urls": [URL, URL], "video_urls": [URL + "v"]}))
    assert [(asset.kind, asset.url) for asset in task.assets] == [("image", URL), ("video", URL + "v")]
    task = look("runapi", runapi("completed", audios=[{"url": "https://cdn.example/a.mp3"}]))
    assert [asset.kind for asset in task.assets] == ["image", "audio"]


def test_the_times_of_a_task():
    task = look("revidapi", revidapi("success"))
    assert task.created_at == datetime(2024, 12, 24, 0, 26, 40, tzinfo=UTC)
    assert task.completed_at - task.created_at == timedelta(seconds=12)


# What a task took.


@pytest.mark.parametrize(
    ("provider", "body", "usd", "credits"),
    [
        ("reapi", reapi("completed", usage={"credits": 28}), "0.028", 28),
        ("reapi", reapi("completed", usage={"credits": 0}), "0", 0),
        ("api_in_one", FINISHED["api_in_one"], "0.05", 5),
        ("runapi", runapi("completed", usage={"cost": 0.07}), "0.07", None),
        ("runapi", runapi("completed", usage={"cost": 0}), "0", None),
        ("runapi", runapi("completed", usage={"cost": "0.07"}), "0.07", None),
        ("reapi", reapi("completed", usage={"credits": "28"}), "0.028", 28),
    ],
)
def test_what_a_provider_says_that_it_took_is_settled(provider, body, usd, credits):
    money = look(provider, body).money
    assert (money.usd, money.credits, money.status, money.got) == (Decimal(usd), credits, PriceStatus.EXACT, "settled")
    assert (money.list_usd, money.date) == (QUOTED.list_usd, "2026-11-20")


@pytest.mark.parametrize("cost", [-1, True, "0.05 USD", "1_0", "٣", "1e3", "-1", "inf", None, 1e12, 1001, [0.05], {}])
def test_a_figure_that_is_none_is_not_taken(cost):
    assert look("runapi", runapi("completed", usage={"cost": cost})).money == QUOTED


# "Not yet", just after a create.


@pytest.mark.parametrize(
    ("body", "status"), [({"code": 422, "msg": "recordInfo is null", "data": None}, 200), ({}, 422)]
)
def test_a_young_task_of_revidapi_may_be_unknown_for_a_while(body, status):
    task = look("revidapi", body, status, age=89)
    assert (task.id, task.state, task.raw) == (ID, State.QUEUED, body)
    assert type(no(look, "revidapi", body, status, age=91)) is Rejected
    assert type(no(look, "revidapi", {"code": 401, "msg": "key"}, age=1)) is BadApiKey


# Anything at all.

WORDS = st.sampled_from(
    [*(word for words in BAD_WORDS.values() for word in words), "http://", "task_2", "\ud800", "200"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats(allow_nan=False) | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def nodes(body, at=()):
    yield at
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from nodes(value, (*at, key))


def replaced(body, at, value):
    if not at:
        return value
    copied = body.copy()
    copied[at[0]] = replaced(copied[at[0]], at[1:], value)
    return copied


ANSWERS = [
    *SUBMITS,
    *FINISHED.items(),
    *((provider, POLLS[provider](BAD[provider])) for provider in PROVIDERS),
    ("reapi", {"error": {"code": 20002, "message": "no", "request_id": "r"}}),
    ("reapi", reapi("failed", error={"code": 80006, "message": "no"}, usage={"credits": 0})),
    ("api_in_one", {"error": {"code": 401, "message": "no", "type": "auth"}}),
    ("revidapi", {"code": 402, "msg": "no", "data": None}),
    ("runapi", {"error": "Validation failed", "errors": {"prompt": ["is required"]}}),
]


@st.composite
def spoilt(draw):
    """A documented answer with one or two of its nodes replaced by anything."""
    provider, body = draw(st.sampled_from(ANSWERS))
    for _ in range(draw(st.integers(1, 2))):
        body = replaced(body, draw(st.sampled_from(list(nodes(body)))), draw(JSON))
    return provider, json.dumps(body).encode()


def ended(what, *arguments):
    """Return what a reader returns or, of all that it may raise, the error of ours."""
    try:
        return what(*arguments)
    except AnymediaError as error:
        return error


def holds(provider, body, status):
    """Hold the promises of the two readers to any answer."""
    got = Answer(status, {}, body)
    end = ended(submitted, asked(provider), got, draft(provider))
    if isinstance(end, SubmitUncertain):
        assert end.billed is not Billed.NO
        assert end.outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID)
    elif isinstance(end, ProviderError):
        assert end.billed is Billed.NO
        assert end.outcome in (Outcome.REFUSED, Outcome.NOT_SENT)
    else:
        assert 200 <= status < 300
        assert end.id.strip()
        believed(provider, end)
        here = Account(name=provider, adapter=asked(provider).adapter, origin="https://here.example")
        assert follow(here, here.adapter.lifecycle.poll, end).url.isascii()

    before = attrs.evolve(draft(provider), id=ID)
    end = ended(looked, asked(provider), asked(provider).adapter.lifecycle.poll, got, before)
    if isinstance(end, AnymediaError):
        assert isinstance(end, ProviderError)
        assert end.task_id == ID
        return
    assert end.id == ID
    believed(provider, end)


def believed(provider, task):
    """Hold that a success is believed only with the documented word and a result."""
    if task.state is State.SUCCEEDED:
        assert task.raw_state.lower() in GOOD_WORDS[provider]
        assert task.assets
        assert all(asset.data or asset.url.lower().startswith(("http://", "https://")) for asset in task.assets)


@given(spoilt(), st.sampled_from([200, 200, 201, 400, 500]))
def test_no_node_of_a_documented_answer_can_be_trusted(answered, status):
    holds(*answered, status)


@given(st.sampled_from(PROVIDERS), st.binary(), st.integers(200, 599))
def test_any_bytes_at_any_status(provider, body, status):
    holds(provider, body, status)


@given(st.sampled_from(PROVIDERS), JSON, st.sampled_from([200, 200, 404, 503]))
def test_any_json(provider, body, status):
    holds(provider, json.dumps(body).encode(), status)


AROUND = ('{{"errors":{{"a":{}}}}}', '{{"id":"' + ID + '","status":{}}}', '{{"code":{}}}', "{}")
NESTED = [(first, *each) for first, each in enumerate(product(PROVIDERS, AROUND))]


@pytest.mark.parametrize(("first", "provider", "around"), NESTED)
def test_however_deep_an_answer_is_nested(first, provider, around):
    """Each begins at another depth: what reads is the same for all, and together they come to every second one."""
    for depth in (*range(700 + 2 * first, 1100, 32), 100_000):
        holds(provider, around.format("[" * depth + "]" * depth).encode(), 400)
        holds(provider, around.format("[" * depth + "]" * depth).encode(), 200)


def test_what_a_failed_task_was_billed_in_the_providers_own_words_stands():
    before = attrs.evolve(draft("reapi"), id=ID)
    body = {"id": ID, "status": "failed", "error": {"code": 80003, "message": "x"}, "usage": {"credits": 28}}
    end = looked(
        asked("reapi"), asked("reapi").adapter.lifecycle.poll, Answer(200, {}, json.dumps(body).encode()), before
    )
    assert (end.money.credits, end.money.got) == (28, "settled")
