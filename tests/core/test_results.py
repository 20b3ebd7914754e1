"""The results that an answer shows, and what it tells of each, as adapters of nobody's declare them."""

import json
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia import Kind, Money, State, Task, from_json, to_json
from anymedia.declare import Assets, Endpoint, Fault, Reply, first
from anymedia.errors import AnymediaError, MalformedAnswer
from anymedia.model.plain import one_line
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked, submitted
from anymedia.translate.messages import Answer

from .acme import acme

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DRAFT = Task(id="t-1", provider="acme", account="acme", kind=Kind.VIDEO, submitted_at=NOW, path="/v1", money=Money())
CDN = "https://cdn.example/"
ITEMS = [
    {"video": CDN + "1.mp4", "cover": CDN + "1.png", "name": " Dusk ", "length": "00:01:02"},
    {"video": {"url": CDN + "2.mp4"}, "cover": None, "name": 7, "length": -3},
    {"cover": CDN + "3.png", "name": ["no"], "length": "soon"},
]


def asked(reply, **facts):
    """Return who is asked: a provider whose looks are read so."""
    poll = Endpoint(method="GET", path="/v1/{id}", reply=reply)
    submit = Endpoint(method="POST", path="/v1", reply=Reply(id=first("@X-Task", "id")))
    adapter = acme(submit=submit, poll=poll, states={"done": State.SUCCEEDED}, **facts)
    return Asked(adapter=adapter, account="acme", origin=adapter.base_url, model=None, now=NOW)


def seen(reply, body, headers=None, **facts):
    """Return the task as an answer to a look tells it."""
    who = asked(reply, **facts)
    return looked(who, who.adapter.lifecycle.poll, Answer(200, headers or {}, json.dumps(body).encode()), DRAFT)


def shown(task):
    """Return what is known of each result."""
    return [
        (each.kind, each.role, (each.url or "").removeprefix(CDN) or each.data, each.title, each.seconds)
        for each in task.assets
    ]


@pytest.mark.parametrize(
    ("assets", "expected"),
    [
        ("items[].video", [("video", "main", "1.mp4", None, None), ("video", "main", "2.mp4", None, None)]),
        (
            {"video": "items[].video", "image": "items[].cover"},
            [
                ("video", "main", "1.mp4", None, None),
                ("video", "main", "2.mp4", None, None),
                ("image", "main", "1.png", None, None),
                ("image", "main", "3.png", None, None),
            ],
        ),
        (
            (
                Assets("items[]", url="video", title="name", seconds="length!span"),
                Assets("items[]", url="cover", role="cover", title="name"),
                Assets("frame", role="last_frame", kind="video"),
            ),
            [
                ("video", "main", "1.mp4", "Dusk", 62.0),
                ("video", "main", "2.mp4", "7", None),
                ("image", "cover", "1.png", "Dusk", None),
                ("image", "cover", "3.png", None, None),
                ("video", "last_frame", b"\x89PNG\r\n\x1a\n", None, None),
            ],
        ),
        (Assets("@x-result", kind="audio"), [("audio", "main", "4.mp3", None, None)]),
    ],
)
def test_results_have_roles_titles_and_lengths(assets, expected):
    body = {"state": "done", "items": ITEMS, "frame": "data:image/png;base64,iVBORw0KGgo="}
    assert shown(seen(Reply(state="state", assets=assets), body, {"x-result": CDN + "4.mp3"})) == expected


def test_a_link_is_one_result_at_its_place_however_often_it_stands_there():
    reply = Reply(state="state", assets=(Assets("a[]", url="u", title="t"), Assets("a[]", url="u", role="cover")))
    task = seen(reply, {"state": "done", "a": [{"u": CDN, "t": "A"}, {"u": CDN, "t": "B"}]})
    assert [(each.role, each.title) for each in task.assets] == [("main", "A"), ("cover", None)]


def test_a_picture_among_films_is_their_last_frame_where_nothing_else_is_told():
    links = [CDN + "1.mp4", CDN + "2.PNG?x=1", CDN + "1.mp4"]
    task = seen(Reply(state="state", assets="a[]"), {"state": "done", "a": links})
    assert [(each.kind, each.role) for each in task.assets] == [("video", "main"), ("image", "last_frame")]
    told = seen(Reply(state="state", assets={"video": "a[]"}), {"state": "done", "a": links})
    assert [(each.kind, each.role) for each in told.assets] == [("video", "main")] * 2


def test_results_are_named_by_their_places():
    assert str(Assets("songs[]", url="audio")) == "songs[] audio"
    assert str(Assets("urls[]")) == "urls[]"


