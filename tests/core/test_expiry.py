"""Until when a result can be fetched: the earliest that its retention allows, by the clock of this machine."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import Money, State, Task
from anymedia.declare import Endpoint, Reply
from anymedia.translate.classify import Asked
from anymedia.translate.decode import looked
from anymedia.translate.messages import Answer

from .acme import acme

LIFE = 600.0
POLL = Endpoint(
    method="GET", path="/v1/{id}", reply=Reply(state="state", assets="url", completed="done!iso", created="begun!iso")
)
ACME = acme(
    submit=Endpoint(method="POST", path="/v1", reply=Reply(id="id")),
    poll=POLL,
    states={"done": State.SUCCEEDED},
    expires=LIFE,
)
NOW = datetime(2026, 11, 20, 12, 0, 0, 250_000, UTC)
TASK = Task(
    id="t-1", provider="acme", account="acme", submitted_at=NOW - timedelta(seconds=300), path="/v1", money=Money()
)


def expiry(done, date=None, *, took=0.0, now=NOW, task=TASK, **headers):
    """Return until when the result of an answer can be fetched, by what it says of when it was done and made."""
    asked = Asked(adapter=ACME, account="acme", origin=ACME.base_url, model=None, now=now)
    body = {"state": "done", "url": "https://cdn.example/1.mp4"} | ({} if done is None else {"done": done.isoformat()})
    heads = headers if date is None else {"date": date if isinstance(date, str) else dated(date), **headers}
    answer = Answer(200, heads, json.dumps(body).encode(), took=took)
    return looked(asked, POLL, answer, task).assets[0].expires_at


def dated(moment):
    """Return a moment as the Date of an answer, which is in whole seconds."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


SKEW = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("done", "date", "facts", "since"),
    [
        (None, None, {}, NOW),
        (None, NOW + SKEW, {}, NOW),  # our own time is not shifted
        (ago(60), None, {}, ago(60)),
        (ago(-60), None, {}, NOW),
        # The Date, and what a second leaves out of it.
        (ago(60), NOW, {}, ago(60.75)),
        (ago(60) + SKEW, NOW + SKEW, {}, ago(60.75)),
        (ago(60) - SKEW, NOW - SKEW, {}, ago(60.75)),
        (ago(60), NOW, {"took": 5.0}, ago(65.75)),
        # What comes by a webhook, and what a cache has answered, says nothing of now.
        (ago(60) + SKEW, NOW + SKEW, {"took": None}, NOW),
        (ago(60), ago(30), {"age": "30"}, ago(60)),
        # A Date that cannot be changes nothing.
        (ago(60), "soon", {}, ago(60)),
        (ago(60), ago(61.5), {}, ago(60)),
        (ago(60), datetime(1970, 1, 1, tzinfo=UTC), {}, ago(60)),
        (ago(60), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), {}, ago(60)),
        (ago(60), NOW + timedelta(hours=2), {}, ago(60)),
        (datetime(1, 1, 1, tzinfo=UTC), NOW, {}, datetime(1, 1, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, tzinfo=UTC), NOW, {}, NOW),
    ],
)
def test_the_earliest_time_that_the_retention_allows(done, date, facts, since):
    assert expiry(done, date, **facts) == since + timedelta(seconds=LIFE)


def test_a_task_that_says_to_be_of_another_age_breaks_nothing():
    old = attrs.evolve(TASK, submitted_at=datetime(1, 1, 1, tzinfo=UTC))
    done = datetime(1, 1, 2, tzinfo=UTC)
    assert expiry(done, NOW, task=old) == done + timedelta(seconds=LIFE)


SECONDS = st.floats(0, 3000)


@given(
    skew=st.floats(-1e9, 1e9),
    made=SECONDS,
    looked_after=SECONDS,
    took=st.floats(0, 30),
    part=st.floats(0, 1),
    whole=st.booleans(),
)
def test_no_link_lives_as_long_as_is_said_or_longer_whatever_the_clock_of_the_provider(
    skew, made, looked_after, took, part, whole
):
    """`skew` is by how much its clock is ahead; the answer is made at some time of the call, which takes a while."""
    theirs = timedelta(seconds=skew)
    submitted = datetime(2030, 1, 1, tzinfo=UTC)
    done = submitted + timedelta(seconds=made)
    answered = done + timedelta(seconds=looked_after)
    now = answered + timedelta(seconds=took * (1 - part))
    told = done + theirs
    said = expiry(
        told.replace(microsecond=0) if whole else told,
        answered + theirs,
        took=took,
        now=now,
        task=attrs.evolve(TASK, submitted_at=submitted),
    )
    dies = done + timedelta(seconds=LIFE)
    assert dies - timedelta(seconds=2 + took + 1e-3) <= said <= dies
