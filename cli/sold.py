"""A model, and what it costs at each of its sellers."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import attrs

from anymedia import Kind, Money
from anymedia.pricing.price import least

from .usual import Usual

KINDS = tuple(Kind)


@attrs.frozen
class Sold:
    """A model of a kind, and what its usual request costs at each offer: the cheapest first, unknown prices last."""

    kind: Kind
    model: str
    offers: Sequence[Usual]

    @property
    def cheapest(self) -> Usual:
        """The cheapest offer; where no price is known, the first."""
        return self.offers[0]

    @property
    def providers(self) -> list[str]:
        """Who sells it."""
        return _providers(self.offers)

    @property
    def unpriced(self) -> list[str]:
        """Who sells it at a price that nobody knows."""
        priced = _providers(each for each in self.offers if each.money.usd is not None)
        return [name for name in self.providers if name not in priced]

    @property
    def least(self) -> Money:
        """The least that any work of it costs at any offer; unknown where no price is known."""
        known = (least(each.account.adapter, each.offer) for each in self.offers)
        return min(known, key=lambda money: (money.usd is None, money.usd or 0))

    @property
    def note(self) -> str:
        """What else is to be known: how the cheapest offer differs, and which offers end."""
        differs = self.cheapest.differs if self.cheapest.money.usd is not None else ()
        return "; ".join((*differs, *self._ends()))

    def _ends(self) -> Iterator[str]:
        """Yield the days on which offers end, and at whom, where that is not everywhere."""
        for day in dict.fromkeys(each.offer.ends for each in self.offers):
            some = [each for each in self.offers if each.offer.ends == day]
            if day is not None:
                at = "" if len(some) == len(self.offers) else f" at {' '.join(_providers(some))}"
                yield f"{'ended' if all(each.ended for each in some) else 'ends'} {day}{at}"


def _providers(offers: Iterable[Usual]) -> list[str]:
    return list(dict.fromkeys(each.account.adapter.name for each in offers))


def by_model(offers: Iterable[Usual]) -> list[Sold]:
    """Return each model with its offers, by what it makes and then by its name."""
    ordered = sorted(offers, key=lambda each: (KINDS.index(each.offer.kind), each.offer.model, each.usd))
    grouped = groupby(ordered, key=lambda each: (each.offer.kind, each.offer.model))
    return [Sold(kind, model, list(some)) for (kind, model), some in grouped]
