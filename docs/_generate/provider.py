"""docs/providers/*.md: what a provider sells under which name, how it is spoken to, and what no page says of it."""

from collections.abc import Callable, Iterator, Sequence

from anymedia.cli.facts import facts
from anymedia.declare import Adapter, Grid, Offer, pick
from anymedia.model.vocabulary import Kind

from . import fields
from .markdown import NONE, blocks, code, codes, prices_of, table, variants, works

INTRO = """\
How to read the tables: [Providers](../providers.md#how-to-read-the-page-of-a-provider). An offer is pinned by its full
name: `offer="{name}/…"` in Python, `--offer {name}/…` on the command line."""


NAMES = "Names on the wire"
"""What the names stand below."""


SAME = "Where an offer has the same name whatever is put in, it stands once."


def page(seller: Adapter) -> str:
    """Return the page of a provider."""
    told = ((name, "<br>".join(sentences)) for name, sentences in facts(seller, seller.offers))
    return blocks(
        INTRO.format(name=seller.name),
        "## What is known of it",
        table(["", ""], told),
        "## What no page says",
        _gaps(seller),
        f"## {NAMES}",
        SAME,
        *_of_each_kind(seller, _wire_ids),
        "## What it takes",
        *_of_each_kind(seller, _takes),
    )


def _of_each_kind(seller: Adapter, told: Callable[[Sequence[Offer]], Iterator[str]]) -> Iterator[str]:
    """Yield what is told of the offers of each kind, below what its works are called."""
    for kind in Kind:
        if offers := [offer for offer in seller.offers if offer.kind is kind]:
            yield f"### {works(kind).capitalize()}"
            yield from told(offers)


def _wire_ids(offers: Sequence[Offer]) -> Iterator[str]:
    """Yield under which names offers are sold, asked for by which path of a request."""
    heads = variants(offers[0].kind)
    differ = [variant for variant in heads if any(_differs(offer, variant) for offer in offers)]
    rows = (
        [prices_of(offer.kind, offer.model), code(offer.name), _usual(offer), *(_else(offer, each) for each in differ)]
        for offer in offers
    )
    yield table(["model", "offer", "name", *(heads[variant] for variant in differ)], rows)


def _usual(offer: Offer) -> str:
    """Return what an offer is sent as in its first variant."""
    return _sent_as(offer, next(iter(offer.variants)))


def _differs(offer: Offer, variant: str) -> bool:
    return variant in offer.variants and _sent_as(offer, variant) != _usual(offer)


def _else(offer: Offer, variant: str) -> str:
    """Return what an offer is sent as in a variant, where that is something else; nothing where there is none."""
    return _sent_as(offer, variant) if _differs(offer, variant) else "the same" if variant in offer.variants else ""


def _sent_as(offer: Offer, variant: str) -> str:
    """Return the wire id of an offer in a variant, and what is sent beside it; nothing where there is none."""
    if variant not in offer.variants:
        return ""
    fixed = {place: pick(value, (variant,)) for place, value in offer.fixed.items()}
    beside = codes(f"{place}: {value}" for place, value in fixed.items() if value is not None)
    return f"{code(offer.variants[variant])} {beside}"


def _gaps(adapter: Adapter) -> str:
    rows = ([gap.what, gap.choice or "left open"] for gap in adapter.gaps)
    return table(["gap", "what is done about it"], rows) if adapter.gaps else "Nothing that is known of."


def _takes(offers: Sequence[Offer]) -> Iterator[str]:
    """Yield what each offer takes, alike ones together: its fields, what holds between them, and its pixel grid."""
    alike: list[list[Offer]] = []
    for offer in offers:
        same = next((group for group in alike if _same(group[0], offer)), None)
        alike.append([offer]) if same is None else same.append(offer)
    for group in alike:
        first = group[0]
        cells = {field: fields.cell(first, field) for field in first.roles.names}
        knobs = ([code(f"extra.{name}"), fields.cell(first, name)] for name in first.knobs)
        yield f"#### {codes(offer.name for offer in group)}"
        yield table(["field", "takes"], [*([name, cell] for name, cell in cells.items() if cell != NONE), *knobs])
        if none := [field for field, cell in cells.items() if cell == NONE]:
            yield f"Not taken: {', '.join(none)}."
        yield "\n".join(f"- {fields.rule(held)}" for held in first.rules)
        yield from _grid(first)


def _same(one: Offer, other: Offer) -> bool:
    return (one.fields, one.rules, one.shape) == (other.fields, other.rules, other.shape)


def _grid(offer: Offer) -> Iterator[str]:
    if isinstance(offer.shape, Grid):
        resolutions, rows = fields.grid(offer.shape)
        yield "Its pixel grid:"
        yield table(["ratio", *resolutions], rows)
