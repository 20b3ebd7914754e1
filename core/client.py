"""The client: every configured account behind one set of verbs."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Self, TypeAlias, TypeVar, Unpack, overload

import attrs

from .account import Account, ApiKeys
from .clock import Clock
from .config import Config, load_config
from .engine.accepted import Accepted
from .engine.advance import Advance, Advances
from .engine.background import Background
from .engine.batch import Batch, Bounds, Calls
from .engine.batch_rows import Rows
from .engine.custody import Collected, Custody
from .engine.files import Files
from .engine.generate import Generation, submit
from .engine.handed_over import Elsewhere, HandedOver, sent
from .engine.handle import handle, opened
from .engine.idempotency import IdempotencyKeys, before, fault_of_name, latest
from .engine.plan import Plan, plan
from .engine.recover import Recoverer, Recovery
from .engine.refresh import refresh
from .engine.route import Route, route_of
from .engine.session import Session
from .engine.sidecar import Sidecar, Sidecars
from .engine.submits import Submits
from .engine.watch import Watch
from .journal.ledger import Claimed, Filters, Ledger
from .journal.opening import open_journal
from .journal.protocol import Journal
from .limits.ceiling import Budget
from .limits.health import AccountHealth
from .model.batch import Row
from .model.errors import (
    AnymediaError,
    BadRows,
    ConfigError,
    OutOfBounds,
    Problem,
    ProviderError,
    Unavailable,
    Unsupported,
    WebhookRefused,
    is_the_callers,
)
from .model.money import Money
from .model.names import no_such
from .model.options import GenerateOptions, OnUnsupported, Options, SubmitOptions, refuse, seconds, shows_options, usd
from .model.quote import Quote
from .model.request import AnyRequest, RawRequest, Request
from .model.task import Asset, Attempt, Result, Saved, SavedFile, Task
from .model.urls import without_user
from .network import Reached
from .observe.events import Refused
from .observe.readers import Heard
from .pricing.explain import Explanation, explain
from .pricing.live import LivePrices
from .pricing.model_names import of_known_model
from .pricing.offers import Candidate, candidates
from .pricing.quote import ordered, quote_of
from .registry import adapters
from .translate.messages import Lost
from .translate.waiting import moment_of
from .transport.places import Place
from .transport.retry import Patience

if TYPE_CHECKING:
    from .engine.webhooks import Body, Headers, Webhooks

Where: TypeAlias = str | os.PathLike[str] | None
"""Where results go: a folder, a bucket like "s3://bucket/prefix", or None for where the configuration says."""

P = ParamSpec("P")
T = TypeVar("T")

TIMEOUT = 600.0
"""Seconds that `submit`, `wait`, `generate` and `recover` take unless told otherwise."""

AT_ONCE, ROW_TIMEOUT = 256, 3600.0
"""Rows of a batch that are in flight, and seconds that each takes, unless told otherwise."""

LONGEST_NAME = 200
"""Characters of a batch's name at most: it stands in the keys of rows."""

PLANS = 8
"""Requests that are planned in one turn of the event loop."""

OPTIONS = GenerateOptions.__annotations__
"""The options of a call."""

_log = logging.getLogger("anymedia")


