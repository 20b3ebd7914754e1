"""Who may send next: under any schedule the provider sees no more than it allows, and everybody's turn comes."""

import asyncio
import math
from collections import Counter
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anymedia import Account, Attempt, Billed, Outcome, State, Task
from anymedia.clock import first_of
from anymedia.declare import Endpoint, Limits
from anymedia.limits.line import LONGEST, Line
from anymedia.limits.permits import Permits
from anymedia.limits.queue import Queue
from anymedia.limits.slots import FORGOTTEN
from anymedia.model.money import Money
from anymedia.model.task import Order
from anymedia.testing import FakeClock

from .acme import acme
from .time_loop import Time, timed

ACME = acme(submit=Endpoint(method="POST", path="/v1"))
TASK = Task(id="t", provider="acme", account="acme", submitted_at=datetime(2026, 11, 20, tzinfo=UTC), path="/v1")
ORDER = Order(provider="acme", account="acme", offer=None, model=None, wire_id=None, path="/v1", money=Money())


def account(connections=32, name="acme", **limits):
    return Account(name=name, adapter=ACME, origin=ACME.base_url, limits=Limits(**limits), connections=connections)


def task(name, state=State.QUEUED):
    return attrs.evolve(TASK, id=str(name), state=state)


def tried(name, outcome=Outcome.UNCERTAIN):
    """Return an attempt that has no task."""
    return Attempt(id=f"tried {name}", order=ORDER, started_at=TASK.submitted_at, outcome=outcome)


def bought(name, state=State.QUEUED):
    """Return an attempt with the task of that name."""
    return attrs.evolve(tried(name, Outcome.ACCEPTED), task=task(name, state))


# A schedule: who asks when, how long the way there and back takes, and what becomes of it

QUARTERS = st.integers(0, 60).map(lambda number: number / 4)
"""Seconds that are added up without a rounding error: what is due at a time is due at that very time."""


@attrs.frozen
class Call:
    asked: float  # when it comes
    there: float  # until it arrives
    back: float  # until its answer is here
    patience: float | None = None  # after which it is given up
    sent: bool = True  # else it never leaves
    again: int = 0  # how often it is sent once more


CALLS = st.builds(
    Call,
    asked=st.integers(0, 24).map(lambda number: number / 4),
    there=QUARTERS,
    back=QUARTERS,
    patience=st.none() | st.none() | QUARTERS,
    sent=st.sampled_from([True, True, True, False]),
    again=st.sampled_from([0, 0, 0, 1, 2]),
)
LIMITS = st.tuples(st.integers(1, 4), st.sampled_from([0.25, 1.0, 2.5, 10.0]))
LATE = st.lists(st.sampled_from([0.0, 0.0, 0.25, 1.5]), min_size=1, max_size=4)
"""By how much whoever sleeps comes late, one after another."""


@attrs.define
class Course:
    """What became of a schedule: the calls in the order in which they came, and were let go, each with its time."""

    permits: Permits
    account: Account
    calls: list
    asked: list = attrs.Factory(list)
    told: dict = attrs.Factory(dict)  # by call: how long it would wait
    let_go: dict = attrs.Factory(dict)  # by call: when
    arrived: list = attrs.Factory(list)
    open: int = 0
    most_open: int = 0

    async def submit(self, number, call):
        await self.comes(number, call)
        async with self.permits.submit(self.account) as permit:
            self.let_go[number] = now()
            for send in range(call.again + 1):
                if send:
                    await permit.wait()
                await self.travels(call, permit)

    async def poll(self, number, call):
        await self.comes(number, call)
        async with self.permits.poll(self.account):
            self.let_go[number] = now()
            await self.travels(call)

    async def comes(self, number, call):
        await asyncio.sleep(call.asked)
        self.asked.append(number)
        self.told[number] = self.permits.of(self.account).wait()

    async def travels(self, call, permit=None):
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self.arrives(call, permit)
            await asyncio.sleep(call.back)
        finally:
            self.open -= 1

    async def arrives(self, call, permit):
        try:
            await asyncio.sleep(call.there)
        finally:  # cut off on its way: it may have arrived until then
            if call.sent or permit is None:
                self.arrived.append(now())
            if call.sent and permit is not None:
                permit.sent()

    def over(self, number, seconds):
        """Return until when a call counts that was sent once, or never."""
        call = self.calls[number]
        return self.let_go[number] + call.there + call.back + seconds * call.sent


