"""Each event as a line, as fields and as attributes; and who reads it."""

import json
import logging
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from anymedia import (
    Alert,
    Attempt,
    BatchEnd,
    Failure,
    ImageRequest,
    Money,
    NoRoute,
    Order,
    Result,
    Row,
    RowEnd,
    State,
    Task,
)
from anymedia.model.money import PriceStatus
from anymedia.model.vocabulary import Cause, Outcome, Refund
from anymedia.observe import events, readers
from anymedia.observe.events import (
    Answered,
    BatchBegan,
    BatchEnded,
    BilledMore,
    CooledDown,
    Downloaded,
    Ended,
    FellBack,
    Left,
    Looked,
    Moved,
    PassedCeiling,
    Posted,
    Recovered,
    Refused,
    RowEnded,
    Sent,
    Uploaded,
    Waits,
    billed_more,
)
from anymedia.observe.facts import FACTS, attributes, fields
from anymedia.observe.log import LINES
from anymedia.observe.readers import Readers
from tests.seen import Records, Seen

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)
MONEY = Money(usd=Decimal("0.028"), status=PriceStatus.EXACT, got="table")
ORDER = Order(
    provider="acme", account="acme-team", offer="acme/m", model="m", path="/p", money=MONEY, why="the cheapest"
)
RAW = attrs.evolve(ORDER, offer=None, model=None, money=Money(), why=None)
ATTEMPT = Attempt(id="0123456789abcdef", order=ORDER, origin="https://api.acme.example", started_at=NOW)
TASK = Task(id="t_1", provider="acme", account="acme-team", model="m", money=MONEY, submitted_at=NOW, path="/p")
DONE = attrs.evolve(TASK, state=State.SUCCEEDED, ended_at=LATER)

RESULT = Result(tasks=(DONE,), money=MONEY)


def row_end(state, **how):
    return RowEnd(number=7, row=Row(request=ImageRequest(model="m", prompt="private")), key="k", state=state, **how)


FREE, BILL = Money(usd=Decimal(0), got="settled"), attrs.evolve(MONEY, got="settled")


def answered(outcome, **how):
    return Answered(attrs.evolve(ATTEMPT, outcome=outcome, ended_at=LATER, sends=1, **how))


def failed(refund, **how):
    return Ended(attrs.evolve(DONE, state=State.FAILED, failure=Failure(cause=Cause.BLOCKED, refund=refund), **how))


def canceled(**how):
    return Ended(attrs.evolve(DONE, state=State.CANCELED, **how))


def billed(usd, got="settled"):
    return attrs.evolve(DONE, money=attrs.evolve(MONEY, usd=None if usd is None else Decimal(usd), got=got))


