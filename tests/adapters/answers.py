"""What the documented answers of a page are written in, for the files beside this one: answers_*.py.

A file of answers holds PROVIDER and ANSWERS. `said` is what is read of an answer, without what it leaves empty: of a
task its state, the id that a submit tells, money, results (medium, where it is, title, seconds, role), what is told,
and why it failed; of an error its class, code, outcome and whether it is billed. A webhook that tells nothing is {}.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import attrs

from anymedia import AnymediaError, Failure, Task
from anymedia.model.money import Money, PriceStatus
from anymedia.model.vocabulary import Cause, Kind, State
from anymedia.registry import adapters
from anymedia.translate.classify import Asked, Received
from anymedia.translate.decode import explained, looked, posted, submitted
from anymedia.translate.messages import Answer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
QUOTED = Money(usd=Decimal("0.05"), list_usd=Decimal("0.05"), status=PriceStatus.EXACT, got="table")


@attrs.frozen
class Answered:
    """One documented answer: to which step (submit, poll, result, why, webhook), and what it says.

    `body` is JSON, or the bytes of an answer. `id` and `age` (seconds) are of the task that is asked about.
    """

    step: str
    body: object
    said: dict
    status: int = 200
    headers: dict = attrs.field(factory=dict)
    kind: str = "image"
    lifecycle: str | None = None
    offer: str | None = None
    id: str = "attempt-1"
    age: float = 300.0


def files():
    """Yield each provider with each of its answers."""
    for path in sorted(Path(__file__).parent.glob("answers_*.py")):
        module = import_module(f".{path.stem}", __package__)
        yield from ((module.PROVIDER, answered) for answered in module.ANSWERS)


def read(provider, answered):
    """Return what an answer says."""
    adapter = adapters()[provider]
    life = adapter.life(answered.lifecycle)
    asked = Asked(adapter=adapter, account=provider, origin=adapter.base_url, model=None, now=NOW)
    body = answered.body if isinstance(answered.body, bytes) else json.dumps(answered.body).encode()
    answer = Answer(answered.status, answered.headers, body)
    task = Task(
        id=answered.id,
        provider=provider,
        account=provider,
        offer=f"{provider}/{answered.offer}",
        kind=Kind(answered.kind),
        lifecycle=answered.lifecycle,
        money=QUOTED,
        submitted_at=NOW - timedelta(seconds=answered.age),
        path="/",
    )
    try:
        match answered.step:
            case "submit":
                return shown(submitted(asked, answer, task), task.id)
            case "why":
                failed = attrs.evolve(task, state=State.FAILED, failure=Failure(cause=Cause.FAILED))
                return shown(explained(asked, life.why, answer, task, failed), task.id)
            case "webhook":
                seen = posted(Received.of(asked, answer), life.webhook_reply, task)
                return {} if seen is None else shown(seen, task.id)
            case step:
                was = attrs.evolve(task, state=State.SUCCEEDED) if step == "result" else task
                return shown(looked(asked, life.looks[step], answer, was), task.id)
    except AnymediaError as error:
        return shown_error(error)


def shown(task, asked_for):
    """Return what a task says, without what is empty."""
    failure = task.failure
    said = {
        "state": str(task.state),
        "id": task.id if task.id != asked_for else None,
        "assets": [
            tuple(each for each in (asset.kind, asset.url, asset.title, asset.seconds) if each is not None)
            + ((asset.role,) if asset.role != "main" else ())
            for asset in task.assets
        ],
        "told": dict(task.told),
        "usd": None if task.money == QUOTED else str(task.money.usd),
        "credits": None if task.money.credits is None else str(task.money.credits),
        "request_id": task.request_id,
        **({} if failure is None else {name: word(getattr(failure, name)) for name in ("cause", "code", "message")}),
        "refund": None if failure is None else str(failure.refund),
        "passing": failure is not None and failure.passing,
    }
    return {name: value for name, value in said.items() if value}


def shown_error(error):
    """Return what an error says, without what is empty."""
    at_a_submit = ("outcome", "billed") if getattr(error, "outcome", None) is not None else ()
    said = {
        "error": type(error).__name__,
        **{name: word(getattr(error, name, None)) for name in ("code", "retry_after", "request_id", *at_a_submit)},
    }
    return {name: value for name, value in said.items() if value}


def word(value):
    return None if value is None else str(value)
