"""Cooldowns of accounts: one request meets an account's trouble, and the others leave the account alone.

The cause decides how a cooldown ends (engine/rules.py says which is which): a rate limit at the time that the provider
names; missing credit when the balance changes, or after an hour; an outage, or an API key that is refused, after a time
that doubles with each failure, and then by one trial request that succeeds. A key that is refused three times in a row,
and for a look at the balance too, is a bad one: nothing but another configuration ends that.

All of it goes by the monotonic clock: a wall clock that is set back or forward changes no cooldown.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import attrs

from anymedia.account import Account
from anymedia.clock import Clock, midnight
from anymedia.model.errors import AnymediaError, BadApiKey, Cooling
from anymedia.model.money import Money
from anymedia.model.task import Attempt
from anymedia.model.vocabulary import Retry
from anymedia.observe.events import CooledDown, Event, Recovered
from anymedia.shared_limits import Trouble


class Cooldown(StrEnum):
    """What ends a cooldown."""

    NONE = "none"
    TIME = "the time that the provider names, else a short one"
    BALANCE = "a changed balance, or an hour"
    CONFIG = "another configuration"
    DAY = "midnight UTC, when the daily_limit counts anew; a request that still fits is taken before"
    TRIAL = "a time that doubles, and then one request that succeeds"
    KEY = (
        "a time that doubles, and then one request that succeeds; another configuration, "
        "once it is refused three times in a row and for a look at the balance too"
    )


SHARED = (Cooldown.TIME, Cooldown.TRIAL)
"""What is known to all who share a journal: a key may be refused, and a balance be used up, for some of them alone."""

HEARD = "another process that shares the journal has met it"
"""The reason of a trouble that this one has not met itself: what a provider says may hold a prompt, and stays here."""

FIRST, LONGEST = 1.0, 300.0
"""Seconds of the first cooldown where the provider names no time, and of the longest; each failure doubles it."""

UNCERTAIN = 30.0
"""Seconds of the first cooldown after a submit that may have been billed."""

TICK = 0.001
"""Seconds by which a wall clock and a monotonic one may differ for the same moment."""

REFUSALS = 3
"""Refusals of an API key in a row after which a look at the balance tells whether it is bad."""

NO_CREDIT = 3600.0
"""Seconds after which an account without credit is asked again, whatever its balance."""

DAILY_LIMIT = "daily_limit"
"""The cause of an account whose daily_limit left no room for its last submit."""

CHECK_BALANCE = 60.0
"""Seconds between two looks at the balance of an account without credit, or whose API key is refused."""


@attrs.frozen(kw_only=True)
class AccountHealth:
    """The health of an account: `cause` and `reason` are None while it is well.

    `until` is when it is asked again (None: no known time); `failures` counts failures in a row; `submitting` counts
    submits that wait for a permit or an answer, `active` the tasks that are not over.
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
    """The trouble of an account; `began`, `until` and `checked` are on the monotonic clock.

    `refused` counts how often in a row its API key was refused.
    """

    cause: str
    reason: str
    ends: Cooldown
    since: datetime
    began: float
    until: float
    failures: int
    refused: int = 0
    balance: Money | None = None
    checked: float = -math.inf


