"""Every fault at every ordered pair of providers: both verbs buy once over them, or stop where they may have.

What has to follow from each fault stands in FAULTS, in words of this file alone. `make test` plays every fault at a few
pairs, and one of a few at every pair. ANYMEDIA_ROUNDS says how often the whole matrix is played; after the rounds of
`make soak` the section "Measured" of docs/money-safety.md is written.
"""

import asyncio
import os
import re
import socket
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import attrs
import pytest

from anymedia import AnymediaError, Attempt, Client, DeadlineExceeded, NoRoute, State, Unsupported, read_config
from anymedia.journal import MemoryJournal
from anymedia.simulators import names, running
from anymedia.testing import FakeClock
from tests.machine.virtual import Loop

from .works import CLIP, PICTURE, SONGS

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from _generate.money_safety import MARKS, measured  # noqa: E402

ROUNDS = int(os.environ.get("ANYMEDIA_ROUNDS", "0"))
ENOUGH = 2
"""Rounds that docs/money-safety.md is written after."""

PAGE = DOCS / "money-safety.md"


@attrs.frozen
class Work:
    """What is bought in each cell: the request, what its providers take for it by their pages, and what it makes."""

    request: object
    prices: dict
    makes: int = 1


WORKS = {
    "picture": Work(
        PICTURE,
        {
            "api_in_one": Decimal("0.05"),
            "bfl": Decimal("0.03"),
            "fal": Decimal("0.03"),
            "kie": Decimal("0.025"),
            "reapi": Decimal("0.028"),
            "revidapi": Decimal("0.025"),
            "runapi": Decimal("0.05"),
        },
    ),
    "clip": Work(
        CLIP,
        {
            "api_in_one": Decimal(3),
            "fal": Decimal("0.63"),
            "kie": Decimal("0.5"),
            "reapi": Decimal("0.55"),
            "replicate": Decimal("0.63"),
            "runapi": Decimal(1),
        },
    ),
    # OpenAI, whose answer is the picture, is in test_at_once; no request for speech is one that two sellers take.
    "songs": Work(SONGS, {"api_in_one": Decimal("0.12"), "reapi": Decimal("0.06"), "runapi": Decimal("0.22")}, makes=2),
}

USD = {
    "api_in_one": Decimal("0.01"),
    "bfl": Decimal("0.01"),
    "fal": Decimal("0.01"),
    "kie": Decimal("0.005"),
    "reapi": Decimal("0.001"),
    "replicate": Decimal("0.01"),
    "revidapi": Decimal("0.0025"),
    "runapi": Decimal("0.01"),
}
"""What one unit of the bills is worth, by the pages."""

HONOURS_KEY = "runapi"
SAY_NO_REFUND = ("bfl", "replicate", "revidapi")  # no page of theirs says that a failed task is given back
TELLS_OF_BLOCKS = ("bfl", "fal", "reapi", "replicate")  # they have a word of their own for what is moderated

TERMS = {
    "default": lambda a, b: {},
    "both": lambda a, b: {"on_uncertain": "continue", "max_price": a + b},
    "one": lambda a, b: {"on_uncertain": "continue", "max_price": str(max(a, b))},
}
"""On what terms each cell is played, by the two prices: a ceiling is enough for both offers, or for either of them."""

# What has to follow: on the default terms, going on under a ceiling for both, and under a ceiling for one. An offer
# that no longer fits ends in NoRoute, with what happened at A beside it.

A, B = ("A", "A", "A"), ("B", "B", "B")
UNSURE = ("SubmitUncertain", "B", "NoRoute")
NOT_GIVEN_BACK = ("TaskFailed", "B", "NoRoute")
COST_NOTHING = ("TaskFailed", "B", "B")  # no page says that it is given back, and the last look that it cost 0
BLOCKED = ("Blocked", "Blocked", "Blocked")
LATE = ("DeadlineExceeded", "DeadlineExceeded", "DeadlineExceeded")


@attrs.frozen
class Fault:
    """What goes wrong at A (at B too: `at_b`), and what has to follow, by the provider that A is.

    `bills` are those that A keeps. `lasts` is in seconds, after which A is well; `timeout` is the call's. `listens`:
    whether there is anything at A's address at all.
    """

    at_a: dict | None
    ends: dict
    bills: dict
    at_b: dict | None = None
    lasts: float | None = None
    timeout: float = 600.0
    answer: float | None = None
    refunds: bool = True
    listens: bool = True


def each(value, *only, **other):
    return {name: other.get(name, value) for name in only or names()}


def of(providers, value):
    return dict.fromkeys(providers, value)


