"""docs/index.md: the first page, and every page of docs/ in its place, from which the site takes its navigation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from .markdown import blocks

INTRO = """\
One request and one task model over the providers that make pictures, clips, songs and speech for money. Your program
says what it wants: model, prompt, shape, length. anymedia knows how each provider wants to be asked, what its states
and errors mean, what it charges, where the result lies and how long it lives.

**Nothing is paid twice, and nothing that was paid for is lost.** A submit costs money and takes minutes. So each one is
written to a journal before its first byte leaves, is never sent again where it may have been billed, and is taken up
after a crash; a ceiling holds over all attempts of a request."""

SNIPPET = """\
```python
from anymedia import ImageRequest, SyncClient

request = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk")
with SyncClient() as client:
    result = client.generate(request, max_price="0.10")
    print(result.money, client.download(result, "out")[0].path)
```"""

PICTURES = {
    "pictures/terminal.svg": "The command line: what a picture costs at each provider, and one bought within a ceiling",
    "pictures/results.jpg": "Four results of the simulators: two pictures, a clip and the cover of a song",
}

PATHS: Sequence[tuple[str, str, Sequence[str]]] = (
    (
        "The first hour",
        "A picture without an API key, what it costs elsewhere, a ceiling, a lost answer; then a key of your own.",
        ("set-up.md", "tutorial.md", "requests.md", "when-it-fails.md"),
    ),
    (
        "A web app",
        "Uploads in, webhooks back, tasks that outlive the request that began them.",
        ("howto/", "files.md", "webhooks.md"),
    ),
    (
        "Shopping for price",
        "What a request costs at each provider, with the date and the page that each figure is from.",
        ("shopping.md", "prices.md", "providers.md", "reports.md"),
    ),
    (
        "A fallback that has to hold",
        "Which offer is asked next and when none is, what is limited, what is watched, and what was measured.",
        ("routing.md", "money-safety.md", "journal.md", "observability.md", "durability.md"),
    ),
)
"""By what a reader came for: what is found, and the pages; one that ends in / stands for all of a folder."""

GROUPS: Mapping[str, Sequence[str]] = {
    "First steps": ("set-up.md", "tutorial.md", "requests.md", "accounts.md", "when-it-fails.md"),
    "How to": (
        "howto/",
        "shopping.md",
        "files.md",
        "webhooks.md",
        "network.md",
        "own-offers.md",
        "simulators.md",
        "observability.md",
        "reports.md",
    ),
    "Reference": (
        "reference/configuration.md",
        "reference/commands.md",
        "reference/api.md",
        "errors.md",
        "money-safety.md",
        "states.md",
    ),
    "Providers and prices": ("providers.md", "prices.md", "simulated.md"),
    "How it works": ("architecture.md", "routing.md", "journal.md", "platforms.md"),
    "Adding a provider": ("adding-a-provider.md", "words.md", "cassettes.md"),
    "Evidence": ("durability.md",),
}
"""Every page, in the order of the navigation. One with a folder of its name has the pages of that below it."""

FIRST = "index.md"


@attrs.frozen
class Entry:
    """A page of the navigation, and those below it; without a name it is the title of a group."""

    title: str
    name: str | None
    below: "tuple[Entry, ...]" = ()


Titles: TypeAlias = Mapping[str, str]
"""The title of each page, by its file's name."""


def page(titles: Titles, pictures: Iterable[str]) -> str:
    """Return the page; `pictures` are those that there are. Errors: LookupError for a page that is in no group."""
    taken = [f"![{PICTURES[name]}]({name})" for name in PICTURES if name in set(pictures)]
    return blocks(
        INTRO,
        *taken,
        SNIPPET,
        "## Where to begin",
        *(_path(title, about, names, titles) for title, about, names in PATHS),
        "## All pages",
        "\n".join(_lines(navigation(titles))),
    )


def navigation(titles: Titles) -> list[Entry]:
    """Return every page in its place. Errors: LookupError for a page that is in no group."""
    groups = [Entry(group, None, tuple(_entries(names, titles))) for group, names in GROUPS.items()]
    groups = [group for group in groups if group.below]
    if lost := {*titles} - {FIRST} - {*named(groups)}:
        raise LookupError(f"these pages are in no group of docs/_generate/index.py: {', '.join(sorted(lost))}")
    return groups


def named(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the name of every page of a navigation."""
    for entry in entries:
        if entry.name is not None:
            yield entry.name
        yield from named(entry.below)


def _entries(names: Iterable[str], titles: Titles) -> Iterator[Entry]:
    for each in names:
        for name in _in(each, titles):
            yield Entry(titles[name], name, tuple(_entries(_in(f"{name.removesuffix('.md')}/", titles), titles)))


def _in(name: str, titles: Titles) -> list[str]:
    """Return a page, or every page of a folder by its title."""
    if not name.endswith("/"):
        return [name] if name in titles else []
    return sorted(
        (each for each in titles if each.rpartition("/")[0] == name[:-1]), key=lambda each: titles[each].casefold()
    )


def _path(title: str, about: str, names: Iterable[str], titles: Titles) -> str:
    pages = " · ".join(f"[{titles[each]}]({each})" for name in names for each in _in(name, titles))
    return f"**{title}.** {about}\n{pages}"


def _lines(entries: Iterable[Entry], margin: str = "") -> Iterator[str]:
    for entry in entries:
        yield f"{margin}- " + (entry.title if entry.name is None else f"[{entry.title}]({entry.name})")
        yield from _lines(entry.below, f"{margin}    ")
