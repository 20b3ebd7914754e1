"""What the steps of one client share: connections, clock, patience, journal, limits and listener."""

import asyncio
import logging
import math
import tempfile
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs

from anymedia.account import Account, Secret, fingerprint
from anymedia.clock import Clock
from anymedia.journal.away import say
from anymedia.journal.ledger import Claimed, Ledger
from anymedia.limits.health import Health
from anymedia.limits.permits import Permits
from anymedia.limits.shared import Shared
from anymedia.model.errors import AnymediaError, ConfigError, JournalError, Problem, Unavailable, Unsupported
from anymedia.model.money import Money
from anymedia.model.task import Attempt, Task
from anymedia.model.vocabulary import State
from anymedia.network import Network
from anymedia.observe.events import Answered, Event, Left, Sent, moved
from anymedia.observe.readers import Heard, Readers
from anymedia.storage import Storage
from anymedia.translate import decode, encode
from anymedia.translate.classify import Asked
from anymedia.translate.messages import Answer, Call, Into, Lost, Progress, always
from anymedia.transport.auth import NONE, Credentials
from anymedia.transport.download import keep
from anymedia.transport.http import DIRECT, Transport
from anymedia.transport.retry import Patience, retried
from anymedia.transport.stores import Stores

from .alerts import Alerts
from .catch_up import CatchUp
from .tokens import Tokens

UNAUTHORISED = 401

T = TypeVar("T")

LEFT_TASKS = 1000
"""The most tasks that `detached` holds."""

REMEMBERED = 10_000
"""The most attempts of which more is known here than is in the journal."""

_log = logging.getLogger("anymedia")


