"""docs/prices.md: every figure that a page prints, and what it is billed as, asked of the code cell by cell."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import attrs

from anymedia import Money, PriceStatus
from anymedia.cli.age import LIFE
from anymedia.declare import (
    VARIANT,
    Adapter,
    Files,
    Offer,
    PerMegapixel,
    Price,
    Table,
    Text,
    pick,
)
from anymedia.declare.numbers import of_word
from anymedia.model.kinds import KINDS
from anymedia.pricing.price import priced
from anymedia.translate.check import check
from anymedia.translate.encode import parts

from .age import due, words
from .facts import variants
from .markdown import anchor, blocks, code, table

INTRO = """\
What each offer costs, for one picture, as the provider's page prints it. `anymedia explain` quotes a whole request;
what a task took in the end is on the task, where the provider reports it.

A figure like `$0.0275 · 28 credits = $0.028` is what the page prints, what is billed in the provider's own unit, and
what that comes to where it is not the printed figure. It is rounded for each task, not for each picture. `~` marks what
is not exact, with the reason below. *unknown* is never taken for 0: such an offer comes last, whatever others cost."""

STALE = f"""\
A price is worth no more than its date: check the provider's page again {LIFE.days} days after it. `make docs` warns of
those that are due."""

BARE = "What is quoted where a request gives no more than a prompt, or a prompt and an image:"

ABOUT = "the page gives an approximate price"
PROMPT = "a lighthouse at dusk"
PICTURE = "https://pictures.example/1.png"

Sold: TypeAlias = tuple[Adapter, Offer]


# The page


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    models = sorted({offer.model for adapter in sellers for offer in adapter.offers})
    return blocks(INTRO, "## How old they are", STALE, _sources(sellers), *(_model(model, sellers) for model in models))


def _sources(sellers: Sequence[Adapter]) -> str:
    rows = []
    for adapter in sellers:
        last = due(adapter.printed.date)
        source = adapter.printed.source or adapter.page
        provider = f"[{adapter.title}](providers.md{anchor(adapter.title)})"
        rows.append([provider, words(adapter.printed.date), "now" if last is None else str(last), source])
    return table(["provider", "prices of", "check the page again after", "where"], rows)


def _model(model: str, sellers: Sequence[Adapter]) -> str:
    sold = [(adapter, offer) for adapter in sellers for offer in adapter.offers if offer.model == model]
    notes = Notes()
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Sold]] = {}
    for adapter, offer in sold:
        alike.setdefault((_axes(offer)[:-1], _columns(offer)), []).append((adapter, offer))
    tables = [_figures(axes, columns, group, notes) for (axes, columns), group in alike.items()]
    return blocks(f"## {model}", *tables, notes.told(), BARE, _bare(sold))


def _axes(offer: Offer) -> tuple[str, ...]:
    return offer.prices.by if isinstance(offer.prices, Table) else ("",)


def _columns(offer: Offer) -> tuple[str, ...]:
    """Return the heads of an offer's columns: the values of the last field that its price depends on."""
    cells = offer.prices.cells if isinstance(offer.prices, Table) else {("a picture",): None}
    return tuple(dict.fromkeys(cell[-1] for cell in cells))


def _figures(axes: Sequence[str], columns: Sequence[str], group: Iterable[Sold], notes: "Notes") -> str:
    rows: list[list[str]] = []
    for adapter, offer in group:
        since = adapter.printed.date if offer.prices else None
        for names, figures in _merged(_rows(adapter, offer, notes)):
            cells = (figures.get(column, "") for column in columns)
            rows.append([code(f"{adapter.name}/{offer.name}"), *names, *cells, since or ""])
    head = ["offer", *(axis.replace("_", " ") for axis in axes), *columns, "of"]
    if len(rows) == 1 or len({row[0] for row in rows}) > 1:
        return table(head, rows)
    # All rows are of one offer, which is said once.
    since = rows[0][-1] or "an unknown day"
    return blocks(f"{rows[0][0]}, of {since}:", table(head[1:-1], (row[1:-1] for row in rows)))


Row: TypeAlias = tuple[tuple[str, ...], dict[str, str]]


def _rows(adapter: Adapter, offer: Offer, notes: "Notes") -> list[Row]:
    """Return a row for each combination of an offer's fields but the last: its figures by the last."""
    if not isinstance(offer.prices, Table):
        return [((), {"a picture": _flat(adapter, offer, notes)})]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for cell, price in offer.prices.cells.items():
        given = dict(zip(offer.prices.by, cell, strict=True))
        variant = given.pop(VARIANT, None)
        money = asked(adapter, offer, variant, **given)
        notes.take(adapter, offer, " ".join(cell), money)
        rows.setdefault(cell[:-1], {})[cell[-1]] = told(money, price)
    return list(rows.items())


