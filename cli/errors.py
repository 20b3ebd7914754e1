"""The exit code of each error, and errors as JSON."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from anymedia import (
    AnymediaError,
    Billed,
    ConfigError,
    DeadlineExceeded,
    JournalError,
    NoRoute,
    Outcome,
    OverCeiling,
    Problem,
    RequestError,
    SubmitUncertain,
    to_json,
)

from .attempts import tried_json
from .fields import flag, in_flags

MISSING = 1
INTERRUPTED = 130

CODES: Mapping[type[AnymediaError], int] = {
    AnymediaError: 1,
    RequestError: 2,
    ConfigError: 3,
    SubmitUncertain: 4,
    DeadlineExceeded: 5,
    JournalError: 6,
    OverCeiling: 7,
}
"""The nearest class of an error counts."""

UNSENT = (CODES[RequestError], CODES[ConfigError], CODES[OverCeiling])
"""The exit codes of errors before anything was sent."""

FACTS = ("account", "provider", "model", "task_id", "status", "code", "request_id", "retry_after")


def exit_code(error: AnymediaError) -> int:
    """Return what a command that ended in an error exits with."""
    if isinstance(error, NoRoute):
        codes = {exit_code(each) for each in error.errors}
        if CODES[SubmitUncertain] in codes:
            return CODES[SubmitUncertain]
        return max(codes) if codes and codes <= {*UNSENT} else 1
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
    if isinstance(error, SubmitUncertain):
        until = error.replay_until
        found["replay_until"] = None if until is None else until.isoformat()
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
    stands = {"row": problem.row, "line": problem.line}
    told = {"field": problem.field, "message": problem.message, "page": problem.page}
    return told if problem.row is problem.line is None else {**stands, **told}


def problem_rows(problems: Iterable[Problem]) -> Iterator[tuple[str, str]]:
    """Yield each problem as the flag and what is wrong with it."""
    for problem in problems:
        message = problem.message.removeprefix(f"{problem.field}: ")  # the flag says it
        yield flag(problem.field), in_flags(message) + (f" ({problem.page})" if problem.page else "")
