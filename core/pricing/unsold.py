"""Why a request reaches no offer: names that do not exist, and accounts that do not sell what is asked for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NoReturn

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.declare.offer import Offer
from anymedia.model.errors import Problem, Unsupported
from anymedia.model.names import either, no_such
from anymedia.model.request import Request
from anymedia.model.vocabulary import Kind

EVERY_KIND = tuple(Kind)


def check_names(request: Request, offer: str | None, adapters: Collection[Adapter]) -> None:
    """Check that somebody sells the model, the pinned offer and what `extra` names. Errors: Unsupported."""
    kinds_of(request.model, adapters, kinds=(request.kind,))
    if offer is not None:
        _check_offer(offer, request.model, _by_name(adapters))
    names = [each.name for each in adapters]
    for name in request.extra:
        if name not in names:
            refuse("extra", no_such("provider", name, names, {each.title: each.name for each in adapters}))


def kinds_of(
    model: str, adapters: Iterable[Adapter], offer: str | None = None, kinds: Collection[Kind] = EVERY_KIND
) -> list[Kind]:
    """Return what the offers of a model make, or what that makes which `offer` pins where it is one of them.

    Errors: Unsupported for a model that none of these adapters sells, naming those of these kinds that it may mean.
    """
    sold = _by_name(adapters)
    of_model = {name: each for name, each in sold.items() if each.model == model}
    if not of_model:
        refuse("model", _no_model(model, sold, kinds))
    pinned = _pinned(offer, of_model)
    found = {each.kind for each in (pinned or of_model).values()}
    return [kind for kind in Kind if kind in found]


def refuse_elsewhere(model: str, offer: str | None, accounts: Sequence[Account], known: Iterable[Adapter]) -> NoReturn:
    """Say that a model, or the pinned offer of it, is not sold by these accounts, and by whom it is."""
    names = ", ".join(account.name for account in accounts)
    adapters = [*known, *(account.adapter for account in accounts)]
    sold = {name: each for name, each in _by_name(adapters).items() if each.model == model}
    if offer is None:
        refuse("model", f"{model} is not sold by {names or 'any account'}; it is sold as {', '.join(sorted(sold))}")
    providers = {name.partition("/")[0] for name in _pinned(offer, sold)}
    keys = either({each.name: each.api_key_env[0] for each in adapters if each.name in providers}.values())
    asked = f"only {names} {'is' if len(accounts) == 1 else 'are'} asked" if names else "no account is asked"
    at = either(sorted(providers))
    refuse("offer", f"{offer} is sold by {at}, and {asked}: set {keys}, or name an account of {at}")


def refuse(field: str, message: str) -> NoReturn:
    """Raise Unsupported for a field that nobody takes so."""
    raise Unsupported(problems=[Problem(field=field, message=message, unsupported=True, documented=False)])


def _by_name(adapters: Iterable[Adapter]) -> dict[str, Offer]:
    """Return every offer by its full name; two accounts of a provider may differ in those that the user declares."""
    return {f"{each.name}/{sold.name}": sold for each in adapters for sold in each.offers}


def _pinned(offer: str | None, sold: Mapping[str, Offer]) -> dict[str, Offer]:
    """Return the offers that a name means, with its provider or without."""
    return {name: each for name, each in sold.items() if offer in (name, each.name)}


def _no_model(model: str, sold: Mapping[str, Offer], kinds: Collection[Kind]) -> str:
    named = _pinned(model, sold)
    if named:
        of = next(iter(named.values())).model
        offers = either(f'offer="{name}"' for name, each in named.items() if each.model == of)
        return f"{model} is an offer of {of}: ask for {of} with {offers}"
    return no_such("model", model, sorted({each.model for each in sold.values() if each.kind in kinds}))


def _check_offer(offer: str, model: str, sold: Mapping[str, Offer]) -> None:
    pinned = _pinned(offer, sold)
    if not pinned:
        refuse("offer", no_such("offer", offer, _beside(offer, model, sold)))
    models = {each.model: None for each in pinned.values()}
    if model not in models:
        refuse("offer", f"{offer} is an offer of {next(iter(models))}, and the request is for {model}")


def _beside(offer: str, model: str, sold: Mapping[str, Offer]) -> list[str]:
    """Return the offers that an unknown one may be: of the provider that it names, and of the model, if any are."""
    provider, slash, _ = offer.partition("/")
    at = [name for name in sold if slash and name.startswith(f"{provider}/")] or list(sold)
    return [name for name in at if sold[name].model == model] or at