def _flat(adapter: Adapter, offer: Offer, notes: "Notes") -> str:
    if isinstance(offer.prices, PerMegapixel):
        price = offer.prices
        put_in = f", ${price.put_in} for each that is put in" if price.put_in else ""
        return f"${price.first} for the first megapixel, ${price.further} for each further one{put_in}"
    money = asked(adapter, offer, None)
    notes.take(adapter, offer, "", money)
    return told(money, offer.prices if isinstance(offer.prices, Price) else None)


def _merged(rows: Sequence[Row]) -> list[Row]:
    """Draw rows together that differ in their first name alone: 16:9 9:16."""
    merged: list[Row] = []
    for names, figures in rows:
        same = next((at for at, row in enumerate(merged) if row[0][1:] == names[1:] and row[1] == figures), None)
        if same is None or not names:
            merged.append((names, figures))
        else:
            merged[same] = ((f"{merged[same][0][0]} {names[0]}", *names[1:]), figures)
    return merged


def _bare(sold: Sequence[Sold]) -> str:
    rows, heads = [], variants(sold[0][1].kind)
    for adapter, offer in sold:
        priced = {variant: asked(adapter, offer, variant) for variant in offer.variants}
        reasons = dict.fromkeys(money.reason or ABOUT for money in priced.values() if not _exact(money))
        cells = (str(priced[variant]) if variant in priced else "" for variant in heads)
        rows.append([code(f"{adapter.name}/{offer.name}"), *cells, "; ".join(reasons)])
    return table(["offer", *heads.values(), "why it is not exact"], rows)


# One figure


def asked(adapter: Adapter, offer: Offer, variant: str | None, **given: Any) -> Money:
    """Return what the code says that a picture costs. Errors: ValueError when it would not even be asked for."""
    variant = variant or next(iter(offer.variants))
    fields = {name: _named(offer, name, word) for name, word in _fitting(offer, given).items()}
    extra = {adapter.name: {name: fields.pop(name) for name in offer.knobs if name in fields}}
    request = KINDS[offer.kind](model=offer.model, extra=extra, **_subject(offer, variant), **fields)
    checked = check(request, adapter, offer)
    if checked.problems:
        raise ValueError(f"{adapter.name}/{offer.name} has a price for what it does not take: {checked.problems}")
    return priced(checked, parts(checked))


def _named(offer: Offer, name: str, word: Any) -> Any:
    """Return the value that a table of prices names by a word; a rule names the values themselves."""
    takes = pick(offer.fields[name].takes, ())
    return of_word(takes, word) if takes is not None and isinstance(word, str) else word


def _subject(offer: Offer, variant: str) -> dict[str, Any]:
    """Return the texts that a request cannot do without, and what is put in, as an offer takes them."""
    kind = attrs.fields(KINDS[offer.kind])
    needed = [field.name for field in kind if field.default is attrs.NOTHING and field.name != "model"]
    takes = {field: pick(param.takes, (variant,)) for field, param in offer.params.items()}
    subject: dict[str, Any] = {}
    for field in needed:
        text = takes.get(field)
        subject[field] = PROMPT[: text.most] if isinstance(text, Text) else PROMPT
    if variant in takes:
        urls = takes[variant]
        subject[variant] = (PICTURE,) * max(urls.least, 1) if isinstance(urls, Files) else PICTURE
    return subject


def _fitting(offer: Offer, given: dict[str, Any]) -> dict[str, Any]:
    """Return fields with those that the offer's rules want beside them."""
    held = (rule for rule in offer.rules if all(given.get(field) == value for field, value in rule.when.items()))
    wanted = {field: values[0] for rule in held for field, values in rule.allows.items()}
    return wanted | given


def told(money: Money, price: Price | None) -> str:
    """Return a figure as a cell: as printed, as billed in credits, and what that comes to where it differs."""
    credits = None if money.credits is None else f"{money.credits.normalize():f} credit{'s' * (money.credits != 1)}"
    if money.usd is None:
        return "*unknown*" if credits is None else f"{credits}, in USD *unknown*"
    printed = None if price is None or price.usd is None else _usd(price.usd, money)
    billed = _usd(money.usd, money)
    shown = " · ".join(filter(None, (printed, credits))) or billed
    return shown if billed in (printed, shown) else f"{shown} = {billed}"


def _usd(usd: Decimal, money: Money) -> str:
    return str(attrs.evolve(money, usd=usd))


def _exact(money: Money) -> bool:
    return money.status is PriceStatus.EXACT


class Notes:
    """Why figures of a model are not exact."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], list[str]] = {}

    def take(self, adapter: Adapter, offer: Offer, cell: str, money: Money) -> None:
        """Keep the reason of a figure that is not exact."""
        if not _exact(money):
            reason = (f"{adapter.name}/{offer.name}", money.reason or ABOUT)
            self._reasons.setdefault(reason, []).append(cell)

    def told(self) -> str:
        """Return one line for each reason."""
        return "\n".join(f"- {code(name)}{_where(cells)}: {why}" for (name, why), cells in self._reasons.items())


def _where(cells: Sequence[str]) -> str:
    return f" ({', '.join(cells)})" if any(cells) else ""
