"""What a journal promises of owners, claims and limits: one at a time, and never more than may."""

import asyncio
from collections.abc import Awaitable
from itertools import pairwise

from anymedia.journal import Claim, Done, Fetched, Fetching, Journal, Limit, Query, Refusal, Released

from .journal_entries import MANY, Entries, Opens, closed, ended, entry, in_a_loop


async def fence_of(claiming: Awaitable[Claim | None]) -> int:
    """Return the fencing number of a claim that succeeds."""
    claim = await claiming
    assert claim is not None
    return claim.fence


class Owners(Entries):
    """The part of the contract that is about owners, claims and limits."""

    @in_a_loop
    async def test_an_owner_is_alive_from_its_first_write_until_it_ends(self, opens: Opens) -> None:
        """Its entries say so to every owner; a process that was killed is dead, and so is one that closed."""
        killed, ending, journal = opens(), opens(), opens()

        async def alive() -> list[bool]:
            return [each.alive for each in await journal.select(Query())]

        for number, each in enumerate((killed, ending, journal)):
            await each.intend(entry(number))
        assert (await alive(), await journal.dead()) == ([True] * 3, [])
        self.crash(killed)
        await ending.close()
        assert await alive() == [False, False, True]
        assert await journal.dead() == [killed.owner]  # who closed has left nothing behind
        await closed(journal)

    @in_a_loop
    async def test_a_dead_owner_is_known_until_it_is_forgotten(self, opens: Opens) -> None:
        """Its entries stay, and stay those of a dead owner."""
        killed, journal = opens(), opens()
        await killed.intend(entry())
        self.crash(killed)
        await journal.forget(["nobody"])
        assert await journal.dead() == [killed.owner]
        await journal.forget([killed.owner])
        assert await journal.dead() == []
        assert [(each.owner, each.alive) for each in await journal.select(Query())] == [(killed.owner, False)]
        await closed(journal)

    @in_a_loop
    async def test_names_differ(self, opens: Opens) -> None:
        """Each journal is an owner of its own; all of them have a name for people and a folder for results."""
        journals = [opens() for _ in range(3)]
        assert len({journal.owner for journal in journals}) == 3
        assert all(journal.name and journal.results.name for journal in journals)
        await closed(*journals)

    @in_a_loop
    async def test_a_check_writes_no_entry_and_makes_the_owner_live(self, opens: Opens) -> None:
        """After it, an owner that dies is known as dead."""
        checked, journal = opens(), opens()
        await checked.check()
        assert await journal.count() == 0
        self.crash(checked)
        assert await journal.dead() == [checked.owner]
        await closed(journal)

    @in_a_loop
    async def test_the_salt_is_made_once(self, opens: Opens) -> None:
        """It is the same for every owner, then and later."""
        journals = [opens() for _ in range(3)]
        salts = await asyncio.gather(*(journal.salts() for journal in journals))
        await closed(*journals)
        later = opens()
        ((salt,),) = {*map(tuple, salts), tuple(await later.salts())}
        assert 16 <= len(salt) <= 64
        await closed(later)

    @in_a_loop
    async def test_a_day_is_done_once(self, opens: Opens) -> None:
        """By the first of many owners that say so, under each name; a later day is done anew, an earlier one not."""
        journals = [opens() for _ in range(3)]

        async def first(name: str, day: int) -> int:
            ends = await asyncio.gather(*(journal.write(Done(name=name, day=day)) for journal in journals * 4))
            return ends.count(True)

        assert [await first("a", day) for day in (7, 7, 10, 9, 10, 11)] == [1, 0, 1, 0, 0, 1]
        assert await first("b", 7) == 1
        await closed(*journals)

    # Who fetches files

    @in_a_loop
    async def test_the_files_of_a_task_are_fetched_by_one_owner(self, opens: Opens) -> None:
        """Until it lets them go, it is killed, or it closes; as often as it asks. Other tasks are free."""
        journal, other, third = opens(), opens(), opens()
        for number in (1, 2):
            await journal.intend(entry(number))
            await journal.write(ended(number))
        task = {"account": "acme", "task_id": "task-1"}
        begins, ends = Fetching(**task), Fetched(**task)
        assert not await other.write(ends)
        assert [await journal.write(begins) for _ in range(2)] == [True, True]
        assert [await each.write(begins) for each in (other, third)] == [False, False]
        assert await other.write(Fetching(account="acme", task_id="task-2"))
        assert not await other.write(ends)
        assert not await third.write(begins)
        assert [await journal.write(ends) for _ in range(2)] == [True, False]
        assert await other.write(begins)
        self.crash(other)
        assert not await journal.write(Fetched(account="acme", task_id="task-2"))
        assert await third.write(begins)
        assert not await journal.write(begins)
        await third.close()
        assert await journal.write(begins)
        await closed(journal)

    @in_a_loop
    async def test_files_that_no_entry_knows_are_free(self, opens: Opens) -> None:
        """Nobody keeps others from what was bought elsewhere."""
        journal, other = opens(), opens()
        begins = Fetching(account="acme", task_id="elsewhere")
        assert [await each.write(begins) for each in (journal, other)] == [True, True]
        assert not await journal.write(Fetched(account="acme", task_id="elsewhere"))
        await closed(journal, other)

    @in_a_loop
    async def test_of_many_who_would_fetch_at_once_one_does(self, opens: Opens) -> None:
        """Whichever owner it is, and after its death another one."""
        journals = [opens() for _ in range(3)]
        await journals[0].intend(entry(task_id="t"))

        async def fetching() -> list[Journal]:
            ends = await asyncio.gather(*(each.write(Fetching(account="acme", task_id="t")) for each in journals))
            return [each for each, end in zip(journals, ends, strict=True) if end is True]

        (first,) = await fetching()
        self.crash(first)
        journals[journals.index(first)] = opens()
        (second,) = await fetching()
        assert second is not first
        await closed(*journals)

    # Claims

    @in_a_loop
    async def test_a_key_has_one_holder(self, opens: Opens) -> None:
        """While its owner lives nobody else gets it; other keys are free."""
        journal, other = opens(), opens()
        claim = await journal.claim("k", "a")
        assert claim is not None
        assert (claim.key, claim.holder, claim.owner) == ("k", "a", journal.owner)
        for each, holder in ((journal, "b"), (other, "a"), (other, "b")):
            assert await each.claim("k", holder) is None
        assert await other.claim("another", "a") is not None
        await closed(journal, other)

    @in_a_loop
    async def test_a_released_key_is_free(self, opens: Opens) -> None:
        """Only its holder can release it."""
        journal, other = opens(), opens()
        await journal.claim("k", "a")
        assert not await journal.write(Released(key="k", holder="b"))
        assert not await other.write(Released(key="k", holder="a"))
        assert not await journal.write(Released(key="unknown", holder="a"))
        assert await other.claim("k", "b") is None
        assert await journal.write(Released(key="k", holder="a"))
        assert not await journal.write(Released(key="k", holder="a"))
        assert await other.claim("k", "b") is not None
        await closed(journal, other)

    @in_a_loop
    async def test_the_key_of_an_owner_that_ended_is_free(self, opens: Opens) -> None:
        """Whether it was killed or closed."""
        killed, ending, journal = opens(), opens(), opens()
        await killed.claim("k", "a")
        await ending.claim("l", "a")
        self.crash(killed)
        await ending.close()
        assert await journal.claim("k", "a") is not None
        assert await journal.claim("l", "b") is not None
        await closed(journal)

    @in_a_loop
    async def test_the_fencing_number_grows_at_every_claim(self, opens: Opens) -> None:
        """After a release, a death, and a claim that its own holder claims anew."""
        killed, journal, other = opens(), opens(), opens()
        fences = [await fence_of(killed.claim("k", "a"))]
        self.crash(killed)
        for each, holder in ((journal, "b"), (journal, "b"), (journal, "b"), (other, "a")):
            fences.append(await fence_of(each.claim("k", holder)))
            if len(fences) > 3:
                await each.write(Released(key="k", holder=holder))
        assert all(earlier < later for earlier, later in pairwise(fences))
        await closed(journal, other)

    @in_a_loop
    async def test_of_many_who_claim_at_once_one_succeeds(self, opens: Opens) -> None:
        """Whichever journal they use; and of many who follow a dead owner, too."""
        journals = [opens() for _ in range(3)]

        async def winners() -> list[Claim]:
            tries = [journals[number % 3].claim("k", f"holder {number}") for number in range(3 * MANY)]
            return [claim for claim in await asyncio.gather(*tries) if claim is not None]

        (first,) = await winners()
        (dying,) = (journal for journal in journals if journal.owner == first.owner)
        self.crash(dying)
        journals[journals.index(dying)] = opens()
        (second,) = await winners()
        assert second.fence > first.fence
        await closed(*journals)

    # Entries under a claim

    @in_a_loop
    async def test_an_entry_under_a_claim_that_stands_is_added(self, opens: Opens) -> None:
        """As often as it likes, and without a claim at any time."""
        journal, other = opens(), opens()
        claim = await journal.claim("k", "a")
        for number in (1, 2):
            assert await journal.intend(entry(number, idempotency_key="k"), claim=claim) is None
        assert await other.intend(entry(3, idempotency_key="k")) is None
        assert await journal.count() == 3
        await closed(journal, other)

    @in_a_loop
    async def test_an_entry_under_a_claim_that_no_longer_stands_is_refused(self, opens: Opens) -> None:
        """It was released, claimed anew by its holder, or taken over from an owner that seemed dead."""
        journal, other = opens(), opens()
        released = await journal.claim("k", "a")
        await journal.write(Released(key="k", holder="a"))
        assert await journal.intend(entry(1), claim=released) == Refusal()
        earlier = await journal.claim("k", "a")
        later = await journal.claim("k", "a")
        assert await journal.intend(entry(2), claim=released) == Refusal()
        assert await journal.intend(entry(3), claim=earlier) == Refusal()
        assert await journal.intend(entry(4), claim=later) is None
        self.crash(journal)
        assert await other.claim("k", "b") is not None
        assert await journal.intend(entry(5), claim=later) == Refusal()
        assert [int(each.id, 16) for each in await other.select(Query())] == [4]
        await closed(journal, other)

    @in_a_loop
    async def test_no_two_claims_on_a_key_stand_at_once(self, opens: Opens) -> None:
        """Callers that claim anew while others write: the fencing numbers of what is added never fall."""
        journals = [opens() for _ in range(3)]
        added: dict[str, int] = {}

        async def buy(journal: Journal, number: int) -> None:
            claim = await journal.claim("k", "a")
            if claim is None:
                return
            mine = entry(number, idempotency_key="k")
            if await journal.intend(mine, claim=claim) is None:
                added[mine.id] = claim.fence
            if number % 4 == 0:
                await journal.write(Released(key="k", holder="a"))

        await asyncio.gather(*(buy(journals[number % 3], number) for number in range(3 * MANY)))
        fences = [added[each.id] for each in await journals[0].select(Query())]
        assert fences == sorted(set(fences))
        await closed(*journals)

    # Limits

    @in_a_loop
    async def test_a_limit_counts_the_account_s_entries_since_its_day(self, opens: Opens) -> None:
        """Not those of other accounts, nor earlier ones, nor unknown amounts; what is refused is not added."""
        journal, limit = opens(), Limit(day=0, most=10)
        await journal.intend(entry(1, started=-0.5, reserved=50))
        await journal.intend(entry(2, account="another", reserved=50))
        await journal.intend(entry(3, reserved=None), limit=limit)
        assert await journal.intend(entry(4, reserved=11), limit=limit) == Refusal(spent=0)
        assert await journal.intend(entry(5, reserved=7), limit=limit) is None
        assert await journal.intend(entry(6, reserved=4), limit=limit) == Refusal(spent=7)
        assert await journal.intend(entry(7, reserved=4)) is None
        assert await journal.intend(entry(8, reserved=0), limit=limit) == Refusal(spent=11)
        assert [int(each.id, 16) for each in await journal.select(Query())] == [1, 2, 3, 5, 7]
        await closed(journal)

    @in_a_loop
    async def test_of_many_who_spend_at_once_as_many_pass_as_fit(self, opens: Opens) -> None:
        """Whichever journal they use."""
        journals, limit = [opens() for _ in range(3)], Limit(day=0, most=7 * 5 + 4)
        tries = [journals[number % 3].intend(entry(number, reserved=5), limit=limit) for number in range(3 * MANY)]
        refusals = await asyncio.gather(*tries)
        assert refusals.count(None) == await journals[0].count() == 7
        assert set(refusals) == {None, Refusal(spent=35)}
        await closed(*journals)
