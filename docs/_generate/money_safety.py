"""docs/money-safety.md: how a submit ends for every kind of answer, asked of the code answer by answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from anymedia import AnymediaError, Blocked, Cause, Outcome, RequestError, TaskFailed
from anymedia.declare import Adapter, Match
from anymedia.model.plain import duration
from anymedia.model.strict_json import Json
from anymedia.model.vocabulary import Billed, Refund
from anymedia.translate.messages import Answer, Lost
from anymedia.transport.retry import Patience

from . import asking
from .asking import KEYED, PLAIN, End, submit_end
from .errors import REFUNDED, Key, classes, named
from .markdown import NONE, blocks, code, places, ranges, table
from .routing import follows

INTRO = """\
A submit costs money, and its answer can be lost. So each one ends in one of five outcomes, told apart by what is
known, never by what is likely: what may have been billed is not sent a second time, and nothing else is bought for it
unless the caller says so, within a ceiling.

These tables are generated: each case was run through the deciding code (`anymedia.translate.decode.submitted`,
`Asked.lost` where there is no answer, `anymedia.engine.rules.after` for what follows)."""

WHEN: Mapping[Outcome, str] = {
    Outcome.NOT_SENT: "it failed before a byte left, or at a proxy (like Cloudflare) that did not reach the provider",
    Outcome.REFUSED: "a readable no of the provider",
    Outcome.ACCEPTED: "a task id",
    Outcome.ACCEPTED_WITHOUT_ID: "a yes that cannot be read to a task id",
    Outcome.UNCERTAIN: "sent, and no readable answer",
}

THEN = """\
What follows is the same for `submit` and for `generate`; [Routing](routing.md) has the details, with how long an
account is left alone.

- **replayed with its replay key**: where the provider honours an idempotency key, the same bytes are sent again with
  the same replay key, within the time that its adapter trusts it for, {tries} times in all at most. What a replay is
  refused for says nothing about the first POST, which then stays what it was.
- **on to the next**: the next offer or account of the route; or the same one again, where that is sooner. A pinned
  offer, a pinned account or `fallback=False` never leaves its place.
- **stop**: the error goes to the caller, and `retry` on it says where trying again makes sense. A `SubmitUncertain`
  carries the attempt with all that is known of it.
- **looked at until it is done**: `submit` returns the task; `generate` and `wait` look at it until the caller's
  deadline, which ends the wait and not the task. No failed look loses a task.

