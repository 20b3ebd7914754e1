"""The rules over a journal, for every implementation: nothing paid is lost, and an idempotency key buys once.

An attempt is written down three times: `intend` before its first byte is sent, `end` when its submit has ended, and
`see` whenever its task has moved on.
"""

import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack
from uuid import uuid4

import attrs

from anymedia.clock import Clock, midnight
from anymedia.model.errors import JournalError, OutOfBounds, OverCeiling, Problem
from anymedia.model.money import EXACT, dollars
from anymedia.model.process import Process, this_process
from anymedia.model.strict_json import Json
from anymedia.model.task import SENDING, STATUSES, Attempt, Task
from anymedia.model.vocabulary import Billed, Outcome

from .away import say
from .counts_as import UNCERTAIN, CountsAs, may_be_paid
from .keyed import Keyed
from .outbox import Outbox
from .private import NOTHING, Hide
from .protocol import (
    ANY_MOMENT,
    DAY,
    EARLIEST,
    By,
    Claim,
    Done,
    Ended,
    Entry,
    Fetched,
    Fetching,
    Journal,
    Limit,
    Prunable,
    Query,
    Released,
    Seen,
    Sum,
    Taken,
    Told,
    Wanted,
    What,
    day_of,
)
from .records import (
    NANO,
    Records,
    are_seconds,
    as_text,
    attempt_in,
    attempt_of,
    is_undownloaded,
    unknown_of,
    usd_of,
)
from .spool import Late

if TYPE_CHECKING:
    from .prune import Pruning

T = TypeVar("T")

PAGE = 500
"""How many entries are read at once where there may be many."""

_log = logging.getLogger("anymedia")


@attrs.frozen(kw_only=True)
class Claimed:
    """An idempotency key that this caller holds for a request, and the attempts that bought, or may have, under it.

    `digest` tells the request from others.
    """

    claim: Claim
    digest: str
    bought: tuple[Attempt, ...] = ()


@attrs.frozen
class Moved:
    """An attempt whose task is over, and whether a webhook told that.

    Of many that move, somebody waits for a few: an `attempt` is read when it is asked for.
    """

    _entry: Entry

    @property
    def id(self) -> str:
        """The id of the attempt."""
        return self._entry.id

    @property
    def account(self) -> str:
        """The name of its account."""
        return self._entry.account

    @property
    def task_id(self) -> str | None:
        """The id of its task."""
        return self._entry.task_id

    @property
    def by_webhook(self) -> bool:
        """Whether a webhook told that its task is over."""
        return bool(self._entry.by_webhook)

    @property
    def attempt(self) -> Attempt:
        """The attempt as it is written down."""
        return attempt_of(self._entry)


ALONE = "\n"
"""What the keys begin with that processes hold alone: no idempotency key of a caller has it, as it is not printable."""


class Filters(TypedDict, total=False):
    """Which attempts are wanted: those for which every given filter holds; `limit` keeps the newest.

    `labels` are those that an attempt has, among others. `expiring` selects the attempts that are paid for, whose
    results are not saved and are not dismissed, and die before this time, or nobody knows when.
    """

    status: str | None
    provider: str | None
    account: str | None
    kind: str | None
    idempotency_key: str | None
    labels: Mapping[str, str] | None
    batch: str | None
    since: datetime | None
    open: bool | None
    expiring: datetime | None
    limit: int | None


