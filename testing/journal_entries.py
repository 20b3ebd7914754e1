"""What a journal promises of entries: what is written comes back, in order, and nothing final turns back."""

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import attrs
import pytest

from anymedia.errors import JournalError
from anymedia.journal import Ended, Entry, Journal, Ledger, Query, Seen, Taken, Wanted
from anymedia.journal.protocol import ANY_MOMENT, EARLIEST

Opens: TypeAlias = Callable[[], Journal]
S = TypeVar("S", bound="Entries")
P = ParamSpec("P")

MANY = 20
"""Callers at once, where it matters that there are many."""


def in_a_loop(
    test: "Callable[Concatenate[S, P], Coroutine[Any, Any, None]]",
) -> "Callable[Concatenate[S, P], None]":
    """Run a test in an event loop of its own, whichever plugins pytest has."""

    @wraps(test)
    def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(self, *args, **kwargs))

    return run


def entry(number: int = 0, **columns: Any) -> Entry:
    """Return an entry that is being sent."""
    facts = {"provider": "acme", "account": "acme", "started": 1_000.0 + number, "status": "sending", "open": True}
    return Entry(**{"id": f"{number:032x}", "record": "{}", **facts, **columns})


def ended(number: int = 0, **columns: Any) -> Ended:
    """Return the end of the entry with a number: its task is queued."""
    facts: dict[str, Any] = {"status": "queued", "open": True, "record": '{"ended": true}', "task": "{}"}
    return Ended(**{"id": f"{number:032x}", "task_id": f"task-{number}", "reserved": 5, **facts, **columns})


def seen(number: int = 0, **columns: Any) -> Seen:
    """Return a look at the task of the entry with a number: it has succeeded."""
    facts: dict[str, Any] = {"status": "succeeded", "open": False, "task": '{"seen": true}', "reserved": 7}
    facts |= {"counts_as": "billed", "undownloaded": not columns.get("complete")}
    return Seen(**{"account": "acme", "task_id": f"task-{number}", **facts, **columns})


async def closed(*journals: Journal) -> None:
    """Close journals."""
    for journal in journals:
        await journal.close()


