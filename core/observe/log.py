"""The log lines: one for each event, on the children of the logger `anymedia`, with the event's facts as fields.

A line is for people; programs read the fields, which are named anymedia_attempt, anymedia_usd and so on.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from anymedia.model.batch import STATES, BatchEnd
from anymedia.model.money import Money, dollars
from anymedia.model.plain import one_line, sized
from anymedia.model.task import Task
from anymedia.model.vocabulary import Billed

from .events import (
    Alert,
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
    billed_of,
)
from .facts import fields

ROOT = logging.getLogger("anymedia")

Says: TypeAlias = Callable[[Any], str]


@attrs.frozen
class Line:
    """How an event is logged: on which child of the logger, at which level, and in which words."""

    logger: logging.Logger
    level: int
    says: Says
    when: str

    @classmethod
    def of(cls, child: str, level: int, says: Says, when: str) -> "Line":
        """Return a line on a child of the logger."""
        return cls(ROOT.getChild(child), level, says, when)


def _sent(event: Sent) -> str:
    order = event.attempt.order
    how = "sent again under its replay key" if event.again else "sent"
    return _listed(f"{_attempt(event)} {how} to {order.account}", order.model, _price(order.money), order.why)


def _answered(event: Answered) -> str:
    attempt = event.attempt
    if attempt.task is not None:
        how = "named by a webhook" if event.by_webhook else f"accepted in {event.seconds:.1f} s"
        return _listed(f"{_attempt(event)} {how}", _task(attempt.task), _price(attempt.task.money))
    facts = event.facts
    why = None if facts["error"] == attempt.outcome else facts["error"]
    return _listed(
        f"{_attempt(event)} {attempt.outcome} in {event.seconds:.1f} s", why, _BILL[Billed(str(facts["billed"]))]
    )


_BILL = {
    Billed.NO: "not billed",
    Billed.LIKELY: "billed in all likelihood",
    Billed.UNKNOWN: "it may have been billed",
}
"""What is said of an attempt that has no task."""


def _waits(event: Waits) -> str:
    return f"waiting for {_task(event.task)}"


def _looked(event: Looked) -> str:
    return _stands(event) if event.error is None else f"{_task(event.task)}: {event.error}"


def _stands(event: Looked | Moved) -> str:
    return f"{_task(event.task)} {event.task.state}"


def _left(event: Left) -> str:
    then = "`anymedia resume` takes it up" if event.written else "`detached` of the client holds it"
    return f"{_task(event.task)} {event.task.state}: nobody waits for it any more, and it is billed; {then}"


def _ended(event: Ended) -> str:
    task = event.task
    price, billed = _price(task.money), billed_of(task)
    bill = "not billed" if billed is Billed.NO else price if billed is Billed.YES else f"{price}, if it is billed"
    why = None if task.failure is None else task.failure.cause
    return _listed(f"{_task(task)} {task.state} after {event.seconds:.1f} s", why, bill)


def _billed_more(event: BilledMore) -> str:
    quoted = event.quoted
    by = "your own price in anymedia.toml" if quoted.got == "override" else quoted.source or "its price list"
    return f"{_task(event.task)} was billed {event.task.money}, more than the {quoted} quoted by {by}"


def _passed_ceiling(event: PassedCeiling) -> str:
    what, ceiling = ("the request", "max_price") if event.batch is None else (f"batch {event.batch}", "budget")
    return f"{what} has cost {dollars(event.spent)}, more than its {ceiling} of {dollars(event.max_price)}"


def _batch_began(event: BatchBegan) -> str:
    before = f"{event.bought_before} bought before" if event.bought_before else None
    budget = None if event.budget is None else f"budget {dollars(event.budget)}"
    return _listed(f"batch {event.name} begins: {event.rows} rows", before, budget)


def _row_ended(event: RowEnded) -> str:
    facts, end = event.facts, event.end
    price = None if end.result is None else _price(end.result.money)
    return _listed(f"batch {event.batch} row {end.number} {end.state}", facts.get("error"), price)


def _batch_ended(event: BatchEnded) -> str:
    end = event.end
    states = (f"{facts} {name}" for name, facts in _states(end) if facts)
    cost = f"it has cost {dollars(end.spent)}"
    possibly = f"{dollars(end.possibly)} more may have been billed" if end.possibly else None
    return _listed(f"batch {end.name} is over ({end.why}): {', '.join(states) or 'no rows'}", cost, possibly)


def _states(end: BatchEnd) -> list[tuple[str, int]]:
    return [(state, getattr(end, state.replace(" ", "_"))) for state in STATES]


def _fell_back(event: FellBack) -> str:
    goes = "tries again at" if event.again else "goes on at"
    return _listed(f"{goes} {event.order.account}", event.order.model, _price(event.order.money), event.order.why)


def _cooled_down(event: CooledDown) -> str:
    until = "it is well again" if event.until is None else f"{event.until:%H:%M:%S} UTC"
    return f"{event.account} gets no new requests until {until}: {event.cause.replace('_', ' ')}"


def _recovered(event: Recovered) -> str:
    return f"{event.account} is asked again"


def _uploaded(event: Uploaded) -> str:
    what = f"{sized(event.bytes)} of {event.media_type} for {event.account}"
    if event.error is not None:
        return f"upload of {what} failed: {event.error}"
    return f"uploaded {what} in {event.seconds:.1f} s"


def _downloaded(event: Downloaded) -> str:
    file = f"{_task(event.task)} file {event.number}"
    if event.error is not None:
        return f"{file} not saved: {event.error}"
    return f"{file} saved in {event.seconds:.1f} s, {sized(event.bytes or 0)} of {event.media_type}"


def _posted(event: Posted) -> str:
    about = "no task that is known" if event.task is None else f"{_task(event.task)} {event.task.state}"
    return f"webhook for {event.account}: {about}"


def _refused(event: Refused) -> str:
    return f"webhook for {event.account} refused: {event.why}"


def _alert(event: Alert) -> str:
    more = f"; {event.unknown} of unknown price are not in it" if event.unknown else ""
    limit = f"more than the {dollars(event.limit)} of [alerts] daily"
    return f"today (UTC) has cost {dollars(event.spent)} or may have, {limit}{more}; nothing is stopped by that"


LINES: Mapping[type, Line] = {
    Sent: Line.of("attempts", logging.INFO, _sent, "an attempt is sent"),
    Answered: Line.of("attempts", logging.INFO, _answered, "a submit has ended, and how"),
    FellBack: Line.of("attempts", logging.INFO, _fell_back, "a request goes on elsewhere, or tries again, and why"),
    Ended: Line.of("tasks", logging.INFO, _ended, "a task is over, how it ended and what it costs"),
    Moved: Line.of("tasks", logging.DEBUG, _stands, "a task has moved on"),
    Left: Line.of("left", logging.WARNING, _left, "nobody waits any more for a task that is billed"),
    Waits: Line.of("tasks", logging.DEBUG, _waits, "a task is waited for"),
    Looked: Line.of("looks", logging.DEBUG, _looked, "a task was looked at"),
    Uploaded: Line.of("uploads", logging.DEBUG, _uploaded, "a file of the caller's was placed, or was not"),
    Downloaded: Line.of("downloads", logging.DEBUG, _downloaded, "a result's file was saved, or was not"),
    Posted: Line.of("webhooks", logging.DEBUG, _posted, "a webhook came, and was taken"),
    Refused: Line.of("webhooks", logging.INFO, _refused, "a webhook was not believed, and why"),
    CooledDown: Line.of("accounts", logging.WARNING, _cooled_down, "an account is left alone for a while, and why"),
    Recovered: Line.of("accounts", logging.INFO, _recovered, "an account that was left alone is asked again"),
    BilledMore: Line.of("bills", logging.WARNING, _billed_more, "a task was billed more than was quoted for it"),
    PassedCeiling: Line.of(
        "bills",
        logging.WARNING,
        _passed_ceiling,
        "a request has cost more than its max_price, or a batch more than its budget",
    ),
    BatchBegan: Line.of("batches", logging.INFO, _batch_began, "a batch is run"),
    RowEnded: Line.of("batches", logging.DEBUG, _row_ended, "a row of a batch has ended, and how"),
    BatchEnded: Line.of("batches", logging.INFO, _batch_ended, "a batch is over, why, and what it has cost"),
    Alert: Line.of("alerts", logging.WARNING, _alert, "a day has cost more than [alerts] says"),
}
"""How each event is logged."""


def write(event: Any) -> None:
    """Log an event, where its line is wanted."""
    line = LINES[type(event)]
    if line.logger.isEnabledFor(line.level):
        extra = {"anymedia_event": type(event).__name__, **fields(event.facts)}
        line.logger.log(line.level, "%s", one_line(line.says(event)), extra=extra)


def _listed(*parts: object) -> str:
    """Return what there is of several things, in one row."""
    return ", ".join(str(part) for part in parts if part is not None)


def _attempt(event: Sent | Answered) -> str:
    return f"attempt {event.attempt.id[:8]}"


def _task(task: Task) -> str:
    return f"{task.account} task {task.id}"


def _price(money: Money) -> str:
    return "price unknown" if money.usd is None else str(money)
