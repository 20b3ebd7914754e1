"""Until when results can be fetched that are not saved, in words."""

from datetime import UTC, datetime

from anymedia import Attempt
from anymedia.journal.records import expires, is_undownloaded

UNITS = (("days", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
"""The units of a time that is told roughly; each is used from two of it on."""


def dies(attempt: Attempt, now: datetime) -> str:
    """Return when the first result of an attempt dies that is not saved."""
    seconds = expires(attempt.task)
    if seconds is None:
        return "unknown"
    left = seconds - now.timestamp()
    return "should be gone" if left <= 0 else f"in {roughly(left)}"


def roughly(seconds: float) -> str:
    """Return a time in the largest unit of which it is at least two, rounded down."""
    unit, length = next((each for each in UNITS if seconds >= 2 * each[1]), UNITS[-1])
    return f"{seconds // length:.0f} {unit}"


def until(attempt: Attempt, now: datetime) -> str | None:
    """Return until when the results of an attempt can be fetched; None where nothing is to be fetched."""
    if not is_undownloaded(attempt):
        return None
    seconds = expires(attempt.task)
    if seconds is None:
        return "nobody says until when: fetch them now"
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"until {moment:%Y-%m-%d %H:%M:%S} UTC: {dies(attempt, now)}"