def now():
    return asyncio.get_running_loop().time()


async def play(calls, account, *, verb="submit", late=(0.0,)):
    """Let a schedule happen, and look whether everything is as if nothing had been, a window later."""
    course = Course(Permits(Time(late)), account, calls)
    under_way = [asyncio.create_task(getattr(course, verb)(number, call)) for number, call in enumerate(calls)]
    await all_of(under_way, calls)
    limits = course.permits.of(account)
    limit = account.limits.submits or account.limits.polls or (1, 0.0)
    await asyncio.sleep(limit[1])
    assert (limits.load(), limits.wait(), course.open) == ((0.0, 0), 0.0, 0)
    return course


async def all_of(under_way, calls):
    """Wait for all of them; cancel those whose patience ends."""
    for call, each in zip(calls, under_way, strict=True):
        if call.patience is not None:
            asyncio.get_running_loop().call_later(call.asked + call.patience, each.cancel)
    ends = await asyncio.gather(*under_way, return_exceptions=True)
    for end in ends:
        if end is not None and not isinstance(end, asyncio.CancelledError):
            raise end


def assert_within(limit, arrived):
    """No window, wherever it begins, holds more than it may."""
    calls, seconds = limit
    arrived = sorted(arrived)
    for first, beyond in zip(arrived, arrived[calls:], strict=False):
        assert beyond - first >= seconds


@given(st.lists(CALLS, max_size=14), LIMITS, LATE)
def test_no_window_holds_more_submits_than_allowed_and_whoever_comes_first_goes_first(calls, limit, late):
    course = timed(play(calls, account(submits=limit), late=late))
    assert_within(limit, course.arrived)
    went = list(course.let_go)
    assert went == [number for number in course.asked if number in course.let_go]
    assert set(went) >= {number for number, call in enumerate(calls) if call.patience is None}


@given(st.lists(CALLS, max_size=14), LIMITS, st.integers(1, 3), LATE)
def test_no_window_holds_more_polls_than_allowed_and_no_more_connections_are_open(calls, limit, connections, late):
    course = timed(play(calls, account(polls=limit, connections=connections), verb="poll", late=late))
    assert_within(limit, course.arrived)
    assert course.most_open <= connections
    went = list(course.let_go)
    assert went == [number for number in course.asked if number in course.let_go]


@given(st.lists(CALLS, max_size=10), LIMITS, st.integers(1, 3), LATE)
@example([Call(0, 0, 1, again=1), Call(0, 0, 0)], (1, 10.0), 1, [0.25, 0.0])
def test_whoever_sends_again_and_whoever_waits_for_a_connection_do_not_wait_for_each_other(
    calls, limit, connections, late
):
    course = timed(play(calls, account(submits=limit, connections=connections), late=late))
    assert_within(limit, course.arrived)
    assert course.most_open <= connections


@given(st.lists(CALLS, max_size=8))
def test_without_limits_nobody_waits(calls):
    plain = [attrs.evolve(call, patience=None, again=0) for call in calls]
    course = timed(play(plain, account()))
    assert course.let_go == {number: call.asked for number, call in enumerate(plain)}
    assert set(course.told.values()) <= {0.0}


@given(st.floats(0, 1e6), st.floats(0.001, 100), st.lists(st.floats(0, 10), min_size=3, max_size=9))
@example(0.0, 0.3, [0.183, 0.3, 0.1])
@example(2.0**31 - 3, 7.7, [0.07, 0.013, 2.5])
def test_a_time_that_no_binary_number_is_comes_all_the_same(began, seconds, latencies):
    async def main():
        clock, arrived = FakeClock(began), []
        permits, mine = Permits(clock), account(submits=(2, seconds))
        for latency in latencies:
            async with permits.submit(mine) as permit:
                permit.sent()
                arrived.append(clock.seconds)
                clock.seconds += latency
        return arrived

    arrived = timed(main())
    assert all(beyond - first > seconds - 1e-6 for first, beyond in zip(arrived, arrived[2:], strict=False))


