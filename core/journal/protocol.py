"""What a journal stores: one entry for each attempt, claims on idempotency keys, and which owners are alive.

This is storage and nothing else. What an entry means (what counts as paid, what was left behind, what a day has cost,
what is private) is decided once, in `Ledger`, above any implementation.
"""

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import attrs

from anymedia.shared_limits import SharedLimits

LATEST = 1e11
"""Seconds since 1970 that no time of ours passes: the year 5138."""

DAY = 86_400
"""Seconds of a day."""

LEASE = 30.0
"""Seconds for which an owner is alive after it was last heard of, where that is what its life hangs on."""

By: TypeAlias = Literal["account", "batch", "day", "kind", "labels", "model", "offer"]
"""What entries can be added up by."""


@attrs.frozen(kw_only=True)
class Entry:
    """One attempt as it is stored: columns to find it and add it up by, and texts that only the ledger reads.

    `started` is in seconds since 1970; `reserved` and `quoted` are in billionths of a USD (None: unknown). `record` and
    `task` are JSON, `body` is what was sent. `digest` tells for which request it was made under its `idempotency_key`.
    An `open` entry may still change by itself; an `undownloaded` one has results that are not on disk, and `expires`
    says when the first of these dies, in seconds since 1970 (None: nobody knows). `kind`, `offer`, `model`, `batch` and
    `labels` are what it is added up by, each a text that is empty where there is none, and so is `counts_as`: an entry
    for which it is None is in no sum. `labels` is the JSON of an object of texts. `variant` is such a text too, by
    which durations are found. `by_webhook` says that a webhook told that its task is over. `owner`, `alive` and
    `number` are set by the journal: who wrote the entry or took it over, whether that owner was alive when the entry
    was as it is here, and its place in the order in which entries were added, from 1.
    """

    id: str
    provider: str
    account: str
    started: float
    status: str
    open: bool
    record: str
    reserved: int | None = None
    quoted: int | None = None
    quoted_exactly: bool = False
    kind: str = ""
    offer: str = ""
    variant: str = ""
    model: str = ""
    labels: str = ""
    batch: str = ""
    counts_as: str | None = None
    undownloaded: bool = False
    expires: float | None = None
    by_webhook: bool = False
    idempotency_key: str | None = None
    digest: str | None = None
    task_id: str | None = None
    task: str | None = None
    body: bytes | None = None
    owner: str = ""
    alive: bool = True
    number: int = attrs.field(default=0, eq=False)

    @property
    def day(self) -> int:
        """The day (UTC) on which it was started, in days since 1970."""
        return day_of(self.started)