def lost(created, **fault):
    """Sent, and no readable answer: it may have been billed; a key that is honoured brings the one task back."""
    answer = 0.3 if fault["kind"] == "no_answer" else None
    fault |= {"created": True} if created and fault["kind"] in ("status", "no_answer") else {}
    return Fault(fault, each(UNSURE, **{HONOURS_KEY: A}), each(int(created), **{HONOURS_KEY: 1}), answer=answer)


def no(*providers, **fault):
    """A readable no, or nobody there: on to B, and nothing was billed."""
    return Fault(fault, each(B, *providers), each(0, *providers))


def look(lasts=30.0, **fault):
    """Nothing that happens to a look loses an accepted task."""
    return Fault({"on": "poll", "times": None, **fault}, each(A), each(1), lasts=lasts)


FAULTS = {
    "connection reset before the body was read": lost(False, kind="reset_before"),
    "connection reset after the task was made": lost(True, kind="reset_after"),
    "no answer, no task": lost(False, kind="no_answer"),
    "no answer, a task": lost(True, kind="no_answer"),
    "500, no task": lost(False, kind="status", status=500, on="submit"),
    "500, a task": lost(True, kind="status", status=500, on="submit"),
    "502 as HTML, no task": lost(False, kind="status", status=502, on="submit", body="html"),
    "502 as HTML, a task": lost(True, kind="status", status=502, on="submit", body="html"),
    "503 without a word": lost(False, kind="status", status=503, on="submit", body="empty"),
    "503 with code 70001": no("reapi", kind="status", status=503, code=70001, on="submit"),
    "503 “No active channel”": no("runapi", kind="status", status=503, message="No active channel", on="submit"),
    "429, ask again in 7 s": no(kind="throttled", on="submit", retry_after=7),
    "429, again and again": no(kind="throttled", on="submit", times=None),
    "429 for 1 s, and at B for a minute": Fault(
        {"kind": "throttled", "on": "submit", "retry_after": 1},
        each(A),
        each(1),
        at_b={"kind": "throttled", "on": "submit", "retry_after": 60},
    ),
    "402": no(kind="no_credit"),
    "401": no(kind="unauthorised", on="submit"),
    "400": no(kind="status", status=400, on="submit"),
    "200, not JSON": lost(True, kind="not_json"),
    "200, JSON cut off": lost(True, kind="cut_json"),
    "200, connection cut": lost(True, kind="cut_body", on="submit"),
    "200 without an id": lost(True, kind="without_id"),
    "task failed, given back": Fault(
        {"kind": "failed"}, each(B, **(of(SAY_NO_REFUND, NOT_GIVEN_BACK) | {"bfl": COST_NOTHING})), each(0)
    ),
    "task failed, not given back": Fault(
        {"kind": "failed"}, each(NOT_GIVEN_BACK, *SAY_NO_REFUND), each(1, *SAY_NO_REFUND), refunds=False
    ),
    # Where a page has no word of its own for it, it is a 400, or a failure.
    "moderation at the submit": Fault(
        {"kind": "moderated", "on": "submit"}, each(B, **of(("fal", "replicate"), BLOCKED)), each(0)
    ),
    "moderation at the submit, with code 80006": Fault(
        {"kind": "status", "status": 400, "code": 80006, "on": "submit"}, each(BLOCKED, "reapi"), each(0, "reapi")
    ),
    "moderation in the task": Fault(
        {"kind": "moderated", "on": "poll"},
        each(B, **(of(SAY_NO_REFUND, NOT_GIVEN_BACK) | of(TELLS_OF_BLOCKS, BLOCKED))),
        each(0),
    ),
    "slow task: 90 s": Fault({"kind": "latency", "seconds": 90}, each(A), each(1)),
    "stuck task, until the deadline": Fault({"kind": "stuck"}, each(LATE), each(1), timeout=60),
    "looks: 404 for 30 s": look(kind="not_found"),
    "looks: 500 for 30 s": look(kind="status", status=500),
    "looks: 401 for 30 s": look(kind="unauthorised"),
    "looks: 429 for 30 s": look(kind="throttled", retry_after=5),
    "looks: reset for 30 s": look(kind="reset_before"),
    "looks: 500 until the deadline": attrs.evolve(look(None, kind="status", status=500), ends=each(LATE), timeout=60),
    "nothing listens": attrs.evolve(no(), at_a=None, listens=False),
}

FEW_FAULTS = ("connection reset after the task was made", "402", "task failed, given back")


