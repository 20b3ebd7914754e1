"""A journal as a whole: all that it keeps, as it moves into another one, whatever these two are."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from .protocol import Entry, Journal, Unknown

PAGE = 500
"""How many entries move at once."""


@attrs.frozen(kw_only=True)
class Kept:
    """An entry, and what is kept of it that no query tells.

    `wanted`: its files are to be on disk. `bare`: its texts were pruned. `moved` is the number of its move (None: it
    has not moved), and `took` how many seconds its task took, at least and at most.
    """

    entry: Entry
    wanted: bool = False
    bare: bool = False
    moved: int | None = None
    took: tuple[float, float] | None = None


@attrs.frozen(kw_only=True)
class Leaving:
    """A journal that is written to no more: `id` names this move, and no other; `of` is the journal's name.

    `salts` are those that it has, its own first; `moves` is the number of its last move.
    """

    id: str
    of: str
    salts: tuple[bytes, ...] = ()
    moves: int = 0


@attrs.frozen(kw_only=True)
class Gone:
    """What entries came to that are kept no more: those of one `group`, by its columns, as a table of sums has them."""

    table: str
    group: Mapping[str, str | int]
    figures: Mapping[str, int]


@attrs.frozen(kw_only=True)
class Rest:
    """What a journal keeps beside its entries.

    `dead` are the owners that died and were not forgotten, `done` says by name for which day something was done last,
    `unknown` are in the order in which they were told of, the last one first. `pruned` is as `Journal.pruned` returns
    it, and `gone` is what the entries came to that went. `days` says what these reserved, in billionths of a USD, by
    account and day.
    """

    dead: Sequence[str] = ()
    done: Mapping[str, int] = attrs.field(factory=dict)
    unknown: Sequence[Unknown] = ()
    pruned: int | None = None
    gone: Sequence[Gone] = ()
    days: Mapping[tuple[str, int], int] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Arrived:
    """How far an import has come: the entries up to the number `after` are there, or (`over`) all there is.

    `moves` is added to the number of a move: what was over before the import is no news, and its moves have numbers
    below all others.
    """

    after: int = 0
    moves: int = 0
    over: bool = False


class Source(Journal, Protocol):
    """A journal that can move into another one. Errors, of every method: JournalError."""

    async def retire(self, heir: str) -> Leaving:
        """Write nothing any more, whoever asks, from now on: all of it moves to the journal of the name `heir`.

        Whoever would write, here or in another process, is refused and told of the heir. Asked again with the same
        heir, it returns the same. Errors: JournalError while another owner is alive, or when it has another heir.
        """

    async def heir(self) -> tuple[str, str] | None:
        """Return the id of its move and the name of the journal that it moved to; None where it has not moved."""

    async def reinstate(self) -> None:
        """Let it be written again, as the move is given up."""

    async def kept(self, after: int) -> list[Kept]:
        """Return entries with numbers above `after`, in the order of these: `PAGE` at most."""

    async def rest(self) -> Rest:
        """Return what it keeps beside its entries."""


class Target(Journal, Protocol):
    """A journal into which another one can move, while others write to it. Errors, of every method: JournalError.

    While an import is under way, or has ended on the way, nobody can claim a key: what was bought under it may not have
    come yet.
    """

    async def begin_import(self, leaving: Leaving) -> Arrived:
        """Return how far the import of a journal has come, and begin it where it has not: with its salts.

        A journal that has no salt of its own takes the first; the others are added.
        """

    async def take(self, name: str, after: int, kept: Sequence[Kept]) -> None:
        """Add the entries of the import `name` that come behind the number `after`, up to which they are there.

        They keep their owners, and are behind all others in order; their sums are kept, and count under limits.
        Errors: JournalError when the import has come to another number, and when there is an entry of such an id.
        """

    async def take_rest(self, name: str, after: int, rest: Rest) -> None:
        """Add what there is beside the entries, which are there up to the number `after`: the import is over then."""

    async def give_up(self, name: str) -> None:
        """Forget an import that is not to go on, so that keys can be claimed; what has come stays."""

    async def found(self, ids: Collection[str]) -> list[Entry]:
        """Return the entries of some ids, in any order."""


def results_of(journal: Journal) -> list[Path]:
    """Return the files in a journal's folder for results that came as bytes."""
    folder = journal.results
    return sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []
