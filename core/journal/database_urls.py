"""URLs of PostgreSQL: which is one, and what messages call it, in which no part of a password may stand."""

import re

from anymedia.model.errors import ConfigError

EXAMPLE = "postgresql://user@host/database"

POSTGRES = ("postgresql", "postgres")
"""The schemes of PostgreSQL's URLs."""

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[\w.%-]*)(:[0-9]*)?"
_POSTGRES = re.compile(
    rf"\w+://((?P<user>[^:@/?#]*)(:[^@/?#]*)?@)?(?P<hosts>{_HOST}(,{_HOST})*)(?P<database>/[^@/?#]*)?(\?(\w+=[^#]*)?)?"
)


def is_postgres(url: str) -> bool:
    """Return whether a URL is one of PostgreSQL."""
    return url.partition(":")[0].lower() in POSTGRES


def name_of(url: str) -> str:
    """Return a URL of PostgreSQL with its user, its hosts and its database alone. Errors: ConfigError."""
    parts = _postgres(url)
    user = f"{parts['user']}@" if parts["user"] else ""
    return f"postgresql://{user}{parts['hosts']}{parts['database'] or ''}"


def _postgres(url: str) -> "re.Match[str]":
    """Return the parts of a URL of PostgreSQL.

    Errors: ConfigError, also for one that PostgreSQL would read, and of which a part of the password might be shown.
    """
    found = _POSTGRES.fullmatch(url)
    if found is None:
        digits = "in a name or a password, % and two digits stand for each of : / ? # @"
        raise ConfigError(f"must be like {EXAMPLE}; {digits}")
    return found
