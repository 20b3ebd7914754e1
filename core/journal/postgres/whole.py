"""How a journal on PostgreSQL takes in another one."""

from collections.abc import Sequence

from anymedia.journal.moving import TAKEN, Mover, Row
from anymedia.journal.whole import Kept, Rest

from .schema import KNOWN_BY, POSTGRES
from .server import Connection

_VALUES = ", ".join(["%s"] * len(TAKEN))
_TAKE = f"""WITH added AS (INSERT INTO attempts ({", ".join(TAKEN)}) VALUES ({_VALUES}) RETURNING number)
    INSERT INTO texts (number, record, task, body) SELECT number, %s, %s, %s::bytea FROM added"""  # noqa: S608 - names
_DIED = """INSERT INTO owners (name, host, process, until, written)
    SELECT name, '', 0, '-infinity', 0 FROM unnest(%s::text[]) AS name ON CONFLICT (name) DO NOTHING"""


def add(connection: Connection, rows: Sequence[Row]) -> None:
    """Add entries that are taken in, in their order."""
    with connection.cursor() as cursor:
        cursor.executemany(_TAKE, [(*columns, *texts) for columns, texts in rows])


MOVER = Mover(POSTGRES, add, {"shard": "0"}, KNOWN_BY)
"""Takes in another journal."""


def take_rest(connection: Connection, named: str, name: str, after: int, rest: Rest) -> None:
    """Do as Target.take_rest."""
    MOVER.take_rest(connection, named, name, after, rest)
    connection.execute(_DIED, ([*rest.dead],))


def locks_of(name: str, kept: Sequence[Kept]) -> list[str]:
    """Return what is decided about when entries are taken in: nobody passes a limit of the day meanwhile."""
    return [f"import {name}", *{f"day {each.entry.account}" for each in kept}]
