"""Which journal a path or a URL names."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from anymedia.model.errors import ConfigError
from anymedia.model.paths import expanded

if TYPE_CHECKING:
    from .protocol import Journal

SCHEMES = {"sqlite": "sqlite:///path/to/journal.db", "memory": "memory:"}
"""The schemes of URLs that name a journal, each with an example."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//.*)?", re.DOTALL)


def open_journal(place: str | os.PathLike[str]) -> "Journal":
    """Return the journal that a path of a SQLite file or a URL (sqlite:///path, memory:) names; no file is opened yet.

    Errors: ConfigError for a URL that names none.
    """
    # The implementations are imported when they are needed: SQLite takes a while.
    if not is_url(place):
        from .sqlite import SQLiteJournal

        return SQLiteJournal(place)
    path = path_of(str(place))
    if path is None:
        from .memory import MemoryJournal

        return MemoryJournal()
    return open_journal(path)


def is_url(place: str | os.PathLike[str]) -> bool:
    """Return whether a text is a URL and not the path of a file."""
    return isinstance(place, str) and _URL.fullmatch(place) is not None


def path_of(url: str) -> Path | None:
    """Return the SQLite file that a URL names; None for a journal in memory.

    Errors: ConfigError for any other URL. Its text is not repeated, since it may hold a password.
    """
    known = " and ".join(SCHEMES.values())
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigError(f"this is no URL of a journal; there are {known}") from None
    if parts.scheme not in SCHEMES:
        what = f"no journal is known for {parts.scheme}: URLs" if parts.scheme else "this is no URL"
        raise ConfigError(f"{what}; there are {known}")
    form = SCHEMES[parts.scheme]
    if parts.scheme == "memory":
        if url.lower() != form:
            raise ConfigError(f"nothing may follow {form}")
        return None
    if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        raise ConfigError(f"must be {form}: three slashes, then the path from the root, and nothing after it")
    path = url2pathname(parts.path)
    return expanded(path[1:]) if path.startswith("/~") else Path(path)
