"""What offers cost, as their pages print it."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from itertools import product
from typing import Any, TypeAlias

import attrs

from .numbers import as_word
from .typed import typed, typed_call


def exact(figure: str | int | Decimal, name: str = "a figure") -> Decimal:
    """Return a figure as it is printed. Errors: ValueError for a float, which is none, and for what is no number."""
    if isinstance(figure, bool) or not isinstance(figure, str | int | Decimal):
        raise ValueError(f"{name} is a text or a whole number, like '0.05', not {figure!r}")
    try:
        return Decimal(figure)
    except InvalidOperation:
        raise ValueError(f"{name}: {figure!r} is no number") from None


def _figure(given: str | int | Decimal | None) -> Decimal | None:
    return None if given is None else exact(given)


@attrs.frozen(field_transformer=typed)
class Price:
    """One printed figure: USD, the provider's credits, or both, each a text or a whole number.

    `approximate`: the page gives an approximate price; `doubt` says how the page can be read in more than one way.
    """

    usd: Decimal | None = attrs.field(default=None, converter=_figure)
    credits: Decimal | None = attrs.field(default=None, converter=_figure)
    approximate: bool = attrs.field(default=False, kw_only=True)
    doubt: str | None = attrs.field(default=None, kw_only=True)


@attrs.frozen(init=False, field_transformer=typed)
class Per(Price):
    """A figure for each `each` of a field: seconds of a duration, characters of a text, files of a list, or a number.

    `begun`: a begun one counts whole; `least` is how much of the field is billed at least, and `more` how much may be
    billed beyond it, like the seconds of a film that is put in: the most is taken.
    """

    of: str = "duration"
    each: int = 1
    begun: bool = False
    least: Decimal = Decimal(0)
    more: Decimal = Decimal(0)

    def __init__(
        self,
        usd: str | int | Decimal | None = None,
        of: str = "duration",
        each: int = 1,
        *,
        begun: bool = False,
        least: str | int | Decimal = 0,
        more: str | int | Decimal = 0,
        **figure: Any,
    ) -> None:
        bounds = exact(least, "least"), exact(more, "more")
        self.__attrs_init__(usd, of=of, each=each, begun=begun, least=bounds[0], more=bounds[1], **figure)

    def times(self, amount: Decimal) -> Decimal:
        """Return how often the figure is billed for so much of the field."""
        times = max(amount + self.more, self.least) / self.each
        return times.to_integral_value(ROUND_CEILING) if self.begun else times


@attrs.frozen(field_transformer=typed)
class Credit:
    """The provider's own unit in USD; with `whole`, a task is billed in whole credits, rounded up."""

    usd: Decimal = attrs.field(converter=exact)
    whole: bool = False

    def bill(self, usd: Decimal) -> Decimal:
        """Return the credits that a task which costs this many USD is billed."""
        credits = usd / self.usd
        return credits.to_integral_value(ROUND_CEILING) if self.whole else credits


@attrs.frozen(field_transformer=typed)
class Dearest:
    """Billed as the dearest of the possible values; with a reason, the price is only an estimate."""

    reason: str | None = None


DEAREST = Dearest()
"""Such a value without a reason: its price is exact all the same."""


