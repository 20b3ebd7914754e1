"""One of two sellers that are compared, and what one thing is there."""

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs

from anymedia.account import Account
from anymedia.declare.adapter import Adapter
from anymedia.model.forms import Roles
from anymedia.translate.check import Checked
from anymedia.translate.resolve import Field, Source

from .offers import Candidate, choose


@attrs.frozen
class Seller:
    """Where a request could go: an account, or one offer of it; `name` is what it is called here."""

    name: str
    account: Account
    offer: str | None = None


@attrs.frozen
class Side:
    """A seller with the offer that would be taken: the cheapest that takes the request, else the one nearest to it."""

    name: str
    taken: Candidate
    among: int

    @property
    def adapter(self) -> Adapter:
        """The provider."""
        return self.taken.account.adapter

    @property
    def checked(self) -> Checked:
        """The request, checked against the offer."""
        return self.taken.checked

    @property
    def roles(self) -> Roles:
        """The fields of the kind of request that the offer takes."""
        return self.taken.offer.roles

    def field(self, name: str) -> Field | None:
        """Return a field as it is resolved; None where there is none in the request's variant."""
        field = self.checked.fields.get(name)
        return None if field is None or field.takes is None else field

    def leaves_open(self, name: str) -> bool:
        """Return whether a field that the offer has is neither given nor set by a raw field."""
        field = self.field(name)
        return field is not None and field.source not in (Source.GIVEN, Source.RAW)

    def given(self, name: str) -> Any:
        """Return the value that a field is given, as the offer's shape exchanges it; None where it is left open."""
        field = self.field(name)
        return None if field is None or self.leaves_open(name) else field.sent

    def problems(self, name: str) -> list[str]:
        """Return what is wrong with a field."""
        return [problem.message for problem in self.checked.problems if problem.field == name]


def side_of(seller: Seller, sold: list[Candidate]) -> Side:
    """Return the side of a seller that has these offers of the model."""
    nearest = min(sold, key=lambda candidate: len(candidate.checked.problems))
    return Side(seller.name, choose(sold) or nearest, len(sold))


@attrs.frozen
class Trait:
    """What one thing is at a seller, and the same as a clause about the seller; two are alike whose `key` is equal."""

    value: str
    clause: str
    key: Any = attrs.field(default=attrs.Factory(lambda self: self.value, takes_self=True))


Reader: TypeAlias = Callable[[Side], Trait]
