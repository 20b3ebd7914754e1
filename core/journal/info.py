"""What a journal holds, and what there is where it lies: for whoever looks after it."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs

from anymedia.model.task import SENDING

from .changes import importing
from .counts_as import UNCERTAIN
from .dialect import Connection, Dialect
from .protocol import Journal, Prunable
from .pruning import prunable_where, uncollected

_STATUSES = "SELECT status, count(*) FROM attempts GROUP BY status"
_SENDING = "SELECT owner, {alive}, count(*) FROM attempts WHERE open AND counts_as = ? GROUP BY owner"
_UNCERTAIN = "SELECT count(*) FROM attempts WHERE open AND counts_as = ?"
# What is no number comes behind all numbers.
_TIMES = "SELECT min(started), max(started) FROM attempts WHERE started < 9e99"


@attrs.frozen(kw_only=True)
class Database:
    """A database that a journal is on, by what it says of itself.

    `version` is the server's. This machine's clock is `ahead` of its clock by so many seconds. `alive` owners are
    alive, `dead` ones are not, and nobody has taken up what they left. `spooled` outcomes wait on this machine to be
    written, and `aside` of them cannot be.
    """

    version: str
    ahead: float
    alive: int
    dead: int
    spooled: int
    aside: int


@attrs.frozen(kw_only=True)
class Info:
    """What a journal holds.

    `statuses` counts attempts by where they stand; `uncertain` may have been billed, `uncollected` are paid for and
    not saved. `first` and `last` say when the first and the last were begun, in seconds since 1970. `texts` are
    the bytes of what was asked, sent and answered. `old` attempts would be pruned, whose texts take `old_texts` bytes;
    `old_uncollected` would be too, if their results were saved, or should be gone by now.
    `path` is its file, or its URL without a password, `form` the number of its form, `bytes` what it takes on the disk,
    `unused` of these what new attempts will use first (None: the database does not tell that); `results` counts the
    files in the folder for results that came as bytes, which take `results_bytes`. `room` is what is free on the disk
    of this machine. `importing` is the name of a journal whose import into this one has not ended.
    `database` is that of a journal that is no file.
    """

    path: str
    form: int
    statuses: Mapping[str, int]
    open: int
    uncertain: int
    uncollected: int
    first: float | None
    last: float | None
    texts: int
    old: int
    old_texts: int
    old_uncollected: int
    bytes: int
    unused: int | None
    results: int
    results_bytes: int
    room: int
    importing: str | None = None
    database: Database | None = None


class Looked(Journal, Protocol):
    """A journal that tells what it holds."""

    async def info(self, before: float, now: float | None = None) -> Info | None:
        """Return what it holds; attempts that began before a time (in seconds since 1970) and are over are old.

        Results that expired before `now` count as gone (None: the present). None where nothing was written yet. It
        waits for no write, and no write waits for it. Errors: JournalError.
        """


def held(
    connection: Connection, dialect: Dialect, texts: str, old: Prunable, is_alive: Callable[[str], bool] | None = None
) -> dict[str, Any]:
    """Return what is in the tables of a journal, as fields of Info; `texts` is how many bytes the texts of a row have.

    `is_alive` says of an owner whether it is; None: the database knows.
    """

    def one(query: str, *values: Any) -> Any:
        row = connection.execute(dialect(query), values).fetchone()
        return row[0] if len(row) == 1 else row

    sending = connection.execute(dialect(_SENDING), (SENDING,)).fetchall()
    lost = sum(number for owner, alive, number in sending if not (alive if is_alive is None else is_alive(owner)))
    where, values = prunable_where(old)
    wanted = connection.execute(
        dialect(f"SELECT count(*), coalesce(sum({texts}), 0) FROM attempts JOIN texts USING (number) WHERE {where}"),  # noqa: S608
        values,
    ).fetchone()
    first, last = one(_TIMES)
    return {
        "statuses": {str(status): number for status, number in connection.execute(dialect(_STATUSES)).fetchall()},
        "open": one("SELECT count(*) FROM attempts WHERE open"),
        "uncertain": one(_UNCERTAIN, UNCERTAIN) + lost,
        "uncollected": one("SELECT count(*) FROM attempts WHERE undownloaded"),
        "first": first,
        "last": last,
        "texts": int(one(f"SELECT coalesce(sum({texts}), 0) FROM texts")),  # noqa: S608
        "old": wanted[0],
        "old_texts": int(wanted[1]),
        "old_uncollected": uncollected(connection, dialect, old),
        "importing": importing(connection, dialect),
    }


def around(folder: Path, results: Path) -> dict[str, Any]:
    """Return what is on the disk of a folder, and in a folder of results, as fields of Info."""
    files = [size for place, _, names in os.walk(results) for name in names for size in sizes(Path(place, name))]
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    return {"results": len(files), "results_bytes": sum(files), "room": shutil.disk_usage(there).free}


def sizes(*files: Path) -> Iterator[int]:
    """Yield the sizes of files, as far as they are there."""
    for file in files:
        with contextlib.suppress(OSError):
            yield file.stat().st_size
