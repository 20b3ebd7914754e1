"""With prompts = false no column of the journal holds what was asked for; what is used again stays as it is."""

import html
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia import (
    Adjustment,
    Asset,
    Attempt,
    Cause,
    Failure,
    ImageRequest,
    Money,
    Order,
    Outcome,
    RawRequest,
    Secret,
    Task,
)
from anymedia.account import ApiKeys
from anymedia.journal import Ledger, MemoryJournal, Query
from anymedia.journal.private import KEPT, Private
from anymedia.journal.records import Records, _written, attempt_of
from anymedia.model.codec import to_bare_json
from anymedia.model.strict_json import loads
from anymedia.model.vocabulary import State

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PROMPT = "a lighthouse at dusk"
HELD = f"you asked for {PROMPT} today"


def task_of(order, **changes):
    facts = {
        "raw_state": HELD,
        "request_id": HELD,
        "assets": (
            Asset(kind="image", url=f"https://cdn.example/{PROMPT.replace(' ', '%20')}.png", title=HELD),
            Asset(kind="image", url="https://cdn.example/1.png", path=Path("/out/1.png")),
        ),
        "failure": Failure(cause=Cause.FAILED, code=HELD, message=HELD),
        "adjustments": order.adjustments,
        "labels": order.labels,
        "links": {"poll": "https://a.example/t-1", "also": f"https://a.example/?q={PROMPT.replace(' ', '+')}"},
        "raw": {"echo": [HELD, {PROMPT: 1}]},
        **changes,
    }
    return Task(id="t-1", provider="acme", account="acme", path="/v1", submitted_at=NOW, **facts)


def attempt_with(prompt=PROMPT, texts=(), body=None, **changes):
    adjustments = (Adjustment(field="size", given=HELD, sent={"x": HELD}, reason=HELD),)
    order = Order(
        provider="acme",
        account="acme",
        model="paint",
        path="/v1",
        body={"prompt": prompt} if body is None else body,
        money=Money(reason="a page"),
        adjustments=adjustments,
        labels={"for": HELD, PROMPT: "1"},
        idempotency_key="k",
        why=HELD,
        texts=texts,
    )
    facts = {"id": "a" * 32, "started_at": NOW, "outcome": Outcome.ACCEPTED, "error": HELD, **changes}
    return Attempt(order=order, task=task_of(order), **facts)


async def stored(attempt, **options):
    """Return the entry of an attempt, as text, and read back."""
    journal = MemoryJournal()
    ledger = Ledger(journal, prompts=False, **options)
    await ledger.intend(attrs.evolve(attempt, task=None, outcome=None), b'{"prompt": "?"}')
    await ledger.end(attempt)
    await ledger.see(attempt.task)
    (entry,) = await journal.select(Query())
    return str(attrs.asdict(entry)), attempt_of(entry)


@pytest.mark.parametrize(
    "attempt",
    [
        attempt_with(),
        attempt_with(body={"q": PROMPT}, texts=(PROMPT,)),  # whatever the provider calls the field
    ],
    ids=["by its name", "by the request"],
)
async def test_no_column_holds_the_prompt(attempt):
    text, read = await stored(attempt)
    assert "lighthouse" not in text
    assert [asset.url for asset in read.task.assets] == [None, "https://cdn.example/1.png"]
    assert read.task.links == {"poll": "https://a.example/t-1"}
    assert (read.task.failure.message, read.order.labels["for"]) == ("you asked for [prompt] today",) * 2
    kept = ("id", "provider", "account", "path", "submitted_at", "state", "money", "kind")
    assert [getattr(read.task, name) for name in kept] == [getattr(attempt.task, name) for name in kept]


@given(
    st.sampled_from(
        ["a" * 32, "acme", "paint", "/v1", "k", "t-1", "image", "2026", "queued", "accepted", "failed", "unknown"]
    )
)
def test_a_prompt_that_is_one_of_our_own_words_breaks_nothing(prompt):
    records = Records(prompts=False)
    attempt = attempt_with(prompt)
    ended = records.ended(attempt)
    entry = attrs.evolve(
        records.entry(attempt, None, None), task=ended.task, task_id=ended.task_id, record=ended.record
    )
    read = attempt_of(entry)
    assert read.task is not None
    assert (read.order.path, read.task.id, read.started_at) == ("/v1", "t-1", NOW)
    assert {"id", "path", "fingerprint"} <= KEPT


