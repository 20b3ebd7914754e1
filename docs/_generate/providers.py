"""docs/providers.md: who sells what under which name, how each provider is spoken to, and what no page says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from anymedia.declare import Adapter, Grid, Offer, pick
from anymedia.model.kinds import KINDS
from anymedia.model.vocabulary import Kind

from . import fields
from .facts import facts, variants, works
from .markdown import anchor, blocks, code, codes, table

SUBJECT = dict.fromkeys(name for kind in KINDS.values() for name in kind.roles.subject)

INTRO = """\
Who sells which model, under which names on the wire, and what is known of each provider. An offer is pinned by its
full name: `offer="provider/offer"` in Python, `--offer` on the command line."""

LEGEND = f"""\
In the tables of fields – is refused by name before anything is sent; what is accepted on the wire without being
honoured is refused too. With `on_unsupported="drop"` both are left out and recorded in `task.adjustments`, all but
what the work is of: {codes(SUBJECT)}.
A `callback_url` never refuses an offer: where there is none it is left out and recorded. What is called `extra.…` is a
field of the provider alone, `extra={{"provider": {{"name": …}}}}`, checked and priced like the others; any other name
in there is sent as it stands. A `count` above what a task makes takes several tasks. A default that is unknown is one
that no page names. Lengths count code points."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    return blocks(
        INTRO,
        *_of_each_kind(_matrix, sellers),
        "## Names on the wire",
        *_of_each_kind(_wire_ids, sellers),
        "## How to read what follows",
        LEGEND,
        *(_section(adapter) for adapter in sellers),
    )


def _of_each_kind(made: Callable[[Sequence[Adapter], Kind], str], sellers: Sequence[Adapter]) -> Iterator[str]:
    """Yield a table for each kind of which something is sold, below what its works are called."""
    for kind in Kind:
        if _by_model(sellers, kind):
            yield f"{works(kind).capitalize()}:"
            yield made(sellers, kind)


def _by_model(sellers: Iterable[Adapter], kind: Kind) -> list[tuple[str, list[tuple[Adapter, Offer]]]]:
    every = ((adapter, offer) for adapter in sellers for offer in adapter.offers if offer.kind is kind)
    sold = sorted(every, key=lambda sold: sold[1].model)
    return [(model, list(offers)) for model, offers in groupby(sold, key=lambda sold: sold[1].model)]


def _matrix(sellers: Sequence[Adapter], kind: Kind) -> str:
    rows = []
    for model, offers in _by_model(sellers, kind):
        named = (codes(offer.name for seller, offer in offers if seller is adapter) for adapter in sellers)
        rows.append([f"[{model}](prices.md{anchor(model)})", *named])
    return table(["model", *(f"[{adapter.title}]({anchor(adapter.title)})" for adapter in sellers)], rows)


def _wire_ids(sellers: Sequence[Adapter], kind: Kind) -> str:
    heads = variants(kind)
    sold = [(model, adapter, offer) for model, offers in _by_model(sellers, kind) for adapter, offer in offers]
    rows = (
        [model, code(f"{adapter.name}/{offer.name}"), *(_sent_as(offer, each) for each in heads)]
        for model, adapter, offer in sold
    )
    return table(["model", "offer", *heads.values()], rows)


def _sent_as(offer: Offer, variant: str) -> str:
    """Return the wire id of an offer in a variant, and what is sent beside it; nothing where there is none."""
    if variant not in offer.variants:
        return ""
    fixed = {place: pick(value, (variant,)) for place, value in offer.fixed.items()}
    beside = codes(f"{place}: {value}" for place, value in fixed.items() if value is not None)
    return f"{code(offer.variants[variant])} {beside}"


def _section(adapter: Adapter) -> str:
    return blocks(
        f"## {adapter.title}",
        table(["", ""], facts(adapter)),
        f"### What {adapter.title} takes",
        *_takes(adapter),
        f"### What no page of {adapter.title} says",
        _gaps(adapter),
    )


def _gaps(adapter: Adapter) -> str:
    rows = ([gap.what, gap.choice or "left open"] for gap in adapter.gaps)
    return table(["gap", "what is done about it"], rows) if adapter.gaps else "Nothing that is known of."


def _takes(adapter: Adapter) -> Iterator[str]:
    """Yield what the offers of each kind take."""
    for kind in Kind:
        if offers := [offer for offer in adapter.offers if offer.kind is kind]:
            yield f"{works(kind).capitalize()}:"
            yield from _fields_of(offers, KINDS[kind].roles.names)


def _fields_of(offers: Iterable[Offer], names: Sequence[str]) -> Iterator[str]:
    """Yield a column for each offer, alike ones together, then what holds between fields, then the pixel grids."""
    alike: list[list[Offer]] = []
    for offer in offers:
        same = next((group for group in alike if _same(group[0], offer)), None)
        alike.append([offer]) if same is None else same.append(offer)
    firsts = [group[0] for group in alike]
    heads = ["<br>".join(code(offer.name) for offer in group) for group in alike]
    taken = [field for field in names if field == "count" or any(fields.takes(offer, field) for offer in firsts)]
    knobs = dict.fromkeys(name for offer in firsts for name in offer.knobs)
    named = {**{field: field for field in taken}, **{name: code(f"extra.{name}") for name in knobs}}
    rows = ([shown, *(fields.cell(offer, field) for offer in firsts)] for field, shown in named.items())
    yield table(["field", *heads], rows)
    if rest := [field for field in names if field not in taken]:
        yield f"Taken by none: {', '.join(rest)}."
    yield "\n".join(_rules(alike))
    yield from _grids(alike)


def _same(one: Offer, other: Offer) -> bool:
    return (one.fields, one.rules, one.shape) == (other.fields, other.rules, other.shape)


def _rules(alike: Sequence[Sequence[Offer]]) -> Iterator[str]:
    sentences: dict[str, list[str]] = {}
    for group in alike:
        for held in group[0].rules:
            sentences.setdefault(fields.rule(held), []).extend(offer.name for offer in group)
    yield from (f"- {sentence} ({', '.join(names)})" for sentence, names in sentences.items())


def _grids(alike: Sequence[Sequence[Offer]]) -> Iterator[str]:
    grids: list[tuple[Grid, list[str]]] = []
    for group in alike:
        shape = group[0].shape
        if isinstance(shape, Grid):
            same = next((names for each, names in grids if each == shape), None)
            if same is None:
                grids.append((shape, same := []))
            same.extend(offer.name for offer in group)
    for shape, names in grids:
        resolutions, rows = fields.grid(shape)
        yield f"The pixel grid of {codes(names)}:"
        yield table(["ratio", *resolutions], rows)
