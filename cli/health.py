"""The health of accounts, read from the journal: a new process knows nothing of what earlier ones met."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import attrs

from anymedia import Account, AccountHealth, Attempt, Outcome, Unavailable, to_json
from anymedia.account import is_of
from anymedia.clock import Clock
from anymedia.engine.rules import cooldown
from anymedia.journal.ledger import Ledger, day_told
from anymedia.limits.health import Cooldown, Health

from .journal import is_uncertain, read_journal
from .text import counted, dollars, one_line, plain, print_json, shortened

if TYPE_CHECKING:
    from .screen import Cell

SPAN = timedelta(hours=1)
"""How far back the journal is read: no cooldown is longer."""

COLUMNS = ("account", "health", "since (UTC)", "asked again", "last hour", "last error")

ENDS = {
    Cooldown.NONE: "",
    Cooldown.TIME: "",
    Cooldown.DAY: "sooner if it fits",
    Cooldown.BALANCE: "sooner if the balance changes",
    Cooldown.CONFIG: "once the API key is changed",
    Cooldown.TRIAL: "one request first",
    Cooldown.KEY: "one request first, or once the API key is changed",
}
"""What a table says of what ends a cooldown, beside its time."""

SHORT_ERROR = 80
"""Characters of an error that a table shows."""


@attrs.frozen(kw_only=True)
class Lately:
    """The health of an account, and what became of its submits in the last hour."""

    account: Account
    health: AccountHealth
    submits: int
    refused: int
    uncertain: int
    not_sent: int
    spent: Decimal
    error: str | None


def lately(
    accounts: Sequence[Account], attempts: Sequence[Attempt], clock: Clock, today: Mapping[str, Decimal]
) -> Iterator[Lately]:
    """Yield the health of each account, as a client would judge it that had made these attempts.

    `today` is what each has spent since midnight UTC.
    """
    health = Health(clock, _not_asked)
    ended = sorted(attempts, key=lambda attempt: attempt.ended_at or attempt.started_at)
    for account in accounts:
        its = [attempt for attempt in ended if attempt.order.account == account.name]
        for attempt in its:
            ends = cooldown(attempt)
            # Another API key may lead to another balance, and is not bad because that one was.
            if ends not in (Cooldown.KEY, Cooldown.BALANCE) or _is_of_its_key(attempt, account):
                health.note(account, attempt, ends)
        spent = today.get(account.name, Decimal(0))
        if account.daily_limit is not None and spent >= account.daily_limit:
            health.over_limit(account, day_told(account.name, account.daily_limit, spent))
        sent = [attempt for attempt in its if attempt.outcome is not Outcome.NOT_SENT]
        yield Lately(
            account=account,
            health=health.of(account),
            submits=len(sent),
            refused=sum(attempt.outcome is Outcome.REFUSED for attempt in sent),
            uncertain=sum(map(is_uncertain, sent)),
            not_sent=len(its) - len(sent),
            spent=spent,
            error=next((one_line(attempt.error) for attempt in reversed(its) if attempt.error), None),
        )


def _is_of_its_key(attempt: Attempt, account: Account) -> bool:
    return account.api_key is not None and is_of(attempt.fingerprint or "", account.api_key)


async def _not_asked(account: Account) -> NoReturn:
    raise Unavailable("no balance is asked for here", account=account.name, provider=account.adapter.name)


def show_health(accounts: Sequence[Account], config: Path | None, clock: Clock, *, as_json: bool) -> None:
    """Print the health of accounts. Errors: ConfigError without a journal."""
    now = clock.now()

    async def read(ledger: Ledger) -> tuple[list[Attempt], dict[str, Decimal]]:
        return await ledger.attempts(since=now - SPAN), await ledger.spent_today(now)

    attempts, today = read_journal(config, read)
    found = list(lately(accounts, attempts, clock, today))
    if as_json:
        print_json([_json(each) for each in found])
        return
    from .screen import Screen

    Screen().table(COLUMNS, (_row(each, now) for each in found))


def _json(each: Lately) -> dict[str, Any]:
    health = {name: said for name, said in to_json(each.health).items() if name not in ("submitting", "active")}
    counts = {"submits": each.submits, "refused": each.refused, "uncertain": each.uncertain, "not_sent": each.not_sent}
    day = {"spent_today": plain(each.spent), "daily_limit": plain(each.account.daily_limit)}
    return {**health, **day, "key": each.account.api_key is not None, "last_hour": counts, "last_error": each.error}


def _row(each: Lately, now: datetime) -> "list[Cell]":
    health = each.health
    state = health.cause.replace("_", " ") if health.cause else "ok" if each.account.api_key else "no API key"
    return [
        health.account,
        [state, *_of_day(each)],
        "" if health.since is None else f"{health.since:%H:%M:%S}",
        [*filter(None, [_again(health, now), _ends(each)])],
        [*_counted(each)] or "nothing",
        _short(each.error or ""),
    ]


def _of_day(each: Lately) -> Iterator[str]:
    """Yield what an account with a daily limit has spent of it."""
    if each.account.daily_limit is not None:
        yield f"{dollars(each.spent)} of {dollars(each.account.daily_limit)} today"


def _again(health: AccountHealth, now: datetime) -> str:
    """Return from when on an account is asked again; nothing where no time ends its trouble, or it has none."""
    if health.until is None:
        return ""
    return "now" if health.until <= now else f"{health.until:%H:%M:%S}"


def _ends(each: Lately) -> str:
    """Return what else ends an account's trouble."""
    untold = each.health.ends is Cooldown.BALANCE and each.account.adapter.balance is None
    return "" if untold else ENDS[each.health.ends]


def _counted(each: Lately) -> Iterator[str]:
    if each.submits:
        yield counted(each.submits, "submit")
    for what, number in (("refused", each.refused), ("uncertain", each.uncertain), ("not sent", each.not_sent)):
        if number:
            yield f"{number} {what}"


def _short(error: str) -> str:
    """Return what an error begins with."""
    return shortened(error.partition("; ")[0], SHORT_ERROR)
