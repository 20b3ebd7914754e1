"""What a provider tells of a task while it is waited for: read, written down, and told on as it changes."""

import json
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Account, Client, Config, RawRequest, Secret, State, Task
from anymedia.declare import Endpoint, Reply
from anymedia.journal import MemoryJournal, Query
from anymedia.journal.private import Private
from anymedia.journal.records import attempt_of
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked
from anymedia.translate.messages import Answer
from tests.core.acme import acme

from .raw import KEY, answer, raw_server

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TELLS = {
    "progress": "progress!percent",
    "position": "@x-queue!num",
    "log": "logs[]",
    "seed": "seed",
    "title": "title",
    "seconds": "length!span",
}
POLL = Endpoint(method="GET", path="/v1/{id}", reply=Reply(state="state", assets="url", tells=TELLS))
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id", tells={"seed": "seed"})),
    poll=POLL,
    states={"going": State.RUNNING, "done": State.SUCCEEDED},
)
TASK = Task(id="t-1", provider="acme", account="acme", submitted_at=NOW, path="/v1")


def read(body, headers=None, task=TASK):
    """Return what is told of a task once an answer has come."""
    asked = Asked(adapter=ACME, account="acme", origin="https://a.example", model=None, now=NOW, secrets=(Secret(KEY),))
    return looked(asked, POLL, Answer(200, headers or {}, json.dumps({"state": "going", **body}).encode()), task).told


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, {}),
        ({"progress": "45%"}, {"progress": 0.45}),
        ({"progress": 0}, {"progress": 0.0}),
        ({"progress": 101}, {}),
        ({"progress": -1}, {}),
        ({"progress": "half"}, {}),
        ({"seed": 2**63}, {"seed": 2**63}),
        ({"seed": "12"}, {"seed": 12}),
        ({"seed": 1.5}, {}),
        ({"seed": True}, {}),
        ({"seed": 10**400}, {}),
        ({"seed": 2**64}, {}),
        ({"title": " Dusk\n over it "}, {"title": "Dusk over it"}),
        ({"title": f"by {KEY}"}, {"title": "by ***"}),
        ({"title": ["Dusk"]}, {}),
        ({"title": ""}, {}),
        ({"length": "1m 2s"}, {"seconds": 62.0}),
        ({"length": 0}, {}),
        ({"logs": "one\ntwo \x1b[31m"}, {"log": "one\ntwo \\x1b[31m"}),
        ({"logs": ["one", 2, f"{KEY}\n\nthree"]}, {"log": "one\n***\nthree"}),
        ({"logs": [7]}, {}),
        ({"logs": ["x", *[""] * 3000]}, {"log": "x"}),
        ({"logs": "x" * 3000}, {"log": "x" * 2000}),
    ],
)
def test_what_is_told_is_read_and_what_can_not_be_is_left_out(body, told):
    assert read(body) == told


def test_what_an_answer_tells_replaces_what_those_before_it_told():
    before = attrs.evolve(TASK, told={"position": 3, "seed": 7, "log": "one"})
    assert read({"logs": ["two"]}, {"x-queue": "2"}, before) == {"position": 2, "seed": 7, "log": "two"}
    assert read({}, {"x-queue": "soon"}, before) is before.told


ANY = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)


@given(st.dictionaries(st.sampled_from(["progress", "logs", "seed", "title", "length"]), ANY), st.text(max_size=9))
def test_whatever_is_told_is_of_its_kind(body, queue):
    told = read(json.loads(json.dumps(body)), {"x-queue": queue})
    assert 0 <= told.get("progress", 0) <= 1
    assert all(isinstance(told.get(name, 0), int) and told.get(name, 0) >= 0 for name in ("position", "seed"))
    assert told.get("seconds", 1) > 0
    assert all(told.get(name, "x") for name in ("log", "title"))
    assert json.loads(json.dumps(told)) == told


def test_what_nobody_tells_is_said_at_once():
    with pytest.raises(ValueError, match="tells: no task tells 'mood'; there are progress, position, log, seed, title"):
        Reply(tells={"mood": "mood"})


async def test_what_is_told_is_written_down_and_told_on_as_it_changes(clock):
    looks = [
        {"state": "going", "progress": 10, "logs": "a lighthouse"},
        {"state": "going", "progress": 10, "logs": "a lighthouse"},
        {"state": "going", "progress": 60, "logs": "a lighthouse"},
        {"state": "done", "progress": 100, "url": "https://cdn.example/1.png"},
    ]
    bodies = [json.dumps(body).encode() for body in ({"id": "t-1", "seed": 7}, *looks)]
    events, journal = [], MemoryJournal()
    async with raw_server(*map(answer, bodies)) as server:
        account = Account(name="acme", adapter=ACME, origin=server.origin, api_key=Secret(KEY))
        config = Config(accounts={"acme": account}, prompts=False)
        async with Client(config, clock=clock, on_event=events.append, journal=journal) as client:
            task = await client.submit(RawRequest(provider="acme", path="/v1", body={"prompt": "a lighthouse"}))
            done = await client.wait(task)
    assert task.told == {"seed": 7}
    assert done.told == {"seed": 7, "progress": 1.0, "log": "a lighthouse"}
    seen = [(event.state, event.told.get("progress")) for event in events if isinstance(event, Task)]
    assert seen == [("running", 0.1), ("running", 0.6), ("succeeded", 1.0)]
    (entry,) = await journal.select(Query())
    assert attempt_of(entry).task.told == {"seed": 7, "progress": 1.0, "log": "[prompt]"}
    # Where nobody knows what was asked for, no words are kept.
    assert Private(secrets=None).without(done).told == {"seed": 7, "progress": 1.0}