class Ledger:
    """The attempts in a journal: what was paid for, what a day has cost, what was left behind, who may buy.

    `prompts=False` leaves out what was asked for, in the provider's words too; `hide` hides the accounts' API keys in
    the JSON that is written. Errors, of every method: JournalError.
    """

    def __init__(self, journal: Journal, *, prompts: bool = True, hide: Hide = NOTHING) -> None:
        self.journal: Journal = journal
        self._records = Records(prompts=prompts, hide=hide)
        self.outbox: Outbox = Outbox(journal, self._records, self._write_late, _is_under_way)
        self._holder = uuid4().hex
        self._held: set[str] = set()
        self._unreleased: set[str] = set()
        self._fetching: set[tuple[str, str]] = set()
        self._unfetched: set[tuple[str, str]] = set()
        self._keyed = Keyed(journal)

    @property
    def prompts(self) -> bool:
        """Whether it writes down what was asked for, without which nothing can be sent again from it."""
        return self._records.prompts

    @property
    def results(self) -> Path:
        """The folder for results that came as bytes."""
        return self.journal.results

    @property
    def spool(self) -> Path | None:
        """The folder for outcomes that could not be written while the journal was away; None where it never is."""
        return self.journal.spool

    async def check_stays(self) -> None:
        """Refuse where the journal has moved into another one, before anything is done that is to be written down."""
        if await self.journal.heir() is not None:
            await self.journal.check()

    async def close(self) -> None:
        """Write what is left, and close the journal."""
        await self.journal.close()

    # Written by a client as it goes

    async def intend(
        self, attempt: Attempt, body: bytes | None, limit: Decimal | None = None, claim: Claimed | None = None
    ) -> None:
        """Write down what is about to be sent.

        Errors, and nothing is written: OverCeiling when the account's attempts of the day (UTC) would pass `limit`
        (USD) with it; JournalError when `claim` no longer stands.
        """
        entry = self._records.entry(attempt, body, None if claim is None else claim.digest)
        refusal = await self.journal.intend(
            entry,
            claim=None if claim is None else claim.claim,
            limit=None if limit is None else _day(attempt.started_at, limit),
        )
        if refusal is None:
            return
        if refusal.spent is None:
            key = f"the idempotency key {attempt.order.idempotency_key!r}"
            message = f"another caller has taken over {key}; this one sends nothing"
            raise JournalError(f"{self.journal.name}: {message}")
        raise _over(attempt, limit, refusal.spent)

    async def end(self, attempt: Attempt) -> Attempt:
        """Write down how a submit has ended, and return the attempt as it is written.

        A task that another attempt of the account has already is not this one's: it was accepted without an id then,
        for which both prices stay reserved until it is settled. A task that a webhook named meanwhile stays: the
        attempt was accepted then, whatever the submit's end says. Where the answer names another task than the webhook
        did, the answer's is kept, and both are logged. While the journal is away, the end counts as written once it is
        in a file of this machine. Where that is not so either, it is written by `catch_up`.
        """
        change = self._records.ended(attempt, keeps_task=True)
        return await self.outbox.sure(change, lambda: self._end(attempt, change)) or attempt

    def end_later(self, attempt: Attempt) -> None:
        """Write down how a submit has ended, without waiting: the event loop may be ending."""
        change = self._records.ended(attempt, keeps_task=True)
        if not self.outbox.put(change):
            self.journal.put(change)

    async def catch_up(self) -> None:
        """Write all that could not be written before, by any process of this machine, and let go of what was held.

        That is keys, and turns to fetch: else nobody else had them as long as this process lives. Errors: JournalError,
        and then the rest waits on.
        """
        await self.outbox.catch_up()
        while (key := next(iter(self._unreleased - self._held), None)) is not None:
            await self._release(key)
        while (fetch := next(iter(self._unfetched - self._fetching), None)) is not None:
            await self._end_fetch(fetch)

    async def _end(self, attempt: Attempt, change: Ended) -> Attempt:
        """Write down how a submit has ended, and return the attempt as it is written."""
        end = await self.journal.write(change)
        if end is False and await self._restored(attempt):
            end = await self.journal.write(change)
        if isinstance(end, Taken):
            attempt = attempt.without_task(end.by)
            end = await self.journal.write(self._records.ended(attempt, keeps_task=True))
        return await self._as_told(attempt, end) if isinstance(end, Told) else attempt

    async def _restored(self, attempt: Attempt) -> bool:
        """Write down anew what was sent, where the journal has lost that; return whether it had.

        A database may lose what was committed last, as where a standby took over that had not got it yet.
        """
        if attempt.outcome is Outcome.NOT_SENT or await self.attempt(attempt.id) is not None:
            return False
        await self.lease()
        try:
            await self.journal.intend(self._records.entry(attrs.evolve(attempt, outcome=None, task=None), None, None))
        except JournalError:
            if await self.attempt(attempt.id) is None:
                raise
            return True  # somebody else has, at the same time
        _log.error("%s has lost attempt %s, which is written down anew", self.journal.name, attempt.id)
        return True

    async def _write_late(self, change: Late) -> str | None:
        """Write a change that could not be written before; return why it is not to be written, if so.

        What somebody found out of an attempt meanwhile stays, unless its task is known now. Of what was not sent there
        need be none: its intent may never have been written, or another process may send it, under the same id.
        """
        if isinstance(change, Seen):
            await self.journal.write(change)
            return None
        attempt = attempt_in(change.record, change.task)
        written = await self.attempt(change.id)
        if attempt.outcome is Outcome.NOT_SENT and (written is None or _begun(written) != _begun(attempt)):
            return None
        if written is None and await self._may_be_pruned(attempt):
            return "attempts of its day were pruned: if it was written before that, it is in the sums"
        if written is not None and _begun(written) != _begun(attempt):
            return "another process has begun this attempt"
        if written is None or written.settled is None or attempt.task is not None:
            await self._end(attempt, change)
        return None

    async def _may_be_pruned(self, attempt: Attempt) -> bool:
        """Return whether attempts went that were sent on the same day as this one, or later."""
        pruned = await self.journal.pruned()
        return pruned is not None and day_of(attempt.started_at.timestamp()) < pruned

    async def lease(self) -> Callable[[], bool]:
        """Return what tells, just before the first byte, whether what is written down from now on may be sent.

        It may not once the lease of the owner of now has run out, whoever is the owner by then. Errors: JournalError.
        """
        journal = self.journal
        if not journal.stands(journal.owner):
            try:
                await journal.check()
            except JournalError as error:
                if not error.lapsed:
                    raise
                await journal.check()  # as the owner that follows: nothing is begun yet that would be lost
        return partial(journal.stands, journal.owner)

    async def _as_told(self, attempt: Attempt, told: Told) -> Attempt:
        """Return an attempt that has ended as it is written down, where its task was known before."""
        if attempt.task is not None and attempt.task.id != told.task_id:
            message = "attempt %s: %s answered with task %s, and it was named as task %s before; look at both there"
            _log.error(message, attempt.id, attempt.order.account, attempt.task.id, told.task_id)
            return attempt
        written = await self.attempt(attempt.id)
        return attempt if written is None or written.task is None else _named(attempt, written.task)

    async def accepted_by_webhook(self, attempt: Attempt, task: Task) -> Attempt:
        """Write down that a webhook named the task of an attempt that has none, and return the attempt as it stands.

        Where it has got a task meanwhile, or this one is another attempt's, nothing is changed.
        """
        named = attrs.evolve(_named(attempt, task), settled=None, settled_by=this_process())
        change = self._records.ended(named, unanswered=True, by_webhook=True)
        if await self.journal.write(change) is True:
            return named
        return await self.attempt(attempt.id) or attempt

    async def see(self, task: Task, *, by_webhook: bool = False, took: tuple[float, float] | None = None) -> bool:
        """Write down how a task stands. A final state is durable when this returns, and no later one replaces it.

        Where it is over by that, `by_webhook` says that a webhook told it, and `took` how many seconds the task took,
        at least and at most, where nothing else held up the looks. While the journal is away, a final state is durable
        in a file of this machine.
        Returns whether anything was to be written: a task that was over stays as it was.
        """
        change = self._records.seen(task, by_webhook=by_webhook, took=took)
        if task.state.final:
            return await self.outbox.sure(change, lambda: self.journal.write(change)) in (True, None)
        self.journal.put(change)
        return True

    async def told_unknown(self, task: Task) -> None:
        """Keep a task in sight that a webhook told of, and that no attempt has: somebody else bought it.

        A later word replaces an earlier one; of very many, the oldest are forgotten.
        """
        await self.journal.write(self._records.unknown(task))

    # What was told, and what moved

    async def token(self, attempt_id: str) -> str:
        """Return the part of an attempt's callback that nobody can guess: 64 characters, which name the attempt."""
        return await self._keyed.token(attempt_id)

    async def named_by(self, token: str) -> str | None:
        """Return the id of the attempt that a token names; None for what is no token of this journal."""
        return await self._keyed.named_by(token)

    async def attempt(self, attempt_id: str) -> Attempt | None:
        """Return the attempt with an id; None where there is none."""
        return await self._one(Query(id=attempt_id))

    async def with_task(self, account: str, task_id: str) -> Attempt | None:
        """Return the attempt of an account that has a task; None where there is none."""
        return await self._one(Query(account=account, task_id=task_id))

    async def told(self, account: str, task_id: str) -> bool:
        """Return whether a webhook told that a task of an account is over."""
        entries = await self.journal.select(Query(account=account, task_id=task_id, limit=1))
        return bool(entries) and Moved(entries[0]).by_webhook

    async def _one(self, query: Query) -> Attempt | None:
        entries = await self.journal.select(attrs.evolve(query, limit=1))
        return attempt_of(entries[0]) if entries else None

    async def moved(self, after: int | None = None) -> tuple[int, list[Moved]]:
        """Return the number of the last move, and the attempts whose tasks were over after the move `after`.

        The oldest come first, 500 at most: the number is that of the last one returned then. Without `after`, the
        number alone. Whoever asks again with the number misses none, whichever process wrote it.
        """
        last, entries = await self.journal.moved(after)
        return last, [Moved(entry) for entry in entries]

    def hear(self, heard: Callable[[], None]) -> bool:
        """As Journal.hear."""
        return self.journal.hear(heard)

    async def durations(self, provider: str, offer: str | None, variant: str | None) -> list[tuple[float, float]]:
        """Return how many seconds tasks of an offer and a variant took, at least and at most.

        Those that were over last come first, 32 at most.
        """
        took = await self.journal.durations(provider, offer or "", variant or "")
        return [(least, most) for least, most in took if are_seconds(least, most)]

    async def unknown(self) -> list[Task]:
        """Return the tasks that webhooks told of and that no attempt has got since, those first that came last."""
        return [unknown_of(each) for each in await self.journal.unknown()]

    # Read, and settled by hand

    async def attempts(self, **filters: Unpack[Filters]) -> list[Attempt]:
        """Return the attempts for which every given filter holds, in the order in which they were begun.

        Errors: OutOfBounds for a status that there is not, and for a limit below 0.
        """
        return [attempt async for _, attempt in self._newest(filters)][::-1]

    async def each(self, **filters: Unpack[Filters]) -> AsyncIterator[Attempt]:
        """Yield the attempts for which every given filter holds, in the order in which they were begun.

        However many there are, few of them are in memory at once; those that are begun meanwhile may be among them.
        Errors: as attempts.
        """
        limit = filters.get("limit")
        if limit is not None and limit <= PAGE:
            for attempt in await self.attempts(**filters):
                yield attempt
            return
        query = attrs.evolve(_query(**filters), first=PAGE, after=0)
        if limit is not None:
            query = attrs.evolve(query, before=1)
            async for number, _ in self._newest(filters):
                query = attrs.evolve(query, after=number - 1, before=max(query.before or 1, number + 1))
        while entries := await self.journal.select(query):
            for attempt in map(attempt_of, entries):
                if _fits(attempt, filters):
                    yield attempt
            query = attrs.evolve(query, after=entries[-1].number)

    async def _newest(self, filters: Filters) -> AsyncIterator[tuple[int, Attempt]]:
        """Yield the attempts for which every given filter holds, with their numbers, the newest first."""
        query, left = _query(**filters), filters.get("limit")
        is_exact = filters.get("status") is None and filters.get("expiring") is None
        while left is None or left > 0:
            most = min(PAGE, left) if is_exact and left is not None else PAGE
            entries = await self.journal.select(attrs.evolve(query, limit=most))
            for entry in reversed(entries):
                attempt = attempt_of(entry)
                if _fits(attempt, filters):
                    yield entry.number, attempt
                    left = None if left is None else left - 1
                    if left == 0:
                        return
            if len(entries) < most:
                return
            query = attrs.evolve(query, before=entries[0].number)

    async def sums(self, by: By, since: datetime | None = None) -> list[Sum]:
        """Return what the attempts come to by a group (a day, an account, …) and by what they count as.

        There may be several sums of the same. What is being sent is in none, and uncertain once its owner is dead.
        """
        sums = await self.journal.sums(by, None if since is None else since.timestamp())
        lost = (each for each in sums if each.counts_as == SENDING and not each.alive)
        return [
            *(each for each in sums if each.counts_as != SENDING),
            *(attrs.evolve(each, counts_as=UNCERTAIN) for each in lost),
        ]

    async def spent_since(self, moment: datetime) -> tuple[Decimal, int]:
        """Return what the attempts since a moment have cost or may have cost (USD), and how many are of unknown price.

        Of those that are given back, and of what is being sent, nothing is in it.
        """
        sums = [each for each in await self.sums("day", moment) if not CountsAs.read(each.counts_as).refunded]
        spent = usd_of(sum(each.reserved for each in sums)).normalize(EXACT)
        return spent, sum(each.number - each.known for each in sums)

    async def spent_today(self, now: datetime) -> dict[str, Decimal]:
        """Return what the attempts of a day (UTC) have cost so far, or may have cost (USD), by account.

        It is what a daily limit is held against: what is being sent is in it.
        """
        spent: dict[str, Decimal] = {}
        for each in await self.journal.sums("account", midnight(now).timestamp()):
            name = str(each.group)
            spent[name] = EXACT.add(spent.get(name, Decimal(0)), usd_of(each.reserved))
        return spent

    async def is_first(self, name: str, moment: datetime) -> bool:
        """Return whether nobody has asked by a name on the day (UTC) of a moment before, over all processes."""
        return await self.journal.write(Done(name=name, day=day_of(moment.timestamp()))) is True

    async def count(self) -> int:
        """Return how many attempts there are."""
        return await self.journal.count()

    async def find(self, name: str) -> Attempt:
        """Return the attempt with an id (its first letters will do), or with a task of that id. Errors: OutOfBounds."""
        entries = await self.journal.select(Query(name=name))
        if len(entries) == 1:
            return attempt_of(entries[0])
        if entries:
            raise _bad_id(f"{len(entries)} attempts have ids that begin with {name!r}")
        raise _bad_id(f"no attempt and no task has the id {name!r}; `anymedia tasks` lists them")

    async def settle(self, name: str, billed: bool, task_id: str | None = None, *, force: bool = False) -> Attempt:
        """Write down what somebody found out about an uncertain attempt: whether it was billed, and its task's id.

        Errors: OutOfBounds when it is not uncertain, or there is no such attempt; when the task is another attempt's;
        and when it was settled otherwise before, unless `force` is given.
        """
        attempt = await self.find(name)
        # A task that was named by hand, and that no look has found, may have been another's name.
        named = attempt.settled is not None and attempt.task is not None and attempt.task.raw is None
        found_out = attempt.task is not None and not (named and force)
        if attempt.outcome not in (Outcome.UNCERTAIN, Outcome.ACCEPTED_WITHOUT_ID) or found_out:
            force_names = "force=True names another task, or none"
            way = force_names if named else "only an uncertain attempt can be settled by hand"
            raise _bad_id(f"{attempt.id[:8]} is {attempt.status}: {way}")
        found = Billed.YES if billed else Billed.NO
        if attempt.settled not in (None, found) and not force:
            before = "not billed" if billed else "billed"
            raise _bad_id(f"{attempt.id[:8]} was settled as {before} before: force=True settles it otherwise")
        task = None if task_id is None else attempt.draft(task_id)
        settled = attrs.evolve(attempt, settled=found, task=task, settled_by=this_process())
        end = await self.journal.write(self._records.ended(settled, unanswered=not named))
        if isinstance(end, Taken):
            raise _bad_id(f"task {task_id} is the task of attempt {end.by[:8]} already")
        if not end:
            raise _bad_id(f"{attempt.id[:8]} was answered just now")
        return settled

    async def dismiss(self, name: str) -> Attempt:
        """Write down that nobody waits for an attempt's task any more, nor for its files: `left` returns it no more.

        What it cost stays as it is. Errors: OutOfBounds when it has no task, or there is no such attempt.
        """
        attempt = await self.find(name)
        if attempt.task is None:
            way = "only a task can be dismissed; billed= and task_id= settle an attempt without one"
            raise _bad_id(f"{attempt.id[:8]} is {attempt.status}: {way}")
        dismissed = attrs.evolve(attempt, dismissed=True, settled_by=this_process())
        await self.journal.write(self._records.ended(dismissed))
        return dismissed

    # Left behind

    async def left(self) -> tuple[list[Attempt], list[str]]:
        """Return open attempts and undownloaded results whose owner is dead, or is this one, and what is uncertain.

        An attempt that has ended as uncertain is among them whoever owns it: nobody waits for it any more. An
        undownloaded result counts when its owner died without closing, or when `leave` was called for it. With the
        attempts come the dead owners, for `forget`.
        """
        dead = await self.journal.dead()
        found = [(entry, attempt_of(entry)) for entry in await self.journal.select(Query(left_by=dead))]
        ours = [
            attempt
            for entry, attempt in found
            if not entry.alive or entry.owner == self.journal.owner or _has_ended_without_task(attempt)
        ]
        return [attempt for attempt in ours if attempt.open or is_undownloaded(attempt)], dead

    async def leave(self, task: Task) -> bool:
        """Write down that a task's result is to be downloaded: until it is, `left` returns it, whoever asks later.

        Returns whether it is for this owner to download: while another one is alive that has it, it is not.
        """
        return await self.journal.write(Wanted(account=task.account, task_id=task.id)) is True

    async def want(self, task: Task) -> None:
        """Write down that a task's result is to be downloaded once there is one, by whoever is to take it up.

        That is the owner of its attempt while it is alive, and then whoever asks for what is `left`.
        """
        await self.journal.write(Wanted(account=task.account, task_id=task.id, stays=True))

    async def forget(self, owners: Sequence[str]) -> None:
        """Delete the markers of dead owners whose work was recovered."""
        await self.journal.forget(owners)

    async def idle(self, owners: Sequence[str]) -> list[str]:
        """Return those of some dead owners by whom `left` would find nothing, so that their markers are not needed."""
        entries = await self.journal.select(Query(left_by=owners))
        needed = {entry.owner for entry in entries if entry.undownloaded}
        return [owner for owner in owners if owner not in needed]

    # What grows old

    async def prune(
        self,
        before: datetime,
        *,
        texts: bool = False,
        keys: bool = False,
        uncollected: bool = False,
        dry_run: bool = False,
        now: datetime | None = None,
    ) -> "Pruning":
        """Let the attempts go that began and were over before the day (UTC) of a time; their sums stay.

        What is open, uncertain or being fetched stays, and what is paid for and not saved, unless each result
        that is missing should be gone by `now` (None: the present), as the provider declares. With `uncollected`, such
        attempts go too that may still be fetched: results that are paid for and were never saved. An attempt that
        bought something under an idempotency key only loses its texts (what was asked for, and the provider's words),
        so that the key buys nothing a second time; with `keys` it goes too, and the key may buy again. With `texts`,
        none goes, and all of them lose their texts. A few hundred attempts are pruned at once, and others write in
        between. With `dry_run`, nothing is changed. Errors: OutOfBounds for `texts` with `keys`.
        """
        if texts and keys:
            message = "with texts, every attempt is kept, and so are their idempotency keys"
            raise OutOfBounds(problems=[Problem(field="keys", message=message)])
        from .prune import prune

        what: What = "texts" if texts else "keys" if keys else "attempts"
        now = Clock().now() if now is None else now
        asked = Prunable(before=midnight(before).timestamp(), what=what, now=now.timestamp(), uncollected=uncollected)
        return await prune(self.journal, asked, self._records.hide, dry_run=dry_run)

    async def pruned(self) -> datetime | None:
        """Return the midnight (UTC) before which attempts were pruned; None where none was.

        Of each earlier day, `sums` are of all of it.
        """
        day = await self.journal.pruned()
        return None if day is None else datetime.fromtimestamp(day * DAY, UTC)

    # What is to be fetched

    async def uncollected(
        self,
        now: datetime,
        before: datetime | None = None,
        *,
        accounts: Collection[str] | None = None,
        **filters: Unpack[Filters],
    ) -> AsyncIterator[Attempt]:
        """Yield the attempts that are paid for, and whose results are not saved and were not dismissed.

        Those come first of which nobody knows when their results die, then those that die soonest, and last those that
        should be gone already. `before` leaves out what dies then or later. Each comes once, and few of them are in
        memory, however many there are; `limit` keeps the first. Errors: OutOfBounds, as attempts.
        """
        query = attrs.evolve(_query(**filters), accounts=accounts, first=PAGE)
        until = min(math.inf if each is None else each.timestamp() for each in (before, filters.get("expiring")))
        gone, left, yielded = now.timestamp(), filters.get("limit"), set[int]()
        for first, last in ((ANY_MOMENT, EARLIEST), (gone, until), (EARLIEST, min(gone, until))):
            async for entry in self._expiring(attrs.evolve(query, expires=(first, last), behind=(first, 0))):
                attempt = attempt_of(entry)
                if entry.number in yielded or not is_undownloaded(attempt) or not _fits(attempt, filters):
                    continue
                if left is not None and len(yielded) == left:
                    return
                yielded.add(entry.number)
                yield attempt

    async def _expiring(self, query: Query) -> AsyncIterator[Entry]:
        while entries := await self.journal.select(query):
            for entry in entries:
                yield entry
            last = entries[-1]
            query = attrs.evolve(query, behind=(_expiry_of(last), last.number))

    async def begin_fetch(self, task: Task) -> bool:
        """Return whether this process may fetch a task's files now, and then keep others from it until `end_fetch`.

        It may not while another one does that is alive. Callers of one process have to agree among themselves.
        """
        fetch, is_ours = (task.account, task.id), False
        self._fetching.add(fetch)
        try:
            is_ours = await self.journal.write(Fetching(account=task.account, task_id=task.id)) is True
        finally:
            if not is_ours:
                self._fetching.discard(fetch)
        return is_ours

    async def end_fetch(self, task: Task) -> None:
        """Let others fetch a task's files again. Where that cannot be written, `catch_up` does."""
        await self._end_fetch((task.account, task.id))

    async def _end_fetch(self, fetch: tuple[str, str]) -> None:
        account, task_id = fetch
        self._fetching.discard(fetch)
        try:
            await self.journal.write(Fetched(account=account, task_id=task_id))
        except BaseException:  # after a cancel, nobody hears whether it is written
            self._unfetched.add(fetch)
            self.outbox.late()
            raise
        self._unfetched.discard(fetch)

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Hold a name that no other process, nor another caller of this one, holds at the same time.

        What a killed process held is free. Errors: JournalError while somebody else holds it.
        """
        key = ALONE + as_text(name)
        if await self._hold(key, lambda: self.journal.claim(key, self._holder)) is None:
            if (why := await self.importing()) is not None:
                raise JournalError(why)
            error = JournalError(f"{self.journal.name}: {name!r} is under way already; wait until that has ended")
            error.held = name
            raise error
        try:
            yield
        finally:
            try:
                await self._release(key)
            except JournalError as error:  # what was done meanwhile is what counts; this ledger can hold it anew
                say(error, "%r is not released", name)

    async def importing(self) -> str | None:
        """Return why nobody can claim a key here, where an import has not ended; None where none is under way."""
        name = await self.journal.importing()
        if name is None:
            return None
        return (
            f"{self.journal.name}: the import of {name} has not ended, and nothing is bought under idempotency keys "
            f"until it has; `anymedia journal import {name}` goes on with it"
        )

    # The caller's own keys

    async def claim(self, key: str, request: Json) -> Claimed | None:
        """Claim an idempotency key for a request, and return what was bought under it before.

        None while another caller holds the key, or an attempt under it is still being sent. Errors: OutOfBounds when
        something was bought under it for another request.
        """

        async def claimed() -> Claimed | None:
            return await self._claimed(key, await self.digests(request))

        return await self._hold(key, claimed)

    async def _hold(self, key: str, claims: Callable[[], Awaitable[T | None]]) -> T | None:
        """Hold a key that no other caller of this ledger holds, and return its claim; None where it is another's."""
        if key in self._held:
            return None
        self._held.add(key)  # before it is claimed: a journal lets one holder claim a key twice
        claim = None
        try:
            claim = await claims()
        except BaseException:  # a cancel ends the wait, and not the claim
            self.journal.put(Released(key=key, holder=self._holder))
            self._late(key)
            raise
        finally:
            if claim is None:
                self._held.discard(key)
        self._unreleased.discard(key)
        return claim

    async def release(self, claimed: Claimed) -> None:
        """Let an idempotency key go. Where that cannot be written, this ledger can still claim it anew."""
        await self._release(claimed.claim.key)

    async def _release(self, key: str) -> None:
        self._held.discard(key)
        await self._let_go(key)

    async def _let_go(self, key: str) -> None:
        """Let go of a key in the journal; what cannot be written, or is not heard of, is written by `catch_up`."""
        try:
            await self.journal.write(Released(key=key, holder=self._holder))
        except BaseException:
            self._late(key)
            raise
        self._unreleased.discard(key)

    def _late(self, key: str) -> None:
        """Take note that a key is to be let go once the journal is back."""
        self._unreleased.add(key)
        self.outbox.late()

    async def _claimed(self, key: str, digests: Sequence[str]) -> Claimed | None:
        claim = await self.journal.claim(key, self._holder)
        if claim is None:
            return None
        bought = await self.bought(key, digests)
        if any(attempt.outcome is None for attempt in bought):
            await self._let_go(key)
            return None
        return Claimed(claim=claim, digest=digests[0], bought=bought)

    async def bought(self, key: str, digests: Sequence[str] | None) -> tuple[Attempt, ...]:
        """Return what was bought under an idempotency key, or may have been, for the request of digests, or for any.

        Errors: OutOfBounds when something was bought under it for another request.
        """
        entries = await self.journal.select(Query(idempotency_key=key))
        bought = [(entry, attempt) for entry in entries if may_be_paid(attempt := attempt_of(entry))]
        if any(attempt.outcome is None for _, attempt in bought):  # it may yet come to nothing
            return tuple(attempt for _, attempt in bought)
        for entry, attempt in bought:
            if digests is not None and entry.digest not in (None, *digests):
                raise _other_request(key, attempt)
        return tuple(attempt for _, attempt in bought)

    async def digest(self, request: Json) -> str:
        """Return what tells two requests apart, and from which no prompt can be read.

        The salt is in the journal: who has that can try whether a prompt was the one, and nobody can without it.
        """
        return (await self.digests(request))[0]

    async def digests(self, request: Json) -> list[str]:
        """Return the digest of a request, and behind it those that it has in journals that were imported."""
        return await self._keyed.digests(json.dumps(request, sort_keys=True).encode())

    async def learn_imported(self) -> None:
        """Learn of journals that were imported since this ledger was opened: of what was bought under their digests."""
        await self._keyed.look_again()


