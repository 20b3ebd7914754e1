"""What the documented answers of a page are written in, for the files beside this one: answers_*.py.

A file of answers holds PROVIDER and ANSWERS. `said` is all that an answer says, without what it leaves empty: of a task
its state and the provider's own word for it, the id that a submit tells and where the calls after it go, money, results
(medium, where it is or its bytes, title, seconds, role) and for how many seconds they can be fetched, what is told, and
why it failed; of an error its class, which is its cause, its code and text, its outcome and whether it is billed. A
webhook that tells nothing is {}.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import attrs

from anymedia import Account, AnymediaError, Failure, Task
from anymedia.errors import MalformedAnswer
from anymedia.model.money import Money, PriceStatus
from anymedia.model.vocabulary import Cause, State
from anymedia.registry import adapters
from anymedia.translate.classify import Asked, Received
from anymedia.translate.decode import explained, looked, posted, submitted
from anymedia.translate.encode import follow
from anymedia.translate.messages import Answer

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
QUOTED = Money(usd=Decimal("0.05"), list_usd=Decimal("0.05"), status=PriceStatus.EXACT, got="table")


@attrs.frozen
class Answered:
    """One documented answer: to which step (submit, poll, result, why, webhook), and what it says.

    `body` is JSON, or the bytes of an answer. `offer` was bought; `id` and `age` (seconds) are of the task that is
    asked about.
    """

    step: str
    body: object
    said: dict
    status: int = 200
    headers: dict = attrs.field(factory=dict)
    offer: str = "flux-2-pro"
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
    offer = adapter.offer(answered.offer)
    life = adapter.life(offer.lifecycle)
    asked = Asked(adapter=adapter, account=provider, origin=adapter.base_url, model=offer.model, now=NOW)
    body = answered.body if isinstance(answered.body, bytes) else json.dumps(answered.body).encode()
    answer = Answer(answered.status, answered.headers, body)
    task = Task(
        id=answered.id,
        provider=provider,
        account=provider,
        offer=f"{provider}/{offer.name}",
        model=offer.model,
        kind=offer.kind,
        lifecycle=offer.lifecycle,
        money=QUOTED,
        submitted_at=NOW - timedelta(seconds=answered.age),
        path="/",
    )
    try:
        match answered.step:
            case "submit":
                made = submitted(asked, answer, task)
                return shown(made, task.id) | ({} if made.state.final else calls(adapter, life, made))
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


def calls(adapter, life, task):
    """Return where the calls for an accepted task go, by name; without those that it leads nowhere."""
    account, found = Account(name=adapter.name, adapter=adapter, origin=adapter.base_url), {}
    for name, endpoint in life.looks.items():
        try:
            call = follow(account, endpoint, task)
        except MalformedAnswer:
            continue
        found[name] = f"{call.method} {call.url}"
    return found


def shown(task, asked_for):
    """Return what a task says, without what is empty."""
    failure = task.failure
    said = {
        "state": str(task.state),
        "raw_state": task.raw_state,
        "id": task.id if task.id != asked_for else None,
        "assets": [
            tuple(each for each in (asset.kind, asset.url, asset.data, asset.title, asset.seconds) if each is not None)
            + ((asset.role,) if asset.role != "main" else ())
            for asset in task.assets
        ],
        "lives": [(each.expires_at - NOW).total_seconds() for each in task.assets if each.expires_at is not None],
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
        "text": error.message,
        **{name: word(getattr(error, name, None)) for name in ("code", "retry_after", "request_id", *at_a_submit)},
    }
    return {name: value for name, value in said.items() if value}


def word(value):
    return None if value is None else str(value)
