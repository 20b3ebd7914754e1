"""Which journal a path or a URL names."""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from anymedia.model.errors import ConfigError
from anymedia.model.paths import expanded

from .database_urls import EXAMPLE, is_postgres, name_of
from .protocol import LEASE

if TYPE_CHECKING:
    from .protocol import Journal

SCHEMES = {
    "sqlite": "sqlite:///path/to/journal.db",
    "postgresql": EXAMPLE,
    "memory": "memory:",
}
"""The schemes of URLs that name a journal, each with an example."""

_KNOWN = "{sqlite}, {postgresql} and {memory}".format_map(SCHEMES)

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//.*)?", re.DOTALL)


def open_journal(
    place: str | os.PathLike[str], *, lease: float = LEASE, folder: str | os.PathLike[str] | None = None
) -> "Journal":
    """Return the journal that a path of a SQLite file or a URL (sqlite:///path, postgresql://…, memory:) names.

    Nothing is opened yet. On PostgreSQL, `lease` says how many seconds an owner is alive after it was last heard of,
    and `folder` where on this machine results lie that came as bytes, and outcomes while the database is away (None: in
    a folder of the user's own). Errors: ConfigError for a URL that names none, and where a package is missing.
    """
    # The implementations are imported when they are needed: SQLite takes a while.
    if not is_url(place):
        from .sqlite import SQLiteJournal

        return SQLiteJournal(place)
    url = str(place)
    path = path_of(url)
    if path is not None:
        return open_journal(path)
    if is_postgres(url):
        if find_spec("psycopg") is None:
            raise ConfigError("a journal on PostgreSQL needs psycopg: install anymedia with its extra postgres")
        from .postgres import PostgresJournal

        return PostgresJournal(url, lease=lease, folder=folder)
    from .memory import MemoryJournal

    return MemoryJournal()


def is_url(place: str | os.PathLike[str]) -> bool:
    """Return whether a text is a URL and not the path of a file."""
    return isinstance(place, str) and _URL.fullmatch(place) is not None


def shown(place: str | os.PathLike[str] | None) -> str:
    """Return what messages call a place: its path, or its URL without a password."""
    if place is None or not is_url(place):
        return str(place)
    if not is_postgres(str(place)):
        return str(place)
    try:
        return name_of(str(place))
    except ConfigError:  # any part of it may be one of the password
        return "postgresql://…"


def path_of(url: str) -> Path | None:
    """Return the SQLite file that a URL names; None for a journal in memory or on PostgreSQL.

    Errors: ConfigError for any other URL. Its text is not repeated, since it may hold a password.
    """
    if is_postgres(url):
        name_of(url)  # or it is none
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(f"this is no URL of a journal; there are {_KNOWN}") from None
    if parts.scheme not in SCHEMES:
        what = f"no journal is known for {parts.scheme}: URLs" if parts.scheme else "this is no URL"
        raise ConfigError(f"{what}; there are {_KNOWN}")
    form = SCHEMES[parts.scheme]
    if parts.scheme == "memory":
        if url.lower() != form:
            raise ConfigError(f"nothing may follow {form}")
        return None
    if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise ConfigError(f"must be {form}: three slashes, then the path from the root, and nothing after it")
    path = url2pathname(parts.path)
    return expanded(path[1:]) if path.startswith("/~") else Path(path)
