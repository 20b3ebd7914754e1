"""Several clients over one journal: together they pass no limit, and each of them gets its share."""

import asyncio
import logging
from collections import Counter
from contextlib import asynccontextmanager, suppress

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anymedia import Billed, Cause, JournalError, Outcome, State
from anymedia.errors import Cooling
from anymedia.journal import MemoryJournal
from anymedia.journal.limit_rules import LOOK
from anymedia.limits.health import Cooldown, Health
from anymedia.limits.permits import Permits
from anymedia.limits.shared import AWAY, EACH, LOOKED, SOON, Shared
from anymedia.limits.slots import FORGOTTEN
from anymedia.shared_limits import HOLD, Question

from .test_permits import CALLS, LIMITS, Call, account, assert_within, bought, hold, now, task, tried
from .time_loop import Time, timed


async def no_balance(_):
    raise AssertionError("nobody asks for a balance")


@attrs.frozen
class Client:
    """What the steps of a client share of its limits."""

    shared: Shared
    permits: Permits
    health: Health
    told: list

    @classmethod
    def over(cls, limits):
        clock, told = Time(), []
        shared = Shared(limits, clock)
        shared.minds = health = Health(clock, no_balance, told.append, shared.tell)
        return cls(shared, Permits(clock, shared), health, told)


@asynccontextmanager
async def clients(number, limits=None):
    """Give so many clients that share limits, those of a journal in memory if no others are given."""
    limits = MemoryJournal().limits if limits is None else limits
    all_of_them = [Client.over(limits) for _ in range(number)]
    yield all_of_them
    for each in all_of_them:
        await each.shared.close()
    assert len(asyncio.all_tasks()) == 1


def refused(name, **facts):
    """Return an attempt that the provider has refused, since too many came."""
    facts = {"ended_at": None, "cause": Cause.RATE_LIMITED, "error": "429", "retry_after": 30.0, **facts}
    return attrs.evolve(tried(name, Outcome.REFUSED), **facts)


# Rates


async def many(calls, account, number, verb):
    """Let calls come to several clients in turn; return when each arrived, and when each was let go."""
    arrived, let_go = [], {}

    async def goes(client, place, call):
        await asyncio.sleep(call.asked)
        async with getattr(client.permits, verb)(account) as permit:
            let_go[place] = now()
            try:
                await asyncio.sleep(call.there)
            finally:
                if call.sent or permit is None:
                    arrived.append(now())
                if call.sent and permit is not None:
                    permit.sent()
            await asyncio.sleep(call.back)

    async with clients(number) as those, asyncio.TaskGroup() as group:
        for place, call in enumerate(calls):
            going = group.create_task(goes(those[place % number], place, call))
            if call.patience is not None:
                asyncio.get_running_loop().call_later(call.asked + call.patience, going.cancel)
    return arrived, let_go


@given(st.lists(CALLS, max_size=14), LIMITS, st.integers(2, 3), st.sampled_from(["submit", "poll"]))
@example([Call(0, 0, 0)] * 6, (2, 10.0), 3, "submit")
def test_no_window_holds_more_calls_of_all_clients_than_allowed(calls, limit, number, verb):
    limits = {"submits" if verb == "submit" else "polls": limit}
    arrived, let_go = timed(many(calls, account(**limits), number, verb))
    assert_within(limit, arrived)
    assert set(let_go) >= {place for place, call in enumerate(calls) if call.patience is None}


@pytest.mark.parametrize("number", [1, 2, 5, 10])
def test_nearly_all_that_a_limit_allows_is_used(number):
    """All but what the answers take."""
    arrived, _ = timed(many([Call(0, 0.25, 0.25)] * 100, account(submits=(10, 10.0)), number, "submit"))
    assert max(arrived) <= 9 * 10.5 + 1


def test_a_client_with_one_request_does_not_wait_for_all_of_one_with_many():
    async def main():
        order = []

        async def one(client, name):
            async with client.permits.submit(mine) as permit:
                permit.sent()
                order.append(name)

        async with clients(3) as (few, lots, more):
            mine = account(submits=(1, 10.0))
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(one(lots, "lots"))
                    group.create_task(one(more, "more"))
                await asyncio.sleep(1)
                group.create_task(one(few, "few"))
        assert order.index("few") <= 3
        assert Counter(order[:7]) == {"lots": 3, "more": 3, "few": 1}

    timed(main())


def test_a_resend_is_counted_by_all():
    async def main():
        async with clients(2) as (one, other):
            mine, arrived = account(submits=(2, 10.0)), []

            async def twice():
                async with one.permits.submit(mine) as permit:
                    for send in range(2):
                        if send:
                            await permit.wait()
                        permit.sent()
                        arrived.append(now())
                        await asyncio.sleep(1)

            await asyncio.gather(twice(), *(hold(other.permits, mine, 1) for _ in range(2)))
            assert arrived[0] == 0
            assert 11 <= arrived[1] <= 23

    timed(main())


