"""Which accounts are left alone, for how long, and what brings them back."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anymedia import Account, AccountHealth, Attempt, BadApiKey, Cause, Cooling, Money, Order, Outcome, Unavailable
from anymedia.declare import Balance, Endpoint
from anymedia.limits.health import Cooldown, Health
from anymedia.limits.slots import ActiveTasks, RateWindow
from anymedia.testing import FakeClock

from .acme import acme
from .time_loop import Time, timed

ACME = acme(submit=Endpoint(method="POST", path="/v1"), balance=Balance(path="/credit", usd="usd"))
ACCOUNT = Account(name="mine", adapter=ACME, origin=ACME.base_url)
OTHER = attrs.evolve(ACCOUNT, name="another")

TRIALS = {}


def admit(health, account):
    """Admit a submit, and return whether it is the trial that `over` ends."""
    admission = health.admitted(account)
    admission.__enter__()
    if health.trial(account) is None:
        admission.__exit__(None, None, None)
        return False
    TRIALS[account.name] = admission
    return True


def over(health, account):
    """End the trial of an account."""
    TRIALS.pop(account.name).__exit__(None, None, None)


ENDS = {
    "bad key": (Cooldown.KEY, Outcome.REFUSED, Cause.BAD_API_KEY),
    "no credit": (Cooldown.BALANCE, Outcome.REFUSED, Cause.NO_CREDIT),
    "rate limit": (Cooldown.TIME, Outcome.REFUSED, Cause.RATE_LIMITED),
    "unavailable": (Cooldown.TRIAL, Outcome.REFUSED, Cause.UNAVAILABLE),
    "not reached": (Cooldown.TRIAL, Outcome.NOT_SENT, Cause.UNAVAILABLE),
    "uncertain": (Cooldown.TRIAL, Outcome.UNCERTAIN, None),
    "without id": (Cooldown.TRIAL, Outcome.ACCEPTED_WITHOUT_ID, None),
    "invalid": (Cooldown.NONE, Outcome.REFUSED, Cause.REJECTED),
}


class Kept(FakeClock):
    """A clock whose chance a test says."""

    luck = 0.0

    def chance(self):
        return self.luck


@pytest.fixture
def clock():
    return Kept()


@pytest.fixture
def health(clock):
    return Health(clock, no_balance)


async def no_balance(account):
    raise AssertionError("nobody has asked for it")


def attempt(began, ended, outcome=Outcome.REFUSED, cause=None, retry_after=None):
    made = Attempt(
        id="a" * 32,
        order=Order(
            provider="acme", account="mine", offer="acme/1", model="one", wire_id="1", path="/v1", money=Money()
        ),
        started_at=began,
        ended_at=ended,
        outcome=outcome,
        error=f"it was {outcome}",
        cause=cause,
        retry_after=retry_after,
    )
    return attrs.evolve(made, task=made.draft("t")) if outcome is Outcome.ACCEPTED else made


def met(health, clock, name="unavailable", *, began=None, retry_after=None, account=ACCOUNT):
    """Have an account meet something now, in a submit that began then, or just now."""
    began = clock.now() if began is None else began
    if name == "well":
        health.note(account, attempt(began, clock.now(), Outcome.ACCEPTED), Cooldown.NONE)
        return
    ends, outcome, cause = ENDS[name]
    health.note(account, attempt(began, clock.now(), outcome, cause, retry_after), ends)


# How long


@pytest.mark.parametrize(
    ("name", "retry_after", "seconds"),
    [
        ("bad key", None, 1),
        ("bad key", 5.0, 5),
        ("no credit", None, 3600),
        ("no credit", 5.0, 3600),
        ("rate limit", 7.5, 7.5),
        ("rate limit", 900.0, 900),
        ("rate limit", 0.25, 0.25),
        ("rate limit", None, 1),
        ("unavailable", None, 1),
        ("unavailable", 40.0, 40),
        ("unavailable", 0.5, 1),
        ("not reached", None, 1),
        ("uncertain", None, 30),
        ("uncertain", 10.0, 30),
        ("without id", 45.0, 45),
        ("invalid", None, 0),
    ],
)
def test_the_first_cooldown_of_each_cause(health, clock, name, retry_after, seconds):
    met(health, clock, name, retry_after=retry_after)
    assert health.wait(ACCOUNT) == pytest.approx(seconds)
    assert health.wait(OTHER) == 0
    if seconds == 0:
        assert admit(health, ACCOUNT) is False
        return
    with pytest.raises(Cooling, match="mine is left alone until") as caught:
        admit(health, ACCOUNT)
    assert (caught.value.account, caught.value.provider) == ("mine", "acme")
    assert (caught.value.outcome, caught.value.billed, caught.value.attempt) == (Outcome.NOT_SENT, "no", None)
    clock.seconds += 100_000
    assert health.wait(ACCOUNT) == 0
    assert admit(health, ACCOUNT) is (ENDS[name][0] in (Cooldown.TRIAL, Cooldown.KEY))


@pytest.mark.parametrize(("name", "first"), [("unavailable", 1), ("bad key", 1), ("rate limit", 1), ("uncertain", 30)])
@given(luck=st.floats(0, 1, exclude_max=True), idle=st.floats(0.001, 5), takes=st.floats(0, 400))
def test_it_doubles_with_each_failure_to_five_minutes_and_by_a_tenth_at_random(name, first, luck, idle, takes):
    clock = Kept()
    health, clock.luck = Health(clock, no_balance), luck
    for failures in range(1, 13):
        began = clock.now()
        clock.seconds += takes
        met(health, clock, name, began=began)
        wait, least = health.wait(ACCOUNT), min(first * 2 ** (failures - 1), 300)
        assert health.of(ACCOUNT).failures == failures
        assert least - 1e-3 <= wait <= least * 1.1 + 1e-3
        assert wait == pytest.approx(least * (1 + luck / 10))
        while wait := health.wait(ACCOUNT):
            clock.seconds += wait
        clock.seconds += idle
    met(health, clock, "well")
    met(health, clock, name)
    assert (health.of(ACCOUNT).failures, health.wait(ACCOUNT)) == (1, pytest.approx(first * (1 + luck / 10)))


def test_it_ends_to_the_second_where_the_provider_named_a_time(health, clock):
    met(health, clock, "rate limit", retry_after=10.0)
    clock.seconds += 9.5
    assert health.wait(ACCOUNT) == 0.5
    with pytest.raises(Cooling):
        admit(health, ACCOUNT)
    clock.seconds += 0.5
    assert admit(health, ACCOUNT) is admit(health, ACCOUNT) is False  # all at once: this is no outage


def test_what_ends_sooner_does_not_shorten_what_ends_later(health, clock):
    met(health, clock, "no credit")
    met(health, clock, "rate limit", retry_after=5.0)
    assert (health.wait(ACCOUNT), health.of(ACCOUNT).cause) == (3600, "no_credit")
    met(health, clock, "rate limit", retry_after=5000.0)
    met(health, clock, "bad key")
    assert (health.wait(ACCOUNT), health.of(ACCOUNT).cause) == (5000, "rate_limited")


# What it is said to be


def test_how_an_account_does(health, clock):
    assert health.of(ACCOUNT) == AccountHealth(account="mine", provider="acme")
    met(health, clock, "rate limit", retry_after=20.0)
    since = clock.now()
    clock.seconds += 5
    assert health.of(ACCOUNT) == AccountHealth(
        account="mine",
        provider="acme",
        cause="rate_limited",
        reason="it was refused",
        ends=Cooldown.TIME,
        since=since,
        until=since + timedelta(seconds=20),
        failures=1,
    )
    clock.seconds += 100
    assert health.of(ACCOUNT).until == clock.now()  # from now on
    assert health.of(OTHER) == AccountHealth(account="another", provider="acme")


def test_when_it_ends_is_said(health, clock):
    met(health, clock, "uncertain", account=OTHER)
    assert health.of(OTHER).cause == "uncertain"
    assert str(health.cooling(OTHER)) == "another is left alone until 08:00:30 UTC: it was uncertain"


# What was under way when it began


@pytest.mark.parametrize("name", ["unavailable", "uncertain", "rate limit", "no credit"])
def test_what_was_under_way_when_the_trouble_began_neither_escalates_nor_clears(health, clock, name):
    before = clock.now()
    clock.seconds += 1
    met(health, clock, name, began=before)
    first = health.wait(ACCOUNT)
    for _ in range(5):
        clock.seconds += 0.01
        met(health, clock, name, began=before)
    assert (health.of(ACCOUNT).failures, health.wait(ACCOUNT)) == (1, pytest.approx(first))
    met(health, clock, "uncertain", began=before)  # of another kind, and of the same trouble
    assert health.of(ACCOUNT).failures == 1
    wait = health.wait(ACCOUNT)
    met(health, clock, "well", began=before)
    assert health.wait(ACCOUNT) == wait > 0
    met(health, clock, "well")
    assert health.of(ACCOUNT).cause is None


def test_what_was_sent_all_the_same_does_not_escalate_either_and_clears(health, clock):
    """A replay is sent during a cooldown too: its failures are of one outage."""
    met(health, clock, "uncertain")
    clock.seconds += 5
    met(health, clock, "uncertain")
    assert health.of(ACCOUNT).failures == 1
    met(health, clock, "well")
    assert health.wait(ACCOUNT) == 0


# The trial


async def test_one_request_tries_first_and_the_others_wait_for_its_end(health, clock):
    met(health, clock)
    clock.seconds += 1
    assert health.trial(ACCOUNT) is None
    assert admit(health, ACCOUNT) is True
    trial = health.trial(ACCOUNT)
    assert health.wait(ACCOUNT) == 0
    for _ in range(3):
        with pytest.raises(Cooling):
            admit(health, ACCOUNT)
    assert admit(health, OTHER) is False
    waiting = asyncio.create_task(trial.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    met(health, clock, "well")
    over(health, ACCOUNT)
    await waiting
    assert health.trial(ACCOUNT) is None
    assert admit(health, ACCOUNT) is admit(health, ACCOUNT) is False


async def test_a_trial_that_fails_makes_the_next_one_wait_twice_as_long(health, clock):
    for failures in range(1, 5):
        met(health, clock)
        assert health.wait(ACCOUNT) == pytest.approx(2 ** (failures - 1))
        if failures > 1:
            over(health, ACCOUNT)
        while wait := health.wait(ACCOUNT):
            with pytest.raises(Cooling):
                admit(health, ACCOUNT)
            clock.seconds += wait
        assert admit(health, ACCOUNT) is True


@pytest.mark.parametrize("end", ["cancelled", "refused as invalid"])
async def test_a_trial_that_tells_nothing_frees_the_next(health, clock, end):
    met(health, clock)
    clock.seconds += 1
    assert admit(health, ACCOUNT) is True
    if end == "refused as invalid":
        met(health, clock, "invalid")
    over(health, ACCOUNT)
    assert admit(health, ACCOUNT) is True
    with pytest.raises(Cooling):
        admit(health, ACCOUNT)


@pytest.mark.parametrize("name", ["rate limit", "no credit"])
def test_what_is_no_outage_ends_for_everybody_at_once(health, clock, name):
    met(health, clock, name)
    clock.seconds += 4000
    assert [admit(health, ACCOUNT) for _ in range(3)] == [False] * 3
    assert health.trial(ACCOUNT) is None


# Whether there is credit again


@attrs.define
class Purse:
    """What an account has; `reads` says when it was looked at."""

    usd: str | None = "0.01"
    takes: float = 0.0
    reads: list = attrs.Factory(list)
    under_way: int = 0
    most: int = 0

    async def __call__(self, account):
        self.reads.append(asyncio.get_running_loop().time())
        usd = self.usd
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.takes)
        self.under_way -= 1
        if usd is None:
            raise Unavailable("nobody is there")
        return Money(usd=Decimal(usd))


async def looked(health, seconds, *, every=1.0):
    """Look at the balance again and again for a while, as requests do that come by."""
    for _ in range(round(seconds / every)):
        health.look([ACCOUNT])
        await asyncio.sleep(every)


def empty(purse):
    clock = Time()
    health = Health(clock, purse)
    met(health, clock, "no credit")
    health.look([ACCOUNT, OTHER])
    return health


def test_an_account_without_credit_is_asked_again_when_its_balance_has_changed():
    async def main():
        purse = Purse()
        health = empty(purse)
        await looked(health, 150)
        assert (purse.reads, health.wait(ACCOUNT)) == ([0, 60, 120], 3450)
        purse.usd = "10.00"
        await looked(health, 29)
        assert health.wait(ACCOUNT) > 0
        await looked(health, 2)
        assert (health.of(ACCOUNT).cause, admit(health, ACCOUNT)) == (None, False)
        await looked(health, 100)
        assert purse.reads == [0, 60, 120, 180]

    timed(main())


def test_what_was_credited_until_the_refusal_is_not_what_it_is_compared_with():
    async def main():
        purse = Purse(usd="0.00")
        health = empty(purse)
        await looked(health, 5)
        purse.usd = "0.03"  # it was given back, for one: a change is a change
        await looked(health, 60)
        assert health.of(ACCOUNT).cause is None

    timed(main())


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 100)), max_size=12))
def test_a_balance_is_looked_at_once_a_minute_at_most_and_by_one_at_a_time(steps):
    async def main():
        purse = Purse()
        health = empty(purse)
        for pause, purse.takes in steps:
            await asyncio.sleep(pause)
            health.look([ACCOUNT])
        assert all(later - earlier >= 60 for earlier, later in pairwise(purse.reads))
        assert purse.most <= 1
        await health.close()

    timed(main())


def test_nobody_waits_for_a_balance_and_whatever_it_tells_of_another_trouble_is_nothing():
    async def main():
        purse = Purse(takes=30)
        health = empty(purse)
        assert health.wait(ACCOUNT) == 3600
        await asyncio.sleep(90)
        purse.usd = "9"
        health.look([ACCOUNT])
        await asyncio.sleep(1)
        met(health, Time(), "rate limit", retry_after=9000.0)
        await asyncio.sleep(60)
        health.look([ACCOUNT])
        assert (health.of(ACCOUNT).cause, len(purse.reads)) == ("rate_limited", 2)

    timed(main())


def test_a_balance_that_cannot_be_read_is_looked_at_a_minute_later():
    async def main():
        purse = Purse(usd=None)
        health = empty(purse)
        await looked(health, 59)
        purse.usd = "0.01"
        await looked(health, 60)
        purse.usd = None
        await looked(health, 60)
        assert health.wait(ACCOUNT) > 0
        purse.usd = "0.02"
        await looked(health, 60)
        assert (health.of(ACCOUNT).cause, purse.reads) == (None, [0, 60, 120, 180])

    timed(main())


def test_where_no_balance_is_told_an_hour_ends_it_and_no_other_trouble_is_looked_into():
    silent = attrs.evolve(ACCOUNT, adapter=attrs.evolve(ACME, balance=None))

    async def main():
        clock, purse = Time(), Purse()
        health = Health(clock, purse)
        met(health, clock, "no credit", account=silent)
        met(health, clock, "unavailable", account=OTHER)
        for _ in range(61):
            health.look([silent, OTHER])
            assert health.of(silent).cause == "no_credit"
            await asyncio.sleep(60)
        assert (health.wait(silent), admit(health, silent), purse.reads) == (0, False, [])

    timed(main())


@pytest.mark.parametrize("parts", [2, 4])
def test_a_fan_out_that_is_refused_in_every_part_is_one_trouble_with_one_balance(parts):
    """Each part is refused for itself, a moment later than the one before, and each has the balance looked at."""

    async def main():
        clock, purse = Time(), Purse(takes=0.5)
        health, began = Health(clock, purse), clock.now()
        for _ in range(parts):
            await asyncio.sleep(0.2)
            met(health, clock, "no credit", began=began)
            health.look([ACCOUNT])
        await asyncio.sleep(600)
        purse.usd = "10.00"
        await looked(health, 2)
        assert health.of(ACCOUNT).cause is None
        assert len(purse.reads) == 2

    timed(main())


def test_a_client_that_is_closed_looks_at_no_balance_any_more():
    async def main():
        purse = Purse(takes=1000)
        health = empty(purse)
        await asyncio.sleep(1)
        await health.close()
        assert asyncio.get_running_loop().time() == 1
        assert len(asyncio.all_tasks()) == 1
        await health.close()

    timed(main())


# Whether an API key is bad


@attrs.define
class Door:
    """An account's balance, told to whom the provider lets in; `reads` counts who came."""

    says: type[Exception] | None = BadApiKey
    reads: int = 0
    takes: float = 0.0

    async def __call__(self, account):
        self.reads += 1
        says = self.says
        await asyncio.sleep(self.takes)
        if says is not None:
            raise says("401")
        return Money()