class Entries(ABC):
    """The part of the contract that is about entries; a subclass has the fixture `opens`."""

    @abstractmethod
    def crash(self, journal: Journal) -> None:
        """Let the owner that a journal is die, as a killed process does."""

    @in_a_loop
    async def test_an_entry_comes_back_as_it_was_written(self, opens: Opens) -> None:
        """Every column does, whatever the texts hold; the owner is the journal's."""
        journal, other = opens(), opens()
        bare = entry(1)
        full = entry(
            2,
            record="no JSON: \u2713 \U0001f600 '\n",
            reserved=0,
            idempotency_key="order-17",
            digest="ab",
            task_id="t",
            task="[",
            body=b"\x00\xff{",
            quoted=2**62,
            quoted_exactly=True,
            offer="acme/paint",
            kind="music",
            variant="images",
            by_webhook=True,
            model="paint",
            labels='{"team":"\u00fc"}',
            batch="catalogue \u2713",
            counts_as="anything at all",
            undownloaded=True,
            expires=1_700_000_000.25,
        )
        for each in (bare, full):
            assert await journal.intend(each) is None
        for reader in (journal, other):
            assert await reader.select(Query()) == [attrs.evolve(each, owner=journal.owner) for each in (bare, full)]
            assert await reader.count() == 2
        await closed(journal, other)

    @in_a_loop
    async def test_an_id_is_written_once(self, opens: Opens) -> None:
        """A second entry of the same id is refused, and changes nothing."""
        journal = opens()
        await journal.intend(entry(1))
        with pytest.raises(JournalError):
            await journal.intend(entry(1, account="another"))
        assert [each.account for each in await journal.select(Query())] == ["acme"]
        await closed(journal)

    @in_a_loop
    async def test_entries_come_in_the_order_in_which_they_were_added(self, opens: Opens) -> None:
        """The order is not that of their times or their ids; a limit keeps the newest."""
        journal, other = opens(), opens()
        for number in (3, 1, 2):
            await (journal if number % 2 else other).intend(entry(number))
        orders = {limit: [each.started for each in await journal.select(Query(limit=limit))] for limit in (0, 2, 9)}
        assert orders == {0: [], 2: [1001.0, 1002.0], 9: [1003.0, 1001.0, 1002.0]}
        await closed(journal, other)

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            (Query(), [1, 2, 3]),
            (Query(statuses=["queued", "sending"]), [1, 3]),
            (Query(statuses=[]), []),
            (Query(provider="other"), [3]),
            (Query(account="acme"), [1, 2]),
            (Query(kind="music"), [3]),
            (Query(idempotency_key="k"), [2]),
            (Query(since=1002.0), [2, 3]),
            (Query(open=True), [1, 3]),
            (Query(open=False), [2]),
            (Query(name="0" * 31), [1, 2, 3]),
            (Query(name=f"{2:032x}"), [2]),
            (Query(name="task-3"), [3]),
            (Query(name="task-"), []),
            (Query(id=f"{2:032x}"), [2]),
            (Query(id="0" * 31), []),
            (Query(id="\udcff"), []),
            (Query(account="other", task_id="task-3"), [3]),
            (Query(account="acme", task_id="task-3"), []),
            (Query(task_id="task-"), []),
            (Query(name="%"), []),
            (Query(name="zz"), []),
            (Query(account="acme", open=False, name="0"), [2]),
            (Query(account="\udcff"), []),
            (Query(statuses=["\udcff"]), []),
            (Query(open=True, limit=1), [3]),
            (Query(after=1), [2, 3]),
            (Query(before=3), [1, 2]),
            (Query(after=1, before=3), [2]),
            (Query(before=1), []),
            (Query(first=2), [1, 2]),
            (Query(first=0), []),
            (Query(after=1, first=1), [2]),
            (Query(before=3, limit=1), [2]),
            (Query(open=False, first=9), [2]),
            (Query(accounts=["acme", "nobody"]), [1, 2]),
            (Query(accounts=[]), []),
            (Query(batch="spring"), [2]),
            (Query(batch="spring", provider="other"), []),
            (Query(batch="spring%"), []),
            (Query(batch=""), [1, 3]),
            (Query(labels={"team": "blue"}), [1, 2]),
            (Query(labels={"for": "\u00fc \U0001f600", "team": "blue"}), [2]),
            (Query(labels={"team": "blu"}), []),
            (Query(labels={"\udcff": "blue"}), []),
            (Query(labels={"team": "blue"}, limit=1), [2]),
            (Query(labels={"team": "blue"}, open=True, first=1), [1]),
        ],
        ids=str,
    )
    @in_a_loop
    async def test_every_condition_of_a_query_holds(self, opens: Opens, query: Query, numbers: list[int]) -> None:
        """Of three entries, those are returned for which it does."""
        journal = opens()
        labels = '{"for":"\\u00fc \\ud83d\\ude00","team":"blue"}'
        await journal.intend(entry(1, labels='{"team":"blue"}'))
        await journal.intend(entry(2, idempotency_key="k", batch="spring", labels=labels))
        await journal.intend(entry(3, provider="other", account="other", kind="music", labels='["team","blue"'))
        await journal.write(ended(2, status="refused", open=False, task=None, task_id=None))
        await journal.write(ended(3))
        assert [int(each.id, 16) for each in await journal.select(query)] == numbers
        await closed(journal)

    @in_a_loop
    async def test_entries_come_in_the_order_in_which_they_expire(self, opens: Opens) -> None:
        """Those first of which nobody knows when; what is on disk is not among them, and each page goes on behind."""
        journal = opens()
        times = {1: 30.0, 2: None, 3: 10.5, 4: 20.0, 5: None, 6: 20.0, 7: 5.0, 8: None}
        for number, expires in times.items():
            await journal.intend(entry(number, batch="b" if number % 2 else ""))
            await journal.write(ended(number, expires=expires, undownloaded=True))
        await journal.write(seen(1, expires=15.0))
        await journal.write(seen(7, on_disk=True, complete=True))
        await journal.write(seen(8, expires=None))

        async def found(first: float, until: float, behind: tuple[float, int] | None, **more: Any) -> list[int]:
            query = Query(expires=(first, until), behind=behind, **more)
            return [each.number for each in await journal.select(query)]

        everything = (ANY_MOMENT, math.inf)
        assert await found(*everything, (ANY_MOMENT, 0)) == [2, 5, 8, 3, 1, 4, 6]
        assert await found(*everything, None) == [1, 2, 3, 4, 5, 6, 8]
        assert await found(ANY_MOMENT, 15.0, None, limit=2) == [5, 8]
        assert await found(ANY_MOMENT, EARLIEST, (ANY_MOMENT, 2)) == [5, 8]
        assert await found(EARLIEST, 20.0, (EARLIEST, 0)) == [3, 1]
        assert await found(15.0, 20.5, (15.0, 0)) == [1, 4, 6]
        assert await found(*everything, (ANY_MOMENT, 0), batch="b") == [5, 3, 1]
        pages, behind = list[list[int]](), (ANY_MOMENT, 0)
        while page := await journal.select(Query(expires=everything, behind=behind, first=2)):
            pages.append([each.number for each in page])
            behind = (ANY_MOMENT if page[-1].expires is None else page[-1].expires, page[-1].number)
        assert pages == [[2, 5], [8, 3], [1, 4], [6]]
        await closed(journal)

    @in_a_loop
    async def test_the_end_of_a_submit_replaces_what_is_known(self, opens: Opens) -> None:
        """What was sent stays; an entry that is not there is not changed."""
        journal = opens()
        await journal.intend(entry(1, body=b"sent", reserved=9))
        assert await journal.write(ended(1))
        (now,) = await journal.select(Query())
        assert (now.status, now.open, now.record, now.task) == ("queued", True, '{"ended": true}', "{}")
        assert (now.task_id, now.reserved, now.body, now.owner) == ("task-1", 5, b"sent", journal.owner)
        assert not await journal.write(ended(2))
        assert await journal.count() == 1
        await closed(journal)

    @in_a_loop
    async def test_what_was_answered_is_not_ended_as_unanswered(self, opens: Opens) -> None:
        """Of an end by hand and an answer that come together, the answer stays."""
        journal = opens()
        await journal.intend(entry(1))
        assert await journal.write(ended(1, unanswered=True, status="settled", task=None, task_id=None))
        assert await journal.write(ended(1, unanswered=True))
        assert not await journal.write(ended(1, unanswered=True, task_id="another"))
        assert [each.task_id for each in await journal.select(Query())] == ["task-1"]
        await closed(journal)

    @in_a_loop
    async def test_a_final_state_stays(self, opens: Opens) -> None:
        """After it, a look changes an entry only when a file of the task is on disk."""
        journal = opens()
        await journal.intend(entry(1))
        await journal.write(ended(1))
        assert not await journal.write(seen(1, account="another"))
        assert not await journal.write(seen(2))
        assert await journal.write(seen(1, status="running", open=True))
        assert await journal.write(seen(1))
        assert not await journal.write(seen(1, status="running", open=True))
        assert await journal.write(seen(1, task="saved", on_disk=True, complete=True))
        (now,) = await journal.select(Query())
        assert (now.status, now.open, now.task, now.reserved) == ("succeeded", False, "saved", 7)
        await closed(journal)

    @in_a_loop
    async def test_what_is_left_is_open_or_wanted_or_undownloaded_and_of_these_owners(self, opens: Opens) -> None:
        """A wanted task is its new owner's once its owner has ended, and is wanted until it is complete."""
        journal, other, late = opens(), opens(), opens()

        async def left(*owners: str) -> list[int]:
            return [int(each.id, 16) for each in await other.select(Query(left_by=owners))]

        async def owner() -> list[str]:
            return [each.owner for each in await other.select(Query(name="task-2"))]

        for number in (1, 2, 3, 4):
            await journal.intend(entry(number))
        for number in (1, 2):
            await journal.write(ended(number))
            await journal.write(seen(number))
        await journal.write(ended(3, status="refused", open=False, task=None, task_id=None))
        assert (await left(), await left(journal.owner), await left("nobody")) == ([4], [1, 2, 4], [4])
        wanted = Wanted(account="acme", task_id="task-2")
        assert not await other.write(wanted)  # its owner is alive: it is wanted, and stays that one's
        assert (await left(), await owner()) == ([2, 4], [journal.owner])
        assert await journal.write(wanted)
        assert not await other.write(Wanted(account="acme", task_id="task-3"))
        await journal.close()
        assert sorted(await asyncio.gather(other.write(wanted), late.write(wanted))) == [False, True]
        assert await owner() in ([other.owner], [late.owner])
        await other.write(seen(2, on_disk=True))
        assert await left() == [2, 4]
        await other.write(seen(2, on_disk=True, complete=True))
        assert await left() == [4]
        await closed(other, late)

    @in_a_loop
    async def test_what_is_wanted_may_stay_whose_it_is(self, opens: Opens) -> None:
        """Before its task is over too: it is left to whoever takes it up once its owner has ended."""
        journal, other = opens(), opens()
        await journal.intend(entry(1))
        await journal.write(ended(1))
        await journal.close()
        assert not await other.write(Wanted(account="acme", task_id="task-1", stays=True))
        await other.write(seen(1))
        (left,) = await other.select(Query(left_by=()))
        assert (left.owner, left.alive) == (journal.owner, False)
        await closed(other)

    @in_a_loop
    async def test_a_task_is_of_one_entry_of_its_account(self, opens: Opens) -> None:
        """A second submit that is answered with it is not ended so; another account may have one of the same id."""
        journal, other = opens(), opens()
        for number, account in ((1, "acme"), (2, "acme"), (3, "another")):
            await journal.intend(entry(number, account=account, reserved=9))
        assert await journal.write(ended(1, task_id="same")) is True
        assert await other.write(ended(2, task_id="same")) == Taken(by=f"{1:032x}")
        assert await other.write(ended(3, task_id="same")) is True
        assert await journal.write(ended(1, task_id="same")) is True  # it is its own
        (first, second, third) = await journal.select(Query())
        assert [first.task_id, second.task_id, third.task_id] == ["same", None, "same"]
        assert (second.status, second.open, second.reserved) == ("sending", True, 9)
        assert await journal.write(seen(task_id="same"))
        assert [each.status for each in await journal.select(Query())] == ["succeeded", "sending", "queued"]
        await closed(journal, other)

    @in_a_loop
    async def test_writes_that_nobody_waits_for_are_made_in_order(self, opens: Opens) -> None:
        """They come between the others, and before `close` returns."""
        journal, other = opens(), opens()
        await journal.intend(entry(1))
        journal.put(ended(1, status="running"))
        assert [each.status for each in await journal.select(Query())] == ["running"]
        journal.put(ended(1, status="queued"))
        assert await journal.write(seen(1, status="running", open=True))
        for number in range(MANY):
            journal.put(seen(1, status="running", open=True, task=str(number)))
        journal.put(seen(1))
        await journal.close()
        assert [each.status for each in await other.select(Query())] == ["succeeded"]
        await closed(other)

    def test_a_write_outlives_its_event_loop(self, opens: Opens) -> None:
        """What was put while the loop ended is written, though the journal is closed in another one."""
        journal, other = opens(), opens()

        async def ending() -> None:
            await journal.intend(entry(1))
            journal.put(ended(1))

        asyncio.run(ending())
        asyncio.run(journal.close())
        assert [each.status for each in asyncio.run(other.select(Query()))] == ["queued"]
        asyncio.run(other.close())

    @in_a_loop
    async def test_a_cancelled_caller_undoes_nothing(self, opens: Opens) -> None:
        """A write that has begun is made, whether anybody waits for it or not."""
        journal = opens()
        await journal.intend(entry(1))
        writing = asyncio.create_task(journal.intend(entry(2)))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
        assert await journal.write(ended(2))
        await closed(journal)

    @in_a_loop
    async def test_many_writers_at_once_lose_nothing(self, opens: Opens) -> None:
        """All entries of several journals are there, and each once."""
        journals = [opens() for _ in range(3)]
        await asyncio.gather(*(journals[number % 3].intend(entry(number)) for number in range(3 * MANY)))
        found = await journals[0].select(Query())
        assert sorted(int(each.id, 16) for each in found) == list(range(3 * MANY))
        assert {each.owner for each in found} == {journal.owner for journal in journals}
        await closed(*journals)

    @in_a_loop
    async def test_an_end_may_replace_what_was_sent(self, opens: Opens) -> None:
        """Without a body of its own it stays as it was."""
        journal = opens()
        await journal.intend(entry(1, body=b'{"a": 1}'))
        await journal.write(ended(1, unanswered=True, status="uncertain", task=None, task_id=None))
        assert [each.body for each in await journal.select(Query())] == [b'{"a": 1}']
        await journal.write(ended(1, body=b"{}"))
        assert [each.body for each in await journal.select(Query())] == [b"{}"]
        await closed(journal)

    @in_a_loop
    async def test_an_entry_that_cannot_be_read_is_an_uncertain_attempt(self, opens: Opens) -> None:
        """The ledger returns it with the reason, and the others as they are."""
        journal = opens()
        await journal.intend(entry(1, record='{"id": '))
        (attempt,) = await Ledger(journal).attempts()
        assert (attempt.status, attempt.order.account, attempt.id) == ("uncertain", "acme", f"{1:032x}")
        assert "cannot be read" in (attempt.error or "")
        await closed(journal)