ROWS = [
    (Sent(ATTEMPT), "attempt 01234567 sent to acme-team, m, $0.028, the cheapest"),
    (Sent(attrs.evolve(ATTEMPT, order=RAW, origin=None)), "attempt 01234567 sent to acme-team, price unknown"),
    (
        Sent(ATTEMPT, again=True),
        "attempt 01234567 sent again under its replay key to acme-team, m, $0.028, the cheapest",
    ),
    (answered(Outcome.ACCEPTED, task=TASK), "attempt 01234567 accepted in 90.0 s, acme-team task t_1, $0.028"),
    (
        attrs.evolve(answered(Outcome.ACCEPTED, task=TASK), by_webhook=True),
        "attempt 01234567 named by a webhook, acme-team task t_1, $0.028",
    ),
    (answered(Outcome.REFUSED, cause=Cause.BLOCKED), "attempt 01234567 refused in 90.0 s, blocked, not billed"),
    (answered(Outcome.NOT_SENT), "attempt 01234567 not sent in 90.0 s, not billed"),
    (
        answered(Outcome.UNCERTAIN, cause=Cause.UNAVAILABLE),
        "attempt 01234567 uncertain in 90.0 s, it may have been billed",
    ),
    (
        answered(Outcome.ACCEPTED_WITHOUT_ID),
        "attempt 01234567 accepted without id in 90.0 s, billed in all likelihood",
    ),
    (FellBack(ORDER, "other/m"), "goes on at acme-team, m, $0.028, the cheapest"),
    (FellBack(RAW, "acme/m", again=True), "tries again at acme-team, price unknown"),
    (Waits(TASK), "waiting for acme-team task t_1"),
    (Looked(TASK), "acme-team task t_1 queued"),
    (Looked(TASK, "RateLimited"), "acme-team task t_1: RateLimited"),
    (
        Left(TASK),
        "acme-team task t_1 queued: nobody waits for it any more, and it is billed; `anymedia resume` takes it up",
    ),
    (
        Left(TASK, written=False),
        "acme-team task t_1 queued: nobody waits for it any more, and it is billed; `detached` of the client holds it",
    ),
    (Moved(attrs.evolve(TASK, state=State.RUNNING)), "acme-team task t_1 running"),
    (Ended(DONE), "acme-team task t_1 succeeded after 90.0 s, $0.028"),
    (failed(Refund.YES), "acme-team task t_1 failed after 90.0 s, blocked, not billed"),
    (failed(Refund.NO), "acme-team task t_1 failed after 90.0 s, blocked, $0.028"),
    (failed(Refund.UNKNOWN, ended_at=None), "acme-team task t_1 failed after 0.0 s, blocked, $0.028, if it is billed"),
    (failed(Refund.NO, money=FREE), "acme-team task t_1 failed after 90.0 s, blocked, not billed"),
    (failed(Refund.UNKNOWN, money=FREE), "acme-team task t_1 failed after 90.0 s, blocked, not billed"),
    (failed(Refund.UNKNOWN, money=BILL), "acme-team task t_1 failed after 90.0 s, blocked, $0.028"),
    (canceled(), "acme-team task t_1 canceled after 90.0 s, $0.028, if it is billed"),
    (canceled(money=FREE), "acme-team task t_1 canceled after 90.0 s, not billed"),
    (canceled(money=BILL), "acme-team task t_1 canceled after 90.0 s, $0.028"),
    (CooledDown("a", "acme", "no_credit", LATER, 2), "a gets no new requests until 12:01:30 UTC: no credit"),
    (CooledDown("a", "acme", "bad_api_key", None, 3), "a gets no new requests until it is well again: bad api key"),
    (Recovered("a", "acme"), "a is asked again"),
    (Uploaded("a", "acme", 1234, "image/png", 0.25), "uploaded 1,234 bytes of image/png for a in 0.2 s"),
    (
        Uploaded("a", "acme", 1_234_567, "image/png", 1.0, "Unavailable"),
        "upload of 1.2 MB of image/png for a failed: Unavailable",
    ),
    (
        Downloaded(DONE, 2, 0.5, 1234, "image/png"),
        "acme-team task t_1 file 2 saved in 0.5 s, 1,234 bytes of image/png",
    ),
    (Downloaded(DONE, 1, 9.0, error="DownloadError"), "acme-team task t_1 file 1 not saved: DownloadError"),
    (Posted("a", DONE), "webhook for a: acme-team task t_1 succeeded"),
    (Posted("a"), "webhook for a: no task that is known"),
    (Refused("a\nb", "its signature is forged"), "webhook for a b refused: its signature is forged"),
    (
        Alert(day=date(2026, 12, 1), limit=Decimal(20), spent=Decimal("20.5"), unknown=2),
        (
            "today (UTC) has cost $20.50 or may have, more than the $20.00 of [alerts] daily; "
            "2 of unknown price are not in it; nothing is stopped by that"
        ),
    ),
    (
        BilledMore(task=billed("0.05"), quoted=attrs.evolve(MONEY, source="its page")),
        "acme-team task t_1 was billed $0.05, more than the $0.028 quoted by its page",
    ),
    (
        BilledMore(task=billed("0.05"), quoted=attrs.evolve(MONEY, got="override")),
        "acme-team task t_1 was billed $0.05, more than the $0.028 quoted by your own price in anymedia.toml",
    ),
    (
        PassedCeiling(max_price=Decimal("0.1"), spent=Decimal("0.12")),
        "the request has cost $0.12, more than its max_price of $0.10",
    ),
    (
        PassedCeiling(max_price=Decimal("0.1"), spent=Decimal("0.12"), batch="shots"),
        "batch shots has cost $0.12, more than its budget of $0.10",
    ),
    (BatchBegan("shots", 200, 0, None), "batch shots begins: 200 rows"),
    (BatchBegan("shots", 200, 12, Decimal(5)), "batch shots begins: 200 rows, 12 bought before, budget $5.00"),
    (RowEnded("shots", row_end("done", result=RESULT, seconds=4.5)), "batch shots row 7 done, $0.028"),
    (RowEnded("shots", row_end("failed", error=NoRoute("private"))), "batch shots row 7 failed, NoRoute"),
    (BatchEnded(BatchEnd(name="shots", rows=0, why="done")), "batch shots is over (done): no rows, it has cost $0.00"),
    (
        BatchEnded(
            BatchEnd(
                name="shots",
                rows=9,
                done=6,
                uncertain=1,
                not_begun=2,
                why="error",
                spent=Decimal("0.12"),
                possibly=Decimal("0.03"),
                error=NoRoute("private"),
            )
        ),
        (
            "batch shots is over (error): 6 done, 1 uncertain, 2 not begun, it has cost $0.12, "
            "$0.03 more may have been billed"
        ),
    ),
]


