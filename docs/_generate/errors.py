"""docs/errors.md: the tree, the exit codes, and which answer of a provider leads to which error."""

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from click import UsageError

from anymedia import (
    AnymediaError,
    ConfigError,
    NoRoute,
    OverCeiling,
    ProviderError,
    Refund,
    RequestError,
    SubmitUncertain,
    Unavailable,
)
from anymedia.cli.batch.end import BUDGET, UNCERTAIN, UNFINISHED
from anymedia.cli.errors import INTERRUPTED, MISSING, exit_code
from anymedia.declare import Adapter, Fault, Match
from anymedia.model import errors as tree
from anymedia.translate.messages import Answer

from . import asking
from .markdown import blocks, code, places, ranges, table

Key: TypeAlias = str | Match

INTRO = """\
Every error is an `AnymediaError`. Each answers two questions: `retry`, where trying again makes sense (same,
elsewhere, never), and `billed`, whether the call that ended in it was (no, likely, yes, unknown); each carries what
is known of the call: `account`, `provider`, `model`, `task_id`, `status`, `code`, `request_id`, `retry_after`, `body`.
Once a task was accepted, every error of a look, a download or ours says that it was paid (`billed` is yes, or what the
provider does about the price of a failed task), carries `task`, and never says "elsewhere" unless the price is given
back. What follows from an error of a submit is on [Money safety](money-safety.md)."""

EACH = """\
`retry`, `billed` and `outcome` are what holds unless the single error says otherwise: an error of a submit carries
the outcome of that submit, `TaskFailed` and `Blocked` say what the provider does about the price of a failed task. A
`DeadlineExceeded` whose `task` is None has sent nothing itself: another call held the caller's idempotency key for too
long, and may be billed, so that `billed` is unknown. The same call under the same key returns what the other bought.
`NoRoute` sums up its `errors`: `billed` is the surest answer, `retry` is "same" where that is the answer of one of them
and "never" of none.

`must_change` is true where it is the request that was refused (`RequestError` but for `OverCeiling`, `Rejected`,
`Blocked`; `NoRoute` where that holds of each of its errors): sent again as it is, it would be refused again. What it
was refused for is to be told to whoever wrote it; all other errors are the business of whoever pays."""

EXITS = "What a command of `anymedia` exits with; [Thousands at once](batch.md#exit-codes) says it of a batch:"

OF_BATCH = {
    MISSING: "rows of a batch failed",
    UNCERTAIN: "rows of a batch are uncertain",
    UNFINISHED: "rows of a batch are not finished, or not begun as its place takes no more",
    BUDGET: "the budget of a batch is reached",
}
"""What a batch exits with beside."""

IN_WORDS = """\
On stderr an error is one sentence with what was billed, and below it what to do. `-v` adds all that is known of it, as
`--json` does."""

AS_JSON = """\
With `--json` a command that ends in an error prints one object on stdout, `{"error": {…}}`, and the text on stderr as
ever. In it are `type` (the error's name, as above), `message`, `retry`, `billed`, `outcome` and the facts of the call;
where there are any, `problems` (what is wrong with the request), `errors` (of a `NoRoute`), `attempts`, and `task` and
`attempt`, which `anymedia.from_json` reads back. What is no `AnymediaError` has the same form: `type` is `UsageError`
for a command line that cannot be read (nothing was sent), `KeyboardInterrupt` for Ctrl-C, and `OSError` for what the
file system refused; after these two `billed` is unknown, and `anymedia tasks` shows what was sent."""

HTTP = """\
What a status means that the provider's own words, below, say nothing of. Below 400 the body's own code counts, where
it is one of these numbers. This holds for looks; whether a *submit* may be tried again is on
[Money safety](money-safety.md)."""

CODES = """\
These go before the HTTP status. `cause` is one word for all providers, of an error (`error.cause`) and of a failed task
(`task.failure.cause`) alike. Everything else goes by its HTTP status, and a task that fails with anything else is
`failed`. Where a thing stands in an answer is written as a path: `a.b[]` is every element of the list `b` in `a`."""

ROUTES = (
    (RequestError(), "when no offer takes the request"),
    (ConfigError(), "when an API key is missing at one of them, and no other takes it"),
    (Unavailable(), "when an offer was tried"),
    (SubmitUncertain(), "when one of its submits may have been billed"),
    (OverCeiling(), "when a ceiling stands in the way of one, and nothing was sent to the others"),
)
"""What a NoRoute holds, in words."""

REFUNDED = {Refund.YES: "refunded", Refund.NO: "not refunded", Refund.UNKNOWN: "refund unknown"}


def page(sellers: Sequence[Adapter]) -> str:
    """Return the page."""
    return blocks(
        INTRO,
        "\n".join(("```text", *_tree(AnymediaError), "```")),
        "## Each error",
        EACH,
        table(["error", "what happened", "retry", "billed", "outcome", "cause"], map(_row, classes(AnymediaError))),
        "## Exit codes",
        EXITS,
        table(["code", "when"], _exits()),
        IN_WORDS,
        AS_JSON,
        "## By HTTP status",
        HTTP,
        table(["HTTP status", "raised", "cause", "retry"], _statuses()),
        "## By the provider's own words",
        CODES,
        *(block for adapter in sellers for block in _provider(adapter)),
    )


# The tree


