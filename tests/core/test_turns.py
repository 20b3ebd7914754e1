"""Turns: fair to owners, however many turns each of them wants."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from anymedia.limits.turns import Turns


async def served(turns, owner, told):
    await turns.enter(owner)
    told.append(owner)
    await asyncio.sleep(0)
    turns.leave()


@given(st.permutations([owner for owner, wants in enumerate((1, 2, 5, 9)) for _ in range(wants)]))
def test_owners_who_wait_together_are_served_in_turn(asked):
    async def main():
        turns, told = Turns(), []
        await turns.enter(None)
        jobs = [asyncio.create_task(served(turns, owner, told)) for owner in asked]
        await asyncio.sleep(0)
        assert turns.ahead == len(asked) + 1
        turns.leave()
        await asyncio.gather(*jobs)
        left = Counter(asked)
        for number, owner in enumerate(told):
            left[owner] -= 1
            done = Counter(told[: number + 1])
            # Whoever still waits has had as many turns as any other, or one less.
            assert all(done[each] >= done[owner] - 1 for each, wants in left.items() if wants)
        assert not any(left.values())
        assert (turns.ahead, turns._last) == (0, {})

    asyncio.run(main())


def test_those_of_one_turn_each_are_served_as_they_came():
    async def main():
        turns, told = Turns(), []
        await turns.enter(None)
        jobs = [asyncio.create_task(served(turns, None, told)) for _ in range(3)]
        jobs += [asyncio.create_task(served(turns, name, told)) for name in "abc"]
        await asyncio.sleep(0)
        turns.leave()
        await asyncio.gather(*jobs)
        assert told == [None, None, None, "a", "b", "c"]

    asyncio.run(main())


def test_who_comes_later_is_not_made_to_wait_for_all_that_was_wanted_before():
    async def main():
        turns, told = Turns(), []
        await turns.enter(None)
        jobs = [asyncio.create_task(served(turns, "many", told)) for _ in range(100)]
        await asyncio.sleep(0)
        turns.leave()
        while len(told) < 10:
            await asyncio.sleep(0)
        jobs.append(asyncio.create_task(served(turns, "late", told)))
        await asyncio.gather(*jobs)
        assert told.index("late") < 14

    asyncio.run(main())


def test_who_gives_up_leaves_no_trace():
    async def main():
        turns, told = Turns(), []
        await turns.enter("first")
        waiting = [asyncio.create_task(served(turns, "second", told)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.wait(waiting[:1])
        assert turns.ahead == 3
        turns.leave()  # the turn goes to one that is cancelled before it hears of it
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert told == ["second"]
        assert (turns.ahead, turns._last) == (0, {})
        await turns.enter("next")

    asyncio.run(main())
