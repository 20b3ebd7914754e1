"""docs/prices.md and docs/prices/: every figure that a page prints, and what it is billed as, asked of the code."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TypeAlias, cast

from anymedia import Money
from anymedia.cli.age import LIFE
from anymedia.declare import VARIANT, Adapter, Choice, Metered, Offer, PerMegapixel, Price, Table
from anymedia.declare.prices import counted_by
from anymedia.declare.when import cases
from anymedia.model.vocabulary import Kind

from .age import due, words
from .figures import ABOUT, Notes, asked, flat, is_exact, spoken, told, work
from .markdown import blocks, code, page_of, prices_page, table, variants, works

INTRO = """\
What each offer costs, for one work (a picture, a clip, as many songs as a task makes), as the provider's page prints
it. `anymedia explain` quotes a whole request; what a task took in the end is on the task, where the provider reports
it.

A figure like `$0.0275 · 28 credits = $0.028` is what the page prints, what is billed in the provider's own unit, and
what that comes to where it is not the printed figure. It is rounded for each task, not for each work, nor for each
second. `~` marks what is not exact, with the reason below. *unknown* is never taken for 0: such an offer comes last,
whatever others cost; without a reason it means that no page prints a price."""

FORM = """\
Money is shown in one form everywhere: `$0.10`, `$0.0275`, with at least two decimals and as many as it has; `~$0.10`
is not exact, `$0.10?` may have been billed, `$0.10 (20 credits)` is counted in the provider's credits, `unknown` is
what nobody knows, `refunded` was given back, and `nothing` was never billed. JSON has bare decimals as text."""

TABLES = """\
Of each model the figures stand first, then why some are not exact, and last what is quoted where a request gives no
more than an offer needs, if that is none of the figures: of the length that it has then."""

STALE = f"""\
A price is worth no more than its date: look at the provider's page again {LIFE.days} days after it. The oldest stand
first; `make docs` names those that are older by now."""

BARE = "With no more than is needed:"

TOGETHER = ", "
"""What stands between the heads of columns that are drawn together."""

Sold: TypeAlias = tuple[Adapter, Offer]


# The page


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page that leads to those of each kind."""
    lists = (
        f"- [{works(kind).capitalize()}]({prices_page(kind)}), {len(models(sellers, kind))} models"
        for kind in kinds(sellers)
    )
    return blocks(INTRO, FORM, TABLES, "\n".join(lists), "## How old they are", STALE, _sources(sellers))


def of_kind(sellers: Sequence[Adapter], kind: Kind) -> str:
    """Return the page of a kind."""
    intro = "How to read the figures: [Prices](../prices.md)."
    return blocks(intro, *(_model(model, sellers, kind) for model in models(sellers, kind)))


def kinds(sellers: Sequence[Adapter]) -> list[Kind]:
    """Return the kinds of which something is sold."""
    return [kind for kind in Kind if models(sellers, kind)]


def models(sellers: Sequence[Adapter], kind: Kind) -> list[str]:
    """Return the models of a kind, by their names."""
    return sorted({offer.model for adapter in sellers for offer in adapter.offers if offer.kind is kind})


def _sources(sellers: Sequence[Adapter]) -> str:
    rows = []
    for adapter in sorted(sellers, key=lambda each: due(each.printed.date) or date.min):
        last = due(adapter.printed.date)
        source = adapter.printed.source or adapter.page
        provider = f"[{adapter.title}]({page_of(adapter)})"
        rows.append([provider, words(adapter.printed.date), "now" if last is None else str(last), source])
    return table(["provider", "prices of", "look at the page again after", "where"], rows)


def _model(model: str, sellers: Sequence[Adapter], kind: Kind) -> str:
    every = ((adapter, offer) for adapter in sellers for offer in adapter.offers)
    sold = [(adapter, offer) for adapter, offer in every if (offer.model, offer.kind) == (model, kind)]
    notes = Notes()
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Sold]] = {}
    for adapter, offer in sold:
        alike.setdefault((axes(offer)[:-1], _columns(offer)), []).append((adapter, offer))
    tables = [_figures(names, columns, group, notes) for (names, columns), group in alike.items()]
    return blocks(f"## {model}", *tables, notes.told(), *_bare(sold))


def axes(offer: Offer) -> tuple[str, ...]:
    """Return the fields that an offer's price depends on, but for those that have one value alone where others do."""
    if not isinstance(offer.prices, Table):
        return ("",)
    free = tuple(name for name in offer.prices.by if name == VARIANT or not _is_fixed(offer, name))
    return free or offer.prices.by[-1:]


def _is_fixed(offer: Offer, name: str) -> bool:
    return all(isinstance(takes, Choice) and len(takes.wire) == 1 for takes in cases(offer.fields[name].takes))


