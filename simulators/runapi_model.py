"""What RunAPI sells, as its contract writes it: a model of an action, its fields, the rules between them, its cents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from .fields import Fields, Problem

Given = Mapping[str, Any]

LASTS = "duration_seconds"
"""The field by which what is sold per second is billed."""


@frozen
class Rule:
    """Where a field has a value (None: where it is given at all), others are required, or forbidden."""

    field: str
    value: object = None
    required: Sequence[str] = ()
    forbidden: Sequence[str] = ()

    def wrong(self, body: Given) -> Iterator[Problem]:
        """What a body lacks, or has too much."""
        if self.field not in body or self.value not in (None, body[self.field]):
            return
        where = f"{self.field} is given" if self.value is None else f"{self.field} is {self.value}"
        for name in self.required:
            if name not in body:
                yield Problem(name, "rule", f"is required where {where}")
        for name in self.forbidden:
            if name in body:
                yield Problem(name, "rule", f"is forbidden where {where}")


@frozen
class Model:
    """A model of one action.

    `makes` tells, of a body with what is `usual` filled in, what is made: the arguments of an Order. `cents` are by the
    values of the fields in `by`, the words with a blank between; of a list "true" where anything is in it. They are for
    each second of LASTS where it is sold `per_second`. `unpriced`: pending in the price list, the cents are ours.
    `at_once`: the answer to a submit is the result, unless it takes too long.
    """

    service: str
    action: str
    names: tuple[str, ...]
    fields: Fields
    cents: Mapping[str, int | Decimal]
    makes: Callable[[Given], Mapping[str, Any]]
    by: Sequence[str] = ()
    usual: Given = field(factory=dict)
    rules: Sequence[Rule] = ()
    per_second: bool = False
    unit: str = "image"
    unpriced: bool = False
    at_once: bool = False

    @property
    def scope(self) -> str:
        """The path of its action."""
        return f"/api/v1/{self.service}/{self.action}"

    @property
    def priced(self) -> Sequence[str]:
        """The fields that the price goes by."""
        return (*self.by, LASTS) if self.per_second else self.by

    def full(self, body: Given) -> Given:
        """A body with what is taken for what it does not say."""
        return {**self.usual, **body}

    def unit_price(self, body: Given) -> int | Decimal | None:
        """Cents of one unit: of a task, or of a second of it; None where it is not sold so."""
        full = self.full(body)
        return self.cents.get(" ".join(_word(full.get(name)) for name in self.by))

    def price(self, body: Given) -> int | Decimal | None:
        """Cents of a task; None where it is not sold so."""
        cents = self.unit_price(body)
        return cents * self.lasts(body) if cents is not None and self.per_second else cents

    def lasts(self, body: Given) -> int:
        """The seconds that are billed; of what leaves them to the model, the usual ones."""
        asked: int = self.full(body)[LASTS]
        usual: int = self.usual[LASTS]
        return asked if asked > 0 else usual


def _word(value: object) -> str:
    return value if isinstance(value, str) else "true" if value else "false"
