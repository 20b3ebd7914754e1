"""Errors for people and for programs, and the exit code of each."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from anymedia import (
    AnymediaError,
    Billed,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    NoRoute,
    Outcome,
    OverCeiling,
    Problem,
    RequestError,
    Retry,
    SubmitUncertain,
    to_json,
)
from anymedia.model.kinds import KINDS

from .attempts import show_attempts, tried_json
from .fields import flag, in_flags, options_as_flags

if TYPE_CHECKING:
    from rich.console import RenderableType

MISSING = 1
INTERRUPTED = 130

CODES: Mapping[type[AnymediaError], int] = {
    AnymediaError: 1,
    RequestError: 2,
    ConfigError: 3,
    SubmitUncertain: 4,
    DeadlineExceeded: 5,
    JournalError: 6,
}
"""The nearest class of an error counts."""

NEVER_DROPPED = (
    "kind",
    "provider",
    "model",
    "offer",
    "extra",
    *(name for kind in KINDS.values() for name in kind.roles.subject),
)

NAMES = {"id", "handle"}
"""Fields that name what was asked for before: there is no request then."""

FACTS = ("account", "provider", "model", "task_id", "status", "code", "request_id", "retry_after")

AGAIN: Mapping[Retry, str] = {
    Retry.SAME: "at the same provider",
    Retry.ELSEWHERE: "at another provider",
    Retry.NEVER: "not automatically",
}

ADVICE: Mapping[type[AnymediaError], str] = {
    SubmitUncertain: (
        "Look at the provider's own list of tasks first; "
        "`anymedia tasks` lists it, `anymedia tasks settle` notes what became of it. "
        "With `--on-uncertain continue` and `--max-price`, `generate` goes on at another offer."
    ),
    DeadlineExceeded: (
        "The task goes on, and is billed as any other. `anymedia resume` takes it up again; --timeout gives it longer."
    ),
    DownloadError: "It is paid for. `anymedia resume` looks for it once more, and fetches it where it can be had.",
    JournalError: "ANYMEDIA_JOURNAL names another file for it, or is `off`: then nothing is kept.",
}


HEADS: Mapping[type[AnymediaError], str] = {OverCeiling: "over the ceiling"}
"""What stands above an error that is of no account."""

SETTLES = "A webhook was asked for: where it is received, it settles this, and `anymedia resume` takes up the task."


def exit_code(error: AnymediaError) -> int:
    """Return what a command that ended in an error exits with."""
    if isinstance(error, NoRoute):
        codes = {exit_code(each) for each in error.errors}
        if CODES[SubmitUncertain] in codes:
            return CODES[SubmitUncertain]
        return max(codes) if codes and codes <= {CODES[RequestError], CODES[ConfigError]} else 1
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def end_refused(refused: bool) -> None:
    """End a command, which has printed why, as a request ends that no offer takes."""
    if refused:
        raise SystemExit(CODES[RequestError])


def error_json(error: AnymediaError) -> dict[str, Any]:
    """Return all that is known of an error as JSON; `task` can be read back with from_json, and waited for."""
    known = {fact: getattr(error, fact) for fact in FACTS}
    found: dict[str, Any] = {
        "type": type(error).__name__,
        "message": str(error),
        "retry": str(error.retry),
        "billed": str(error.billed),
        "outcome": None if error.outcome is None else str(error.outcome),
        **known,
        "body": error.body,
    }
    if isinstance(error, RequestError):
        found["problems"] = [problem_json(problem) for problem in error.problems]
    if isinstance(error, NoRoute):
        found["errors"] = [error_json(each) for each in error.errors]
    for part in ("task", "attempt"):
        if (value := getattr(error, part, None)) is not None:
            found[part] = to_json(value)
    if error.attempts:
        found["attempts"] = [tried_json(attempt) for attempt in error.attempts]
    return found


def foreign_json(
    kind: str, message: str, billed: Billed = Billed.UNKNOWN, outcome: Outcome | None = None
) -> dict[str, Any]:
    """Return what is no error of anymedia in the form of one."""
    return {**error_json(AnymediaError(message, billed=billed, outcome=outcome)), "type": kind}


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON."""
    return {"field": problem.field, "message": problem.message, "page": problem.page}


