"""What is said where no account is configured: who serves what is asked for, the cheapest first, and which API keys to
set; or what is wrong with the request, which no API key would mend."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from .config import default_account
from .declare.adapter import Adapter
from .model.errors import AnymediaError, ConfigError
from .model.options import Options
from .model.quote import REFUSED
from .model.request import AnyRequest, RawRequest
from .pricing.offers import candidates
from .pricing.quote import ordered, quote_of
from .registry import adapter, adapters


def no_account(path: Path | None = None) -> ConfigError:
    """Return the error for a client without any account; `path` is the file that names none."""
    return _without("", map(_named, adapters().values()), path)


def nobody_for(request: AnyRequest, terms: Options, path: Path | None, today: date) -> AnymediaError:
    """Return the error for a request without any account: the API keys with which it is served, the cheapest first.

    A request that nobody serves is refused with the reasons. Errors: Unsupported for a model or an offer that does not
    exist, ConfigError for a provider of a raw request.
    """
    if isinstance(request, RawRequest):
        return _without(f" at {request.provider}", [_named(adapter(request.provider))], path)
    accounts = [default_account(each, {}) for each in adapters().values()]
    found = candidates(
        request,
        accounts,
        offer=terms.offer,
        on_unsupported=terms.on_unsupported,
        limits=terms.check,
        known=adapters().values(),
        today=today,
    )
    prices: dict[str, str] = {}
    for quote in ordered(map(quote_of, found)):
        if quote.status != REFUSED:
            prices.setdefault(quote.provider, "price unknown" if quote.money.usd is None else str(quote.money))
    if not prices:
        from .engine.purchase import no_route  # with which all that sends is loaded

        return no_route([each.checked.error(each.account.name) for each in found])
    return _without(f" for {request.model}", (_named(adapters()[name], prices[name]) for name in prices), path)


def _named(adapter: Adapter, price: str = "") -> str:
    return f"{adapter.api_key_env[0]} ({adapter.name}{price and f', {price}'})"


def _without(what: str, keys: Iterable[str], path: Path | None) -> ConfigError:
    first, *more = keys
    one = f"set one of {', '.join([first, *more])}" if more else f"set {first}"
    if path is not None:
        return ConfigError(f"{path} has no [providers.NAME]: add the table of a provider{what}, and {one}")
    return ConfigError(
        f"no API key is set{what}: {one}, or write an anymedia.toml; `anymedia simulate -- PROGRAM` needs none"
    )
