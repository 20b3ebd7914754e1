"""Processes that share a journal pass no limit together, and leave little of what they may: the simulators count."""

import json
import threading
import time
from contextlib import ExitStack
from statistics import mean

import attrs
import pytest

from anymedia.simulators import in_thread

from .child import child, until

ASKED = {"model": "flux-2-pro", "prompt": "a lighthouse", "aspect_ratio": "16:9", "resolution": "1K"}
SPEED = 2.0
"""How many times as fast time runs for the tasks of the simulators."""

TAKES = 4.0 / SPEED
"""Seconds that a task takes."""


@attrs.define
class Counted:
    """A simulator that counts when each call came, and how many tasks were active at a time."""

    service: object
    came: dict = attrs.field(init=False)
    most: int = 0

    def __attrs_post_init__(self):
        self.came, answer = {"submit": [], "poll": []}, self.service.answer
        lock = threading.Lock()

        def counting(request):
            with lock:
                if (place := self.service.place(request)) in self.came:
                    self.came[place].append(time.monotonic())
                response = answer(request)
                tasks = [*self.service.tasks.values()]
                self.most = max(self.most, sum(task.ends > self.service.now for task in tasks))
                return response

        self.service.answer = counting


def fullest(times, seconds):
    """Return how many calls there were in the fullest window of so many seconds."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def together(place, number, seconds, *, looks=0, tasks=0, **limits):
    """Let processes buy for a while; return the simulators, and what the processes say."""
    with in_thread("kie", "bfl", speed=SPEED) as simulators, ExitStack() as stack:
        counted = {each.service.name: Counted(each.service) for each in simulators}
        config = simulators.config
        config["providers"]["kie"]["limits"] = {name: [*limit] for name, limit in limits.items()}
        environ = simulators.environ | {"ANYMEDIA_JOURNAL": str(place)}
        job = {"config": {"providers": config["providers"]}, "request": ASKED, "pause": 0.1, "looks": looks, "tasks": tasks}
        processes = [stack.enter_context(child("sharer", job, environ)) for _ in range(number)]
        for process in processes:
            until(process, "ready")
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        time.sleep(seconds)
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        said = [json.loads(until(process, "came")) for process in processes]
        assert [each["failed"] for each in said] == [[]] * number
        return counted, said


def used(times, limit, held):
    """Return the part of a limit that was used, where a call takes a slot for as long as it was held and a window."""
    calls, seconds = limit
    return len(times) / (calls * ((times[-1] - times[0]) / (seconds + held) + 1))


@pytest.mark.slow
def test_three_processes_pass_no_limit_of_one_account(path):
    limit = (2, 1.0)
    counted, said = together(path, 3, 4, submits=limit)
    times = counted["kie"].came["submit"]
    assert fullest(times, 1.0) <= 2
    assert all(each["held"] for each in said)  # each has had its share
    print(used(times, limit, mean(held for each in said for held in each["held"])), len(times))


@pytest.mark.slow
def test_ten_processes_leave_little_of_what_they_may(place):
    submits, polls, active = (20, 2.0), (10, 0.5), 24
    counted, said = together(place, 10, 9, looks=1, tasks=4, submits=submits, polls=polls)
    of_rates, of_tasks = counted["kie"], counted["bfl"]
    assert fullest(of_rates.came["submit"], submits[1]) <= submits[0]
    assert fullest(of_rates.came["poll"], polls[1]) <= polls[0]
    assert of_tasks.most <= active
    held = mean(held for each in said for held in each["held"])
    span = of_tasks.came["submit"][-1] - of_tasks.came["submit"][0]
    print(held, used(of_rates.came["submit"], submits, held), used(of_rates.came["poll"], polls, 0.02), len(of_tasks.came["submit"]), active * (span / TAKES + 1), span, [len(each["held"]) for each in said])