def _query(
    *,
    status: str | None = None,
    provider: str | None = None,
    account: str | None = None,
    kind: str | None = None,
    idempotency_key: str | None = None,
    labels: Mapping[str, str] | None = None,
    batch: str | None = None,
    since: datetime | None = None,
    open: bool | None = None,  # noqa: A002 - the field's word
    expiring: datetime | None = None,
    limit: int | None = None,
) -> Query:
    """Return the query of filters, without the limit. Errors: OutOfBounds for what none can be.

    An attempt that is being sent becomes uncertain when its owner dies.
    """
    if status is not None and status not in STATUSES:
        message = f"no attempt can be {status!r}; there are {', '.join(STATUSES)}"
        raise OutOfBounds(problems=[Problem(field="status", message=message)])
    if limit is not None and limit < 0:
        raise OutOfBounds(problems=[Problem(field="limit", message=f"must be 0 or more, not {limit}")])
    statuses = None if status is None else {status, SENDING} if status == Outcome.UNCERTAIN else {status}
    return Query(
        statuses=statuses,
        provider=provider,
        account=account,
        kind=kind,
        idempotency_key=idempotency_key,
        labels=labels or None,
        batch=batch,
        expires=None if expiring is None else (ANY_MOMENT, expiring.timestamp()),
        since=None if since is None else since.timestamp(),
        open=open,
    )


