"""What a journal on PostgreSQL holds, and how its server and this machine stand."""

import time
from pathlib import Path

from anymedia.journal.info import Database, Info, around, held
from anymedia.journal.protocol import Prunable
from anymedia.journal.spool import ASIDE, waiting

from .schema import POSTGRES, Schema
from .server import SCHEMA, Connection

_TEXTS = "octet_length(record) + coalesce(octet_length(task), 0) + coalesce(octet_length(body), 0)"
_BYTES = """SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST(%s AS regnamespace)"""
_SAYS = """SELECT current_setting('server_version'), CAST(extract(epoch FROM clock_timestamp()) AS double precision),
    (SELECT count(*) FROM owners WHERE until > clock_timestamp()),
    (SELECT count(*) FROM owners WHERE until <= clock_timestamp())"""


def info(connection: Connection, name: str, folder: Path, old: Prunable) -> Info:
    """Return what a journal holds, and how much of it may be pruned."""
    (taken,) = connection.execute(_BYTES, [SCHEMA]).fetchone() or (0,)
    return Info(
        path=name,
        form=Schema().form(connection, name),
        bytes=int(taken),
        unused=None,
        database=database(connection, folder / "spool"),
        **held(connection, POSTGRES, _TEXTS, old),
        **around(folder, folder / "results"),
    )


def database(connection: Connection, spool: Path) -> Database:
    """Return what a server says of itself, and what waits on this machine to be written."""
    before = time.time()
    version, its, alive, dead = connection.execute(_SAYS).fetchone() or ("", before, 0, 0)
    ahead = (before + time.time()) / 2 - its
    return Database(
        version=version, ahead=ahead, alive=alive, dead=dead, spooled=waiting(spool), aside=waiting(spool / ASIDE)
    )
