"""What can go wrong, as one tree.

AnymediaError
├─ ConfigError              no key, unknown account, broken file
├─ JournalError             the journal cannot be read or written (carries what was accepted by then)
├─ WebhookRefused           what was posted is not believed, and nothing has changed
├─ RequestError             nothing was sent, the request has to change
│  ├─ Unsupported           the offer has no such feature (lists every problem)
│  ├─ OutOfBounds           a value outside what the offer takes (lists every problem)
│  ├─ OverCeiling           it would cost more than max_price
│  └─ BadRows               rows of a batch cannot be asked for (lists every problem of every row)
├─ ProviderError            the provider refused, or could not be reached
│  ├─ BadApiKey · NoCredit · NotFound · Rejected · Blocked · RateLimited · MalformedAnswer
│  └─ Unavailable
│     └─ Cooling            the account is left alone for a while after a failure
├─ SubmitUncertain          sent, and no readable answer: it may have been billed
├─ TaskError
│  ├─ TaskFailed            accepted, then failed or canceled (carries the task)
│  ├─ DeadlineExceeded      not finished in time (carries the live task)
│  └─ DownloadError         a result could not be fetched or written (carries the task)
└─ NoRoute                  every offer refused or failed (carries each error, and each attempt)

Each error answers two questions: `retry` (same, elsewhere, never) and `billed` (no, likely, yes, unknown).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from .vocabulary import Billed, Cause, Outcome, Retry

if TYPE_CHECKING:
    from datetime import datetime

    from .task import Attempt, Task


@attrs.frozen(kw_only=True)
class Problem:
    """One reason why a request does not fit an offer: the field, what is wrong and its bound, and where that stands.

    Of a batch it is that of the row with this number (from 1), which stands at this `line` of a file.
    """

    field: str
    message: str
    page: str | None = None
    row: int | None = None
    line: int | None = None
    unsupported: bool = False
    documented: bool = attrs.field(default=True, repr=False)  # a limit of the page, which `check=False` switches off

    def __str__(self) -> str:
        row = "" if self.row is None else f"row {self.row}: "
        place = row if self.line is None else f"line {self.line}: "
        return f"{place}{self.field}: {self.message}" + (f" ({self.page})" if self.page else "")


class AnymediaError(Exception):
    """The root of the tree: it carries everything known about the call, and never an API key.

    `status` and `code` are the provider's, `retry_after` is in seconds, `body` is the answer as it was read (JSON, or
    text cut to 2,000 characters). `attempt` is the submit that led to it, `attempts` are all that were made. `task` is
    the accepted task, as it was last seen, of an error that came after it was accepted.
    """

    retry: Retry = Retry.NEVER
    billed: Billed = Billed.NO
    outcome: Outcome | None = None
    permanent: bool = False
    """Whether the same call would meet the same fault at once, so that it is not tried again by itself."""
    must_change: bool = False
    """Whether it is the request that was refused: sent again as it is, it is refused again."""

    def __init__(
        self,
        message: str = "",
        *,
        account: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        task_id: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: Any = None,
        outcome: Outcome | None = None,
        billed: Billed | None = None,
        attempt: "Attempt | None" = None,
        task: "Task | None" = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.account = account
        self.provider = provider
        self.model = model
        self.task_id = task_id
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.outcome = outcome or type(self).outcome
        self.billed = billed or type(self).billed
        self.attempt = attempt
        self.task = task
        self.attempts: tuple[Attempt, ...] = ()


class ConfigError(AnymediaError):
    """The configuration cannot be used as it is."""


class JournalError(AnymediaError):
    """The journal cannot be read or written: nothing was sent, unless `task` holds what had been accepted by then.

    Where it is `away`, nothing answers where it is: it may be back later, and nothing is wrong with what was to be
    written. Where the lease has `lapsed` of the owner that was to write, it writes nothing more; others may have taken
    over what it had.
    """

    outcome: Outcome | None = Outcome.NOT_SENT
    held: str | None = None
    """What another process is at, so that this one has to wait; None where it is the journal that cannot be used."""

    def __init__(self, message: str = "", *, away: bool = False, lapsed: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.away = away
        self.lapsed = lapsed


class WebhookRefused(AnymediaError):
    """What was posted as a webhook is not believed, and has changed nothing; `status` is what it is answered."""

    def __init__(self, message: str = "", *, status: int = 401, **facts: Any) -> None:
        super().__init__(message, status=status, **facts)


class RequestError(AnymediaError):
    """Nothing was sent: the request has to change; `problems` lists every reason.

    What one provider refuses another may take; where no provider is named, none would take it.
    """

    outcome: Outcome | None = Outcome.NOT_SENT
    must_change: bool = True
    of_none: ClassVar[Retry] = Retry.NEVER
    """What `retry` is where no provider is named."""

    def __init__(self, message: str = "", *, problems: Sequence[Problem] = (), **facts: Any) -> None:
        super().__init__(message or "; ".join(map(str, problems)), **facts)
        self.problems: tuple[Problem, ...] = tuple(problems)
        if self.provider is None and self.account is None:
            self.retry: Retry = self.of_none


class Unsupported(RequestError):
    """The offer has no such feature."""

    retry: Retry = Retry.ELSEWHERE


class OutOfBounds(RequestError):
    """A value lies outside what can be asked for."""

    retry: Retry = Retry.ELSEWHERE


class OverCeiling(RequestError):
    """The request would cost more than the caller's `max_price`, or nobody knows what it costs."""

    retry: Retry = Retry.ELSEWHERE
    must_change: bool = False
    of_none = Retry.ELSEWHERE


