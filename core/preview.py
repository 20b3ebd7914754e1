"""What a request would be sent as, and what it would cost, at every known provider: needs no client, API key or
network."""

from collections.abc import Sequence
from datetime import UTC, datetime

from .config import default_account, default_prices
from .model.options import OnUnsupported
from .model.quote import Quote
from .model.request import Request
from .pricing import compare as comparing
from .pricing import explain as explaining
from .pricing.compare import Difference
from .pricing.explain import Explanation
from .pricing.live import LivePrices
from .pricing.model_names import of_known_model
from .pricing.offers import Candidate, candidates
from .pricing.quote import ordered, quote_of
from .pricing.side import Seller
from .registry import adapter, adapters, sellers


def explain(
    request: Request, *providers: str, offer: str | None = None, on_unsupported: OnUnsupported = "refuse"
) -> list[Explanation]:
    """Explain a request at every offer of its model, of the providers named or of every one known.

    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a provider that does not.
    """
    return list(map(explaining.explain, _candidates(request, providers, offer, on_unsupported)))


def quote(
    request: Request, *providers: str, offer: str | None = None, on_unsupported: OnUnsupported = "refuse"
) -> list[Quote]:
    """Quote a request at every offer of its model, of the providers named or of every one known: the cheapest first.

    Unknown prices come last, refusals after them. Nothing is fetched: live prices are those that were stored.
    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a provider that does not.
    """
    return ordered(map(quote_of, _candidates(request, providers, offer, on_unsupported)))


def compare(request: Request, a: str, b: str, *, on_unsupported: OnUnsupported = "refuse") -> list[Difference]:
    """Return what would differ if a request went to b instead of a: providers' names, or "provider/offer".

    Of several offers the cheapest that takes the request counts. Prices are those that pages print.
    Errors: Unsupported for a model or an offer that does not exist, or that neither sells; ConfigError for a provider.
    """
    known, today = adapters().values(), datetime.now(UTC).date()
    return comparing.compare(request, seller(a), seller(b), on_unsupported=on_unsupported, known=known, today=today)


def seller(name: str) -> Seller:
    """Return the seller of a provider's name, or of "provider/offer". Errors: ConfigError."""
    provider, pinned, _ = name.partition("/")
    return Seller(name, default_account(adapter(provider), {}), name if pinned else None)


def _candidates(
    request: Request, providers: Sequence[str], offer: str | None, on_unsupported: OnUnsupported
) -> list[Candidate]:
    request = of_known_model(request, adapters().values())
    accounts = [default_account(each, {}) for each in sellers(request.model, providers)]
    return candidates(
        request,
        accounts,
        offer=offer,
        on_unsupported=on_unsupported,
        live=LivePrices.at(default_prices()),
        known=adapters().values(),
        today=datetime.now(UTC).date(),
    )
