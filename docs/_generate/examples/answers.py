from datetime import UTC, datetime
from decimal import Decimal

import attrs

from anymedia import AnymediaError, Task
from anymedia.declare import (
    Adapter,
    Assets,
    Balance,
    Cause,
    Endpoint,
    Err,
    Fault,
    Header,
    Kind,
    Lifecycle,
    Match,
    Outcome,
    Pace,
    Refund,
    Reply,
    State,
    first,
)  # fmt: skip
from anymedia.declare.path import Content, place
from anymedia.model.strict_json import dumps
from anymedia.translate import decode
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer

# Places

content = Content(
    words={
        "job": {"made": "100%", "seed": "7", "log": '{"lines": ["one"]}', "at": 1795132800},
        "songs": [{"url": "https://acme.example/1.mp3", "length": "2m 3s"}],
    },
    headers={"x-cost-cents": "12.5", "location": "https://acme.example/jobs/job_7"},
)
assert place("@X-Cost-Cents!cents").one(content) == Decimal("0.125")
assert place("@location!tail").one(content) == "job_7"
assert place("job.made!percent").one(content) == 1
assert place("job.seed!num").one(content) == 7
assert place("job.log!json.lines[]").find(content) == ["one"]
assert place("songs[].length!span").find(content) == [123]
assert place("songs[0].*rl").one(content) == "https://acme.example/1.mp3"
assert first("job.id", "@location!tail").one(content) == "job_7"
assert place("job.at!s").one(content) == datetime(2026, 11, 20, tzinfo=UTC)

# Replies

JOB = Reply(
    ok=("code", 0, 1),  # errors come at HTTP 200, with a code in the body
    id=first("job.id", "@location!tail"),
    state="job.state",
    assets=(
        Assets("songs[]", url="audio", title="name", seconds="length!span"),
        Assets("songs[]", url="art", role="cover"),
        Assets(at="film", kind="video"),
    ),
    failure=Fault(code="job.problem.code", message="job.problem.text"),
    failed_if="job.problem",
    created="job.made_at!s",
    completed="job.done_at!iso",
    credits="job.tokens",
    used={"seconds": "job.machine!span"},
    replayed="job.again",
    tells={
        "progress": "job.percent!percent",
        "position": "job.ahead",
        "log": "job.lines[]",
        "seed": "job.seed",
        "title": "job.name",
        "seconds": "job.length!span",
    },
)
AT_ONCE = Reply(files="data[].b64!base64", succeeded_if="data[]", usd="@x-cost-cents!cents")
life = Lifecycle(
    submit=Endpoint(method="POST", path="/v1", reply=JOB),
    poll=Endpoint(method="GET", path="/v1/{id}", reply=JOB),
    states={"done": State.SUCCEEDED},
    pace=Pace(first=1, then=1),
)
songs = Adapter(
    name="songs",
    title="Songs",
    page="docs.songs.example",
    read="2026-11-20",
    base_url="https://api.songs.example",
    api_key_env=("SONGS_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    lifecycle=life,
    lifecycles={"at once": attrs.evolve(life, submit=attrs.evolve(life.submit, reply=AT_ONCE), poll=None)},
    fault=Fault(
        code=first("error.code", "code"),
        message="error.text",
        fields="error.fields",
        request_id="error.call",
        retry_after="error.wait",  # a header is read by itself
    ),
    errors={
        "not_allowed": Cause.BLOCKED,
        "closed": Err(Cause.UNAVAILABLE, submit=Outcome.REFUSED),  # nothing was begun, whatever the status says
        "out_of_tune": Err(cause=Cause.FAILED, refund=Refund.YES, passing=True),  # free, and tried once more
        Match("quota", status=403): Cause.NO_CREDIT,  # by a part of its text
        Match(text="", status=409): Cause.REJECTED,
    },
    request_id=("x-request-id", "request-id"),
    refunds="no",  # of a task that failed, unless a row says otherwise
    balance=Balance(path="/v1/account", ok=("code", 0), credits="tokens"),  # or usd="cents!cents"
    offers=(),
)
now = datetime(2026, 11, 20, tzinfo=UTC)
asked = Asked(adapter=songs, account="songs", origin=songs.base_url, model=None, now=now)
task = Task(id="job_7", provider="songs", account="songs", submitted_at=now, path="/v1", kind=Kind.MUSIC)


def answered(status, words, **headers):
    return Answer(status, headers, dumps(words))


def submitted(status, words, lifecycle=None, **headers):
    """Return the task that an answer to a submit tells of, or the error."""
    try:
        return decode.submitted(asked, answered(status, words, **headers), attrs.evolve(task, lifecycle=lifecycle))
    except AnymediaError as error:
        return error


def look(**job):
    return decode.looked(asked, life.poll, answered(200, {"code": 0, "job": job}), task)


done = decode.looked(
    asked,
    life.poll,
    answered(
        200,
        {
            "code": 0,
            "job": {"state": "done", "made_at": 1795132800, "machine": "40s", "percent": "100%"},
            "songs": [
                {"audio": "https://a.example/1.mp3", "art": "https://a.example/1.png", "name": "Dusk", "length": "2m"}
            ],
        },
    ),
    task,
)
assert [(each.role, each.kind, each.title) for each in done.assets] == [
    ("main", "audio", "Dusk"),
    ("cover", "image", None),
]
assert (done.told["progress"], done.created_at) == (1, now)
assert look(state="playing", ahead=3).told == {"position": 3}
failed = look(state="playing", problem={"code": "out_of_tune", "text": "A string broke"})
assert (failed.state, failed.failure.message) == (State.FAILED, "A string broke")
assert (failed.failure.refund, failed.failure.passing) == (Refund.YES, True)

at_once = submitted(200, {"data": [{"b64": "iVBORw0KGgo="}]}, "at once")
assert (at_once.state, len(at_once.assets)) == (State.SUCCEEDED, 1)
for status, words, outcome in (
    (422, {"code": 9, "error": {"code": "not_allowed"}}, Outcome.REFUSED),
    (200, {"code": 9, "error": {"code": "not_allowed"}}, Outcome.REFUSED),  # an error at HTTP 200
    (200, {"code": 9, "error": {"code": "odd"}}, Outcome.UNCERTAIN),  # in a code that no page lists
    (503, {"code": 9, "error": {"code": "closed"}}, Outcome.REFUSED),
    (500, {"code": 9}, Outcome.UNCERTAIN),  # it may have begun: nothing is sent again
    (200, {"code": 0}, Outcome.ACCEPTED_WITHOUT_ID),
):
    assert submitted(status, words).outcome is outcome
late = submitted(429, {"code": 9, "error": {"code": "slow", "wait": 11, "call": "c-7"}})
assert (late.retry_after, late.request_id) == (11, "c-7")
funds = decode.balance(asked, songs.balance, answered(200, {"code": 0, "tokens": 40}))
assert funds.credits == 40