SHOWN = 20
"""How many bad rows a message shows."""


class BadRows(RequestError):
    """Rows of a batch cannot be asked for, and nothing was sent for any row.

    `problems` lists what is wrong with each, by its `row` and its `line`; there are `rows` in all, if that is known.
    """

    def __init__(
        self, message: str = "", *, problems: Sequence[Problem] = (), rows: int | None = None, **facts: Any
    ) -> None:
        super().__init__(message or _bad_rows(problems, rows), problems=problems, **facts)
        self.rows: int | None = rows


def _bad_rows(problems: Sequence[Problem], rows: int | None) -> str:
    """Return how many rows are bad, and what is wrong with the first of them."""
    bad: dict[tuple[int | None, int | None], list[Problem]] = {}
    for problem in problems:
        bad.setdefault((problem.row, problem.line), []).append(problem)
    of = "" if rows is None else f" of {rows}"
    number = sum(row is not None for row, _ in bad)  # what is wrong with the file as a whole is of no row
    head = f"{number}{of} rows cannot be asked for" if number else "the rows cannot be read"
    head += "; nothing was sent"
    shown = [str(problem) for each in [*bad.values()][:SHOWN] for problem in each]
    more = [f"and {len(bad) - SHOWN} rows more"] if len(bad) > SHOWN else []
    return "\n  ".join([head, *shown, *more])


class ProviderError(AnymediaError):
    """The provider refused, or could not be reached; `cause` is the reason in one word."""

    cause: ClassVar[Cause]
    retry: Retry = Retry.ELSEWHERE


class BadApiKey(ProviderError):
    """The API key is missing, wrong or revoked."""

    cause = Cause.BAD_API_KEY


class NoCredit(ProviderError):
    """The account's balance does not suffice."""

    cause = Cause.NO_CREDIT


class NotFound(ProviderError):
    """The provider knows no such path, model or task."""

    cause = Cause.NOT_FOUND


class Rejected(ProviderError):
    """The provider says that the request is invalid."""

    cause = Cause.REJECTED
    must_change: bool = True


class Blocked(ProviderError):
    """Moderation refused the request or withheld its result; `task` is there when it had been accepted."""

    cause = Cause.BLOCKED
    retry: Retry = Retry.NEVER
    must_change: bool = True


class RateLimited(ProviderError):
    """Too many calls; `retry_after` says how long to wait where the provider does."""

    cause = Cause.RATE_LIMITED
    retry: Retry = Retry.SAME


class Unavailable(ProviderError):
    """The provider is down, or could not be reached."""

    cause = Cause.UNAVAILABLE
    retry: Retry = Retry.SAME


class Cooling(Unavailable):
    """The account is left alone for a while: this request would fail as an earlier one did."""

    outcome: Outcome | None = Outcome.NOT_SENT


class MalformedAnswer(ProviderError):
    """The answer cannot be read; `body` holds what came."""

    cause = Cause.MALFORMED
    retry: Retry = Retry.SAME


