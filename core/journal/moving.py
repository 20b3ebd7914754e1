"""How a journal takes in another one, for every database; in a transaction.

While an import is under way, nobody claims an idempotency key, and no claim stands: what was bought under the key may
not have come yet. Nor does a claim stand afterwards that was made before: who made it does not know what has come.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs

from anymedia.model.errors import JournalError

from .added_up import NONE, more
from .changes import ORIGIN, Changes
from .dialect import Connection, Dialect
from .protocol import Done, Entry
from .pruning import GONE, RAISED
from .queries import COLUMNS, INTO, TEXTS, columns, texts
from .whole import Arrived, Kept, Leaving, Rest

SALT, UNDER_WAY, OVER, MOVES = "salt ", "importing ", "imported ", "moves "
"""What the names of facts begin with: the salts of other journals; how far an import has come that is under way; which
are over; and by how much the numbers of their moves are smaller."""

TAKEN = (*INTO, "wanted", "bare", "moved", "least", "most")
"""The columns of an entry that is taken in."""

Row = tuple[Sequence[Any], Sequence[Any]]
"""The values of an entry that is taken in: of its columns, and its texts."""

_WRITTEN = "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_MADE = "INSERT INTO facts (name, value) VALUES ('salt', ?) ON CONFLICT (name) DO NOTHING"
_FACT = "SELECT value FROM facts WHERE name = ?"
_NO_CLAIM = "UPDATE keys SET fence = fence + 1 WHERE holder IS NOT NULL"
_FORGOTTEN = "DELETE FROM facts WHERE name IN (?, ?, ?, ?)"
_ARRIVED = "DELETE FROM facts WHERE name IN (?, ?)"
_SALTS = "SELECT value FROM facts WHERE name = 'salt' OR (name > 'salt ' AND name < 'salt!') ORDER BY name"
_FIRST_MOVE = "SELECT min(moved) FROM attempts WHERE {has_moved}"
_THERE = "SELECT id FROM attempts WHERE id {listed} LIMIT 1"
_FOUND = (
    f"SELECT owner, number, {', '.join((*COLUMNS, *TEXTS))} FROM attempts LEFT JOIN texts USING (number) "  # noqa: S608
    "WHERE id {listed}"
)


@attrs.frozen
class Mover:
    """Takes in another journal in the words of a database; `add` adds rows of `TAKEN`, in their order.

    `beside` are columns that sums have too, with their values, and `known_by` what some columns are known by.
    """

    dialect: Dialect
    add: Callable[[Any, Sequence[Row]], None]
    beside: Mapping[str, str] = NONE
    known_by: Mapping[str, str] = NONE

    def salts(self, connection: Connection) -> list[bytes]:
        """Return the salt, which is made where there is none yet, and then those of imported journals."""
        self._execute(connection, _MADE, secrets.token_hex(16))
        return self.known_salts(connection)

    def known_salts(self, connection: Connection) -> list[bytes]:
        """Return the salts that there are."""
        return [bytes.fromhex(value) for (value,) in self._execute(connection, _SALTS).fetchall()]

    def begin(self, connection: Connection, leaving: Leaving) -> Arrived:
        """Do as Target.begin_import."""
        arrived = self._arrived(connection, leaving.id)
        if arrived is not None:
            return arrived
        (first,) = self._execute(connection, _FIRST_MOVE).fetchone()
        moves = min(first or 0, 0) - 1 - leaving.moves
        self._execute(connection, _WRITTEN, UNDER_WAY + leaving.id, "0")
        self._execute(connection, _WRITTEN, ORIGIN + leaving.id, leaving.of)
        self._execute(connection, _WRITTEN, MOVES + leaving.id, str(-moves))
        for salt in leaving.salts[:1]:
            self._execute(connection, _MADE, salt.hex())
        has = self.known_salts(connection)
        for salt in leaving.salts:
            if salt not in has:
                self._execute(connection, _WRITTEN, SALT + salt.hex(), salt.hex())
        return Arrived(moves=moves)

    def take(self, connection: Connection, named: str, name: str, after: int, several: Sequence[Kept]) -> None:
        """Do as Target.take."""
        arrived = self._expected(connection, named, name, after)
        ids = self.dialect.of_list([each.entry.id for each in several])
        if (there := self._execute(connection, _THERE, ids).fetchone()) is not None:
            raise JournalError(
                f"{named}: attempt {there[0][:8]} of it is there already, from another copy of that journal or from an "
                "import that was given up; import it into an empty database"
            )
        self.add(connection, [_row(each, arrived) for each in several])
        self._execute(connection, _WRITTEN, UNDER_WAY + name, str(several[-1].entry.number))

    def take_rest(self, connection: Connection, named: str, name: str, after: int, rest: Rest) -> None:
        """Do as Target.take_rest, but for the dead owners."""
        self._expected(connection, named, name, after)
        for gone in rest.gone:
            statement = more(gone.table, (*gone.group,), (*gone.figures,), self.beside, self.known_by)
            self._execute(connection, statement, *gone.group.values(), *gone.figures.values())
        statement = more("days", ("account", "day"), ("reserved",), self.beside)
        for (account, day), reserved in rest.days.items():
            self._execute(connection, statement, account, day, reserved)
        changes = Changes(self.dialect)  # these are of no owner
        for what, day in rest.done.items():
            changes.make(connection, Done(name=what, day=day), owner="", is_alive=bool)
        for told in reversed(rest.unknown):
            changes.make(connection, told, owner="", is_alive=bool)
        if rest.pruned is not None:
            self._execute(connection, RAISED, GONE, str(rest.pruned))
        self._execute(connection, _ARRIVED, UNDER_WAY + name, ORIGIN + name)
        self._execute(connection, _WRITTEN, OVER + name, "1")
        self._execute(connection, _NO_CLAIM)

    def give_up(self, connection: Connection, name: str) -> None:
        """Do as Target.give_up."""
        self._execute(connection, _FORGOTTEN, UNDER_WAY + name, ORIGIN + name, OVER + name, MOVES + name)
        self._execute(connection, _NO_CLAIM)

    def found(self, connection: Connection, ids: Collection[str]) -> list[Entry]:
        """Do as Target.found."""
        rows = self._execute(connection, _FOUND, self.dialect.of_list(ids)).fetchall()
        return [entry_of_row(row) for row in rows]

    def _expected(self, connection: Connection, named: str, name: str, after: int) -> Arrived:
        """Return how far an import has come, which is to be up to a number. Errors: JournalError."""
        arrived = self._arrived(connection, name)
        if arrived is None or arrived.over or arrived.after != after:
            raise JournalError(f"{named}: another process imports the same journal; let it end")
        return arrived

    def _arrived(self, connection: Connection, name: str) -> Arrived | None:
        if self._fact(connection, OVER + name) is not None:
            return Arrived(over=True)
        after = self._fact(connection, UNDER_WAY + name)
        return None if after is None else Arrived(after=after, moves=-(self._fact(connection, MOVES + name) or 0))

    def _fact(self, connection: Connection, name: str) -> int | None:
        row = self._execute(connection, _FACT, name).fetchone()
        return None if row is None else int(row[0])

    def _execute(self, connection: Connection, statement: str, *values: Any) -> Any:
        return connection.execute(self.dialect(statement), values)


def entry_of_row(row: Sequence[Any]) -> Entry:
    """Return the entry of a row: its owner, its number, `COLUMNS` and `TEXTS`."""
    owner, number, *stored = row
    return Entry(owner=owner, number=number, alive=False, **dict(zip((*COLUMNS, *TEXTS), stored, strict=True)))


def _row(kept: Kept, arrived: Arrived) -> Row:
    entry, moved = kept.entry, None if kept.moved is None else kept.moved + arrived.moves
    beside = (kept.wanted, kept.bare, moved, *(kept.took or (None, None)))
    return (entry.owner, *columns(entry), *beside), texts(entry)