def test_what_stands_beside_the_work_is_not_the_work():
    """A task that shows its cover alone is looked at again."""
    with pytest.raises(MalformedAnswer, match="no result"):
        seen(Reply(state="state", assets=Assets("cover", role="cover")), {"state": "done", "cover": CDN})


@pytest.mark.parametrize(
    ("assets", "message"),
    [
        (lambda: Assets("a", role="hero"), "role is one of main, cover, last_frame, not 'hero'"),
        (lambda: Assets("a", kind="music"), "kind is one of audio, image, video, not 'music'"),
        (lambda: Assets("a", url="/"), "'/' is not a path"),
        (lambda: Reply(assets=("a", "b")), "assets is a tuple of Assets, and 'a' is in it"),
        (lambda: Reply(files=first("a!base64", "@")), 'an answer is the file, "@", or holds it somewhere'),
    ],
)
def test_what_no_result_can_be_is_said_at_once(assets, message):
    with pytest.raises(ValueError, match=message):
        assets()


def test_headers_tell_what_bodies_do():
    """An id, a price, a state, a reason and the seconds to wait may stand in headers."""
    reply = Reply(id="@x-task", state="@x-state", usd="@x-cost!cents", assets="@location")
    headers = {"x-task": "t-1", "x-state": "done", "x-cost": "12.5", "location": CDN + "1.mp4"}
    task = seen(reply, {}, headers)
    assert (task.state, task.money.usd, shown(task)) == (
        State.SUCCEEDED,
        pytest.approx(0.125),
        [("video", "main", "1.mp4", None, None)],
    )
    fault = Fault(code="@x-code", message="@x-why", retry_after="@x-wait!span", request_id="@x-request")
    who = asked(reply, fault=fault)
    told = {"x-code": "busy", "x-why": "too many", "x-wait": "1m 30s", "x-request": "r-1"}
    for body in (b"", b"<html>", b"{}"):
        with pytest.raises(AnymediaError, match="busy too many") as caught:
            looked(who, who.adapter.lifecycle.poll, Answer(429, told, body), DRAFT)
        assert (caught.value.code, caught.value.retry_after, caught.value.request_id) == ("busy", 90.0, "r-1")


def test_a_task_may_be_named_by_a_header_and_followed_along_one():
    who = asked(Reply(state="state"))
    poll = Endpoint(method="GET", link="@location", reply=Reply(state="state"))
    adapter = attrs.evolve(who.adapter, lifecycle=attrs.evolve(who.adapter.lifecycle, poll=poll))
    answer = Answer(202, {"x-task": "t-9", "location": adapter.base_url + "/tasks/9"})
    task = submitted(attrs.evolve(who, adapter=adapter), answer, DRAFT)
    assert (task.id, task.links) == ("t-9", {"@location": "/tasks/9"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([CDN, "done", "t-1", "1:2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "title", "x", "id"]), inner),
    max_leaves=8,
)
EVERYWHERE = Reply(
    id=first("@x-task", "id"),
    state=first("@x-state", "x"),
    assets=(Assets("x[]", url="url", title="title", seconds="x!span"), Assets("@", role="cover"), Assets("@x-task")),
    failed_if="@x-failed",
    usd="@x-cost!cents",
    tells={"progress": "x!percent", "log": "x[]", "title": "@x-task", "seed": "@!num"},
)
HEADERS = st.dictionaries(st.sampled_from(["x-task", "x-state", "x-failed", "x-cost"]), st.text() | JSON.map(str))


@settings(max_examples=30)
@given(JSON.map(json.dumps).map(str.encode) | st.binary(), HEADERS, st.sampled_from([200, 202, 400, 404, 429, 500]))
def test_whatever_is_answered_is_a_task_or_an_error_of_ours(body, headers, status):
    fault = Fault(code="@x-state", message="@", retry_after="@x-cost!span", fields="@x-task!json")
    who, answer = asked(EVERYWHERE, fault=fault), Answer(status, headers, body)
    for read in (
        lambda: looked(who, who.adapter.lifecycle.poll, answer, DRAFT),
        lambda: submitted(who, answer, DRAFT),
    ):
        came = ended(read)
        if isinstance(came, AnymediaError):
            assert str(came) == one_line(came)
            continue
        assert from_json(Task, to_json(came)) == came
        assert all(each.title in (None, one_line(each.title)) for each in came.assets)
        assert all(each.seconds is None or each.seconds > 0 for each in came.assets)


def ended(read):
    try:
        return read()
    except AnymediaError as error:
        return error
