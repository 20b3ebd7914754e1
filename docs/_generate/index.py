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
        ("howto/fastapi.md", "howto/django.md", "howto/gateways.md", "howto/tenants.md", "files.md", "webhooks.md"),
    ),
    (
        "Shopping for price",
        "What a request costs at each provider, with the date and the page that each figure is from.",
        ("shopping.md", "prices.md", "providers.md", "reports.md"),
    ),
    (
        "Thousands at once",
        "A list of requests, priced first, bought within a budget, and gone on with after whatever happened.",
        ("batch.md", "files.md", "journal.md", "many-machines.md", "durability.md"),
    ),
    (
        "A fallback that has to hold",
        "Which offer is asked next and when none is, what is limited, what is watched, and what was measured.",
        (
            "routing.md",
            "money-safety.md",
            "journal.md",
            "observability.md",
            "howto/agents.md",
            "durability.md",
            "benchmarks.md",
        ),
    ),
)
"""By what a reader came for: what is found, and the pages."""

GROUPS: Mapping[str, Sequence[str]] = {
    "First steps": ("set-up.md", "tutorial.md", "requests.md", "accounts.md", "when-it-fails.md"),
    "How to": (
        "howto/index.md",
        "howto/fastapi.md",
        "howto/django.md",
        "howto/s3.md",
        "howto/proxies.md",
        "howto/containers.md",
        "howto/agents.md",
        "howto/celery.md",
        "howto/workflows.md",
        "howto/gateways.md",
        "howto/tenants.md",
        "shopping.md",
        "batch.md",
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
    "How it works": ("architecture.md", "routing.md", "journal.md", "many-machines.md", "platforms.md"),
    "Adding a provider": ("adding-a-provider.md", "words.md", "cassettes.md"),
    "Evidence": ("durability.md", "benchmarks.md"),
}
"""Every page, in the order of the navigation: a page has those of the folder of its name below it. Where the
first page of a group is that of a folder, it is the group's own."""

FIRST = "index.md"


@attrs.frozen
class Entry:
    """A page of the navigation, and those below it; without a name it is the title of a group."""

    title: str
    name: str | None
    below: "tuple[Entry, ...]" = ()


Titles: TypeAlias = Mapping[str, str]
"""The title of each page, by its file's name."""


def page(titles: Titles) -> str:
    """Return the page. Errors: LookupError for a page that is in no group."""
    return blocks(
        INTRO,
        SNIPPET,
        "## Where to begin",
        *(_path(title, about, names, titles) for title, about, names in PATHS),
        "## What it looks like",
        *(f"![{what}]({name})" for name, what in PICTURES.items()),
        "## All pages",
        "\n".join(_lines(navigation(titles))),
    )


def navigation(titles: Titles) -> list[Entry]:
    """Return every page in its place. Errors: LookupError for a page that is in no group, and for one that is not."""
    groups = [_group(group, tuple(_entries(names, titles))) for group, names in GROUPS.items()]
    if lost := {*titles} - {FIRST} - {*named(groups)}:
        raise LookupError(f"these pages are in no group of docs/_generate/index.py: {', '.join(sorted(lost))}")
    return groups


def named(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the name of every page of a navigation."""
    for entry in entries:
        if entry.name is not None:
            yield entry.name
        yield from named(entry.below)


def _group(title: str, pages: tuple[Entry, ...]) -> Entry:
    first, *rest = pages
    is_its_own = first.name is not None and first.name.endswith(f"/{FIRST}")
    return Entry(title, first.name, tuple(rest)) if is_its_own else Entry(title, None, pages)


def _entries(names: Iterable[str], titles: Titles) -> Iterator[Entry]:
    for each in names:
        for name in _in(each, titles):
            below = _in(f"{name.removesuffix('.md')}/", titles)
            yield Entry(titles[name], name, tuple(_entries(below, titles)))


def _in(name: str, titles: Titles) -> list[str]:
    """Return a page, or every page of a folder: the first one of it, then the others by their titles."""
    if not name.endswith("/"):
        return [name]
    found = (each for each in titles if each.rpartition("/")[0] == name[:-1])
    return sorted(found, key=lambda each: (not each.endswith(FIRST), titles[each].casefold()))


def _path(title: str, about: str, names: Iterable[str], titles: Titles) -> str:
    pages = " · ".join(f"[{titles[name]}]({name})" for name in names)
    return f"**{title}.** {about}\n{pages}"


def _lines(entries: Iterable[Entry], margin: str = "") -> Iterator[str]:
    for entry in entries:
        yield f"{margin}- " + (entry.title if entry.name is None else f"[{entry.title}]({entry.name})")
        yield from _lines(entry.below, f"{margin}    ")
