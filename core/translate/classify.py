"""The classification of an answer: whether it is an error, which one, and what that means for a submit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from anymedia.account import Secret
from anymedia.declare.adapter import Adapter
from anymedia.declare.endpoint import Ok
from anymedia.declare.errors import Err, Match
from anymedia.declare.hook import Hook, HookError
from anymedia.declare.path import Content
from anymedia.model.errors import (
    PROVIDER_ERRORS,
    AnymediaError,
    MalformedAnswer,
    ProviderError,
    SubmitUncertain,
    Unavailable,
)
from anymedia.model.inline import cut, put_back
from anymedia.model.plain import one_line
from anymedia.model.redact import DEEPEST, HIDDEN, holds, scrubbed
from anymedia.model.strict_json import Json, dumps
from anymedia.model.vocabulary import Billed, Cause, Outcome

from .messages import Answer, Lost
from .reading import LONGEST_TEXT, amount, code_of, declared_text, read, text_of, word
from .waiting import bounded, retry_after

NEVER_ARRIVED = frozenset({511, 521, 523, 525, 526, 530})
"""Codes of a network or a proxy that did not reach the provider: nothing was sent to it. (522 may also mean that the
connection stood and the request was not acknowledged.)"""

ELSEWHERE = frozenset({301, 307, 308})
"""Codes that say, with a Location, that a call has to be made somewhere else, and so was not carried out here."""

UNDECIDED = frozenset({408, 499})
"""Codes below 500 that do not say whether the request was carried out."""

CAUSES: Mapping[int, Cause] = {
    401: Cause.BAD_API_KEY,
    402: Cause.NO_CREDIT,
    403: Cause.REJECTED,  # a firewall, or one model that is not for everybody: the key is good for the rest
    404: Cause.NOT_FOUND,
    408: Cause.UNAVAILABLE,
    410: Cause.NOT_FOUND,
    425: Cause.UNAVAILABLE,
    429: Cause.RATE_LIMITED,
    499: Cause.UNAVAILABLE,
}
"""The cause of an HTTP status for which the adapter has no row; others below 500 are rejections."""

LONGEST_NAME = 200
"""Characters of a request id or a word of a state that are kept."""

LONGEST_KEPT = 1 << 16
"""Characters of the longest text of an answer that is kept."""

MOST_KEPT = 1 << 18
"""Characters of an answer that are kept."""


@attrs.frozen(kw_only=True)
class Asked:
    """Who was asked, with which secrets, and when the answer came: every error and task carries this.

    Ids, links, amounts and states are read from the provider's own words; the secrets (the API key, those of the
    account's settings, and tokens) are hidden in what is kept and shown.
    """

    adapter: Adapter
    account: str
    origin: str
    model: str | None
    now: datetime
    secrets: tuple[Secret, ...] = ()

    def lost(self, lost: Lost, *, submit: bool) -> AnymediaError:
        """Return the error for a call that got no whole answer."""
        facts: dict[str, Any] = {"account": self.account, "provider": self.adapter.name, "model": self.model}
        if lost.body:
            facts["body"] = self.kept(*read(lost.body))
        if not lost.sent:
            error = Unavailable(
                f"{self.account} was not reached: {self.shown(lost.why)}", outcome=Outcome.NOT_SENT, **facts
            )
            error.permanent = lost.permanent
            return error
        message = f"{self.account} gave no readable answer: {self.shown(lost.why)}"
        if not submit:
            return Unavailable(message, status=lost.status, **facts)
        return _uncertain(message, accepted=_is_good(lost.status), status=lost.status, **facts)

    def row(self, code: str | None, text: str, status: int | None = None) -> Err | None:
        """Return the adapter's row for an error, found by its text first, then by its code."""
        for match, row in self.adapter.errors.items():
            if isinstance(match, Match) and match.fits(text, status):
                return row
        return self.adapter.errors.get(code) if code is not None else None

    def shown(self, text: str) -> str:
        """Return a provider's text as it can be shown: on one line, without the API key."""
        return one_line(self._hidden(text[:LONGEST_KEPT]))

    def kept(self, words: Json, text: str) -> Json:
        """Return an answer's words, read from a text, as they can be kept: without the API key, and not all too much.

        What is too long or too deep is left out.
        """
        if isinstance(words, str):
            return self._hidden(words[:LONGEST_KEPT])[:LONGEST_TEXT]
        small = len(text) <= LONGEST_KEPT and text.count("[") + text.count("{") < DEEPEST
        hides = len(text) > MOST_KEPT or self._is_in(text)
        if small and not hides:
            return words
        return scrubbed(words, self._texts if hides else (), LONGEST_KEPT, mark=HIDDEN, most=MOST_KEPT)

    def _hidden(self, text: str) -> str:
        if not self._is_in(text):
            return text
        clean: str = scrubbed(text, self._texts, len(text) + len(HIDDEN), mark=HIDDEN)
        return clean

    @property
    def _texts(self) -> list[str]:
        return [secret.reveal() for secret in self.secrets]

    def _is_in(self, text: str) -> bool:
        return any(holds(text, secret.reveal()) for secret in self.secrets)


