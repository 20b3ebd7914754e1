"""What a request would cost at each offer: in one unit, dated, with its source; unknown is never 0."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from anymedia.model.quote import REFUSED, Quote
from anymedia.model.strict_json import Json

from .live import fields_of
from .offers import Candidate
from .price import depends_on


def ordered(quotes: Iterable[Quote]) -> list[Quote]:
    """Return quotes in the order of what is billed: unknown prices last, refusals after them."""
    return sorted(quotes, key=_order)


def _order(quote: Quote) -> tuple[bool, bool, Decimal]:
    usd = quote.money.bound
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
        works=checked.units * checked.offer.makes,
        depends_on={} if refusals else _depends_on(candidate),
        reasons=refusals or reasons,
        notices=checked.notices,
    )


def _depends_on(candidate: Candidate) -> Mapping[str, Json]:
    """Return what the price goes by: the page's table, or, for a live price, every field that was asked about."""
    if candidate.prices[0].got == "live":
        asked = fields_of(candidate.checked, candidate.parts[0].units)
        return {name: value for name, value in asked.items() if value is not None}
    return depends_on(candidate.checked)
