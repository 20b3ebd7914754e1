"""What would differ if a request went to one seller instead of another, in words; pure."""

from collections.abc import Collection, Iterator
from datetime import date
from functools import partial

import attrs

from anymedia.declare.adapter import Adapter
from anymedia.model.money import EXACT, dollars
from anymedia.model.options import OnUnsupported
from anymedia.model.request import Request

from .field_traits import default_trait, given_traits, left_open
from .live import LivePrices
from .model_names import of_known_model
from .offers import Candidate, candidates
from .sale_traits import BOUGHT, SOLD, offer_trait
from .side import Reader, Seller, Side, side_of


@attrs.frozen
class Difference:
    """One thing that would differ: what it is at each of the two sellers, and a sentence that says what it means."""

    field: str
    a: str
    b: str
    text: str


def compare(
    request: Request,
    a: Seller,
    b: Seller,
    live: LivePrices | None = None,
    *,
    on_unsupported: OnUnsupported = "refuse",
    known: Collection[Adapter] = (),
    today: date | None = None,
) -> list[Difference]:
    """Return what would differ if a request went to b instead of a, at the prices of their accounts, as of `today`.

    Errors: as candidates, for a model that neither sells.
    """
    known = (*known, a.account.adapter, b.account.adapter)
    request = of_known_model(request, known)
    at_a, at_b = (_sold(request, seller, live, on_unsupported, known, today) for seller in (a, b))
    if not at_a and not at_b:
        candidates(request, [a.account, b.account], known=known)  # its error says who sells the model
    if not at_a or not at_b:
        return [_unsold(request.model, (a, at_a), (b, at_b))]
    return list(_differences(side_of(a, at_a), side_of(b, at_b)))


def _sold(
    request: Request,
    seller: Seller,
    live: LivePrices | None,
    on_unsupported: OnUnsupported,
    known: Collection[Adapter],
    today: date | None,
) -> list[Candidate]:
    """Return what a seller has of the model; nothing where it has none."""
    sells = any(offer.model == request.model for offer in seller.account.adapter.offers)
    if not sells and seller.offer is None:
        return []
    return candidates(
        request,
        [seller.account],
        offer=seller.offer,
        on_unsupported=on_unsupported,
        live=live,
        known=known,
        today=today,
    )


def _unsold(model: str, *sides: tuple[Seller, list[Candidate]]) -> Difference:
    names = [", ".join(candidate.name for candidate in sold) for _, sold in sides]
    clauses = (
        f"{seller.name} {f'sells it as {name}' if name else 'does not sell it'}"
        for (seller, _), name in zip(sides, names, strict=True)
    )
    at_a, at_b = (name or "not sold" for name in names)
    return Difference("model", at_a, at_b, f"{model}: {'; '.join(clauses)}")


def _differences(a: Side, b: Side) -> Iterator[Difference]:
    for name, (what, tell) in _aspects(a, b).items():
        at_a, at_b = tell(a), tell(b)
        if at_a.key != at_b.key:
            clauses = f"{a.name} {at_a.clause}; {b.name} {at_b.clause}"
            yield Difference(name, at_a.value, at_b.value, f"{what}: {clauses}{_advice(name, a, b)}")


def _aspects(a: Side, b: Side) -> dict[str, tuple[str, Reader]]:
    """Return by name what is compared, each with how it is called."""
    aspects: dict[str, tuple[str, Reader]] = {}
    if a.among > 1 or b.among > 1:
        aspects["offer"] = a.taken.offer.model, offer_trait
    aspects |= dict(given_traits(a, b))
    aspects |= {
        name: (f"{name} is not given", partial(default_trait, name)) for name in left_open(a, b) if name not in aspects
    }
    if not a.checked.problems and not b.checked.problems:
        aspects |= BOUGHT
    return {**aspects, **SOLD}


def _advice(name: str, a: Side, b: Side) -> str:
    """Return what can be done about a difference, where that is not plain."""
    if name == "money":
        return _cheaper(a, b)
    if name in a.roles.looks and a.leaves_open(name) and b.leaves_open(name):
        return f"; give {name} to have the same"
    return ""


def _cheaper(a: Side, b: Side) -> str:
    of_a, of_b = a.taken.money.bound, b.taken.money.bound
    if of_a is None or of_b is None or of_a == of_b:
        return ""
    (less, cheaper), (more, _) = sorted([(of_a, a.name), (of_b, b.name)])
    return f"; {cheaper} is {dollars(EXACT.subtract(more, less))} cheaper"