def _in_its_loop(
    method: Callable[Concatenate["Client", P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Client", P], Coroutine[Any, Any, T]]:
    """Refuse a method in another event loop than the one in which the client was first used. Errors: ConfigError."""

    @wraps(method)
    async def bound(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        client._session.in_its_loop()  # noqa: SLF001 - it is a method of the class
        try:
            return await method(client, *args, **kwargs)
        except AnymediaError as error:
            if is_the_callers(error):
                raise error.with_traceback(None) from None  # its traceback ends where the caller stands
            raise

    return bound


def _told(
    method: Callable[Concatenate["Client", P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Client", P], Coroutine[Any, Any, T]]:
    """Hold a span around a method, where there are spans; its first argument is the request, or the task."""

    @wraps(method)
    async def told(client: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        subject = args[0] if args else kwargs.get("request", kwargs.get("task"))
        with client._session.readers.verb(method.__name__, subject):  # noqa: SLF001 - it is a method of the class
            return await method(client, *args, **kwargs)

    return told


class Client:
    """Every configured account behind one set of verbs.

    `config` is a Config, the path of an anymedia.toml, or None for the one that is found (else the API keys in the
    environment). Every attempt is written to a journal before anything is sent: to `journal`, which stays open and is
    the caller's to close, or to the one that the config names, which `close` closes. `on_event` sees every Attempt as
    it is sent and answered, every Task as it moves on, and an Alert once the attempts of a day (UTC) come to more than
    `daily_alert` USD, which [alerts] daily says where it is not given: once a day, over all processes that share the
    journal. Use it as `async with Client() as client`: closing waits for
    the answers of submits that are under way. A client belongs to the event loop in which it is first used: elsewhere
    each method raises ConfigError.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        clock: Clock | None = None,
        on_event: Callable[[Heard], None] | None = None,
        patience: Patience | None = None,
        journal: Journal | None = None,
        daily_alert: Decimal | str | float | None = None,
    ) -> None:
        self.config: Config = config if isinstance(config, Config) else load_config(config)
        place = self.config.journal
        if self.config.webhooks is not None and journal is None and place is None:
            raise ConfigError("[webhooks] needs the journal, which is switched off: a callback is known by its attempt")
        self._opened = (
            None
            if journal is not None or place is None
            else open_journal(place, lease=self.config.lease, folder=self.config.folder)
        )
        self.journal: Journal | None = self._opened if journal is None else journal
        secrets = [secret for account in self.config.accounts.values() for secret in account.secrets]
        hide = ApiKeys(secrets)
        self._ledger = None if self.journal is None else Ledger(self.journal, prompts=self.config.prompts, hide=hide)
        self._session = Session(
            clock or Clock(),
            patience or Patience(),
            on_event,
            self._ledger,
            self.config.network,
            self.config.storage,
            secrets,
            self._alert_at(daily_alert),
        )
        self._session.permits.account = self.config.accounts.get
        self._submits = Submits(self._session)
        self._keys = IdempotencyKeys(self._session)
        self._live = LivePrices.at(self.config.live_prices)
        self._watch = Watch(self._session)
        self._files = Files(self._session, self._account, self.config.accounts.values())
        self._custody = Custody(self._session, self._watch, self._files, self.config.account)
        self._background = Background(self._custody)
        self._advances = Advances(self._session, self._watch, self._custody, self._account)
        self._planning = asyncio.Semaphore(PLANS)
        self._recovering = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._session.in_its_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _alert_at(self, given: Decimal | str | float | None) -> Decimal | None:
        """Return the USD of a day that are told of. Errors: OutOfBounds; ConfigError without a journal."""
        daily = self.config.daily_alert if given is None else usd(given, "daily_alert")
        if daily is not None and self.journal is None:
            raise ConfigError("[alerts] needs the journal, which is switched off: it knows what a day has cost")
        return daily

    @_in_its_loop
    async def close(self) -> None:
        """Wait for the answers of submits under way, then close every connection, and the journal if it opened it."""
        await self._submits.close()
        if "_webhooks" in vars(self):  # it is made once something comes in
            await self._webhooks.close()
        await self._background.close()
        await self._watch.close()
        await self._session.close()
        if self._opened is not None:
            await self._opened.close()

    @property
    def detached(self) -> tuple[Task, ...]:
        """The latest accepted tasks (1,000 at most) that nobody waits for: their callers were cancelled."""
        return tuple(self._session.detached)

    @property
    def submitting(self) -> int:
        """How many submits are under way."""
        return len(self._submits)

    @property
    def longest_wait(self) -> float:
        """The longest, in seconds, that `close` would still wait for the answers of submits under way."""
        return self._submits.longest

    # Before anything is sent

    def explain(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Explanation]:
        """Return how each offer of the accounts (all, when none is named) would be asked; sends nothing.

        Errors: Unsupported for a model or an offer that does not exist.
        """
        return list(map(explain, self._candidates(request, accounts, offer, on_unsupported)))

    def quote(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Quote]:
        """Return what each offer of the accounts (all, when none is named) would cost: the cheapest first.

        Unknown prices come last, refusals after them; sends nothing. Errors: Unsupported for a model or an offer that
        does not exist.
        """
        return ordered(map(quote_of, self._candidates(request, accounts, offer, on_unsupported)))

    @shows_options
    def route(self, request: Request, *accounts: str, **options: Unpack[GenerateOptions]) -> Route:
        """Return the way that `generate` would go with the same options, and the worst case; sends nothing.

        Errors: Unsupported for a model or an offer that does not exist, OutOfBounds for an option.
        """
        terms = self._terms(request, options)
        return route_of(self._plan(request, accounts, terms), terms)

    @_in_its_loop
    async def refresh_prices(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[AnymediaError]:
        """Ask the providers that publish prices what a request would cost, and keep that for this and later processes.

        An API key is sent to those alone whose price list needs one. Returns the errors, which changed nothing. Errors:
        OSError when the prices cannot be kept.
        """
        priced = self._candidates(request, accounts, offer, on_unsupported)
        return await refresh(priced, self._session, self._live)

    # The life of a task

    @shows_options
    @_in_its_loop
    @_told
    async def submit(
        self, request: AnyRequest, *accounts: str, timeout: float | None = TIMEOUT, **options: Unpack[SubmitOptions]
    ) -> Task:
        """Submit a request that one task makes, and return the task as it was accepted; `Task.account` says where.

        It goes the route of `generate`: the offer that the policy puts first, and the next where that is safe. What
        provably was not billed is tried again; what may have been is not. An offer that needs several tasks is skipped.
        `timeout` is in seconds. Options: `offer` pins one by its name, `fallback=False` stays at the first;
        `on_unsupported="drop"` leaves out what an offer does not take; `check=False` switches documented limits off;
        `idempotency_key` is the caller's own name for the request: it is bought once under it, by whichever process and
        however often, and `bought_before` tells a task that an earlier call bought. Where another call is buying under
        it, this one waits for that, `timeout` seconds at most. `max_price` is in USD, and `allow_unknown_price` admits
        offers of unknown price; `policy`, `on_uncertain` and `on_blocked` are as at `generate`. Options that are not
        given are as the configuration's [route] says.
        Errors: RequestError, ConfigError and JournalError before anything is sent; ProviderError when it was refused;
        NoRoute when several offers failed, each with its own error; SubmitUncertain when it may have been billed, by
        this call or an earlier one under the key; DeadlineExceeded, without a task, when another call was still buying
        under the key: this one has sent nothing, and is to be made again.
        """
        terms, deadline = self._terms(request, options), self._deadline(timeout)
        made: list[Task] = []
        try:
            async with self._held(request, terms, deadline) as claimed:
                made.append(await self._submitted(request, accounts, terms, deadline, claimed))
                return made[0]
        except asyncio.CancelledError:  # while the key was released
            self._session.detach(made)
            raise

    async def _submitted(
        self,
        request: AnyRequest,
        accounts: Sequence[str],
        terms: Options,
        deadline: float,
        claimed: Claimed | None,
    ) -> Task:
        earlier = {} if claimed is None else latest(claimed.bought)
        if len(earlier) > 1:
            message = f"{len(earlier)} tasks were bought under this key; generate returns them all"
            raise OutOfBounds(problems=[Problem(field="idempotency_key", message=message)])
        if earlier:
            return before(earlier[min(earlier)], self._session)
        planned = self._plan(request, accounts, terms, one_task=True)
        return await submit(planned, terms, deadline, self._submits, claimed)

    @_in_its_loop
    async def get(self, task: Task) -> Task:
        """Look once at a task and return it as it stands; a passing fault is tried again.

        Errors: ProviderError when the look failed: the task is not touched by it.
        """
        if task.state.final:
            return task
        with Accepted(task):
            return await self._watch.once(self._account(task), task)

    @_in_its_loop
    @_told
    async def wait(self, task: Task, timeout: float | None = TIMEOUT) -> Task:
        """Look at a task at its provider's pace until it has succeeded, and return it.

        No failed look loses the task: looking goes on until `timeout` (seconds; None: without end, 0: one look).
        Errors: TaskFailed; Blocked when moderation withheld it; DeadlineExceeded with the live task; MalformedAnswer
        when it has succeeded and its answer holds no result.
        """
        with Accepted(task):
            limit, account = seconds(timeout, zero=True), self._account(task)
            if limit == 0:
                return await self._watch.done(account, task)
            return await self._watch.until_done(account, task, limit)

    @_in_its_loop
    async def advance(
        self,
        task: Task | Attempt | str,
        where: Where | Literal[False] = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
    ) -> Advance:
        """Take one step of a task, for an engine whose jobs may be run more than once: look at it, or save its files.

        `task` is a task, its attempt, or the id of either, as `find` takes it. A job should carry the attempt's, which
        is the `attempt_id` of each Advance: the journal says all else. What is over there is not looked at again, nor
        is one that cannot be done by now. What a look finds is written down, and the files of a task that has succeeded
        are saved in `where`, with `names` and a `sidecar`, as at generate: by one caller at a time, who tries once.
        `after` of the Advance says in how many seconds to come again; None: nothing is left to be done, for a task that
        failed too, which is returned. What passes by itself (the provider is not reached, a link does not answer yet)
        is told in its `error`, and to be met again `after` that.
        Errors: ProviderError where a look fails for good, DownloadError where a result cannot be saved any more,
        SubmitUncertain for an attempt that may have been billed and has no task; OutOfBounds for an id of none, or of
        one that was refused; ConfigError for an account or a place that is none, and for an id without a journal;
        JournalError where an id cannot be looked up. Nothing is lost by any of them: the same call takes up the task.
        """
        given: object = task
        if not isinstance(given, Task | Attempt | str):
            message = (
                f"a Task, an Attempt or the id of one is advanced, and the place stands behind it, not {given!r:.60}"
            )
            raise OutOfBounds(problems=[Problem(field="task", message=message)])
        if isinstance(task, str):
            self._written("nothing tells what an id names")
        place = self._place(where, names)
        return await self._advances.advance(
            task, place, lambda attempt: self._sidecars(sidecar, [] if attempt is None else [attempt])
        )

    @shows_options
    @_in_its_loop
    @_told
    async def generate(
        self,
        request: AnyRequest,
        *accounts: str,
        timeout: float | None = TIMEOUT,
        where: Where | Literal[False] = None,
        names: str | None = None,
        sidecar: Sidecar = False,
        **options: Unpack[GenerateOptions],
    ) -> Result:
        """Make all of a request: at the offer that the policy puts first, and at the next where that is safe.

        Several tasks are submitted when `count` asks for more than one makes; any success is a result, with what is
        missing named. `timeout` (seconds) is for all of that. The files are saved in `where`, with `names` and a
        `sidecar`, as with download; None is the configured storage where its `results` are on, else they are not saved,
        as with False. What cannot be saved is told in `errors` of the result, and `collect` tries again.
        Options, beside those of submit: `policy` (ordered,
        cheapest, spread, or a function; without one the accounts are asked in the order in which they are named here or
        in [route], and where neither names any, the cheapest offer is asked first); `fallback=False` stays at the first
        offer; `max_price` holds over all attempts and parts; within it `on_uncertain="continue"` goes on after a submit
        that may have been billed, and `on_blocked="continue"` after moderation; `mix=True` lets the missing pictures
        come from another offer.
        Options that are not given are as the configuration's [route] says.
        Errors: as submit and wait, or NoRoute, when no task succeeded; `attempts` of each lists what was tried.
        """
        terms, deadline = self._terms(request, options), self._deadline(timeout)
        place = self._place(where, names)  # what is no place is told before anything is sent
        result = await self._generated(request, accounts, terms, deadline)
        if place is None:
            return result
        try:
            return await self._custody.kept(result, place, self._sidecars(sidecar, result.attempts))
        except asyncio.CancelledError:  # while the files were saved
            self._session.detach(result.tasks)
            raise

    async def _generated(
        self,
        request: AnyRequest,
        accounts: Sequence[str],
        terms: Options,
        deadline: float,
        budget: Budget | None = None,
        each: float = 0.0,
        workers: Elsewhere | None = None,
    ) -> Result:
        made: list[Task] = []
        submits = self._submits if workers is None else workers.submits(self._session, request, terms)
        watch = self._watch if workers is None else workers.waits(self._session)
        try:
            async with self._held(request, terms, deadline) as claimed:
                planned = await self._planned(request, accounts, terms, () if claimed is None else claimed.bought)
                generation = Generation(planned, terms, deadline, submits, watch, self._account, claimed, budget, each)
                result = await generation.result()
                made += result.tasks
                return result
        except asyncio.CancelledError:  # while the key was released
            self._session.detach(made)
            raise

    @shows_options
    def batch(
        self,
        rows: Iterable[Row | AnyRequest],
        *accounts: str,
        name: str,
        where: Where | Literal[False] = None,
        names: str | None = None,
        sidecar: Sidecar = False,
        budget: Decimal | str | float | None = None,
        at_once: int = AT_ONCE,
        timeout: float | None = ROW_TIMEOUT,
        workers: Elsewhere | None = None,
        **options: Unpack[GenerateOptions],
    ) -> Batch:
        """Return the batch of these rows under a name, which is run by its own methods; nothing is sent before.

        Each row is bought as `generate` buys it, once, however often the batch is started again under its name, by
        this process or a later one. `rows` are requests, or Rows that say more of one: its idempotency key, its
        accounts, its offer. `name` is the caller's own, of up to 200 printable characters.

        Results are saved to `where`, with `names` and a `sidecar`, as with download; None is the configured storage
        where its `results` are on, else nowhere, and False is nowhere. `budget` (USD) holds over all rows and all
        runs of the batch, for what was billed and what may have been. At most `at_once` rows are in flight, and rows
        that go to other accounts than a slow one are not held up by it. `timeout` (seconds) is for each row, from when
        it is sent; one that waits for its turn waits on while other rows end. `workers` (anymedia.worker.Workers) has
        worker processes send the rows and look at their tasks; this one plans them, holds the budget, and waits.
        Options are as at generate, and hold for every row; `offer` and the accounts hold where a row names none.
        Options that are not given are as the configuration's [route] says.
        Errors: OutOfBounds for a name, a bound or an option, ConfigError without a journal, or for a place or a
        pattern that is none.
        """
        if "idempotency_key" in options:
            refuse("idempotency_key", "each row of a batch has its own: give it with the Row")
        if (fault := fault_of_name(name, LONGEST_NAME)) is not None:
            refuse("name", fault)
        if type(at_once) is not int or at_once < 1:
            refuse("at_once", f"must be a whole number of rows, 1 or more, not {at_once!r:.60}")
        terms = self._options(options)
        ledger = self._written("a batch cannot be started again without it")
        listed = [row if isinstance(row, Row) else Row(request=row) for row in rows]
        if workers is not None:
            _check_handed_over(listed, workers)
        calls = Calls(
            session=self._session,
            ledger=ledger,
            generated=partial(self._row, workers),
            workers=workers,
            **self._saving(self._place(where, names), sidecar),
        )
        return Batch(
            name,
            Rows(name, listed, accounts, terms, ledger=ledger, known=self._known, planned=self._planned),
            terms,
            Bounds(budget=None if budget is None else usd(budget, "budget"), at_once=at_once, timeout=seconds(timeout)),
            calls,
        )

    async def _row(
        self,
        workers: Elsewhere | None,
        request: AnyRequest,
        accounts: Sequence[str],
        terms: Options,
        deadline: float,
        budget: Budget,
    ) -> Result:
        """Make a row of a batch, as `generate` makes a request; its tasks have all of its time, once they are sent."""
        each = deadline - self._session.clock.monotonic()
        with self._session.readers.verb("generate", request):
            return await self._generated(request, accounts, terms, deadline, budget, each, workers)

    @_in_its_loop
    async def _sent(self, order: HandedOver, timeout: float) -> Attempt:
        """Send an order that another process has planned, in so many seconds. Errors: as submit."""
        planned = self._plan(order.request, [order.account], order.terms)
        return await sent(order, planned, self._submits, self._deadline(timeout))

    def _saving(self, place: Place | None, sidecar: Sidecar) -> dict[str, Any]:
        """Return how a batch saves what is made, and finds out beforehand whether the place takes it; or nothing."""
        if place is None:
            return {}

        async def saved(result: Result, until: float) -> tuple[Result, list[AnymediaError]]:
            return await self._custody.saved_all(result, place, self._sidecars(sidecar, result.attempts), until)

        return {"saved": saved, "check_place": partial(self._files.check, place)}

    def wake(self, task: Task) -> None:
        """Make the next look at a task due at once, for whoever waits for it with this client."""
        with suppress(RuntimeError):  # where no event loop runs, nobody waits
            self._session.in_its_loop()
        self._watch.wake(task)

    @_in_its_loop
    async def receive(self, account: str, headers: "Headers", body: "Body", token: str | None = None) -> Task | None:
        """Take a webhook that was posted for an account, and return the task that it is about, as it then stands.

        `body` is all of it, or yields it piece by piece; `token` is what stands behind the account's name in the path
        that it was posted to. A signature over the body makes it an answer like a look's; what else is genuine has the
        task looked at, within the account's rate. The task is written down, and whoever waits for it hears of it, in
        other processes too. A duplicate, or what comes too late, changes nothing. None for a task that no attempt has:
        `unknown` returns it from then on.
        Errors: WebhookRefused where nothing proves where it comes from; ConfigError without a journal; JournalError and
        ProviderError where it should come again. anymedia.webhooks serves it over HTTP.
        """
        held = self.config.accounts.get(account)
        ledger = self._written("nothing tells what a webhook is about")
        if held is None:
            refused = WebhookRefused("no configured account has this name")
            self._session.tell(Refused(account, str(refused)))
            raise refused
        task = await self._webhooks.receive(held, ledger, headers, body, token)
        if task is not None:
            self._save_later(task)
        return task

    @cached_property
    def _webhooks(self) -> "Webhooks":
        from .engine.webhooks import Webhooks  # which few processes receive

        self._watch.late = self._save_later
        return Webhooks(self._session, self._watch)

    def _save_later(self, task: Task) -> None:
        """Save the results of a task of which a webhook told, in the background."""
        if not self._background.has_begun:
            try:
                self.collect_in_background()
            except ConfigError as error:  # the webhook was taken all the same
                _log.error("results of which webhooks tell are not saved: %s", error)
                self.collect_in_background(where=False)
        self._background.add(task)

    def collect_in_background(
        self, where: Where | Literal[False] = None, *, on_saved: Callable[[Task], None] | None = None
    ) -> None:
        """Save, until the client is closed, what `collect` would, and every result of which a webhook tells.

        `where` is a place as with download; None is the configured storage where its `results` are on, else results are
        left for `collect`, and one warning says so; False leaves them without. They are tried until their links die,
        and nothing that waits for webhooks waits for a file. `on_saved` is called with each task whose files are saved.
        Call it in the event loop of the client; a later call names another place. Errors: ConfigError for a place that
        is none, and without a journal.
        """
        self._session.in_its_loop()
        ledger = self._written("nothing tells what is to be collected")
        self._background.begin(ledger, self._place(where), on_saved, warns=where is not False)

    @_in_its_loop
    async def cancel(self, task: Task) -> Task:
        """Ask the provider to stop a task, and return it as it then stands; one that has ended is returned as it is.

        Errors: Unsupported where none can; ProviderError when it refuses, and the task goes on.
        """
        if task.state.final:
            return task
        account = self._account(task)
        endpoint = account.adapter.life(task.lifecycle).cancel
        if endpoint is None:
            problem = Problem(field="cancel", message=f"{account.adapter.title} cannot cancel a task", unsupported=True)
            raise Unsupported(problems=[problem], account=account.name, provider=task.provider, task_id=task.id)
        try:
            await self._watch.follow(account, endpoint, task)
        except ProviderError:
            if (seen := await self._ended(account, task)) is None:
                raise
            return seen
        return await self._watch.once(account, task)

    async def _ended(self, account: Account, task: Task) -> Task | None:
        """Look at a task that could not be stopped, and return it if it has ended."""
        try:
            seen = await self._watch.once(account, task)
        except ProviderError:
            return None
        return seen if seen.state.final else None

    @overload
    async def download(
        self, done: Task | Result, where: os.PathLike[str], *, names: str | None = None, sidecar: Sidecar = False
    ) -> tuple[SavedFile, ...]: ...

    @overload
    async def download(
        self, done: Task | Result, where: str | None = None, *, names: str | None = None, sidecar: Sidecar = False
    ) -> tuple[Saved, ...]: ...

    async def download(
        self,
        done: Task | Result,
        where: str | os.PathLike[str] | None = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
    ) -> tuple[Saved, ...]:
        """Save every asset, never over another file, and return them with their locations, in the order given.

        `where` is a folder, or a bucket like "s3://bucket/prefix"; None is the configured storage where its `results`
        are on, else the working directory. Files are named by a pattern, like "{model}/{task}-{number}.{ext}".
        `sidecar` writes JSON beside each: where it comes from, what it is, and the digest of the request ("request":
        the request itself, where prompts are kept). What the journal knows to be there, or at hand elsewhere, is not
        fetched again. A file that does not come is asked for again for about a minute, while its link lives. Errors:
        ConfigError for a place or a pattern that is none; DownloadError with the task, which stays billed; the other
        files are saved all the same, and `recover` tries again for what could not be saved.
        """
        self._session.in_its_loop()
        given: object = done
        if not isinstance(given, Task | Result):
            message = f"a Result or a Task is downloaded, and the place stands behind it, not {given!r:.60}"
            raise OutOfBounds(problems=[Problem(field="done", message=message)])
        place = self._files.place(where, names)
        tasks, attempts = (done.tasks, done.attempts) if isinstance(done, Result) else ((done,), ())
        return await self._files.download(tasks, place, self._sidecars(sidecar, attempts))

    def _sidecars(self, sidecar: Sidecar, attempts: Sequence[Attempt] = ()) -> Sidecars | None:
        whole = sidecar == "request" and self.config.prompts
        return Sidecars(attempts, self._ledger, whole) if sidecar else None

    async def read(self, asset: Asset) -> AsyncIterator[bytes]:
        """Yield the bytes of an asset, piece by piece: from the disk, from the storage, else from its link.

        Errors: DownloadError, also behind the last byte of a file that is not the one that was saved; ConfigError.
        """
        self._session.in_its_loop()
        async for piece in self._files.read(asset):
            yield piece

    @_in_its_loop
    async def check_storage(self, where: str | os.PathLike[str] | None = None, *, names: str | None = None) -> str:
        """Return where `download` would put results, once something was written there, and taken away again.

        Errors: ConfigError for `names` that do not do there, or with the reason why nothing can be written.
        """
        return await self._files.check(self._files.place(where, names))

    # What was left behind

    def handle(self, task: Task) -> str:
        """Return a task as plain JSON of 1,000 bytes at most, which `open` takes in any process.

        Errors: OutOfBounds for a task that no handle can name, ConfigError when its account or the API key is missing.
        """
        return handle(task, self._account(task))

    def open(self, text: str, *, any_api_key: bool = False) -> Task:
        """Return the task that a handle names, to be waited for.

        `any_api_key` takes it although the account has another API key now. Errors: OutOfBounds for what is no handle,
        ConfigError when its account is missing or has another API key.
        """
        return opened(text, self.config, any_api_key=any_api_key)[0]

    @_in_its_loop
    async def recover(
        self,
        where: str | os.PathLike[str] | None = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
        timeout: float | None = TIMEOUT,
        replay: bool = False,
        any_api_key: bool = False,
        accounts: Collection[str] | None = None,
    ) -> Recovery:
        """Take up what earlier processes left: wait for live tasks, fetch their results; report all that is uncertain.

        Files go to `where`, with `names` and a `sidecar`, as with download; None is the configured storage where its
        `results` are on, else they are not fetched. `replay` sends uncertain submits again where the provider still
        honours their replay key, until `Attempt.replay_until`; nothing else is ever sent again. What other living
        processes wait for is left to them; an uncertain submit, for which nobody waits, is reported whoever sent it.
        `any_api_key` takes up what was submitted with an API key that the account no longer has, and replays none of
        it. `accounts` leaves to other clients what was bought at any but these.
        Errors: ConfigError without a journal or for an account that is not configured, JournalError.
        """
        limit = seconds(timeout)
        recoverer = Recoverer(
            account_of=self.config.account,
            ledger=self._written("there is nothing to recover from"),
            session=self._session,
            submits=self._submits,
            watch=self._watch,
            custody=self._custody,
            sidecars=self._sidecars(sidecar),
            any_api_key=any_api_key,
            accounts=None if accounts is None else {account.name for account in self._named(accounts)},
        )
        place = self._place(where, names)
        async with self._recovering:  # a second call at once would fetch every file again
            return await recoverer.recover(limit, place, replay=replay)

    def _place(self, where: Where | Literal[False], names: str | None = None) -> Place | None:
        """Return where results go; None where nobody says, or it is False. Errors: ConfigError."""
        known = self.config.storage
        if where is False or (where is None and (known is None or not known.results)):
            return None
        return self._files.place(where, names)

    @_in_its_loop
    async def collect(
        self,
        where: Where = None,
        *,
        names: str | None = None,
        sidecar: Sidecar = False,
        before: datetime | None = None,
        accounts: Collection[str] | None = None,
        batch: str | None = None,
    ) -> Collected:
        """Save every result that is paid for and finished, and not on disk or in a storage: soonest to die first.

        `where`, `names` and `sidecar` are as with download. `before` leaves what dies then or later; `accounts` and
        `batch` leave what was bought elsewhere. Nothing is bought, and no live task is waited for. A download that
        fails is tried again until its link dies, and the provider is asked for newer links where that helps; what could
        not be saved is in `errors`, and stays to be collected. Where the place takes nothing, the rest is left.
        Errors: ConfigError for a place or a pattern that is none, without a journal, and for an account that is not
        configured; OutOfBounds for a `before` without a time zone; JournalError.
        """
        ledger = self._written("nothing tells what is to be collected")
        if before is not None and before.tzinfo is None:
            raise OutOfBounds(problems=[Problem(field="before", message="a time with its zone is needed")])
        bought_at = None if accounts is None else {account.name for account in self._named(accounts)}
        left = ledger.uncollected(self._session.clock.now(), before, accounts=bought_at, batch=batch)
        place = self._files.place(where, names)
        await ledger.check_stays()
        return await self._custody.collect(left, place, lambda attempt: self._sidecars(sidecar, [attempt]))

    # What the journal holds

    @_in_its_loop
    async def attempts(self, **filters: Unpack[Filters]) -> list[Attempt]:
        """Return the attempts in the journal for which every given filter holds, in the order in which they were begun.

        Filters: `status` (a task's state, or how a submit ended without one), `provider`, `account`, `idempotency_key`,
        `labels` (each has to be there), `batch`, `since` (a datetime), `open` (whether they may still change),
        `expiring` (a datetime: paid for and not saved, with links that die before it, or nobody knows when);
        `limit` keeps the newest. Errors: ConfigError without a journal, JournalError.
        """
        return await self._written("there are no attempts to read").attempts(**filters)

    async def each_attempt(self, **filters: Unpack[Filters]) -> AsyncIterator[Attempt]:
        """Yield what `attempts` returns, few of them in memory at once. Filters and errors: as attempts."""
        self._session.in_its_loop()
        async for attempt in self._written("there are no attempts to read").each(**filters):
            yield attempt

    @_in_its_loop
    async def find(self, name: str) -> Attempt:
        """Return the attempt with an id (its first letters will do), or with a task of that id.

        Errors: OutOfBounds when there is none, or more than one; ConfigError without a journal, JournalError.
        """
        return await self._written("there is no attempt to find").find(name)

    @_in_its_loop
    async def settle(self, name: str, billed: bool, task_id: str | None = None, *, force: bool = False) -> Attempt:
        """Write down what you found out about an uncertain attempt: whether it was billed, and its task's id.

        Returns the attempt as it then stands; `recover` waits for the task. Errors: OutOfBounds when it is not
        uncertain, there is no such attempt, the task is another attempt's, or (unless `force` is given) it was settled
        otherwise before; ConfigError without a journal, JournalError.
        """
        ledger = self._written("there is no attempt to settle")
        attempt = await ledger.settle(name, billed, task_id, force=force)
        self._session.permits.found(attempt)
        return attempt

    @_in_its_loop
    async def dismiss(self, name: str) -> Attempt:
        """Write down that nobody waits for a task any more, nor for its files: `recover` leaves it alone from then on.

        What it cost stays as it is. Errors: OutOfBounds when there is no such attempt, or it has no task; ConfigError
        without a journal, JournalError.
        """
        return await self._written("there is no task to dismiss").dismiss(name)

    @_in_its_loop
    async def unknown(self) -> list[Task]:
        """Return the tasks that signed webhooks told of and that no attempt in the journal has, the latest first.

        Somebody else bought them with the same account, or with another journal: 10,000 of them are kept at most. One
        that an attempt gets later is in the list no more. Errors: ConfigError without a journal, JournalError.
        """
        return await self._written("there is nothing written of unknown tasks").unknown()

    def _written(self, lacking: str) -> Ledger:
        if self._ledger is None:
            raise ConfigError(f"{lacking}: the journal is switched off (ANYMEDIA_JOURNAL, or [journal] enabled)")
        return self._ledger

    # Accounts

    @_in_its_loop
    async def balance(self, account: str) -> Money:
        """Return an account's balance, in USD and the provider's credits. Errors: Unsupported where it reports none."""
        return await self._session.balance(self.config.account(account))

    def health(self, *accounts: str) -> tuple[AccountHealth, ...]:
        """Return the health of the accounts (all, when none is named): which are left alone for a while, and why."""
        healths = []
        for account in self._accounts(accounts):
            limits = self._session.permits.of(account)
            health = self._session.health.of(account)
            healths.append(attrs.evolve(health, submitting=limits.submitting, active=len(limits.active)))
        return tuple(healths)

    @_in_its_loop
    async def reach(self, account: str) -> Reached:
        """Return what an account's origin answers without an API key. Errors: Unavailable."""
        asked = self.config.account(account)
        try:
            answer = await self._session.transport.reach(asked.origin, asked)
        except Lost as lost:
            raise self._session.asked(asked, None).lost(lost, submit=False) from None
        told = moment_of(answer.headers)
        ahead = None if told is None else (self._session.clock.now() - told).total_seconds()
        return Reached(status=answer.status, ahead=ahead)

    @_in_its_loop
    async def reach_webhooks(self) -> Reached:
        """Return what the URL of [webhooks] answers from here, where a provider may see something else.

        Errors: ConfigError where there is none, Unavailable.
        """
        url = self.config.webhooks
        if url is None:
            raise ConfigError("no url of [webhooks] is configured")
        try:
            return Reached(status=(await self._session.transport.reach(url)).status)
        except Lost as lost:
            raise Unavailable(f"{url} was not reached: {lost.why}") from None

    @_in_its_loop
    async def check_proxies(self) -> dict[str, str | None]:
        """Return why each proxy that accounts go through cannot be reached, None where it can.

        Proxies are named by their URLs, without user and password.
        """
        transport = self._session.transport
        found: dict[str, str | None] = {}
        for account in self.config.accounts.values():
            try:
                proxy = transport.proxy(account)
            except ValueError as error:
                found[f"that of {account.name}"] = str(error)
                continue
            if proxy is not None and (shown := without_user(proxy)) not in found:
                try:
                    await transport.connect(proxy)
                except Lost as lost:
                    found[shown] = lost.why
                else:
                    found[shown] = None
        return found

    @_in_its_loop
    async def private_address(self, account: str) -> str | None:
        """Return the address that is not public, and that this machine's name server gives an account's host; or None.

        Where every host has one (a VPN, a DNS of fake addresses), no result is fetched unless [download] allows it.
        """
        return await self._session.transport.private_address(self.config.account(account))

    # Who is asked

    def _accounts(self, names: Sequence[str]) -> list[Account]:
        accounts = self._named(names) or list(self.config.accounts.values())
        if not accounts:
            from .keyless import no_account  # which few clients need

            raise no_account(self.config.path)
        return accounts

    def _named(self, names: Collection[str]) -> list[Account]:
        for name in names:
            if not isinstance(name, str):
                raise ConfigError(f"accounts are named one by one, each by a text, not as {name!r:.60}")
        return [self.config.account(name) for name in names]

    def _for(self, request: AnyRequest, names: Sequence[str], terms: Options) -> list[Account]:
        """Return the accounts (all, when none is named) that a request may go to."""
        if not names and not self.config.accounts:
            from .keyless import nobody_for  # as above

            raise nobody_for(request, terms, self.config.path, self._session.clock.now().date())
        return self._accounts(names)

    def _account(self, task: Task) -> Account:
        account = self.config.account(task.account)
        if account.adapter.name != task.provider:
            raise ConfigError(
                f"task {task.id} is of {task.provider}, and account {account.name} is now of {account.adapter.name}",
                account=account.name,
                task_id=task.id,
            )
        account.adapter.life(task.lifecycle)  # which a later version of the adapter may not have
        return account

    def _terms(self, request: object, options: Mapping[str, Any]) -> Options:
        """Return the terms of a call: what it says, over what the configuration says. Errors: OutOfBounds."""
        if not isinstance(request, Request | RawRequest):
            message = f"a request like ImageRequest or RawRequest is needed, not {request!r:.60}"
            raise OutOfBounds(problems=[Problem(field="request", message=message)])
        return self._options(options)

    def _options(self, options: Mapping[str, Any]) -> Options:
        """Return the terms of options over what the configuration says. Errors: OutOfBounds."""
        for name in options:
            if name not in OPTIONS:
                also = () if name == "timeout" else ("timeout",)
                behind = "; accounts are named behind the request, by themselves"
                told = no_such("option", name, (*OPTIONS, *also))
                raise TypeError(told + behind * (name.rstrip("s") in ("account", "provider")))
        return attrs.evolve(self.config.route, **options) if options else self.config.route

    def _candidates(
        self, request: Request, names: Sequence[str], offer: str | None, on_unsupported: OnUnsupported
    ) -> list[Candidate]:
        return candidates(
            request,
            self._for(request, names, Options(offer=offer, on_unsupported=on_unsupported)),
            offer=offer,
            on_unsupported=on_unsupported,
            live=self._live,
            known=adapters().values(),
            today=self._session.clock.now().date(),
        )

    def _held(
        self, request: AnyRequest, terms: Options, deadline: float
    ) -> AbstractAsyncContextManager[Claimed | None]:
        """Claim the caller's key while a request is bought under it: in whatever letters it names its model."""
        if terms.idempotency_key is not None:
            request = self._known(request)
        return self._keys.held(terms.idempotency_key, request, deadline)

    def _known(self, request: AnyRequest) -> AnyRequest:
        """Return a request with its model by the name under which it is sold. Errors: Unsupported where it is any."""
        own = (account.adapter for account in self.config.accounts.values())
        return of_known_model(request, [*adapters().values(), *own])

    async def _planned(
        self, request: AnyRequest, names: Sequence[str], terms: Options, earlier: Sequence[Attempt]
    ) -> Plan:
        """Return the plan of what was not bought earlier under the caller's key."""
        if sum(len(attempt.order.range) for attempt in latest(earlier).values()) >= request.units:
            return Plan(units=request.units, policy="ordered", options=(), refused=(), left_out=())
        if not terms.mix:
            for first in earlier:  # what is missing is bought where the rest was
                names, terms = (first.order.account,), attrs.evolve(terms, offer=first.order.offer)
        async with self._planning:  # a few in each turn of the loop: a thousand do not hold up what is under way
            planned = self._plan(request, names, terms)
            await asyncio.sleep(0)
        return planned

    def _plan(self, request: AnyRequest, names: Sequence[str], terms: Options, *, one_task: bool = False) -> Plan:
        return plan(
            request,
            self._for(request, names, terms),
            terms,
            live=self._live,
            known=adapters().values(),
            one_task=one_task,
            today=self._session.clock.now().date(),
            ordered=bool(names) or self.config.ordered,
        )

    def _deadline(self, timeout: float | None) -> float:
        return self._session.clock.monotonic() + seconds(timeout)


def _check_handed_over(rows: Iterable[Row], workers: Elsewhere) -> None:
    """Check that every row can be handed over to others. Errors: BadRows with every one that cannot."""
    problems: list[Problem] = []
    number = 0
    for number, row in enumerate(rows, 1):
        try:
            workers.check(row.request)
        except OutOfBounds as error:
            problems += [attrs.evolve(problem, row=number, line=row.line) for problem in error.problems]
    if problems:
        raise BadRows(problems=problems, rows=number)
