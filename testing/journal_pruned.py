"""What a journal promises of old entries: those go for which nobody waits, and what they came to stays."""

import asyncio
from collections.abc import Sequence
from typing import Any, get_args

import attrs
import pytest

from anymedia.journal import Entry, Fetching, Journal, Limit, Prunable, Pruned, Query, Refusal, Released, Wanted
from anymedia.journal.protocol import DAY, PRUNED, By, What

from .journal_entries import Opens, closed, ended, entry, in_a_loop, seen
from .journal_sums import by_group
from .journal_told import Told

ALL = Prunable(before=9.0 * DAY, what="keys")
"""Everything that may be pruned."""

OVER: dict[str, Any] = {"status": "succeeded", "open": False, "over": True, "counts_as": "billed"}


async def over(journal: Journal, *numbers: int, **columns: Any) -> None:
    """Add entries whose tasks are over: on successive days, so that each has a day of its own."""
    for number in numbers:
        facts = {"started": number * 1.0 * DAY, "reserved": 5, "counts_as": "sending"}
        await journal.intend(entry(number, **(facts | columns)))
        await journal.write(ended(number, **OVER))


async def prunable(journal: Journal, asked: Prunable = ALL) -> list[int]:
    """Return the numbers of the entries that may be pruned."""
    return [each.number for each in await journal.prunable(asked)]


async def prune(journal: Journal, entries: Sequence[Entry], **how: Any) -> list[int]:
    """Prune entries, and return the numbers of those that were."""
    return sorted(int(name, 16) for name in await journal.prune([Pruned(entry=each, **how) for each in entries]))


async def there(journal: Journal) -> list[int]:
    """Return the numbers of the entries that there are."""
    return [each.number for each in await journal.select(Query())]