class Health:
    """The health of one client's accounts. `balance` reads the balance of an account, `tell` hears of cooldowns.

    `share` hears of the troubles that others should know of too, and with None that one is over. `better` is set when
    the trouble of one is over before its time, and is then replaced by the next event.
    """

    def __init__(
        self,
        clock: Clock,
        balance: Callable[[Account], Awaitable[Money]],
        tell: Callable[[Event], None] = lambda _: None,
        share: Callable[[Account, Trouble | None], None] = lambda _, __: None,
    ) -> None:
        self.better: asyncio.Event = asyncio.Event()
        self._clock = clock
        self._balance = balance
        self._tell = tell
        self._share = share
        self._troubles: dict[str, _Trouble] = {}
        self._over: dict[str, tuple[datetime, str]] = {}
        self._trials: dict[str, asyncio.Event] = {}
        self._checks: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """Cancel the looks at balances."""
        for check in self._checks.values():
            check.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)

    def of(self, account: Account) -> AccountHealth:
        """Return the health of an account."""
        health = AccountHealth(account=account.name, provider=account.adapter.name)
        trouble = self._troubles.get(account.name)
        if trouble is None:
            return self._of_day(account, health)
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

    def _of_day(self, account: Account, health: AccountHealth) -> AccountHealth:
        """Return the health of an account without trouble, by what its daily_limit said last on this day."""
        since, reason = self._over.get(account.name, (None, ""))
        if since is None or (until := midnight(since) + timedelta(days=1)) <= self._clock.now():
            return health
        return attrs.evolve(health, cause=DAILY_LIMIT, reason=reason, ends=Cooldown.DAY, since=since, until=until)

    def is_in_trouble(self, account: Account) -> bool:
        """Return whether an account is left alone, or needs a trial."""
        return account.name in self._troubles

    def wait(self, account: Account) -> float:
        """Return how many seconds an account is left alone; infinity where no time ends it."""
        trouble = self._troubles.get(account.name)
        return 0.0 if trouble is None else max(trouble.until - self._clock.monotonic(), 0.0)

    def trial(self, account: Account) -> asyncio.Event | None:
        """Return the event that the end of the account's trial request sets; None without a trial."""
        return self._trials.get(account.name)

    def needs_trial(self, account: Account) -> bool:
        """Return whether the next submit to an account is one that shows whether its trouble is over."""
        trouble = self._troubles.get(account.name)
        return trouble is not None and trouble.ends in (Cooldown.TRIAL, Cooldown.KEY)

    @contextmanager
    def admitted(self, account: Account) -> Iterator[None]:
        """Admit one submit to an account; where a trial ends its trouble, the first is that and holds back the others.

        Errors: Cooling while the account is left alone.
        """
        trouble = self._troubles.get(account.name)
        if trouble is not None and (self.wait(account) or account.name in self._trials):
            raise self.cooling(account)
        if not self.needs_trial(account):
            yield
            return
        trial = self._trials[account.name] = asyncio.Event()
        try:
            yield
        finally:
            del self._trials[account.name]
            trial.set()

    def cooling(self, account: Account) -> Cooling:
        """Return the error for a submit to an account that is left alone."""
        health, wait = self.of(account), self.wait(account)
        if account.name in self._trials:
            until = "a trial request succeeds"
        else:
            until = "its configuration changes" if health.until is None else f"{health.until:%H:%M:%S} UTC"
        cooling = Cooling(
            f"{account.name} is left alone until {until}: {health.reason}",
            retry_after=None if math.isinf(wait) else wait,
            account=account.name,
            provider=account.adapter.name,
        )
        if math.isinf(wait):  # no later call would do better
            cooling.retry = Retry.ELSEWHERE
        return cooling

    # What submits tell of an account

    def note(self, account: Account, attempt: Attempt, ends: Cooldown, began: float | None = None) -> None:
        """Note how a submit ended; `ends` is what ends the trouble that it met.

        `began` is when one was begun that ends now, on the monotonic clock; without it (of another process) the wall
        times of the attempt tell when it began and ended.
        """
        began, ended = self._times(attempt) if began is None else (began, self._clock.monotonic())
        if attempt.task is not None:
            self._over.pop(account.name, None)
            self._well(account, began)
        elif ends is not Cooldown.NONE:
            self._ill(account, attempt, ends, began, ended)

    def over_limit(self, account: Account, reason: str) -> None:
        """Note that an account's daily_limit leaves no room: it is shown, and the account is asked all the same."""
        self._over[account.name] = (self._clock.now(), reason)

    def _times(self, attempt: Attempt) -> tuple[float, float]:
        """Return when an attempt began and ended, on the monotonic clock: never after now, or in the other order."""
        last = attempt.ended_at or attempt.started_at
        ended = self._clock.monotonic() - max((self._clock.now() - last).total_seconds(), 0.0)
        return ended - max((last - attempt.started_at).total_seconds(), 0.0), ended

    def _well(self, account: Account, began: float) -> None:
        trouble = self._troubles.get(account.name)
        if trouble is not None and began >= trouble.began:
            if trouble.ends in SHARED:
                self._share(account, None)
            self._is_over(account)

    def _is_over(self, account: Account) -> None:
        del self._troubles[account.name]
        self._tell(Recovered(account.name, account.adapter.name))
        self.better.set()
        self.better = asyncio.Event()

    def _ill(self, account: Account, attempt: Attempt, ends: Cooldown, began: float, ended: float) -> None:
        earlier = self._troubles.get(account.name)
        # A submit that was sent before the trouble began does not show that it lasts.
        news = earlier is None or began + TICK >= earlier.until
        failures = (0 if earlier is None else earlier.failures) + news
        until = ended + self._pause(attempt, ends, failures)
        if earlier is not None and earlier.until > until:
            return
        if earlier is not None and not news and earlier.ends is ends:
            earlier.until = until
            self._tell_others(account, earlier)
            return
        again = earlier if earlier is not None and earlier.ends is Cooldown.KEY is ends else None
        self._troubles[account.name] = _Trouble(
            cause=str(attempt.cause or attempt.outcome),
            reason=attempt.error or "",
            ends=ends,
            since=attempt.ended_at or attempt.started_at,
            began=ended,
            until=until,
            failures=failures,
            refused=(0 if again is None else again.refused) + (ends is Cooldown.KEY),
            checked=-math.inf if again is None else again.checked,
        )
        self._tell_others(account, self._troubles[account.name])
        self._tell_of(account)

    def _tell_of(self, account: Account) -> None:
        """Tell that an account is left alone, and until when."""
        health = self.of(account)
        self._tell(CooledDown(account.name, health.provider, str(health.cause), health.until, health.failures))

    # What others tell of an account

    def _tell_others(self, account: Account, trouble: _Trouble) -> None:
        """Let others know of a trouble, if it is theirs too."""
        if trouble.ends not in SHARED:
            return
        left = max(trouble.until - self._clock.monotonic(), 0.0)
        told = Trouble(
            cause=trouble.cause,
            since=trouble.since.timestamp(),
            left=left,
            failures=trouble.failures,
            needs_trial=trouble.ends is Cooldown.TRIAL,
        )
        self._share(account, told)

    def heard(self, account: Account, told: Trouble | None) -> None:
        """Take the trouble of an account as others have met it; None: they know of none."""
        now, known = self._clock.monotonic(), self._troubles.get(account.name)
        if told is None:
            if known is not None and known.ends in SHARED:
                self._is_over(account)
            return
        until = now + told.left
        is_news = told.left > 0 or told.needs_trial if known is None else known.until + TICK < until
        if not is_news:
            return
        self._troubles[account.name] = _Trouble(
            cause=told.cause,
            reason=HEARD,
            ends=Cooldown.TRIAL if told.needs_trial else Cooldown.TIME,
            since=datetime.fromtimestamp(told.since, UTC),
            began=now,
            until=until,
            failures=told.failures,
        )
        if told.left > 0:
            self._tell_of(account)

    # What submits tell, and balances

    def _pause(self, attempt: Attempt, ends: Cooldown, failures: int) -> float:
        if ends is Cooldown.BALANCE:
            return NO_CREDIT
        first = UNCERTAIN if attempt.may_be_billed else FIRST
        doubled = min(first * 2.0 ** min(failures - 1, 20), LONGEST) * (1 + self._clock.chance() / 10)
        if ends is Cooldown.TIME:
            return attempt.retry_after or doubled
        return max(doubled, attempt.retry_after or 0.0)

    # Credit, and keys

    def look(self, accounts: Iterable[Account]) -> None:
        """Look at the balances of accounts without credit, or whose API key is refused time and again.

        It goes on in the background, at most once a minute for each.
        """
        for account in accounts:
            trouble = self._troubles.get(account.name)
            if trouble is not None and (trouble.ends is Cooldown.BALANCE or _is_refused(trouble)):
                self._check(account, trouble)

    def _check(self, account: Account, trouble: _Trouble) -> None:
        now = self._clock.monotonic()
        if account.adapter.balance is None or account.name in self._checks or now < trouble.checked + CHECK_BALANCE:
            return
        trouble.checked = now
        look = self._compare(account, trouble) if trouble.ends is Cooldown.BALANCE else self._confirm(account)
        check = self._checks[account.name] = asyncio.create_task(look)
        check.add_done_callback(lambda _: self._checks.pop(account.name))

    async def _compare(self, account: Account, trouble: _Trouble) -> None:
        with suppress(AnymediaError):
            balance = await self._balance(account)
            if trouble.balance is None:
                trouble.balance = balance
            elif balance != trouble.balance and self._troubles.get(account.name) is trouble:
                self._is_over(account)

    async def _confirm(self, account: Account) -> None:
        """Find out whether an API key is bad: whether it is refused for a look at the balance too."""
        is_bad = False
        try:
            await self._balance(account)
        except BadApiKey:
            is_bad = True
        except AnymediaError:
            return
        trouble = self._troubles.get(account.name)
        if trouble is not None and _is_refused(trouble) and is_bad:
            trouble.ends, trouble.until = Cooldown.CONFIG, math.inf
            self._tell_of(account)
        elif trouble is not None:
            trouble.refused = 0


def _is_refused(trouble: _Trouble) -> bool:
    return trouble.ends is Cooldown.KEY and trouble.refused >= REFUSALS
