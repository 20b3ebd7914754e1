"""What a request would be and cost at every provider known: without a client, an API key or the network."""

from .config import default_account, default_prices
from .model.options import OnUnsupported
from .model.quote import Quote
from .model.request import ImageRequest
from .pricing import compare as comparing
from .pricing import explain as explaining
from .pricing import quote as quoting
from .pricing.compare import Difference, Seller
from .pricing.explain import Explanation
from .pricing.live import LivePrices
from .registry import adapter, sellers


def explain(
    request: ImageRequest, *providers: str, offer: str | None = None, on_unsupported: OnUnsupported = "refuse"
) -> list[Explanation]:
    """Explain a request at every offer of its model: of the providers named, else of every one known.

    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a provider that does not.
    """
    accounts = [default_account(each, {}) for each in sellers(request.model, providers)]
    live = LivePrices.at(default_prices())
    return explaining.explain(request, accounts, live, offer=offer, on_unsupported=on_unsupported)


def quote(
    request: ImageRequest, *providers: str, offer: str | None = None, on_unsupported: OnUnsupported = "refuse"
) -> list[Quote]:
    """Quote a request at every offer of its model, of the providers named or of every one known: the cheapest first.

    Unknown prices come last, refusals after them. Nothing is fetched: live prices are those that were stored.
    Errors: Unsupported for a model or an offer that does not exist, ConfigError for a provider that does not.
    """
    accounts = [default_account(each, {}) for each in sellers(request.model, providers)]
    return quoting.quote(request, accounts, LivePrices.at(default_prices()), offer=offer, on_unsupported=on_unsupported)


def compare(request: ImageRequest, a: str, b: str, *, on_unsupported: OnUnsupported = "refuse") -> list[Difference]:
    """Return what would differ if a request went to b instead of a: providers' names, or "provider/offer".

    Of several offers the cheapest counts that takes the request. Prices are those that pages print.
    Errors: Unsupported for a model or an offer that does not exist, or that neither sells; ConfigError for a provider.
    """
    return comparing.compare(request, seller(a), seller(b), on_unsupported=on_unsupported)


def seller(name: str) -> Seller:
    """Return the seller of a provider's name, or of "provider/offer". Errors: ConfigError."""
    provider, pinned, _ = name.partition("/")
    return Seller(name, default_account(adapter(provider), {}), name if pinned else None)