def test_what_a_killed_client_holds_counts_for_as_long_as_it_may_have_been_sent():
    async def main():
        limits = MemoryJournal().limits
        async with clients(1, limits) as (client,):
            killed, mine = Client.over(limits), account(submits=(1, 10.0))
            permit = killed.permits.submit(mine)
            await permit.__aenter__()
            await asyncio.sleep(100)  # it is told time and again that it goes on
            assert client.permits.of(mine).wait() == 0.0  # of this nobody here knows
            went = asyncio.create_task(hold(client.permits, mine, 0))
            await asyncio.sleep(2)
            assert not went.done()
            assert client.permits.of(mine).wait() > 0.0
            killed.permits.of(mine).share._timer.cancel()  # and now no more
            await went
            assert 102 + 10 <= now() <= 102 + HOLD + 10 + LOOK

    timed(main())


def test_who_gives_up_leaves_its_place_and_what_it_has_got():
    async def main():
        async with clients(3) as (one, two, three):
            mine = account(submits=(1, 10.0), active=5, connections=1)
            await hold(one.permits, mine, 0)
            waiting = asyncio.create_task(hold(two.permits, mine, 0))
            await asyncio.sleep(1)
            late = asyncio.create_task(hold(three.permits, mine, 0))
            await asyncio.sleep(1)
            waiting.cancel()
            await late
            assert now() == 10
            async with two.permits.submit(mine):  # and sends nothing
                await asyncio.sleep(20)
            await asyncio.sleep(SOON)
            await hold(one.permits, mine, 0)
            assert now() == 10 + 10 + 20 + SOON

    timed(main())


# Tasks at a time


def test_a_task_counts_for_all_until_anybody_sees_that_it_is_over():
    async def main():
        async with clients(3) as (buyer, other, hook):
            mine = account(active=1)
            hook.permits.account = {"acme": mine}.get
            async with buyer.permits.submit(mine, name=tried(1).id) as permit:
                permit.sent()
                permit.keep(bought(1))
            waiting = [asyncio.create_task(hold(each.permits, mine, 3)) for each in (other, buyer)]
            await asyncio.sleep(100)
            other.permits.seen(task(1))
            assert not any(each.done() for each in waiting)
            hook.permits.seen(task(1, State.SUCCEEDED))  # nothing was sent by it
            hook.permits.seen(attrs.evolve(task(1, State.SUCCEEDED), account="of another"))
            await asyncio.gather(*waiting)
            assert 106 <= now() <= 106 + 2 * (SOON + EACH + LOOK)

    timed(main())


@pytest.mark.parametrize(
    ("found", "left"),
    [(bought(1), 1), (bought(1, State.FAILED), 0), (tried(1), 1), (attrs.evolve(tried(1), settled=Billed.NO), 0)],
)
def test_what_is_found_of_an_attempt_counts_for_all(found, left):
    async def main():
        async with clients(2) as (buyer, other):
            mine = account(active=1)
            async with buyer.permits.submit(mine, name=tried(1).id) as permit:
                permit.sent()
                permit.keep(tried(1))
            assert await active(buyer, mine, found) == {tried(1).id}
            other.permits.of(mine)
            other.permits.found(found)
            await asyncio.sleep(SOON)
            assert len(await active(buyer, mine, found)) == left

    timed(main())


async def active(client, account, attempt):
    """Return which of an attempt and its task count as active."""
    names = [attempt.id] if attempt.task is None else [attempt.id, attempt.task.id]
    answer = await client.permits.of(account).share._ask(
        Question(account=client.permits.of(account).share._name, names=names)
    )
    return {*names} - {*answer.over}


def test_a_task_that_somebody_looks_at_counts_on_and_one_that_nobody_does_is_forgotten():
    async def main():
        async with clients(3) as (buyer, looker, other):
            mine = account(active=1)
            async with buyer.permits.submit(mine) as permit:
                permit.sent()
                permit.keep(bought(1))
            looker.permits.of(mine)
            for _ in range(200):
                await asyncio.sleep(5)
                looker.permits.seen(task(1))
            await hold(other.permits, mine, 0)
            assert 1000 + FORGOTTEN - LOOKED <= now() <= 1000 + FORGOTTEN + LOOK

    timed(main())


def test_a_submit_that_came_to_nothing_holds_no_slot_of_a_task():
    async def main():
        async with clients(2) as (one, other):
            mine = account(active=1)
            for each in (one, other, one):
                async with each.permits.submit(mine) as permit:
                    permit.sent()
                    permit.keep(tried(1, Outcome.REFUSED))
                await asyncio.sleep(SOON)
            assert now() == 3 * SOON

    timed(main())


