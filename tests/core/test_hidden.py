"""API keys: hidden in whatever is kept or shown of an answer, never in what is used again."""

import html
import json
import time
from urllib.parse import quote

import attrs
import pytest

from anymedia import AnymediaError, State
from anymedia.account import Secret
from anymedia.declare import Endpoint, Fault, Reply
from anymedia.model.redact import holds, scrubbed
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer, Lost

from .acme import acme
from .test_reading import NOW, TASK

KEY = "sk/live=Ab-0123456789+test"
REPLY = Reply(id="id", state="state", assets="urls[]", failure=Fault("code", "why"), usd="cost")
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=REPLY),
    poll=Endpoint(method="GET", link="look", reply=REPLY),
    fault=Fault(code="code", message="message", request_id="request"),
    request_id=("x-request-id",),
    states={"done": State.SUCCEEDED, "failed": State.FAILED},
)
POLL = ACME.lifecycle.poll


def asked(key):
    return Asked(adapter=ACME, account="acme", origin=ACME.base_url, model=None, now=NOW, secrets=(Secret(key),))


def answer(status=200, headers=(), **body):
    return Answer(status, dict(headers), json.dumps(body).encode())


def test_what_is_used_again_is_read_before_a_key_is_hidden():
    url, look = "https://cdn.example/test/1.png", "/v1/test/t"
    body = {"id": "task_test_1", "state": "done", "urls": [url], "look": look, "cost": "0.05", "note": "a test"}
    task = submitted(asked("test"), answer(**body, request="test-9"), TASK)
    assert (task.id, task.state, task.links) == ("task_test_1", State.SUCCEEDED, {"look": look})
    assert [asset.url for asset in task.assets] == [url]
    assert (task.raw["note"], task.raw["id"], task.request_id) == ("a ***", "task_***_1", "***-9")
    assert looked(asked("test"), POLL, answer(**body), task).id == "task_test_1"
    # A state is what it is, and what is shown of it is not.
    assert looked(asked("done"), POLL, answer(**body), task).state is State.SUCCEEDED


ECHOES = {
    "plain": str,
    "slashes": lambda key: key.replace("/", "\\/"),
    "letters": lambda key: "".join(f"\\u{ord(letter):04x}" for letter in key),
    "url": lambda key: quote(key, safe=""),
    "html": lambda key: html.escape(key).replace("=", "&#61;").replace("/", "&#x2f;"),
    "json in a text": lambda key: json.dumps(json.dumps({"key": key}))[1:-1],
    "url in json in json": lambda key: json.dumps(json.dumps([quote(key)]))[1:-1].replace("/", "\\/"),
    "its beginning": lambda key: key[:22],
    "its end": lambda key: key[-22:],
}


@pytest.mark.parametrize("way", ECHOES)
@pytest.mark.parametrize(
    "form", ['{{"code":"{0}","message":"no {0}","request":"{0}","{0}":["{0}"]}}', "<b>{0}</b>", "{0}"]
)
@pytest.mark.parametrize("status", [200, 401, 503])
def test_a_key_is_hidden_however_it_comes_back(way, form, status):
    body = form.format(ECHOES[way](KEY)).encode()
    heard = Answer(status, {"x-request-id": KEY, "location": KEY}, body)
    errors = [asked(KEY).lost(Lost(f"broke at {KEY}", sent=True, status=200, body=body), submit=True)]
    for read in (
        lambda: submitted(asked(KEY), heard, TASK),
        lambda: looked(asked(KEY), POLL, heard, TASK),
    ):
        with pytest.raises(AnymediaError) as caught:
            read()
        errors.append(caught.value)
    for error in errors:
        shown = html.unescape(json.dumps([str(error), error.body, error.code, error.request_id], ensure_ascii=False))
        assert "0123456789" not in shown.replace("\\", "")
        assert "***" in json.dumps(error.body)


@pytest.mark.parametrize("state", ["done", "failed", "thinking"])
def test_a_key_is_hidden_in_what_a_task_keeps(state):
    body = {"state": f" {state.upper()} ", "why": f"no {KEY}", "code": KEY, "urls": ["https://cdn.example/" + KEY]}
    task = looked(asked(KEY), POLL, answer(headers={"x-request-id": KEY}, **body), TASK)
    kept = attrs.evolve(task, assets=())
    assert KEY not in repr(kept) + json.dumps(kept.raw)
    task = looked(asked(KEY), POLL, answer(state=f"thinking of {KEY} \x1b[31m" + "x" * 999), TASK)
    assert task.raw_state.startswith(r"thinking of *** \x1b[31m")
    assert len(task.raw_state) == 200


def test_a_short_key_is_hidden_where_it_is_the_whole_text():
    task = looked(asked("ab"), POLL, answer(state="on", a="ab", b="about", c='{"x": "ab"}', d="\\u0061b"), TASK)
    assert task.raw == {"state": "on", "a": "***", "b": "about", "c": '{"x": "***"}', "d": "***"}


def test_an_answer_is_kept_but_not_all_too_much_of_it():
    def kept(**body):
        return looked(asked(KEY), POLL, answer(state="on", **body), TASK).raw

    assert kept(a="x" * 70_000) == {"state": "on", "a": "… (70000 characters)"}
    assert kept(a=["x" * 60_000] * 3)["a"] == ["x" * 60_000] * 3
    deep = "bottom"
    for _ in range(400):
        deep = [deep]
    assert "bottom" not in json.dumps(kept(a=deep))
    assert json.dumps(kept(a=deep)).count("[") < 101
    many = kept(a=[f"step {number}" for number in range(600_000)], b=KEY)
    assert 10_000 < len(many["a"]) < 50_000
    assert many["a"][-1] == "…"
    assert "b" not in many


@pytest.mark.slow
@pytest.mark.parametrize(
    "texts",
    [
        {"logs": [f"step {number}" for number in range(500_000)]},
        {"logs": [f"st%65p {number}\\u0041 &amp; a+b" for number in range(250_000)]},
        {"logs": ["\\" * 4000] * 2000},
        {"logs": [KEY] * 250_000},
        {"logs": "x%2541" * 1_200_000},
        {"logs": [0] * 3_000_000},
        {f"key {number}": {} for number in range(400_000)},
    ],
    ids=["small", "escaped", "backslashes", "echoes", "long", "numbers", "keys"],
)
def test_eight_mebibytes_hold_nobody_up(texts):
    heard = answer(state="on", **texts)
    assert 4 << 20 < len(heard.body) < 18 << 20
    started = time.process_time()
    task = looked(asked(KEY), POLL, heard, TASK)
    read = time.process_time()
    written = scrubbed(task.raw, ["a fox in the snow, and its cub", "b"])
    assert read - started < 1.5
    assert time.process_time() - read < 1.5
    assert len(json.dumps(written)) < 400_000


def test_whether_a_text_may_hold_a_secret():
    assert holds("sk%2Flive%3DAb-0123456789%2Btest", KEY)
    assert holds("\\u0073k/live=Ab-0123456789+test", KEY)
    assert not holds("sk/live is a path", KEY)
    assert not holds("nothing", "")