# What a wait is told to be


@given(st.lists(CALLS, min_size=1, max_size=12), LIMITS, st.integers(1, 4))
@example([Call(0, 0, 0)] * 3, (1, 10.0), 4)
def test_while_nobody_gives_up_a_wait_is_told_to_be_no_longer_than_it_is(calls, limit, connections):
    """That so many tasks may be active is no reason to wait: no more are asked for."""
    calls = [attrs.evolve(call, patience=None, sent=True, again=0) for call in calls]
    course = timed(play(calls, account(submits=limit, active=len(calls), connections=connections)))
    for number, call in enumerate(calls):
        assert course.told[number] <= course.let_go[number] - call.asked


def test_who_waits_to_send_again_is_active_already_and_is_told_as_one():
    async def main():
        permits, mine = Permits(Time()), account(submits=(1, 10.0), active=4)

        async def twice():
            async with permits.submit(mine) as permit:
                permit.sent()
                await asyncio.sleep(1)
                await permit.wait()

        under_way = [asyncio.create_task(twice())]
        await asyncio.sleep(0)
        under_way += [asyncio.create_task(hold(permits, mine, 0)) for _ in range(2)]
        await asyncio.sleep(2)
        limits = permits.of(mine)
        assert (limits.active.most, limits.submitting) == (4, 3)
        assert limits.wait() < FORGOTTEN  # a fourth may be active
        assert limits.load() == (4.0, 3)  # one that counts, and three that wait for their turn
        await asyncio.gather(*under_way)

    timed(main())


@given(st.lists(QUARTERS, max_size=12), LIMITS)
def test_where_answers_take_no_time_a_wait_is_as_told(asked, limit):
    asked = [when + number / 64 for number, when in enumerate(asked)]  # nobody comes just when another one goes
    course = timed(play([Call(when, 0, 0) for when in asked], account(submits=limit)))
    assert course.told == {number: course.let_go[number] - when for number, when in enumerate(asked)}


def test_who_is_decided_on_is_ahead_though_not_on_the_way_yet():
    async def main():
        limits = Permits(Time()).of(account(submits=(2, 10.0), active=4))
        limits.coming = 1
        assert limits.wait() == 0.0
        limits.coming = 2
        assert limits.wait() == 10.0
        limits.submitting = 1  # one of the two is on its way now, and counted there
        assert limits.wait() == 0.0
        limits.coming = 5
        assert limits.wait() == FORGOTTEN

    timed(main())


# Given up


async def hold(permits, account, seconds, *, sent=True):
    async with permits.submit(account) as permit:
        if sent:
            permit.sent()
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("which", [0, 1])
def test_who_gives_up_while_waiting_leaves_no_trace(which):
    async def main():
        permits, mine = Permits(Time()), account(submits=(1, 10.0), active=9)
        await hold(permits, mine, 0)
        waiting = [asyncio.create_task(hold(permits, mine, 0)) for _ in range(2)]
        await asyncio.sleep(1)
        assert permits.of(mine).wait() == 29.0
        waiting[which].cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (permits.of(mine).wait(), permits.of(mine).submitting) == (19.0, 1)
        await asyncio.gather(*waiting, return_exceptions=True)
        assert now() == 10.0

    timed(main())


@pytest.mark.parametrize("verb", ["submit", "poll"])
def test_who_gives_up_while_waiting_for_a_connection_has_sent_nothing(verb):
    async def main():
        permits, mine = Permits(Time()), account(submits=(2, 10.0), polls=(1, 10.0), connections=1)
        first = asyncio.create_task(hold(permits, mine, 3))
        await asyncio.sleep(0)

        async def second():
            async with getattr(permits, verb)(mine):
                raise AssertionError("there is one connection, and it is taken")

        waiting = asyncio.create_task(second())
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        async with getattr(permits, verb)(mine):
            assert now() == 3

    timed(main())


