"""What a journal promises of sums: they are exact, whatever has become of the entries."""

import random
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import pytest

from anymedia.journal import Entry, Journal, Limit, Query, Refusal, Sum
from anymedia.journal.protocol import DAY, By
from anymedia.journal.sums import together

from .journal_entries import Opens, closed, ended, entry, in_a_loop, seen
from .journal_owners import Owners

STEPS = 120
"""Changes that a journal meets in one test."""

SINCE = (None, 0.0, DAY * 1.0, DAY * 1.5, DAY * 2.0, DAY * 9.0)
"""Times since which sums are asked for: never, a midnight, within a day, and after everything."""


class Sums(Owners):
    """The part of the contract that is about sums."""

    @in_a_loop
    async def test_a_sum_is_of_a_group_and_of_what_counts_as_the_same(self, opens: Opens) -> None:
        """What counts for nothing is in none; where an amount is not known, it is counted, and adds nothing."""
        journal = opens()
        facts: dict[str, Any] = {"account": "a", "counts_as": "x", "started": 1.5 * DAY, "reserved": 5, "quoted": 5}
        changes: Sequence[dict[str, Any]] = (
            {"quoted_exactly": True},
            {"reserved": 7, "started": 2.0 * DAY, "open": False},
            {"reserved": None, "quoted": 9, "quoted_exactly": True},
            {"quoted": None, "quoted_exactly": True, "open": False},
            {"counts_as": None, "reserved": 100},
            {"account": "b"},
            {"counts_as": "y"},
        )
        for number, its in enumerate(changes):
            await journal.intend(entry(number, **(facts | its)))
        figures: dict[str, Any] = {"known": 1, "reserved": 5, "quotes": 1, "exact_quotes": 0, "quoted": 5}
        one = Sum(group="a", counts_as="y", number=1, differing=0, day=1, **figures)
        four: dict[str, Any] = {"number": 4, "known": 3, "reserved": 17, "quotes": 3, "exact_quotes": 2, "quoted": 19}
        assert by_group(await journal.sums("account")) == {
            ("a", "x", True): Sum(group="a", counts_as="x", differing=1, day=2, **four),
            ("a", "y", True): one,
            ("b", "x", True): Sum(group="b", counts_as="x", number=1, differing=0, day=1, **figures),
        }
        assert {(each.group, each.number) for each in await journal.sums("day", 2.0 * DAY)} == {(2, 1)}
        await closed(journal)

    @in_a_loop
    async def test_open_entries_of_dead_owners_are_summed_apart(self, opens: Opens) -> None:
        """Those of owners that are alive are together with what is not open."""
        killed, journal = opens(), opens()
        for number, each in enumerate((killed, killed, journal)):
            await each.intend(entry(number, counts_as="x", open=number != 1))
        self.crash(killed)
        sums = by_group(await journal.sums("account"))
        assert {(each.alive, each.number) for each in sums.values()} == {(True, 2), (False, 1)}
        await closed(journal)

    @in_a_loop
    async def test_where_nothing_was_written_there_are_no_sums(self, opens: Opens) -> None:
        """By whatever they are asked for."""
        journal = opens()
        assert [await journal.sums(by) for by in get_args(By)] == [[]] * len(get_args(By))
        await closed(journal)

    @pytest.mark.parametrize("seed", range(3))
    @in_a_loop
    async def test_sums_are_exact_whatever_has_become_of_the_entries(self, opens: Opens, seed: int) -> None:
        """They are those of the entries as they stand: by anything, since any time, and for a limit too."""
        chance, journals = random.Random(seed), [opens(), opens()]  # noqa: S311 - the same in every run
        for step in range(STEPS):
            await _change(chance, chance.choice(journals), step)
            if step % 20 == 19:
                await _hold(journals[0])
        self.crash(journals[1])
        await _hold(journals[0])
        await closed(journals[0])


async def _change(chance: random.Random, journal: Journal, step: int) -> None:
    """Add an entry, or change one of those that there are, in any way."""
    number, account = chance.randrange(step + 1), chance.choice("ab")
    new: dict[str, Any] = {
        "open": chance.random() < 0.4,
        "reserved": chance.choice([None, 0, 1, 5, 2**40]),
        "counts_as": chance.choice([None, "x", "y z"]),
    }
    kind = chance.choice(["intend", "intend", "end", "end", "see"])
    if kind == "intend":
        groups = {name: chance.choice(["", "p", "q"]) for name in ("kind", "offer", "model", "batch", "labels")}
        quoted = {"quoted": chance.choice([None, 1, 5]), "quoted_exactly": chance.random() < 0.5}
        started = chance.choice([0.0, 0.5, 1.0, 1.5, 2.25]) * DAY
        await journal.intend(entry(step, account=account, started=started, **groups, **quoted, **new))
    elif kind == "end":
        new["keeps_task"] = chance.random() < 0.5
        await journal.write(ended(number, task_id=chance.choice([None, f"task-{number}"]), **new))
    else:
        await journal.write(seen(number, account=account, on_disk=chance.random() < 0.3, **new))


async def _hold(journal: Journal) -> None:
    """Hold every sum against the entries."""
    entries = await journal.select(Query())
    for by in get_args(By):
        for since in SINCE:
            found = await journal.sums(by, since)
            assert by_group(found) == _added_up(entries, by, since)
    for account in "ab":
        for day in range(4):
            its = (each.reserved or 0 for each in entries if each.account == account and each.day >= day)
            nothing = Limit(day=day, most=-1)
            refusal = await journal.intend(entry(10**6, account=account, reserved=0), limit=nothing)
            assert refusal == Refusal(spent=sum(its))


def _added_up(entries: Sequence[Entry], by: By, since: float | None) -> dict[Any, Sum]:
    """Return the sums of entries."""
    groups: dict[Any, list[Entry]] = {}
    for each in entries:
        if each.counts_as is not None and (since is None or each.started >= since):
            name = (getattr(each, by), each.counts_as, each.alive or not each.open)
            groups.setdefault(name, []).append(each)
    return {name: _sum(name, several) for name, several in groups.items()}


def _sum(name: Any, entries: Iterable[Entry]) -> Sum:
    both = [(each, each.reserved, each.quoted) for each in entries]
    return Sum(
        **dict(zip(("group", "counts_as", "alive"), name, strict=True)),
        number=len(both),
        known=sum(reserved is not None for _, reserved, _ in both),
        reserved=sum(reserved or 0 for _, reserved, _ in both),
        quotes=sum(quoted is not None for _, _, quoted in both),
        exact_quotes=sum(quoted is not None and each.quoted_exactly for each, _, quoted in both),
        quoted=sum(quoted or 0 for _, _, quoted in both),
        differing=sum(None not in (reserved, quoted) and reserved != quoted for _, reserved, quoted in both),
        day=max(each.day for each, _, _ in both),
    )


def by_group(sums: Iterable[Sum]) -> dict[Any, Sum]:
    """Return sums by what they are of, with one of each."""
    return {(each.group, each.counts_as, each.alive): each for each in together(sums)}