A cancel or a deadline while a submit is unanswered ends the caller's wait with `SubmitUncertain`, never the submit; its
late answer is written down and goes to `on_event`."""

CONNECTIONS: Mapping[str, Lost] = {
    "no connection: name, address, TLS, time-out": Lost("", sent=False),
    "a connection, and no answer: reset, time-out": Lost("", sent=True),
    "an answer of 200–299, cut off": Lost("", sent=True, status=200),
    "an answer of 400–499, cut off": Lost("", sent=True, status=400),
    "an answer of 500–599, cut off": Lost("", sent=True, status=500),
}

REFUSED_HERE = """\
Before all of these, what a request asks for and the offer does not take is refused on this side:
{errors} carry the outcome *{outcome}*."""

GOOD: Mapping[str, bytes] = {
    "a task id": b'{"id": "t-1"}',
    "a task id, and a state that nobody knows": b'{"id": "t-1", "state": "simmering"}',
    "a task id that is a number": b'{"id": 17}',
    "a task id that is empty": b'{"id": ""}',
    "a task id that is null": b'{"id": null}',
    "a task id that is an object": b'{"id": {}}',
    "an object without a task id": b"{}",
    "JSON that is no object": b"[]",
    "JSON that is cut off": b'{"id": "t-1',
    "an HTML page": b"<html>OK</html>",
    "nothing": b"",
}

OTHER = """\
Whatever the body is (JSON, HTML, nothing), where it holds no word that the adapter knows; a 301, 307 or 308 with a
Location was not carried out here either, and is not sent:"""

OWN = """\
A code or a text that a provider's page explains goes before the HTTP status. Of a provider that is not listed, the
tables above say all there is."""

KEY = "Honours `{header}`: a submit that is uncertain, or accepted without an id, is replayed for {window}."

BODY_CODES = """\
The body of an HTTP 200 has a code of its own, at {where}: {ok}. One of {first} to {last} counts as that HTTP
status does, but for what is listed here:"""

AS_HTTP = range(300, 600)
A_WORD = "any-word"

AFTER = """\
An accepted task costs its price, whatever becomes of looking at it; only the provider's word that it failed can change
that:"""

MARKS = ("<!-- measured: kept by make docs, written by the test that measures it -->", "<!-- /measured -->")
NOT_YET = "Not measured yet."

HEAD = ("outcome", "billed", "raised", "retry", "what follows")

KINDS = {kind.__name__: kind for kind in classes(AnymediaError)}


def page(sellers: Sequence[Adapter], measured: str) -> str:
    """Return the page."""
    return blocks(
        INTRO,
        "## The five outcomes",
        table(["outcome", "when", "billed", "raised", HEAD[-1]], _outcomes(sellers)),
        _then(),
        "## No answer, or not all of it",
        table(["what happened", *HEAD], ([what, *_words(lost)] for what, lost in CONNECTIONS.items())),
        _refused_here(),
        "## Good answers",
        table(["200–299, and in the body", *HEAD], ([what, *_words(_ok(body))] for what, body in GOOD.items())),
        "## Other answers",
        OTHER,
        table(["HTTP status", *HEAD], _statuses()),
        "## What each provider says itself",
        OWN,
        *(block for adapter in sellers for block in _provider(adapter)),
        "## After acceptance",
        AFTER,
        table(["provider", "what", "its price is", "counted as", HEAD[-1]], _failures(sellers)),
        "## Measured",
        "\n\n".join((MARKS[0], measured, MARKS[1])),
    )


def measured(text: str) -> str:
    """Return what stands between the marks of a page."""
    _, _, rest = text.partition(MARKS[0])
    inside, ended, _ = rest.partition(MARKS[1])
    return (inside.strip() if ended else "") or NOT_YET


# Any provider


def _outcomes(sellers: Sequence[Adapter]) -> Iterator[list[str]]:
    """Yield what every answer of this page came to, by outcome."""
    came: list[Answer | Lost] = [*CONNECTIONS.values(), *map(_ok, GOOD.values()), *map(asking.answer, range(200, 600))]
    ends = [submit_end(adapter, each) for each in came for adapter in (PLAIN, KEYED)]
    ends += [submit_end(adapter, asking.refused(adapter, key)) for adapter in sellers for key in adapter.errors]
    for outcome, when in WHEN.items():
        of_it = [end for end in ends if end.outcome is outcome]
        billed, raised = _all(end.billed for end in of_it), _all(map(_raised, of_it))
        yield [f"**{outcome}**", when, billed, raised, _all(map(_follows, of_it), "<br>")]


def _then() -> str:
    patience = Patience()
    return THEN.format(tries=patience.tries)


def _refused_here() -> str:
    kinds = list(classes(RequestError))
    names = _all(code(kind.__name__) for kind in kinds)
    return REFUSED_HERE.format(errors=names, outcome=_all(str(kind().outcome) for kind in kinds))


def _statuses() -> Iterator[list[str]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for status in range(300, 600):
        found.setdefault(_words(asking.answer(status)), []).append(status)
    yield from ([ranges(statuses), *words] for words, statuses in found.items())


def _words(came: Answer | Lost) -> tuple[str, ...]:
    """Return how a submit ends, without an idempotency key and with one."""
    plain, keyed = submit_end(PLAIN, came), submit_end(KEYED, came)
    return *_told(plain)[:-1], _all(map(_follows, (plain, keyed)), "<br>")


def _told(end: End) -> tuple[str, ...]:
    return end.outcome, end.billed, _raised(end), end.retry or NONE, _follows(end)


def _follows(end: End) -> str:
    return ("replayed with its replay key, then " if end.replayed else "") + generates(end)


def generates(end: End) -> str:
    """Say what follows after a submit that ended so, and was not replayed."""
    if end.raised is None:
        return "looked at until it is done"
    return follows(KINDS[end.raised](outcome=end.outcome, billed=end.billed))


def _raised(end: End) -> str:
    return NONE if end.raised is None else code(end.raised)


def _all(words: Iterable[str], joint: str = ", ") -> str:
    return joint.join(dict.fromkeys(words))


def _ok(body: bytes) -> Answer:
    return Answer(200, {}, body)


# Each provider


def _provider(adapter: Adapter) -> Iterator[str]:
    """Yield what is special about submits at a provider; nothing where nothing is."""
    parts = [_key(adapter), _own_words(adapter), _body_codes(adapter)]
    if any(parts):
        yield from (f"### {adapter.title}", *parts)


def _key(adapter: Adapter) -> str:
    key = adapter.idempotency
    return "" if key is None else KEY.format(header=key.header, window=duration(key.window))


def _own_words(adapter: Adapter) -> str:
    found: dict[tuple[str, ...], list[Key]] = {}
    for key in adapter.errors:
        for end, statuses in _ends(adapter, key).items():
            found.setdefault((statuses, *_told(end)), []).append(key)
    rows = ([named(keys), *words] for words, keys in found.items())
    return table(["code or text", "at HTTP status", *HEAD], rows) if found else ""


def _ends(adapter: Adapter, key: Key) -> dict[End, str]:
    """Return each way in which a submit ends that is answered with an error, and the HTTP statuses where it does."""
    bound = key.status if isinstance(key, Match) else None
    ends: dict[End, list[int]] = {}
    for status in range(400, 600) if bound is None else (bound,):
        ends.setdefault(submit_end(adapter, asking.refused(adapter, key, status)), []).append(status)
    return {end: "any" if len(ends) == 1 and bound is None else ranges(statuses) for end, statuses in ends.items()}


def _body_codes(adapter: Adapter) -> str:
    """Say how the body's own code counts at HTTP 200, where it does not count as the HTTP status of that number."""
    ok = adapter.lifecycle.submit.reply.ok
    if ok is None:
        return ""
    found: dict[tuple[str, ...], list[Key]] = {}
    for said in (*range(600), A_WORD):
        end = submit_end(adapter, asking.answer(200, (ok[0], said)))
        if said not in ok[1] and (said not in AS_HTTP or end != submit_end(adapter, asking.answer(int(said)))):
            found.setdefault(_told(end), []).append(str(said))
    rows = ([named(said).replace(code(A_WORD), "any word"), *words] for words, said in found.items())
    intro = BODY_CODES.format(where=places(ok[0]), ok=_yes(adapter, ok[1]), first=AS_HTTP[0], last=AS_HTTP[-1])
    return blocks(intro, table(["code at HTTP 200", *HEAD], rows))


