"""What may have been billed and has no task: what is known of each attempt, and what can be done."""

from collections.abc import Iterator, Sequence

from anymedia import Attempt
from anymedia.cli.attempts import last_answer
from anymedia.cli.doubt import replay_until
from anymedia.cli.journal import SHORT_ID
from anymedia.cli.prompt import prompt_of
from anymedia.cli.text import json_of, one_line, shortened

from .data import Data
from .markup import Html, Inside, command, el, marked, own, together
from .tables import line, table
from .words import elsewhere, moment, offer

MOST = 12
"""How many attempts have all that is known of them; further ones have a line."""

ANSWER, PROMPT = 500, 300
"""Letters of an answer and of a prompt that are shown at most."""

LEAD = (
    "It is not known whether these were billed, and none is sent again by itself. Look for each in the provider's "
    "own list of tasks, and note with `anymedia tasks settle` what you found:"
)

SETTLES = {
    "--task TASK_ID": "where the provider has its task: `anymedia resume` fetches the result",
    "--billed": "where it was billed, and has no task",
    "--not-billed": "where the provider has never heard of it",
}
"""What can be noted of an uncertain attempt, and when."""


def uncertain(data: Data) -> Html:
    """Return the uncertain attempts, the newest first; a sentence where there is none."""
    left = data.total.spent.uncertain - len(data.uncertain)
    notes = [
        f"{left} older ones are not shown: `anymedia tasks --state uncertain` lists them." if left > 0 else "",
        f"{elsewhere(data)} `anymedia tasks --state uncertain` lists them." if data.elsewhere else "",
    ]
    shown = [el("p", marked(note)) for note in notes if note]
    if not data.uncertain:
        return together([el("p", "Nothing is uncertain here: of each submit it is known what became of it."), shown])
    cards = [_card(attempt, data) for attempt in data.uncertain[:MOST]]
    ways = el("ul", [el("li", command(flag), " ", marked(so)) for flag, so in SETTLES.items()])
    return together([el("p", marked(LEAD)), ways, cards, _others(data.uncertain[MOST:], data), shown])


def _others(attempts: Sequence[Attempt], data: Data) -> Html | None:
    """Return a line for each of further attempts."""
    lines = [line(_asked(attempt), own(offer(attempt)), cost(attempt), _replay(attempt, data)) for attempt in attempts]
    columns = ("attempt", "offer", "cost", "send it again")
    return table("More uncertain attempts", columns, lines) if lines else None


def _asked(attempt: Attempt) -> Inside:
    return [el("code", attempt.id[:SHORT_ID]), f", asked {moment(attempt.started_at)}"]


def cost(attempt: Attempt) -> str:
    """Return what an uncertain attempt may have cost."""
    money = attempt.order.money
    return "at an unknown price" if money.usd is None else f"may have cost {money}"


def _card(attempt: Attempt, data: Data) -> Html:
    heading = el("h3", own(offer(attempt)), " ", el("span", cost(attempt), class_="doubtful"))
    pairs = [el("div", el("dt", name), el("dd", told)) for name, told in _facts(attempt, data)]
    return el("article", heading, el("dl", pairs, class_="facts"), class_="card")


def _facts(attempt: Attempt, data: Data) -> Iterator[tuple[str, Inside]]:
    """Yield what is known of an attempt, then what can be done."""
    yield "attempt", _asked(attempt)
    if data.prompts and (prompt := one_line(prompt_of(attempt.order))):
        yield "prompt", own(shortened(prompt, PROMPT))
    error, answer = one_line(attempt.error or ""), _answer(attempt)
    if error:
        yield "error", own(shortened(error, ANSWER))
    if answer not in error:
        yield "answer", own(shortened(answer, ANSWER))
    if attempt.order.labels:
        yield "labels", own(", ".join(f"{name}={value}" for name, value in attempt.order.labels.items()))
    yield "send it again", _replay(attempt, data)
    yield "or settle it", [command(f"anymedia tasks settle {attempt.id[:SHORT_ID]}"), " with one of the flags above"]


def _answer(attempt: Attempt) -> str:
    """Return what was answered last as JSON on one line; nothing where nothing was."""
    answer = last_answer(attempt)
    return "" if answer is None else one_line(json_of(answer, indent=None, ensure_ascii=False))


def _replay(attempt: Attempt, data: Data) -> Inside:
    """Say whether, and until when, a replay is safe: the page is read later than it is made."""
    until = replay_until(attempt, data.made_at)
    if until is None:
        return f"no: {attempt.order.provider} would take it for a new task, and bill it again"
    again = command("anymedia resume --replay")
    return ["until ", el("strong", moment(until)), ": ", again, " does, and it is bought once"]
