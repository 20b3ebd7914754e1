"""What changes the entries of a SQLite journal, in a transaction: a submit's end, a look, a word of an unknown task.

The usual case takes no more statements for what is rare: whether a webhook named the task first is looked at only where
the first statement has changed nothing.
"""

import sqlite3

from .protocol import Done, Ended, Seen, Taken, Told, Unknown
from .sqlite_schema import HAS_MOVED

_MOVES = f""",
    moved = CASE WHEN {{when}} THEN (SELECT max(ifnull(max(moved), 0), 0) + 1 FROM attempts WHERE {HAS_MOVED})
        ELSE moved END,
    by_webhook = CASE WHEN {{when}} THEN {{by_webhook}} ELSE by_webhook END"""  # noqa: S608
"""What is set too where a task is over, within the same statement: `when` says whether it was not so before."""

_ENDS_SUBMIT = """UPDATE attempts SET status = :status, open = :open, task_id = :task_id, reserved = :reserved,
    counts_as = :counts_as, undownloaded = :undownloaded, expires = :expires{moves} WHERE id = :id"""
_ENDED = _ENDS_SUBMIT.format(moves="")
_ENDED_OVER = _ENDS_SUBMIT.format(moves=_MOVES.format(when="open OR task_id IS NOT :task_id", by_webhook=":by_webhook"))
_ENDED_TEXTS = """UPDATE texts SET record = ?, task = ?, body = coalesce(?, body)
    WHERE number = (SELECT number FROM attempts WHERE id = ?)"""
_ENDED_RECORD = """UPDATE texts SET record = ?, body = coalesce(?, body)
    WHERE number = (SELECT number FROM attempts WHERE id = ?)"""
_HAD = "SELECT task_id, open FROM attempts WHERE id = ?"
_LOOK = """UPDATE attempts SET status = :status, open = :open, reserved = :reserved, counts_as = :counts_as,
    undownloaded = :undownloaded, expires = :expires, wanted = wanted AND NOT :complete{moves}
    WHERE task_id = :task_id AND account = :account AND (open OR :on_disk)"""
_SEEN = _LOOK.format(moves="")
_SEEN_OVER = _LOOK.format(
    moves=_MOVES.format(when="open", by_webhook=":by_webhook")
    + """,
    least = CASE WHEN open THEN :least ELSE least END, most = CASE WHEN open THEN :most ELSE most END"""
)
_SEEN_TEXTS = """UPDATE texts SET task = ?
    WHERE number = (SELECT number FROM attempts WHERE task_id = ? AND account = ?)"""
_OTHER = """SELECT other.id FROM attempts AS this JOIN attempts AS other ON other.account = this.account
    WHERE this.id = ? AND other.task_id = ? AND other.id != this.id LIMIT 1"""
_HEARD = """INSERT INTO unknown (account, task_id, open, task) VALUES (?, ?, ?, ?)
    ON CONFLICT (task_id, account) DO UPDATE SET open = excluded.open, task = excluded.task
    WHERE unknown.open OR NOT excluded.open"""
_DONE = """INSERT INTO facts (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < CAST(? AS INTEGER)"""
_FORGOTTEN = "DELETE FROM unknown WHERE number <= (SELECT max(number) FROM unknown) - ?"


def end_submit(connection: sqlite3.Connection, ended: Ended) -> bool | Taken | Told:
    """Write how a submit has ended; return as Journal.write does."""
    if ended.task_id is not None:
        other = connection.execute(_OTHER, (ended.id, ended.task_id)).fetchone()
        if other is not None:
            return Taken(by=str(other[0]))
    is_only = ended.unanswered or ended.keeps_task
    if _write_end(connection, ended, " AND task_id IS NULL" if is_only else ""):
        return True
    return _end_told(connection, ended) if ended.keeps_task and not ended.unanswered else False


def _write_end(connection: sqlite3.Connection, ended: Ended, condition: str = "") -> bool:
    """Write the end of a submit, where the condition holds of its entry, and return whether it did."""
    values = {
        "status": ended.status,
        "open": ended.open,
        "task_id": ended.task_id,
        "reserved": ended.reserved,
        "counts_as": ended.counts_as,
        "undownloaded": ended.undownloaded,
        "expires": ended.expires,
        "id": ended.id,
        "by_webhook": ended.by_webhook,
    }
    if not connection.execute((_ENDED_OVER if ended.over else _ENDED) + condition, values).rowcount:
        return False
    connection.execute(_ENDED_TEXTS, (ended.record, ended.task, ended.body, ended.id))
    return True


def _end_told(connection: sqlite3.Connection, ended: Ended) -> bool | Told:
    """Write the end of a submit whose entry has a task already, as far as that does not stay."""
    had, is_open = connection.execute(_HAD, (ended.id,)).fetchone() or (None, False)
    if had is None:
        return False
    told = Told(task_id=str(had))
    if ended.task_id is None:
        return told
    if had != ended.task_id or is_open:
        _write_end(connection, ended)
        return told if had != ended.task_id else True
    connection.execute(_ENDED_RECORD, (ended.record, ended.body, ended.id))
    return told


def see(connection: sqlite3.Connection, seen: Seen) -> bool:
    """Write how a task stands, and return whether there was anything to change."""
    least, most = seen.took or (None, None)
    values = {
        "status": seen.status,
        "open": seen.open,
        "reserved": seen.reserved,
        "counts_as": seen.counts_as,
        "undownloaded": seen.undownloaded,
        "expires": seen.expires,
        "complete": seen.complete,
        "task_id": seen.task_id,
        "account": seen.account,
        "on_disk": seen.on_disk,
        "by_webhook": seen.by_webhook,
        "least": least,
        "most": most,
    }
    if not connection.execute(_SEEN if seen.open else _SEEN_OVER, values).rowcount:
        return False
    connection.execute(_SEEN_TEXTS, (seen.task, seen.task_id, seen.account))
    return True


def do(connection: sqlite3.Connection, done: Done) -> bool:
    """Write what was done for a day, and return whether it was not yet."""
    day = str(done.day)
    return connection.execute(_DONE, (f"done {done.name}", day, day)).rowcount > 0


def hear(connection: sqlite3.Connection, told: Unknown) -> bool:
    """Keep the word of an unknown task, and return whether it says anything new."""
    heard = connection.execute(_HEARD, (told.account, told.task_id, told.open, told.task)).rowcount > 0
    connection.execute(_FORGOTTEN, (told.most,))
    return heard
