"""Very many requests at once over four providers in trouble: each ends, none is billed twice, no limit is passed.

All of it in virtual time, in which answers take theirs; benchmarks/spread.py does the same for real, with more.
"""

import asyncio
import random
from collections import Counter

import attrs
import pytest

from anymedia import AnymediaError, Client, ImageRequest, Result, read_config
from anymedia.simulators import running
from tests.machine.virtual import Loop, LoopClock, slow_way

CALLS = 300
TROUBLE = 0.2
SUBMITS, POLLS = (20, 10.0), (10, 1.0)
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
    async with running(clock=clock.time) as sims:
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
