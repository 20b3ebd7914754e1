"""docs/providers.md: who sells what under which name, how each provider is spoken to, and what no page says."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from anymedia import ImageRequest
from anymedia.declare import Adapter, Grid, Offer

from . import fields
from .facts import VARIANTS, facts
from .fields import FIELDS
from .markdown import anchor, blocks, code, codes, table

INTRO = """\
Who sells which model, under which names on the wire, and what is known of each provider. An offer is pinned by its
full name: `offer="provider/offer"` in Python, `--offer` on the command line."""

LEGEND = f"""\
In the tables of fields – is refused by name before anything is sent; what is accepted on the wire without being
honoured is refused too. With `on_unsupported="drop"` both are left out and recorded in `task.adjustments`, all but
{codes(ImageRequest.roles.subject)}. A `callback_url` never refuses an offer: where there is none it is left out and
recorded. What is called `extra.…` is a field of the provider alone, `extra={{"provider": {{"name": …}}}}`, checked and
priced like the others; any other name in there is sent as it stands. A `count` above what a task makes takes
several tasks. A default that is unknown is one that no page names. Lengths count code points."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    return blocks(
        INTRO,
        _matrix(sellers),
        "## Names on the wire",
        _wire_ids(sellers),
        "## How to read what follows",
        LEGEND,
        *(_section(adapter) for adapter in sellers),
    )


def _by_model(sellers: Iterable[Adapter]) -> list[tuple[str, list[tuple[Adapter, Offer]]]]:
    sold = sorted(((adapter, offer) for adapter in sellers for offer in adapter.offers), key=lambda sold: sold[1].model)
    return [(model, list(offers)) for model, offers in groupby(sold, key=lambda sold: sold[1].model)]


def _matrix(sellers: Sequence[Adapter]) -> str:
    rows = []
    for model, offers in _by_model(sellers):
        named = (codes(offer.name for seller, offer in offers if seller is adapter) for adapter in sellers)
        rows.append([f"[{model}](prices.md{anchor(model)})", *named])
    return table(["model", *(f"[{adapter.title}]({anchor(adapter.title)})" for adapter in sellers)], rows)


def _wire_ids(sellers: Sequence[Adapter]) -> str:
    rows = []
    for model, offers in _by_model(sellers):
        for adapter, offer in offers:
            ids = offer.variants
            fixed = codes(f"{place}: {value}" for place, value in offer.fixed.items())
            sent = (f"{code(ids[each])} {fixed}" if each in ids else "" for each in VARIANTS)
            rows.append([model, code(f"{adapter.name}/{offer.name}"), *sent])
    return table(["model", "offer", "from text", "from images"], rows)


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
    """Yield a column for each offer, alike ones together, then what holds between fields, then the pixel grids."""
    alike: list[list[Offer]] = []
    for offer in adapter.offers:
        same = next((group for group in alike if _same(group[0], offer)), None)
        alike.append([offer]) if same is None else same.append(offer)
    firsts = [group[0] for group in alike]
    names = ["<br>".join(code(offer.name) for offer in group) for group in alike]
    taken = [field for field in FIELDS if field == "count" or any(fields.takes(offer, field) for offer in firsts)]
    knobs = dict.fromkeys(name for offer in firsts for name in offer.knobs)
    named = {**{field: field for field in taken}, **{name: code(f"extra.{name}") for name in knobs}}
    rows = ([shown, *(fields.cell(offer, field) for offer in firsts)] for field, shown in named.items())
    yield table(["field", *names], rows)
    yield f"Taken by none: {', '.join(field for field in FIELDS if field not in taken)}."
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
