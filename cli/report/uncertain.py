"""What may have been billed and has no task: what is known of each attempt, and what can be done."""

from collections.abc import Iterator

from anymedia import Attempt
from anymedia.cli.attempts import last_answer
from anymedia.cli.journal import SHORT_ID
from anymedia.cli.prompt import prompt_of
from anymedia.cli.text import json_of, one_line, shortened

from .data import Data
from .markup import Html, Inside, el, own, together
from .words import elsewhere, moment, offer, replayed

ANSWER, PROMPT = 500, 300
"""Letters of an answer and of a prompt that are shown at most."""


def uncertain(data: Data) -> Html:
    """Return the uncertain attempts, the newest first; a sentence where there is none."""
    number = data.total.spent.uncertain
    more = elsewhere(data)
    notes = [el("p", more, " ", el("code", "anymedia tasks --state uncertain"), " lists them.")] if more else []
    if not number:
        return together([el("p", "Nothing is uncertain here: of each submit it is known what became of it."), *notes])
    left = number - len(data.uncertain)
    if left > 0:
        notes.append(el("p", f"{left} older ones are not shown; ", el("code", "anymedia tasks --state uncertain")))
    lead = el(
        "p",
        "Of these nobody knows whether they were billed, and none is sent again by itself. Look for each in the "
        "provider's own list of tasks, and note what you found.",
    )
    return together([lead, [_card(attempt, data) for attempt in data.uncertain], *notes])


def _card(attempt: Attempt, data: Data) -> Html:
    heading = el("h3", own(offer(attempt)), " ", el("span", f"may have cost {attempt.order.money}", class_="doubtful"))
    pairs = [el("div", el("dt", name), el("dd", told)) for name, told in _facts(attempt, data)]
    return el("article", heading, el("dl", pairs, class_="facts"), class_="card")


def _facts(attempt: Attempt, data: Data) -> Iterator[tuple[str, Inside]]:
    """Yield what is known of an attempt, then what can be done."""
    short = attempt.id[:SHORT_ID]
    yield "attempt", [el("code", short), f", asked {moment(attempt.started_at)}"]
    if data.prompts and (prompt := one_line(prompt_of(attempt.order))):
        yield "prompt", own(shortened(prompt, PROMPT))
    if attempt.error:
        yield "error", own(shortened(attempt.error, ANSWER))
    if (answer := last_answer(attempt)) is not None:
        yield "answer", own(shortened(one_line(json_of(answer, indent=None, ensure_ascii=False)), ANSWER))
    if attempt.order.labels:
        yield "labels", own(", ".join(f"{name}={value}" for name, value in attempt.order.labels.items()))
    yield "send it again", _replay(attempt, data)
    settle = f"anymedia tasks settle {short}"
    yield (
        "or settle it",
        [
            el("code", f"{settle} --task TASK_ID"),
            " where the provider has the task: then its result is fetched; ",
            el("code", f"{settle} --billed"),
            " or ",
            el("code", f"{settle} --not-billed"),
            " where there is none.",
        ],
    )


def _replay(attempt: Attempt, data: Data) -> Inside:
    """Say whether, and until when, a replay is safe: the page is read later than it is made."""
    until = replayed(attempt, data.made_at)
    if until is None:
        return "no: nothing tells the provider that it would be the same task"
    return ["until ", el("strong", moment(until)), " with ", el("code", "anymedia resume --replay"), ": bought once"]
