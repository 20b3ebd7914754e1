"""What a journal promises of shared limits: no more slots than may count, in the order in which they were asked for."""

import asyncio
import math
from typing import Any

from anymedia.journal import Journal
from anymedia.shared_limits import ACTIVE, HOLD, POLLS, SUBMITS, TRIAL, Answer, Question, Slot, Trouble, Want

from .journal_entries import Entries, Opens, closed, in_a_loop

WINDOW = 0.25
"""Seconds of the windows here: where a journal goes by a clock of its own, they are waited for."""

LONG = 600.0


class Asker:
    """One who shares the limits of the account acme."""

    def __init__(self, contract: "Limited", journal: Journal) -> None:
        self.contract = contract
        self.journal = journal

    async def ask(self, *wants: Want, at_once: bool = False, **what: Any) -> Answer:
        """Ask a question, at once if that can be, or with others."""
        question = Question(**{"account": "acme", "wants": wants, "place": "p", **what})
        limits, now = self.journal.limits, self.contract.now
        answer = limits.ask_at_once(question, now) if at_once else None
        return await limits.ask(question, now) if answer is None else answer

    async def wait(self, *wants: Want, **what: Any) -> float:
        """Ask for slots, and return how long to wait."""
        return (await self.ask(*wants, **what)).wait

    async def leaves(self, want: Want, seconds: float = 0.0) -> None:
        """Leave a slot, which counts for so many seconds more."""
        await self.ask(slots=[Slot(kind=want.kind, name=want.name, seconds=seconds)])


def want(name: object, most: int = 2, kind: str = SUBMITS, after: float = WINDOW) -> Want:
    """Return a slot that is wanted."""
    return Want(kind=kind, name=str(name), most=most, after=after)


def trouble(left: float = LONG, **facts: Any) -> Trouble:
    """Return the trouble of an account."""
    what: dict[str, Any] = {"cause": "rate_limited", "since": 1.5e9, "failures": 1}
    return Trouble(**{**what, "left": left, "needs_trial": False, **facts})