def day_of(moment: float) -> int:
    """Return the day (UTC) of a time in seconds since 1970, in days since 1970."""
    return int(moment // DAY)


@attrs.frozen(kw_only=True)
class Claim:
    """An idempotency key that `holder`, a caller of `owner`, holds; `fence` is above that of every earlier claim."""

    key: str
    holder: str
    owner: str
    fence: int


@attrs.frozen(kw_only=True)
class Limit:
    """At most so many billionths of a USD over the entries of an account that were started on a day or later."""

    day: int
    most: int


@attrs.frozen(kw_only=True)
class Refusal:
    """Why an entry was not written: its claim no longer stands, or the account had `spent` so much under the limit."""

    spent: int | None = None


ANY_MOMENT = -math.inf
"""When a result dies of which nobody knows it: before all others, since it may be gone at any moment."""

EARLIEST = -sys.float_info.max
"""The earliest time that anybody can know of."""


@attrs.frozen(kw_only=True)
class Query:
    """Which entries are wanted: those for which every condition holds that is given.

    `name` is the beginning of an id, or the id of a task; `id` and `task_id` are whole ones. `labels` are those that an
    entry has, among others; a text of labels that cannot be read has none. `left_by` selects the entries that are open,
    or wanted, or undownloaded and of one of these owners. `expires` selects those that are undownloaded, and of which
    the first result dies at the first of these times or later, and before the second; `ANY_MOMENT` stands for those of
    which nobody knows when. `before` and `after` are numbers of entries that are not wanted themselves. `limit` keeps
    the newest of all these, or else `first` the oldest.

    With `behind` beside `expires`, entries come in the order in which they expire, those of one time in that of their
    numbers: what comes behind the entry of this time and this number, `first` at most.
    """

    statuses: Collection[str] | None = None
    provider: str | None = None
    account: str | None = None
    accounts: Collection[str] | None = None
    kind: str | None = None
    idempotency_key: str | None = None
    batch: str | None = None
    labels: Mapping[str, str] | None = None
    since: float | None = None
    open: bool | None = None
    name: str | None = None
    id: str | None = None
    task_id: str | None = None
    left_by: Collection[str] | None = None
    expires: tuple[float, float] | None = None
    behind: tuple[float, int] | None = None
    before: int | None = None
    after: int | None = None
    limit: int | None = None
    first: int | None = None


@attrs.frozen(kw_only=True)
class Sum:
    """What entries come to together that are of one `group` and count as the same: `number` of them.

    `known` have an amount reserved, `reserved` in all; `quotes` have one quoted, `quoted` in all, and `exact_quotes` of
    these exactly; for `differing` both are known, and not the same. Amounts are in billionths of a USD, `day` is the
    last one on which one of them was started. `alive` says of open ones whether their owners are alive.
    """

    group: str | int
    counts_as: str
    number: int
    known: int
    reserved: int
    quotes: int
    exact_quotes: int
    quoted: int
    differing: int
    day: int
    alive: bool = True


@attrs.frozen(kw_only=True)
class Ended:
    """The submit of the entry `id` has ended so. With `unanswered`, only an entry without a task is changed.

    With `keeps_task`, an entry that has a task already (a webhook named it) is Told: an end without a task changes
    nothing of it, and one with the same task, where that is over, its record and body alone. A task that another entry
    of the account has already is not written: nothing is changed then. `body` replaces what was sent; None: it stays.
    When the task is `over`, and was not before, the entry moves; `by_webhook` says whether a webhook told that.
    """

    id: str
    status: str
    open: bool
    record: str
    task: str | None
    task_id: str | None
    reserved: int | None
    counts_as: str | None = None
    undownloaded: bool = False
    expires: float | None = None
    unanswered: bool = False
    keeps_task: bool = False
    over: bool = False
    by_webhook: bool = False
    body: bytes | None = None


@attrs.frozen(kw_only=True)
class Seen:
    """A task stands so. An entry that is not open is changed only when some file of the task is `on_disk`.

    When the task is `complete`, all of them are, and the entry is no longer wanted. Where the entry was open, and is
    no longer, it moves: `by_webhook` says whether a webhook told that, and `took` how many seconds the task took,
    at least and at most (None: nobody knows).
    """

    account: str
    task_id: str
    status: str
    open: bool
    task: str
    reserved: int | None
    counts_as: str | None = None
    undownloaded: bool = False
    expires: float | None = None
    on_disk: bool = False
    complete: bool = False
    by_webhook: bool = False
    took: tuple[float, float] | None = None


@attrs.frozen(kw_only=True)
class Wanted:
    """The files of a task are to be on disk, and this journal's owner sees to it: the entry is its own from now on.

    While another owner that is alive has the entry, it stays that one's: the entry is wanted, but not changed hands.
    With `stays`, it does not change hands in any case.
    """

    account: str
    task_id: str
    stays: bool = False


@attrs.frozen(kw_only=True)
class Fetching:
    """This journal's owner is about to fetch the files of a task, and no other one may until it is Fetched.

    While another owner that is alive is fetching them, it stays that one's; whoever asks again has it still.
    """

    account: str
    task_id: str


@attrs.frozen(kw_only=True)
class Fetched:
    """This journal's owner is fetching the files of a task no more, whatever came of it."""

    account: str
    task_id: str


@attrs.frozen(kw_only=True)
class Released:
    """A holder lets its idempotency key go."""

    key: str
    holder: str


@attrs.frozen(kw_only=True)
class Done:
    """What `name` stands for has been done for a day, in days since 1970: it is to be done once a day, by one owner."""

    name: str
    day: int


@attrs.frozen(kw_only=True)
class Taken:
    """Why an end was not written: the entry `by` of the same account has its task already."""

    by: str


@attrs.frozen(kw_only=True)
class Told:
    """What was known before the end of a submit came: the entry had a task already, `task_id`."""

    task_id: str


@attrs.frozen(kw_only=True)
class Unknown:
    """A task of an account that no entry has: somebody else bought it. `task` is JSON, and an `open` one goes on.

    A later word replaces an earlier one, unless the task is over by that and goes on by the later one. `most` such
    tasks are kept: those go that were heard of first.
    """

    account: str
    task_id: str
    open: bool
    task: str
    most: int = attrs.field(default=10_000, eq=False)


What: TypeAlias = Literal["attempts", "texts", "keys"]
"""What is pruned: entries, but for the texts alone of those that were bought under a key; the texts alone of all of
them; or all of them, and their keys."""


@attrs.frozen(kw_only=True)
class Prunable:
    """Which entries may be pruned: those that were started `before` a time, with a number above `after`.

    None is open, and none is the last that was added or that moved: the next ones get numbers that no other had. An
    undownloaded one is among them only where it is known to have expired before `now`, or all are where `uncollected`
    says so. Left out is what `what` would leave as it is, as far as columns tell. Times are in seconds since 1970.
    """

    before: float
    after: int = 0
    what: What = "attempts"
    now: float = ANY_MOMENT
    uncollected: bool = False


@attrs.frozen(kw_only=True)
class Pruned:
    """What is to become of an entry as it was read: it goes, or `kept` replaces its record and its task, without body.

    It stays as it is where it is open or the last, while an owner that is alive is fetching its files, where it is
    undownloaded and was not so when it was read, or expires at another time, and where its record or its task is to be
    replaced and is another one by now. One with a key that is held stays too, if it was to go.
    """

    entry: Entry
    kept: tuple[str, str | None] | None = None


MOVED, DURATIONS, PRUNED = 500, 32, 300
"""How many entries that moved, how many durations, and how many entries to be pruned are returned at once at most."""

Change: TypeAlias = Ended | Seen | Wanted | Fetching | Fetched | Released | Unknown | Done


class Journal(Protocol):
    """Durable storage for attempts, which any number of clients and processes share.

    Each journal object is one owner: it is alive from its first write until `close`, or until its process dies, or its
    lease runs out where there is one. Each method is one transaction, and what it has written is durable when it
    returns. Writes of one journal object take effect in the order in which they were begun. Cancelling a caller ends
    its wait, not a write. Errors, of every method: JournalError.

    An owner whose lease ran out stays dead, and the journal object is another owner for what is begun later. What was
    begun before, and claims or moves anything, is refused with a JournalError that says that it `lapsed`; how a submit
    has ended (Ended) is always written.
    """

    @property
    def name(self) -> str:
        """What messages call it: its path, or its URL without a password."""

    @property
    def owner(self) -> str:
        """This owner's name, which no other has; a forked process is another owner, as is one whose lease ran out."""

    @property
    def results(self) -> Path:
        """The folder for results that came as bytes."""

    @property
    def limits(self) -> SharedLimits:
        """What is used of the limits of accounts by all who share the journal; usable until `close`."""

    @property
    def spool(self) -> Path | None:
        """The folder on this machine for what could not be written while the journal was away; None: it never is."""

    def stands(self, owner: str) -> bool:
        """Return whether what was intended may be sent: not once the lease of `owner` may have run out.

        That is this owner's name as it was before the intent was begun: whoever has another one by now has lost what
        it had intended. This machine's clock alone tells it, with time to spare: nothing is read or written, and any
        thread may ask.
        """

    def hear(self, heard: Callable[[], None]) -> bool:
        """Call `heard` whenever something may have moved, until `close`; from any thread, and at times for nothing.

        False: this journal is not told what moves, and `heard` is never called.
        """

    async def check(self) -> None:
        """Prepare to write, as `intend` would, and write nothing."""

    async def heir(self) -> tuple[str, str] | None:
        """Return the id of its move and the name of the journal that it moved to; None where it has not moved.

        It is refused there whatever is to be written, by an error that says where it moved to.
        """

    async def intend(self, entry: Entry, *, claim: Claim | None = None, limit: Limit | None = None) -> Refusal | None:
        """Add an entry and return None; or return why it was not added.

        It is not added when `claim` was released or the key was claimed anew, nor when the account's entries would
        pass `limit` with it. Both are decided in the transaction that adds it: of any number of callers at once, no
        more succeed than may.
        """

    async def write(self, change: Change) -> bool | Taken | Told:
        """Make a change, and return whether there was anything to change; for Wanted, whether the entry is ours now.

        For Fetching that is whether this owner may fetch the files: so it may where no entry has the task.
        For Done that is so of the first of any number of owners, and not once a later day was done.

        Both are decided in the transaction that makes it, and so are Taken and Told, for the end of a submit: of any
        number of owners at once, one gets an entry, and one entry of an account gets a task. Told is returned,
        with `keeps_task`, where the entry had a task already and the end names none, another one, or the same one when
        that is over.
        """

    def put(self, change: Change) -> None:
        """Make a change without anybody waiting for it, even if the event loop ends now; a fault is logged.

        It is made in order with the other writes, and before `close` returns.
        """

    async def select(self, query: Query) -> list[Entry]:
        """Return entries in the order in which they were added."""

    async def moved(self, after: int | None) -> tuple[int, list[Entry]]:
        """Return the number of the last move, and the entries whose last move came after the move `after`.

        An entry moves when its task is over. Moves are numbered from 1, and none is seen before those with smaller
        numbers. The oldest come first, `MOVED` at most: the number is that of the last one returned then, for the next
        call. None: no entries, and the number of the last move, or 0. It is called often: where nothing has moved, it
        takes one look; and it waits for no write, so that what was `put` and is not written yet may be missing.
        """

    async def durations(self, provider: str, offer: str, variant: str) -> list[tuple[float, float]]:
        """Return how many seconds tasks took, at least and at most, those that were over last first: `DURATIONS`.

        It waits for no write either.
        """

    async def unknown(self) -> list[Unknown]:
        """Return the unknown tasks that no entry has got since, those first that were heard of last."""

    async def sums(self, by: By, since: float | None = None) -> list[Sum]:
        """Return what the entries come to that count as anything, or those started at `since` or later.

        Entries that were pruned are among them; of a day before the one that `pruned` returns, all of it is counted.
        Each sum is of one group (a day, an account, …), of one text that entries count as, and of owners that are
        alive, or are not; there may be several of the same.
        """

    async def count(self) -> int:
        """Return how many entries there are."""

    async def prunable(self, prunable: Prunable) -> list[Entry]:
        """Return entries that may be pruned, in the order in which they were added: `PRUNED` at most.

        It waits for no write, and no write waits for it.
        """

    async def uncollected(self, prunable: Prunable) -> int:
        """Return how many entries may not be pruned for the sole reason that they are undownloaded.

        It waits for no write either.
        """

    async def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """Prune entries, and return the ids of those that were; sums stay as they are, and so do limits.

        An entry that goes takes what is known of its key with it, where no other entry has that: fencing numbers grow
        all the same.
        """

    async def pruned(self) -> int | None:
        """Return the day, in days since 1970, after the last one of which an entry has gone; None: none has."""

    async def dead(self) -> list[str]:
        """Return the owners that died without `close` and were not forgotten."""

    async def forget(self, owners: Collection[str]) -> None:
        """Delete the markers of dead owners; their entries stay."""

    async def claim(self, key: str, holder: str) -> Claim | None:
        """Claim a key, or return None while another holder has it whose owner is alive.

        A holder may claim anew what it holds: the earlier claim no longer stands then.
        """

    async def salts(self) -> list[bytes]:
        """Return the bytes that digests are keyed with: random, made once, the same for every owner.

        Behind them come those of the journals that were imported: what is keyed with these is still found by them.
        """

    async def importing(self) -> str | None:
        """Return the name of a journal whose import into this one has not ended; None where there is none.

        Until then, no key can be claimed: what was bought under it may not have come yet.
        """

    async def close(self) -> None:
        """Make the changes that are still to be made, then end as an owner: what it claimed is free."""