def named(offer: Offer, cell: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of a cell on the axes that are shown, the last one as the head of its column."""
    held = dict(zip(offer.prices.by, cell, strict=True)) if isinstance(offer.prices, Table) else {"": cell[0]}
    *names, last = axes(offer)
    return (*(held[name] for name in names), spoken(last, held[last]))


def _columns(offer: Offer) -> tuple[str, ...]:
    """Return the heads of an offer's columns: the values of the last field that its price depends on."""
    cells = offer.prices.cells if isinstance(offer.prices, Table) else {(work(offer),): None}
    return tuple(dict.fromkeys(named(offer, cell)[-1] for cell in cells))


def _figures(by: Sequence[str], columns: Sequence[str], group: Iterable[Sold], notes: Notes) -> str:
    rows: list[list[str]] = []
    for adapter, offer in group:
        since = adapter.printed.date if offer.prices else None
        for names, figures in _merged(_rows(adapter, offer, notes)):
            cells = (figures.get(column, "") for column in columns)
            rows.append([code(f"{adapter.name}/{offer.name}"), *names, *cells, since or ""])
    drawn = _drawn_together(columns, [row[1 + len(by) : -1] for row in rows])
    rows = [[*row[: 1 + len(by)], *(row[1 + len(by) + at] for at in drawn.values()), row[-1]] for row in rows]
    head = ["offer", *(axis.replace("_", " ") for axis in by), *drawn, "of"]
    if len(rows) == 1 or len({row[0] for row in rows}) > 1:
        return table(head, rows)
    # All rows are of one offer, which is said once.
    since = rows[0][-1] or "an unknown day"
    return blocks(f"{rows[0][0]}, of {since}:", table(head[1:-1], (row[1:-1] for row in rows)))


def _drawn_together(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, int]:
    """Return the heads of the columns, those that hold the same in one, and which of them each stands for."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(columns)):
        alike.setdefault(tuple(row[at] for row in rows), []).append(at)
    return {TOGETHER.join(columns[at] for at in same): same[0] for same in alike.values()}


Row: TypeAlias = tuple[tuple[str, ...], dict[str, str]]


def _rows(adapter: Adapter, offer: Offer, notes: Notes) -> list[Row]:
    """Return a row for each combination of an offer's fields but the last: its figures by the last."""
    if not isinstance(offer.prices, Table):
        return [((), {work(offer): _flat(adapter, offer, notes)})]
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for cell, money, price in _cells(adapter, offer):
        notes.take(adapter, offer, cell, money, price)
        *names, last = named(offer, cell)
        rows.setdefault(tuple(names), {})[last] = told(money, price)
    return list(rows.items())


def _cells(adapter: Adapter, offer: Offer) -> Iterator[tuple[tuple[str, ...], Money, Price]]:
    """Yield each cell of a table, what the code says that it costs, and what is printed."""
    table_ = cast("Table", offer.prices)
    for cell, price in table_.cells.items():
        given = dict(zip(table_.by, cell, strict=True))
        variant = given.pop(VARIANT, None)
        yield cell, asked(adapter, offer, variant, **given), price


def _flat(adapter: Adapter, offer: Offer, notes: Notes) -> str:
    if isinstance(offer.prices, PerMegapixel | Metered):
        return flat(offer.prices)
    money, price = asked(adapter, offer, None), offer.prices if isinstance(offer.prices, Price) else None
    if price is not None:  # why nobody knows a price is told where it is quoted
        notes.take(adapter, offer, (), money, price)
    return told(money, price)


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


def _bare(sold: Sequence[Sold]) -> Iterator[str]:
    """Yield a table of what is quoted with no more than is needed, of the offers where that is none of the figures."""
    sold_in = {variant for _, offer in sold for variant in offer.variants}
    heads = {variant: head for variant, head in variants(sold[0][1].kind).items() if variant in sold_in}
    rows = []
    for adapter, offer in sold:
        priced = {variant: asked(adapter, offer, variant) for variant in offer.variants}
        if {str(money) for money in priced.values()} <= _told(adapter, offer):
            continue
        why = (money.reason or ABOUT for money in priced.values() if not is_exact(money))
        reasons = dict.fromkeys(reason for several in why for reason in several.split("; "))
        cells = (str(priced[variant]) if variant in priced else "" for variant in heads)
        rows.append([code(f"{adapter.name}/{offer.name}"), _length(offer), *cells, "; ".join(reasons)])
    if rows:
        head, rows = _without_empty(["offer", "length", *heads.values(), "why it is not exact"], rows)
        yield BARE
        yield table(head, rows)


def _told(adapter: Adapter, offer: Offer) -> set[str]:
    """Return what the figures of an offer come to; those of a text's length are told for so many characters."""
    if offer.prices is None or {*counted_by(offer.prices)} & {*offer.roles.texts}:
        return {str(asked(adapter, offer, variant)) for variant in offer.variants}
    if counted_by(offer.prices) or isinstance(offer.prices, PerMegapixel | Metered):
        return set()
    if isinstance(offer.prices, Price):
        return {str(asked(adapter, offer, None))}
    return {str(money) for _, money, _ in _cells(adapter, offer)}


def _length(offer: Offer) -> str:
    """Return how long a work is where nothing is said of it, if its price goes by that."""
    if "duration" not in counted_by(offer.prices):
        return ""
    lengths = dict.fromkeys(map(str, cases(offer.params["duration"].default)))
    return ", ".join(f"{length} s" if length.isdecimal() else length for length in lengths)


def _without_empty(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """Return a table without the columns in which nothing stands."""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    return [head[at] for at in kept], [[row[at] for at in kept] for row in rows]