# Cooldowns


def test_an_account_that_has_refused_one_is_left_alone_by_all():
    async def main():
        async with clients(2) as (one, other):
            mine = account()  # it has no limits that are known
            async with one.permits.submit(mine, minds=True):
                one.health.note(mine, refused(1), Cooldown.TIME, began=now())
            await asyncio.sleep(10)
            with pytest.raises(Cooling, match="another process") as caught:
                await hold_minding(other, mine)
            assert caught.value.retry_after == pytest.approx(20.0)
            assert [type(each).__name__ for each in other.told] == ["CooledDown"]
            assert other.health.of(mine).cause == "rate_limited"
            with pytest.raises(Cooling):
                await hold_minding(other, mine)
            assert len(other.told) == 1
            await asyncio.sleep(20)
            await hold_minding(other, mine)
            assert other.health.is_in_trouble(mine)  # until a submit shows that it is well
            other.health.note(mine, bought(2), Cooldown.NONE, began=now())
            await asyncio.sleep(SOON)
            await hold_minding(one, mine)
            assert not one.health.is_in_trouble(mine)
            assert [type(each).__name__ for each in one.told] == ["CooledDown", "Recovered"]

    timed(main())


async def hold_minding(client, account, seconds=0):
    async with client.permits.submit(account, minds=True) as permit:
        permit.sent()
        await asyncio.sleep(seconds)


def test_one_trial_of_all_shows_whether_an_account_is_well():
    async def main():
        async with clients(3) as (one, two, three):
            mine, went = account(submits=(5, 10.0)), []

            async def tries(client, name):
                while True:
                    with suppress(Cooling):
                        async with client.permits.submit(mine, minds=True) as permit:
                            went.append((name, now()))
                            began = now()
                            permit.sent()
                            await asyncio.sleep(5)
                            client.health.note(mine, bought(name), Cooldown.NONE, began=began)
                        return
                    await asyncio.sleep(client.health.wait(mine))

            one.health.note(mine, refused(1), Cooldown.TRIAL, began=now())
            await asyncio.sleep(SOON)
            await asyncio.gather(tries(two, "two"), tries(three, "three"))
            assert went[0] == ("two", pytest.approx(30.0 + 0 * SOON, abs=0.1))
            assert went[1][0] == "three"
            assert 35 <= went[1][1] <= 36.1
            await hold_minding(one, mine)
            assert not one.health.is_in_trouble(mine)

    timed(main())


@pytest.mark.parametrize("ends", [Cooldown.KEY, Cooldown.BALANCE, Cooldown.CONFIG])
def test_a_key_that_is_refused_and_an_empty_balance_are_troubles_of_one_client(ends):
    """Another one may have another key, and whoever begins anew has perhaps paid in."""

    async def main():
        async with clients(2) as (one, other):
            mine = account()
            one.health.note(mine, refused(1), ends, began=now())
            await asyncio.sleep(1)
            await hold_minding(other, mine)
            with suppress(Cooling):
                await hold_minding(one, mine)
            assert one.health.is_in_trouble(mine)

    timed(main())


def test_accounts_of_another_key_or_place_are_others():
    async def main():
        async with clients(2) as (one, other):
            mine = account(submits=(1, 10.0))
            await hold(one.permits, mine, 0)
            await hold(other.permits, attrs.evolve(mine, origin="https://elsewhere.example"), 0)
            assert now() == 0

    timed(main())


# The journal


class Journal:
    """Shared limits that answer late, or at once, and may be away, or broken."""

    def __init__(self, *, at_once=False):
        self.limits = MemoryJournal().limits
        self.error = None
        self.asked = 0
        self._at_once = at_once

    def ask_at_once(self, question, now):
        if self._at_once and self.error is not None:
            raise self.error
        return

    async def ask(self, question, now):
        self.asked += 1
        await asyncio.sleep(0.1)
        if self.error is not None:
            raise self.error
        return self.limits.ask_at_once(question, now)


def test_while_the_journal_is_away_submits_wait_and_looks_go_on():
    async def main():
        journal = Journal()
        async with clients(2, journal) as (one, other):
            mine = account(submits=(2, 10.0), polls=(2, 10.0))
            async with one.permits.submit(mine) as permit:
                permit.sent()
                one.health.note(mine, refused(1), Cooldown.TIME, began=now())
                journal.error = JournalError("away", away=True)
            waiting = [asyncio.create_task(hold(each.permits, mine, 0)) for each in (one, other)]
            for _ in range(2):
                async with one.permits.poll(mine):
                    pass
            assert now() < 1
            await asyncio.sleep(60)
            assert not any(each.done() for each in waiting)
            assert journal.asked < 60 * 4
            journal.error = None
            await asyncio.sleep(AWAY + 0.3)
            assert all(each.done() for each in waiting)

    timed(main())


