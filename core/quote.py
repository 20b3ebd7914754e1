"""What a request would cost, everywhere: the same unit, dated, with its source; unknown is never 0."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import attrs

from .candidates import Candidate, candidates
from .check import OnUnsupported
from .config import Account, default_account, default_prices
from .live import LivePrices, fields_of
from .money import Money
from .pricing import depends_on
from .registry import sellers
from .request import ImageRequest
from .strict_json import Json

REFUSED = "refused"


@attrs.frozen(kw_only=True)
class Quote:
    """What one offer would cost for all of a request, in `tasks` tasks.

    `status` is that of the money (exact, approximate, estimate, unknown), or refused. `depends_on` is what the price
    goes by, as it is billed; `reasons` say why the price is not exact, or why the offer refuses.
    """

    offer: str
    provider: str
    account: str
    model: str
    status: str
    money: Money
    tasks: int
    depends_on: Mapping[str, Json] = attrs.field(hash=False)
    reasons: tuple[str, ...] = ()


def quote(
    request: ImageRequest, *providers: str, offer: str | None = None, on_unsupported: OnUnsupported = "refuse"
) -> list[Quote]:
    """Quote a request at every offer of its model, of the providers named or of every one known: the cheapest first.

    Unknown prices come last, refusals after them. Nothing is fetched: live prices are those that were stored.
    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a provider that does not.
    """
    accounts = [default_account(each, {}) for each in sellers(request.model, providers)]
    return quote_at(request, accounts, LivePrices.at(default_prices()), offer=offer, on_unsupported=on_unsupported)


def quote_at(
    request: ImageRequest,
    accounts: Sequence[Account],
    live: LivePrices,
    *,
    offer: str | None = None,
    on_unsupported: OnUnsupported = "refuse",
) -> list[Quote]:
    """Quote a request at every offer of its model of these accounts."""
    found = candidates(request, accounts, offer=offer, on_unsupported=on_unsupported, live=live)
    return ordered(map(quote_of, found))


def ordered(quotes: Iterable[Quote]) -> list[Quote]:
    """Return quotes by what is billed: unknown last, refused after."""
    return sorted(quotes, key=_order)


def _order(quote: Quote) -> tuple[bool, bool, Decimal]:
    usd = quote.money.usd
    return quote.status == REFUSED, usd is None, Decimal(0) if usd is None else usd


def quote_of(candidate: Candidate) -> Quote:
    """Return what a candidate would cost."""
    checked = candidate.checked
    refusals = tuple(map(str, checked.problems))
    reasons = (candidate.money.reason,) if candidate.money.reason else ()
    return Quote(
        offer=candidate.name,
        provider=candidate.account.adapter.name,
        account=candidate.account.name,
        model=checked.offer.model,
        status=REFUSED if refusals else str(candidate.money.status),
        money=candidate.money,
        tasks=len(candidate.parts),
        depends_on={} if refusals else _depends_on(candidate),
        reasons=refusals or reasons,
    )


def _depends_on(candidate: Candidate) -> Mapping[str, Json]:
    """Return what the price goes by: by the page's table, or, where the provider told it, all that it was told for."""
    part = candidate.parts[0]
    if candidate.prices[0].got == "live":
        told = fields_of(candidate.checked, part.count)
        return {field: value for field, value in told.items() if value is not None}
    return depends_on(candidate.checked, part)