def _expiry_of(entry: Entry) -> float:
    """Return when an entry expires: another program may have written something else there."""
    expires = entry.expires
    return expires if isinstance(expires, float) and math.isfinite(expires) else ANY_MOMENT


def _fits(attempt: Attempt, filters: Filters) -> bool:
    """Return whether those filters hold for an attempt that its entry's columns do not tell all of."""
    is_status = filters.get("status") in (None, attempt.status)
    return is_status and (filters.get("expiring") is None or is_undownloaded(attempt))


# What counts


def _named(attempt: Attempt, task: Task) -> Attempt:
    """Return an attempt that was accepted, as a task of it shows, whatever its submit came to."""
    nothing: dict[str, Any] = {"error": None, "cause": None, "retry_after": None, "answer": None}
    return attrs.evolve(attempt, outcome=Outcome.ACCEPTED, task=task, sends=max(attempt.sends, 1), **nothing)


def _begun(attempt: Attempt) -> tuple[datetime, Process | None]:
    """Return what tells an attempt from one that another process has begun under the same id."""
    return attempt.started_at, attempt.bought_by


def _is_under_way(change: Late) -> bool:
    """Return whether another process may just be writing down the intent of a submit whose end this is."""
    if isinstance(change, Seen) or change.status != Outcome.NOT_SENT:
        return False
    return attempt_in(change.record, change.task).bought_by != this_process()


