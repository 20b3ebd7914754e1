"""docs/providers.md: all providers beside each other, who sells what for how much, and how their pages are read."""

from collections.abc import Iterator, Mapping, Sequence

from anymedia.cli.sold import Sold, by_model
from anymedia.cli.traits import MEANINGS, TABLES, Column, Known
from anymedia.cli.usual import TITLES
from anymedia.config import default_account
from anymedia.declare import Adapter
from anymedia.model.kinds import KINDS

from .markdown import blocks, codes, page_of, prices_of, table, works

SUBJECT = dict.fromkeys(name for kind in KINDS.values() for name in kind.roles.subject)

INTRO = """\
What each provider takes, how its work goes, and how sure that is; each has a page of its own, with everything that is
known of it and what no page says. `anymedia providers` shows the same in a terminal, for one kind with `--kind`, and
one provider in full with `--provider`."""

SOLD = """\
Who sells which model, and what that costs for the same work; where a seller makes no such thing, for what it makes by
itself. `~` marks a price that is not exact; where a provider sells a model twice it is the cheaper one. The pages of
the prices have every other figure, with its day; `anymedia models` shows the same, and `anymedia prices` prices a
request of yours."""

LEGEND = f"""\
In the tables of what is taken – is refused by name before anything is sent; what is accepted on the wire without being
honoured is refused too. With `on_unsupported="drop"` both are left out and recorded in `task.adjustments`, all but
what the work is of: {codes(SUBJECT)}.
A `callback_url` never refuses an offer: where there is none it is left out and recorded. What is called `extra.…` is a
field of the provider alone, `extra={{"provider": {{"name": …}}}}`, checked and priced like the others; any other name
in there is sent as it stands. A `count` above what a task makes takes several tasks. A default that is unknown is one
that no page names. Lengths count code points."""


PRIVATE = ("API key", "set")
"""What differs from one account to the other."""

KEPT = ("read",)
"""What is told beside how sure the prices are."""


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    known = [Known(default_account(seller, {})) for seller in sellers]
    *told, _ = TABLES.values()
    every = {name: column for columns in TABLES.values() for name, column in columns.items() if name not in PRIVATE}
    columns = {name: every[name] for names in told for name in names if name in every and name not in KEPT}
    return blocks(
        INTRO,
        *_matrix(known, columns),
        "## Who sells what",
        SOLD,
        *_sold(known),
        "## How sure that is",
        *_matrix(known, {name: column for name, column in every.items() if name not in columns}),
        "## How to read the page of a provider",
        LEGEND,
    )


def _matrix(known: Sequence[Known], columns: Mapping[str, Column]) -> Iterator[str]:
    """Yield a table with a column for each provider, and what its rows mean."""
    rows = ([name, *("<br>".join(filter(None, column(each))) for each in known)] for name, column in columns.items())
    yield table(["", *(f"[{each.adapter.title}]({page_of(each.adapter)})" for each in known)], rows)
    yield "\n".join(f"- {name}: {meaning}." for name, meaning in MEANINGS.items() if name in columns)


def _sold(known: Sequence[Known]) -> Iterator[str]:
    """Yield a table for each kind of which something is sold: a row for each model, a column for each seller."""
    every = by_model(each for seller in known for each in seller.priced)
    for kind in KINDS:
        if models := [sold for sold in every if sold.kind is kind]:
            names = [each.adapter.name for each in known if any(each.adapter.name in sold.providers for sold in models)]
            yield f"### {works(kind).capitalize()}"
            yield f"For {TITLES[kind]}:"
            rows = ([prices_of(kind, sold.model, ""), *_prices(sold, names)] for sold in models)
            yield table(["model", *names], rows)


def _prices(sold: Sold, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        money = next((each.money for each in sold.offers if each.account.adapter.name == name), None)
        yield "" if money is None else str(money)
