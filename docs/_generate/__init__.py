"""The pages that are made from the code: facts are read from the adapters, behaviour is asked for.

What a page says that the code does (what is raised, what is billed, what a price is) comes out of the same functions
that do it; only the sentences around the tables are written by hand. No provider is named here.
"""

from collections.abc import Sequence
from pathlib import Path
from pkgutil import iter_modules

import anymedia.adapters
from anymedia.declare import Adapter
from anymedia.registry import adapters

from . import (
    api,
    architecture,
    asking,
    commands,
    configuration,
    errors,
    index,
    many_machines,
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

FOLDERS = ("providers", "prices", "reference/api")
"""The folders of docs/ that hold generated pages alone."""

GENERATED = "<!-- Generated from the code by `make docs`: change the code, not this page. -->"
"""The first line of a page."""


def built_in() -> tuple[Adapter, ...]:
    """Return the adapters of this project; a plugin that happens to be installed has docs of its own."""
    return tuple(adapters()[module.name] for module in iter_modules(anymedia.adapters.__path__))


def pages(sellers: Sequence[Adapter], docs: Path) -> dict[str, str]:
    """Return each page by its file's name; `docs` holds the pages as they are, for what was measured and is kept."""
    written = _written(sellers, docs)
    every = {**by_hand(docs), **{name: title for name, (title, _) in written.items()}}
    written[index.FIRST] = ("anymedia", index.page(every))
    return {name: f"{GENERATED}\n\n# {title}\n\n{body}\n" for name, (title, body) in written.items()}


def _written(sellers: Sequence[Adapter], docs: Path) -> dict[str, tuple[str, str]]:
    """Return the title and the text of each page but the first."""
    before = docs / "money-safety.md"
    measured = money_safety.measured(before.read_text("utf-8") if before.exists() else "")
    figures = _text(docs / "benchmarks.md")
    each = list(asking.lives(sellers))
    return {
        "architecture.md": ("Architecture", architecture.page()),
        "providers.md": ("Providers", providers.page(sellers)),
        "prices.md": ("Prices", prices.page(sellers)),
        "states.md": ("States", states.page(each)),
        "errors.md": ("Errors", errors.page(each)),
        "money-safety.md": ("Money safety", money_safety.page(each, measured)),
        "many-machines.md": ("Many machines", many_machines.page(sellers, many_machines.measured(figures))),
        "routing.md": ("Routing", routing.page(sellers)),
        "observability.md": ("Seeing what it does", observability.page()),
        "simulated.md": ("What is simulated", simulated.page(sellers)),
        "words.md": ("The words of adapters", words.page()),
        "reference/configuration.md": ("Configuration", configuration.page(sellers)),
        "reference/commands.md": ("The command line", commands.page()),
        **api.pages(),
        **{page_of(seller): (seller.title, provider.page(seller)) for seller in sellers},
        **{
            prices_page(kind): (f"Prices of {works(kind)}", prices.of_kind(sellers, kind))
            for kind in prices.kinds(sellers)
        },
    }


def by_hand(docs: Path) -> dict[str, str]:
    """Return the titles of the pages that are written by hand, by their files' names."""
    return {name: title for name, title in titles(docs).items() if not _text(docs / name).startswith(GENERATED)}


def titles(docs: Path) -> dict[str, str]:
    """Return the title of each page that there is, by its file's name."""
    every = sorted(path.relative_to(docs).as_posix() for path in docs.rglob("*.md"))
    return {name: _title(_text(docs / name)) for name in every}


def _text(page: Path) -> str:
    return page.read_text("utf-8")


def _title(text: str) -> str:
    return next(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))