def cells(work, *, whole):
    """Yield each fault with each pair that can have it, or with few: each provider is once A and once B.

    With few, the other pairs have the few faults in turn.
    """
    first, *others = sellers = [*work.prices]
    every, few = [*permutations(sellers, 2)], [*zip(sellers, (*others, first), strict=True)]
    in_turn = {name: every[at :: len(FEW_FAULTS)] for at, name in enumerate(FEW_FAULTS)}
    for name, fault in FAULTS.items():
        for pair in every if whole else dict.fromkeys((*few, *in_turn.get(name, ()))):
            if pair[0] in fault.ends:
                yield name, pair


def before_acceptance(cells):
    """Yield the cells of each fault that a submit meets; of one that comes later, the first."""
    later = set()
    for name, pair in cells:
        if name not in later:
            yield name, pair
        if happens_later(name):
            later.add(name)


# One cell


class Clearing(FakeClock):
    """A clock on which a fault is over at a time."""

    over = None

    async def sleep(self, seconds):
        await super().sleep(seconds)
        if self.over is not None and self.seconds >= self.over[0]:
            self.over[1].clear()


@pytest.fixture
def nowhere():
    """An address that is taken, and where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@attrs.frozen
class Came:
    """What a call came to: A or B, which served it, or the name of the error; bills, and USD of what was allowed."""

    end: str
    bills: int
    spent: Decimal
    ceiling: Decimal | None


@attrs.frozen
class Matrix:
    """The simulators, and one client a cell; in an event loop in which nobody waits for an answer that never comes."""

    sims: object
    clock: Clearing
    nowhere: str
    work: Work
    run: Callable

    def client(self, fault, a, **options):
        return Client(self._config(fault, a), clock=self.clock, journal=MemoryJournal(), **options)

    async def play(self, name, pair, terms):
        """Play one cell, hold it against the table, and return what it came to."""
        fault, (a, b), sims = FAULTS[name], pair, self.sims
        options = self._terms(terms, pair)
        before, started = self._bills(), self.clock.seconds
        self._plant(fault, a, b)
        async with self.client(fault, a) as client:
            try:
                ended = await client.generate(self.work.request, a, b, timeout=fault.timeout, **options)
            except AnymediaError as error:
                ended = error
            assert [one for sim in sims for one in sim.service.faults if one.times is not None] == []  # it happened
            for sim in sims:
                sim.clear()
            if isinstance(ended, DeadlineExceeded):
                await self._lives_on(client, a, ended)
        entries, submits = {}, {}
        for sim in sims:
            now, then = sim.bills(), before[sim.name]
            entries[sim.name] = now["entries"][len(then["entries"]) :]
            submits[sim.name] = now["submits"] - then["submits"]
        assert self.clock.seconds - started >= (fault.lasts or 0)
        expected = fault.ends[a][list(TERMS).index(terms)]
        self._end(ended, expected, pair, fault)
        kept = {name: [entry for entry in entries[name] if billed(name, entry)] for name in entries}
        assert {name: len(kept[name]) for name in kept} == each(0, **{a: fault.bills[a], b: int(expected == "B")})
        self._attempts(ended, entries, submits if fault.listens else submits | {a: 1})
        spent = sum(billed(name, entry) for name in kept for entry in kept[name])
        bills, ceiling = sum(map(len, kept.values())), Decimal(options["max_price"]) if options else None
        if ceiling is None:
            assert bills == 1 if expected in ("A", "B") else bills <= 1
        else:
            assert spent <= sum(attempt.reserved for attempt in ended.attempts) <= ceiling
        return Came(expected, bills, spent, ceiling)

    async def submit(self, name, pair, terms):
        """Play one cell with `submit`: what happens after the acceptance is no matter of its own."""
        fault, (a, b), sims, tried = FAULTS[name], pair, self.sims, {}
        before = self._bills()
        self._plant(fault, a, b)
        see = lambda event: tried.update({event.id: event} if isinstance(event, Attempt) else {})  # noqa: E731
        async with self.client(fault, a, on_event=see) as client:
            try:
                task = await client.submit(self.work.request, a, b, timeout=fault.timeout, **self._terms(terms, pair))
                end = "AB"[pair.index(task.account)]
            except AnymediaError as error:
                end, named = type(error).__name__, [each.id for each in error.attempts]
            else:
                named = [*tried]
        for sim in sims:
            sim.clear()
        later = happens_later(name)
        expected = "A" if later else fault.ends[a][list(TERMS).index(terms)]
        assert (end, named) == (expected, [*tried])
        bills = {sim.name: len(sim.bills()["entries"]) - len(before[sim.name]["entries"]) for sim in sims}
        assert bills == each(0, **{a: 1 if later else fault.bills[a], b: int(expected == "B")})
        sent = Counter({sim.name: sim.bills()["submits"] - before[sim.name]["submits"] for sim in sims})
        told = Counter()
        for attempt in tried.values():
            told[attempt.order.account] += attempt.sends if fault.listens or attempt.order.account != a else 0
        assert sent == told
        self.clock.seconds += 60  # what was submitted is over by then: a provider makes so many at a time

    def _terms(self, terms, pair):
        return TERMS[terms](*(self.work.prices[name] for name in pair))

    def _bills(self):
        """Return the bills of each simulator, without the tasks of the cells before, of which there are thousands."""
        for sim in self.sims:
            sim.service.tasks.clear()
        return {sim.name: sim.bills() for sim in self.sims}

    def _plant(self, fault, a, b):
        for sim in self.sims:
            sim.service.refunds = fault.refunds
        for name, wanted in ((a, fault.at_a), (b, fault.at_b)):
            if wanted is not None:
                self.sims[name].fault(**wanted)
        self.clock.over = None if fault.lasts is None else (self.clock.seconds + fault.lasts, self.sims[a])

    def _config(self, fault, a):
        data = self.sims.config
        if fault.answer is not None:
            data["providers"][a]["timeout"] = fault.answer
        if not fault.listens:
            data["providers"][a]["base_url"] = self.nowhere
        return read_config(data, self.sims.environ)

    def _end(self, ended, expected, pair, fault):
        asked = "ABA" if fault.at_b else "AB" if expected == "B" else "A"
        assert "".join("AB"[pair.index(attempt.order.account)] for attempt in ended.attempts) == asked
        if expected in ("A", "B"):
            served = pair["AB".index(expected)]
            assert not isinstance(ended, AnymediaError), ended
            assert [task.account for task in ended.tasks] == [served]
            works = [asset for asset in ended.assets if asset.role == "main"]
            assert (len(works), ended.missing, ended.errors) == (self.work.makes, 0, ())
            assert ended.money.usd == self.work.prices[served]
            return
        assert type(ended).__name__ == expected, ended
        if isinstance(ended, NoRoute):  # what happened at A, and that B no longer fits; another offer may not take it
            errors = [type(error).__name__ for error in ended.errors if not isinstance(error, Unsupported)]
            assert errors == [fault.ends[pair[0]][0], "OverCeiling"]

    def _attempts(self, ended, entries, submits):
        """Hold the attempts against the bills: each may have cost what it says, and everything sent is among them."""
        sent = Counter(dict.fromkeys(submits, 0))
        for attempt in ended.attempts:
            sent[attempt.order.account] += attempt.sends
        assert sent == submits
        for name, bought in entries.items():
            left = {entry["task_id"]: entry for entry in bought}
            without = []
            for attempt in (made for made in ended.attempts if made.order.account == name):
                if attempt.task is None:
                    without.append(attempt)
                    continue
                entry = left.pop(attempt.task.id)
                assert billed(name, entry) <= attempt.reserved
                if attempt.task.state is State.SUCCEEDED:
                    assert billed(name, entry) == attempt.reserved
            suspects = [attempt for attempt in without if attempt.reserved]
            assert len(left) <= len(suspects), "a task that no attempt may have bought"
            for entry, attempt in zip(left.values(), suspects, strict=False):
                assert billed(name, entry) <= attempt.reserved
        if not isinstance(ended, AnymediaError):
            assert ended.reserved == sum(attempt.reserved for attempt in ended.attempts)

    async def _lives_on(self, client, a, error):
        entry = self.sims[a].bills()["entries"][-1]
        assert (error.task.id, error.task.state.final) == (entry["task_id"], False)
        if not self.sims[a].service.tasks[error.task.id].stuck:
            assert (await client.wait(error.task)).state is State.SUCCEEDED


def billed(provider, entry):
    return (entry["charged"] - entry["refunded"]) * USD[provider]


@pytest.fixture(params=WORKS)
def matrix(nowhere, request):
    clock = Clearing()
    with asyncio.Runner(loop_factory=Loop) as runner:
        context = running(clock=clock.time)

        def run(work):
            runner.get_loop().begins_anew()
            return runner.run(work)

        yield Matrix(run(context.__aenter__()), clock, nowhere, WORKS[request.param], run)
        runner.run(context.__aexit__(None, None, None))


def happens_later(name):
    """Return whether a fault comes after the acceptance: in the task, or in the looks at it."""
    return name.startswith(("task failed", "moderation in the task", "slow task", "stuck task", "looks: "))


@pytest.mark.slow
def test_no_fault_is_billed_twice_through_submit(matrix):
    whole = ROUNDS > 0
    every = cells(matrix.work, whole=whole)
    for name, pair in every if whole else before_acceptance(every):
        for terms in TERMS:
            try:
                matrix.run(matrix.submit(name, pair, terms))
            except BaseException as error:
                error.add_note(f"at {name}: A is {pair[0]}, B is {pair[1]}, the terms are {terms}")
                raise


@pytest.mark.slow
def test_no_fault_is_billed_twice(matrix):
    came = defaultdict(list)
    for _ in range(ROUNDS or 1):
        for name, pair in cells(matrix.work, whole=ROUNDS > 0):
            for terms in TERMS:
                try:
                    came[name, terms].append(matrix.run(matrix.play(name, pair, terms)))
                except BaseException as error:
                    error.add_note(f"at {name}: A is {pair[0]}, B is {pair[1]}, the terms are {terms}")
                    raise
    if ROUNDS >= ENOUGH and matrix.work is WORKS["picture"]:
        before, _, rest = PAGE.read_text("utf-8").partition(MARKS[0])
        after = rest.partition(MARKS[1])[2]
        PAGE.write_text(f"{before}{MARKS[0]}\n\n{told(came)}\n\n{MARKS[1]}{after}", "utf-8")


# The page

MEASURED = """\
What this page and [Routing](routing.md) promise, counted at the simulators: `generate(request, A, B)` for one picture,
at every ordered pair of the {providers} providers, with one fault at A, while B is well unless a row says otherwise.
These are {faults} faults at {cells} pairs in all, as some are one provider's own, on three terms each, {rounds} times
over: {calls:,} calls. By default every success was billed once, and every failure once at most. Every bill was held
against the attempts that the call reported: none had cost more than its `reserved`, nothing was sent that was not among
them, and no `max_price` was passed.