class Limited(Entries):
    """The part of the contract that is about shared limits.

    `has_clock` says that the journal's limits go by a clock of their own; else they go by what the asker says.
    """

    has_clock: bool = False
    now: float = 1_000.0

    def askers(self, opens: Opens, number: int = 3) -> tuple[list[Asker], list[Journal]]:
        """Return askers, each with a journal of its own."""
        journals = [opens() for _ in range(number)]
        return [Asker(self, journal) for journal in journals], journals

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        if self.has_clock:
            await asyncio.sleep(seconds)
        self.now += seconds

    @in_a_loop
    async def test_no_more_get_a_slot_than_may(self, opens: Opens) -> None:
        """However many ask at once; the others are told when to come again."""
        askers, journals = self.askers(opens)
        asked = [
            asker.wait(want(f"{number} {each}", 5, after=LONG), place=f"{number} {each}", at_once=each % 2 == 0)
            for number, asker in enumerate(askers)
            for each in range(10)
        ]
        waits = await asyncio.gather(*asked)
        assert waits.count(0.0) == 5
        assert all(0 <= wait <= 30 for wait in waits)
        await closed(*journals)

    @in_a_loop
    async def test_a_slot_counts_until_its_time_is_over(self, opens: Opens) -> None:
        """Whoever waits is told when that is; what is free is had at once."""
        (one, two, _), journals = self.askers(opens)
        first, second, third, fourth = map(want, range(4))
        assert await one.wait(first) == await one.wait(second) == 0
        await one.leaves(first, WINDOW)
        wait = await two.wait(third)
        assert 0 < wait <= WINDOW
        await self.passes(wait)
        assert await two.wait(third) == 0
        assert await two.wait(fourth) > 0
        await one.leaves(second)
        assert await two.wait(fourth) == 0
        await closed(*journals)

    @in_a_loop
    async def test_of_several_kinds_all_are_had_or_none(self, opens: Opens) -> None:
        """Each kind has slots of its own, and each account."""
        (one, two, _), journals = self.askers(opens)
        task = want("task", 1, ACTIVE, LONG)
        assert await one.wait(want(1), task) == 0
        assert await two.wait(want(2), want("other", 1, ACTIVE, LONG)) > 0
        assert await two.wait(want(3), place="q") == await two.wait(want(4, kind=POLLS)) == 0
        assert await two.wait(want(1), task, account="another") == 0
        await one.leaves(task)
        assert await two.wait(want(2), want("other", 1, ACTIVE, LONG)) > 0  # two submits count
        await closed(*journals)

    @in_a_loop
    async def test_who_waits_first_goes_first(self, opens: Opens) -> None:
        """Nobody who comes later gets what is free; who gives up is not waited for."""
        (one, two, three), journals = self.askers(opens)
        held = want(0, 1, after=LONG)
        assert await one.wait(held) == 0
        asked = [(two, "b"), (three, "c"), (one, "a")]
        for asker, place in asked:
            assert await asker.wait(want(place, 1), place=place) > 0
            await self.passes(0.01)
        await one.leaves(held)
        assert await three.wait(want("c", 1), place="c") > 0
        assert await one.wait(want("new", 1), place="new") > 0
        assert await two.wait(want("b", 1), place="b") == 0
        await two.leaves(want("b", 1))
        await three.ask(gives_up=["c"])
        assert await one.wait(want("a", 1), place="a") == 0
        await closed(*journals)

    @in_a_loop
    async def test_a_task_is_one_whoever_names_it(self, opens: Opens) -> None:
        """It counts once, until it is over; of names that are over, it is told."""
        (one, two, _), journals = self.askers(opens)
        task = want("t", 1, ACTIVE, LONG)
        assert await one.wait(task) == await two.wait(task) == 0
        await two.leaves(task, LONG)
        assert (await one.ask(names=["t", "u"])).over == ["u"]
        assert await one.wait(want("u", 1, ACTIVE, LONG)) > 0
        again = Slot(kind=ACTIVE, name="t", seconds=LONG, still=True)
        await one.ask(slots=[again])
        await two.leaves(task)
        await one.ask(slots=[again])
        assert (await one.ask(names=["t", "u"])).over == ["t", "u"]
        assert await one.wait(want("u", 1, ACTIVE, LONG)) == 0
        await closed(*journals)

    @in_a_loop
    async def test_an_account_in_trouble_gives_no_slot_to_who_minds(self, opens: Opens) -> None:
        """Until its time is over, or it is well again; the trouble that ends later counts."""
        (one, two, _), journals = self.askers(opens)
        assert (await two.ask(want(0), minds=True)).trouble is None
        await one.ask(trouble=trouble(LONG))
        await one.ask(trouble=trouble(1.0, cause="sooner over"))
        answer = await two.ask(want(1), minds=True)
        assert (answer.wait, answer.trouble is not None) == (math.inf, True)
        assert answer.trouble is not None
        assert (answer.trouble.cause, answer.trouble.failures) == ("rate_limited", 1)
        assert LONG - 60 < answer.trouble.left < LONG + 0.001
        assert (await two.ask(minds=True)).wait == math.inf
        assert await two.wait(want(1, kind=POLLS)) == 0
        await one.ask(well=True)
        assert await two.wait(want(1), minds=True) == 0
        await one.ask(trouble=trouble(WINDOW))
        await self.passes(WINDOW + 0.01)
        assert await two.wait(want(2, 9), minds=True) == 0
        await closed(*journals)

    @in_a_loop
    async def test_one_trial_at_a_time_shows_whether_a_trouble_is_over(self, opens: Opens) -> None:
        """It is begun once the account was left alone for long enough."""
        (one, two, _), journals = self.askers(opens)
        trial, other = want("x", 1, TRIAL, 0.0), want("y", 1, TRIAL, 0.0)
        await one.ask(trouble=trouble(WINDOW, needs_trial=True))
        assert await two.wait(trial, minds=True) == math.inf
        await self.passes(WINDOW + 0.01)
        assert await two.wait(want(1), minds=True) == math.inf
        assert await two.wait(trial, minds=True) == 0
        assert 0 < await one.wait(other, minds=True) < math.inf
        await two.leaves(trial)
        assert await one.wait(other, minds=True) == 0
        await one.ask(well=True)
        assert await two.wait(want(1), minds=True) == 0
        await closed(*journals)

    # By the asker's clock

    @in_a_loop
    async def test_what_is_held_counts_as_long_as_it_may_after_who_held_it_was_killed(self, opens: Opens) -> None:
        """Who says so again holds it longer; who waits and comes too late has lost its place."""
        (one, two, three), journals = self.askers(opens)
        if not self.has_clock:
            held, other = want(0, 1), want(1, 1)
            assert await one.wait(held) == 0
            self.now += HOLD
            assert await two.wait(other, place="b") == WINDOW
            await one.ask(slots=[Slot(kind=SUBMITS, name="0", seconds=WINDOW, held=True)])
            self.now += HOLD
            assert await three.wait(other, place="c") == WINDOW  # the other is not back
            self.now += WINDOW
            assert await two.wait(other, place="b") > 0
            assert await three.wait(other, place="c") == 0
        await closed(*journals)
