"""Which offers of which accounts a request could go to."""

from collections.abc import Iterable, Iterator

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Offer
from anymedia.model.errors import ConfigError, Problem, Unsupported
from anymedia.model.money import Money, total
from anymedia.model.names import no_such
from anymedia.model.options import OnUnsupported
from anymedia.model.request import ImageRequest
from anymedia.registry import adapters, offers
from anymedia.translate.check import Checked, check
from anymedia.translate.encode import Part, parts, same

from .live import LivePrices
from .price import priced_part


@attrs.frozen
class Candidate:
    """An offer of an account, held against a request: the tasks it would take, and what each and all of them cost."""

    account: Account
    checked: Checked
    parts: tuple[Part, ...]
    prices: tuple[Money, ...]
    money: Money
    live: LivePrices | None = attrs.field(default=None, eq=False, repr=False)

    def some(self, pictures: range) -> "Candidate":
        """Return it for some of the request's pictures alone."""
        return self if len(pictures) == sum(part.count for part in self.parts) else _parted(self, pictures)

    @property
    def offer(self) -> Offer:
        """The offer."""
        return self.checked.offer

    @property
    def name(self) -> str:
        """The offer's full name, provider/offer."""
        return f"{self.account.adapter.name}/{self.offer.name}"


def candidates(
    request: ImageRequest,
    accounts: Iterable[Account],
    *,
    offer: str | None = None,
    on_unsupported: OnUnsupported = "refuse",
    limits: bool = True,
    live: LivePrices | None = None,
) -> list[Candidate]:
    """Return every offer of the request's model at the accounts, in their order; `offer` pins one by its name.

    Prices are what the user says, else `live`, else the page's.

    Errors: Unsupported for a model, an offer or a provider (in `extra`) that does not exist, naming the nearest one.
    """
    _names_exist(request, offer)
    accounts = list(accounts)
    found = [
        _candidate(check(request, account.adapter, sold, on_unsupported=on_unsupported, limits=limits), account, live)
        for account in accounts
        for sold in account.adapter.offers
        if sold.model == request.model and offer in (None, sold.name, f"{account.adapter.name}/{sold.name}")
    ]
    if not found:
        _refuse("model" if offer is None else "offer", _sold_elsewhere(request.model, accounts))
    return found


def _candidate(checked: Checked, account: Account, live: LivePrices | None) -> Candidate:
    if checked.problems:
        return Candidate(account, checked, (), (), Money.unknown("refused"))
    return _parted(Candidate(account, checked, (), (), Money(), live))


def _parted(candidate: Candidate, pictures: range | None = None) -> Candidate:
    checked, account, live = candidate.checked, candidate.account, candidate.live
    tasks = parts(checked, pictures)
    prices = [price for part, times in same(tasks) for price in [_price(checked, part, account, live)] * times]
    return attrs.evolve(candidate, parts=tuple(tasks), prices=tuple(prices), money=total(prices))


def _price(checked: Checked, part: Part, account: Account, live: LivePrices | None) -> Money:
    override = account.prices.get(checked.offer.name)
    told = live.find(checked, account.origin, part.count) if override is None and live is not None else None
    return told or priced_part(checked, part, override)


def _names_exist(request: ImageRequest, offer: str | None) -> None:
    if not offers(request.model):
        _refuse("model", no_such("model", request.model, {sold.model: sold for _, sold in offers()}))
    if offer is not None:
        _offer_exists(request.model, offer)
    for name in request.extra:
        if name not in adapters():
            _refuse("extra", no_such("provider", name, adapters()))


def _offer_exists(model: str, offer: str) -> None:
    sold_as = {f"{adapter.name}/{sold.name}": sold for adapter, sold in offers()}
    pinned = [sold for name, sold in sold_as.items() if offer in (name, sold.name)]
    if not pinned:
        _refuse("offer", no_such("offer", offer, sold_as))
    if model not in (sold.model for sold in pinned):
        _refuse("offer", f"{offer} is an offer of {pinned[0].model}, and the request is for {model}")


def _refuse(field: str, message: str) -> None:
    raise Unsupported(problems=[Problem(field=field, message=message, unsupported=True, documented=False)])


def _sold_elsewhere(model: str, accounts: Iterable[Account]) -> str:
    sellers = ", ".join(sorted({f"{adapter.name}/{sold.name}" for adapter, sold in offers(model)}))
    return (
        f"{model} is not sold by {', '.join(_names(accounts)) or 'any account'} as asked for; it is sold as {sellers}"
    )


def _names(accounts: Iterable[Account]) -> Iterator[str]:
    return (account.name for account in accounts)


def choose(candidates: Iterable[Candidate]) -> Candidate | None:
    """Return the one to take: of the first account that takes the request, its cheapest offer; unknown prices last."""
    fitting = [candidate for candidate in candidates if not candidate.checked.problems]
    if not fitting:
        return None
    of_first = [candidate for candidate in fitting if candidate.account is fitting[0].account]
    return min(of_first, key=lambda candidate: (candidate.money.usd is None, candidate.money.usd))


def no_account() -> ConfigError:
    """Return the error for a client that has no account at all."""
    keys = ", ".join(f"{adapter.api_key_env[0]} ({adapter.name})" for adapter in adapters().values())
    return ConfigError(f"no provider is configured: set one of {keys}, or write an anymedia.toml")