def test_who_gives_up_sending_again_has_sent_it_once():
    async def main():
        permits, mine = Permits(Time()), account(submits=(3, 10.0), connections=1)

        async def twice():
            async with permits.submit(mine) as permit:
                permit.sent()
                await asyncio.sleep(1)
                await permit.wait()
                raise AssertionError("the connection is taken")

        again = asyncio.create_task(twice())
        await asyncio.sleep(0)
        other = asyncio.create_task(hold(permits, mine, 3))
        await asyncio.sleep(2)
        again.cancel()
        await asyncio.gather(again, other, return_exceptions=True)
        async with permits.submit(mine) as permit:
            permit.sent()
            assert now() == 4  # beside two that count

    timed(main())


def test_what_never_left_does_not_count():
    async def main():
        permits, mine = Permits(Time()), account(submits=(1, 10.0))
        for _ in range(3):
            await hold(permits, mine, 1, sent=False)
        assert now() == 3
        await hold(permits, mine, 1)
        await hold(permits, mine, 0)
        assert now() == 14  # a window after the answer of the one that left

    timed(main())


@given(st.lists(CALLS, max_size=12), LIMITS)
@example([Call(0, 0, 0), Call(0, 0.5, 0, sent=False), Call(0, 0, 0)], (2, 10.0))
def test_a_place_that_comes_free_is_taken_within_a_window(calls, limit):
    """What every call waits for at most: until less than `calls` of those before it count, and a window more."""
    count, seconds = limit
    calls = [attrs.evolve(call, patience=None, again=0) for call in calls]
    course = timed(play(calls, account(submits=limit)))
    order = list(course.let_go)
    for place, number in enumerate(order):
        over = sorted(course.over(each, seconds) for each in order[:place])
        free = over[-count] if place >= count else 0.0
        before = course.let_go[order[place - 1]] if place else 0.0
        assert course.let_go[number] <= max(calls[number].asked, before, free) + seconds


# Whose turn it is


def test_a_request_of_many_parts_does_not_hold_up_one_of_a_single_part():
    async def main():
        permits, mine, order = Permits(Time()), account(submits=(1, 10.0)), []

        async def submit(owner):
            async with permits.submit(mine, owner) as permit:
                permit.sent()
                order.append(owner)

        await asyncio.gather(*(submit("many") for _ in range(5)), submit("one"))
        return order

    assert timed(main()) == ["many", "many", "many", "one", "many", "many"]


# Tasks at a time


@attrs.frozen
class Job:
    asked: float
    takes: float  # until the submit is answered
    becomes: str  # what it is then: a task, one that nobody knows, nothing, or finished at once
    lives: float  # until it is over
    seen: float | None  # how often it is looked at (None: never)
    patience: float | None = None


JOBS = st.builds(
    Job,
    asked=QUARTERS,
    takes=QUARTERS,
    becomes=st.sampled_from(["task", "task", "task", "unknown", "refused", "finished"]),
    lives=st.integers(0, 1500).map(float),
    seen=st.none() | st.sampled_from([5.0, 60.0, 599.0, 700.0]),
    patience=st.none() | st.none() | QUARTERS,
)


