"""The rules of shared limits, over any database that speaks SQL: who gets a slot, and who waits for how long.

Whoever has to wait has a place in a queue, and comes back in time or loses it: so slots are given in the order in which
they were asked for, and a process that was killed while it waited holds up nobody for long.
"""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import attrs

from anymedia.shared_limits import ACTIVE, HOLD, TRIAL, Answer, Question, Slot, Trouble, Want

Run: TypeAlias = Callable[[str, Sequence[Any]], list[Any]]
"""Runs one statement, and returns its rows; its values stand for question marks."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS limit_slots (
        account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, held INTEGER NOT NULL,
        seconds DOUBLE PRECISION NOT NULL, until DOUBLE PRECISION NOT NULL, PRIMARY KEY (account, kind, name))""",
    "CREATE INDEX IF NOT EXISTS limit_slots_by_end ON limit_slots (account, kind, until)",
    """CREATE TABLE IF NOT EXISTS limit_places (
        account TEXT NOT NULL, queue TEXT NOT NULL, name TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL, PRIMARY KEY (account, queue, name))""",
    """CREATE TABLE IF NOT EXISTS limit_troubles (
        account TEXT NOT NULL PRIMARY KEY, seconds DOUBLE PRECISION NOT NULL, until DOUBLE PRECISION NOT NULL,
        said TEXT NOT NULL)""",
)

AHEAD = 0.1
"""Seconds by which a clock may seem to be ahead of another process's, which asked a moment before."""

LATE = 1.0
"""Seconds by which whoever waits may come back late, and keeps its place."""

LOOK = 1.0
"""Seconds after which the first who wait ask again where nothing is known to be free sooner: one may be given back."""

LOOK_UNTIMED = 0.25
"""As LOOK, for the very first, where nobody knows when a slot will be free."""

_UNTIMED = (ACTIVE, TRIAL)

REMEMBERED = 3600.0
"""Seconds after which a trouble is forgotten of which nobody has said that it is over."""

TICK = 0.001
"""Seconds of the shortest wait: times are binary floats, and a shorter wait might round to nothing."""

_SLOT = """INSERT INTO limit_slots (account, kind, name, held, seconds, until) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (account, kind, name) DO UPDATE SET held = excluded.held, seconds = excluded.seconds,
    until = excluded.until"""
_STILL = """UPDATE limit_slots SET seconds = ?, until = ?
    WHERE account = ? AND kind = ? AND name = ? AND until > ?"""
_FREE = "DELETE FROM limit_slots WHERE account = ? AND kind = ? AND name = ?"
_OVER = "DELETE FROM limit_slots WHERE account = ? AND kind = ? AND until <= ?"
_USED = "SELECT count(*) FROM limit_slots WHERE account = ? AND kind = ?"
_IS_THERE = "SELECT 1 FROM limit_slots WHERE account = ? AND kind = ? AND name = ? AND until > ?"
_END = "SELECT held, until FROM limit_slots WHERE account = ? AND kind = ? ORDER BY until LIMIT 1 OFFSET ?"
_PLACE = """INSERT INTO limit_places (account, queue, name, since, until) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (account, queue, name) DO UPDATE SET until = excluded.until"""
_NO_PLACE = "DELETE FROM limit_places WHERE account = ? AND name = ?"
_LATE_PLACES = "DELETE FROM limit_places WHERE account = ? AND queue = ? AND until < ?"
_PLACES = "SELECT name FROM limit_places WHERE account = ? AND queue = ? ORDER BY since, name"
_TROUBLE = """INSERT INTO limit_troubles (account, seconds, until, said) VALUES (?, ?, ?, ?)
    ON CONFLICT (account) DO UPDATE SET seconds = excluded.seconds, until = excluded.until, said = excluded.said
    WHERE excluded.until >= limit_troubles.until"""
_WELL = "DELETE FROM limit_troubles WHERE account = ?"
_SAID = "SELECT until, said FROM limit_troubles WHERE account = ? AND until > ?"

