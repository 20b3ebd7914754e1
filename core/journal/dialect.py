"""What the SQL of databases differs in: a statement over the tables of a journal stands once, and is written for each.

In a statement, `?` and `:name` mark values, and a name in braces stands for what the dialect says.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import attrs

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a statement has found or done."""

    @property
    def rowcount(self) -> int:
        """How many rows it has changed."""

    def fetchone(self) -> Any:
        """Return the next row; None where there is none."""

    def fetchall(self) -> list[Any]:
        """Return all rows."""


class Connection(Protocol):
    """A connection to a database, as sqlite3 and psycopg have it."""

    def execute(self, sql: Any, values: Any = ..., /) -> Any:
        """Execute a statement, and return a Cursor."""


@attrs.frozen(kw_only=True, eq=False)
class Dialect:
    """The words of a database: `differs` is for values that may be NULL, `listed` for one of a list of texts.

    `has_moved` is so of an entry that has moved, `expiry` is when its first result dies: at `any_moment` where nobody
    knows it. `has_labels` is so of an entry that has some labels. `alive` tells whether an `owner` is, where the
    database knows that. `locks` keeps the rows that are read from others, `by_expiry` has an index used. `every_shard`
    begins the names of sums where they are kept in several rows.
    """

    differs: str
    listed: str
    has_moved: str
    expiry: str
    any_moment: str
    has_labels: str
    alive: str = "NULL"
    locks: str = ""
    by_expiry: str = ""
    every_shard: str = ""
    of_list: Callable[[Collection[str]], Any]
    """Gives the value for `listed`."""
    of_labels: Callable[[Mapping[str, str]], Sequence[Any]]
    """Gives the values for `has_labels`."""
    every: int | None
    """The limit that is none."""
    placed: bool = False
    """Whether values are marked by %s and %(name)s, and not by ? and :name."""
    _written: dict[str, str] = attrs.field(factory=dict, init=False, repr=False)

    def __call__(self, statement: str) -> str:
        """Return a statement as this database understands it."""
        if (written := self._written.get(statement)) is None:
            written = self._written[statement] = self._write(statement)
        return written

    def _write(self, statement: str) -> str:
        words = {name: value for name, value in attrs.asdict(self).items() if isinstance(value, str)}
        text = statement
        while "{" in text:  # what a word says may hold others
            text = text.format_map(words)
        if not self.placed:
            return text
        return _MARK.sub(lambda mark: f"%({mark[1]})s" if mark[1] else "%s", text.replace("%", "%%"))


_MARK = re.compile(r"\?|:([a-z_]+)")
