"""Very many requests at once over four providers in trouble: each ends, none is billed twice, no limit is passed.

All of it in virtual time, in which answers take theirs; benchmarks/spread.py does the same for real, with more.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from unittest.mock import patch

import attrs
import pytest

from anymedia import AnymediaError, Client, Cooling, ImageRequest, NoCredit, Result, Task, Unavailable, read_config
from anymedia.journal import MemoryJournal
from anymedia.limits.health import CHECK_BALANCE, NO_CREDIT, Health
from anymedia.limits.line import LONGEST
from anymedia.simulators import running
from tests.machine.virtual import Loop, LoopClock, slow_way
from tests.providers import FOUR

CALLS = 300
TROUBLE = 0.2
SUBMITS, POLLS = (20, 10.0), (6, 1.0)
LIMITS = {"runapi": {"submits": list(SUBMITS)}, "reapi": {"polls": list(POLLS)}}
REQUEST = ImageRequest(model="flux-2-pro", prompt="a lighthouse at dusk", aspect_ratio="16:9", resolution="1K")

ON_SUBMIT = (
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "no_answer", "seconds": 2, "created": True},
    {"kind": "status", "status": 500, "created": True},
    {"kind": "status", "status": 503, "message": "No active channel available"},
    {"kind": "throttled", "retry_after": 3},
    {"kind": "cut_body"},
    {"kind": "without_id"},
    {"kind": "failed"},
    {"kind": "failed"},
    {"kind": "latency", "seconds": 30},
)
ON_POLL = (
    {"kind": "reset_before"},
    {"kind": "throttled", "retry_after": 2},
    {"kind": "status", "status": 503, "body": "html"},
    {"kind": "not_json"},
)


@attrs.define
class Seen:
    """When submits and looks arrived at a provider."""

    submits: list = attrs.field(factory=list)
    polls: list = attrs.field(factory=list)


def in_trouble(service, clock, chance):
    """Let some of a provider's calls go wrong, and return when each of them arrived."""
    seen, answer = Seen(), service.answer
    found = {"submit": (seen.submits, ON_SUBMIT), "poll": (seen.polls, ON_POLL)}

    def troubled(request):
        place = service._place(request)[0]
        if place in found:
            arrived, faults = found[place]
            arrived.append(clock.time())
            if chance.random() < TROUBLE:
                service.add_fault({**chance.choice(faults), "on": place})
        return answer(request)

    service.answer = troubled
    return seen


def fullest(times, seconds):
    """Return how many calls there were in the fullest window of so many seconds."""
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] >= seconds - 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


async def spread(clock):
    """Ask for everything at once; return the ends, and when what arrived where."""
    async with running(*FOUR, clock=clock.time) as sims:
        seen = {sim.name: in_trouble(sim.service, clock, random.Random(sim.name)) for sim in sims}
        data = sims.config
        for name, limits in LIMITS.items():
            data["providers"][name]["limits"] = limits
        async with Client(read_config(data, sims.environ), clock=clock) as client:
            clock.loop.slow_down(client.journal)
            wanted = [attrs.evolve(REQUEST, prompt=f"{REQUEST.prompt}, number {number}") for number in range(CALLS)]
            calls = (client.generate(request, policy="spread") for request in wanted)
            ends = await asyncio.gather(*calls, return_exceptions=True)
        tasks = [task for sim in sims for task in sim.service.tasks.values()]
    return ends, seen, Counter(task.order.prompt for task in tasks if task.order.price > task.refunded)


@pytest.mark.slow
def test_very_many_requests_at_once_end_and_no_limit_is_passed():
    with slow_way(1), asyncio.Runner(loop_factory=Loop) as runner:
        ends, seen, billed = runner.run(spread(LoopClock(runner.get_loop())))
    assert all(isinstance(end, Result | AnymediaError) for end in ends)
    made = Counter(end.tasks[0].account for end in ends if isinstance(end, Result))
    assert made.total() > CALLS / 2
    assert set(made) == set(seen)
    assert max(billed.values()) == 1
    # Each limit is used to the full, and never passed.
    assert fullest(seen["runapi"].submits, SUBMITS[1]) == SUBMITS[0]
    assert fullest(seen["reapi"].polls, POLLS[1]) == POLLS[0]


# One account, and everybody waits for it

CONNECTIONS = 2


async def at_one(clock, timeouts, *faults):
    """Ask one account for everything at once; return the ends, when a request looked where it can go, and what came."""
    looks = []

    def look(health, accounts):
        looks.append(clock.monotonic())

    async with running(*FOUR, clock=clock.time) as sims:
        for fault in faults:
            sims["reapi"].fault(**fault)
        data = sims.config
        data["providers"]["reapi"]["connections"] = CONNECTIONS
        async with Client(read_config(data, sims.environ), clock=clock) as client:
            clock.loop.slow_down(client.journal)
            wanted = [attrs.evolve(REQUEST, prompt=f"{number:04}") for number in range(len(timeouts))]
            with patch.object(Health, "look", look):
                submits = (
                    client.submit(request, "reapi", timeout=timeout)
                    for request, timeout in zip(wanted, timeouts, strict=True)
                )
                ends = await asyncio.gather(*submits, return_exceptions=True)
        made = [task.order.prompt for task in sims["reapi"].service.tasks.values()]
    return ends, looks, made


def in_virtual_time(main, *arguments):
    with slow_way(1), asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(main(LoopClock(runner.get_loop()), *arguments))