def test_what_could_not_be_told_is_told_once_the_journal_is_back():
    async def main():
        journal = Journal()
        async with clients(2, journal) as (one, other):
            mine = account(active=1)
            one.permits.of(mine)
            async with one.permits.submit(mine) as permit:
                permit.sent()
                permit.keep(bought(1))
            journal.error = JournalError("away", away=True)
            waiting = asyncio.create_task(hold(one.permits, mine, 0))
            await asyncio.sleep(20)
            one.permits.seen(task(1))
            one.permits.seen(task(1, State.SUCCEEDED))
            await asyncio.sleep(20)
            assert not waiting.done()
            journal.error = None
            await asyncio.sleep(5)
            assert waiting.done()
            await hold(other.permits, mine, 0)
            assert now() < 50

    timed(main())


def test_who_closes_while_it_is_told_what_was_left_waits_for_that():
    async def main():
        journal = Journal()
        async with clients(1, journal) as (one,):
            one.permits.of(account()).share.leave(("submits", "x"), seconds=5.0)
            await asyncio.sleep(SOON + 0.02)
        assert (journal.asked, now()) == (1, pytest.approx(SOON + 0.1))

    timed(main())


def test_what_changes_while_it_is_told_is_told_again():
    async def main():
        journal = Journal()
        async with clients(2, journal) as (one, other):
            mine = account(submits=(1, 10.0), active=2)
            share, slot = one.permits.of(mine).share, ("submits", "x")
            share.leave(slot, seconds=1000.0)
            await asyncio.sleep(SOON + 0.02)  # it is being told
            share.leave(slot)
            share.looked("nobody's", over=False)
            await asyncio.sleep(1)
            await hold(other.permits, mine, 0)
            assert now() < 3

    timed(main())


@pytest.mark.parametrize("at_once", [True, False])
def test_where_limits_cannot_be_shared_each_goes_by_its_own_and_says_so_once(at_once, caplog):
    caplog.set_level(logging.ERROR)

    async def main():
        journal = Journal(at_once=at_once)
        journal.error = JournalError("the disk is full")
        async with clients(2, journal) as (one, other):
            mine = account(submits=(1, 10.0), active=1)
            for each in (one, other, one):
                each.health.note(mine, refused(1, retry_after=1.0), Cooldown.TIME, began=now())
                await hold_minding(each, mine)
                assert each.health.is_in_trouble(mine)
            assert 10 <= now() < 11

    timed(main())
    assert [record.message for record in caplog.records] == [
        "limits of acme are not shared with other processes: the disk is full"
    ] * 2


def test_what_was_had_after_its_caller_was_cancelled_is_left_again():
    async def main():
        journal = Journal()
        async with clients(1, journal) as (client,):
            mine = account(submits=(1, 10.0))
            share = client.permits.of(mine).share
            wanted = [client.permits.of(mine).submits.wanted("submits", "x")]
            cancelled = asyncio.create_task(share.enter(wanted))
            await asyncio.sleep(0.05)
            cancelled.cancel()
            await asyncio.sleep(1)
            await hold(client.permits, mine, 0)
            assert now() == pytest.approx(1.15, abs=0.1)
            waits = asyncio.create_task(share.enter(wanted))
            await asyncio.sleep(0.05)
            waits.cancel()  # what was asked comes to nothing
            await asyncio.sleep(1)
            await hold(client.permits, mine, 0)
            assert 11 <= now() <= 11.5 + LOOK

    timed(main())


def test_who_gives_up_a_look_that_others_hold_up_has_made_none():
    async def main():
        async with clients(2) as (one, other):
            mine = account(polls=(1, 10.0))
            async with one.permits.poll(mine):
                pass
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(2), other.permits.poll(mine):
                        raise AssertionError("it was made")
            assert other.permits.of(mine).polls.load(0) == 0.0

    timed(main())


def test_without_a_journal_nothing_is_shared():
    async def main():
        clock = Time()
        shared = Shared(None, clock)
        shared.tell(account(), None)
        assert Permits(clock, shared).of(account()).share is None
        await shared.close()

    timed(main())


def test_of_an_account_without_limits_nothing_is_asked_but_how_it_is():
    async def main():
        journal = Journal()
        async with clients(1, journal) as (client,):
            await hold(client.permits, account(), 0)
            async with client.permits.poll(account()):
                pass
            client.permits.seen(task(1, State.SUCCEEDED))
            client.permits.found(bought(1))
            client.permits.of(account()).active.gone("nobody's")
            assert journal.asked == 0
            await hold_minding(client, account())
            assert journal.asked == 1

    timed(main())