def classes(kind: type[AnymediaError]) -> Iterator[type[AnymediaError]]:
    """Yield an error and all below it, as the tree is drawn."""
    yield kind
    for each in _below(kind):
        yield from classes(each)


def _below(kind: type[AnymediaError]) -> list[type[AnymediaError]]:
    found = (each for each in vars(tree).values() if inspect.isclass(each) and issubclass(each, AnymediaError))
    return [each for each in found if kind in each.__bases__]


def _tree(kind: type[AnymediaError], margin: str = "") -> Iterator[str]:
    """Yield the lines of the tree, from a class down."""
    yield kind.__name__
    below = _below(kind)
    for each in below:
        joint, under = ("└─ ", "   ") if each is below[-1] else ("├─ ", "│  ")
        first, *rest = _tree(each)
        yield margin + joint + first
        yield from (margin + under + line for line in rest)


def _row(kind: type[AnymediaError]) -> list[str]:
    cause = getattr(kind, "cause", None)
    sentence = (inspect.getdoc(kind) or "").split("\n\n")[0]
    return [code(kind.__name__), sentence, kind.retry, kind.billed, kind.outcome or "", code(cause) if cause else ""]


# The command line


def _exits() -> Iterator[list[str]]:
    found: dict[int, list[str]] = {
        0: ["everything is there"],
        MISSING: ["some of it is missing, or could not be saved; `doctor` found something wrong"],
        UsageError.exit_code: ["the command line cannot be read; a list has nothing to show; every offer refuses"],
        INTERRUPTED: ["interrupted"],
    }
    for kind in classes(AnymediaError):
        if kind is AnymediaError or (kind is not NoRoute and exit_code(kind()) != exit_code(_above(kind)())):
            found.setdefault(exit_code(kind()), []).append(code(kind.__name__) + _and_below(kind))
    for each, words in ROUTES:
        error = NoRoute(errors=[each])
        found.setdefault(exit_code(error), []).append(f"{code(type(error).__name__)} {words}")
    for number, words in OF_BATCH.items():
        found.setdefault(number, []).append(words)
    yield from ([str(number), "; ".join(words)] for number, words in sorted(found.items()))


def _above(kind: type[AnymediaError]) -> type[AnymediaError]:
    return next(base for base in kind.__bases__ if issubclass(base, AnymediaError))


def _and_below(kind: type[AnymediaError]) -> str:
    if kind is AnymediaError:
        return " and all that are not named here"
    return " and those below it" if _below(kind) else ""


# What a provider says


def _statuses() -> Iterator[list[str]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for status in range(300, 600):
        error = _raised(asking.PLAIN, asking.answer(status))
        found.setdefault((*_named(error), error.retry), []).append(status)
    yield from ([ranges(statuses), *words] for words, statuses in found.items())


def _raised(adapter: Adapter, came: Answer) -> ProviderError:
    error = asking.look(adapter, came)
    if not isinstance(error, ProviderError):
        raise TypeError(f"a look at {adapter.name} took {came} for no error")
    return error


def _named(error: ProviderError) -> tuple[str, str]:
    return code(type(error).__name__), code(error.cause)


def _provider(adapter: Adapter) -> Iterator[str]:
    """Yield a heading, where its words stand, and a row for those that mean the same."""
    yield f"### {adapter.title}"
    yield _where(adapter)
    found: dict[tuple[str, ...], list[Key]] = {}
    for key in adapter.errors:
        error = _raised(adapter, asking.refused(adapter, key))
        found.setdefault((*_named(error), *_failure(adapter, key)), []).append(key)
    rows = ([named(keys), *words] for words, keys in found.items())
    yield table(["code or text", "raised", "cause", "of a failed task", "its price"], rows) if found else ""


def named(keys: Iterable[Key]) -> str:
    """Return errors as a provider tells them, by code or by text; codes that follow each other drawn together."""
    keys = list(keys)
    numbers = [int(key) for key in keys if isinstance(key, str) and key.isdecimal()]
    words = [code(key) for key in keys if isinstance(key, str) and not key.isdecimal()]
    texts = [f"“{key.text}”" + (f" at {key.status}" if key.status else "") for key in keys if isinstance(key, Match)]
    return ", ".join(filter(None, (ranges(numbers), *words, *texts)))


def _where(adapter: Adapter) -> str:
    """Say where an error and a failed task tell what."""
    faults = {"Errors": adapter.fault, "Failed tasks": adapter.lifecycle.told_by.failure}
    told = [f"{what}: {_parts(fault)}." for what, fault in faults.items()]
    return " ".join([*told, *([] if adapter.errors else ["No code is known: the HTTP status counts."])])


def _parts(fault: Fault) -> str:
    parts = {"code": fault.code, "text": fault.message, "text by field": fault.fields}
    return ", ".join(f"{part} at {places(where)}" for part, where in parts.items() if where is not None) or "nothing"


def _failure(adapter: Adapter, key: Key) -> tuple[str, str]:
    """Return the cause of a task that fails with an error, and what becomes of its price."""
    fault = adapter.lifecycle.told_by.failure
    where, said = (fault.message, key.text) if isinstance(key, Match) else (fault.code, key)
    if where is None or (isinstance(key, Match) and key.status is not None):
        return "", ""
    task = asking.failed(adapter, (where, said))
    failure = None if task is None else task.failure
    if failure is None:
        return "", ""
    return code(failure.cause), REFUNDED[failure.refund] + (", and tried once more" if failure.passing else "")
