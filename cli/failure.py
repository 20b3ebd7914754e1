"""An error as a person reads it: one clear sentence with what was billed, the reasons where there are several, and what
to do next."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import click

from anymedia import (
    AnymediaError,
    BadApiKey,
    BadRows,
    Billed,
    Blocked,
    ConfigError,
    DeadlineExceeded,
    DownloadError,
    JournalError,
    NoCredit,
    NoRoute,
    NotFound,
    Outcome,
    OverCeiling,
    ProviderError,
    Rejected,
    RequestError,
    Retry,
    SubmitUncertain,
    TaskFailed,
)
from anymedia.model.kinds import KINDS
from anymedia.model.task import reserved

from .attempts import show_attempts
from .doubt import still, ways_out
from .errors import FACTS, UNSENT, exit_code, problem_rows
from .fields import options_as_flags, terms_in_flags
from .text import counted, one_line, row_at, shortened, together

if TYPE_CHECKING:
    from .screen import Screen

NEVER_DROPPED = (
    "kind",
    "provider",
    "model",
    "offer",
    "extra",
    *(name for kind in KINDS.values() for name in kind.roles.subject),
)

NAMES = {"id", "handle"}
"""Fields that name what was asked for before: there is no request then."""

AGAIN: Mapping[Retry, str] = {
    Retry.SAME: "at the same provider",
    Retry.ELSEWHERE: "at another provider",
    Retry.NEVER: "not automatically",
}

BILLED: Mapping[Billed, str] = {
    Billed.NO: "nothing was billed",
    Billed.UNKNOWN: "it may have been billed",
    Billed.LIKELY: "it was most likely billed",
    Billed.YES: "it is billed",
}

VERBOSE = "verbose"
"""Where a command line keeps how many -v it has, in what its contexts share."""

FLAGS = "flags"
"""Where it keeps the flags of its command."""

ELSEWHERE = "name another account with --provider"
"""What else can be done, at a command that has the flag."""

ADVICE: Mapping[type[AnymediaError], str] = {
    BadApiKey: "Check the API key of {accounts}; `anymedia doctor` says where it is read from.",
    NoCredit: "Top up {accounts}{elsewhere}.",
    Blocked: "Change the prompt or the files. --on-blocked continue, with --max-price, asks another offer.",
    NotFound: "Compare the path, and the names in it, with the page of {accounts}{elsewhere}.",
    Rejected: "Change {request}{elsewhere}.",
    ProviderError: "Try again {later}{elsewhere}.",
    TaskFailed: "Run it again{elsewhere}.",
    DeadlineExceeded: "`anymedia resume` waits for it and saves it; --timeout gives it longer.",
    DownloadError: "`anymedia collect` fetches it, while it can be had; --out names another place.",
    JournalError: "ANYMEDIA_JOURNAL, or [journal] in anymedia.toml, says which it is; `off` keeps nothing.",
}
"""What to do after an error; the nearest class counts."""

HELD = (
    "Wait until that has ended, or stop it. On PostgreSQL one that was killed counts as under way until its lease is "
    "over, 30 s as a rule. `anymedia tasks` shows how far it is."
)
"""What to do instead where it is not the journal that cannot be used."""

AWAY = "Try again once it answers. What was sent before goes on, and `anymedia tasks` shows it then."
"""What to do instead where the journal is away: without one, something might be bought twice."""

HIGHER = "--max-price is what may be spent; `anymedia prices` shows what each offer costs."

TOMORROW = "daily_limit in anymedia.toml is what the account may spend; it counts anew from midnight UTC."

SETTLES = "A webhook was asked for: where it is received, it settles this, and `anymedia resume` takes up the task."

GOES_ON = "With --on-uncertain continue and --max-price, `generate` would have gone on at another offer."

LONGEST = 300
"""Characters of an error that is one of many."""

ROWS = 20
"""Bad rows of a file that are named, the first of them."""

SHOWN = 3
"""Offers over a ceiling that are named, the first of the route; and reasons of one bad row."""


def show_error(error: AnymediaError) -> None:
    """Print an error on stderr; with -v all that is known of it."""
    from .screen import Screen, pairs

    screen = Screen(stderr=True)
    title, reasons = _told(error)
    screen.sentence("error", options_as_flags(title), "bold red")
    reasons = [(of, options_as_flags(text)) for of, text in reasons]
    screen.block(*([pairs(reasons)] if reasons and reasons[0][0] else (text for _, text in reasons)))
    ctx = click.get_current_context(silent=True)
    in_full = ctx is not None and ctx.meta.get(VERBOSE, 0) > 0
    if in_full:
        _show_facts(screen, error)
    if in_full or reserved(error.attempts) != 0:  # else each reason tells what became of one
        show_attempts(error.attempts)
    for advice in dict.fromkeys(_advice(error)):
        screen.block(advice)


def in_a_line(error: AnymediaError) -> str:
    """Return an error as one of many is told: what happened, what was billed, and the reasons, in one line."""
    title, reasons = _told(error)
    told = dict.fromkeys(": ".join(filter(None, reason)) for reason in reasons)
    return shortened(one_line(options_as_flags("; ".join([title, *told]))), LONGEST)


def _told(error: AnymediaError) -> tuple[str, list[tuple[str, str]]]:
    """Return what happened in one sentence, and the reasons below it, each with what it is of (or nothing)."""
    if isinstance(error, NoRoute):
        told = sorted(error.errors, key=lambda each: not isinstance(each, OverCeiling))  # they come nearest to it
        names: dict[str, list[str]] = {}
        for each in told:  # several may have one reason
            names.setdefault("\n".join(_reasons(each)), []).append(_of(each))
        return _of_all(error), [(", ".join(dict.fromkeys(of)), reason) for reason, of in names.items()]
    if isinstance(error, BadRows):
        return error.message.partition("\n")[0], _of_rows(error)
    if isinstance(error, RequestError) and error.problems:
        rows = list(problem_rows(error.problems))
        if isinstance(error, OverCeiling):
            more = [f"and {counted(len(rows) - SHOWN, 'more offer')}"] if len(rows) > SHOWN else []
            rows = [("", text) for text in (*(text for _, text in rows[:SHOWN]), *more)]
        return _of_request(error), rows if len(rows) > 1 else [("", ": ".join(filter(None, rows[0])))]
    if isinstance(error, JournalError) and error.held is not None:
        return f"{error.held} is under way in another process; {_billed(error)}", []
    if isinstance(error, JournalError):
        title = "the journal cannot be used"
        return f"{title}; {_billed(error)}", [("", error.message)]
    if isinstance(error, ConfigError) and error.task is None:
        return error.message, []
    return f"{error.message}; {_billed(error)}", []


def _special(errors: Iterable[AnymediaError]) -> str | None:
    """Return what to do about journals that are held or away; None where there is no such thing."""
    journals = [error for error in errors if isinstance(error, JournalError)]
    if any(error.held is not None for error in journals):
        return HELD
    return AWAY if any(error.away for error in journals) else None


def _of_rows(error: BadRows) -> list[tuple[str, str]]:
    """Return what is wrong with rows of a file, each with its line: with the first of them."""
    found: dict[str, list[str]] = {}
    for problem in error.problems:
        text = str(attrs.evolve(problem, row=None, line=None))
        told = shortened(one_line(terms_in_flags(text.removeprefix("row: "))), LONGEST)
        found.setdefault(row_at(problem.row, problem.line), []).append(told)
    rows = [(place, text) for place, texts in [*found.items()][:ROWS] for text in _first(texts)]
    more = len(found) - ROWS
    return [*rows, *([("", f"and {counted(more, 'more row')}: --json lists all of them")] if more > 0 else [])]


def _first(texts: Sequence[str]) -> list[str]:
    """Return the first of several texts, and how many there are more."""
    return [*texts[:SHOWN], *([f"and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else [])]


def _of_all(error: NoRoute) -> str:
    if error.attempts:
        return f"no offer served this request; {_billed(error)}"
    dear = any(isinstance(each, OverCeiling) for each in error.errors)
    why = "every offer that takes this request costs more than is allowed" if dear else "no offer takes this request"
    return why + ("; nothing was sent" if exit_code(error) in UNSENT else "")


def _of_request(error: RequestError) -> str:
    if {problem.field for problem in error.problems} & NAMES:
        return "nothing was done"
    why = "it would cost more than is allowed" if isinstance(error, OverCeiling) else "this cannot be asked for"
    return f"{why}; nothing was sent"


def _of(error: AnymediaError) -> str:
    """Return what one of several errors is of."""
    return error.account or error.provider or ("ceiling" if isinstance(error, OverCeiling) else type(error).__name__)


def _reasons(error: AnymediaError) -> Iterator[str]:
    if isinstance(error, RequestError) and error.problems:
        yield from (": ".join(row) for row in problem_rows(error.problems))
        return
    yield error.message.removeprefix(f"{error.account} ")
    if error.billed is not Billed.NO:
        yield _billed(error)


def _billed(error: AnymediaError) -> str:
    """Return what was billed, as far as that is known."""
    if error.outcome is Outcome.NOT_SENT:
        return "nothing was sent"
    money = error.task.money if error.task is not None else error.attempt.order.money if error.attempt else None
    amount = "" if money is None or money.usd is None or error.billed is Billed.NO else f" ({money})"
    return BILLED[error.billed] + amount


def _show_facts(screen: "Screen", error: AnymediaError) -> None:
    from .screen import pairs

    for each in error.errors if isinstance(error, NoRoute) else (error,):
        if not isinstance(each, RequestError | ConfigError):
            screen.block(pairs(error_facts(each)))


def error_facts(error: AnymediaError) -> Iterator[tuple[str, str]]:
    """Yield all that is known of an error beside its text."""
    yield "error", type(error).__name__
    yield "billed", str(error.billed)
    yield "try again", AGAIN[error.retry] + (f", after {error.retry_after:g} s" if error.retry_after else "")
    for fact in FACTS[:-1]:
        if (value := getattr(error, fact)) is not None:
            yield fact.replace("_", " "), str(value)


# What to do


def _advice(error: AnymediaError) -> Iterator[str]:
    errors: Sequence[AnymediaError] = error.errors if isinstance(error, NoRoute) else (error,)
    problems = [problem for each in errors if isinstance(each, RequestError) for problem in each.problems]
    lacks = any(problem.unsupported and problem.field not in NEVER_DROPPED for problem in problems)
    if lacks and not any(isinstance(each, OverCeiling) for each in errors):
        yield "--on-unsupported drop leaves out what an offer does not have."
    by_kind: dict[type[AnymediaError], list[AnymediaError]] = {}
    for each in errors:
        if not isinstance(each, DeadlineExceeded) or each.task is not None:  # else nothing was sent
            kind = next((kind for kind in type(each).__mro__ if kind in ADVICE), AnymediaError)
            by_kind.setdefault(kind, []).append(each)
    for kind, some in by_kind.items():
        accounts = together(dict.fromkeys(each.account for each in some if each.account)) if some[0].account else ""
        waits = [each.retry_after for each in some if each.retry_after]
        later = f"in {min(waits):.0f} s" if waits else "later"
        if text := _special(some) or ("" if kind is JournalError and _names_journal() else ADVICE.get(kind, "")):
            yield text.format(accounts=accounts, later=later, **_of_command())
    for each in errors:
        if isinstance(each, SubmitUncertain):
            yield from _of_uncertain(each)
        elif isinstance(each, OverCeiling):
            yield HIGHER if each.problems else TOMORROW


def _names_journal() -> bool:
    """Return whether the command is given the journals that it uses, so that the configuration may name neither."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and "--into" in ctx.meta.get(FLAGS, ())


def _of_command() -> dict[str, str]:
    """Return what the command that has failed leaves to be done: other accounts, and what was sent by it."""
    ctx = click.get_current_context(silent=True)
    flags = () if ctx is None else ctx.meta.get(FLAGS, ())
    elsewhere = f", or {ELSEWHERE}" if "--provider" in flags else ""
    request = "the request (`anymedia explain` shows what is sent)" if "--model" in flags else "the body"
    return {"elsewhere": elsewhere, "request": request}


def _of_uncertain(error: SubmitUncertain) -> Iterator[str]:
    if error.attempt is not None and error.attempt.order.webhook:
        yield SETTLES
    yield GOES_ON
    if error.attempt is not None:
        yield from ways_out(error.attempt, still(error.replay_until))
