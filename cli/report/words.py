"""Words and amounts of a report, for the page and for the terminal."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from anymedia import Attempt
from anymedia.cli.journal import when
from anymedia.cli.spend import money_of, sums_told
from anymedia.cli.text import counted, offer_at, possibly, together
from anymedia.journal.report import Wanted

from .data import ENDED, GOING_ON, Data, Row

CAUSES: Mapping[str, str] = {
    "bad_api_key": "The API key was not taken",
    "no_credit": "No credit was left",
    "not_found": "Nothing was found there",
    "rejected": "The request was not taken",
    "blocked": "The content was blocked",
    "rate_limited": "Too many requests",
    "unavailable": "The provider was not available",
    "malformed": "The answer could not be read",
    "failed": "The work failed",
    "refused": "The provider said no",
    "not sent": "Nothing could be sent",
}
"""What went wrong, for each cause."""


def amount(usd: Decimal | None, *, exact: bool = True) -> str:
    """Return an amount as it is shown everywhere."""
    return str(money_of(usd, exact=exact))


def possible(usd: Decimal | None, *, exact: bool) -> str:
    """Return an amount that may have been billed, as it is shown everywhere."""
    return possibly(money_of(usd, exact=exact))


def signed(usd: Decimal) -> str:
    """Return a difference as it is shown, with its sign."""
    return f"{'-' if usd < 0 else '+'}{amount(abs(usd))}"


def cause(word: str) -> str:
    """Return in words what went wrong."""
    return CAUSES.get(word, word.replace("_", " "))


def billed(row: Row) -> str:
    """Return what was billed for a group, and for how many nobody knows it."""
    spent = row.spent
    return sums_told(None if spent.unknown and not spent.usd else spent.usd, spent.unknown, exact=spent.exact)


def doubtful(row: Row) -> str:
    """Return what may have been billed for a group beside; nothing where nothing is uncertain."""
    spent = row.spent
    usd, unknown = spent.uncertain_usd, spent.uncertain_unknown
    return sums_told(usd, unknown, exact=spent.uncertain_exact, told=possibly) if spent.uncertain else ""


def rate(row: Row) -> str:
    """Return the rate of success of a group; nothing where nothing has ended."""
    return "" if row.rate is None else f"{row.rate:.0%}" if row.rate in (0, 1) else f"{row.rate:.1%}"


def ended(row: Row) -> str:
    """Return how the attempts of a group ended, in words, as far as there are any of an end."""
    known = [*ENDED, *GOING_ON]
    ends = [end for end in (*known, *sorted(row.ends.keys() - {*map(str, known)})) if row.count(end)]
    going = row.count(*GOING_ON)
    words = [f"{row.count(end):,} {end}" for end in ends if end not in GOING_ON]
    return together([*words, *([f"{going:,} not finished"] if going else [])] or ["nothing"])


def selected(wanted: Wanted) -> str:
    """Return which attempts a report is about, in words; nothing where it is about all of them."""
    told = [
        None if wanted.since is None else f"since {moment(wanted.since)}",
        None if wanted.account is None else f"account {wanted.account}",
        *(f"label {name}={value}" for name, value in wanted.labels.items()),
    ]
    return ", ".join(filter(None, told))


def elsewhere(data: Data) -> str:
    """Return what is uncertain of what the report is not about; nothing where nothing is."""
    if not data.elsewhere:
        return ""
    are = "is" if data.elsewhere == 1 else "are"
    return f"{counted(data.elsewhere, 'more uncertain attempt')} {are} outside of what is shown here."


def damaged(data: Data) -> str:
    """Return how many rows of the journal are in no figure; nothing where there is none."""
    if not data.damaged:
        return ""
    return f"{counted(data.damaged, 'attempt')} cannot be read in the journal: in no figure here."


def pruned(data: Data) -> str:
    """Return before when attempts may be missing that were asked for; nothing where none can be."""
    since, day = data.wanted.since, data.pruned
    if day is None or (since is not None and since >= day):
        return ""
    return f"Attempts from before {day:%Y-%m-%d} were pruned: in no figure here, but in those of `anymedia spend`."


def moment(time: datetime) -> str:
    """Return a time in UTC."""
    return f"{when(time)} UTC"


def offer(attempt: Attempt) -> str:
    """Return what was asked for at which account."""
    order = attempt.order
    return offer_at(order.name, order.account, order.provider)


def returned(row: Row) -> str:
    """Return for how many tasks money came back."""
    number = row.spent.refunded
    if not number:
        return "no task that failed or was canceled"
    return "the quote of 1 task that failed or was canceled" if number == 1 else f"the quotes of {number} failed tasks"


def confirmed(row: Row) -> str:
    """Return how much of what was billed the providers have told."""
    return f"{amount(row.spent.settled_usd)} of it confirmed by the providers"
