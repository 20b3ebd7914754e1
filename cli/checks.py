"""What `anymedia doctor` looks at, each by itself and for so long at most: nothing is bought by it."""

import asyncio
import shutil
from collections.abc import Awaitable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from anymedia import Account, AnymediaError, Attempt, BadApiKey, Config, JournalError, Money, Unavailable, Unsupported
from anymedia.journal import Ledger
from anymedia.journal.info import Database
from anymedia.journal.opening import shown
from anymedia.model.plain import sized

from .believed import believed
from .journal import is_uncertain, with_journal
from .text import counted

if TYPE_CHECKING:
    from anymedia import Client

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that one check may take."""

CLOCK_OFF = 30.0
"""Seconds by which a clock may be wrong: signatures are believed for minutes, and some tokens for half of one."""

ROOM = 100_000_000
"""Bytes that are free beside the journal at least."""

SET = "set"

READY, UNCHECKED, NOT_READY = "ready", "key not checked", "not ready"


@attrs.frozen(kw_only=True)
class Finding:
    """What was found of an account: `status` is what its origin answers, `trouble` is what stands in the way.

    `key_from` is the variable that its API key is read from, `webhooks` says how far what its provider posts is
    believed, where webhooks are asked for.
    """

    account: str
    provider: str
    verdict: str
    key: str
    key_from: str
    settings: Mapping[str, str | None]
    origin: str
    status: int | None
    balance: Money | None
    webhooks: tuple[str, ...]
    trouble: str | None


@attrs.frozen
class Kept:
    """What is in the journal: `open` attempts have a task that goes on, `uncertain` ones may have one.

    `spent_today` is in USD, since midnight UTC, by account. `uncollected` results are paid for and not saved: the
    first of their links dies at `dies` (None: nobody knows of one that lives), and `dead` of them should be gone by
    now. `free` are the bytes that are free beside it. `database` is what it is on, where that is no file; it is
    `away` where that does not answer.
    """

    path: str
    attempts: int = 0
    uncertain: int = 0
    open: int = 0
    spent_today: Mapping[str, Decimal] = attrs.field(factory=dict)
    uncollected: int = 0
    dead: int = 0
    dies: datetime | None = None
    free: int | None = None
    database: Database | None = None
    away: bool = False
    trouble: str | None = None


@attrs.define
class Left:
    """Results that are paid for and not saved: their number, how many should be gone, and when the first dies."""

    number: int = 0
    dead: int = 0
    dies: datetime | None = None


@attrs.frozen
class Stored:
    """Whether a folder or a bucket can be written to: `trouble` is what stands in the way."""

    location: str
    trouble: str | None = None


@attrs.frozen
class Called:
    """What the URL below which providers call answers from here; `unknown` is why that cannot be known from here."""

    url: str
    status: int | None = None
    unknown: str | None = None
    trouble: str | None = None


@attrs.frozen
class Passed:
    """A proxy, and why it cannot be reached."""

    url: str
    trouble: str | None = None


@attrs.frozen
class Timed:
    """By how many seconds this machine's clock is ahead of the providers'; None where none of them says its time."""

    ahead: float | None = None
    trouble: str | None = None


@attrs.frozen(kw_only=True)
class Findings:
    """All that was found."""

    accounts: list[Finding]
    journal: Kept | None
    results: Stored
    storage: Stored | None
    webhooks: Called | None
    proxies: list[Passed]
    clock: Timed

    @property
    def uncertain(self) -> int:
        """How many submits may have been billed, and have no task that is known."""
        return 0 if self.journal is None else self.journal.uncertain

    @property
    def wrong(self) -> list[str]:
        """The names of what something is wrong with."""
        places = {
            "journal": self.journal,
            "results": self.results,
            "storage": self.storage,
            "webhooks": self.webhooks,
            "clock": self.clock,
        }
        found = [name for name, each in places.items() if each is not None and each.trouble is not None]
        proxies = ["proxy"] if any(each.trouble for each in self.proxies) else []
        return [*found, *proxies, *(each.account for each in self.accounts if each.trouble is not None)]


async def examine(client: "Client") -> Findings:
    """Look at everything at once."""
    config = client.config
    looked: list[tuple[Finding, float | None]]
    looked, results, storage, webhooks, proxies = await asyncio.gather(
        asyncio.gather(*(_account(client, account) for account in config.accounts.values())),
        _results(client),
        _storage(client),
        _webhooks(client),
        _proxies(client),
    )
    return Findings(
        accounts=[finding for finding, _ in looked],
        journal=None,
        results=results,
        storage=storage,
        webhooks=webhooks,
        proxies=proxies,
        clock=_clock([ahead for _, ahead in looked if ahead is not None]),
    )


async def _in_time(check: Awaitable[T], what: str) -> T:
    """Return what a check finds. Errors: its own, Unavailable when it takes too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await check
    except TimeoutError:
        raise Unavailable(f"{what} gave no answer within {PATIENCE:g} s") from None


