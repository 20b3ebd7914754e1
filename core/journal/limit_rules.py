"""The rules of shared limits, over any database that speaks SQL: who gets a slot, and who waits for how long.

Whoever has to wait has a place in a queue, and comes back in time or loses it: so slots are given in the order in which
they were asked for, and a process that was killed while it waited holds up nobody for long.

A question takes two scripts: what is told and what is read, and then what follows from that.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

import attrs

from anymedia.model.codec import from_json
from anymedia.model.errors import OutOfBounds
from anymedia.model.strict_json import loads
from anymedia.shared_limits import ACTIVE, HOLD, TRIAL, Answer, Question, Slot, Trouble, Want

from .protocol import LATEST

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""One statement and its values, for which question marks stand; {now} stands for the time by the one clock."""

Run: TypeAlias = Callable[[Sequence[Statement]], list[Any]]
"""Runs statements in one transaction, and returns the rows of the last one."""

TABLES = (
    """CREATE TABLE limit_slots (
        account TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, held INTEGER NOT NULL,
        seconds DOUBLE PRECISION NOT NULL, until DOUBLE PRECISION NOT NULL, PRIMARY KEY (account, kind, name))""",
    "CREATE INDEX limit_slots_by_end ON limit_slots (account, kind, until)",
    """CREATE TABLE limit_places (
        account TEXT NOT NULL, queue TEXT NOT NULL, name TEXT NOT NULL, since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL, PRIMARY KEY (account, queue, name))""",
    """CREATE TABLE limit_troubles (
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

# What is told

_SLOT = """INSERT INTO limit_slots (account, kind, name, held, seconds, until) VALUES (?, ?, ?, ?, ?, {now} + ?)
    ON CONFLICT (account, kind, name) DO UPDATE SET held = excluded.held, seconds = excluded.seconds,
    until = excluded.until"""
_STILL = """UPDATE limit_slots SET seconds = ?, until = {now} + ?
    WHERE account = ? AND kind = ? AND name = ? AND until > {now}"""
_FREE = "DELETE FROM limit_slots WHERE account = ? AND kind = ? AND name = ?"
_TROUBLE = """INSERT INTO limit_troubles (account, seconds, until, said) VALUES (?, ?, {now} + ?, ?)
    ON CONFLICT (account) DO UPDATE SET seconds = excluded.seconds, until = excluded.until, said = excluded.said
    WHERE excluded.until >= limit_troubles.until"""
_WELL = "DELETE FROM limit_troubles WHERE account = ?"
_NO_PLACE = "DELETE FROM limit_places WHERE account = ? AND name = ?"

# What is read: rows of a word, a text and a number

_USED = "SELECT 'used', kind, count(*) FROM limit_slots WHERE account = ? AND kind = ? AND until > {now} GROUP BY kind"
_PLACES = "SELECT 'place', name, since FROM limit_places WHERE account = ? AND queue = ? AND until >= {now}"
_SAID = "SELECT 'said', said, until - {now} FROM limit_troubles WHERE account = ? AND until > {now} - ?"
_THERE = (
    "SELECT 'there', name, until FROM limit_slots WHERE account = ? AND kind = ? AND until > {now} AND name IN ({})"
)
_END = """SELECT held, until - {now} FROM limit_slots WHERE account = ? AND kind = ? AND until > {now}
    ORDER BY until LIMIT 1 OFFSET ?"""

# What follows

_OVER = "DELETE FROM limit_slots WHERE account = ? AND kind = ? AND until <= {now}"
_LATE_PLACES = "DELETE FROM limit_places WHERE account = ? AND until < {now}"
_PLACE = """INSERT INTO limit_places (account, queue, name, since, until) VALUES (?, ?, ?, {now}, {now} + ?)
    ON CONFLICT (account, queue, name) DO UPDATE SET until = excluded.until"""

_SET_CLOCK = (
    f"""UPDATE limit_slots SET until = {{now}} + seconds + {HOLD} * held
    WHERE until > {{now}} + {AHEAD} + seconds + {HOLD} * held""",  # noqa: S608 - numbers of ours
    f"UPDATE limit_troubles SET until = {{now}} + seconds WHERE until > {{now}} + {AHEAD} + seconds",  # noqa: S608
    f"DELETE FROM limit_places WHERE since > {{now}} + {AHEAD}",  # noqa: S608
)


def set_clock(run: Run) -> None:
    """Bring back what lies further ahead than it can: the clock was set back, or begins anew with the machine."""
    run([(statement, ()) for statement in _SET_CLOCK])


def answer(run: Run, question: Question) -> Answer:
    """Answer a question within a transaction of which no other question is in the midst."""
    told, read = [*_told(question)], _read(question)
    if read is None:
        run(told)
        return Answer()
    rows = run([*told, read])
    known = {word: [(text, number) for each, text, number in rows if each == word] for word in _WORDS}
    trouble = next((_trouble(said, left) for said, left in known["said"]), None)
    there = {name for name, _ in known["there"]}
    over = [name for name in question.names if name not in there]
    is_trial = any(want.kind == TRIAL for want in question.wants)
    if trouble is not None and (trouble.left > 0 or (trouble.needs_trial and not is_trial)):
        return Answer(wait=math.inf, trouble=trouble, over=over)
    used = dict(known["used"])
    for want in question.wants:
        if want.kind == ACTIVE and want.name in there:
            used[want.kind] -= 1
    places = [name for _, name in sorted((since, name) for name, since in known["place"])]
    wait = _enter(run, question, used, places) if question.wants else 0.0
    return Answer(wait=wait, trouble=trouble, over=over)


_WORDS = ("used", "place", "said", "there")


def _told(question: Question) -> Iterable[Statement]:
    """Return what writes down what is told."""
    account, trouble = question.account, question.trouble
    for slot in question.slots:
        yield _set(account, slot)
    for place in question.gives_up:
        yield _NO_PLACE, (account, place)
    if question.well:
        yield _WELL, (account,)
    if trouble is not None:
        yield _TROUBLE, (account, trouble.left, trouble.left, json.dumps(attrs.asdict(trouble)))


def _set(account: str, slot: Slot) -> Statement:
    """Return what writes down how a slot is from now on."""
    counts = slot.seconds + HOLD * slot.held
    if slot.still:
        return _STILL, (slot.seconds, counts, account, slot.kind, slot.name)
    if counts > 0:
        return _SLOT, (account, slot.kind, slot.name, int(slot.held), slot.seconds, counts)
    return _FREE, (account, slot.kind, slot.name)


def _read(question: Question) -> Statement | None:
    """Return what reads all that the answer hangs on; None where it hangs on nothing."""
    account = question.account
    names = [*question.names, *(want.name for want in question.wants if want.kind == ACTIVE)]
    values: list[Any] = [value for want in question.wants for value in (account, want.kind)]
    if question.wants:
        values += [account, _queue(question)]
    if question.minds:
        values += [account, REMEMBERED]
    if names:
        values += [account, ACTIVE, *names]
    statement = _reading(len(question.wants), len(names), minds=question.minds)
    return (statement, values) if statement else None


@cache
def _reading(wants: int, names: int, *, minds: bool) -> str:
    parts = [_USED] * wants + [_PLACES] * (wants > 0) + [_SAID] * minds
    if names:
        parts.append(_THERE.replace("{}", ", ".join("?" * names)))
    return " UNION ALL ".join(parts)


def _queue(question: Question) -> str:
    return "+".join(want.kind for want in question.wants)


def _trouble(said: str, left: float) -> Trouble | None:
    """Return the trouble that a text tells of; None where it cannot be read, as another version may have written it."""
    try:
        told: Any = loads(said)
        known = {field.name: told[field.name] for field in attrs.fields(Trouble)}
        trouble = from_json(Trouble, {**known, "left": max(left, 0.0)})
    except (OutOfBounds, LookupError, TypeError, ValueError):
        return None
    return trouble if 0 <= trouble.since < LATEST else None


def _enter(run: Run, question: Question, used: dict[str, int], places: Sequence[str]) -> float:
    """Take all slots that are wanted and return 0; or take a place in the queue, and return when to come again."""
    account, place = question.account, question.place
    ahead = places.index(place) if place in places else len(places)
    wait = max(_wait(run, account, want, used.get(want.kind, 0), ahead) for want in question.wants)
    if wait:
        late: list[Statement] = [] if place in places else [(_LATE_PLACES, (account,))]
        run([*late, (_PLACE, (account, _queue(question), place, wait + LATE))])
        return wait
    steps: list[Statement] = [(_NO_PLACE, (account, place))] if place in places else []
    for want in question.wants:
        steps.append((_OVER, (account, want.kind)))
        steps.append(_set(account, Slot(kind=want.kind, name=want.name, seconds=want.after, held=True)))
    run(steps)
    return 0.0


def _wait(run: Run, account: str, want: Want, used: int, ahead: int) -> float:
    """Return in how many seconds a slot may be free for who has so many ahead of it; 0: one is free."""
    behind = used + ahead - want.most
    if behind < 0:
        return 0.0
    # Those further behind need not look as often: as many as may go at once come before them.
    look = LOOK * max(ahead / want.most, 1.0)
    if want.kind in _UNTIMED:
        return min(LOOK_UNTIMED * (1 + ahead), look)
    rounds, place = divmod(behind, want.most)
    free = want.after * rounds
    for held, left in run([(_END, (account, want.kind, place))]):
        free += want.after if held else left  # what is held may end just now
    return min(max(free, TICK), look)
