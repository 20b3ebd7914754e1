"""What leaves a journal: old attempts, or their texts, in short transactions; the sums that are kept stay."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from .dialect import Connection, Dialect
from .protocol import DAY, Prunable, Pruned
from .records import as_text

GONE, FENCE = "pruned", "fence"
"""The facts that say after which day entries have not gone, and how high the fencing numbers of keys were that have."""

_OLD = """NOT open AND number < (SELECT max(number) FROM attempts)
    AND (moved IS NULL OR moved {differs} (SELECT max(moved) FROM attempts WHERE {has_moved}))"""
"""What is so of an entry that may go: the last that was added stays, and the last that moved, so that the next ones get
numbers that no other had."""

_NEEDED = "idempotency_key IS NOT NULL AND counts_as IS NOT NULL"
_ASKED = f"number > :after AND started < :before AND {_OLD} AND NOT (bare AND "
_LOST = "(NOT undownloaded OR :uncollected OR ({expiry} > {any_moment} AND {expiry} < :now))"
"""What is so of an entry whose results nobody is to miss: there are none, or they are gone."""

_STILL = f"""SELECT id, number, fetcher, idempotency_key, undownloaded, expires FROM attempts
    WHERE id {{listed}} AND {_OLD} ORDER BY number{{locks}}"""  # noqa: S608 - the names are ours
_HELD = "SELECT owner FROM keys WHERE key = ? AND holder IS NOT NULL"
_BARED = "UPDATE texts SET record = ?, task = ?, body = NULL WHERE number = ? AND record = ? AND NOT (task {differs} ?)"
_UNUSED = """SELECT CAST(fence AS BIGINT) FROM keys
    WHERE key = ? AND NOT EXISTS (SELECT 1 FROM attempts WHERE idempotency_key = keys.key)"""
RAISED = """INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE CAST(facts.value AS BIGINT) < CAST(excluded.value AS BIGINT)"""


def prunable_where(prunable: Prunable) -> tuple[str, dict[str, Any]]:
    """Return the condition for entries that may be pruned, with its values."""
    return f"{_asked(prunable)} AND {_LOST}", _values(prunable)


def uncollected(connection: Connection, dialect: Dialect, prunable: Prunable) -> int:
    """Return how many entries may not be pruned only because they are undownloaded."""
    count = f"SELECT count(*) FROM attempts WHERE {_asked(prunable)} AND NOT {_LOST}"  # noqa: S608 - no value is in it
    number: int
    (number,) = connection.execute(dialect(count), _values(prunable)).fetchone()
    return number


def _asked(prunable: Prunable) -> str:
    return f"{_ASKED}{ {'texts': 'TRUE', 'attempts': _NEEDED, 'keys': 'FALSE'}[prunable.what] })"


def _values(prunable: Prunable) -> dict[str, Any]:
    return attrs.asdict(prunable, filter=attrs.filters.exclude("what"))


@attrs.frozen
class Pruner:
    """Prunes entries in a transaction, as far as they may go still; `is_alive` says of an owner whether it is."""

    dialect: Dialect
    connection: Connection
    is_alive: Callable[[str], bool]

    def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """Prune entries, and return the ids of those that were."""
        asked = self.dialect.of_list([each.entry.id for each in pruned])
        rows = self._execute(_STILL, (asked,)).fetchall()
        still = {name: row for name, *row in rows}
        alive = {fetcher: self.is_alive(fetcher) for _, fetcher, *_ in still.values() if fetcher is not None}
        done = set[str]()
        for each in pruned:
            number, fetcher, written, *results = still.get(each.entry.id, (None,) * 5)
            key = _key_of(written)
            if number is None or alive.get(fetcher):
                continue
            if results[0] and results != [each.entry.undownloaded, each.entry.expires]:
                continue
            if each.kept is not None:
                if self._bare(number, each):
                    done.add(each.entry.id)
            elif key is None or not self._is_held(key):
                self._drop(number, key)
                done.add(each.entry.id)
        gone = [each.entry.day for each in pruned if each.kept is None and each.entry.id in done]
        if gone:
            self._execute(RAISED, (GONE, str(max(gone) + 1)))
        return [*done]

    def _bare(self, number: int, pruned: Pruned) -> bool:
        """Replace the texts of an entry, unless they have changed since they were read; return whether they were."""
        before, now = (pruned.entry.record, pruned.entry.task), pruned.kept or ()
        if not self._execute(_BARED, (*now, number, *before)).rowcount:
            return False
        self._execute("UPDATE attempts SET bare = TRUE WHERE number = ?", (number,))
        return True

    def _is_held(self, key: str) -> bool:
        return any(self.is_alive(owner) for (owner,) in self._execute(_HELD, (key,)).fetchall())

    def _drop(self, number: int, key: str | None) -> None:
        """Delete an entry, and what is known of its key where no other entry has it."""
        self._execute("DELETE FROM texts WHERE number = ?", (number,))
        self._execute("DELETE FROM attempts WHERE number = ?", (number,))
        if key is not None and (unused := self._execute(_UNUSED, (key,)).fetchone()) is not None:
            self._execute("DELETE FROM keys WHERE key = ?", (key,))
            self._execute(RAISED, (FENCE, str(unused[0])))

    def _execute(self, statement: str, values: Sequence[Any]) -> Any:
        return self.connection.execute(self.dialect(statement), values)


def _key_of(written: Any) -> str | None:
    """Return the idempotency key of an entry; None too for what is no text, under which nobody can claim anything."""
    return written if isinstance(written, str) and as_text(written) == written else None


def fact(connection: Connection, dialect: Dialect, name: str) -> int | None:
    """Return the number that a fact is; None where there is none, or another program has written something else."""
    row = connection.execute(dialect("SELECT value FROM facts WHERE name = ?"), (name,)).fetchone()
    value = "" if row is None else str(row[0])
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def since_when(connection: Connection, dialect: Dialect, since: float) -> float:
    """Return the time since which sums are made: of a day of which entries may have gone, all is counted."""
    pruned = fact(connection, dialect, GONE)
    return math.floor(since / DAY) * DAY if pruned is not None and since < pruned * DAY else since
