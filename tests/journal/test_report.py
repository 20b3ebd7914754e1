"""What the attempts of a journal came to, in one pass: the same figures as its sums, and the words that matter."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest

from anymedia import Asset, Billed, Cause, Failure, Money, Outcome, PriceStatus, Refund, State
from anymedia.journal import Ledger, MemoryJournal
from anymedia.journal import report as reports
from anymedia.journal.report import Wanted, reason, report

from .reading import run, written
from .test_left import attempt

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Money(usd=Decimal("0.05"), status=PriceStatus.EXACT, got="table")


def made(hours=0, **facts):
    """Return an attempt that was begun so many hours after the start, and that came to nothing yet."""
    return attempt(**{"money": PRICE, "started_at": START + timedelta(hours=hours), **facts})


def ended(one, state, **facts):
    """Return an attempt with a task that stands so."""
    task = attrs.evolve(one.draft("task"), **{"state": state, **facts})
    return attrs.evolve(one, outcome=Outcome.ACCEPTED, task=task)


def failed(one, message, cause="failed", **facts):
    return ended(one, State.FAILED, failure=Failure(cause=cause, message=message, **facts))


EACH = [
    ended(made(labels={"team": "blue"}), State.SUCCEEDED, assets=(Asset(kind="image", url="https://x.example/1"),)),
    ended(made(24, account="another", money=Money()), State.SUCCEEDED, money=attrs.evolve(PRICE, got="settled")),
    failed(made(25, labels={"team": "blue", "for": "web"}), "no", refund=Refund.YES),
    ended(made(26), State.CANCELED),
    ended(made(27), State.RUNNING),
    attrs.evolve(made(28, model=None, wire_id="w"), outcome=Outcome.REFUSED, error="refused", cause=Cause.NO_CREDIT),
    attrs.evolve(made(29, offer=None), outcome=Outcome.NOT_SENT, error="no route to host"),
    attrs.evolve(made(30, labels={"team": "blue"}), outcome=Outcome.UNCERTAIN, error="reset"),
    attrs.evolve(made(31), outcome=Outcome.ACCEPTED_WITHOUT_ID, error="no id"),
    attrs.evolve(made(32), outcome=Outcome.UNCERTAIN, settled=Billed.YES),
    made(33),  # is being sent
]


def of(attempts, wanted=None):
    async def made_of():
        ledger = await written(Ledger(MemoryJournal()), attempts)
        return await report(ledger.journal, wanted or Wanted())

    return run(made_of())


def summed(sums, name):
    """Return the figures of sums by the name of their group and what they count as, without those that are none."""
    found = {}
    for each in sums:
        key = (name(each), each.counts_as)
        figures = attrs.astuple(each)[2:9]
        found[key] = tuple(map(sum, zip(found.get(key, (0,) * 7), figures, strict=True)))
    return found


GROUPS = {
    "day": lambda made: made.days,
    "account": lambda made: made.accounts,
    "model": lambda made: made.models,
    "offer": lambda made: made.offers,
    "labels": lambda made: made.labels,
}


async def assert_as_summed(ledger, since):
    """Hold the groups of a report against the sums that the journal keeps."""
    made = await report(ledger.journal, Wanted(since=since))
    for by, groups in GROUPS.items():
        place = 0 if by == "day" else -1
        found = [(group.name[place], each) for group in groups(made) for each in group.sums]
        named = {id(each): name for name, each in found}
        ours = summed([each for _, each in found], lambda each, named=named: named[id(each)])
        assert ours == summed(await ledger.sums(by, since), lambda each: each.group), by
        assert sum(number for group in groups(made) for number in group.ends.values()) == sum(made.total.ends.values())
    assert made.damaged == 0
    return made


@pytest.mark.parametrize("since", [None, START, START + timedelta(hours=20), START + timedelta(days=9)])
async def test_the_figures_are_those_of_the_sums(since):
    ledger = await written(Ledger(MemoryJournal()), EACH)
    made = await assert_as_summed(ledger, since)
    attempts = await ledger.attempts(since=since)
    counts = {each.status: 0 for each in attempts}
    for each in attempts:
        counts[each.status] += 1
    assert made.total.ends == counts


async def test_what_was_being_sent_when_its_owner_died_is_uncertain():
    journal = MemoryJournal()
    await written(Ledger(journal), [made()])
    assert (await report(journal, Wanted())).total.ends == {"sending": 1}
    journal.crash()
    later = await report(MemoryJournal(journal.memory), Wanted())
    assert (later.total.ends, len(later.uncertain)) == ({"uncertain": 1}, 1)


def test_nothing_comes_to_nothing():
    nothing = of([])
    assert nothing.total.ends == {}
    assert (nothing.days, nothing.failures, nothing.uncertain, nothing.results) == ((), (), (), ())


@pytest.mark.parametrize(
    ("wanted", "numbers", "elsewhere"),
    [
        (Wanted(), range(11), 0),
        (Wanted(account="another"), [1], 2),
        (Wanted(labels={"team": "blue"}), [0, 2, 7], 1),
        (Wanted(labels={"team": "blue", "for": "web"}), [2], 2),
        (Wanted(since=START + timedelta(hours=31)), [8, 9, 10], 1),
        (Wanted(account="none"), [], 2),
    ],
)
def test_the_wanted_attempts_are_counted_and_what_is_uncertain_elsewhere_is_told(wanted, numbers, elsewhere):
    made = of(EACH, wanted)
    assert sum(made.total.ends.values()) == len(numbers)
    assert made.elsewhere == elsewhere
    assert {int(each.id, 16) for each in (*made.uncertain, *made.results)} == {0, 1, 7, 8} & {*numbers}


def test_failures_are_told_by_cause_and_by_what_was_said():
    told = [
        failed(made(number), message, code=code)
        for number, (message, code) in enumerate(
            [("job 4f00a1 failed", "E1"), ("job 77aa01 failed", "E1"), ("job 77aa01 failed", None), (None, None)]
        )
    ]
    found = of([*told, *EACH])
    causes = {each.cause: each for each in found.failures}
    assert [*causes] == ["failed", "no_credit", "not sent"]
    said = causes["failed"].said
    assert [(each.number, reason(each.example)) for each in said] == [
        (2, "E1: job 77aa01 failed"),
        (1, "job 77aa01 failed"),
        (1, "no reason is known"),
        (1, "no"),
    ]
    assert causes["failed"].group.ends == {"failed": 5}
    assert [reason(each.example) for each in causes["not sent"].said] == ["no route to host"]


def test_few_attempts_are_in_memory_at_once(monkeypatch):
    """Of many reasons, some are told apart; of many results and uncertain attempts, the newest are kept."""
    for name in ("MOST_WORDS", "MOST_RESULTS", "MOST_UNCERTAIN", "PAGE"):
        monkeypatch.setattr(reports, name, 2)
    several = [failed(made(number), word) for number, word in enumerate(("no", "not", "never", "no"))]
    works = [ended(made(number), State.SUCCEEDED) for number in range(4)]
    doubts = [attrs.evolve(made(number), outcome=Outcome.UNCERTAIN, error="reset") for number in range(4)]
    found = of([*several, *works, *doubts])
    (failures,) = found.failures
    assert ([(each.number, reason(each.example)) for each in failures.said], failures.others) == (
        [(2, "no"), (1, "not")],
        1,
    )
    assert [int(each.id, 16) for each in found.results] == [7, 6]
    assert [int(each.id, 16) for each in found.uncertain] == [11, 10]
    assert found.total.ends == {"failed": 4, "succeeded": 4, "uncertain": 4}


@pytest.mark.parametrize("changed", [{"started": "late"}, {"started": 9e300}, {"reserved": "much"}, {"model": 5}])
async def test_an_entry_that_another_program_has_damaged_is_in_no_figure(changed):
    journal = MemoryJournal()
    await written(Ledger(journal), EACH[7:9])
    entries = journal.memory.entries
    entries[f"{0:032x}"] = attrs.evolve(entries[f"{0:032x}"], **changed)
    found = await report(journal, Wanted())
    assert (found.total.ends, found.damaged) == ({"accepted without id": 1}, 1)


async def test_labels_that_cannot_be_read_hold_none_that_is_wanted():
    journal = MemoryJournal()
    await written(Ledger(journal), EACH[7:9])
    entries = journal.memory.entries
    for name, text in zip(entries, ("[1", "[1]"), strict=True):
        entries[name] = attrs.evolve(entries[name], labels=text, started="late")
    found = await report(journal, Wanted(labels={"team": "blue"}))
    assert (found.total.ends, found.elsewhere, found.damaged) == ({}, 2, 0)
