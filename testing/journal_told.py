"""What a journal promises of what it is told: no word is lost or undone, and whoever follows misses nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from anymedia.journal import Ended, Journal, Query, Taken, Unknown
from anymedia.journal import Told as Known
from anymedia.journal.protocol import DURATIONS, MOVED

from .journal_entries import MANY, Opens, closed, ended, entry, in_a_loop, seen
from .journal_sums import Sums

OVER: dict[str, Any] = {"status": "succeeded", "open": False, "over": True, "by_webhook": True, "task": "told"}
"""A submit whose task is over, as a webhook told."""

GOES_ON: dict[str, Any] = {"task": "told"}
"""A submit whose task goes on, as a webhook told."""

LOST: dict[str, Any] = {"status": "uncertain", "task": None, "task_id": None, "reserved": 9}
"""A submit without an answer."""


async def numbers(journal: Journal, after: int | None) -> tuple[int, list[int]]:
    """Return the number of a journal's last move, and the numbers of the entries that moved after another."""
    last, entries = await journal.moved(after)
    return last, [int(each.id, 16) for each in entries]


class Told(Sums):
    """The part of the contract that is about webhooks, moves, durations and unknown tasks."""

    # A webhook, and the end of a submit

    @pytest.mark.parametrize(
        ("told", "end", "result", "stands"),
        [
            (None, {}, True, ("queued", "{}", "task-1", "ended")),
            (None, LOST, True, ("uncertain", None, None, "ended")),
            (GOES_ON, LOST, Known(task_id="task-1"), ("queued", "told", "task-1", "told")),
            (GOES_ON, {}, True, ("queued", "{}", "task-1", "ended")),
            (GOES_ON, {"task_id": "other"}, Known(task_id="task-1"), ("queued", "{}", "other", "ended")),
            (OVER, LOST, Known(task_id="task-1"), ("succeeded", "told", "task-1", "told")),
            (OVER, {}, Known(task_id="task-1"), ("succeeded", "told", "task-1", "ended")),
            (OVER, {"task_id": "other"}, Known(task_id="task-1"), ("queued", "{}", "other", "ended")),
            (OVER, {"task_id": "taken"}, Taken(by=f"{2:032x}"), ("succeeded", "told", "task-1", "told")),
        ],
        ids=str,
    )
    @in_a_loop
    async def test_the_end_of_a_submit_undoes_nothing_that_a_webhook_told(
        self, opens: Opens, told: dict[str, Any] | None, end: dict[str, Any], result: object, stands: object
    ) -> None:
        """Its record is replaced where the task is the same; another task in the answer counts."""
        journal, other = opens(), opens()
        for number in (1, 2):
            await journal.intend(entry(number))
        await journal.write(ended(2, task_id="taken"))
        if told is not None:
            assert await other.write(ended(1, unanswered=True, record="told", **told)) is True
        assert await journal.write(ended(1, keeps_task=True, record="ended", **end)) == result
        (now,) = await other.select(Query(id=f"{1:032x}"))
        assert (now.status, now.task, now.task_id, now.record) == stands
        assert await journal.write(ended(3, keeps_task=True, **end)) in (False, result)
        await closed(journal, other)

    @pytest.mark.parametrize("answer", [{}, LOST], ids=["answered", "lost"])
    @in_a_loop
    async def test_a_webhook_and_its_submit_s_end_may_come_together(self, opens: Opens, answer: dict[str, Any]) -> None:
        """Whichever is first: each entry has its task, and what is over stays over."""
        journal, other = opens(), opens()
        for number in range(MANY):
            await journal.intend(entry(number))

        async def hears(number: int) -> None:
            await other.write(ended(number, unanswered=True, **OVER))
            await other.write(seen(number))

        def ends(number: int) -> Ended:
            return ended(number, keeps_task=True, **answer)

        await asyncio.gather(*(each for number in range(MANY) for each in (hears(number), journal.write(ends(number)))))
        entries = await journal.select(Query())
        assert [(each.status, each.task_id) for each in entries] == [("succeeded", f"task-{n}") for n in range(MANY)]
        assert sorted((await numbers(other, 0))[1]) == [*range(MANY)]
        await closed(journal, other)

    # Moves

    @in_a_loop
    async def test_an_entry_moves_once_when_its_task_is_over(self, opens: Opens) -> None:
        """By a look, by a webhook or by its submit's answer; not while it goes on, nor when a file is saved later."""
        journal, other = opens(), opens()
        assert [await other.moved(None), await other.moved(0), await other.moved(7)] == [(0, [])] * 3
        for number in (1, 2, 3, 4):
            await journal.intend(entry(number))
        for number in (1, 2, 4):
            await journal.write(ended(number))
        await journal.write(seen(1, status="running", open=True))
        assert await other.moved(0) == (0, [])
        await journal.write(seen(2, by_webhook=True))
        await journal.write(seen(1))
        await other.write(ended(3, **OVER))
        assert await numbers(other, None) == (3, [])
        assert [await numbers(other, after) for after in (0, 1, 3)] == [(3, [2, 1, 3]), (3, [1, 3]), (3, [])]
        _, moved = await other.moved(0)
        assert [each.by_webhook for each in moved] == [True, False, True]
        assert moved == [each for name in (2, 1, 3) for each in await other.select(Query(id=f"{name:032x}"))]
        await journal.write(seen(1, on_disk=True, by_webhook=True))
        await other.write(ended(3, **OVER))
        await other.write(ended(4, status="dismissed", open=False))
        assert (await numbers(other, 3), [each.by_webhook for each in (await other.moved(1))[1]]) == (
            (3, []),
            [False, True],
        )
        await journal.write(ended(3, task_id="another", **OVER))
        assert [await numbers(other, after) for after in (2, 3)] == [(4, [3]), (4, [3])]
        await closed(journal, other)

    @in_a_loop
    async def test_what_moved_comes_in_pages(self, opens: Opens) -> None:
        """Each with the number of its last entry, so that the next call goes on behind it."""
        journal = opens()
        await asyncio.gather(*(journal.intend(entry(number, task_id=f"task-{number}")) for number in range(MOVED + 1)))
        for number in range(MOVED):
            journal.put(seen(number))
        await journal.write(seen(MOVED))  # which takes effect after the others
        assert await numbers(journal, 0) == (MOVED, [*range(MOVED)])
        assert await numbers(journal, MOVED) == (MOVED + 1, [MOVED])
        await closed(journal)

    @in_a_loop
    async def test_whoever_follows_the_moves_misses_none(self, opens: Opens) -> None:
        """However many owners write meanwhile: each entry comes once."""
        journals, reader = [opens() for _ in range(3)], opens()
        every = range(5 * MANY)
        await asyncio.gather(*(journals[number % 3].intend(entry(number)) for number in every))
        heard: list[int] = []
        last = 0

        async def follow() -> None:
            nonlocal last
            while len(heard) < len(every):
                last, entries = await numbers(reader, last)
                heard.extend(entries)
                await asyncio.sleep(0)

        async def finish(number: int) -> None:
            await journals[number % 3].write(ended(number))
            await journals[(number + 1) % 3].write(seen(number))

        await asyncio.wait_for(asyncio.gather(follow(), *map(finish, every)), 60)
        assert (sorted(heard), await numbers(reader, last)) == ([*every], (len(every), []))
        await closed(reader, *journals)

    # Durations

    @in_a_loop
    async def test_durations_are_of_one_provider_offer_and_variant(self, opens: Opens) -> None:
        """Those that were over last come first; where nobody knows how long it took, there is none."""
        journal = opens()
        assert await journal.durations("acme", "", "") == []
        facts: Sequence[dict[str, str]] = ({}, {"offer": "o"}, {"variant": "v"}, {"provider": "p"}, {"account": "b"})
        for number, its in enumerate((*facts, *facts, {})):
            await journal.intend(entry(number, **its))
            await journal.write(ended(number))
        for number in range(9, -1, -1):
            account = "b" if number in (4, 9) else "acme"
            await journal.write(seen(number, account=account, took=(number + 0.5, number + 1.0)))
        await journal.write(seen(10))
        await journal.write(seen(0, on_disk=True, took=(7.0, 8.0)))
        assert await journal.durations("acme", "", "") == [(0.5, 1.0), (4.5, 5.0), (5.5, 6.0), (9.5, 10.0)]
        assert await journal.durations("acme", "o", "") == [(1.5, 2.0), (6.5, 7.0)]
        assert await journal.durations("acme", "", "v") == [(2.5, 3.0), (7.5, 8.0)]
        assert await journal.durations("p", "", "") == [(3.5, 4.0), (8.5, 9.0)]
        await closed(journal)

    @in_a_loop
    async def test_a_duration_is_of_the_task_that_the_entry_has(self, opens: Opens) -> None:
        """Where the answer names another task than a webhook did, what is known of that one is not this one's."""
        journal = opens()
        await journal.intend(entry())
        await journal.write(ended(unanswered=True, **GOES_ON))
        await journal.write(seen(took=(1.0, 2.0)))
        await journal.write(ended(task_id="another", keeps_task=True))
        await journal.write(seen(task_id="another"))
        assert await journal.durations("acme", "", "") == []
        await closed(journal)

    @in_a_loop
    async def test_of_many_durations_the_last_are_returned(self, opens: Opens) -> None:
        """As many as are of use."""
        journal = opens()
        for number in range(DURATIONS + 3):
            await journal.intend(entry(number, task_id=f"task-{number}"))
            await journal.write(seen(number, took=(1.0, number + 2.0)))
        expected = [(1.0, number + 2.0) for number in range(DURATIONS + 2, 2, -1)]
        assert await journal.durations("acme", "", "") == expected
        await closed(journal)

    # Unknown tasks

    @in_a_loop
    async def test_an_unknown_task_is_kept_until_an_entry_has_it(self, opens: Opens) -> None:
        """Of each the last word counts; what was heard of last comes first, and the oldest go where there are many."""
        journal, other = opens(), opens()
        assert await other.unknown() == []
        first = Unknown(account="acme", task_id="task-1", open=True, task="1")
        second, third = (attrs.evolve(first, **its) for its in ({"account": "b"}, {"task_id": "task-2", "open": False}))
        for each in (first, second, third):
            assert await journal.write(each) is True
        assert await other.unknown() == [third, second, first]
        later = attrs.evolve(first, task="2")
        assert (await other.write(later), await other.write(attrs.evolve(third, task="9", open=True))) == (True, False)
        assert await journal.unknown() == [third, second, later]
        corrected = attrs.evolve(third, task="3")
        assert await journal.write(corrected) is True
        await journal.intend(entry(1))
        await journal.write(ended(1))
        assert await other.unknown() == [corrected, second]
        for number in range(5, 8):
            await journal.write(attrs.evolve(first, task_id=f"task-{number}", most=2))
        assert [each.task_id for each in await other.unknown()] == ["task-7", "task-6"]
        await closed(journal, other)
