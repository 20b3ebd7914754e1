"""What failed and why: by cause, in the providers' own words, with an example of each."""

from collections.abc import Iterator

from anymedia.cli.attempts import stands
from anymedia.cli.journal import SHORT_ID
from anymedia.cli.prompt import prompt_of
from anymedia.cli.text import counted, one_line, shortened
from anymedia.journal.report import reason

from .data import Data, Failed, Reason
from .markup import Html, Inside, el, own, together
from .tables import table
from .uncertain import PROMPT
from .words import billed, cause, moment, offer

MOST_REASONS, WORDS = 12, 400
"""How many reasons of a cause are shown, and how many letters of each."""


def failures(data: Data) -> Html:
    """Return what failed for each cause; a sentence where nothing failed."""
    if not data.failures:
        return el("p", "Nothing failed.")
    return together(_cause(failed, data) for failed in data.failures)


def _cause(failed: Failed, data: Data) -> Html:
    number = failed.row.number
    spent = failed.row.spent
    cost = [f"; {billed(failed.row)} not given back"] if spent.accepted > spent.refunded else []
    heading = el("h3", cause(failed.cause), " ", el("span", f"{counted(number, 'attempt')}{cost[0] if cost else ''}"))
    rows = [_reason(reason_, data) for reason_ in failed.reasons[:MOST_REASONS]]
    others = failed.others + sum(each.number for each in failed.reasons[MOST_REASONS:])
    columns = ("what was said, and the last example", "times")
    made = table(f"{cause(failed.cause)}: what was said", columns, rows)
    more = el("p", f"{counted(others, 'attempt')} more, for other reasons.", class_="note") if others else None
    return together([heading, made, more])


def _reason(said: Reason, data: Data) -> Html:
    attempt = said.example
    words = el("blockquote", own(shortened(one_line(reason(attempt)), WORDS)))
    example = el("p", [*_example(said, data)], class_="example")
    return el("tr", el("td", words, example), el("td", str(said.number), class_="number"))


def _example(said: Reason, data: Data) -> Iterator[Inside]:
    attempt = said.example
    yield own(offer(attempt))
    yield [", ", stands(attempt), " ", moment(attempt.started_at), ", ", el("code", attempt.id[:SHORT_ID])]
    if data.prompts and (prompt := one_line(prompt_of(attempt.order))):
        yield [": ", own(shortened(prompt, PROMPT))]