def test_an_account_in_trouble_again_and_again_wakes_one_request_at_a_time():
    calls, outages = 120, 3
    not_reached = {"kind": "status", "status": 523, "body": "html", "on": "submit", "times": outages}
    ends, looks, made = in_virtual_time(at_one, [None] * calls, not_reached)
    assert [end for end in ends if not isinstance(end, Task)] == []
    assert Counter(made) == {f"{number:04}": 1 for number in range(calls)}
    # A look as each comes, as it is first, as it has waited; for each outage those of the few that were at the account.
    assert len(looks) <= 3 * calls + outages * (LONGEST + CONNECTIONS + 2) * 2
    # They come in their order, as far as their ways to the provider take the same time; those last that were refused.
    places = [int(prompt) for prompt in made]
    assert all(abs(place - number) <= 2 * outages for number, place in enumerate(places[:-outages]))
    assert max(places[-outages:]) <= LONGEST + CONNECTIONS


@pytest.mark.parametrize("timeouts", [[20] * 40, [20] * 20 + [5] * 20], ids=["all at once", "the last ones first"])
@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ({"kind": "no_answer", "seconds": 1000}, Unavailable, "reapi could not be sent to in time"),
        ({"kind": "throttled", "retry_after": 8}, Cooling, "reapi is left alone until 08:00:"),
    ],
)
def test_who_is_still_in_the_queue_at_its_deadline_is_told_why(fault, error, told, timeouts):
    ends, _, made = in_virtual_time(at_one, timeouts, {**fault, "on": "submit", "times": None})
    assert made == []
    assert isinstance(ends[-1], error)
    assert told in str(ends[-1])
    assert ends[-1].attempts == ()


def test_who_waits_for_ever_does_not_keep_the_others_from_hearing_that_nothing_is_sent_in_time():
    timeouts = [None] * 20 + [60] * 20
    ends, _, made = in_virtual_time(at_one, timeouts, {"kind": "no_credit", "times": 1})
    told = [end for end in ends if isinstance(end, Cooling)]
    assert (len(told), len(made)) == (20, 19)  # one met it itself
    assert min(error.retry_after for error in told) > NO_CREDIT - 5


async def beside_large_ones(clock, number):
    """Let a request of one part come after so many of many parts; return how it ends."""
    async with running(*FOUR, clock=clock.time) as sims:
        data = sims.config
        data["providers"]["runapi"]["limits"] = {"submits": [10, 10]}
        async with Client(read_config(data, sims.environ), clock=clock, journal=MemoryJournal()) as client:
            large = attrs.evolve(REQUEST, count=40)
            waiting = [asyncio.create_task(client.generate(large, "runapi")) for _ in range(number)]
            await clock.sleep(1)
            try:
                return await client.generate(REQUEST, "runapi", timeout=60)
            finally:
                for each in waiting:
                    each.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)


@pytest.mark.parametrize("number", [1, LONGEST, LONGEST + 4])
def test_however_many_large_requests_wait_a_small_one_has_its_turn(number):
    assert in_virtual_time(beside_large_ones, number).missing == 0


async def topped_up(clock):
    """Let a request sleep at an account without credit, top that up, and let another one come; return when both end."""
    async with running(*FOUR, clock=clock.time) as sims:
        sims["reapi"].fault("no_credit", on="submit", times=1)
        async with Client(read_config(sims.config, sims.environ), clock=clock, journal=MemoryJournal()) as client:
            began = clock.monotonic()
            with pytest.raises(NoCredit):
                await client.submit(REQUEST, "reapi")
            sleeping = asyncio.create_task(client.submit(REQUEST, "reapi", timeout=None))
            await clock.sleep(2 * CHECK_BALANCE)
            with pytest.raises(Cooling):  # it has the balance looked at
                await client.submit(REQUEST, "reapi", timeout=CHECK_BALANCE)
            sims["reapi"].service.balance += 1000
            await clock.sleep(2 * CHECK_BALANCE)
            with suppress(Cooling):
                await client.submit(REQUEST, "reapi", timeout=CHECK_BALANCE)
            await sleeping
            await client.submit(REQUEST, "reapi", timeout=CHECK_BALANCE)
            return clock.monotonic() - began


def test_who_sleeps_at_an_account_without_credit_is_woken_when_it_is_topped_up():
    assert in_virtual_time(topped_up) < NO_CREDIT / 2


async def beside_one_that_cools_down(clock, policy):
    """Ask two accounts, of which one cools down and the other has few task slots; return how long it all takes."""
    async with running(*FOUR, clock=clock.time) as sims:
        data = sims.config
        data["providers"]["runapi"]["limits"] = {"active": 2}
        sims["reapi"].fault("throttled", retry_after=100, on="submit", times=None)
        async with Client(read_config(data, sims.environ), clock=clock, journal=MemoryJournal()) as client:
            began = clock.monotonic()
            asked = (client.generate(REQUEST, "reapi", "runapi", policy=policy, timeout=600) for _ in range(20))
            ends = await asyncio.gather(*asked)
            return ends, clock.monotonic() - began


@pytest.mark.parametrize("policy", ["ordered", "spread"])
def test_a_task_slot_that_is_free_is_taken_while_another_account_cools_down(policy):
    ends, seconds = in_virtual_time(beside_one_that_cools_down, policy)
    assert {end.tasks[0].account for end in ends} == {"runapi"}
    assert seconds < 200
