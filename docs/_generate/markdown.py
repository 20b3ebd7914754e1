"""Tables, and words for kinds and numbers, in Markdown."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from anymedia.cli.facts import code as code  # noqa: PLC0414 - the pages take their words from here
from anymedia.cli.facts import codes as codes  # noqa: PLC0414
from anymedia.cli.facts import places as places  # noqa: PLC0414
from anymedia.cli.takes import NONE as NONE  # noqa: PLC0414
from anymedia.declare import Adapter
from anymedia.model.kinds import KINDS
from anymedia.model.request import FROM_TEXT
from anymedia.model.vocabulary import Kind


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell that is empty shows as –."""
    lines = [head, ["---"] * len(head), *([cell or NONE for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def blocks(*parts: str) -> str:
    """Return paragraphs, tables and headings one below the other; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


def anchor(title: str) -> str:
    """Return the name by which GitHub links to a heading."""
    kept = (letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")
    return "#" + "".join(kept)


def ranges(numbers: Iterable[int]) -> str:
    """Return numbers with runs drawn together: 400, 402–407."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def variants(kind: Kind) -> dict[str, str]:
    """Return the variants of a kind of requests, each with the head of its column."""
    return {FROM_TEXT: "from text", **{field: f"with {field}" for field in KINDS[kind].roles.inputs}}


def works(kind: Kind) -> str:
    """Return what works of a kind are called; speech is not counted, and is called as its kind is."""
    return str(kind) if kind is Kind.SPEECH else f"{kind.work}s"


def page_of(seller: Adapter) -> str:
    """Return the name of a provider's page."""
    return f"providers/{seller.name}.md"


def prices_page(kind: Kind) -> str:
    """Return the name of the page with the prices of a kind."""
    return f"prices/{kind}.md"


def prices_of(kind: Kind, model: str, up: str = "../") -> str:
    """Return a model as a link to its prices, from a page below docs, or in it."""
    return f"[{model}]({up}{prices_page(kind)}{anchor(model)})"
