"""What a report shows: figures of each group, and attempts with what is to be said of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import attrs

from anymedia import Attempt, Money, Outcome, State
from anymedia.cli.drift import Drift, drifts
from anymedia.cli.spend import GROUPS, Spent, added_up, money_of
from anymedia.journal import Sum
from anymedia.journal.counts_as import CountsAs
from anymedia.journal.private import without_prompts
from anymedia.journal.records import usd_of
from anymedia.journal.report import Group, Report, Said, Wanted
from anymedia.model.money import EXACT

T = TypeVar("T")

FINE = Decimal("0.0001")
"""What an average is rounded to, in USD."""

ENDED = (State.SUCCEEDED, State.FAILED, Outcome.REFUSED, Outcome.NOT_SENT)
"""Where attempts stand of which a rate of success can be told: what was canceled was not wanted any more."""

GOING_ON = (State.QUEUED, State.RUNNING)


@attrs.frozen(kw_only=True)
class Row:
    """What became of a group of attempts: what it came to in money, and how many stand where.

    `given_back` is what the refunded ones were quoted at, as far as anybody knows: None where nobody does.
    """

    spent: Spent
    ends: Mapping[str, int]
    given_back: Decimal | None

    @property
    def name(self) -> str:
        """What they have in common."""
        return self.spent.group

    @property
    def number(self) -> int:
        """How many attempts there are."""
        return sum(self.ends.values())

    def count(self, *ends: str) -> int:
        """Return how many stand at one of several ends."""
        return sum(self.ends.get(str(end), 0) for end in ends)

    @property
    def rate(self) -> float | None:
        """The part of what has ended that succeeded; None where nothing has."""
        ended = self.count(*ENDED)
        return self.count(State.SUCCEEDED) / ended if ended else None


@attrs.frozen(kw_only=True)
class Day:
    """What a day came to, by its number from 1970 on: all of it, and each account by itself."""

    day: int
    total: Row
    accounts: Sequence[Row]


@attrs.frozen(kw_only=True)
class Price:
    """What an offer of a model was quoted at and billed: `each` is what a task cost on average, as far as is known."""

    model: str
    offer: str
    paid: int
    each: Money
    drift: Drift | None

    @property
    def difference(self) -> Decimal | None:
        """By how much its bills were above their quotes, in USD; None where one of both is not known."""
        if self.drift is None or self.drift.quoted.usd is None or self.drift.billed.usd is None:
            return None
        return EXACT.subtract(self.drift.billed.usd, self.drift.quoted.usd)


@attrs.frozen(kw_only=True)
class Failed:
    """What failed for one cause; `others` gave reasons of which no example is kept."""

    cause: str
    row: Row
    reasons: Sequence[Said]
    others: int


@attrs.frozen(kw_only=True)
class Data:
    """All that a report shows."""

    made_at: datetime
    wanted: Wanted
    prompts: bool
    total: Row
    days: Sequence[Day]
    accounts: Sequence[Row]
    models: Sequence[Row]
    labels: Sequence[Row]
    prices: Sequence[Price]
    failures: Sequence[Failed]
    uncertain: Sequence[Attempt]
    results: Sequence[Attempt]
    elsewhere: int
    damaged: int
    pruned: datetime | None


def data_of(report: Report, made_at: datetime, *, prompts: bool) -> Data:
    """Return what is shown of a report; without `prompts` no attempt in it holds what was asked for."""
    private: Callable[[Attempt], Attempt] = (lambda attempt: attempt) if prompts else without_prompts
    return Data(
        made_at=made_at,
        wanted=report.wanted,
        prompts=prompts,
        total=row("total", [report.total]),
        days=_days(report.days),
        accounts=rows(report.accounts, "account"),
        models=rows(report.models, "model"),
        labels=rows(report.labels, "label"),
        prices=_prices(report.offers),
        failures=[
            Failed(
                cause=each.cause,
                row=row(each.cause, [each.group]),
                reasons=[attrs.evolve(said, example=private(said.example)) for said in each.said],
                others=each.others,
            )
            for each in report.failures
        ],
        uncertain=[*map(private, report.uncertain)],
        results=[*map(private, report.results)],
        elsewhere=report.elsewhere,
        damaged=report.damaged,
        pruned=report.pruned,
    )


def row(name: str, groups: Iterable[Group]) -> Row:
    """Return what groups come to together."""
    groups = [*groups]
    ends: dict[str, int] = {}
    for end, number in (each for group in groups for each in group.ends.items()):
        ends[end] = ends.get(end, 0) + number
    sums = [each for group in groups for each in group.sums]
    return Row(spent=added_up(name, sums), ends=ends, given_back=_given_back(sums))


def _given_back(sums: Iterable[Sum]) -> Decimal | None:
    refunded = [each for each in sums if CountsAs.read(each.counts_as).refunded]
    known = not refunded or any(each.quotes for each in refunded)
    return usd_of(sum(each.quoted for each in refunded)) if known else None


def rows(groups: Iterable[Group], by: str) -> list[Row]:
    """Return a row for each name, the dearest first."""
    _, names = GROUPS[by]
    by_name = _by((name, group) for group in groups for name in names(group.name[0]))
    return sorted((row(name, each) for name, each in by_name.items()), key=_dearest)


def _dearest(row: Row) -> tuple[Decimal, int, str]:
    return -(row.spent.usd or Decimal(0)), -row.number, row.name


def _days(groups: Iterable[Group]) -> list[Day]:
    by_day = _by((int(group.name[0]), group) for group in groups)
    return [
        Day(day=day, total=row("all", each), accounts=[row(str(group.name[1]), [group]) for group in each])
        for day, each in by_day.items()
    ]


def _by(named: Iterable[tuple[Any, T]]) -> dict[Any, list[T]]:
    """Return what comes under the same name."""
    found: dict[Any, list[T]] = {}
    for name, each in named:
        found.setdefault(name, []).append(each)
    return found


def _prices(groups: Iterable[Group]) -> list[Price]:
    """Return what the offers of each model cost, the cheapest first."""
    found = [each for each in map(_price, groups) if each.paid]
    return sorted(found, key=lambda each: (each.model, each.each.usd is None, each.each.usd or 0, each.offer))


def _price(group: Group) -> Price:
    model, offer = map(str, group.name)
    counted = ((CountsAs.read(each.counts_as), each) for each in group.sums)
    kept = [(as_, each) for as_, each in counted if as_.accepted and not as_.refunded and not as_.free]
    known = sum(each.known for _, each in kept)
    mean = EXACT.divide(usd_of(sum(each.reserved for _, each in kept)), known) if known else None
    rounded = None if mean is None else mean.quantize(FINE)
    exact = rounded == mean and all(as_.exact for as_, each in kept if each.known)
    return Price(
        model=model or "no model",
        offer=offer or "no offer",
        paid=sum(each.number for _, each in kept),
        each=Money() if mean is None else money_of(rounded or mean, exact=exact),
        drift=next(iter(drifts(group.sums)), None),
    )