def test_where_the_prompt_is_known_no_more_the_provider_s_words_are_left_out():
    records = Records(prompts=False)
    task = attempt_with().task
    seen = json.loads(records.seen(attrs.evolve(task, state=State.SUCCEEDED)).task)
    assert [seen[name] for name in ("raw", "raw_state", "request_id", "labels", "adjustments")] == [None] * 3 + [{}, []]
    assert (seen["failure"]["message"], seen["links"]) == (None, task.links)  # without links nobody gets the result
    records.ended(attempt_with())
    assert "lighthouse" not in records.seen(task).task


def test_a_text_that_has_to_be_there_is_left_empty():
    @attrs.frozen
    class Told:
        error: str
        looks: int
        more: str | None = None

    told = Told(error=HELD, looks=3, more=HELD)
    assert Private(None).without(told) == Told(error="", looks=3)
    assert Private((PROMPT,)).without(told).error == "you asked for [prompt] today"
    assert Private(()).without(told) is told


def test_only_so_many_are_remembered(monkeypatch):
    monkeypatch.setattr("anymedia.journal.records.REMEMBERED", 2)
    records = Records(prompts=False)
    for number in range(4):
        attempt = attempt_with()
        records.ended(attrs.evolve(attempt, task=attrs.evolve(attempt.task, id=str(number))))
    assert [task_id for _, task_id in records._private] == ["2", "3"]


WAYS = [str, json.dumps, quote, quote_plus, html.escape, lambda text: json.dumps(json.dumps({"q": text}))]


async def test_api_keys_are_hidden_in_what_is_written():
    hide = ApiKeys([Secret("sk-1")])
    attempt = attempt_with(error="key sk-1 is bad")
    attempt = attrs.evolve(
        attempt, task=attrs.evolve(attempt.task, raw={"key": "sk-1"}, links={"poll": "https://a/sk-1"})
    )
    text, read = await stored(attempt, hide=hide)
    assert (read.error, read.task.raw) == ("key *** is bad", {"key": "***"})
    assert read.task.links == {"poll": "https://a/sk-1"}  # it is used again
    assert text.count("sk-1") == 1


def test_what_a_request_says_goes_with_its_order_and_stands_in_no_json():
    from anymedia import to_json
    from anymedia.account import Account
    from anymedia.pricing.offers import candidates
    from anymedia.registry import adapter

    reapi = adapter("reapi")
    account = Account(name="reapi", adapter=reapi, origin=reapi.base_url)
    request = ImageRequest(model="flux-2-pro", prompt=PROMPT, extra={"reapi": {"tune": ["warm", {"a": "b"}], "n": 1}})
    (order,) = candidates(request, [account])[0].orders()
    assert set(order.texts) == {PROMPT, "warm", "b"}
    assert set(RawRequest("reapi", "/v1", {"q": "a fox", "n": [{"m": "z"}, ""]}).texts) == {"a fox", "z"}
    assert "texts" not in to_json(order)
    assert PROMPT not in repr(order)


@given(
    st.sampled_from(["sk-1234", 'a "sly" key', "20%ab-key", "100% Äpfel; 4K"]),
    st.sampled_from(WAYS),
    st.sampled_from(["x%20y", "", "&", "%", "100%"]),
)
def test_what_is_looked_through_in_haste_is_written_as_what_is_gone_through(key, way, beside):
    held = {"echo": beside + way(key) + beside}
    task = attrs.evolve(attempt_with().task, raw=held, labels={}, adjustments=(), failure=None)
    private = Private((), ApiKeys([Secret("sk-9876"), Secret(key)]))
    assert loads(_written(task, private)) == to_bare_json(private.without(task))
    assert beside or loads(_written(task, private))["raw"] != held
