"""The classification of an answer: whether it is an error, which one, and what that means for a submit."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from anymedia.declare.adapter import Adapter, Err, Fault, Match
from anymedia.declare.path import Place
from anymedia.model.errors import (
    NOT_AGAIN,
    PROVIDER_ERRORS,
    AnymediaError,
    MalformedAnswer,
    ProviderError,
    SubmitUncertain,
    Unavailable,
)
from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Billed, Cause, Outcome

from .messages import LONGEST_WAIT, Answer, Lost

NEVER_ARRIVED = frozenset({521, 523, 525, 526})
"""Codes of a proxy that did not reach the provider: nothing was sent to it. (522 may also mean that the connection
stood and the request was not acknowledged.)"""

UNDECIDED = frozenset({408, 499})
"""Codes below 500 that do not say whether the request was carried out."""

CAUSES: Mapping[int, Cause] = {
    401: Cause.BAD_API_KEY,
    402: Cause.NO_CREDIT,
    403: Cause.BAD_API_KEY,
    404: Cause.NOT_FOUND,
    408: Cause.UNAVAILABLE,
    410: Cause.NOT_FOUND,
    425: Cause.UNAVAILABLE,
    429: Cause.RATE_LIMITED,
    499: Cause.UNAVAILABLE,
}
"""The cause of an HTTP status for which the adapter has no row; others below 500 are rejections."""


@attrs.frozen(kw_only=True)
class Asked:
    """Who was asked, and when the answer came: every error and task carries this."""

    adapter: Adapter
    account: str
    origin: str
    model: str | None
    now: datetime

    def lost(self, lost: Lost, *, submit: bool) -> AnymediaError:
        """Return the error for a call that got no whole answer."""
        facts: dict[str, Any] = {"account": self.account, "provider": self.adapter.name, "model": self.model}
        if not lost.sent:
            error = Unavailable(f"{self.account} was not reached: {lost.why}", outcome=Outcome.NOT_SENT, **facts)
            error.permanent = lost.permanent
            return error
        message = f"{self.account} gave no readable answer: {lost.why}"
        if not submit:
            return Unavailable(message, status=lost.status, **facts)
        return _uncertain(message, accepted=_is_good(lost.status), status=lost.status, **facts)

    def row(self, code: str | None, text: str, status: int | None = None) -> Err | None:
        """Return the adapter's row for an error, found by its text first, then by its code."""
        for match, row in self.adapter.errors.items():
            if isinstance(match, Match) and match.status in (None, status) and match.text in text:
                return row
        return self.adapter.errors.get(code) if code is not None else None