async def refused(health, clock, times, name="bad key", account=ACCOUNT):
    """Have the key of an account refused so many times in a row, each by a trial, and each followed by a look."""
    for _ in range(times):
        await asyncio.sleep(health.wait(account))
        met(health, clock, name, account=account)
        health.look([account])
        await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("says", "steps", "reads", "is_bad"),
    [
        (BadApiKey, [(2, "bad key")], 0, False),
        (BadApiKey, [(3, "bad key")], 1, True),
        (BadApiKey, [(2, "bad key"), (1, "unavailable"), (2, "bad key")], 0, False),  # not three in a row
        (None, [(3, "bad key")], 1, False),  # the key is taken elsewhere: it is the service for keys that is ill
        (None, [(5, "bad key")], 1, False),
        (Unavailable, [(3, "bad key")], 1, False),
        (Unavailable, [(9, "bad key")], 4, False),  # once a minute at most
    ],
)
def test_a_key_is_bad_when_it_is_refused_three_times_and_for_a_look(says, steps, reads, is_bad):
    async def main():
        clock, door = Time(), Door(says)
        health = Health(clock, door)
        for times, name in steps:
            await refused(health, clock, times, name)
        assert (door.reads, health.of(ACCOUNT).until is None) == (reads, is_bad)
        if not is_bad:
            while wait := health.wait(ACCOUNT):
                await asyncio.sleep(wait)
            assert admit(health, ACCOUNT) is True
            over(health, ACCOUNT)
            return
        assert health.of(ACCOUNT).ends is Cooldown.CONFIG
        cooling = health.cooling(ACCOUNT)
        assert str(cooling) == "mine is left alone until its configuration changes: it was refused"
        assert (cooling.retry, cooling.retry_after) == ("elsewhere", None)  # a later call would do no better
        await asyncio.sleep(100_000)
        with pytest.raises(Cooling):
            admit(health, ACCOUNT)
        for name in ("bad key", "no credit", "rate limit"):  # of submits that were under way
            met(health, clock, name)
        assert health.wait(ACCOUNT) == math.inf

    timed(main())