class Grown(Told):
    """The part of the contract that is about what is pruned."""

    @in_a_loop
    async def test_nothing_that_anybody_waits_for_may_be_pruned(self, opens: Opens) -> None:
        """Nor what is undownloaded, what began later, nor the last that was added or that moved."""
        journal, other = opens(), opens()
        assert await prunable(journal) == []
        assert await journal.pruned() is None
        await over(journal, 1, 2, 3, 4)
        await journal.write(Wanted(account="acme", task_id="task-2"))
        await journal.write(seen(3, on_disk=True))
        await journal.intend(entry(5, started=5.0 * DAY))
        await over(journal, 6, 7)
        await journal.intend(entry(8, started=8.0 * DAY))
        await journal.write(ended(8, status="refused", open=False, task=None, task_id=None))
        every = await journal.select(Query())
        assert await prunable(other) == [1, 2, 4, 6]
        assert await prunable(other, Prunable(before=4.0 * DAY)) == [1, 2]
        assert await prunable(other, Prunable(before=9.0 * DAY, after=2)) == [4, 6]
        assert await prune(other, every[3:]) == [4, 6]
        assert await there(journal) == [1, 2, 3, 5, 7, 8]
        assert await journal.pruned() == await other.pruned() == 7
        del every[2]  # what is undownloaded is not asked to go
        assert await prune(other, every) == [1, 2]
        assert (await prunable(journal), await prune(journal, every)) == ([], [])
        assert await there(journal) == [3, 5, 7, 8]
        await closed(journal, other)

    @in_a_loop
    async def test_what_is_undownloaded_may_be_pruned_once_it_has_expired(self, opens: Opens) -> None:
        """Also where somebody wants it; what expires at no known time, or later, only where that is asked for."""
        journal = opens()
        for number, expires in enumerate((9.0, 10.0, 11.0, None, None), start=1):
            await over(journal, number, idempotency_key="k")
            await journal.write(seen(number, on_disk=True, expires=expires))
        await journal.write(Wanted(account="acme", task_id="task-1"))
        await journal.intend(entry(6, started=6.0 * DAY))
        await over(journal, 7)
        asked = Prunable(before=9.0 * DAY, what="keys", now=10.0)
        all_of_them = attrs.evolve(asked, uncollected=True)
        for each, found in ((ALL, []), (asked, [1]), (attrs.evolve(asked, now=12.0), [1, 2, 3])):
            assert (await prunable(journal, each), await journal.uncollected(each)) == (found, 5 - len(found))
        assert await journal.uncollected(attrs.evolve(asked, before=4.0 * DAY, after=1)) == 2
        assert (await prunable(journal, all_of_them), await journal.uncollected(all_of_them)) == ([1, 2, 3, 4, 5], 0)
        assert await prune(journal, await journal.prunable(asked)) == [1]
        bared = attrs.evolve(all_of_them, what="texts", after=4)
        assert await prune(journal, await journal.prunable(bared), kept=("bare", None)) == [5]
        assert await prunable(journal, bared) == []
        assert await journal.uncollected(attrs.evolve(asked, what="texts")) == 3
        await closed(journal)

    @in_a_loop
    async def test_what_came_to_be_undownloaded_since_it_was_read_stays(self, opens: Opens) -> None:
        """And what expires at another time by now; what was fetched meanwhile may go."""
        journal = opens()
        await over(journal, 1, 2, 3, 4, 5)
        for number in (2, 3, 4):
            await journal.write(seen(number, on_disk=True, expires=9.0))
        read = await journal.prunable(attrs.evolve(ALL, now=10.0))
        await journal.write(seen(1, on_disk=True, expires=9.0))
        await journal.write(seen(2, on_disk=True, expires=11.0))
        await journal.write(seen(3, on_disk=True, complete=True))
        assert await prune(journal, read) == [3, 4]
        assert await there(journal) == [1, 2, 5]
        await closed(journal)

    @in_a_loop
    async def test_what_goes_is_found_no_more_and_its_numbers_are_no_others(self, opens: Opens) -> None:
        """Whoever follows the moves, or pages through the entries, misses nothing."""
        journal, other = opens(), opens()
        await over(journal, 1, 2, 3, idempotency_key="k", batch="b")
        await journal.write(Fetching(account="acme", task_id="task-1"))
        await journal.close()
        last, _ = await other.moved(None)
        assert await prune(other, await other.prunable(ALL)) == [1, 2]
        assert await there(other) == [3]
        assert await other.select(Query(task_id="task-1")) == []
        assert not await other.write(seen(1, on_disk=True))
        assert await other.moved(0) == (last, await other.select(Query()))
        await over(other, 4)
        assert await there(other) == [3, 4]
        moved, entries = await other.moved(last)
        assert (moved, [each.number for each in entries]) == (last + 1, [4])
        assert await other.count() == 2
        assert await prune(other, await other.prunable(ALL)) == [3]
        await over(other, 5)
        assert await there(other) == [4, 5]
        await closed(other)

    @pytest.mark.parametrize("what", get_args(What))
    @in_a_loop
    async def test_what_is_bare_is_not_pruned_to_the_same_a_second_time(self, opens: Opens, what: What) -> None:
        """Its columns stay, and it is found as before; with its keys, or without one, it goes all the same."""
        journal = opens()
        await over(journal, 1, body=b"sent")
        await over(journal, 2, idempotency_key="k", digest="d", body=b"sent", labels='{"team":"blue"}')
        await journal.intend(entry(3, idempotency_key="l", started=3.0 * DAY))
        await journal.write(ended(3, status="refused", open=False, task=None, task_id=None, counts_as=None))
        await over(journal, 4)
        asked = Prunable(before=9.0 * DAY, what=what)
        before = {each.number: each for each in await journal.select(Query())}
        assert await prune(journal, await journal.prunable(asked), kept=("bare", None)) == [1, 2, 3]
        for each in await journal.select(Query(before=4)):
            was = before[each.number]
            assert (each.record, each.task, each.body) == ("bare", None, None)
            assert (each.labels, each.idempotency_key, each.digest) == (was.labels, was.idempotency_key, was.digest)
            assert (each.task_id, each.reserved, each.status) == (was.task_id, was.reserved, was.status)
        assert await prunable(journal, asked) == {"texts": [], "attempts": [1, 3], "keys": [1, 2, 3]}[what]
        assert await journal.pruned() is None
        await closed(journal)

    @in_a_loop
    async def test_what_has_changed_meanwhile_stays_as_it_is(self, opens: Opens) -> None:
        """Its texts were written anew, its files are being fetched, or its key is held, by an owner that is alive."""
        journal, other, third = opens(), opens(), opens()
        await over(journal, 1, 2, 3, 4, idempotency_key="k")
        read = await journal.prunable(ALL)
        await other.write(seen(1, task="anew", on_disk=True, complete=True))
        await other.write(Fetching(account="acme", task_id="task-2"))
        assert await prune(journal, read, kept=("bare", "bare")) == [3]
        assert [each.task for each in await journal.select(Query())] == ["anew", "{}", "bare", "{}"]
        await third.claim("k", "a")
        assert await prune(journal, read) == []
        await third.write(Released(key="k", holder="a"))
        assert await prune(journal, read) == [1, 3]
        await third.claim("k", "a")
        self.crash(other)
        self.crash(third)
        assert await prune(journal, read) == [2]
        await closed(journal)

    @in_a_loop
    async def test_a_key_that_is_gone_is_claimed_with_a_higher_fence(self, opens: Opens) -> None:
        """So that no earlier claim stands again, of whatever key."""
        journal, fences = opens(), list[int]()
        for key in ("k", "k", "k", "l"):
            claim = await journal.claim(key, "a")
            assert claim is not None
            fences.append(claim.fence)
        for key in "kl":
            await journal.write(Released(key=key, holder="a"))
        await over(journal, 1, 2, idempotency_key="k")
        await over(journal, 3, idempotency_key="l")
        await over(journal, 4)
        read = await journal.prunable(ALL)
        for some in (read[:1], read[1:]):
            await prune(journal, some)
            claim = await journal.claim("k", "a")
            assert claim is not None
            fences.append(claim.fence)
            await journal.write(Released(key="k", holder="a"))
        assert fences == [1, 2, 3, 1, 4, 5]
        await closed(journal)

    @in_a_loop
    async def test_sums_and_limits_stay_as_they_were(self, opens: Opens) -> None:
        """Also since a day that was pruned; since a time within it, all of that day is counted."""
        journal = opens()
        for number in range(1, 7):
            words = {"batch": "b" * (number % 2), "labels": '{"n":"1"}' * (number % 3 == 0), "model": str(number % 2)}
            await over(journal, number, started=(number * 0.5 + 0.25) * DAY, quoted=4, **words)
        await journal.intend(entry(7, started=1.25 * DAY, counts_as="sending", reserved=3))
        moments = (None, 0.0, 1.0 * DAY, 2.0 * DAY, 9.0 * DAY)

        async def sums() -> list[dict[Any, Any]]:
            return [by_group(await journal.sums(by, since)) for by in get_args(By) for since in moments]

        async def spent() -> list[Refusal | None]:
            nothing = [Limit(day=day, most=-1) for day in range(4)]
            return [await journal.intend(entry(99, reserved=0), limit=limit) for limit in nothing]

        before, limits = await sums(), await spent()
        within = by_group(await journal.sums("day", 1.5 * DAY))
        assert await prune(journal, await journal.prunable(Prunable(before=2.0 * DAY)), kept=("", None)) == [1, 2, 3]
        assert (await sums(), by_group(await journal.sums("day", 1.5 * DAY))) == (before, within)
        assert await prune(journal, await journal.prunable(Prunable(before=2.0 * DAY))) == [1, 2, 3]
        assert (await sums(), await spent()) == (before, limits)
        whole = by_group(await journal.sums("day", 1.0 * DAY))
        assert by_group(await journal.sums("day", 1.5 * DAY)) == whole != within
        assert by_group(await journal.sums("day", 2.5 * DAY)) == by_group(await journal.sums("day", 2.25 * DAY + 1))
        await journal.write(ended(7, **OVER))
        assert sum(each.reserved for each in await journal.sums("batch")) == 35
        await closed(journal)

    @in_a_loop
    async def test_of_many_who_prune_at_once_one_prunes_each_entry(self, opens: Opens) -> None:
        """Whichever owner it is; entries come in pages."""
        journals = [opens() for _ in range(3)]
        many = range(1, PRUNED + 20)
        await asyncio.gather(*(journals[0].intend(entry(each, task_id=f"task-{each}", started=1.0)) for each in many))
        await asyncio.gather(*(journals[0].write(seen(each, complete=True)) for each in many))
        read = await journals[0].prunable(ALL)
        assert [each.number for each in read] == [*range(1, PRUNED + 1)]
        rest = await journals[1].prunable(Prunable(before=2.0, after=PRUNED))
        assert [each.number for each in rest] == [*range(PRUNED + 1, PRUNED + 19)]
        bared = await asyncio.gather(*(prune(each, rest, kept=(str(n), "")) for n, each in enumerate(journals)))
        assert sorted(map(len, bared)) == [0, 0, len(rest)]
        gone = await asyncio.gather(*(prune(each, [*read, *rest]) for each in journals))
        assert sorted(number for each in gone for number in each) == [*range(1, PRUNED + 19)]
        assert await there(journals[0]) == [PRUNED + 19]
        await closed(*journals)