@attrs.frozen
class Received:
    """An answer, who was asked, and the answer's body as JSON (or text, where it is none)."""

    asked: Asked
    answer: Answer
    words: Json

    @property
    def facts(self) -> dict[str, Any]:
        """What an error says of the answer."""
        asked = self.asked
        return {
            "account": asked.account,
            "provider": asked.adapter.name,
            "model": asked.model,
            "status": self.answer.status,
            "code": self.code,
            "request_id": self.request_id,
            "retry_after": self._retry_after(),
            "body": self.words,
        }

    @property
    def code(self) -> str | None:
        """The body's own error code."""
        return code_of(self.asked.adapter.fault, self.words)

    @property
    def request_id(self) -> str | None:
        """The provider's name for the call, from a header or the body."""
        fault, headers = self.asked.adapter.fault, self.answer.headers
        header = next((headers[name] for name in self.asked.adapter.request_id if name in headers), None)
        named = header or (None if fault.request_id is None else fault.request_id.one(self.words))
        return named if isinstance(named, str) else None

    @property
    def row(self) -> Err | None:
        """What the adapter says of the error."""
        return self.asked.row(self.code, text_of(self.asked.adapter.fault, self.words), self.answer.status)

    @property
    def status(self) -> int:
        """The HTTP status that counts: below 400, the body's code where it is one."""
        status, code = self.answer.status, self.code
        if status < 400 and code is not None and code.isdecimal() and 400 <= int(code[:4]) < 600:
            return int(code[:4])
        return status

    def is_error(self, ok: tuple[Place, Json] | None) -> bool:
        """Return whether this is an error: by its HTTP status, or by the body's own code at `ok`."""
        if not _is_good(self.answer.status):
            return True
        code = None if ok is None else ok[0].one(self.words)
        return ok is not None and code is not None and code != ok[1] and word(code) != str(ok[1])

    def refusal(self, *, submit: bool) -> AnymediaError:
        """Return the error that a "no" of the provider means; at a submit, with how far it can be trusted."""
        text = text_of(self.asked.adapter.fault, self.words) or self._redirect()
        code = None if self.code == str(self.answer.status) else self.code
        message = f"{self.asked.account} answered " + " ".join(filter(None, (str(self.answer.status), code, text)))
        row = self.row
        cause = self._cause() if row is None else row.cause
        if not submit:
            return self.error(cause, message)
        outcome = self._outcome() if row is None else self._outcome_of(row)
        if outcome in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID):
            return _uncertain(message, accepted=outcome is Outcome.ACCEPTED_WITHOUT_ID, **self.facts)
        return self.error(cause, message, outcome=outcome)

    def error(self, cause: Cause, message: str, **more: Any) -> ProviderError:
        """Return the error of a cause."""
        return PROVIDER_ERRORS.get(cause, PROVIDER_ERRORS[Cause.REJECTED])(message, **self.facts, **more)

    def malformed(self, what: str, task_id: str | None) -> MalformedAnswer:
        """Return the error for an answer that cannot be read."""
        message = f"{self.asked.account} answered {self.answer.status} with {what}"
        return MalformedAnswer(message, task_id=task_id, **self.facts)

    def paid_for_nothing(self, what: str) -> SubmitUncertain:
        """Return the error for a success that cannot be read to a task."""
        return _uncertain(f"{self.asked.account} answered {self.answer.status} {what}", accepted=True, **self.facts)

    def _redirect(self) -> str:
        if self.answer.status // 100 != 3:
            return ""
        return f"a redirect to {self.answer.headers.get('location', 'nowhere')}, not followed"

    def _cause(self) -> Cause:
        return CAUSES.get(self.status, Cause.REJECTED if 400 <= self.status < 500 else Cause.UNAVAILABLE)

    def _outcome_of(self, row: Err) -> Outcome:
        """Return what a known error means for a submit: a "no" whose reason is known is a "no" at any HTTP status."""
        return row.submit or (self._outcome() if row.cause is Cause.UNAVAILABLE else Outcome.REFUSED)

    def _outcome(self) -> Outcome:
        if self.answer.status in NEVER_ARRIVED:
            return Outcome.NOT_SENT
        if 400 <= self.status < 500 and self.status not in UNDECIDED:
            return Outcome.REFUSED
        return Outcome.UNCERTAIN

    def _retry_after(self) -> float | None:
        """Return the seconds to wait: the header's, or else the body's."""
        seconds = self.answer.retry_after(self.asked.now)
        if seconds is None:
            named = amount(self.asked.adapter.fault.retry_after, self.words)
            seconds = None if named is None else min(float(named), LONGEST_WAIT)
        return seconds


def _is_good(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _uncertain(message: str, *, accepted: bool, **facts: Any) -> SubmitUncertain:
    text = f"{message}; {NOT_AGAIN}"
    if accepted:
        return SubmitUncertain(text, outcome=Outcome.ACCEPTED_WITHOUT_ID, billed=Billed.LIKELY, **facts)
    return SubmitUncertain(text, **facts)


def word(value: Any) -> str | None:
    """Return a code or an id as text; None for what is neither text nor number."""
    return str(value)[:1000] if isinstance(value, str | int) and not isinstance(value, bool) else None


def amount(where: Place | None, words: Json) -> Decimal | None:
    """Return an amount; the shortest decimal of a binary float is what the provider wrote."""
    value: Any = None if where is None else where.one(words)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value)) if 0 <= value < 1_000_000_000 else None


def code_of(fault: Fault, words: Json) -> str | None:
    """Return an error's code."""
    return None if fault.code is None else word(fault.code.one(words))


def text_of(fault: Fault, words: Json) -> str:
    """Return an error's text in the provider's words, with what it says of single fields."""
    texts = [] if fault.message is None else [text for text in fault.message.find(words) if isinstance(text, str)]
    by_field = None if fault.fields is None else fault.fields.one(words)
    if isinstance(by_field, dict):
        texts += [f"{name} {_listed(says)}" for name, says in by_field.items()]
    return "; ".join(texts)[:2000]


def _listed(says: Any) -> str:
    return ", ".join(map(str, says)) if isinstance(says, list) else str(says)
