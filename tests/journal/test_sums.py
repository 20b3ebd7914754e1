"""What was spent, as sums that are kept: whatever becomes of the attempts, they say what the attempts say."""

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anymedia import Asset, Billed, Failure, JournalError, Money, Outcome, OutOfBounds, PriceStatus, Refund, State
from anymedia.cli.drift import drifts
from anymedia.cli.spend import GROUPS, added_up, spent
from anymedia.journal import Ledger, MemoryJournal, SQLiteJournal
from anymedia.journal.added_up import ADDED_UP
from anymedia.journal.counts_as import CountsAs, of_attempt
from anymedia.journal.sums import together

from .test_left import attempt, die
from .test_report import assert_as_summed

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
NANO = 10**9

IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder that is on no disk, if there is one: nothing here is to outlive a power cut, and a disk takes its time."""

# How they are made: any attempts, and whatever becomes of them

USD = st.sampled_from([None, *map(Decimal, ("0", "0", "0.05", "0.05", "0.07", "0.000000001", "1000"))])
MONEYS = st.builds(
    lambda usd, got, status: Money(usd=usd, got=got, status=PriceStatus.UNKNOWN if usd is None else status),
    USD,
    st.sampled_from(["settled", "settled", "table"]),
    st.sampled_from([PriceStatus.EXACT, PriceStatus.APPROXIMATE]),
)
ORDERS = st.fixed_dictionaries(
    {
        "account": st.sampled_from(["mine", "another"]),
        "offer": st.sampled_from(["acme/paint", "acme/paint", "acme/max", None]),
        "kind": st.sampled_from(["image", "music"]),
        "model": st.sampled_from([None, "paint"]),
        "wire_id": st.sampled_from([None, "paint-1"]),
        "batch": st.sampled_from([None, "spring", "autumn"]),
        "labels": st.sampled_from([{}, {"team": "blue"}, {"team": "blue", "for": "ü"}, {"for": "ü", "team": "blue"}]),
        "money": MONEYS,
        "started_at": st.integers(-30, 30).map(lambda hours: START + timedelta(hours=hours)),
    }
)
TASKS = st.fixed_dictionaries(
    {
        "state": st.sampled_from([*State]),
        "money": MONEYS,
        "failure": st.sampled_from([None, None, *(Failure(cause="failed", refund=refund) for refund in Refund)]),
        "assets": st.lists(st.sampled_from([None, Path("1.png")]), max_size=2).map(
            lambda paths: tuple(Asset(kind="image", url="https://x.example/1.png", path=path) for path in paths)
        ),
    }
)
WHICH = st.integers(0, 5)
ENDS = st.tuples(st.just("end"), WHICH, st.sampled_from([*[Outcome.ACCEPTED] * 6, *Outcome]), TASKS)
LOOKS = st.tuples(st.just("see"), WHICH, TASKS)
BY_HAND = st.one_of(
    st.tuples(st.just("settle"), WHICH, st.booleans(), st.booleans(), st.booleans()),
    st.tuples(st.just("dismiss"), WHICH),
)
STEPS = st.tuples(
    st.lists(st.tuples(st.just("intend"), ORDERS), min_size=3, max_size=6),
    st.lists(ENDS, min_size=3, max_size=8),
    st.lists(st.one_of(ENDS, LOOKS, LOOKS, BY_HAND), min_size=3, max_size=16),
).map(lambda parts: [step for part in parts for step in part])


async def took(ledger, made, kind, *facts):
    """Take a step with a ledger; what it refuses changes nothing."""
    if kind == "intend":
        made.append(attempt(id=f"{len(made):032x}", **facts[0]))
        await ledger.intend(made[-1], b"{}")
    else:
        one = made[facts[0] % len(made)]
        draft = one.draft(f"task-{one.id}")
        with suppress(OutOfBounds):
            if kind == "end":
                _, outcome, task = facts
                task = attrs.evolve(draft, **task) if outcome is Outcome.ACCEPTED else None
                await ledger.end(attrs.evolve(one, outcome=outcome, task=task))
            elif kind == "see":
                await ledger.see(attrs.evolve(draft, **facts[1]))
            elif kind == "settle":
                _, billed, named, force = facts
                await ledger.settle(one.id, billed or named, draft.id if named else None, force=force)
            else:
                await ledger.dismiss(one.id)


@given(STEPS, st.booleans())
@settings(max_examples=60)
def test_sums_say_what_the_attempts_say(steps, dies):
    async def held(journal, later):
        ledger, made = Ledger(journal), []
        await journal.check()
        for step in steps:
            await took(ledger, made, *step)
        await ledger.count()  # behind the looks that nobody waits for
        if dies:
            die(journal) if isinstance(journal, SQLiteJournal) else journal.crash()
        reader = Ledger(later)
        for since in (None, START, START.replace(hour=0), START + timedelta(days=9)):
            attempts = await reader.attempts(since=since)
            for by, (column, _) in GROUPS.items():
                assert spent(await reader.sums(column, since), by) == spent_of(attempts, by)
            assert added_up("total", await reader.sums("account", since)) == total_of("total", attempts)
            await assert_as_summed(reader, since)
            found = drifts(await reader.sums("offer", since))
            assert {each.offer: figures(each) for each in found} == drift_of(attempts)
        await reader.close()
        await ledger.close()

    memory = MemoryJournal()
    asyncio.run(held(memory, MemoryJournal(memory.memory)))
    with TemporaryDirectory(dir=IN_MEMORY) as folder:
        path = Path(folder, "journal.db")
        asyncio.run(held(SQLiteJournal(path), SQLiteJournal(path)))
        assert_kept(path)


def test_what_an_attempt_counts_as():
    one = attempt(outcome=Outcome.ACCEPTED)

    def ended(usd, got="settled", status=PriceStatus.EXACT, state=State.SUCCEEDED, **task):
        money = Money(usd=None if usd is None else Decimal(usd), got=got, status=status)
        return attrs.evolve(one, task=attrs.evolve(one.draft("t"), state=state, money=money, **task))

    back = Failure(cause="failed", refund=Refund.YES)
    for each, words in (
        (ended("0.05"), "accepted settled exact billed"),
        (ended("0.05", status=PriceStatus.APPROXIMATE), "accepted settled billed"),
        (ended("0.05", got="table"), "accepted"),
        (ended("0.05", state=State.RUNNING), "accepted settled exact"),
        (ended("0"), "accepted settled exact free"),
        (ended("0", state=State.FAILED, failure=back), "accepted settled exact refunded"),
        (attempt(outcome=Outcome.ACCEPTED, settled=Billed.YES), "accepted"),
        (attempt(outcome=Outcome.UNCERTAIN), "uncertain"),
        (attempt(outcome=None), ""),
        (attempt(outcome=Outcome.REFUSED), ""),
    ):
        counts = CountsAs.read(of_attempt(each))
        told = ("accepted", "settled", "exact", "billed", "free", "refunded", "uncertain")
        assert [word for word in told if getattr(counts, word)] == words.split(), each


# What the attempts say, without any sum


def accepted(each):
    return each.task is not None or each.settled is Billed.YES


def uncertain(each):
    return each.open and each.task is None and each.outcome is not None


def price(each):
    return each.order.money if each.task is None else each.task.money


def refunded(each):
    if each.task is None:
        return False
    if each.task.state is State.CANCELED:
        return (each.task.money.got, each.task.money.usd) == ("settled", 0)
    if each.task.failure is None:
        return False
    is_free = (each.task.money.got, each.task.money.usd) == ("settled", 0)
    return each.task.failure.refund is Refund.YES or is_free


def usd(moneys):
    known = [money.usd for money in moneys if money.usd is not None]
    return None if moneys and not known else sum(known, Decimal(0))


def names(each, by):
    order = each.order
    labels = [f"{name}={value}" for name, value in order.labels.items()] or ["no label"]
    model = order.model or order.wire_id or "no model"
    batch = [order.batch or "no batch"]
    groups = {"batch": batch, "account": [order.account], "kind": [order.kind], "model": [model], "label": labels}
    return {"day": [f"{each.started_at:%Y-%m-%d}"], **groups}[by]


def total_of(group, attempts):
    moneys = [price(each) for each in attempts if accepted(each)]
    doubtful = [each.order.money for each in attempts if uncertain(each)]
    known = [money for money in moneys if money.usd is not None]
    settled = [money.usd for money in known if money.got == "settled"]
    return type(added_up("", []))(
        group=group,
        accepted=len(moneys),
        refunded=sum(map(refunded, filter(accepted, attempts))),
        usd=usd(moneys),
        settled_usd=sum(settled, Decimal(0)),
        exact=all(money.got == "settled" and money.status == PriceStatus.EXACT for money in known),
        unknown=len(moneys) - len(known),
        uncertain=len(doubtful),
        uncertain_usd=usd(doubtful),
        uncertain_unknown=sum(money.usd is None for money in doubtful),
        uncertain_exact=all(money.status == PriceStatus.EXACT for money in doubtful if money.usd is not None),
    )


def spent_of(attempts, by):
    groups = defaultdict(list)
    for each in attempts:
        if accepted(each) or uncertain(each):
            for name in names(each, by):
                groups[name].append(each)
    return [total_of(name, groups[name]) for name in sorted(groups)]


def figures(drift):
    return attrs.astuple(attrs.evolve(drift, offer=""), recurse=False)


def drift_of(attempts):
    found = defaultdict(list)
    for each in attempts:
        charged = each.charged
        if charged is None or each.order.offer is None or not each.task.state.final or refunded(each):
            continue
        if each.task.state is State.SUCCEEDED or charged.usd != 0:
            found[each.order.offer].append(each)
    return {offer: _drift(ends) for offer, ends in found.items()}


def _drift(ends):
    paid = [each for each in ends if each.charged.usd != 0]
    unquoted = sum(each.order.money.usd is None for each in paid)
    differing = sum(each.drift is not None for each in paid)
    quoted, billed = (_money([of(each) for each in paid]) for of in (lambda each: each.order.money, price))
    last = f"{max(each.started_at for each in ends):%Y-%m-%d}"
    return "", len(paid), differing, unquoted, len(ends) - len(paid), quoted, billed, last


def _money(moneys):
    if any(money.usd is None for money in moneys):
        return Money()
    exact = all(money.status == PriceStatus.EXACT for money in moneys)
    return Money(usd=usd(moneys), status=PriceStatus.EXACT if exact else PriceStatus.APPROXIMATE)


# What is kept


def assert_kept(path):
    """Hold what is kept in a file against its rows."""
    each = ", ".join(f"sum({value})" for value in ADDED_UP.values())
    columns = ", ".join(ADDED_UP)
    with closing(sqlite3.connect(path)) as connection:
        for table, groups in (
            ("sums", "day, account, kind, offer, model, counts_as"),
            ("label_sums", "day, labels, counts_as"),
            ("batch_sums", "day, batch, counts_as"),
        ):
            kept = connection.execute(f"SELECT {groups}, {columns} FROM {table} WHERE number ORDER BY {groups}")
            rows = connection.execute(
                f"SELECT {groups}, {each} FROM attempts WHERE NOT open AND counts_as IS NOT NULL "
                f"GROUP BY {groups} ORDER BY {groups}"
            )
            assert kept.fetchall() == rows.fetchall()
            (odd,) = connection.execute(
                f"SELECT count(*) FROM {table} WHERE number < 0 OR NOT number AND "
                f"({' OR '.join(name for name in ADDED_UP)})"
            ).fetchone()
            assert odd == 0
        kept = connection.execute("SELECT account, day, reserved FROM days WHERE reserved ORDER BY account, day")
        rows = connection.execute(
            "SELECT account, day, sum(reserved) FROM attempts GROUP BY account, day HAVING sum(reserved) "
            "ORDER BY account, day"
        )
        assert kept.fetchall() == rows.fetchall()


# How they are read: no query goes through all attempts where an index leads to those that are asked for


@pytest.fixture
async def ledger(tmp_path):
    """A ledger with some attempts: of each kind one is found by each index."""
    ledger = Ledger(SQLiteJournal(tmp_path / "journal.db"))
    for number in range(3):
        one = attempt(id=f"{number:032x}", idempotency_key="k")
        await ledger.intend(one, b"{}")
        task = attrs.evolve(one.draft(f"task-{number}"), state=State.SUCCEEDED)
        await ledger.end(attrs.evolve(one, outcome=Outcome.ACCEPTED, task=task))
    yield ledger
    await ledger.close()


async def change(ledger):
    """Make every change that there is."""
    claimed = await ledger.claim("k", {})
    one = attempt(id="f" * 32, money=Money(usd=Decimal("0.05")))
    await ledger.intend(one, b"{}", Decimal(1), claimed)
    task = one.draft("task-f")
    await ledger.end(attrs.evolve(one, outcome=Outcome.ACCEPTED, task=task))
    await ledger.see(attrs.evolve(task, state=State.SUCCEEDED))
    await ledger.leave(task)
    await ledger.release(claimed)


async def uncollected(ledger):
    return [each async for each in ledger.uncollected(START)]


READ = {
    "what has an idempotency key": (lambda ledger: ledger.attempts(idempotency_key="k"), {"by_key"}),
    "what is of a batch": (lambda ledger: ledger.attempts(batch="b"), {"by_batch"}),
    "what is to be fetched": (lambda ledger: uncollected(ledger), {"by_expiry"}),
    "what expires": (lambda ledger: ledger.attempts(expiring=START), {"by_expiry"}),
    "what was spent since, by batch": (lambda ledger: ledger.sums("batch", START), {"by_open", "by_start"}),
    "what is open": (lambda ledger: ledger.attempts(open=True), {"by_open"}),
    "what began since": (lambda ledger: ledger.attempts(since=START), {"by_start"}),
    "what has a name": (lambda ledger: ledger.find("task-1"), {"by_task", "sqlite_autoindex_attempts_1"}),
    "what is left": (lambda ledger: ledger.left(), {"by_open", "by_wanted", "by_undownloaded"}),
    "what was spent": (lambda ledger: ledger.sums("day"), {"by_open", "by_start"}),
    "what was spent since, by label": (lambda ledger: ledger.sums("labels", START), {"by_open", "by_start"}),
    "what changes": (change, {"by_task", "by_key", "sqlite_autoindex_attempts_1"}),
}


@pytest.mark.parametrize(("work", "indexes"), READ.values(), ids=READ)
async def test_nothing_goes_through_all_attempts(ledger, work, indexes):
    plans = await planned(ledger.journal, work(ledger))
    assert not [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan and "subquery" not in plan]
    assert {index for index in indexes if any(index in plan for plan in plans)} == indexes


@pytest.mark.parametrize("filters", [{}, {"provider": "reapi"}, {"account": "x", "status": "failed"}, {"since": START}])
async def test_the_newest_are_read_from_the_newest_on(ledger, filters):
    plans = await planned(ledger.journal, ledger.attempts(limit=2, **filters))
    assert not [plan for plan in plans if "ORDER BY" in plan]  # nothing is sorted: it stops when it has enough


async def planned(journal, work):
    """Do something with a journal, and return how each statement over the attempts was to be done."""
    statements = []
    journal._store.call(lambda connection: connection.set_trace_callback(statements.append))
    await work
    journal._store.call(lambda connection: connection.set_trace_callback(None))
    asked = [each.replace("Inf", "9e999") for each in statements if "attempts" in each and not each.startswith("--")]
    assert asked

    def explained(connection):
        return [row[3] for each in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {each}")]

    return journal._store.call(explained)


async def test_a_name_that_is_no_text_is_added_up_by_what_can_be_written_of_it(ledger):
    await ledger.intend(attempt(model=None, wire_id="ü\ud800"), b"{}")
    assert {each.group for each in await ledger.sums("model")} == {"flux-2-pro"}  # it is being sent
    die(ledger.journal)
    assert {each.group for each in await Ledger(SQLiteJournal(ledger.journal.path)).sums("model")} >= {"ü?"}


async def test_labels_are_added_up_without_what_is_private():
    ledger, words = Ledger(MemoryJournal(), prompts=False), "a lighthouse at dusk"
    for number, labels in enumerate(({"for": words, "b": "1"}, {"b": "1", "for": words}, {})):
        one = attempt(id=f"{number:032x}", body={"prompt": words}, labels=labels)
        await ledger.intend(one, b"{}")
        await ledger.end(attrs.evolve(one, outcome=Outcome.UNCERTAIN))
    found = {each.group: each.number for each in together(await ledger.sums("labels"))}
    assert found == {"": 1, '{"b":"1","for":"[prompt]"}': 2}


async def test_the_parts_of_a_long_list_are_read_one_after_another(ledger, monkeypatch):
    monkeypatch.setattr("anymedia.journal.ledger.PAGE", 2)
    journal, pages = ledger.journal, []
    select = journal.select

    async def selected(query):
        pages.append(entries := await select(query))
        return entries

    for number in range(3, 8):
        await ledger.intend(attempt(id=f"{number:032x}"), b"{}")
    monkeypatch.setattr(journal, "select", selected)
    everything = await ledger.attempts()
    for filters in ({}, {"limit": 2}, {"limit": 5}, {"limit": 99}, {"limit": 0}, {"status": "succeeded", "limit": 3}):
        expected = [each for each in everything if filters.get("status") in (None, each.status)]
        expected = expected[len(expected) - min(filters.get("limit", 99), len(expected)) :]
        assert [each async for each in ledger.each(**filters)] == expected == await ledger.attempts(**filters)
    for filters in ({"status": "refused", "limit": 3}, {"status": "uncertain"}):  # what is being sent may yet be that
        assert [each async for each in ledger.each(**filters)] == []
    assert max(map(len, pages)) == 2
    with pytest.raises(OutOfBounds, match="no attempt can be 'lost'"):
        [each async for each in ledger.each(status="lost")]


async def test_an_amount_that_no_sum_could_hold_is_refused_before_anything_is_sent(tmp_path):
    ledger = Ledger(SQLiteJournal(tmp_path / "journal.db"))
    for usd in ("1000000", "1000000.000000001", "9" * 30):
        bought = attempt(money=Money(usd=Decimal(usd), status=PriceStatus.EXACT))
        if usd == "1000000":
            await ledger.intend(bought, None)
            continue
        with pytest.raises(JournalError, match=r"no sum holds amounts above \$1,000,000 exactly"):
            await ledger.intend(bought, None)
    assert await ledger.count() == 1
    await ledger.close()


@pytest.mark.parametrize(
    "damage", ["day = 'x'", "day = 99999999999", "day = x'00'", "labels = x'ff'", "account = x'ff'"]
)
async def test_a_damaged_row_spoils_its_own_sum_alone(tmp_path, damage):
    ledger = Ledger(SQLiteJournal(tmp_path / "journal.db"))
    for number in ("a", "b"):
        bought = attempt(id=number * 32, labels={"team": "blue"})
        await ledger.intend(bought, None)
        await ledger.end(attrs.evolve(bought, outcome=Outcome.ACCEPTED, task=bought.draft(number)))
    await ledger.close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection, connection:
        connection.execute(f"UPDATE attempts SET {damage} WHERE id LIKE 'b%'")
    for group, (column, _) in GROUPS.items():
        groups = spent(await ledger.sums(column), group)
        assert sum(each.accepted for each in groups) == 2
        assert any(each.accepted for each in groups if each.group != "1970-01-01")
    await ledger.close()