def _has_ended_without_task(attempt: Attempt) -> bool:
    return attempt.task is None and attempt.outcome is not None


def _day(moment: datetime, limit: Decimal) -> Limit:
    """Return a limit for the day of a moment, from midnight UTC."""
    return Limit(day=day_of(moment.timestamp()), most=int(EXACT.multiply(limit, NANO)))


# What is said


def day_told(account: str, limit: Decimal | None, spent: Decimal) -> str:
    """Return in words what an account may spend a day, and has spent."""
    return f"{account} may spend {dollars(limit)} a day: {dollars(spent)} are spent or reserved since midnight UTC"


def _over(attempt: Attempt, limit: Decimal | None, spent: int) -> OverCeiling:
    order = attempt.order
    return OverCeiling(
        f"{day_told(order.account, limit, usd_of(spent))}, and this costs {order.money}",
        account=order.account,
        provider=order.provider,
    )


def _other_request(key: str, attempt: Attempt) -> OutOfBounds:
    when = f"{attempt.started_at:%Y-%m-%d %H:%M} UTC"
    message = f"{key!r} was used for another request, at {when}; each request needs an idempotency key of its own"
    return OutOfBounds(problems=[Problem(field="idempotency_key", message=message)])


def _bad_id(message: str) -> OutOfBounds:
    return OutOfBounds(problems=[Problem(field="id", message=message)])
