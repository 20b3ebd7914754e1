"""The pages that are made from the code: facts are read from the adapters, behaviour is asked for.

What a page says that the code does (what is raised, what is billed, what a price is) comes out of the same functions
that do it; only the sentences around the tables are written by hand. No provider is named here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import iter_modules

import anymedia.adapters
from anymedia.declare import Adapter
from anymedia.registry import adapters

from . import (
    architecture,
    asking,
    errors,
    money_safety,
    observability,
    prices,
    provider,
    providers,
    routing,
    simulated,
    states,
    words,
)
from .markdown import page_of, prices_page, works

PAGES = {
    "architecture.md": "Architecture",
    "providers.md": "Providers",
    "prices.md": "Prices",
    "states.md": "States",
    "errors.md": "Errors",
    "money-safety.md": "Money safety",
    "routing.md": "Routing",
    "observability.md": "Seeing what it does",
    "simulated.md": "What is simulated",
    "words.md": "The words of adapters",
}
"""The pages that each page leads to; beside them each provider has one, and the prices of each kind."""


def built_in() -> tuple[Adapter, ...]:
    """Return the adapters of this project; a plugin that happens to be installed has docs of its own."""
    return tuple(adapters()[module.name] for module in iter_modules(anymedia.adapters.__path__))


def pages(sellers: Sequence[Adapter], docs: Path) -> dict[str, str]:
    """Return each page by its file's name; `docs` holds the pages as they are, for what was measured and is kept."""
    others = _by_hand(docs)
    before = docs / "money-safety.md"
    measured = money_safety.measured(before.read_text("utf-8") if before.exists() else "")
    each = list(asking.lives(sellers))
    bodies = {
        "architecture.md": architecture.page(),
        "providers.md": providers.page(sellers),
        "prices.md": prices.page(sellers),
        "states.md": states.page(each),
        "errors.md": errors.page(each),
        "money-safety.md": money_safety.page(each, measured),
        "routing.md": routing.page(sellers),
        "observability.md": observability.page(),
        "simulated.md": simulated.page(sellers),
        "words.md": words.page(),
    }
    of_sellers = {
        name: _head(name, seller.title, others) + provider.page(seller)
        for name, seller in ((page_of(seller), seller) for seller in sellers)
    }
    of_kinds = {
        prices_page(kind): _head(prices_page(kind), f"Prices of {works(kind)}", others) + prices.of_kind(sellers, kind)
        for kind in prices.kinds(sellers)
    }
    written = {name: _head(name, PAGES[name], others) + body for name, body in bodies.items()} | of_sellers | of_kinds
    return {name: text + "\n" for name, text in written.items()}


def _by_hand(docs: Path) -> dict[str, str]:
    """Return the titles of the pages that are written by hand, by their files' names."""
    pages_ = (page for page in sorted(docs.glob("*.md")) if page.name not in PAGES)
    return {page.name: page.read_text("utf-8").partition("\n")[0].removeprefix("# ") for page in pages_}


def _head(name: str, heading: str, written: Mapping[str, str]) -> str:
    up = "../" * name.count("/")
    every = PAGES | dict(written)
    links = (title if each == name else f"[{title}]({up}{each})" for each, title in every.items())
    return (
        "<!-- Generated from the code by `make docs`: change the code, not this page. -->\n\n"
        f"# {heading}\n\n{' · '.join(links)} · [README]({up}../README.md)\n\n"
    )