- *by default*: no option is given.
- *for both*: `on_uncertain="continue"`, and a `max_price` that is enough for A and B.
- *for one*: the same with a `max_price` that is enough for either, and not for both.

The columns say at how many pairs A served it, at how many B did, and with which error the others ended; *bills* are
the tasks that were charged and not given back, at A and B together; *spent* is the most of `max_price` that was
billed."""

HEAD = ["fault at A", "pairs", "by default", "bills", "for both", "bills", "spent", "for one", "bills", "spent"]


def told(came):
    """Return the section of the page."""
    rows = [[name, *_row([came[name, terms] for terms in TERMS])] for name in FAULTS]
    together = [[each for name in FAULTS for each in came[name, terms]] for terms in TERMS]
    rows.append(["**all of them**", *_row(together)])
    words = {"rounds": ROUNDS, "faults": len(FAULTS), "providers": len(WORKS["picture"].prices)}
    words |= {"cells": len([*cells(WORKS["picture"], whole=True)]), "calls": sum(map(len, came.values()))}
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return MEASURED.format(**words) + "\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(by_terms):
    yield str(len(by_terms[0]) // ROUNDS)
    for played in by_terms:
        ends = Counter(each.end for each in played)
        order = sorted(ends, key=lambda end: (len(end) > 1, end))
        yield ", ".join(f"{end if len(end) == 1 else f'`{end}`'} {ends[end] // ROUNDS}" for end in order)
        bills = [each.bills for each in played]
        yield "–".join(map(str, sorted({min(bills), max(bills)})))
        if played[0].ceiling is not None:
            yield f"{max(each.spent / each.ceiling for each in played):.0%}"


def test_the_page_says_what_was_measured():
    rows = [line.strip("| ").split(" | ") for line in measured(PAGE.read_text("utf-8")).splitlines() if line[:1] == "|"]
    assert rows[0] == HEAD, "docs/money-safety.md is out of date: run `make soak`"
    assert [row[0] for row in rows[2:-1]] == [*FAULTS]
    every = [*permutations(WORKS["picture"].prices, 2)]
    for name, pairs, *found in rows[2:-1]:
        fault = FAULTS[name]
        assert int(pairs) == sum(pair[0] in fault.ends for pair in every)
        for number, ends in enumerate((found[0], found[2], found[5])):
            wanted = Counter(fault.ends[a][number] for a, _ in every if a in fault.ends)
            assert {end: int(count) for end, count in re.findall(r"`?(\w+)`? (\d+)", ends)} == wanted
        assert found[1] in ("0", "0–1", "1")
        assert max(int(spent.rstrip("%")) for spent in (found[4], found[7])) <= 100