@pytest.mark.parametrize(
    ("event", "is_more"),
    [
        (Ended(billed("0.03"), TASK), True),
        (answered(Outcome.ACCEPTED, task=billed("0.03")), True),
        (Ended(billed("0.028"), TASK), False),
        (Ended(billed("0.01"), TASK), False),
        (Ended(billed(None), TASK), False),
        (Ended(billed("0.03", "table"), TASK), False),  # no bill
        (Ended(billed("0.03"), billed("0.02")), False),  # it was told before
        (Ended(billed("0.03"), attrs.evolve(TASK, money=Money())), False),  # nobody knew
        (Ended(billed("0.03")), False),
        (answered(Outcome.REFUSED), False),
        (Moved(TASK), False),
    ],
)
def test_a_bill_above_its_quote_is_told_and_no_other(event, is_more):
    found = billed_more(event)
    assert (found is not None) is is_more
    heard = Records()
    logging.getLogger("anymedia").addHandler(heard)
    try:
        Readers(None, dict).tell(event)
    finally:
        logging.getLogger("anymedia").removeHandler(heard)
    assert bool(heard.lines("BilledMore")) is is_more


@pytest.fixture
def records():
    logger, handler = logging.getLogger("anymedia"), Records()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


@pytest.mark.parametrize(("event", "line"), ROWS)
def test_an_event_is_a_line_with_its_facts(event, line, records):
    Readers(None, dict).tell(event)
    (record,) = records.all
    assert record.getMessage() == line
    assert set(event.facts) <= set(FACTS)
    told = fields(event.facts)
    assert told.items() <= vars(record).items()
    assert json.loads(json.dumps(told)) == told
    kept = {name for name in event.facts if FACTS[name].attribute is not None}
    found = attributes(event.facts)
    assert len(found) == len(kept) + ("origin" in kept)  # which is an address and a port
    assert all(type(value) in (str, int, float, bool) for value in found.values())


def test_every_event_is_among_these_and_every_fact_is_one_of_theirs():
    of_module = {each for each in vars(events).values() if isinstance(each, type) and hasattr(each, "facts")}
    assert {type(event) for event, _ in ROWS} == set(LINES) == of_module - {events.Event}
    assert {name for event, _ in ROWS for name in event.facts} == set(FACTS) - {"wire_id"}


def test_the_end_of_a_task_is_told_once_until_it_is_forgotten(monkeypatch):
    monkeypatch.setattr(readers, "REMEMBERED", 1)
    heard = []
    told = Readers(heard.append, dict)
    for event in (Ended(DONE), Ended(DONE), Ended(attrs.evolve(DONE, id="t_2")), Ended(DONE), Moved(DONE)):
        told.tell(event)
    assert [task.id for task in heard] == ["t_1", "t_2", "t_1", "t_1"]


def test_where_nobody_uses_opentelemetry_nothing_of_it_is_made(monkeypatch):
    monkeypatch.delitem(sys.modules, readers.NEEDED)
    monkeypatch.setattr(readers, "in_use", lambda: 1 / 0)
    heard = []
    told = Readers(heard.append, dict)
    with told.verb("generate", TASK):
        told.tell(Ended(DONE))
        told.tell(Waits(TASK))  # which on_event does not hear
    told.close()
    assert heard == [DONE]


def test_what_happens_for_no_call_has_no_span_but_counts():
    seen = Seen.new()
    bought = answered(Outcome.ACCEPTED, task=TASK)
    settled = attrs.evolve(DONE, money=attrs.evolve(MONEY, usd=Decimal("0.03"), got="settled"))
    for event in (bought, attrs.evolve(bought, by_webhook=True), FellBack(ORDER, "other/m"), Waits(TASK), Looked(TASK)):
        seen.telemetry.read(event)
    for event in (Ended(settled, TASK), Ended(settled, TASK, heard=True), Recovered("a", "acme")):
        seen.telemetry.read(event)
    for was in (None, settled, attrs.evolve(TASK, money=Money())):  # not known, as quoted, and of unknown price
        seen.telemetry.read(Ended(settled, was))
    seen.telemetry.read(Ended(DONE, settled))
    seen.telemetry.read(Ended(attrs.evolve(DONE, money=Money()), TASK))
    assert seen.spans() == []
    assert seen.counts("anymedia.attempts") == {(): 1}
    assert seen.counts("anymedia.spend") == {(): 0.06}
    assert seen.counts("anymedia.spend.returned") == {(): 0.002}
    assert seen.counts("gen_ai.client.operation.duration") == {(): 6}