def error_facts(error: AnymediaError) -> Iterator[tuple[str, str]]:
    """Yield what a person wants to know of an error beside its text: what follows from it comes first."""
    yield "billed", str(error.billed)
    yield "try again", AGAIN[error.retry] + (f", after {error.retry_after:g} s" if error.retry_after else "")
    for fact in FACTS[:-1]:
        if fact == "provider" and error.provider == error.account:
            continue
        if (value := getattr(error, fact)) is not None:
            yield fact.replace("_", " "), str(value)


def problem_rows(problems: Iterable[Problem]) -> Iterator[tuple[str, str]]:
    """Yield each problem as the flag and what is wrong with it."""
    for problem in problems:
        message = problem.message.removeprefix(f"{problem.field}: ")  # the flag says it
        yield flag(problem.field), in_flags(message) + (f"\n{problem.page}" if problem.page else "")


def show_error(error: AnymediaError) -> None:
    """Print an error on stderr, as one block."""
    from .screen import Screen

    screen = Screen(stderr=True)
    screen.headline("error", "red", _title(error))
    if isinstance(error, NoRoute):
        for each in error.errors:
            screen.print(f"{each.account or each.provider or HEADS.get(type(each), type(each).__name__)}:")
            screen.block(*_details(each))
    else:
        screen.block(*_details(error))
    screen.block(*_advice(error))
    show_attempts(error.attempts)


def _title(error: AnymediaError) -> str:
    if isinstance(error, NoRoute):
        if error.attempts:
            return "no offer served this request"
        return "no offer takes this request" + ("; nothing was sent" if exit_code(error) in (2, 3) else "")
    if isinstance(error, RequestError):
        named = {problem.field for problem in error.problems} & NAMES
        return "nothing was done" if named else "the request does not fit; nothing was sent"
    if isinstance(error, JournalError):
        return "the journal cannot be used" + ("; nothing was sent" if error.outcome is Outcome.NOT_SENT else "")
    return "configuration" if isinstance(error, ConfigError) else type(error).__name__


def _details(error: AnymediaError) -> "Iterator[RenderableType]":
    from .screen import pairs

    if isinstance(error, RequestError) and error.problems:
        rows = list(problem_rows(error.problems))
        yield pairs(rows) if len(rows) > 1 else ": ".join(rows[0])
        return
    yield options_as_flags(str(error))
    if not _of_this_side(error):
        yield pairs(error_facts(error))


def _of_this_side(error: AnymediaError) -> bool:
    """Return whether no provider has to do with it."""
    unsent = isinstance(error, JournalError) and error.outcome is Outcome.NOT_SENT
    return unsent or isinstance(error, RequestError | ConfigError)


def _nothing_was_sent(error: AnymediaError) -> bool:
    """Return whether time was up before the submit, as another call held the caller's idempotency key."""
    return isinstance(error, DeadlineExceeded) and error.task is None


def _advice(error: AnymediaError) -> Iterator[str]:
    errors = error.errors if isinstance(error, NoRoute) else (error,)
    told = [each for each in errors if not _nothing_was_sent(each)]
    yield from (text for kind, text in ADVICE.items() if any(isinstance(each, kind) for each in told))
    if any(isinstance(each, SubmitUncertain) and each.attempt and each.attempt.order.webhook for each in told):
        yield SETTLES
    problems = [problem for each in errors if isinstance(each, RequestError) for problem in each.problems]
    if any(problem.unsupported and problem.field not in NEVER_DROPPED for problem in problems):
        yield "--on-unsupported drop leaves out what an offer does not have."
