"""Which offers of which accounts a request could go to, and the orders that each would be sent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.declare.offer import Offer
from anymedia.model.errors import RequestError
from anymedia.model.money import Money, total
from anymedia.model.options import OnUnsupported
from anymedia.model.request import Request
from anymedia.model.task import Order
from anymedia.translate.check import Checked, check
from anymedia.translate.encode import Part, parts, same
from anymedia.translate.ends import as_of
from anymedia.translate.files import Ways

from .live import LivePrices
from .price import priced_part


@attrs.frozen
class Candidate:
    """An offer of an account, checked against a request: the tasks it takes, and what each and all of them cost."""

    account: Account
    checked: Checked
    parts: tuple[Part, ...]
    prices: tuple[Money, ...]
    money: Money
    live: LivePrices | None = attrs.field(default=None, eq=False, repr=False)

    def some(self, units: range) -> "Candidate":
        """Return the candidate for some of the request's units only."""
        if len(units) == sum(part.units for part in self.parts):
            return self
        return _parted(self.account, self.checked, self.live, units)

    def orders(self, units: range | None = None, **chosen: Any) -> list[Order]:
        """Return one order for each task that the request, or some of its units, takes.

        Each seed is set apart by the number of its first unit; `chosen` are the fields of each order that the request
        does not tell, such as the caller's own idempotency key.
        """
        some = self if units is None else self.some(units)
        tasks = zip(some.parts, some.prices, strict=True)
        return [_order(self, part, money, chosen) for part, money in tasks]

    @property
    def offer(self) -> Offer:
        """The offer."""
        return self.checked.offer

    @property
    def name(self) -> str:
        """The offer's full name, provider/offer."""
        return self.checked.name


def _order(candidate: Candidate, part: Part, money: Money, chosen: Mapping[str, Any]) -> Order:
    checked = candidate.checked
    return Order(
        provider=checked.adapter.name,
        account=candidate.account.name,
        offer=candidate.name,
        model=checked.offer.model,
        wire_id=checked.wire_id,
        variant=checked.variant,
        lifecycle=checked.offer.lifecycle,
        kind=checked.offer.kind,
        path=checked.path,
        body=part.body,
        money=money,
        adjustments=(*checked.adjustments, *part.adjustments),
        labels=checked.labels,
        texts=checked.texts,
        part=part.first,
        units=part.units,
        makes=checked.offer.makes,
        **chosen,
    )


def candidates(
    request: Request,
    accounts: Iterable[Account],
    *,
    offer: str | None = None,
    on_unsupported: OnUnsupported = "refuse",
    limits: bool = True,
    live: LivePrices | None = None,
    known: Collection[Adapter] = (),
    today: date | None = None,
) -> list[Candidate]:
    """Return every offer of the request's model at the accounts, in their order; `offer` pins one by its name.

    Prices are the user's own, else `live`, else the page's. `known` are adapters that have no account here: errors name
    what they sell. Offers that have ended by `today` refuse the request. A model in other letters, or with blanks or
    underscores, is the one that it spells.

    Errors: Unsupported for a model, an offer or a provider (in `extra`) that there is not, naming those it may mean.
    """
    accounts = list(accounts)
    selling = list(_sold(request.model, accounts, offer))
    if not selling:
        from .model_names import of_known_model  # which few requests need

        request = of_known_model(request, [*known, *(account.adapter for account in accounts)])
        selling = list(_sold(request.model, accounts, offer))
    found = []
    for account, sold in selling:
        checked = check(
            request,
            account.adapter,
            sold,
            on_unsupported=on_unsupported,
            limits=limits,
            ways=Ways.of(account),
            callback=account.callback,
        )
        if today is not None:
            checked = as_of(checked, today, limits=limits)
        found.append(_candidate(checked, account, live))
    if not found or request.extra:
        from .unsold import check_names, refuse_elsewhere  # which few requests need

        asked = [account.adapter for account in accounts]
        check_names(request, offer, [*known, *asked], asked)
        if not found:
            refuse_elsewhere(request.model, offer, accounts, known)
    return found


def _sold(model: str, accounts: Sequence[Account], offer: str | None) -> Iterator[tuple[Account, Offer]]:
    """Yield every offer of a model at the accounts, or the one of a name."""
    for account in accounts:
        for sold in account.adapter.offers:
            if sold.model == model and offer in (None, sold.name, f"{account.adapter.name}/{sold.name}"):
                yield account, sold


def _candidate(checked: Checked, account: Account, live: LivePrices | None) -> Candidate:
    if checked.problems:
        return Candidate(account, checked, (), (), Money.unknown("refused"))
    try:
        return _parted(account, checked, live)
    except RequestError as error:  # a hook of the adapter makes no body of it
        refused = attrs.evolve(checked, problems=error.problems)
        return Candidate(account, refused, (), (), Money.unknown("refused"))


def _parted(account: Account, checked: Checked, live: LivePrices | None, units: range | None = None) -> Candidate:
    tasks = parts(checked, units)
    prices = [price for part, times in same(tasks) for price in [_price(checked, part, account, live)] * times]
    return Candidate(account, checked, tuple(tasks), tuple(prices), total(prices), live)


def _price(checked: Checked, part: Part, account: Account, live: LivePrices | None) -> Money:
    override, offer = account.prices.get(checked.offer.name), checked.offer
    yours = override is not None or (offer.own and offer.prices is not None)
    price = None if yours or live is None else live.find(checked, account.origin, part.units)
    return price or priced_part(checked, part, override)


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return the cheapest offer of the first account that takes the request (unknown prices last), or None."""
    fitting = [candidate for candidate in candidates if not candidate.checked.problems]
    if not fitting:
        return None
    of_first = [candidate for candidate in fitting if candidate.account is fitting[0].account]
    return min(of_first, key=lambda candidate: (candidate.money.bound is None, candidate.money.bound))
