"""What a person can do about a submit of which nobody knows whether it was billed."""

from collections.abc import Iterator
from datetime import datetime

import click

from anymedia import Attempt
from anymedia.clock import Clock

from .journal import SHORT_ID


def ways_out(attempt: Attempt, until: datetime | None) -> Iterator[str]:
    """Yield what can be done about an uncertain attempt, which is replayed `until` then."""
    if until is not None:
        yield f"Until {until:%H:%M:%S} UTC {replayed()}."
    elif (over := attempt.replay_until) is not None:
        yield f"It could be replayed until {over:%H:%M:%S} UTC: that is over."
    yield f"Look for it in {attempt.order.provider}'s own list of tasks, and note what you find: {settled(attempt)}."


def replayed() -> str:
    """Return what a replay does."""
    return "`anymedia resume --replay` sends it again under its replay key, and it is billed once"


def settled(attempt: Attempt) -> str:
    """Return the commands that note what was found out."""
    return f"`anymedia tasks settle {attempt.id[:SHORT_ID]} --billed`, `--not-billed` or `--task TASK_ID`"


def replay_until(attempt: Attempt, now: datetime | None = None) -> datetime | None:
    """Return until when an attempt can still be replayed, now or at another time; None where it cannot."""
    until, now = attempt.replay_until, now or _now()
    return until if until is not None and attempt.started_at <= now <= until else None


def still(until: datetime | None) -> datetime | None:
    """Return a time that is still to come, or None."""
    return None if until is None or until < _now() else until


def _now() -> datetime:
    ctx = click.get_current_context(silent=True)
    clock: Clock = (None if ctx is None else ctx.obj) or Clock()
    return clock.now()
