"""Many rows at providers with limits: none is passed, and little of what they allow is left; a budget is reached.

The simulators count: when each call came, and how many tasks were under way. Their limits are those of the providers'
pages. ANYMEDIA_ROWS says how many rows: a few hundred in `make test`, five thousand in `make soak`.
"""

import gc
import os
from collections import deque
from decimal import Decimal
from itertools import count
from pathlib import Path

from tests.samples import picture

from .playing import played, rows

ROWS = int(os.environ.get("ANYMEDIA_ROWS", "300"))
MANY = 5000
MOST = 4096
"""Bytes by which a row may make the process grow, where twenty times as much would be held if each result were."""

HELD = 4.5
"""Seconds for which a task counts as active: it takes 4 s, and a look tells that half a second later."""


class Counted:
    """A simulator that counts, and forgets a task whose file was fetched: what is long over takes no memory."""

    def __init__(self, sim):
        self.service, self.came = sim.service, {"submit": [], "poll": []}
        self.made = self.most = 0
        self._answer, drawn = sim.service.answer, picture("JPEG")
        sim.service.balance = 10**9
        sim.service.answer, sim.service.work = self._counting, lambda task, _: drawn + task.id.encode()

    def _counting(self, request):
        service, tasks = self.service, self.service.tasks
        place, known = service.place(request), len(tasks)
        if place in self.came:
            self.came[place].append(service.clock())
        response = self._answer(request)
        if len(tasks) > known:
            self.made += 1
            self.most = max(self.most, sum(task.ends > service.now for task in tasks.values()))
        elif place == "result":
            del tasks[request.path.split("/")[-2]]
        return response

    @property
    def passed(self):
        """The limits that were passed, with what was counted."""
        allowed = self.service.limits
        of_windows = {"submits": "submit", "polls": "poll"}
        counts = {
            name: fullest(self.came[of_windows[name]], allowed[name][1]) for name in of_windows if name in allowed
        }
        counts |= {"active": self.most} if "active" in allowed else {}
        most = {name: limit if name == "active" else limit[0] for name, limit in allowed.items()}
        return {name: number for name, number in counts.items() if number > most[name]}

    def allowed(self, seconds):
        """Return how many tasks its limits allow to be begun in so many seconds."""
        number = []
        if (window := self.service.limits.get("submits")) is not None:
            number.append(window[0] * int(seconds // window[1] + 1))
        if (active := self.service.limits.get("active")) is not None:
            number.append(active * int(seconds // HELD + 1))
        return min(number)


def fullest(times, seconds):
    """Return how many calls there were in the fullest window of so many seconds."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def soonest(counted, number):
    """Return the seconds in which so many tasks can be begun, if nothing but the limits holds them up."""
    return next(seconds for seconds in count() if sum(each.allowed(seconds) for each in counted) >= number)


def resident():
    """Return the bytes of memory that this process has."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def at_limits(folder, number, names, **options):
    """Run a batch of so many rows at providers; return how it ended, what they counted, and the memory of each row."""

    async def main(shop):
        counted, memory, wanted = [Counted(sim) for sim in shop.sims], {}, rows(number)
        shop.heard = deque(maxlen=1)  # no event is kept
        async with shop.client() as client:
            batch = client.batch(wanted, *names, name="shots", where=folder / "out", policy="spread", **options)
            done = 0
            async for each in batch:
                done += each.state == "done"
                if done in (number // 10, number):
                    memory.setdefault(done, resident())
        growth = (memory.get(number, 0) - memory[number // 10]) / (number * 0.9)
        return batch.end, counted, growth

    return played(main, folder, names=names)


def test_no_limit_is_passed_and_little_of_what_they_allow_is_left(tmp_path):
    names = ("bfl", "kie", "replicate") if MANY <= ROWS else ("bfl", "kie")
    end, counted, growth = at_limits(tmp_path, ROWS, names)
    assert (end.done, end.why) == (ROWS, "done")
    assert [each.passed for each in counted] == [{}] * len(names)
    assert sum(each.made for each in counted) == ROWS
    begun = [at for each in counted for at in each.came["submit"]]
    took = max(begun) - min(begun)
    assert soonest(counted, ROWS) >= 0.9 * took
    if MANY <= ROWS:  # what a few hundred rows take is no measure
        assert growth < MOST


PRICES = {"bfl": Decimal("0.03"), "kie": Decimal("0.025"), "runapi": Decimal("0.05")}


def test_a_budget_that_ends_in_the_middle_is_never_passed_and_reached_within_one_price(tmp_path):
    budget = Decimal(ROWS) / 2 * PRICES["bfl"] + Decimal("0.001")
    end, counted, _ = at_limits(tmp_path, ROWS, tuple(PRICES), budget=budget)
    billed = sum(each.made * PRICES[each.service.name] for each in counted)
    assert (end.why, end.possibly, end.unknown) == ("budget", 0, 0)
    assert 0 < end.done == sum(each.made for each in counted) < ROWS
    assert (end.done, end.not_begun) == (ROWS - end.not_begun, ROWS - end.done)
    assert end.spent == billed
    assert budget - max(PRICES.values()) < billed <= budget
