"""What was paid for is never forgotten: the durable record of attempts. Imports model alone.

`Journal` says what is stored, `SQLiteJournal`, `PostgresJournal` and `MemoryJournal` store it, and `Ledger` holds the
rules over any of them.
"""

from typing import TYPE_CHECKING, Any

from .opening import open_journal

if TYPE_CHECKING:
    from .ledger import Claimed, Ledger, Moved
    from .memory import MemoryJournal
    from .postgres import PostgresJournal
    from .protocol import (
        Claim,
        Done,
        Ended,
        Entry,
        Fetched,
        Fetching,
        Journal,
        Limit,
        Prunable,
        Pruned,
        Query,
        Refusal,
        Released,
        Seen,
        Sum,
        Taken,
        Told,
        Unknown,
        Wanted,
    )
    from .prune import Pruning
    from .sqlite import SQLiteJournal

__all__ = [
    "Claim",
    "Claimed",
    "Done",
    "Ended",
    "Entry",
    "Fetched",
    "Fetching",
    "Journal",
    "Ledger",
    "Limit",
    "MemoryJournal",
    "Moved",
    "PostgresJournal",
    "Prunable",
    "Pruned",
    "Pruning",
    "Query",
    "Refusal",
    "Released",
    "SQLiteJournal",
    "Seen",
    "Sum",
    "Taken",
    "Told",
    "Unknown",
    "Wanted",
    "open_journal",
]

_LATE = {
    "Claimed": "ledger",
    "Ledger": "ledger",
    "MemoryJournal": "memory",
    "Moved": "ledger",
    "PostgresJournal": "postgres",
    "Pruning": "prune",
    "SQLiteJournal": "sqlite",
}
"""Where the names are that are imported when they are asked for; those that are not listed are in `protocol`."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f".{_LATE.get(name, 'protocol')}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