@attrs.frozen
class Received:
    """An answer, who was asked, and what the answer holds: its words are JSON, or text where it is none.

    `raw` is the body as it came and can be kept, `shown` are the words of `content` without the API key. `unread` says
    why a hook made no words of it.
    """

    asked: Asked
    answer: Answer
    content: Content
    raw: Json = attrs.field(hash=False)
    shown: Json = attrs.field(hash=False)
    unread: str | None = None

    @classmethod
    def of(cls, asked: Asked, answer: Answer, reads: Hook | None = None) -> "Received":
        """Return an answer as it is read; `reads` makes other words of a good one."""
        shortened, files = cut(answer.body)
        words, text = read(shortened)
        raw = None if answer.file is not None else asked.kept(words, text)
        if files:  # only what is read holds them
            raw = put_back(raw, list(map(str.__str__, files)))
            words = put_back(read(shortened)[0], files)
        content = Content(words, answer.headers, answer.body)
        if reads is None or not _is_good(answer.status) or answer.file is not None:
            return cls(asked, answer, content, raw, raw)
        try:  # a hook may do anything with a text, and so gets every one as it stands
            words = reads.made(object, read(answer.body)[0] if files else words)
        except HookError as error:
            return cls(asked, answer, attrs.evolve(content, words=None), raw, None, str(error))
        shown = asked.kept(words, dumps(words).decode())
        return cls(asked, answer, attrs.evolve(content, words=words), raw, shown)

    @property
    def kept(self) -> Content:
        """What the answer holds, with its words as they can be kept."""
        return attrs.evolve(self.content, words=self.shown)

    @property
    def facts(self) -> dict[str, Any]:
        """What an error says of the answer."""
        asked = self.asked
        return {
            "account": asked.account,
            "provider": asked.adapter.name,
            "model": asked.model,
            "status": self.answer.status,
            "code": None if self.code is None else self.asked.shown(self.code),
            "request_id": self.request_id,
            "retry_after": self._retry_after(),
            "body": self.raw,
        }

    @property
    def code(self) -> str | None:
        """The body's own error code."""
        return code_of(self.asked.adapter.fault, self.content)

    @property
    def request_id(self) -> str | None:
        """The provider's name for the call, from a header or the body."""
        fault, headers = self.asked.adapter.fault, self.answer.headers
        header = next((headers[name] for name in self.asked.adapter.request_id if name in headers), None)
        named = header or (None if fault.request_id is None else fault.request_id.one(self.content))
        return self.asked.shown(named)[:LONGEST_NAME] if isinstance(named, str) else None

    @property
    def told(self) -> str:
        """The provider's own words for what went wrong, as they are shown."""
        return one_line(text_of(self.asked.adapter.fault, self.kept))

    @property
    def row(self) -> Err | None:
        """What the adapter says of the error."""
        return self.asked.row(self.code, declared_text(self.asked.adapter.fault, self.content), self.answer.status)

    @property
    def status(self) -> int:
        """The HTTP status that counts: below 400, the body's code where it is one."""
        status, code = self.answer.status, self.code
        if status < 400 and code is not None and code.isascii() and code.isdecimal() and 400 <= int(code[:4]) < 600:
            return int(code[:4])
        return status

    def is_error(self, ok: Ok | None) -> bool:
        """Return whether this is an error: by its HTTP status, or by the body's own code at `ok`."""
        if not _is_good(self.answer.status):
            return True
        code = None if ok is None else ok[0].one(self.content)
        return ok is not None and code is not None and not any(code == yes or word(code) == str(yes) for yes in ok[1])

    def refusal(self, *, submit: bool) -> AnymediaError:
        """Return the error that a "no" of the provider means; at a submit, with how far it can be trusted."""
        code = None if self.code in (None, str(self.answer.status)) else self.asked.shown(str(self.code))
        message = self._message(" ".join(filter(None, (code, self._redirect() or self.told))))
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
        """Return the error for an answer that cannot be read, with the provider's own words."""
        return MalformedAnswer(self._message(f"with {what}{self.aside}"), task_id=task_id, **self.facts)

    def contradiction(self, what: str) -> SubmitUncertain:
        """Return the error for a refusal beside which something says that there is a task."""
        return _uncertain(self._message(f"{self.told} {what}".strip()), accepted=False, **self.facts)

    def paid_for_nothing(self, what: str) -> SubmitUncertain:
        """Return the error for a success that cannot be read to a task."""
        return _uncertain(self._message(what), accepted=True, **self.facts)

    @property
    def aside(self) -> str:
        """Why the answer could not be read, or the provider's own words, to be put behind ours."""
        why = self.unread or self.told
        return f": {why}" if why else ""

    def _message(self, what: str) -> str:
        return f"{self.asked.account} answered {self.answer.status} {what}".rstrip()

    def _redirect(self) -> str:
        if self.answer.status // 100 != 3:
            return ""
        where = self.asked.shown(self.answer.headers.get("location", "nowhere"))
        return f"a redirect to {where[:LONGEST_NAME]}, not followed"

    def _cause(self) -> Cause:
        return CAUSES.get(self.status, Cause.REJECTED if 400 <= self.status < 500 else Cause.UNAVAILABLE)

    def _outcome_of(self, row: Err) -> Outcome:
        """Return what a known error means for a submit: a "no" whose reason is known is a "no" at any HTTP status."""
        return row.submit or (self._outcome() if row.cause is Cause.UNAVAILABLE else Outcome.REFUSED)

    def _outcome(self) -> Outcome:
        moved = self.answer.status in ELSEWHERE and "location" in self.answer.headers
        if moved or self.answer.status in NEVER_ARRIVED:
            return Outcome.NOT_SENT
        if 400 <= self.status < 500 and self.status not in UNDECIDED:
            return Outcome.REFUSED
        return Outcome.UNCERTAIN

    def _retry_after(self) -> float | None:
        """Return the seconds to wait: the header's, or else the body's."""
        seconds = retry_after(self.answer.headers, self.asked.now)
        named = amount(self.asked.adapter.fault.retry_after, self.content) if seconds is None else None
        return seconds if named is None else bounded(float(named))


def _is_good(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _uncertain(message: str, *, accepted: bool, **facts: Any) -> SubmitUncertain:
    if accepted:
        return SubmitUncertain(message, outcome=Outcome.ACCEPTED_WITHOUT_ID, billed=Billed.LIKELY, **facts)
    return SubmitUncertain(message, **facts)
