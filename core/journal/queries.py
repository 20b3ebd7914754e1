"""What is asked of a journal's tables, for every database: entries, moves, durations, sums."""

import math
from collections.abc import Callable, Collection, Sequence
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any

import attrs

from .added_up import ADDED_UP
from .dialect import Connection, Dialect
from .protocol import DAY, DURATIONS, MOVED, PRUNED, By, Entry, Prunable, Query, Sum, Unknown
from .pruning import prunable_where, since_when

TEXTS = ("record", "task", "body")
COLUMNS = tuple(field.name for field in attrs.fields(Entry) if field.name not in ("owner", "alive", "number", *TEXTS))
_STORED = (*COLUMNS, *TEXTS)
columns: Callable[[Entry], tuple[Any, ...]] = attrgetter("day", *COLUMNS)
"""What an entry is found and added up by."""

texts: Callable[[Entry], tuple[Any, ...]] = attrgetter(*TEXTS)
"""What is stored apart from that."""

INTO = ("owner", "day", *COLUMNS)
"""The columns of an entry that is added: its owner, then what `columns` gives."""

is_open: Callable[[Sequence[Any]], bool] = itemgetter(3 + _STORED.index("open"))
"""Whether the entry of a row is open."""

# An attempt whose texts somebody has deleted cannot be read, and is there all the same.
_ENTRIES = f"SELECT owner, {{alive}}, number, {', '.join(_STORED)} FROM attempts LEFT JOIN texts USING (number)"  # noqa: S608
_SELECT = f"{_ENTRIES} WHERE %s ORDER BY %s"
# By itself, a database would go through all numbers for the sake of their order.
_SOONEST = _SELECT.replace("FROM attempts", "FROM attempts{by_expiry}")
# Each part has an index, which would not be used for all of them at once.
_OPEN = "number IN (SELECT number FROM attempts WHERE open)"
_LEFT = """number IN (
    SELECT number FROM attempts WHERE open
    UNION ALL SELECT number FROM attempts WHERE wanted
    UNION ALL SELECT number FROM attempts WHERE undownloaded AND owner {listed})"""
IN_BATCH = "batch <> ''"
"""What is so of an entry that was bought in a batch."""

_BATCH = f"number IN (SELECT number FROM attempts WHERE batch = ? AND {IN_BATCH})"  # noqa: S608 - the names are ours
# In the order of the numbers, and in the order of that index.
_EXPIRING = "undownloaded AND {expiry} >= ? AND {expiry} < ?"
_EXPIRES = f"number IN (SELECT number FROM attempts WHERE {_EXPIRING})"  # noqa: S608
_NAMED = """number IN (
    SELECT number FROM attempts WHERE id >= ? AND id < ? || 'g'
    UNION ALL SELECT number FROM attempts WHERE task_id = ?)"""
# The order is that of the numbers: the first number of a time bounds what is looked at, however a clock was set.
_SINCE = "number >= (SELECT min(+number) FROM attempts WHERE started >= ?) AND started >= ?"
_LAST_MOVE = "SELECT max(moved) FROM attempts WHERE {has_moved}"
_MOVED = f"""{_ENTRIES.replace(" FROM", ", moved FROM", 1)}
    WHERE moved > ? AND {{has_moved}} ORDER BY moved LIMIT {MOVED}"""
_TOOK = f"""SELECT least, most FROM attempts WHERE provider = ? AND offer = ? AND variant = ? AND least IS NOT NULL
    ORDER BY moved DESC LIMIT {DURATIONS}"""  # noqa: S608
_UNKNOWN = """SELECT account, task_id, open, task FROM unknown WHERE NOT EXISTS (
    SELECT 1 FROM attempts WHERE attempts.task_id = unknown.task_id AND attempts.account = unknown.account)
    ORDER BY number DESC"""
_OPEN_OWNERS = "SELECT DISTINCT owner FROM attempts WHERE open"

