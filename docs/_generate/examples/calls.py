from datetime import UTC, datetime

import attrs

from anymedia import Account, Task
from anymedia.declare import (
    Adapter,
    Cause,
    Endpoint,
    Err,
    Fault,
    Header,
    Idempotency,
    Lifecycle,
    Limits,
    Many,
    Pace,
    Query,
    Reply,
    Setting,
    State,
)  # fmt: skip
from anymedia.translate.classify import Asked
from anymedia.translate.decode import explained, looked, submitted
from anymedia.translate.encode import follow, listed
from anymedia.translate.messages import Answer

JOB = Reply(id="id", state="state", failure=Fault(code="error"))
KILN = Lifecycle(
    submit=Endpoint(
        method="POST",
        path="/v2/jobs",
        model="model",  # where the body names the wire id
        headers={"Prefer": "respond-async"},
        timeout=120,  # seconds, for all of the answer
        limit=1 << 20,  # bytes of an answer that is no file
        reply=JOB,
    ),
    # The answer to the submit names the URL; where it names none, the path is asked.
    poll=Endpoint(
        method="GET",
        path="/v2/jobs/{id}",
        link="urls.get",
        hosts=("kiln.example",),  # of a link, with all below: the API key goes there too
        not_yet=(404, 30),  # unknown for up to 30 seconds
        reply=JOB,
    ),
    result=Endpoint(
        method="GET",
        path="/v2/jobs/{id}/files",
        verdict=True,  # a refusal here says that the task failed
        reply=Reply(assets="files[].url"),
    ),
    why=Endpoint(method="GET", path="/v2/jobs/{id}/error"),  # asked once after a look that says that it failed
    cancel=Endpoint(method="DELETE", path="{path}/{id}"),  # below the path of its submit
    many=Many(
        call=Endpoint(method="GET", path="/v2/jobs", query={"ids": "{ids}", "org": "{organization}"}),
        each="jobs[]",
        most=50,
        joined="+",
        reply=JOB,
    ),
    states={
        "queued": State.QUEUED,
        "firing": State.RUNNING,
        "done": State.SUCCEEDED,
        "cracked": State.FAILED,
        "stopped": State.CANCELED,
        "withheld": Err(Cause.BLOCKED),  # a word that tells why it failed
        "gone": Err(Cause.NOT_FOUND),
    },
    pace=Pace(first=5, then=2, slower={60: 10}),  # after 5 seconds, every 2, after a minute every 10
    expires=3600,  # seconds for which a result can be fetched
)
# The answer to the submit is the result, a file: nothing is looked at, and no link can expire.
GLAZE = Lifecycle(
    submit=Endpoint(
        method="POST",
        path="/v1/glaze",
        origin="https://glaze.kiln.example",  # in place of the base_url
        query={"v": "2"},
        auth=(Header("X-Key"), Query("client", of="client")),  # in place of the adapter's
        body="form",
        reply=Reply(files="@"),
    ),
    pace=Pace(first=0, then=1),
)
# Looks need no key, and what failed is told by an error with a final state in its body.
SKETCH = Lifecycle(
    submit=Endpoint(method="POST", path="/v1/sketches", reply=JOB),
    poll=Endpoint(method="GET", path="/v1/sketches/{id}", keyed=False, verdict="state", reply=JOB),
    states={"cracked": State.FAILED},
    pace=Pace(first=1, then=1),
)
kiln = Adapter(
    name="kiln",
    title="Kiln",
    page="docs.kiln.example",
    read="2026-11-20",
    base_url="https://api.kiln.example",
    api_key_env=("KILN_API_KEY",),
    auth=Header("Authorization", "Bearer "),
    settings={"client": Setting(env="KILN_CLIENT", secret=True), "organization": Setting(default="org-1")},
    lifecycle=KILN,
    lifecycles={"at once": GLAZE, "sketch": SKETCH},
    fault=Fault(code="error", message="text"),
    errors={"too_hot": Cause.BLOCKED},
    # The same POST under the same key is the same task, for a minute; submits and looks a second, tasks at a time.
    idempotency=Idempotency("Idempotency-Key", window=60),
    limits=Limits(submits=(20, 10), polls=(600, 60), active=24),
    offers=(),
)
account = Account(name="kiln", adapter=kiln, origin=kiln.base_url)
now = datetime(2026, 11, 20, tzinfo=UTC)
asked = Asked(adapter=kiln, account="kiln", origin=kiln.base_url, model=None, now=now)
draft = Task(id="draft", provider="kiln", account="kiln", submitted_at=now, path="/v2/jobs")


def at(endpoint, task):
    """Return where a call goes for a task."""
    made = follow(account, endpoint, task)
    return f"{made.method} {made.url}"


def seen(task, body, status=200):
    """Return the task as an answer to a look tells it."""
    return looked(asked, kiln.life(task.lifecycle).poll, Answer(status, {}, body), task)


said = b'{"id": "j-7", "state": "queued", "urls": {"get": "https://eu.kiln.example/j-7"}}'
task = submitted(asked, Answer(201, {}, said), draft)
assert (task.id, task.state) == ("j-7", State.QUEUED)
assert at(KILN.poll, task) == "GET https://eu.kiln.example/j-7"
assert at(KILN.result, task) == "GET https://api.kiln.example/v2/jobs/j-7/files"
assert at(KILN.cancel, task) == "DELETE https://api.kiln.example/v2/jobs/j-7"
assert "ids=j-7%2Bj-8" in listed(account, KILN.many, ["j-7", "j-8"]).url
assert seen(task, b'{"state": "Firing "}').state is State.RUNNING  # letters and blanks make no difference
assert seen(task, b'{"state": "hardening"}').state is State.RUNNING  # a word that is not listed: it goes on
assert seen(task, b'{"state": "withheld"}').failure.cause is Cause.BLOCKED
failed = seen(task, b'{"state": "cracked"}')
told = explained(asked, KILN.why, Answer(422, {}, b'{"error": "too_hot"}'), task, failed)
assert (failed.failure.cause, told.failure.cause) == (Cause.FAILED, Cause.BLOCKED)
sketch = attrs.evolve(task, lifecycle="sketch")
assert seen(sketch, b'{"id": "j-7", "state": "cracked"}', status=500).state is State.FAILED