@attrs.define
class Shift:
    """What became of jobs; `counted` says until when each of them is a task that goes on."""

    permits: Permits
    account: Account
    asked: list = attrs.Factory(list)
    let_go: list = attrs.Factory(list)
    counted: dict = attrs.Factory(dict)

    async def does(self, number, job):
        await asyncio.sleep(job.asked)
        self.asked.append(number)
        async with self.permits.submit(self.account) as permit:
            self.let_go.append(number)
            assert sum(until > now() for until in self.counted.values()) < self.account.limits.active
            self.counted[number] = math.inf
            try:
                await asyncio.sleep(job.takes)
            except asyncio.CancelledError:
                self.counted[number] = now()
                raise
            self.answered(number, job, permit)
        if job.becomes == "task" and job.seen is not None:
            await self.looks(number, job, now() + job.lives)

    def answered(self, number, job, permit):
        self.counted[number] = now() + (FORGOTTEN if job.becomes in ("task", "unknown") else 0)
        if job.becomes in ("unknown", "refused"):
            permit.keep(tried(number, Outcome.UNCERTAIN if job.becomes == "unknown" else Outcome.REFUSED))
        else:
            permit.keep(bought(number, State.RUNNING if job.becomes == "task" else State.SUCCEEDED))

    async def looks(self, number, job, until):
        while now() < until:
            if self.counted[number] > now():  # else it is forgotten, and stays so
                self.counted[number] = now() + FORGOTTEN
            self.permits.seen(task(number))
            await asyncio.sleep(job.seen)
        self.permits.seen(task(number, State.FAILED))
        self.counted[number] = min(self.counted[number], now())


@given(st.lists(JOBS, max_size=8), st.integers(1, 3))
def test_there_are_never_more_tasks_than_allowed_and_one_that_nobody_looks_at_is_let_go(jobs, most):
    async def main():
        shift = Shift(Permits(Time()), account(active=most))
        under_way = [asyncio.create_task(shift.does(number, each)) for number, each in enumerate(jobs)]
        await all_of(under_way, jobs)
        assert shift.let_go == [number for number in shift.asked if number in shift.let_go]
        assert set(shift.let_go) >= {number for number, each in enumerate(jobs) if each.patience is None}
        await asyncio.sleep(FORGOTTEN)
        limits = shift.permits.of(shift.account)
        assert (limits.load(), limits.wait()) == ((0.0, 0), 0.0)

    timed(main())


def test_whoever_waits_for_a_task_to_end_goes_when_it_is_seen_to_or_when_nobody_has_looked_for_long():
    async def main():
        permits, mine = Permits(Time()), account(active=2)
        for number in range(2):
            async with permits.submit(mine) as permit:
                permit.sent()
                permit.keep(bought(number))
        assert permits.of(mine).wait() == FORGOTTEN
        waiting = [asyncio.create_task(hold(permits, mine, 0)) for _ in range(2)]
        await asyncio.sleep(100)
        permits.seen(task(0))
        permits.seen(task("of nobody's", State.SUCCEEDED))
        permits.seen(attrs.evolve(task(1, State.SUCCEEDED), account="another"))
        await asyncio.sleep(0)
        assert not any(each.done() for each in waiting)
        permits.seen(task(0, State.SUCCEEDED))
        await asyncio.gather(*waiting)
        assert now() == 100
        assert permits.of(mine).wait() == 0.0
        waiting = [asyncio.create_task(hold(permits, mine, 5)) for _ in range(2)]
        await asyncio.gather(*waiting)
        assert now() == 110  # one after the other, as the other task goes on
        await asyncio.gather(*(hold(permits, mine, 900) for _ in range(2)))
        assert now() == 600 + 900  # by the time it was not seen for so long, it does not count

    timed(main())


def test_what_nobody_knew_of_an_attempt_is_counted_as_it_is_found():
    async def main():
        permits, mine = Permits(Time()), account(active=3)
        permits.found(bought("before", State.SUCCEEDED))  # of an account that was not asked here
        for number in range(3):
            async with permits.submit(mine) as permit:
                permit.sent()
                permit.keep(tried(number))
        active = permits.of(mine).active
        room = active.room
        for found in (tried(0), bought(1), bought(1), bought("of another")):  # 0 is as uncertain as before
            permits.found(found)
        assert (len(active), room.is_set()) == (3, False)
        for found, left in (
            (bought(1, State.SUCCEEDED), 2),
            (attrs.evolve(tried(0), settled=Billed.NO), 1),
            (bought(2, State.FAILED), 0),
        ):
            waiting = asyncio.create_task(hold(permits, mine, 0))
            permits.found(found)
            await waiting
            assert (now(), len(active), room.is_set()) == (0, left, True)
        async with permits.submit(mine) as permit:
            permit.keep(tried(4))
            permit.keep(tried(4))  # a replay, which nobody has answered either
            assert len(active) == 1 + 1
            permit.keep(bought(4))
        assert len(active) == 1

    timed(main())


