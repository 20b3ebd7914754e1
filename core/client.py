"""The steps, tied together: check, encode, transport, decode, and polling around the last two."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias, TypedDict

import attrs

from . import decode, encode
from .answer import Lost
from .candidates import Candidate, candidates, choose, no_account
from .check import OnUnsupported
from .clock import Clock
from .config import Account, Config, load_config
from .download import lies_in, save
from .errors import (
    AnymediaError,
    ConfigError,
    NoRoute,
    OutOfBounds,
    Problem,
    Unavailable,
    Unsupported,
)
from .explain import Explanation, explain_at
from .handle import handle, opened
from .journal import Journal
from .keys import Keys, bought
from .live import LivePrices
from .looks import Looks
from .money import Money, total
from .quote import Quote, quote_at
from .recover import Recoverer, Recovery
from .refresh import refresh
from .request import ImageRequest, RawRequest
from .session import Event, Session
from .submit import Order, Submits, orders, raw_order
from .task import Asset, Attempt, Result, Task
from .transport import Patience

Request: TypeAlias = ImageRequest | RawRequest

TIMEOUT = 600.0
"""Seconds that `wait`, `run` and `generate` take unless told otherwise."""


class Options(TypedDict):
    """What submit, run and generate pass on."""

    offer: str | None
    on_unsupported: OnUnsupported
    check: bool
    key: str | None


class Client:
    """Every configured account behind one set of verbs.

    `config` is a Config, the path of an anymedia.toml, or None for the one that is found (else the keys in the
    environment). Every attempt is written to `journal`, the file that the config names, before anything is sent.
    `on_event` sees every Attempt as it is sent and answered, and every Task as it moves on. Use it as `async with
    Client() as client`: closing waits for the answers of submits that are under way.
    """

    def __init__(
        self,
        config: Config | str | os.PathLike[str] | None = None,
        *,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.config: Config = config if isinstance(config, Config) else load_config(config)
        path = self.config.journal
        self.journal: Journal | None = None if path is None else Journal(path, prompts=self.config.prompts)
        self._session = Session(clock or Clock(), patience or Patience(), on_event, self.journal)
        self._submits = Submits(self._session)
        self._keys = Keys(self._session)
        self._live = LivePrices.at(self.config.live_prices)
        self._looks = Looks(self._session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for the answers of submits under way, then close every connection, and the journal."""
        await self._submits.close()
        await self._session.close()

    @property
    def detached(self) -> tuple[Task, ...]:
        """The latest accepted tasks (1,000 at most) that nobody waits for: their callers were cancelled."""
        return tuple(self._session.detached)

    @property
    def submitting(self) -> int:
        """How many submits are under way."""
        return len(self._submits)

    # Before anything is sent

    def explain(
        self,
        request: ImageRequest,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Explanation]:
        """Return how each offer of the accounts (all, when none is named) would be asked; sends nothing.

        Errors: Unsupported for a model or an offer that does not exist.
        """
        return explain_at(request, self._accounts(accounts), self._live, offer=offer, on_unsupported=on_unsupported)

    def quote(
        self,
        request: ImageRequest,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[Quote]:
        """Return what each offer of the accounts (all, when none is named) would cost: the cheapest first.

        Unknown prices come last, refusals after them; sends nothing. Errors: Unsupported for a model or an offer that
        does not exist.
        """
        return quote_at(request, self._accounts(accounts), self._live, offer=offer, on_unsupported=on_unsupported)

    async def refresh_prices(
        self,
        request: ImageRequest,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
    ) -> list[AnymediaError]:
        """Ask the providers that tell it what a request would cost, and keep that for this and later processes.

        No key is needed and none is sent. Returns what went wrong, which changed nothing. Errors: OSError when the
        prices cannot be kept.
        """
        found = candidates(request, self._accounts(accounts), offer=offer, on_unsupported=on_unsupported)
        return await refresh(found, self._session, self._live)

    # The life of a task

    async def submit(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
        check: bool = True,
        key: str | None = None,
        timeout: float | None = None,
    ) -> Task:
        """Submit a request to the first account that takes it (its cheapest offer) and return the accepted task.

        What provably was not billed (not sent, rate limited, unavailable with a readable no) is tried again; what may
        have been is not. `check=False` switches documented limits off; `key` is the caller's own: the same request
        under the same key is bought once, whoever asks and however often; `timeout` is in seconds.
        Errors: RequestError and ConfigError before anything is sent, JournalError too; ProviderError when it was
        refused; SubmitUncertain when it may have been billed.
        """
        deadline = self._deadline(timeout)
        async with self._keys.held(key, request, deadline) as earlier:
            orders = [] if earlier else self._orders(request, accounts, offer, on_unsupported, check=check, key=key)
            if orders[1:] or any(earlier):
                raise _several(orders, earlier)
            return bought(earlier[0]) if earlier else await self._submits.place(orders[0], deadline)

    async def get(self, task: Task) -> Task:
        """Look once at a task and return it as it stands; a passing fault is tried again.

        Errors: ProviderError when the look failed: the task is not touched by it.
        """
        if task.state.final:
            return task
        return await self._looks.once(self._account(task), task)

    async def wait(self, task: Task, timeout: float = TIMEOUT) -> Task:
        """Look at a task at its provider's pace until it has succeeded, and return it.

        No failed look loses the task: looking goes on until `timeout` (seconds).
        Errors: TaskFailed; Blocked when moderation withheld it; DeadlineExceeded with the live task; MalformedAnswer
        when it has succeeded and its result is not to be found.
        """
        return await self._looks.until_done(self._account(task), task, timeout)

    async def run(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
        check: bool = True,
        key: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Task:
        """Submit a request and wait for its task, at one account, within `timeout` seconds. Errors: as both."""
        deadline = self._session.clock.monotonic() + timeout
        options: Options = {"offer": offer, "on_unsupported": on_unsupported, "check": check, "key": key}
        return await self._finished(await self.submit(request, *accounts, **options, timeout=timeout), deadline)

    async def generate(
        self,
        request: Request,
        *accounts: str,
        offer: str | None = None,
        on_unsupported: OnUnsupported = "refuse",
        check: bool = True,
        key: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Result:
        """Make all of a request at the first account that takes it: several tasks when `count` asks for more than one.

        Any success is a result, with what is missing named. `key` is as in submit. Errors: as run, when no task
        succeeded.
        """
        deadline = self._session.clock.monotonic() + timeout
        async with self._keys.held(key, request, deadline) as earlier:
            for first in earlier.values():  # what is missing of it is bought where the rest was
                accounts, offer = (first.account,), first.offer
            orders = self._orders(request, accounts, offer, on_unsupported, check=check, key=key)
            placed = await self._placed(orders, earlier, deadline)
        ends = await asyncio.gather(*(self._finished(end, deadline) for end in placed), return_exceptions=True)
        tasks = tuple(end for end in ends if isinstance(end, Task))
        errors = [end for end in ends if isinstance(end, BaseException)]
        fatal = [error for error in errors if not isinstance(error, AnymediaError)] or ([] if tasks else errors)
        if fatal:
            raise fatal[0]
        count = request.count or 1 if isinstance(request, ImageRequest) else 1
        made = sum(len(task.assets) for task in tasks)
        return Result(
            tasks=tasks,
            missing=max(count - made, 0),
            errors=tuple(map(str, errors)),
            money=total(task.money for task in tasks),
        )

    async def cancel(self, task: Task) -> Task:
        """Ask the provider to stop a task, and return it as it then stands. Errors: Unsupported where none can."""
        account = self._account(task)
        endpoint = account.adapter.cancel
        if endpoint is None:
            problem = Problem(field="cancel", message=f"{account.adapter.title} cannot cancel a task", unsupported=True)
            raise Unsupported(problems=[problem], account=account.name, provider=task.provider, task_id=task.id)
        await self._looks.follow(account, endpoint, task)
        return await self.get(task)

    async def download(self, done: Task | Result, directory: str | os.PathLike[str] = ".") -> tuple[Asset, ...]:
        """Save every asset into a directory, never over another file, and return them with their paths.

        Errors: NotFound when a link has died, Unavailable, MalformedAnswer; the other files are saved all the same, and
        `recover` tries again for what could not be fetched.
        """
        tasks = done.tasks if isinstance(done, Result) else (done,)
        folder = Path(directory)
        saves = [self._save(task, number, folder) for task in tasks for number in range(len(task.assets))]
        try:
            ends = await asyncio.gather(*saves, return_exceptions=True)
        except asyncio.CancelledError:
            for task in tasks:
                await self._session.leave(task)
            raise
        saved = iter(ends)
        for task in tasks:
            await self._note_saved(task, [next(saved) for _ in task.assets])
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return tuple(end for end in ends if isinstance(end, Asset))

    # What was left behind

    def handle(self, task: Task) -> str:
        """Return a task as plain JSON of 1,000 bytes at most, which `open` takes in any process. Errors: as handle."""
        return handle(task, self._account(task))

    def open(self, text: str, *, any_key: bool = False) -> Task:
        """Return the task that a handle names, to be waited for.

        `any_key` takes it although the account has another key now. Errors: OutOfBounds for what is no handle,
        ConfigError when its account is missing or has another key.
        """
        return opened(text, self.config, any_key=any_key)[0]

    async def recover(
        self, directory: str | os.PathLike[str] | None = None, *, timeout: float = TIMEOUT, replay: bool = False
    ) -> Recovery:
        """Take up what earlier processes left: wait for live tasks, fetch their results, tell what is uncertain.

        Files go into `directory`, if one is given. `replay` sends uncertain submits again where the provider honours
        their key still; nothing else is ever sent again. What other living processes wait for is left to them.
        Errors: ConfigError without a journal, JournalError.
        """
        if self.journal is None:
            raise ConfigError("there is nothing to recover from: the journal is switched off")
        recoverer = Recoverer(
            config=self.config,
            journal=self.journal,
            session=self._session,
            submits=self._submits,
            looks=self._looks,
            save=self.download,
        )
        return await recoverer.recover(timeout, None if directory is None else Path(directory), replay=replay)

    # Accounts

    async def balance(self, account: str) -> Money:
        """Return what an account still has, in USD and the provider's credits. Errors: Unsupported where none tells."""
        asked = self.config.account(account)
        words = asked.adapter.balance
        if words is None:
            problem = Problem(field="balance", message=f"{asked.adapter.title} tells no balance", unsupported=True)
            raise Unsupported(problems=[problem], account=account, provider=asked.adapter.name)
        call = encode.look_up(asked.origin, words.path)
        answer = await self._session.retried(lambda: self._session.read(asked, call), Unavailable)
        return decode.balance(self._session.asked(asked, None), words, answer)

    async def reach(self, account: str) -> int:
        """Return the HTTP status that an account's origin answers without any key. Errors: Unavailable."""
        asked = self.config.account(account)
        try:
            return await self._session.transport.reach(asked.origin)
        except Lost as lost:
            raise self._session.asked(asked, None).lost(lost, submit=False) from None

    # Who is asked

    def _accounts(self, names: Sequence[str]) -> list[Account]:
        accounts = [self.config.account(name) for name in names] or list(self.config.accounts.values())
        if not accounts:
            raise no_account()
        return accounts

    def _account(self, task: Task) -> Account:
        account = self.config.account(task.account)
        if account.adapter.name != task.provider:
            raise ConfigError(
                f"task {task.id} is of {task.provider}, and account {account.name} is now of {account.adapter.name}",
                account=account.name,
                task_id=task.id,
            )
        return account

    def _orders(
        self,
        request: Request,
        names: Sequence[str],
        offer: str | None,
        on_unsupported: OnUnsupported,
        *,
        check: bool,
        key: str | None,
    ) -> list[Order]:
        """Return one order for each task that a request takes, at the account that takes it."""
        accounts = self._accounts(names)
        if isinstance(request, RawRequest):
            return [raw_order(request, _of_provider(request.provider, accounts), key)]
        found = candidates(request, accounts, offer=offer, on_unsupported=on_unsupported, limits=check, live=self._live)
        taken = choose(found)
        if taken is None:
            raise _refusal(found)
        taken.account.secret()
        return list(orders(taken, key))

    # One step each

    async def _placed(
        self, orders: Sequence[Order], earlier: Mapping[int, Attempt], deadline: float
    ) -> list[Task | BaseException]:
        """Return the task of each part of a request, or why there is none; what was bought earlier stays."""

        async def place(order: Order) -> Task:
            attempt = earlier.get(order.part)
            return bought(attempt) if attempt is not None else await self._submits.place(order, deadline)

        parts = [asyncio.ensure_future(place(order)) for order in orders]
        try:
            return await asyncio.gather(*parts, return_exceptions=True)
        except asyncio.CancelledError:
            ends = await asyncio.gather(*parts, return_exceptions=True)
            self._session.detached.extend(end for end in ends if isinstance(end, Task))
            raise

    async def _finished(self, placed: Task | BaseException, deadline: float) -> Task:
        """Wait for an accepted task; what was none is raised."""
        if isinstance(placed, BaseException):
            raise placed
        try:
            return await self.wait(placed, deadline - self._session.clock.monotonic())
        except asyncio.CancelledError:
            self._session.detached.append(placed)
            raise

    async def _save(self, task: Task, number: int, directory: Path) -> Asset:
        if lies_in(directory, task.assets[number]):
            return task.assets[number]  # it was fetched before
        account = self._account(task)
        trusted = account.origin if account.local else None
        return await self._session.retried(
            lambda: save(self._session.transport, task, number, directory, trusted), Unavailable
        )

    async def _note_saved(self, task: Task, ends: Sequence[Asset | BaseException]) -> None:
        """Write down where the files of a task are."""
        assets = tuple(_placed_at(end, was) for end, was in zip(ends, task.assets, strict=True))
        if assets != task.assets:
            await self._session.note(attrs.evolve(task, assets=assets))
        if any(isinstance(end, Unavailable | OSError) for end in ends):
            await self._session.leave(task)

    def _deadline(self, timeout: float | None) -> float | None:
        return None if timeout is None else self._session.clock.monotonic() + timeout


def _of_provider(provider: str, accounts: Sequence[Account]) -> Account:
    """Return the first account at a provider, for a raw request."""
    for account in accounts:
        if account.adapter.name == provider:
            account.secret()
            return account
    raise ConfigError(f"no account is configured at {provider!r}", provider=provider)


def _placed_at(end: Asset | BaseException, was: Asset) -> Asset:
    """Return an asset as it is written down: where its file is, for any working directory."""
    return attrs.evolve(end, path=end.path and end.path.absolute()) if isinstance(end, Asset) else was


def _several(orders: Sequence[Order], earlier: Mapping[int, Attempt]) -> OutOfBounds:
    offer = orders[0].offer if orders else earlier[max(earlier)].offer
    message = f"needs {len(orders) or len(earlier)} tasks of {offer}, and this makes one; generate makes them all"
    return OutOfBounds(problems=[Problem(field="count", message=message)])


def _refusal(found: Sequence[Candidate]) -> AnymediaError:
    errors = [candidate.checked.error(candidate.account.name) for candidate in found]
    return errors[0] if len(errors) == 1 else NoRoute(errors=errors)
