"""The journal in the memory of one process: for tests, and for programs that need nothing kept when they end."""

import secrets
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path
from typing import Any
from uuid import uuid4

import attrs

from anymedia.model.errors import JournalError
from anymedia.shared_limits import SharedLimits

from .labels import has_labels
from .protocol import (
    ANY_MOMENT,
    DAY,
    DURATIONS,
    MOVED,
    PRUNED,
    By,
    Change,
    Claim,
    Done,
    Ended,
    Entry,
    Fetched,
    Fetching,
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
from .sums import sum_of, together


class Memory:
    """What journals over one memory share; `owners` says of each that has not ended whether it is alive."""

    def __init__(self) -> None:
        self.lock: threading.Lock = threading.Lock()
        self.entries: dict[str, Entry] = {}
        self.by_task: dict[tuple[str, str], dict[str, None]] = {}
        self.days: dict[tuple[str, int], int] = {}
        self.wanted: set[str] = set()
        self.fetchers: dict[str, str] = {}
        self.bare: set[str] = set()
        self.gone: list[Entry] = []
        self.last_number: int = 0
        self.last_fence: int = 0
        self.moves: dict[str, int] = {}
        self.last_move: int = 0
        self.took: dict[str, tuple[float, float]] = {}
        self.unknown: dict[tuple[str, str], Unknown] = {}
        self.claims: dict[str, Claim] = {}
        self.released: set[str] = set()
        self.owners: dict[str, bool] = {}
        self.done: dict[str, int] = {}
        self.salt: bytes = secrets.token_bytes(16)
        self._folder: Path | None = None
        self._limits: SharedLimits | None = None

    @property
    def limits(self) -> SharedLimits:
        """What is used of the limits of accounts."""
        if self._limits is None:
            from .sqlite_limits import SQLiteLimits, in_memory  # SQLite takes a while to import

            self._limits = limits = SQLiteLimits(in_memory)
            weakref.finalize(self, limits.close)
        return self._limits

    @property
    def folder(self) -> Path:
        """A folder that is deleted with the memory."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="anymedia-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder


class MemoryJournal:
    """A journal in memory, for one process, its threads and event loops; everything is gone when the last one goes.

    Each is an owner; `MemoryJournal(journal.memory)` is one more over the same memory, as another process is over a
    file.
    """

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory: Memory = memory or Memory()
        self._owner = uuid4().hex

    @property
    def name(self) -> str:
        """The word memory."""
        return "memory"

    @property
    def owner(self) -> str:
        """As Journal.owner."""
        return self._owner

    @property
    def results(self) -> Path:
        """A temporary folder, which is gone when the memory is."""
        with self.memory.lock:
            return self.memory.folder

    @property
    def limits(self) -> SharedLimits:
        """As Journal.limits."""
        with self.memory.lock:
            return self.memory.limits

    @property
    def spool(self) -> Path | None:
        """None: a memory is never away."""
        return None

    def stands(self, owner: str) -> bool:
        """Return whether that is this owner, who lives as long as its process."""
        return owner == self.owner

    def hear(self, heard: Callable[[], None]) -> bool:
        """Return False: it tells nobody what moves."""
        return False

    async def check(self) -> None:
        """As Journal.check."""
        with self.memory.lock:
            self._live()

    async def heir(self) -> None:
        """Return None: it moves nowhere."""

    async def intend(self, entry: Entry, *, claim: Claim | None = None, limit: Limit | None = None) -> Refusal | None:
        """As Journal.intend."""
        with self.memory.lock:
            if claim is not None and not self._stands(claim):
                return Refusal()
            if limit is not None:
                spent = self._spent(entry.account, limit.day)
                if spent + (entry.reserved or 0) > limit.most:
                    return Refusal(spent=spent)
            if entry.id in self.memory.entries:
                raise JournalError(f"{self.name}: there is an entry {entry.id} already")
            self._live()
            self.memory.last_number += 1
            self._keep(attrs.evolve(entry, owner=self._owner, number=self.memory.last_number))
            return None

    async def write(self, change: Change) -> bool | Taken | Told:
        """As Journal.write."""
        return self._write(change)

    def put(self, change: Change) -> None:
        """As Journal.put; it is made at once."""
        self._write(change)

    async def select(self, query: Query) -> list[Entry]:
        """As Journal.select."""
        with self.memory.lock:
            entries = [entry for entry in self.memory.entries.values() if self._fits(entry, query)]
            if query.behind is not None:
                entries = [entry for entry in sorted(entries, key=_expiry) if _expiry(entry) > query.behind]
            if query.limit is not None:
                entries = entries[max(len(entries) - query.limit, 0) :]
            elif query.first is not None:
                entries = entries[: query.first]
            return [self._now(entry) for entry in entries]

    async def moved(self, after: int | None) -> tuple[int, list[Entry]]:
        """As Journal.moved."""
        with self.memory.lock:
            last = self.memory.last_move
            later = takewhile(lambda move: after is not None and move[1] > after, reversed(self.memory.moves.items()))
            moves = [*later][::-1][:MOVED]
            entries = [self._now(self.memory.entries[name]) for name, _ in moves]
            return moves[-1][1] if moves else last, entries

    async def durations(self, provider: str, offer: str, variant: str) -> list[tuple[float, float]]:
        """As Journal.durations."""
        with self.memory.lock:
            entries = map(self.memory.entries.__getitem__, reversed(self.memory.moves))
            alike = (
                each for each in entries if (each.provider, each.offer, each.variant) == (provider, offer, variant)
            )
            took = (self.memory.took[each.id] for each in alike if each.id in self.memory.took)
            return [*islice(took, DURATIONS)]

    async def unknown(self) -> list[Unknown]:
        """As Journal.unknown."""
        with self.memory.lock:
            told = reversed(self.memory.unknown.values())
            return [each for each in told if not self._of_task(each.account, each.task_id)]

    async def sums(self, by: By, since: float | None = None) -> list[Sum]:
        """As Journal.sums."""
        with self.memory.lock:
            if since is not None and (last := self._pruned()) is not None and since < last * DAY:
                since = since // DAY * DAY
            every = (*self.memory.gone, *map(self._now, self.memory.entries.values()))
            entries = (entry for entry in every if since is None or entry.started >= since)
            return together(each for entry in entries if (each := sum_of(entry, by)) is not None)

    async def count(self) -> int:
        """As Journal.count."""
        with self.memory.lock:
            return len(self.memory.entries)

    async def prunable(self, prunable: Prunable) -> list[Entry]:
        """As Journal.prunable."""
        with self.memory.lock:
            entries = (entry for entry in self._asked(prunable) if _is_lost(entry, prunable))
            return [*islice(map(self._now, entries), PRUNED)]

    async def uncollected(self, prunable: Prunable) -> int:
        """As Journal.uncollected."""
        with self.memory.lock:
            return sum(not _is_lost(entry, prunable) for entry in self._asked(prunable))

    async def prune(self, pruned: Sequence[Pruned]) -> list[str]:
        """As Journal.prune."""
        with self.memory.lock:
            return [each.entry.id for each in pruned if self._prune(each)]

    async def pruned(self) -> int | None:
        """As Journal.pruned."""
        with self.memory.lock:
            return self._pruned()

    async def dead(self) -> list[str]:
        """As Journal.dead."""
        with self.memory.lock:
            return [owner for owner, alive in self.memory.owners.items() if not alive]

    async def forget(self, owners: Collection[str]) -> None:
        """As Journal.forget."""
        with self.memory.lock:
            for owner in owners:
                self.memory.owners.pop(owner, None)

    async def claim(self, key: str, holder: str) -> Claim | None:
        """As Journal.claim."""
        with self.memory.lock:
            before = self.memory.claims.get(key)
            if before is not None and self._is_held(before) and (before.holder, before.owner) != (holder, self._owner):
                return None
            self._live()
            fence = (self.memory.last_fence if before is None else before.fence) + 1
            claim = self.memory.claims[key] = Claim(key=key, holder=holder, owner=self._owner, fence=fence)
            self.memory.released.discard(key)
            return claim

    async def salts(self) -> list[bytes]:
        """As Journal.salts."""
        return [self.memory.salt]

    async def importing(self) -> str | None:
        """None: nothing moves into a memory."""
        return None

    async def close(self) -> None:
        """As Journal.close."""
        with self.memory.lock:
            self.memory.owners.pop(self._owner, None)

    def crash(self) -> None:
        """Die as a killed process does: without closing."""
        with self.memory.lock:
            self.memory.owners[self._owner] = False

    # While the lock is held

    def _live(self) -> None:
        self.memory.owners[self._owner] = True

    def _is_alive(self, owner: str) -> bool:
        return self.memory.owners.get(owner, False)

    def _now(self, entry: Entry) -> Entry:
        return attrs.evolve(entry, alive=self._is_alive(entry.owner))

    def _is_held(self, claim: Claim) -> bool:
        return claim.key not in self.memory.released and self._is_alive(claim.owner)

    def _stands(self, claim: Claim) -> bool:
        return claim.key not in self.memory.released and self.memory.claims.get(claim.key) == claim

    def _spent(self, account: str, since: int) -> int:
        return sum(spent for (name, day), spent in self.memory.days.items() if name == account and day >= since)

    def _keep(self, entry: Entry) -> None:
        """Store an entry where it is found by its task too, and count what it reserves of its day."""
        before = self.memory.entries.get(entry.id)
        self.memory.entries[entry.id] = entry
        if entry.task_id is not None:
            self.memory.by_task.setdefault((entry.account, entry.task_id), {})[entry.id] = None
        more = (entry.reserved or 0) - (0 if before is None else before.reserved or 0)
        day = (entry.account, entry.day)
        self.memory.days[day] = self.memory.days.get(day, 0) + more

    def _of_task(self, account: str, task_id: str) -> list[Entry]:
        """Return the entries that have a task."""
        entries = map(self.memory.entries.__getitem__, self.memory.by_task.get((account, task_id), ()))
        return [entry for entry in entries if entry.task_id == task_id]

    def _write(self, change: Change) -> bool | Taken | Told:
        with self.memory.lock:
            if isinstance(change, Released):
                return self._release(change)
            if isinstance(change, Unknown):
                return self._hear(change)
            if isinstance(change, Ended):
                return self._end(change)
            if isinstance(change, Done):
                return self._do(change)
            if isinstance(change, Fetching):
                return self._fetch(change)
            if isinstance(change, Fetched):
                return self._let_go(change)
            entries = list(self._changed(change))
            for entry in entries:
                self._keep(entry)
            return bool(entries)

    def _end(self, end: Ended) -> bool | Taken | Told:
        entry = self.memory.entries.get(end.id)
        if entry is None:
            return False
        if (other := self._other(entry, end)) is not None:
            return Taken(by=other)
        had, same = entry.task_id, entry.task_id == end.task_id
        if had is not None and end.unanswered:
            return False
        if had is not None and end.keeps_task and (end.task_id is None or (same and not entry.open)):
            if same:
                self._keep(attrs.evolve(entry, record=end.record, body=_columns(end).get("body", entry.body)))
            return Told(task_id=had)
        moved = self._move(end, entry) if end.over and (entry.open or not same) else {}
        self._keep(attrs.evolve(entry, **_columns(end), **moved))
        return True if had is None or same or not end.keeps_task else Told(task_id=had)

    def _move(self, change: Ended | Seen, entry: Entry) -> dict[str, Any]:
        """Number the move of an entry, and return what that sets of it."""
        self.memory.last_move += 1
        self.memory.moves.pop(entry.id, None)  # the last one comes last
        self.memory.moves[entry.id] = self.memory.last_move
        return {"by_webhook": change.by_webhook}

    def _do(self, change: Done) -> bool:
        """Take note of what was done for a day, and return whether it was not yet."""
        if self.memory.done.get(change.name, change.day - 1) >= change.day:
            return False
        self.memory.done[change.name] = change.day
        return True

    def _hear(self, told: Unknown) -> bool:
        """Keep the word of an unknown task."""
        unknown, name = self.memory.unknown, (told.account, told.task_id)
        if told.open and name in unknown and not unknown[name].open:
            return False
        unknown[name] = told
        while len(unknown) > told.most:
            unknown.pop(next(iter(unknown)))
        return True

    def _other(self, this: Entry, end: Ended) -> str | None:
        """Return another entry of the account that has the task of an end."""
        same = () if end.task_id is None else self._of_task(this.account, end.task_id)
        return next((other.id for other in same if other.id != this.id), None)

    def _release(self, change: Released) -> bool:
        claim = self.memory.claims.get(change.key)
        ours = claim is not None and (claim.holder, claim.owner) == (change.holder, self._owner)
        if not ours or change.key in self.memory.released:
            return False
        self.memory.released.add(change.key)
        return True

    def _fetch(self, change: Fetching) -> bool:
        """Let this owner fetch a task's files, unless another one does that is alive."""
        self._live()
        entries = self._of_task(change.account, change.task_id)
        fetchers = {self.memory.fetchers.get(entry.id, self._owner) for entry in entries} - {self._owner}
        if any(map(self._is_alive, fetchers)):
            return False
        self.memory.fetchers.update((entry.id, self._owner) for entry in entries)
        return True

    def _let_go(self, change: Fetched) -> bool:
        fetched = [entry.id for entry in self._of_task(change.account, change.task_id)]
        ours = [name for name in fetched if self.memory.fetchers.get(name) == self._owner]
        for name in ours:
            del self.memory.fetchers[name]
        return bool(ours)

    def _changed(self, change: Seen | Wanted) -> Iterator[Entry]:
        """Yield the entries that a change is for, changed."""
        for entry in self._of_task(change.account, change.task_id):
            if isinstance(change, Wanted):
                self._live()
                self.memory.wanted.add(entry.id)
                if not change.stays and (entry.owner == self._owner or not self._is_alive(entry.owner)):
                    yield attrs.evolve(entry, owner=self._owner)
            elif entry.open or change.on_disk:
                if change.complete:
                    self.memory.wanted.discard(entry.id)
                moved = {}
                if entry.open and not change.open:
                    moved = self._move(change, entry)
                    self.memory.took.pop(entry.id, None)  # of another task that it had before
                    if change.took is not None:
                        self.memory.took[entry.id] = change.took
                yield attrs.evolve(entry, **_columns(change), **moved)

    def _pruned(self) -> int | None:
        return max((entry.day + 1 for entry in self.memory.gone), default=None)

    def _asked(self, prunable: Prunable) -> Iterator[Entry]:
        return (entry for entry in self.memory.entries.values() if self._is_asked(entry, prunable))

    def _is_asked(self, entry: Entry, prunable: Prunable) -> bool:
        """Return whether an entry is asked for, and may be pruned if nobody misses its results."""
        if entry.number <= prunable.after or entry.started >= prunable.before or not self._is_old(entry):
            return False
        is_needed = entry.idempotency_key is not None and entry.counts_as is not None
        stays = {"attempts": is_needed, "texts": True, "keys": False}[prunable.what]
        return not (stays and entry.id in self.memory.bare)

    def _is_old(self, entry: Entry) -> bool:
        """Return whether an entry is over, and no number hangs on it."""
        is_last = entry.number == self.memory.last_number or self.memory.moves.get(entry.id) == self.memory.last_move
        return not entry.open and not is_last

    def _prune(self, pruned: Pruned) -> bool:
        """Prune an entry, as far as it still may be."""
        entry = self.memory.entries.get(pruned.entry.id)
        if entry is None or not self._is_old(entry) or self._is_alive(self.memory.fetchers.get(entry.id, "")):
            return False
        if entry.undownloaded and _results_of(entry) != _results_of(pruned.entry):
            return False
        if pruned.kept is not None:
            if (entry.record, entry.task) != (pruned.entry.record, pruned.entry.task):
                return False
            record, task = pruned.kept
            self.memory.entries[entry.id] = attrs.evolve(entry, record=record, task=task, body=None)
            self.memory.bare.add(entry.id)
            return True
        key = entry.idempotency_key
        claim = None if key is None else self.memory.claims.get(key)
        if claim is not None and self._is_held(claim):
            return False
        self._drop(entry)
        if claim is not None and not any(each.idempotency_key == key for each in self.memory.entries.values()):
            self.memory.last_fence = max(self.memory.last_fence, claim.fence)
            del self.memory.claims[claim.key]
            self.memory.released.discard(claim.key)
        return True

    def _drop(self, entry: Entry) -> None:
        """Forget an entry, but for what it counts as."""
        del self.memory.entries[entry.id]
        self.memory.by_task.get((entry.account, entry.task_id or ""), {}).pop(entry.id, None)
        for found in (self.memory.moves, self.memory.took, self.memory.fetchers):
            found.pop(entry.id, None)
        for names in (self.memory.bare, self.memory.wanted):
            names.discard(entry.id)
        self.memory.gone.append(attrs.evolve(entry, record="", task=None, body=None, alive=True))

    def _fits(self, entry: Entry, query: Query) -> bool:
        """Return whether every condition of a query holds for an entry."""
        given: dict[str, Any] = attrs.asdict(query, recurse=False)
        same = ("provider", "account", "kind", "idempotency_key", "batch", "open", "id", "task_id")
        if any(given[name] is not None and getattr(entry, name) != given[name] for name in same):
            return False
        if query.statuses is not None and entry.status not in query.statuses:
            return False
        if query.accounts is not None and entry.account not in query.accounts:
            return False
        if query.labels is not None and not has_labels(entry.labels, query.labels):
            return False
        if query.expires is not None and not _is_within(entry, *query.expires):
            return False
        if query.since is not None and entry.started < query.since:
            return False
        if query.before is not None and entry.number >= query.before:
            return False
        if query.after is not None and entry.number <= query.after:
            return False
        if query.name is not None and not entry.id.startswith(query.name) and entry.task_id != query.name:
            return False
        return query.left_by is None or self._is_left(entry, query.left_by)

    def _is_left(self, entry: Entry, owners: Collection[str]) -> bool:
        return entry.open or entry.id in self.memory.wanted or (entry.undownloaded and entry.owner in owners)


def _expiry(entry: Entry) -> tuple[float, int]:
    """Return the place of an entry in the order in which they expire."""
    return ANY_MOMENT if entry.expires is None else entry.expires, entry.number


def _is_lost(entry: Entry, prunable: Prunable) -> bool:
    """Return whether nobody is to miss the results of an entry: there are none, or they are gone."""
    return not entry.undownloaded or prunable.uncollected or ANY_MOMENT < _expiry(entry)[0] < prunable.now


def _results_of(entry: Entry) -> tuple[bool, float | None]:
    return entry.undownloaded, entry.expires


def _is_within(entry: Entry, least: float, until: float) -> bool:
    return entry.undownloaded and least <= _expiry(entry)[0] < until


def _columns(change: Ended | Seen) -> dict[str, Any]:
    """Return the columns that a change sets."""
    names = ("status", "open", "record", "task", "task_id", "reserved", "counts_as", "undownloaded", "expires")
    body = getattr(change, "body", None)
    columns = {name: getattr(change, name) for name in names if hasattr(change, name)}
    return columns if body is None else {**columns, "body": body}