class SubmitUncertain(AnymediaError):
    """The submit was sent and has no readable answer: it may have been billed, so nothing is sent again on doubt.

    `attempt` holds all that is known of it; `message` says what happened, and the text of the error what follows from
    it too. Until `replay_until` (UTC) `client.recover(replay=True)` sends the same again, and it is billed once; None
    where that cannot be. With on_uncertain="continue" and max_price, the request goes on at another offer instead.
    """

    outcome: Outcome | None = Outcome.UNCERTAIN
    billed: Billed = Billed.UNKNOWN

    def __init__(self, message: str = "", *, replay_until: "datetime | None" = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.replay_until = replay_until

    def __str__(self) -> str:
        if self.attempt is not None and self.attempt.settled is not None:
            return f"{self.message}; nothing is sent again for it"
        return f"{self.message}; {may_be_billed(self.replay_until)}"


def may_be_billed(replay_until: "datetime | None") -> str:
    """Return what follows from a submit of which nobody knows whether it was billed, by until when it is replayed."""
    if replay_until is None:
        return "the submit may have been billed and is not sent again"
    return (
        f"the submit may have been billed; until {replay_until:%Y-%m-%d %H:%M:%S} UTC `anymedia resume --replay` "
        "(recover(replay=True)) sends it again under its replay key, so that it is billed once"
    )


class TaskError(AnymediaError):
    """An accepted task did not end well; `task` is its last known form."""

    billed: Billed = Billed.YES


class TaskFailed(TaskError):
    """The task ended as failed or canceled; `billed` says whether its price is given back, and `retry` goes by that."""

    billed: Billed = Billed.UNKNOWN


class DeadlineExceeded(TaskError):
    """The task was not finished in time; it lives on, and `client.wait(error.task)` takes it up again.

    Without a `task`, another call held the caller's idempotency key for too long: this one has sent nothing, and what
    the other one bought is not known (`billed` is unknown). The same call under the same key returns it.
    """

    retry: Retry = Retry.SAME


class DownloadError(TaskError):
    """A result of a finished task is not saved, or cannot be read; `client.collect` tries again.

    `status` is what the link answered, if it did.
    """

    retry: Retry = Retry.SAME
    place_is_full: bool = False
    """Whether the place takes nothing, whatever the result: it is full, may not be written to, or refuses."""
    came: str | None = None
    """The media type of a file that came in place of the result."""


class NoRoute(AnymediaError):
    """No offer serves the request; `errors` holds the error of each, `attempts` what was sent.

    `billed` is the surest answer among them, and `task` the task of the error that gives it. `retry` is "same" where
    that is the answer of one of them and "never" of none, `retry_after` the shortest wait of those. `must_change` is
    true where every offer refused the request itself.
    """

    def __init__(self, message: str = "", *, errors: Sequence[AnymediaError] = (), **facts: Any) -> None:
        super().__init__(message or "; ".join(_together(errors)), **facts)
        self.errors: tuple[AnymediaError, ...] = tuple(errors)
        if errors:
            said = surest(errors)
            self.billed: Billed = said.billed
            self.task: Task | None = said.task
            self.task_id: str | None = said.task_id
            self.must_change: bool = all(error.must_change for error in errors)
            passing = [error for error in errors if error.retry is Retry.SAME]
            if passing and all(error.retry is not Retry.NEVER for error in errors):
                self.retry: Retry = Retry.SAME
                self.retry_after: float | None = _shortest(passing)


def _shortest(errors: Sequence[AnymediaError]) -> float | None:
    """Return the shortest wait, in seconds; None where one of the errors tells of none."""
    waits = [error.retry_after for error in errors if error.retry_after is not None]
    return min(waits) if len(waits) == len(errors) else None


REFUSES = " does not take this request: "
"""What stands between an offer and why it refuses a request."""


def _together(errors: Sequence[AnymediaError]) -> Iterator[str]:
    """Yield what several errors say, a reason for which several offers refuse a request once."""
    names: dict[str, list[str]] = {}
    for error in errors:
        name, refuses, why = str(error).partition(REFUSES)
        names.setdefault(why if refuses else name, []).extend([name] if refuses else [])
    for why, refusing in names.items():
        each = REFUSES if len(refusing) == 1 else " do not take this request: "
        yield f"{', '.join(refusing)}{each}{why}" if refusing else why


def is_the_callers(error: AnymediaError) -> bool:
    """Return whether an error is about what the caller has written, and nothing was sent: no place in here matters."""
    if isinstance(error, NoRoute):
        return bool(error.errors) and not error.attempts and all(map(is_the_callers, error.errors))
    return isinstance(error, RequestError | ConfigError) and error.task is None


_SURELY = (Billed.NO, Billed.UNKNOWN, Billed.LIKELY, Billed.YES)


def surest(errors: Sequence[AnymediaError]) -> AnymediaError:
    """Return the error that says most surely that something was billed; the first of several."""
    return max(errors, key=lambda error: _SURELY.index(error.billed))


PROVIDER_ERRORS: dict[Cause, type[ProviderError]] = {
    error.cause: error
    for error in (BadApiKey, NoCredit, NotFound, Rejected, Blocked, RateLimited, Unavailable, MalformedAnswer)
}
"""The error of each cause but `failed`, which only a task can have."""