_EACH = ", ".join(f"{value} AS {name}" for name, value in ADDED_UP.items())
# A sum of whole numbers that is beyond 64 bits is an error: what is above a billion USD was written by nobody of ours.
_SUMMED = ", ".join(f"sum(CASE WHEN {name} BETWEEN -1e18 AND 1e18 THEN {name} ELSE 0 END)" for name in ADDED_UP)
_SUMS = f"""SELECT owner, {{alive}}, grouped, counts_as, {_SUMMED}, max(day) FROM (
    SELECT @by AS grouped, counts_as, {", ".join(ADDED_UP)}, day, NULL AS owner
        FROM {{every_shard}}@kept WHERE number <> 0 AND day >= ?
    UNION ALL SELECT @by, counts_as, {_EACH}, day, NULL
        FROM attempts WHERE started >= ? AND started < ? AND NOT open AND counts_as IS NOT NULL
    UNION ALL SELECT @by, counts_as, {_EACH}, day, owner
        FROM attempts WHERE open AND +started >= ? AND counts_as IS NOT NULL
    ) AS subquery GROUP BY grouped, counts_as, owner"""  # noqa: S608
"""Whole days as they are kept, the rest of the first day, and what is open: little is, and + has that index used."""


@attrs.frozen
class Queries:
    """The questions to a journal in the words of a database.

    Rows of entries and of sums begin with the owner, and whether it is alive where the database knows that.
    """

    dialect: Dialect

    def rows(self, connection: Connection, query: Query) -> list[Any]:
        """Return the rows of the entries that a query selects."""
        conditions = dict(self._conditions(query))
        where = " AND ".join(f"({text})" for text in conditions) or "TRUE"
        values = [value for given in conditions.values() for value in given]
        if query.limit is not None:
            newest = self._all(connection, _SELECT % (where, "number DESC LIMIT ?"), [*values, query.limit])
            return newest[::-1]
        most = query.first
        if query.behind is None:
            return self._all(connection, _SELECT % (where, "number LIMIT ?"), [*values, self._most(most)])
        # Each of the two finds its place in the index, which no condition for both does.
        time, number = query.behind
        same = _SOONEST % (f"{where} AND {{expiry}} = ? AND number > ?", "number LIMIT ?")
        later = _SOONEST % (f"{where} AND {{expiry}} > ?", "{expiry}, number LIMIT ?")
        rows = self._all(connection, same, [*values, time, number, self._most(most)])
        if most is None or len(rows) < most:
            left = None if most is None else most - len(rows)
            rows += self._all(connection, later, [*values, time, self._most(left)])
        return rows

    def _most(self, most: int | None) -> int | None:
        return self.dialect.every if most is None else most

    def _conditions(self, query: Query) -> list[tuple[str, Sequence[Any]]]:
        """Return each condition of a query in SQL, with its values."""
        given: list[tuple[str, Any, Callable[[Any], Sequence[Any]]]] = [
            ("status {listed}", query.statuses, self._listed),
            ("provider = ?", query.provider, _alone),
            ("account = ?", query.account, _alone),
            ("account {listed}", query.accounts, self._listed),
            ("kind = ?", query.kind, _alone),
            ("idempotency_key = ?", query.idempotency_key, _alone),
            (_BATCH if query.batch else "batch = ?", query.batch, _alone),
            ("{has_labels}", query.labels, self.dialect.of_labels),
            ("id = ?", query.id, _alone),
            ("task_id = ?", query.task_id, _alone),
            (_SINCE, query.since, lambda since: (since,) * 2),
            (_OPEN if query.open else "NOT open", query.open, lambda _: ()),
            (_NAMED, query.name, lambda name: (name,) * 3),
            (_LEFT, query.left_by, self._listed),
            (_EXPIRES if query.behind is None else _EXPIRING, query.expires, tuple),
            ("number < ?", query.before, _alone),
            ("number > ?", query.after, _alone),
        ]
        return [(sql, values_of(value)) for sql, value, values_of in given if value is not None]

    def _listed(self, value: Collection[str]) -> Sequence[Any]:
        return (self.dialect.of_list(value),)

    # Moves, durations, and what nobody here has bought

    def last_move(self, connection: Connection) -> int:
        """Return the number of the last move; 0 where nothing has moved."""
        last: int | None
        (last,) = connection.execute(self.dialect(_LAST_MOVE)).fetchone()
        return max(last or 0, 0)  # what was imported moved before the first

    def moved(self, connection: Connection, after: int) -> list[Any]:
        """Return the rows of the entries that moved after a move, each with the number of its own at its end."""
        return self._all(connection, _MOVED, (after,))

    def took(self, connection: Connection, work: tuple[str, str, str]) -> list[tuple[float, float]]:
        """Return how long tasks of a provider, an offer and a variant took."""
        return self._all(connection, _TOOK, work)

    def unknown(self, connection: Connection) -> list[Unknown]:
        """Return the tasks that no entry has."""
        return [
            Unknown(account=account, task_id=task_id, open=bool(is_open), task=task)
            for account, task_id, is_open, task in self._all(connection, _UNKNOWN)
        ]

    def prunable(self, connection: Connection, prunable: Prunable) -> list[Entry]:
        """Return entries that may be pruned."""
        where, values = prunable_where(prunable)
        rows = connection.execute(self.dialect(_SELECT % (where, f"number LIMIT {PRUNED}")), values).fetchall()
        return [entry_of(row, alive=False) for row in rows]  # whatever may be pruned waits for nobody

    def count(self, connection: Connection) -> int:
        """Return how many entries there are."""
        number: int
        (number,) = connection.execute("SELECT count(*) FROM attempts").fetchone()
        return number

    # Sums

    def open_owners(self, connection: Connection) -> list[str]:
        """Return the owners of what is open."""
        return [owner for (owner,) in self._all(connection, _OPEN_OWNERS)]

    def summed(self, connection: Connection, by: By, since: float | None) -> list[Any]:
        """Return sums in rows: the owner of what is open, then the columns of a Sum."""
        since = -math.inf if since is None else since_when(connection, self.dialect, since)
        whole = -math.inf if since == -math.inf else math.ceil(since / DAY)  # the first day of which all is wanted
        values = (whole, since, whole * DAY, since)
        kept = {"labels": "label_sums", "batch": "batch_sums"}.get(by, "sums")
        return self._all(connection, _SUMS.replace("@by", by).replace("@kept", kept), values)

    def _all(self, connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        found: list[Any] = connection.execute(self.dialect(statement), values).fetchall()
        return found


def entry_of(row: Sequence[Any], *, alive: bool) -> Entry:
    """Return the entry of a row, whose owner is alive, or is not."""
    owner, _, number, *stored = row
    return Entry(owner=owner, number=number, alive=alive, **dict(zip(_STORED, stored, strict=True)))


def sum_of_row(row: Sequence[Any], by: By, *, alive: bool) -> Sum:
    """Return the sum of a row; what another program has damaged spoils that one alone."""
    _, _, group, counts_as, *figures, day = row
    amounts = dict(zip(ADDED_UP, figures, strict=True))
    group = _day(group) if by == "day" else group if isinstance(group, str) else repr(group)
    return Sum(group=group, counts_as=counts_as, alive=alive, day=_day(day), **amounts)


_FIRST = date(1970, 1, 1).toordinal()
_DAYS = range(date.min.toordinal() - _FIRST, date.max.toordinal() - _FIRST + 1)


def _day(day: Any) -> int:
    """Return a day since 1970, which a date can be made of: what is none is the first."""
    return day if isinstance(day, int) and day in _DAYS else 0


def _alone(value: Any) -> Sequence[Any]:
    return (value,)
