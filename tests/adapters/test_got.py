"""The documented answers of each page, as they are decoded: state, cause, money, results, and where a link leads.

The answers of a provider stand in a file of their own: got_*.py, each with a list ANSWERS.
"""

import json
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import attrs
import pytest

from anymedia import Account, AnymediaError, Task
from anymedia.registry import adapters
from anymedia.translate.classify import Asked
from anymedia.translate.decode import explained, looked, submitted
from anymedia.translate.encode import follow
from anymedia.translate.messages import Answer

from .got import NOW

FILES = sorted(Path(__file__).parent.glob("got_*.py"))
ANSWERS = [row for path in FILES for row in import_module(f".{path.stem}", __package__).ANSWERS]


def asked(provider, model):
    adapter = adapters()[provider]
    return Asked(adapter=adapter, account=provider, origin=adapter.base_url, model=model, now=NOW)


def draft(row):
    adapter = adapters()[row.provider]
    offer = adapter.offer(row.offer)
    return Task(
        id="attempt-1",
        provider=row.provider,
        account=row.provider,
        offer=f"{row.provider}/{row.offer}",
        kind=offer.kind,
        lifecycle=offer.lifecycle,
        model=offer.model,
        path=row.path,
        submitted_at=NOW - timedelta(seconds=row.age),
    )


def answer(row):
    body = row.body if isinstance(row.body, bytes) else json.dumps(row.body).encode()
    return Answer(row.status, row.headers, body)


def decoded(row):
    """Return the task or the error that an answer is."""
    about, life = asked(row.provider, row.offer), adapters()[row.provider].life(draft(row).lifecycle)
    try:
        if row.to == "submit":
            return submitted(about, answer(row), draft(row))
        before = attrs.evolve(draft(row), id=row.id)
        if row.to == "why":
            return explained(about, life.why, answer(row), before, row.before(before))
        return looked(about, getattr(life, row.to), answer(row), before)
    except AnymediaError as error:
        return error


def told(end, names):
    """Return what is told of these names, in plain values."""
    return {name: READ[name](end) for name in names}


READ = {
    "id": lambda end: end.id,
    "state": lambda end: str(end.state),
    "raw_state": lambda end: end.raw_state,
    "usd": lambda end: None if end.money.usd is None else str(end.money.usd.normalize()),
    "urls": lambda end: [asset.url for asset in end.assets],
    "data": lambda end: [asset.data for asset in end.assets],
    "kinds": lambda end: [asset.kind for asset in end.assets],
    "lives": lambda end: [(asset.expires_at - NOW).total_seconds() for asset in end.assets],
    "told": lambda end: dict(end.told),
    "code": lambda end: getattr(end, "failure", end).code,
    "cause": lambda end: str(getattr(end, "failure", end).cause),
    "message": lambda end: end.failure.message,
    "said": str,
    "refund": lambda end: str(end.failure.refund),
    "error": lambda end: type(end).__name__,
    "outcome": lambda end: str(end.outcome),
    "billed": lambda end: str(end.billed),
    "retry_after": lambda end: end.retry_after,
    "request_id": lambda end: end.request_id,
}


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: f"{row.provider} {row.to} {row.name}")
def test_a_documented_answer_is_decoded(row):
    end = decoded(row)
    assert isinstance(end, AnymediaError) == ("error" in row.is_), end
    got = told(end, [name for name in row.is_ if name not in ("poll", "cancel", "result")])
    assert got | {name: where(row, end, name) for name in ("poll", "cancel", "result") if name in row.is_} == row.is_


def where(row, task, name):
    """Return where the next call for a task goes."""
    adapter = adapters()[row.provider]
    account = Account(name=row.provider, adapter=adapter, origin=adapter.base_url)
    call = follow(account, getattr(adapter.life(task.lifecycle), name), task)
    return f"{call.method} {call.url}"