def _fields(by: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(by.split()) if isinstance(by, str) else by


def _cells(cells: Mapping[Any, Price | str]) -> Mapping[tuple[str, ...], Price]:
    return {
        tuple(map(as_word, key if isinstance(key, tuple) else (key,))): _cell(key, cell) for key, cell in cells.items()
    }


def _cell(key: Any, cell: Price | str) -> Price:
    if not isinstance(cell, Price | str):
        raise ValueError(f"cells, {key}: a figure is a text or a Price, not {cell!r}")
    return Price(cell) if isinstance(cell, str) else cell


@attrs.frozen(init=False, field_transformer=typed)
class Table:
    """Figures (a bare text is USD) by fields of the request, or by "variant": Table("resolution", {"1K": "0.05"}).

    A figure is for one unit; where the table goes by `count` too, it is for all units of the task. With `per`, each
    bare text is for one of that field, like a second of the duration.
    """

    by: tuple[str, ...] = attrs.field(converter=_fields)
    cells: Mapping[tuple[str, ...], Price] = attrs.field(hash=False, converter=_cells)

    def __init__(self, by: str | tuple[str, ...], cells: Mapping[Any, Price | str], *, per: str | None = None) -> None:
        if per is not None and isinstance(cells, Mapping):
            cells = {key: Per(cell, per) if isinstance(cell, str) else cell for key, cell in cells.items()}
        self.__attrs_init__(by, cells)

    def __attrs_post_init__(self) -> None:
        for key in self.cells:
            if len(key) != len(self.by):
                raise ValueError(f"cells, {' '.join(key)}: a cell has one value for each of {', '.join(self.by)}")

    @classmethod
    @typed_call
    def printed(
        cls,
        by: str | tuple[str, ...],
        columns: tuple[str, ...],
        rows: Mapping[str, str],
        *,
        per: str | None = None,
        **figure: Any,
    ) -> "Table":
        """Return a table as a page prints it: rows by the first field (values may share one), USD by the others.

        The columns of the last field run fastest; a | between figures is only for the eye; a short row lacks the prices
        of its last cells, and so does a "?". With `per`, each figure is for one of that field, like a second of the
        duration; `figure` is what else holds of each, like a `doubt`.
        """
        across = [tuple(cell) for cell in product(*(column.split() for column in columns))]
        return cls(
            by,
            {
                (value, *cell): Price(usd, **figure) if per is None else Per(usd, per, **figure)
                for values, figures in rows.items()
                for value in values.split()
                for cell, usd in zip(across, figures.replace("|", " ").split(), strict=False)
                if usd != "?"
            },
        )

    def __or__(self, other: "Table") -> "Table":
        """Join two tables. Errors: ValueError where they go by other fields, or both have a cell."""
        if self.by != other.by or self.cells.keys() & other.cells.keys():
            raise ValueError(f"cells: tables that are joined go by {', '.join(self.by)}, and have no cell in common")
        return Table(self.by, {**self.cells, **other.cells})


@attrs.frozen(field_transformer=typed)
class PerMegapixel:
    """USD for the first megapixel (1024 × 1024; a begun one counts whole), each further one, and each one put in."""

    first: Decimal = attrs.field(converter=exact)
    further: Decimal = attrs.field(converter=exact)
    put_in: Decimal = attrs.field(converter=exact)


def _rates(given: Mapping[str, str | int | Decimal]) -> Mapping[str, Decimal]:
    return {name: exact(figure, name) for name, figure in given.items()}


@attrs.frozen(field_transformer=typed)
class Metered:
    """USD for each of what a task turns out to use, like tokens or seconds of a machine, which `Reply.used` finds.

    `most` is how much of each one unit uses at most: the price beforehand; without it that is unknown.
    """

    rates: Mapping[str, Decimal] = attrs.field(converter=_rates, hash=False)
    most: Mapping[str, Decimal] = attrs.field(factory=dict, converter=_rates, hash=False)

    def __attrs_post_init__(self) -> None:
        if not self.rates:
            raise ValueError("rates: there is none")
        if unread := self.most.keys() - self.rates.keys():
            raise ValueError(f"most: no rate is for {', '.join(sorted(unread))}")

    def bill(self, used: Mapping[str, Decimal]) -> Decimal:
        """Return the USD of what was used."""
        return sum((rate * used[name] for name, rate in self.rates.items()), Decimal(0))


@attrs.frozen(field_transformer=typed)
class Printed:
    """The day on which a provider's prices were printed, and where."""

    date: str | None = None
    source: str | None = None


Prices: TypeAlias = Price | Table | PerMegapixel | Metered


@attrs.frozen
class Override:
    """Prices that the user's configuration sets in place of the page's; `source` says where they stand."""

    prices: Prices
    source: str


def counted_by(prices: Prices | None) -> tuple[str, ...]:
    """Return the fields of which each one is billed."""
    cells = prices.cells.values() if isinstance(prices, Table) else [prices]
    return tuple(dict.fromkeys(cell.of for cell in cells if isinstance(cell, Per)))


def goes_by(prices: Prices | None) -> tuple[str, ...]:
    """Return the fields by which a table finds a figure, and those of which each one is billed."""
    by = prices.by if isinstance(prices, Table) else ()
    return tuple(dict.fromkeys((*by, *counted_by(prices))))