def test_who_waits_for_a_task_slot_hears_of_what_is_over_elsewhere():
    async def main():
        permits, mine = Permits(Time()), account(active=1, connections=3)
        heard = []

        async def hears(name, names):
            heard.append((now(), name, *names))
            await asyncio.sleep(5)
            for each in names:
                permits.found(bought(each, State.SUCCEEDED))
            await asyncio.sleep(99)
            raise AssertionError("it goes on without need")

        permits.hears = hears
        plain = attrs.evolve(mine, name="plain")
        mine = attrs.evolve(mine, callback="https://app.example/hooks")
        for each in (mine, plain):
            async with permits.submit(each) as permit:
                permit.sent()
                permit.keep(bought(each.name))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await hold(permits, mine, 0)
        await asyncio.gather(*(hold(permits, mine, 1) for _ in range(3)), hold(permits, plain, 0))
        assert heard == [(0, "acme", "acme"), (2, "acme", "acme"), (7, "acme"), (8, "acme")]
        assert now() == FORGOTTEN  # of the other one, none is told elsewhere

    timed(main())


def test_a_task_that_is_accepted_once_more_is_seen_last_then():
    async def main():
        permits, mine = Permits(Time()), account(active=3)
        for number in (0, 1, 0):  # the third is a replay, which is told of the first one's task
            async with permits.submit(mine) as permit:
                permit.sent()
                permit.keep(bought(number))
            await asyncio.sleep(1)
        assert len(permits.of(mine).active) == 2
        await asyncio.gather(*(hold(permits, mine, 900) for _ in range(2)))
        assert now() == 1 + FORGOTTEN + 900

    timed(main())


# How much of it is in use


def test_the_load_is_that_of_whatever_there_is_least_of():
    async def main():
        permits = Permits(Time())
        mine = account(submits=(4, 10.0), polls=(8, 1.0), active=10, connections=5)
        limits = permits.of(mine)
        assert permits.of(attrs.evolve(mine)) is limits
        assert limits.load() == (0.0, 0)
        async with permits.submit(mine) as permit:
            permit.sent()
            assert limits.load() == (1 / 4, 1)
            permit.keep(bought(0))
        assert limits.load() == (1 / 4, 1)  # a window long
        await asyncio.sleep(10)
        assert limits.load() == (1 / 8, 1)  # to look at one task a second takes one of eight polls
        for number in range(1, 4):
            async with permits.submit(mine) as permit:
                permit.sent()
                permit.keep(bought(number))
        await asyncio.sleep(10)
        assert limits.load() == (4 / 8, 4)
        limits.coming = 5
        assert limits.load() == (5 / 4, 9)
        few = permits.of(account(name="few", active=2, connections=8))
        few.coming = 1
        assert few.load() == (1 / 2, 1)
        plain = permits.of(account(name="plain", connections=8))
        plain.coming = 2
        assert plain.load() == (2 / 8, 2)

    timed(main())


def test_who_waits_counts_as_load():
    async def main():
        permits, mine = Permits(Time()), account(submits=(1, 10.0), active=1)
        async with permits.submit(mine) as permit:
            permit.sent()
            waiting = [asyncio.create_task(hold(permits, mine, 0)) for _ in range(3)]
            await asyncio.sleep(0)
            assert permits.of(mine).load() == (4.0, 4)
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            assert permits.of(mine).load() == (1.0, 1)

    timed(main())


# The first of several


