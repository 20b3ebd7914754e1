"""What failed and why: by cause, in the providers' own words, with an example of each."""

from collections.abc import Iterator

from anymedia.cli.attempts import stands
from anymedia.cli.journal import SHORT_ID
from anymedia.cli.prompt import prompt_of
from anymedia.cli.text import one_line, shortened
from anymedia.journal.report import Said, reason

from .data import Data, Failed
from .markup import Html, Inside, el, own
from .tables import NUMBER, table
from .uncertain import PROMPT
from .words import billed, cause, moment, offer

MOST_REASONS, WORDS = 12, 400
"""How many reasons of a cause are shown, and how many letters of each."""


COLUMNS = ("why, in the provider's words, and the last example", "attempts")


def failures(data: Data) -> Html:
    """Return what failed for each cause; a sentence where nothing failed."""
    if not data.failures:
        return el("p", "Nothing failed.")
    return table("What failed, by cause", COLUMNS, *(_cause(failed, data) for failed in data.failures))


def _cause(failed: Failed, data: Data) -> Iterator[Html]:
    """Yield the rows of a cause."""
    spent = failed.row.spent
    paid = f"{billed(failed.row)} not given back" if spent.usd or spent.unknown else None
    name = el("th", cause(failed.cause), paid and el("span", f", {paid}", class_="offer"), scope="rowgroup")
    yield el("tr", name, el("td", f"{failed.row.number:,}", class_=NUMBER), class_="group")
    yield from (_reason(each, data) for each in failed.reasons[:MOST_REASONS])
    if others := failed.others + sum(each.number for each in failed.reasons[MOST_REASONS:]):
        yield el("tr", el("td", "other reasons", class_="within"), el("td", f"{others:,}", class_=NUMBER))


def _reason(said: Said, data: Data) -> Html:
    attempt = said.example
    words = el("blockquote", own(shortened(one_line(reason(attempt)), WORDS)))
    example = el("p", [*_example(said, data)], class_="example")
    return el("tr", el("td", words, example, class_="within"), el("td", f"{said.number:,}", class_=NUMBER))


def _example(said: Said, data: Data) -> Iterator[Inside]:
    attempt = said.example
    yield own(offer(attempt))
    yield [", ", stands(attempt), " ", moment(attempt.started_at), ", ", el("code", attempt.id[:SHORT_ID])]
    if data.prompts and (prompt := one_line(prompt_of(attempt.order))):
        yield [": ", own(shortened(prompt, PROMPT))]
