"""What changes a journal in a transaction, for every database: a submit's end, a look, a claim, who fetches files.

What is decided here is decided once; the statements are those of a dialect. The usual case takes no more statements for
what is rare: whether a webhook named the task first is looked at only where the first statement has changed nothing.
"""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from .dialect import Connection, Dialect
from .protocol import (
    Change,
    Claim,
    Done,
    Ended,
    Fetched,
    Fetching,
    Limit,
    Refusal,
    Released,
    Seen,
    Taken,
    Told,
    Unknown,
    Wanted,
)
from .pruning import FENCE, fact

Alive: TypeAlias = Callable[[str], bool]
"""Says of an owner whether it is alive."""

_MOVES = """,
    moved = CASE WHEN {when} THEN (SELECT coalesce(max(moved), 0) + 1 FROM attempts WHERE {has_moved} AND moved > 0)
        ELSE moved END,
    by_webhook = CASE WHEN {when} THEN :by_webhook ELSE by_webhook END"""
"""What is set too where a task is over, within the same statement: `when` says whether it was not so before."""

_ENDS_SUBMIT = """UPDATE attempts SET status = :status, open = :open, task_id = :task_id, reserved = :reserved,
    counts_as = :counts_as, undownloaded = :undownloaded, expires = :expires{moves} WHERE id = :id"""
_ENDED = _ENDS_SUBMIT.replace("{moves}", "")
_ENDED_OVER = _ENDS_SUBMIT.replace("{moves}", _MOVES.replace("{when}", "open OR task_id {differs} :task_id"))
_ENDED_TEXTS = """UPDATE texts SET record = ?, task = ?, body = coalesce(?, body)
    WHERE number = (SELECT number FROM attempts WHERE id = ?)"""
_ENDED_RECORD = """UPDATE texts SET record = ?, body = coalesce(?, body)
    WHERE number = (SELECT number FROM attempts WHERE id = ?)"""
_HAD = "SELECT task_id, open FROM attempts WHERE id = ?"
_LOOK = """UPDATE attempts SET status = :status, open = :open, reserved = :reserved, counts_as = :counts_as,
    undownloaded = :undownloaded, expires = :expires, wanted = wanted AND NOT :complete{moves}
    WHERE task_id = :task_id AND account = :account AND (open OR :on_disk)"""
_SEEN = _LOOK.replace("{moves}", "")
_SEEN_OVER = _LOOK.replace(
    "{moves}",
    _MOVES.replace("{when}", "open")
    + """,
    least = CASE WHEN open THEN :least ELSE least END, most = CASE WHEN open THEN :most ELSE most END""",
)
_SEEN_TEXTS = """UPDATE texts SET task = ?
    WHERE number = (SELECT number FROM attempts WHERE task_id = ? AND account = ?)"""
_OTHER = """SELECT other.id FROM attempts AS this JOIN attempts AS other ON other.account = this.account
    WHERE this.id = ? AND other.task_id = ? AND other.id <> this.id LIMIT 1"""
_HEARD = """INSERT INTO unknown (number, account, task_id, open, task)
    VALUES ((SELECT coalesce(max(number), 0) + 1 FROM unknown), ?, ?, ?, ?)
    ON CONFLICT (task_id, account) DO UPDATE SET open = excluded.open, task = excluded.task
    WHERE unknown.open OR NOT excluded.open"""
_FORGOTTEN = "DELETE FROM unknown WHERE number <= (SELECT max(number) FROM unknown) - ?"
_DONE = """INSERT INTO facts (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE CAST(facts.value AS BIGINT) < CAST(excluded.value AS BIGINT)"""
_OWNERS = "SELECT DISTINCT owner FROM attempts WHERE task_id = ? AND account = ?"
_WANTED = "UPDATE attempts SET wanted = TRUE WHERE task_id = ? AND account = ?"
_OWNED = "UPDATE attempts SET owner = ? WHERE task_id = ? AND account = ? AND owner = ?"
_FETCHERS = "SELECT DISTINCT fetcher FROM attempts WHERE task_id = ? AND account = ? AND fetcher IS NOT NULL"
_FETCHING = "UPDATE attempts SET fetcher = ? WHERE task_id = ? AND account = ?"
_FETCHED = "UPDATE attempts SET fetcher = NULL WHERE task_id = ? AND account = ? AND fetcher = ?"
_RELEASED = "UPDATE keys SET holder = NULL WHERE key = ? AND holder = ? AND owner = ?"
_NO_IMPORT = "NOT EXISTS (SELECT 1 FROM facts WHERE name > 'importing ' AND name < 'importing!')"
"""What is so while no other journal is on its way here, in which something may have been bought under the same key."""