class Session:
    """The shared parts of one client; connections are opened at the first use and closed by `close`.

    `ledger` is None where no journal is kept; `stores` are the buckets that are used; `secrets` is where each token is
    listed, so that it is hidden. `detached` holds the latest accepted tasks whose callers were cancelled.
    """

    def __init__(
        self,
        clock: Clock,
        patience: Patience,
        on_event: Callable[[Heard], None] | None,
        ledger: Ledger | None,
        network: Network = DIRECT,
        storage: Storage | None = None,
        secrets: list[Secret] | None = None,
        daily_alert: Decimal | None = None,
    ) -> None:
        self.clock: Clock = clock
        self.tokens: Tokens = Tokens(clock, self._ask, self.asked, [] if secrets is None else secrets)
        self.detached: deque[Task] = deque(maxlen=LEFT_TASKS)
        self.ledger: Ledger | None = ledger
        self._shared = Shared(None if ledger is None else ledger.journal.limits, clock)
        self.permits: Permits = Permits(clock, self._shared)
        self.readers: Readers = Readers(on_event, self.permits.open_tasks)
        self.tell: Callable[[Event], None] = self.readers.tell
        self.alerts: Alerts = Alerts(daily_alert, ledger, clock, self.tell)
        self.health: Health = Health(clock, self.balance, self.tell, self._shared.tell)
        self._shared.minds = self.health
        self.patience: Patience = patience
        self.stores: Stores = Stores(storage, network.ca_file)
        self._network = network
        self._transport: Transport | None = None
        self._folder: Path | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fingerprints: dict[str, str] = {}
        self._catch_up = None if ledger is None else CatchUp(ledger)
        self._first: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._began: OrderedDict[str, float] = OrderedDict()

    @property
    def transport(self) -> Transport:
        """The connections, opened when they are first needed: inside the event loop."""
        if self._transport is None:
            self._transport = Transport(self._network)
        return self._transport

    def in_its_loop(self) -> None:
        """Bind the client to the running event loop. Errors: ConfigError for another loop than before."""
        loop = asyncio.get_running_loop()
        if self._loop is None and self._catch_up is not None:
            self._catch_up.begin()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise ConfigError("this client was used in another event loop before; each needs a client of its own")

    def begun(self, attempt: Attempt) -> None:
        """Take note that an attempt begins now."""
        self._began[attempt.id] = self.clock.monotonic()
        _bound(self._began)

    def age(self, attempt: Attempt) -> float:
        """Return how many seconds ago an attempt was begun; infinity where the clock says that it is still to come.

        Of this process's own attempts the monotonic clock knows it, which nobody sets back.
        """
        if attempt.id in self._began:
            return self.clock.monotonic() - self._began[attempt.id]
        age = (self.clock.now() - attempt.started_at).total_seconds()
        return age if age >= 0 else math.inf

    def replay_until(self, attempt: Attempt) -> datetime | None:
        """Return until when an attempt can be replayed (UTC); None where it never could be, or that is over."""
        until = attempt.replay_until
        return None if until is None or self.clock.now() > until else until

    def first_with(self, task: Task, attempt_id: str) -> str:
        """Return the attempt whose submit was the first to be answered with a task: this one, or another."""
        name = (task.account, task.id)
        first = self._first.setdefault(name, attempt_id)
        _bound(self._first)
        return first

    async def close(self) -> None:
        """Close every connection, and write down the ends that could not be written before."""
        self.readers.close()
        await self.alerts.close()
        await self.health.close()
        await self._shared.close()
        await self.tokens.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport = None
        if self._folder is not None:
            with suppress(OSError):  # a result is in it, which is its caller's
                self._folder.rmdir()
            self._folder = None
        if self.ledger is not None and self._catch_up is not None:
            await self._catch_up.close()
            await _caught_up(self.ledger)

    def fingerprint(self, account: Account) -> str:
        """Return the fingerprint of an account's API key."""
        if account.name not in self._fingerprints:
            self._fingerprints[account.name] = fingerprint(account.secret())
        return self._fingerprints[account.name]

    async def begin(
        self, attempt: Attempt, body: bytes | None, limit: Decimal | None, claim: Claimed | None = None
    ) -> Callable[[], bool]:
        """Record the intent of an attempt, tell the listener, and return what tells whether it may still be sent.

        Errors, after which nothing may be sent: JournalError, also when the `claim` of its key no longer stands;
        OverCeiling when the account's day would pass `limit` (USD).
        """
        await self.catch_up()
        stands = await self.lease()
        if self.ledger is not None:
            await self.ledger.intend(attempt, body, limit, claim)
        self.tell(Sent(attempt))
        return stands

    async def lease(self) -> Callable[[], bool]:
        """Return what tells whether what is begun now may be sent, just before it is. Errors: JournalError."""
        return always if self.ledger is None else await self.ledger.lease()

    async def end(self, attempt: Attempt) -> Attempt:
        """Record the outcome of an attempt, tell the listener, and return it as it is recorded. Errors: JournalError.

        Its task may be another attempt's: then it is recorded as accepted without an id. Where a webhook was faster, it
        is recorded as accepted with the task as the webhook told of it.
        """
        if attempt.task is not None and (first := self.first_with(attempt.task, attempt.id)) != attempt.id:
            attempt = attempt.without_task(first)
        try:
            if self.ledger is not None:
                attempt = await self.ledger.end(attempt)
        finally:
            self.tell(Answered(attempt))
            self.alerts.spent(attempt.reserved)
        return attempt

    async def catch_up(self) -> None:
        """Record the outcomes that could not be recorded before. Errors: JournalError."""
        if self.ledger is not None:
            await self.ledger.catch_up()

    async def failed(self, attempt: Attempt) -> Attempt:
        """Do as `end` for an attempt that failed; a fault of the journal is logged.

        It has a task where a webhook has named that meanwhile.
        """
        try:
            return await self.end(attempt)
        except JournalError as error:
            say(error, "attempt %s is %s, and that is not written down", attempt.id, attempt.outcome)
            return attempt

    def failed_later(self, attempt: Attempt) -> None:
        """Do as `failed` without waiting for the disk."""
        if self.ledger is not None:
            self.ledger.end_later(attempt)
        self.tell(Answered(attempt))

    async def kept(self, task: Task) -> Task:
        """Write a result that came as bytes to disk beside the journal; return it with paths. Errors: JournalError."""
        if self.ledger is None or all(asset.data is None for asset in task.assets):
            return task
        try:
            return await asyncio.to_thread(keep, task, self.ledger.results)
        except OSError as error:
            raise JournalError(f"{self.ledger.results}: {error.strerror or error}") from None

    async def kept_if_can_be(self, task: Task) -> Task:
        """Do as `kept`; where the disk does not take it, log that and leave the bytes in the task."""
        try:
            return await self.kept(task)
        except JournalError as error:
            _log.error("the result of task %s is not on disk: %s", task.id, error)
            return task

    async def see(
        self, task: Task, was: Task, *, by_webhook: bool = False, took: tuple[float, float] | None = None
    ) -> None:
        """Record how a task stands that `was` otherwise, and tell of it. The others are as in Ledger.see."""
        await self.note(task, by_webhook=by_webhook, took=took)
        self.saw(task, was)

    def saw(self, task: Task, was: Task) -> None:
        """Tell of a task that has moved on since it `was` otherwise, and of what its bill makes of the day."""
        self.tell(moved(task, was))
        if task.state.final and task.money != was.money:
            self.alerts.spent(task.money.usd)

    async def note(self, task: Task, *, by_webhook: bool = False, took: tuple[float, float] | None = None) -> None:
        """Record how a task stands; a fault of the journal is logged, since the provider still has the task."""
        if self.ledger is not None:
            try:
                await self.ledger.see(task, by_webhook=by_webhook, took=took)
            except JournalError as error:
                say(error, "task %s is %s, and that is not written down", task.id, task.state)

    def detach(self, tasks: Iterable[Task]) -> None:
        """Keep tasks in sight that nobody waits for any more, and tell of those that are billed all the same."""
        for task in tasks:
            self.detached.append(task)
            if task.failure is None and task.state is not State.CANCELED:
                self.tell(Left(task, self.ledger is not None))

    async def leave(self, task: Task) -> bool:
        """Record that the result of a task is still to be fetched; return whether it is for this process to fetch."""
        if self.ledger is None:
            return True
        try:
            return await self.ledger.leave(task)
        except JournalError as error:
            say(error, "the result of task %s is not fetched, and that is not written down", task.id)
            return True

    def asked(self, account: Account, model: str | None) -> Asked:
        """Return the account that is asked, and the time."""
        return Asked(
            adapter=account.adapter,
            account=account.name,
            origin=account.origin,
            model=model,
            now=self.clock.now(),
            secrets=(*account.secrets, *self.tokens.of(account.name)),
        )

    async def send(
        self, account: Account, call: Call, progress: Progress, credentials: Credentials = NONE, name: str = ""
    ) -> Answer:
        """Send a call once; an answer that is a file is put beside the journal, under this name. Errors: Lost."""
        if call.file:
            call = attrs.evolve(call, into=Into(self._results, name))
        began = self.clock.monotonic()
        answer = await self.transport.send(account, call, progress, credentials)
        return attrs.evolve(answer, took=self.clock.monotonic() - began)

    @property
    def _results(self) -> Path:
        """The folder for answers that are files: the journal's; without one, one that is made for them."""
        if self.ledger is not None:
            return self.ledger.results
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="anymedia-"))
        return self._folder

    async def read(
        self,
        account: Account,
        call: Call,
        model: str | None = None,
        name: str = "",
        begins: Callable[[], None] | None = None,
    ) -> Answer:
        """Send a call that buys nothing, once, and again where its token has ended; an answer that is a file has this
        name. `begins` is called once it has its permit. Errors: ProviderError."""

        async def send(credentials: Credentials) -> Answer:
            async with self.permits.poll(account):
                if begins is not None:
                    begins()
                return await self.send(account, call, Progress(), credentials, name)

        try:
            return await self._sent(account, call, send)
        except Lost as lost:
            raise self.asked(account, model).lost(lost, submit=False) from None

    async def upload(self, account: Account, call: Call) -> Answer:
        """Do as `read`, for a caller that holds a permit. Errors: Lost; ProviderError where there is no token."""
        return await self._sent(account, call, partial(self.send, account, call, Progress()))

    async def _sent(self, account: Account, call: Call, send: Callable[[Credentials], Awaitable[Answer]]) -> Answer:
        # Before the permit: the call for a token comes while others hold theirs, and waits for none.
        credentials = await self.tokens.credentials(account, call)
        answer = await send(credentials)
        if answer.status == UNAUTHORISED and self.tokens.forget(account, credentials):
            answer = await send(await self.tokens.credentials(account, call))
        return answer

    async def _ask(self, account: Account, call: Call, credentials: Credentials) -> Answer:
        return await self.transport.send(account, call, Progress(), credentials)

    async def balance(self, account: Account) -> Money:
        """Return the balance of an account. Errors: Unsupported where its provider tells none."""
        words = account.adapter.balance
        if words is None:
            problem = Problem(
                field="balance", message=f"{account.adapter.title} does not report a balance", unsupported=True
            )
            raise Unsupported(problems=[problem], account=account.name, provider=account.adapter.name)
        call = encode.look_up(account, words.path)
        answer = await self.retried(lambda: self.read(account, call), Unavailable)
        return decode.balance(self.asked(account, None), words, answer)

    async def retried(
        self,
        function: Callable[[], Awaitable[T]],
        *again: type[AnymediaError],
    ) -> T:
        """Call a function, and again after errors of these kinds, as long as patience allows."""
        return await retried(
            function,
            lambda error: isinstance(error, again) and not error.permanent,
            clock=self.clock,
            patience=self.patience,
        )


async def _caught_up(ledger: Ledger) -> None:
    """Record the outcomes that could not be recorded before, and log what is still not."""
    try:
        await ledger.catch_up()
    except JournalError as error:
        if ledger.outbox.in_memory:
            _log.error("%s attempts have ended, and that is not written down: %s", ledger.outbox.in_memory, error)
        elif ledger.spool is None:  # no outcome waits: this process holds keys, or turns to fetch
            _log.warning("others wait until this process ends for what it could not let go of: %s", error)
        else:
            _log.warning("outcomes wait in %s, until a process of this machine writes them: %s", ledger.spool, error)


def _bound(known: OrderedDict[Any, Any]) -> None:
    """Forget the oldest where too much is known."""
    if len(known) > REMEMBERED:
        known.popitem(last=False)