def _yes(adapter: Adapter, codes: tuple[Json, ...]) -> str:
    """Say what the body's own code is where an answer is a yes."""
    without = submit_end(adapter, asking.answer(200, (adapter.lifecycle.submit.reply.id, "t-1")))
    return f"only {' or '.join(map(str, codes))}{', or none,' if without.outcome is Outcome.ACCEPTED else ''} is a yes"


BILLED = {Refund.YES: Billed.NO, Refund.NO: Billed.YES, Refund.UNKNOWN: Billed.UNKNOWN}


def _failures(sellers: Sequence[Adapter]) -> Iterator[list[str]]:
    """Yield what a failed task costs at each provider, and each error with which that is not so, or not the end."""
    for adapter in sellers:
        usual = _cost(adapter)
        yield [adapter.title, "a task that failed", *usual]
        for key in adapter.errors:
            cost = usual if isinstance(key, Match) else _cost(adapter, key)
            if cost != usual:
                yield [adapter.title, f"one that failed with {named([key])}", *cost]


def _cost(adapter: Adapter, key: str | None = None) -> tuple[str, str, str]:
    """Return what becomes of the price of a task that failed, with an error or with none that is known."""
    where = adapter.lifecycle.told_by.failure.code
    task = asking.failed(adapter, (None if key is None else where, key))
    if task is None or task.failure is None:
        return "no task: the submit itself fails", NONE, NONE
    kind = Blocked if task.failure.cause is Cause.BLOCKED else TaskFailed
    then = follows(kind(task=task, billed=BILLED[task.failure.refund]))
    return REFUNDED[task.failure.refund], "nothing" if task.money.usd == 0 else "the full price", then