_AHEAD = (
    (f"UPDATE limit_slots SET until = ? + seconds + {HOLD} * held WHERE until > ? + seconds + {HOLD} * held", 2),  # noqa: S608
    ("UPDATE limit_troubles SET until = ? + seconds WHERE until > ? + seconds", 2),
    ("DELETE FROM limit_places WHERE since > ?", 1),
)


def set_clock(run: Run, now: float) -> None:
    """Bring back what lies further ahead than it can: the clock was set back, or begins anew with the machine."""
    for statement, times in _AHEAD:
        run(statement, [now + AHEAD] * times)


def answer(run: Run, question: Question, now: float) -> Answer:
    """Answer a question within a transaction of which no other question is in the midst; `now` is the one clock's."""
    for slot in question.slots:
        _set(run, question.account, slot, now)
    for place in question.gives_up:
        run(_NO_PLACE, (question.account, place))
    trouble = _trouble(run, question, now)
    over = [name for name in question.names if not run(_IS_THERE, (question.account, ACTIVE, name, now))]
    is_trial = any(want.kind == TRIAL for want in question.wants)
    if trouble is not None and (trouble.left > 0 or (trouble.needs_trial and not is_trial)):
        return Answer(wait=math.inf, trouble=trouble, over=over)
    wait = _enter(run, question, now) if question.wants else 0.0
    return Answer(wait=wait, trouble=trouble, over=over)


def _set(run: Run, account: str, slot: Slot, now: float) -> None:
    """Write down how a slot is from now on."""
    until = now + slot.seconds + HOLD * slot.held
    if slot.still:
        run(_STILL, (slot.seconds, until, account, slot.kind, slot.name, now))
    elif slot.held or slot.seconds > 0:
        run(_SLOT, (account, slot.kind, slot.name, int(slot.held), slot.seconds, until))
    else:
        run(_FREE, (account, slot.kind, slot.name))


def _trouble(run: Run, question: Question, now: float) -> Trouble | None:
    """Take what is told of an account's trouble, and return what is known of it."""
    told, account = question.trouble, question.account
    if question.well:
        run(_WELL, (account,))
    if told is not None:
        run(_TROUBLE, (account, told.left, now + told.left, json.dumps(attrs.asdict(told))))
    if not question.minds:
        return None
    for until, said in run(_SAID, (account, now - REMEMBERED)):
        return Trouble(**{**json.loads(said), "left": max(until - now, 0.0)})
    return None


def _enter(run: Run, question: Question, now: float) -> float:
    """Take all slots that are wanted and return 0; or take a place in the queue, and return when to come again."""
    account, queue = question.account, "+".join(want.kind for want in question.wants)
    run(_LATE_PLACES, (account, queue, now))
    places = [name for (name,) in run(_PLACES, (account, queue))]
    ahead = places.index(question.place) if question.place in places else len(places)
    wait = max(_wait(run, account, want, ahead, now) for want in question.wants)
    if wait:
        run(_PLACE, (account, queue, question.place, now, now + wait + LATE))
        return wait
    if ahead < len(places):
        run(_NO_PLACE, (account, question.place))
    for want in question.wants:
        _set(run, account, Slot(kind=want.kind, name=want.name, seconds=want.after, held=True), now)
    return 0.0


def _wait(run: Run, account: str, want: Want, ahead: int, now: float) -> float:
    """Return in how many seconds a slot may be free for who has so many ahead of it; 0: one is free."""
    run(_OVER, (account, want.kind, now))
    ((used,),) = run(_USED, (account, want.kind))
    if want.kind == ACTIVE and run(_IS_THERE, (account, want.kind, want.name, now)):
        used -= 1
    behind = used + ahead - want.most
    if behind < 0:
        return 0.0
    # Those further behind need not look as often: as many as may go at once come before them.
    look = LOOK * max(ahead / want.most, 1.0)
    if want.kind in _UNTIMED:
        return min(LOOK_UNTIMED * (1 + ahead), look)
    rounds, place = divmod(behind, want.most)
    free = want.after * rounds
    for held, until in run(_END, (account, want.kind, place)):
        free += want.after if held else until - now  # what is held may end just now
    return min(max(free, TICK), look)