ORIGIN = "of "
"""What begins the names of facts that say which journals are on their way here."""

_IMPORTING = "SELECT value FROM facts WHERE name > 'of ' AND name < 'of!' ORDER BY name LIMIT 1"

_HELD = f"""SELECT {_NO_IMPORT}, holder, owner, CAST(fence AS BIGINT)
    FROM (SELECT 1) AS one LEFT JOIN keys ON key = ?"""  # noqa: S608
_CLAIMED = """INSERT INTO keys (key, holder, owner, fence) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, owner = excluded.owner, fence = excluded.fence"""
_STANDS = f"SELECT holder, owner, fence FROM keys WHERE key = ? AND {_NO_IMPORT}"  # noqa: S608
_SPENT = "SELECT coalesce(sum(coalesce(reserved, 9e999)), 0) FROM days WHERE account = ? AND day >= ?"


def importing(connection: Connection, dialect: Dialect) -> str | None:
    """Return the name of a journal whose import has not ended here; None where there is none."""
    row = connection.execute(dialect(_IMPORTING), ()).fetchone()
    return None if row is None else str(row[0])


@attrs.frozen
class Changes:
    """The changes of a journal in the words of a database."""

    dialect: Dialect

    def make(self, connection: Connection, change: Change, owner: str, is_alive: Alive) -> bool | Taken | Told:
        """Make a change as an owner that is alive; return as Journal.write does."""
        if isinstance(change, Ended):
            return self._end(connection, change)
        if isinstance(change, Seen):
            return self._see(connection, change)
        if isinstance(change, Unknown):
            return self._hear(connection, change)
        if isinstance(change, Done):
            return self._do(connection, change)
        return self._take(connection, change, owner, is_alive)

    # Whether an entry may be added

    def refusal(
        self, connection: Connection, account: str, reserved: int | None, claim: Claim | None, limit: Limit | None
    ) -> Refusal | None:
        """Return why an entry is not added; None where nothing is in its way."""
        if claim is not None and not self._stands(connection, claim):
            return Refusal()
        if limit is None:
            return None
        (spent,) = connection.execute(self.dialect(_SPENT), (account, limit.day)).fetchone()
        return Refusal(spent=spent) if spent + (reserved or 0) > limit.most else None

    def _stands(self, connection: Connection, claim: Claim) -> bool:
        """Return whether a claim was neither released nor followed by another, and no import is under way."""
        row = connection.execute(self.dialect(_STANDS), (claim.key,)).fetchone()
        return row is not None and (*row,) == (claim.holder, claim.owner, claim.fence)

    def claim(self, connection: Connection, key: str, holder: str, owner: str, is_alive: Alive) -> Claim | None:
        """Claim a key; return as Journal.claim does. An owner is alive too that is not this one."""
        is_free, before, its, fence = connection.execute(self.dialect(_HELD), (key,)).fetchone()
        if fence is None:
            fence = fact(connection, self.dialect, FENCE) or 0
        is_held = before is not None and (before, its) != (holder, owner) and (its == owner or is_alive(its))
        if is_held or not is_free:
            return None
        claim = Claim(key=key, holder=holder, owner=owner, fence=fence + 1)
        connection.execute(self.dialect(_CLAIMED), (claim.key, claim.holder, claim.owner, claim.fence))
        return claim

    # The end of a submit, and looks

    def _end(self, connection: Connection, ended: Ended) -> bool | Taken | Told:
        if ended.task_id is not None:
            other = connection.execute(self.dialect(_OTHER), (ended.id, ended.task_id)).fetchone()
            if other is not None:
                return Taken(by=str(other[0]))
        is_only = ended.unanswered or ended.keeps_task
        if self._write_end(connection, ended, is_only=is_only):
            return True
        return self._end_told(connection, ended) if ended.keeps_task and not ended.unanswered else False

    def _write_end(self, connection: Connection, ended: Ended, *, is_only: bool = False) -> bool:
        """Write the end of a submit, only where it has no task if so, and return whether it was."""
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
        statement = (_ENDED_OVER if ended.over else _ENDED) + (" AND task_id IS NULL" if is_only else "")
        if not connection.execute(self.dialect(statement), values).rowcount:
            return False
        connection.execute(self.dialect(_ENDED_TEXTS), (ended.record, ended.task, ended.body, ended.id))
        return True

    def _end_told(self, connection: Connection, ended: Ended) -> bool | Told:
        """Write the end of a submit whose entry has a task already, as far as that does not stay."""
        had, is_open = connection.execute(self.dialect(_HAD), (ended.id,)).fetchone() or (None, False)
        if had is None:
            return False
        told = Told(task_id=str(had))
        if ended.task_id is None:
            return told
        if had != ended.task_id or is_open:
            self._write_end(connection, ended)
            return told if had != ended.task_id else True
        connection.execute(self.dialect(_ENDED_RECORD), (ended.record, ended.body, ended.id))
        return told

    def _see(self, connection: Connection, seen: Seen) -> bool:
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
        if not connection.execute(self.dialect(_SEEN if seen.open else _SEEN_OVER), values).rowcount:
            return False
        connection.execute(self.dialect(_SEEN_TEXTS), (seen.task, seen.task_id, seen.account))
        return True

    # What was told, and what is done once

    def _do(self, connection: Connection, done: Done) -> bool:
        """Write what was done for a day, and return whether it was not yet."""
        changed: int = connection.execute(self.dialect(_DONE), (f"done {done.name}", str(done.day))).rowcount
        return changed > 0

    def _hear(self, connection: Connection, told: Unknown) -> bool:
        """Keep the word of an unknown task, and return whether it says anything new."""
        heard: int = connection.execute(
            self.dialect(_HEARD), (told.account, told.task_id, told.open, told.task)
        ).rowcount
        connection.execute(self.dialect(_FORGOTTEN), (told.most,))
        return heard > 0

    # What one owner has at a time

    def _take(
        self,
        connection: Connection,
        change: Wanted | Fetching | Fetched | Released,
        owner: str,
        is_alive: Alive,
    ) -> bool:
        if isinstance(change, Wanted):
            return self._want(connection, change, owner, is_alive)
        if isinstance(change, Fetching):
            return self._fetch(connection, change, owner, is_alive)
        if isinstance(change, Fetched):
            changed: int = connection.execute(self.dialect(_FETCHED), (change.task_id, change.account, owner)).rowcount
        else:
            changed = connection.execute(self.dialect(_RELEASED), (change.key, change.holder, owner)).rowcount
        return changed > 0

    def _want(self, connection: Connection, change: Wanted, owner: str, is_alive: Alive) -> bool:
        """Take over what nobody else sees to; the look at who is alive is within the transaction."""
        task = (change.task_id, change.account)
        connection.execute(self.dialect(_WANTED), task)
        if change.stays:
            return False
        owners = [each for (each,) in connection.execute(self.dialect(_OWNERS), task).fetchall()]
        free = [each for each in owners if each == owner or not is_alive(each)]
        changed: int = sum(connection.execute(self.dialect(_OWNED), (owner, *task, each)).rowcount for each in free)
        return changed > 0

    def _fetch(self, connection: Connection, change: Fetching, owner: str, is_alive: Alive) -> bool:
        """Let this owner fetch a task's files, unless another one does that is alive."""
        task = (change.task_id, change.account)
        fetchers = [each for (each,) in connection.execute(self.dialect(_FETCHERS), task).fetchall()]
        if any(each != owner and is_alive(each) for each in fetchers):
            return False
        connection.execute(self.dialect(_FETCHING), (owner, *task))
        return True
