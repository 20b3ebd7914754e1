"""What offers cost, as their pages print it."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from itertools import product
from typing import Any

import attrs


@attrs.frozen(init=False)
class Price:
    """One printed figure: USD, the provider's credits, or both; `approximate` where the page says about."""

    usd: Decimal | None
    credits: Decimal | None
    approximate: bool = False

    def __init__(self, usd: str | None = None, credits: int | None = None, approximate: bool = False) -> None:
        self.__attrs_init__(
            None if usd is None else Decimal(usd), None if credits is None else Decimal(credits), approximate
        )


@attrs.frozen
class Credit:
    """The provider's own unit in USD; with `whole`, a task is billed in whole credits, rounded up."""

    usd: Decimal = attrs.field(converter=Decimal)
    whole: bool = False

    def bill(self, usd: Decimal) -> Decimal:
        """Return the credits that a task of so many USD is billed."""
        credits = usd / self.usd
        return credits.to_integral_value(ROUND_CEILING) if self.whole else credits


@attrs.frozen
class Dearest:
    """Billed as the dearest of the values possible; with a reason, that is but an estimate."""

    reason: str | None = None


DEAREST = Dearest()


def _by_tuple(cells: Mapping[Any, Price]) -> Mapping[tuple[str, ...], Price]:
    return {key if isinstance(key, tuple) else (key,): cell for key, cell in cells.items()}


@attrs.frozen
class Table:
    """Figures by some fields of the request (or by "mode"): cells by one value, or by a tuple of them."""

    by: tuple[str, ...]
    cells: Mapping[tuple[str, ...], Price] = attrs.field(hash=False, converter=_by_tuple)

    @classmethod
    def printed(cls, by: tuple[str, ...], columns: tuple[str, ...], rows: Mapping[str, str]) -> "Table":
        """Return a table as a page prints it: rows by the first field (values may share one), USD by the others.

        The columns of the last field run fastest; a | between figures is for the eye; a short row lacks its last cells.
        """
        across = [tuple(cell) for cell in product(*(column.split() for column in columns))]
        return cls(
            by,
            {
                (value, *cell): Price(usd)
                for values, figures in rows.items()
                for value in values.split()
                for cell, usd in zip(across, figures.replace("|", " ").split(), strict=False)
            },
        )


@attrs.frozen
class PerMegapixel:
    """USD for the first megapixel (1024 × 1024, begun ones count whole), for each further one, for each one put in."""

    first: Decimal = attrs.field(converter=Decimal)
    further: Decimal = attrs.field(converter=Decimal)
    put_in: Decimal = attrs.field(converter=Decimal)


@attrs.frozen
class Prices:
    """What an offer costs: figures, the day they held and where they stand."""

    figures: Table | PerMegapixel
    date: str
    source: str