def test_of_several_waits_those_that_come_later_are_given_up():
    ended = Counter()

    async def wait(name, seconds):
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            ended["given up"] += 1
            raise
        ended[name] += 1

    async def main():
        await first_of(wait("soon", 1), wait("late", 5))
        assert now() == 1
        await first_of(wait("late", 5), timeout=2)
        assert now() == 3
        waiting = asyncio.create_task(first_of(wait("late", 5)))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (now(), len(asyncio.all_tasks())) == (4, 1)

    timed(main())
    assert ended == {"soon": 1, "given up": 3}


# Before an account is chosen


def test_a_line_counts_requests_that_have_had_no_turn_and_tells_when_it_is_shorter():
    line = Line()
    line.join("a1", "a")
    line.join("a2", "a")
    line.join("b1", "b")
    shorter = line.shorter
    assert len(line) == 2
    line.leave("a1")
    line.leave("a1")  # a permit, and then an end
    assert (len(line), shorter.is_set(), line.is_empty) == (1, True, False)
    assert not line.shorter.is_set()  # that one is for whoever asks from now on
    line.leave("b1")
    line.leave("c1")
    assert (len(line), line.is_empty) == (0, False)
    line.leave("a2")
    assert line.is_empty


def test_there_is_room_while_a_connection_is_free_or_the_line_is_short():
    async def main():
        limits = Permits(Time()).of(account(connections=LONGEST + 4))
        assert limits.has_room(trial=True)
        for number in range(LONGEST):
            assert limits.has_room()
            limits.line.join(number, number)
        assert not limits.has_room(trial=True)
        limits.coming = LONGEST + 3
        assert limits.has_room()
        limits.coming = LONGEST + 4
        assert not limits.has_room()
        limits.line.leave(0)
        assert limits.has_room()

    timed(main())


@pytest.mark.parametrize("limits", [{"submits": (4, 10.0)}, {"active": 4}])
def test_what_would_wait_for_a_limit_has_room_in_a_short_line_alone(limits):
    async def main():
        free = Permits(Time()).of(account(connections=LONGEST + 8, **limits))
        for number in range(LONGEST):
            assert free.has_room()
            free.line.join(number, number)
        free.coming = 3
        assert free.has_room()  # it would be sent at once
        free.coming = 4
        assert not free.has_room()  # it is better kept in the queue, where another account may take it sooner

    timed(main())


@given(st.permutations(range(6)), st.sets(st.integers(1, 5)))
def test_one_of_a_queue_is_first_and_those_behind_it_wait_no_longer_than_they_like(places, impatient):
    async def main():
        queue, told = Queue(Time()), []

        async def first(place, deadline):
            try:
                async with queue.first(place, deadline):
                    told.append(place)
                    await asyncio.sleep(1)
            except TimeoutError:
                assert now() == deadline

        deadlines = [number / 8 if number in impatient else math.inf for number in range(6)]
        await asyncio.gather(*map(first, places, deadlines))
        came_first, *waiting = [place for number, place in enumerate(places) if number not in impatient]
        assert told == [came_first, *sorted(waiting)]

    timed(main())


def test_whose_deadline_comes_before_a_queue_opens_does_not_wait_for_it():
    async def main():
        permits, gave_up = Permits(Time()), []
        queue = permits.queue("these")

        async def first(deadline):
            try:
                async with queue.first(permits.last_place(), deadline):
                    return now()
            except TimeoutError:
                gave_up.append((deadline, now()))

        async with permits.queue("others").first(permits.last_place(), 1), queue.first(permits.last_place(), 90):
            waiting = [asyncio.create_task(first(deadline)) for deadline in (3, 10, 30, math.inf)]
            await asyncio.sleep(3)  # one of them is giving up at this very moment
            with queue.closed(20):
                waiting += [asyncio.create_task(first(deadline)) for deadline in (15, 40)]
                await asyncio.sleep(1)
                assert gave_up == [(3, 3), (10, 3), (15, 3)]
                await asyncio.sleep(16)
            waiting.append(asyncio.create_task(first(25)))
            await asyncio.sleep(1)
        assert await asyncio.gather(*waiting) == [None, None, 21, 21, None, 21, 21]

    timed(main())
