"""Which accounts are not asked for a while, and why: one account's trouble is met once, not by every request.

A cooldown goes by its cause, which `routing` names. A rate limit ends when the provider said so; a missing credit when
the balance has changed, or after an hour; a bad key with the client; whatever looks like an outage after a time that
doubles as long as it lasts, and then one request tries first.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from anymedia.account import Account
from anymedia.clock import Clock
from anymedia.model.errors import AnymediaError, Cooling
from anymedia.model.money import Money
from anymedia.model.task import Attempt


class Cooldown(StrEnum):
    """What ends it."""

    NONE = "none"
    TIME = "the time that the provider names, else a short one"
    BALANCE = "a changed balance, or an hour"
    CONFIG = "another configuration"
    TRIAL = "a time that doubles, and then one request that succeeds"


FIRST, LONGEST = 1.0, 300.0
"""Seconds of the first cooldown where nobody names a time, doubled with each failure up to the longest."""

UNCERTAIN = 30.0
"""Seconds of the first cooldown after a submit that may have been billed."""

TICK = 0.001
"""Seconds by which a wall clock and a monotonic one may differ for the same moment."""

NO_CREDIT = 3600.0
CHECK_BALANCE = 60.0
"""Seconds between two looks at the balance of an account without credit."""


@attrs.frozen(kw_only=True)
class AccountHealth:
    """How an account does: `cause` and `reason` are None while it is well.

    `until` is when it is asked again (None: not before its cooldown's end comes); `failures` in a row; `submitting` are
    submits under way or waiting for their turn, `active` tasks that are not over.
    """

    account: str
    provider: str
    cause: str | None = None
    reason: str | None = None
    ends: Cooldown = Cooldown.NONE
    since: datetime | None = None
    until: datetime | None = None
    failures: int = 0
    submitting: int = 0
    active: int = 0


@attrs.define
class _Trouble:
    """What an account cools down from; `began` and `until` are on the monotonic clock."""

    cause: str
    reason: str
    ends: Cooldown
    since: datetime
    began: float
    until: float
    failures: int
    balance: Money | None = None
    checked: float = -math.inf


class Health:
    """How the accounts of one client do. `balance` reads what an account still has."""

    def __init__(self, clock: Clock, balance: Callable[[Account], Awaitable[Money]]) -> None:
        self._clock = clock
        self._balance = balance
        self._troubles: dict[str, _Trouble] = {}
        self._trials: dict[str, asyncio.Event] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """End the looks at balances."""
        for check in self._checks.values():
            check.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    def of(self, account: Account) -> AccountHealth:
        """Return how an account does."""
        health = AccountHealth(account=account.name, provider=account.adapter.name)
        trouble = self._troubles.get(account.name)
        if trouble is None:
            return health
        left = trouble.until - self._clock.monotonic()
        return attrs.evolve(
            health,
            cause=trouble.cause,
            reason=trouble.reason,
            ends=trouble.ends,
            since=trouble.since,
            until=None if math.isinf(left) else self._clock.now() + timedelta(seconds=max(left, 0.0)),
            failures=trouble.failures,
        )

    def wait(self, account: Account) -> float:
        """Return for how many seconds an account is not asked; infinity where time alone does not end it."""
        trouble = self._troubles.get(account.name)
        return 0.0 if trouble is None else max(trouble.until - self._clock.monotonic(), 0.0)

    def trial(self, account: Account) -> asyncio.Event | None:
        """Return what is set when the one request is over that tries whether an account is well again."""
        return self._trials.get(account.name)

    @contextmanager
    def admitted(self, account: Account) -> Iterator[None]:
        """Hold the admission of one submit; where an account has to be tried first, this submit is the trial.

        Errors: Cooling while the account is left alone.
        """
        trouble = self._troubles.get(account.name)
        if trouble is not None and (self.wait(account) or account.name in self._trials):
            raise self.cooling(account)
        if trouble is None or trouble.ends is not Cooldown.TRIAL:
            yield
            return
        trial = self._trials[account.name] = asyncio.Event()
        try:
            yield
        finally:
            del self._trials[account.name]
            trial.set()

    def cooling(self, account: Account) -> Cooling:
        """Return the error for a request that is not sent."""
        health = self.of(account)
        until = "until it is known to be well" if health.until is None else f"until {health.until:%H:%M:%S} UTC"
        wait = self.wait(account)
        return Cooling(
            f"{account.name} is not asked {until}: {health.reason}",
            retry_after=None if math.isinf(wait) else wait,
            account=account.name,
            provider=account.adapter.name,
        )

    # What is heard of an account

    def note(self, account: Account, attempt: Attempt, ends: Cooldown) -> None:
        """Take note of how a submit has ended, and of what ends the trouble that it tells of."""
        if attempt.task is not None:
            self._well(account, self._at(attempt.started_at))
        elif ends is not Cooldown.NONE:
            self._ill(account, attempt, ends)

    def _well(self, account: Account, began: float) -> None:
        trouble = self._troubles.get(account.name)
        if trouble is not None and began >= trouble.began:
            del self._troubles[account.name]

    def _ill(self, account: Account, attempt: Attempt, ends: Cooldown) -> None:
        now = self._at(attempt.ended_at or attempt.started_at)
        earlier = self._troubles.get(account.name)
        # What was under way when the trouble began says nothing of how long it lasts.
        news = earlier is None or self._at(attempt.started_at) + TICK >= earlier.until
        failures = (0 if earlier is None else earlier.failures) + news
        until = now + self._pause(attempt, ends, failures)
        if earlier is not None and earlier.until > until:
            return
        if earlier is not None and not news and earlier.ends is ends:
            earlier.until = until
            return
        self._troubles[account.name] = _Trouble(
            cause=str(attempt.cause or attempt.outcome),
            reason=attempt.error or "",
            ends=ends,
            since=attempt.ended_at or attempt.started_at,
            began=now,
            until=until,
            failures=failures,
        )

    def _pause(self, attempt: Attempt, ends: Cooldown, failures: int) -> float:
        if ends is Cooldown.CONFIG:
            return math.inf
        if ends is Cooldown.BALANCE:
            return NO_CREDIT
        first = UNCERTAIN if attempt.may_be_billed else FIRST
        doubled = min(first * 2.0 ** min(failures - 1, 20), LONGEST) * (1 + self._clock.chance() / 10)
        if ends is Cooldown.TIME:
            return attempt.retry_after or doubled
        return max(doubled, attempt.retry_after or 0.0)

    def _at(self, when: datetime) -> float:
        """Return a time on the monotonic clock."""
        return self._clock.monotonic() - (self._clock.now() - when).total_seconds()

    # Whether there is credit again

    def look(self, accounts: Iterable[Account]) -> None:
        """Look at the balances of accounts without credit, one after another in a while; nobody waits for it."""
        for account in accounts:
            trouble = self._troubles.get(account.name)
            if trouble is not None and trouble.ends is Cooldown.BALANCE:
                self._check(account, trouble)

    def _check(self, account: Account, trouble: _Trouble) -> None:
        now = self._clock.monotonic()
        if account.adapter.balance is None or account.name in self._checks or now < trouble.checked + CHECK_BALANCE:
            return
        trouble.checked = now
        check = self._checks[account.name] = asyncio.create_task(self._compare(account, trouble))
        check.add_done_callback(lambda _: self._checks.pop(account.name))

    async def _compare(self, account: Account, trouble: _Trouble) -> None:
        with suppress(AnymediaError):
            balance = await self._balance(account)
            if trouble.balance is None:
                trouble.balance = balance
            elif balance != trouble.balance and self._troubles.get(account.name) is trouble:
                del self._troubles[account.name]