def test_a_look_that_is_refused_when_the_key_was_taken_meanwhile_says_nothing():
    async def main():
        clock, door = Time(), Door(takes=30.0)
        health = Health(clock, door)
        await refused(health, clock, 3)
        met(health, clock, "well")
        await asyncio.sleep(60)
        assert health.of(ACCOUNT).cause is None
        silent = attrs.evolve(OTHER, adapter=attrs.evolve(ACME, balance=None))
        await refused(health, clock, 9, account=silent)
        assert (door.reads, health.wait(silent) < math.inf) == (1, True)

    timed(main())


# Times of the wall clock


class Moved(Kept):
    """A clock whose wall time is set back or forward, while its seconds go on."""

    by = 0.0

    def now(self):
        return super().now() + timedelta(seconds=self.by)


JUMPS = st.sampled_from([0.0, -0.5, 3600.0, -3600.0, 400 * 86_400.0, -400 * 86_400.0])


@given(st.lists(st.tuples(st.sampled_from([*ENDS, "well"]), st.floats(0, 400), st.floats(0, 400), JUMPS), max_size=8))
def test_a_wall_clock_that_is_set_changes_no_cooldown_and_no_window(steps):
    def waits(jumps):
        clock = Moved()
        health, window, tasks = Health(clock, no_balance), RateWindow((2, 60.0), clock), ActiveTasks(3, clock)
        for name, takes, idle, jump in steps:
            submit, began = clock.now(), clock.monotonic()
            clock.by += jump * jumps
            clock.seconds += takes
            ends, outcome, cause = ENDS.get(name, (Cooldown.NONE, Outcome.ACCEPTED, None))
            ended = attempt(submit, clock.now(), outcome, cause)
            health.note(ACCOUNT, ended, ends, began)
            window._under_way += 1
            window.leave(arrived=True)
            tasks.add(ended)
            clock.seconds += idle
            until = health.of(ACCOUNT).until
            left = None if until is None else (until - clock.now()).total_seconds()
            yield health.wait(ACCOUNT), left, health.of(ACCOUNT).failures, window.wait(0), len(tasks)

    assert list(waits(jumps=1)) == list(waits(jumps=0))


