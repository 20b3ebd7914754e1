"""docs/words.md: every word of anymedia.declare, as its docstring says it, with examples that are run."""

import enum
import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import attrs

from anymedia import declare
from anymedia.declare import path
from anymedia.model.forms import FILE, FILES
from anymedia.model.kinds import KINDS

from .markdown import blocks, code, table
from .signatures import beside, said, written

EXAMPLES = Path(__file__).parent / "examples"
"""One for each group of words; tests run them as they stand in the page."""

INTRO = """\
The words that adapters are written in, all from `anymedia.declare`. [Adding a provider](adding-a-provider.md) is where
to begin: it shows most of them at work in two adapters. Here they stand by groups, each group with an example that is
run, and each word with its signature and what it says. What the examples take from elsewhere (`check`, `parts`,
`looked`, …) is how anymedia itself reads the words: it is good for trying out a line of your own, and nothing that an
adapter needs."""

FIELDS = """\
What an `Offer` may map in `params`, by its kind; `callback_url` is mapped by a `Webhook`. What a field of a request may
hold at all is the same at every provider; which of it an offer takes is what its `Param` says."""

PLACES = """\
A place in an answer is a text wherever a word reads one: `id="job.id"`, `usd="@x-cost!num"`."""

OF_FILES = {FILE: "a file", FILES: "several files"}
"""Of what a field into which files are put is an example."""

KIND_FIELDS = "The fields of each kind"

GROUPS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "The provider": (
        "Who it is, who asks, and what an account says beside its API key.",
        "asking",
        ("Adapter", "Setting", "Header", "Query", "Token", "Gap"),
    ),
    "How work goes": (
        "The calls, when they are made, and what the words for states mean.",
        "calls",
        ("Lifecycle", "Endpoint", "Pace", "Many", "State", "Limits", "Idempotency"),
    ),
    "What answers hold": (
        "Where an answer holds what, and what an error means.",
        "answers",
        ("Reply", "Assets", "first", "Fault", "Err", "Match", "Cause", "Outcome", "Refund", "Balance"),
    ),
    "What is sold": (
        "An offer, where its fields go, and what holds between them.",
        "sold",
        (
            "Offer",
            "Kind",
            "Param",
            "Rule",
            "when",
            "When",
            "pick",
            "numbered",
            "Numbered",
            "Pixels",
            "Grid",
            "Said",
            "UNKNOWN",
            "ANY",
        ),
    ),
    "What a field takes": (
        "Kinds of values, their bounds, and how they are written.",
        "values",
        ("Text", "Url", "Choice", "Whole", "Number", "Flag", "Size", "Always"),
    ),
    "Files": (
        "How files that are put in get to the provider.",
        "files",
        ("File", "Files", "Upload", "Step"),
    ),
    "Prices": (
        "What a page prints, and how to ask for what it does not. Figures are texts or whole numbers, never floats.",
        "prices",
        (
            "Price",
            "Per",
            "Table",
            "PerMegapixel",
            "Metered",
            "Credit",
            "Printed",
            "PriceQuote",
            "VARIANT",
            "Dearest",
            "DEAREST",
        ),
    ),
    "Webhooks": (
        "How a provider tells of a task by a call of its own.",
        "webhooks",
        ("Webhook", "Signed"),
    ),
    "Where no word will do": (
        "A function of the adapter's own, as in [Adding a provider](adding-a-provider.md#where-no-word-will-do).",
        "",
        ("Hook",),
    ),
}
"""By title: what the group is about, its example, and its words."""


def page() -> str:
    """Return the page. Errors: LookupError for a word that is in no group."""
    listed = [word for _, _, words in GROUPS.values() for word in words]
    if sorted(listed) != sorted(declare.__all__):
        raise LookupError(f"words in no group, or in none of ours: {set(listed) ^ set(declare.__all__)}")
    contents = " · ".join(
        f"[{title}](#{title.lower().replace(' ', '-')})" for title in (*GROUPS, KIND_FIELDS, "Places")
    )
    return blocks(INTRO, contents, *(part for title in GROUPS for part in _group(title)), *_fields(), *_places())


def _group(title: str) -> Iterator[str]:
    about, example, words = GROUPS[title]
    yield f"## {title}"
    yield about
    if example:
        yield f"```python\n{(EXAMPLES / f'{example}.py').read_text('utf-8')}```"
    yield from (part for word in words for part in _word(word))


def _word(name: str) -> Iterator[str]:
    """Yield the heading of a word, how it is written, and what it says."""
    word = getattr(declare, name)
    yield f"### {code(name)}"
    if inspect.isclass(word) and issubclass(word, enum.Enum):
        yield f"{', '.join(code(f'{name}.{each.name}') for each in word)}. {said(word)}"
    elif callable(word) and not attrs.has(type(word)):
        yield written(name, word)
        yield said(word)
    else:
        yield f"{code(repr(word))}: {_beside(name)}"


def _beside(name: str) -> str:
    """Return what the source says of a constant, below it."""
    folder = iter_modules(declare.__path__, f"{declare.__name__}.")
    found = (beside(name, import_module(module.name)) for module in folder)
    return next(text for text in found if text is not None)


def _fields() -> Iterator[str]:
    """Yield the canonical fields, the kinds of requests that have them, and a value of each."""
    yield f"## {KIND_FIELDS}"
    yield FIELDS
    kinds: dict[str, list[str]] = {}
    held: dict[str, str] = {}
    for kind, each in KINDS.items():
        for field in each.roles.names:
            kinds.setdefault(field, []).append(kind)
            form = each.roles.forms[field]
            held[field] = OF_FILES.get(form) or code(repr(form.example))
    yield table(
        ["field", "of", "for example"], ([code(field), ", ".join(of), held[field]] for field, of in kinds.items())
    )


def _places() -> Iterator[str]:
    yield "## Places"
    yield PLACES
    _, _, table = (path.__doc__ or "").partition("\n\n")
    yield f"```text\n{table.strip(chr(10))}\n```"
