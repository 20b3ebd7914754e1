"""Answers that are not quite what a page says: one bad byte, a final state beside an error, another task's name."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import AnymediaError, Billed, Cause, Outcome, State, SubmitUncertain
from anymedia.declare import Endpoint, Err, Fault, Match, Reply
from anymedia.errors import MalformedAnswer, NotFound, Rejected, Unavailable
from anymedia.model.strict_json import DEEPEST, decoded, lenient
from anymedia.model.vocabulary import Refund
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer, Lost
from anymedia.translate.reading import read
from anymedia.translate.waiting import retry_after

from .acme import acme
from .test_reading import NOW, TASK

URL = "https://cdn.example/a.png"
REPLY = Reply(
    ok=("code", 200),
    id="data.id",
    state="data.state",
    assets="data.result!json.urls[]",
    failure=Fault("data.why.code", "data.why.text"),
    usd="data.cost",
)
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=REPLY),
    poll=Endpoint(method="GET", path="/v1/{id}", reply=REPLY),
    result=Endpoint(method="GET", path="/v1/{id}/result", verdict=True, reply=Reply(assets="urls[]")),
    cancel=Endpoint(method="PUT", path="/v1/{id}/cancel", reply=REPLY),
    fault=Fault(code="code", message="msg"),
    states={"done": State.SUCCEEDED, "fail": State.FAILED, "Gone": Err(Cause.NOT_FOUND)},
    errors={
        "flagged": Cause.BLOCKED,
        "down": Cause.UNAVAILABLE,
        "broke": Err(Cause.FAILED, refund=Refund.YES),
        Match("no channel"): Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED),
    },
)
ASKED = Asked(adapter=ACME, account="acme", origin=ACME.base_url, model=None, now=NOW)


def heard(body, status=200, **headers):
    return Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def data(code=200, **held):
    return {"code": code, "data": {"id": "t-1", **held}}


def look(body, status=200, endpoint=ACME.lifecycle.poll, **headers):
    return looked(ASKED, endpoint, heard(body, status, **headers), TASK)


def no(body, status=200, endpoint=ACME.lifecycle.poll, **headers):
    with pytest.raises(AnymediaError) as caught:
        look(body, status, endpoint, **headers)
    return caught.value


def accept(body, status=200, **headers):
    return submitted(ASKED, heard(body, status, **headers), TASK)


def refused(body, status=200, **headers):
    with pytest.raises(AnymediaError) as caught:
        accept(body, status, **headers)
    return caught.value


# One bad byte

GOOD = '{"code":200,"data":{"id":"t-9","state":"DONE ","cost":0.05,"result":{"urls":["URL"]},"echo":"%s"}}'.replace(
    "URL", URL
)
BAD_BYTES = {
    "NaN": (GOOD % "x").replace('"echo"', '"seed":NaN,"echo"').encode(),
    "Infinity": (GOOD % "x").replace('"echo"', '"seed":[-Infinity,Infinity],"echo"').encode(),
    "a huge number": (GOOD % "x").replace('"echo"', '"seed":1e999,"echo"').encode(),
    "a huge whole number": (GOOD % "x").replace('"echo"', f'"seed":{"9" * 100_000},"echo"').encode(),
    "control characters": (GOOD % "a\nb\x00\x1b[31m").encode(),
    "half a letter": (GOOD % "é").encode()[:-4] + b'"}}',
    "no UTF-8": (GOOD % "x").encode().replace(b'"x"', b'"\xff\xfe\x80"'),
    "latin-1": (GOOD % "café").encode("latin-1"),
    "cp1252": (GOOD % "“café”").encode("cp1252"),
    "a byte order mark": (GOOD % "é").encode("utf-8-sig"),
    "UTF-16": (GOOD % "é").encode("utf-16"),
    "UTF-16, big": (GOOD % "é").encode("utf-16-be"),
    "UTF-32": (GOOD % "é").encode("utf-32"),
    "nulls behind": (GOOD % "x").encode() + b"\0\0\n",
}


@pytest.mark.parametrize("kind", BAD_BYTES)
def test_one_bad_byte_loses_nothing(kind):
    task = accept(BAD_BYTES[kind])
    assert (task.id, task.state, task.money.usd) == ("t-9", State.SUCCEEDED, Decimal("0.05"))
    assert [asset.url for asset in task.assets] == [URL]
    json.dumps(task.raw, allow_nan=False)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999", "9" * 5000, "1_0", "0x10"])
def test_an_amount_that_had_to_be_touched_is_none(number):
    body = (GOOD % "x").replace("0.05", number).replace('"echo":', '"nan":NaN,"echo":').encode()
    if number in ("1_0", "0x10"):
        assert refused(body).outcome is Outcome.ACCEPTED_WITHOUT_ID
    else:
        assert accept(body).money == TASK.money


@pytest.mark.parametrize("bad", [b"\xff", b"\xe9", b"\xf0\x9f", b"\x00"])
def test_an_id_or_a_link_that_had_to_be_touched_is_none(bad):
    error = refused((GOOD % "x").encode().replace(b"t-9", b"t-" + bad + b"9"))
    assert (type(error), error.outcome, error.billed) == (SubmitUncertain, Outcome.ACCEPTED_WITHOUT_ID, Billed.LIKELY)
    task = accept((GOOD % "x").encode().replace(b"/a.png", b"/" + bad + b"a.png"))
    assert (task.id, task.state.final, task.money) == ("t-9", False, TASK.money)


@pytest.mark.parametrize(
    "body",
    [
        (GOOD % "x").encode()[:-2],
        b"<html>",
        b"\xff\xfe",
        b"{'code': 200}",
        b'{"code":200,}',
        b'{"a":' * 10**6,
        b"9" * 10**6,
    ],
)
def test_what_cannot_be_read_is_uncertain_and_kept(body):
    error = refused(body)
    assert (type(error), error.outcome) == (SubmitUncertain, Outcome.ACCEPTED_WITHOUT_ID)
    assert error.body == decoded(body)[:2000] or error.body is None
    assert no(body).cause is Cause.MALFORMED


@given(st.binary() | st.text().map(str.encode) | st.sampled_from(sorted(BAD_BYTES.values())).map(lambda body: body[3:]))
def test_any_bytes_are_json_or_text(body):
    words, _ = read(body)
    json.dumps(words, allow_nan=False)


def test_the_lenient_reading_makes_nothing_up():
    assert lenient('[NaN,Infinity,1e999,-1e999,12,0.5,"\n"]') == [None, None, None, None, 12, 0.5, "\n"]
    with pytest.raises(ValueError, match="Expecting value"):
        lenient("[" * 100_000)


@pytest.mark.parametrize("levels", [99, 100, 101, 400, 5000])
def test_what_lies_too_deep_is_left_out_of_what_cannot_be_read_otherwise(levels):
    deep = '{"a":[' * levels + '"]}"' + "]}" * levels
    words = lenient(f'{{"id":"t-1","echo":{deep},"after":["\\"[",2]}}')
    assert (words["id"], words["after"]) == ("t-1", ['"[', 2])
    assert str(words["echo"]).count("[") <= max(DEEPEST, levels)


@pytest.mark.parametrize("form", ['[{"id":"t-1"}]', '"{\\"id\\":\\"t-1\\"}"', '"[{\\"id\\":\\"t-1\\"}]"'])
def test_one_object_in_a_list_or_a_text_is_that_object(form):
    assert read(form.encode())[0] == {"id": "t-1"}


@pytest.mark.parametrize("words", [[{"id": "a"}, {"id": "b"}], [], "{no object", "a text", 7, None, ["a"]])
def test_what_holds_no_one_object_stays_as_it_is(words):
    assert read(json.dumps(words).encode())[0] == words


# Records

RESULT = {"urls": [URL]}


@pytest.mark.parametrize(
    "result", [RESULT, json.dumps(RESULT), json.dumps(json.dumps(RESULT)), {"urls": URL}, json.dumps({"urls": URL})]
)
def test_every_form_of_a_record_is_read(result):
    assert [asset.url for asset in look(data(state="done", result=result)).assets] == [URL]


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_final_state_of_the_same_task_beside_an_error_is_believed(status):
    failed = look(data(501, state="Fail", why={"code": "broke", "text": "no gpu"}, cost=0), status)
    assert (failed.state, failed.failure.code, failed.failure.message) == (State.FAILED, "broke", "no gpu")
    assert (failed.failure.refund, failed.money.usd) == (Refund.YES, Decimal(0))
    assert look(data(501, state="done", result=RESULT), status).state is State.SUCCEEDED


@pytest.mark.parametrize(
    "body",
    [
        data(501, state="busy"),
        data(501, state="done"),
        {"code": 501, "data": {"state": "fail"}},
        {"code": 501, "data": None},
    ],
)
def test_what_is_not_final_or_not_of_the_task_is_an_error(body):
    assert type(no(body)) is Unavailable


@pytest.mark.parametrize("endpoint", [ACME.lifecycle.poll, ACME.lifecycle.cancel])
@pytest.mark.parametrize("other", ["t-2", "t-1 ", "T-1", 7, "t-1" * 300, "\0", {"id": "t-1"}, ["t-1"], True])
@pytest.mark.parametrize(("code", "status"), [(200, 200), (501, 200), (404, 404), (401, 401)])
def test_an_answer_that_names_another_task_is_never_taken(endpoint, other, code, status):
    error = no({"code": code, "msg": "key revoked", "data": {"id": other, "state": "fail"}}, status, endpoint)
    assert (type(error), error.task_id, error.status) == (MalformedAnswer, "t-1", status)
    assert "another task" in str(error)
    assert "key revoked" in str(error)


# A verdict


@pytest.mark.parametrize(
    ("body", "status", "cause"),
    [
        ({"code": "flagged"}, 422, Cause.BLOCKED),
        ({"code": "flagged"}, 503, Cause.BLOCKED),
        ({"code": "broke"}, 500, Cause.FAILED),
        ({"detail": "no media"}, 422, Cause.FAILED),
    ],
)
def test_a_verdict_is_the_end_at_whatever_status(body, status, cause):
    failed = look(body, status, ACME.lifecycle.result)
    assert (failed.state, failed.failure.cause) == (State.FAILED, cause)


@pytest.mark.parametrize(
    ("body", "status"),
    [({"code": "down"}, 503), ({}, 500), (b"<html>", 504), ({}, 401), ({"code": "x"}, 403), ({}, 404), ({}, 429)],
)
def test_trouble_of_the_account_or_the_service_is_no_verdict(body, status):
    no(body, status, ACME.lifecycle.result)


# What is told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"msg": "plain words"}, "plain words"),
        ({"error": "E"}, "E"),
        ({"Error": {"Message": "nested"}}, "nested"),
        ({"detail": [{"loc": ["body"], "msg": "too long"}, {"msg": "too wide"}]}, "too long; too wide"),
        ({"data": {"error": {"title": "Sub"}}}, "Sub"),
        ({"errors": [{"error": {"error": {"error": {"error": {"error": "deep"}}}}}]}, '{"errors": [{"error":'),
        ({"job": "j-1"}, '{"job": "j-1"}'),
        (["a", {"message": "b"}], "a; b"),
        (
            b"<!doctype html><html><head><TITLE lang=en>\n 403 &amp;\n Forbidden</TITLE></head></html>",
            "403 & Forbidden",
        ),
        (b"<html><body><h1>Attention</h1><p>x</p></body></html>", "Attention"),
        (b"\n\n upstream failed \nmore", "upstream failed"),
        ("a text in JSON", "a text in JSON"),
        ({"msg": "\x1b[31mred\r\nnext \u202eline"}, r"\x1b[31mred next \u202eline"),
    ],
)
@pytest.mark.parametrize("status", [200, 403, 500])
def test_the_text_of_an_answer_is_told(body, told, status):
    for error in (refused(body, status), *([no(body, status)] if status != 200 else [])):
        assert told in str(error)
        assert str(error).isprintable()
        assert error.body == (body if not isinstance(body, bytes) else body.decode())


@pytest.mark.parametrize(("body", "status"), [(b"", 500), ({}, 500), ([], 404), (b"null", 500)])
def test_where_there_is_no_text_none_is_told(body, status):
    assert str(no(body, status)) == f"acme answered {status}"


def test_words_that_are_not_the_providers_refuse_nothing():
    # A prompt that comes back is no row of the adapter's.
    assert type(refused({"data": {"description": "no channel"}})) is SubmitUncertain
    assert type(refused({"msg": "no channel"})) is Unavailable


def test_a_403_is_about_the_request():
    assert type(refused({}, 403)) is Rejected
    assert type(no(data(state="gone"))) is NotFound


def test_what_came_before_a_break_is_kept():
    error = ASKED.lost(Lost("cut off\x1b", sent=True, status=200, body=b'{"id": "t-'), submit=True)
    assert (error.body, error.outcome) == ('{"id": "t-', Outcome.ACCEPTED_WITHOUT_ID)
    assert r"cut off\x1b" in str(error)
    assert ASKED.lost(Lost("cut off", sent=True), submit=False).body is None


def test_a_link_that_cannot_be_used_is_shown():
    error = no(data(state="done", result={"urls": ["ftp://cdn.example/a.png", "http://[::1]@/a.png"]}))
    assert "'ftp://cdn.example/a.png', 'http://[::1]@/a.png'" in str(error)
    assert "no result" in str(no(data(state="done", result={"urls": []})))


def test_a_word_means_one_thing_in_whatever_letters():
    with pytest.raises(ValueError, match="'Done' means two things"):
        acme(submit=ACME.lifecycle.submit, states={"done": State.SUCCEEDED, "Done": State.FAILED})


# How long to wait

LATER = NOW + timedelta(seconds=90)
HTTP = "%a, %d %b %Y %H:%M:%S GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 7 "}, 7),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
        ({"retry-after": str(int(LATER.timestamp()))}, 90),
        ({"retry-after": f"{LATER.timestamp():.1f}"}, 90),
        ({"retry-after": str(int(LATER.timestamp() * 1000))}, 90),
        ({"retry-after": "1000000000"}, 0),
        ({"retry-after": "9" * 400}, 86_400),
        ({"retry-after": LATER.strftime(HTTP)}, 90),
        ({"retry-after": LATER.strftime(HTTP).removesuffix(" GMT")}, 90),
        ({"retry-after": "2026-11-20T12:01:30Z"}, 90),
        ({"retry-after": "2026-11-20 12:01:30"}, 90),
        ({"retry-after": LATER.strftime(HTTP), "date": (LATER - timedelta(seconds=5)).strftime(HTTP)}, 5),
        ({"retry-after": LATER.strftime(HTTP), "date": "whenever"}, 90),
        ({"retry-after": "7", "date": "Fri, 01 Jan 1999 00:00:00 GMT"}, 7),
        ({"retry-after": "later"}, None),
        ({"date": "Fri, 01 Jan 1999 00:00:00 GMT"}, None),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(headers, seconds):
    assert retry_after(headers, datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) == seconds
    assert attrs.evolve(ASKED, now=NOW).now == NOW