@pytest.mark.parametrize(
    ("began", "ended", "wait"),
    [
        (-10, -0.25, 0.75),
        (-10, None, 0),  # an end that nobody wrote down is its begin
        (-0.25, -10, 0),  # the clock was set back in between
        (3600, 7200, 1),  # ... or since
        (-3600, 3600, 1),
    ],
)
def test_what_another_process_met_has_no_negative_age(health, clock, began, ended, wait):
    ends, outcome, cause = ENDS["unavailable"]
    times = [None if each is None else clock.now() + timedelta(seconds=each) for each in (began, ended)]
    health.note(ACCOUNT, attempt(*times, outcome, cause), ends)
    assert (health.of(ACCOUNT).failures, health.wait(ACCOUNT)) == (1, pytest.approx(wait))


@given(st.floats(0, 1e9), st.floats(0, 1, exclude_max=True), st.floats(0, 10))
@example(1_800_000_000.3, 0.123, 0.1)
def test_a_trial_that_begins_to_the_moment_counts(began, luck, takes):
    """A wall clock has microseconds, and the time that doubles has more."""
    clock = Kept(began)
    health, clock.luck = Health(clock, no_balance), luck
    met(health, clock)
    while wait := health.wait(ACCOUNT):
        clock.seconds += wait
    tried = clock.now()
    clock.seconds += takes
    met(health, clock, began=tried)
    assert health.of(ACCOUNT).failures == 2


def test_an_attempt_without_an_end_is_taken_by_its_begin(health, clock):
    ends, outcome, cause = ENDS["unavailable"]
    health.note(ACCOUNT, attempt(clock.now(), None, outcome, cause), ends)
    assert (health.of(ACCOUNT).since, health.wait(ACCOUNT)) == (datetime.fromtimestamp(clock.seconds, UTC), 1)
