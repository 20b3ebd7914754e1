"""What a reader makes of answers that no built-in adapter gets."""

import json
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from anymedia import Asset, Cause, Money, NotFound, Result, State, Task
from anymedia.declare import Endpoint, Err, Fault, Reply
from anymedia.errors import AnymediaError, MalformedAnswer, SubmitUncertain
from anymedia.translate.classify import Asked, Received
from anymedia.translate.decode import looked, posted, submitted
from anymedia.translate.messages import Answer

from .acme import acme

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ACME = acme(
    submit=Endpoint(
        method="POST", path="/v1", reply=Reply(id="id", state="state", assets="url", files="data[]!base64")
    ),
    poll=Endpoint(
        method="GET", path="/v1/{id}", reply=Reply(state="state", assets="urls[]", files="data[]", completed="done!iso")
    ),
    fault=Fault(code="code", retry_after="wait"),
    states={"done": State.SUCCEEDED},
    expires=86_400,
)
POLL = ACME.lifecycle.poll
ASKED = Asked(adapter=ACME, account="acme", origin=ACME.base_url, model=None, now=NOW)
TASK = Task(id="t-1", provider="acme", account="acme", submitted_at=NOW, path="/v1")


def answer(status=200, **body):
    return Answer(status, {}, json.dumps(body).encode())


def test_a_submit_whose_answer_shows_the_result_is_done():
    task = submitted(
        ASKED, answer(id="t-1", state="done", url="https://cdn.example/1.png", data=["iVBORw0KGgo="]), TASK
    )
    assert task.state is State.SUCCEEDED
    assert [(asset.url, asset.data) for asset in task.assets] == [
        ("https://cdn.example/1.png", None),
        (None, b"\x89PNG\r\n\x1a\n"),
    ]


@pytest.mark.parametrize("body", [{}, {"url": None}, {"url": "1.png"}, {"data": ["%"]}])
def test_a_submit_that_is_done_and_shows_nothing_is_looked_at(body):
    assert not submitted(ASKED, answer(id="t-1", state="done", **body), TASK).state.final


def test_only_bytes_are_a_file():
    task = looked(ASKED, POLL, answer(state="done", urls=["https://cdn.example/1.png"], data=["text", 7]), TASK)
    assert [asset.data for asset in task.assets] == [None]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (0, State.QUEUED),
        (1, State.SUCCEEDED),
        ("1", State.SUCCEEDED),
        (2, State.FAILED),
        (3, State.RUNNING),
    ],
)
def test_a_state_may_be_a_number(said, state):
    states = {"0": State.QUEUED, "1": State.SUCCEEDED, "2": State.FAILED, "-1": Err(Cause.NOT_FOUND)}
    adapter = acme(submit=ACME.lifecycle.submit, poll=POLL, states=states)
    asked = attrs.evolve(ASKED, adapter=adapter)
    seen = looked(asked, POLL, answer(state=said, urls=["https://cdn.example/1.png"]), TASK)
    assert (seen.state, seen.raw_state) == (state, str(said))
    with pytest.raises(NotFound):
        looked(asked, POLL, answer(state=-1), TASK)
    with pytest.raises(MalformedAnswer):
        looked(asked, POLL, answer(state=True), TASK)


@pytest.mark.parametrize("said", ["2026-11-20T11:00:00Z", "2026-11-20T13:00:00Z", "9999-12-31T23:59:59Z", None])
def test_a_result_does_not_outlive_what_it_is_given_from_now(said):
    task = looked(ASKED, POLL, answer(state="done", urls=["https://cdn.example/1.png"], done=said), TASK)
    life = task.assets[0].expires_at - NOW
    assert life == timedelta(hours=23 if said == "2026-11-20T11:00:00Z" else 24)


@pytest.mark.parametrize(
    ("header", "wait", "seconds"),
    [
        ({}, 7, 7.0),
        ({"retry-after": "3"}, 7, 3.0),
        ({}, 10**8, 86_400.0),
        ({}, -1, None),
        ({}, "7", 7.0),
        ({}, "1_0", None),
        ({}, None, None),
    ],
)
def test_how_long_to_wait_may_stand_in_the_body(header, wait, seconds):
    with pytest.raises(AnymediaError) as caught:
        looked(ASKED, POLL, attrs.evolve(answer(429, wait=wait), headers=header), TASK)
    assert caught.value.retry_after == seconds


def test_the_assets_of_a_result_are_those_of_its_tasks_in_order():
    assets = [Asset(kind="image", url=f"https://cdn.example/{number}") for number in range(3)]
    tasks = (attrs.evolve(TASK, assets=tuple(assets[:2])), TASK, attrs.evolve(TASK, assets=(assets[2],)))
    assert Result(tasks=tasks, money=Money()).assets == tuple(assets)


def test_only_three_states_are_final():
    assert [state for state in State if state.final] == [State.SUCCEEDED, State.FAILED, State.CANCELED]


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"state": "done", "urls": ["https://cdn.example/1.png"]}, State.SUCCEEDED),
        ({"state": 7}, State.RUNNING),
        ({"state": [7]}, None),
        ({"code": 501}, None),
    ],
)
def test_the_body_of_a_webhook_tells_what_a_look_would_or_nothing(body, state):
    reply = attrs.evolve(POLL.reply, ok=("code", 200))
    seen = posted(Received.of(ASKED, answer(**body)), reply, TASK)
    assert state == (None if seen is None else seen.state)


def test_what_is_done_without_a_name_and_a_result_may_have_been_billed():
    adapter = acme(
        submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id", state="state")),
        poll=POLL,
        result=Endpoint(method="GET", path="/v1/{id}/result", reply=Reply(assets="urls[]")),
        states={"done": State.SUCCEEDED},
    )
    with pytest.raises(SubmitUncertain, match="without a task id and a result"):
        submitted(attrs.evolve(ASKED, adapter=adapter), answer(state="done"), TASK)