async def _account(client: "Client", account: Account) -> tuple[Finding, float | None]:
    """Return what was found of an account, and by how much this machine's clock is ahead of its provider's."""
    trouble = list(account.lacks.values())
    reached, balance = await asyncio.gather(
        _told(client.reach(account.name), account, trouble),
        _no_money() if account.lacks else _told(client.balance(account.name), account, trouble),
    )
    if balance is not None and 0 in (balance.usd, balance.credits):
        trouble.append("nothing is left on it")
    if account.origin == account.adapter.base_url and (address := await client.private_address(account.name)):
        trouble.append(
            f"its host is at {address} here, which is not a public address; where results have such addresses too, "
            "they are fetched only if networks (or hosts) of [download] in anymedia.toml allow them"
        )
    finding = Finding(
        account=account.name,
        provider=account.adapter.name,
        verdict=NOT_READY if trouble else UNCHECKED if balance is None else READY,
        key=SET if account.api_key is not None else "not set",
        key_from=" or ".join(account.api_key_env),
        settings=account.shown_settings,
        origin=account.origin,
        status=None if reached is None else reached.status,
        balance=balance,
        webhooks=() if account.callback is None else tuple(believed(account)),
        trouble="; ".join(dict.fromkeys(trouble)) or None,
    )
    return finding, None if reached is None else reached.ahead


async def _told(check: Awaitable[T], account: Account, trouble: list[str]) -> T | None:
    """Return what a check finds, None where it finds nothing: what stands in the way is added to the trouble."""
    try:
        return await _in_time(check, account.name)
    except Unsupported:
        return None  # a provider that tells no balance is none the worse for it
    except AnymediaError as error:
        read = f" (its API key is read from {' or '.join(account.api_key_env)})" if isinstance(error, BadApiKey) else ""
        trouble.append(f"{error}{read}")
        return None


async def _no_money() -> Money | None:
    return None


async def _results(client: "Client") -> Stored:
    return await _stored(client, None, "the working directory")


async def _storage(client: "Client") -> Stored | None:
    storage = client.config.storage
    return None if storage is None else await _stored(client, storage.url, storage.url)


async def _stored(client: "Client", where: str | None, name: str) -> Stored:
    try:
        return Stored(await _in_time(client.check_storage(where), name))
    except AnymediaError as error:
        return Stored(name, str(error))


async def _webhooks(client: "Client") -> Called | None:
    url = client.config.webhooks
    if url is None:
        return None
    try:
        status = (await _in_time(client.reach_webhooks(), url)).status
    except AnymediaError as error:
        return Called(url, unknown=str(error))
    nobody = f"it answers HTTP {status}: nothing behind it takes webhooks" if status >= 500 else None
    return Called(url, status, trouble=nobody)


async def _proxies(client: "Client") -> list[Passed]:
    return [Passed(url, trouble) for url, trouble in (await client.check_proxies()).items()]


def _clock(ahead: list[float]) -> Timed:
    if not ahead:
        return Timed()
    off = median(ahead)
    if abs(off) <= CLOCK_OFF:
        return Timed(off)
    which = "ahead of" if off > 0 else "behind"
    return Timed(
        off,
        f"this machine's clock is {abs(off):,.0f} s {which} the providers': signatures and the life of links go by it",
    )


# The journal


def kept(config: Config, now: datetime) -> Kept | None:
    """Return what is in the journal; None when it is switched off."""
    if config.journal is None:
        return None
    path, free = shown(config.journal), _free(config.journal)
    try:
        attempts, number, today, left, database, importing = with_journal(config, lambda ledger: _counted(ledger, now))
    except JournalError as error:
        return Kept(path, free=free, away=error.away, trouble=str(error))
    uncertain = sum(map(is_uncertain, attempts))
    full = f"{path}: only {sized(free)} are free there" if free is not None and free < ROOM else None
    known = Kept(path, number, uncertain, len(attempts) - uncertain, today, free=free, database=database)
    trouble = full or importing or (None if database is None else _trouble(path, database))
    return attrs.evolve(known, uncollected=left.number, dead=left.dead, dies=left.dies, trouble=trouble)


def _trouble(path: str, database: Database) -> str | None:
    """Return what is wrong with a database, or with this machine beside it."""
    if database.aside:
        return f"{path}: {counted(database.aside, 'outcome')} on this machine that nobody can write: the log said why"
    if abs(database.ahead) > CLOCK_OFF:
        which = "ahead of" if database.ahead > 0 else "behind"
        off = f"{abs(database.ahead):,.0f} s {which} the server's"
        return f"{path}: this machine's clock is {off}: what is spent in a day goes by it"
    return None


def _free(place: Path | str) -> int | None:
    """Return how many bytes are free where a file is, or will be; None where that is not known."""
    if isinstance(place, str):
        return None
    there = next((folder for folder in place.parents if folder.is_dir()), None)
    return None if there is None else shutil.disk_usage(there).free


async def _counted(
    ledger: Ledger, now: datetime
) -> tuple[list[Attempt], int, dict[str, Decimal], Left, Database | None, str | None]:
    """Prepare to write as a submit would; return the open attempts, how many there are, what a day has cost, the
    results that are left, the database, and what an import keeps from being bought."""
    await ledger.journal.check()
    left, database, importing = await _left(ledger, now), await _database(ledger.journal), await ledger.importing()
    attempts, number, today = await ledger.attempts(open=True), await ledger.count(), await ledger.spent_today(now)
    return attempts, number, today, left, database, importing


async def _database(journal: Any) -> Database | None:
    """Return what the database of a journal says, without this command among those that use it."""
    found: Database | None = await journal.database() if hasattr(journal, "database") else None
    return None if found is None else attrs.evolve(found, alive=found.alive - 1)


async def _left(ledger: Ledger, now: datetime) -> Left:
    left = Left()
    async for attempt in ledger.uncollected(now):
        left.number += 1
        first = None if attempt.task is None else attempt.task.expires_at
        if first is not None and first <= now:
            left.dead += 1
        elif first is not None and left.dies is None:  # they come in this order
            left.dies = first
    return left
