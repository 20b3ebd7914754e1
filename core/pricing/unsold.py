"""Why a request reaches no offer: names that do not exist, and accounts that do not sell what is asked for."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NoReturn

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.declare.offer import Offer
from anymedia.model.errors import Problem, Unsupported
from anymedia.model.names import either, meant, no_such
from anymedia.model.request import Request
from anymedia.model.vocabulary import Kind, Retry

EVERY_KIND = tuple(Kind)


def check_names(
    request: Request, offer: str | None, adapters: Collection[Adapter], asked: Collection[Adapter] = ()
) -> None:
    """Check that somebody sells the model, the pinned offer and what `extra` names.

    Errors: Unsupported, which names nothing that another than those `asked` (if any are) sells in place of what there
    is not.
    """
    kinds_of(request.model, adapters, offer, kinds=(request.kind,), asked=asked)
    if offer is not None:
        _check_offer(offer, request.model, _by_name(adapters), _by_name(asked))
    names = [each.name for each in adapters]
    for name in request.extra:
        if name not in names:
            refuse("extra", no_such("provider", name, names, {each.title: each.name for each in adapters}))


def kinds_of(
    model: str,
    adapters: Iterable[Adapter],
    offer: str | None = None,
    kinds: Collection[Kind] = EVERY_KIND,
    asked: Collection[Adapter] = (),
) -> list[Kind]:
    """Return what the offers of a model make, or what that makes which `offer` pins where it is one of them.

    Errors: Unsupported for a model that none of these adapters sells, naming those of these kinds that it may mean; of
    what those `asked` sell alone, if any are.
    """
    sold = _by_name(adapters)
    of_model = {name: each for name, each in sold.items() if each.model == model}
    if not of_model:
        refuse("model", _no_model(model, sold, kinds, offer, asked))
    pinned = _pinned(offer, of_model)
    found = {each.kind for each in (pinned or of_model).values()}
    return [kind for kind in Kind if kind in found]


def refuse_elsewhere(model: str, offer: str | None, accounts: Sequence[Account], known: Iterable[Adapter]) -> NoReturn:
    """Say that a model, or the pinned offer of it, is not sold by these accounts, and by whom it is."""
    names = ", ".join(account.name for account in accounts)
    adapters = [*known, *(account.adapter for account in accounts)]
    sold = {name: each for name, each in _by_name(adapters).items() if each.model == model}
    if offer is None:
        told = f"{model} is not sold by {names or 'any account'}; it is sold as {', '.join(sorted(sold))}"
        refuse("model", told, Retry.ELSEWHERE)
    providers = {name.partition("/")[0] for name in _pinned(offer, sold)}
    keys = either({each.name: each.api_key_env[0] for each in adapters if each.name in providers}.values())
    asked = f"only {names} {'is' if len(accounts) == 1 else 'are'} asked" if names else "no account is asked"
    at = either(sorted(providers))
    told = f"{offer} is sold by {at}, and {asked}: set {keys}, or name an account of {at}"
    refuse("offer", told, Retry.ELSEWHERE)


def refuse(field: str, message: str, retry: Retry = Retry.NEVER) -> NoReturn:
    """Raise Unsupported for a field that nobody takes so; or others than those asked, where `retry` says that."""
    error = Unsupported(problems=[Problem(field=field, message=message, unsupported=True, documented=False)])
    error.retry = retry
    raise error


def _by_name(adapters: Iterable[Adapter]) -> dict[str, Offer]:
    """Return every offer by its full name; two accounts of a provider may differ in those that the user declares."""
    return {f"{each.name}/{sold.name}": sold for each in adapters for sold in each.offers}


def _pinned(offer: str | None, sold: Mapping[str, Offer]) -> dict[str, Offer]:
    """Return the offers that a name means, with its provider or without."""
    return {name: each for name, each in sold.items() if offer in (name, each.name)}


def _no_model(
    model: str, sold: Mapping[str, Offer], kinds: Collection[Kind], offer: str | None, asked: Collection[Adapter]
) -> str:
    here = _by_name(asked) if asked else sold
    pinned = next((each.model for each in _pinned(offer, sold).values()), None)
    named = _pinned(model, sold)
    if pinned is not None:
        return f"no model is named {model!r}; {offer} is an offer of {pinned}"
    if named:
        of = next(iter(named.values())).model
        return f"{model} is an offer of {of}{_ask_for(of, named, here, asked)}"
    models = [sorted({each.model for each in some.values() if each.kind in kinds}) for some in (here, sold)]
    among = models[0] if meant(model, models[0]) else models[1]
    return no_such("model", model, among, lists="`anymedia models`")


def _ask_for(of: str, named: Mapping[str, Offer], here: Mapping[str, Offer], asked: Collection[Adapter]) -> str:
    """Return how what a name of an offer means is asked for: it itself, or what those asked sell in its place."""
    its = [f'offer="{name}"' for name, each in named.items() if each.model == of and name in here]
    if its:
        return f": ask for {of} with {either(its)}"
    names = either(dict.fromkeys(each.name for each in asked))
    theirs = [name for name, each in here.items() if each.model == of]
    if theirs:
        return f" elsewhere; at {names} that is {either(theirs)}: ask for {of}"
    return f", which {names} {'does' if names in {each.name for each in asked} else 'do'} not sell"


def _check_offer(offer: str, model: str, sold: Mapping[str, Offer], asked: Mapping[str, Offer]) -> None:
    pinned = _pinned(offer, sold)
    if not pinned:
        refuse("offer", no_such("offer", offer, _beside(offer, model, sold, asked or sold)))
    models = {each.model: None for each in pinned.values()}
    if model not in models:
        refuse("offer", f"{offer} is an offer of {next(iter(models))}, and the request is for {model}")


def _beside(offer: str, model: str, sold: Mapping[str, Offer], asked: Mapping[str, Offer]) -> list[str]:
    """Return the offers that an unknown one may be: of the provider that it names, or of those asked.

    Of the model, if any are.
    """
    provider, slash, _ = offer.partition("/")
    providers = dict.fromkeys(name.partition("/")[0] for name in sold)
    near = ([provider] if provider in providers else meant(provider, providers)) if slash else []
    at = [name for name in sold if name.partition("/")[0] in near] or list(asked)
    return [name for name in at if sold[name].model == model] or at
