"""Processes that share a journal pass no limit together, and leave little of what they may: the simulators count."""

import json
import os
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

PAUSE = 0.3
"""Seconds after which a task is looked at again."""

SECONDS = float(os.environ.get("ANYMEDIA_SECONDS", "8"))
"""Seconds for which ten processes buy: forty in `make soak`."""

LEAST = 0.9 if SECONDS >= 40 else 0.3
"""The least part of what they may that they use: of a short run, how busy the machine is tells more than the limits."""


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


def together(place, number, seconds, *, looks=0, tasks=0, active=0, **limits):
    """Let processes buy for a while; return the simulators, and what the processes say."""
    with in_thread("kie", "bfl", speed=SPEED) as simulators, ExitStack() as stack:
        counted = {each.service.name: Counted(each.service) for each in simulators}
        config = simulators.config
        config["providers"]["kie"]["limits"] = {name: [*limit] for name, limit in limits.items()}
        config["providers"]["bfl"]["limits"] = {"active": active or 24}
        environ = simulators.environ | {"ANYMEDIA_JOURNAL": str(place)}
        job = {
            "config": {"providers": config["providers"]},
            "request": ASKED,
            "pause": PAUSE,
            "looks": looks,
            "tasks": tasks,
        }
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
        return counted, [json.loads(until(process, "came")) for process in processes]


def used(times, calls, seconds):
    """Return the part that was used of so many slots, each of which a call takes for so many seconds."""
    return len(times) / (calls * ((times[-1] - times[0]) / seconds + 1))


@pytest.mark.slow
def test_three_processes_pass_no_limit_of_one_account(path):
    counted, said = together(path, 3, 3, submits=(2, 1.0))
    assert len(counted["kie"].came["submit"]) >= 2
    assert fullest(counted["kie"].came["submit"], 1.0) <= 2
    assert [each["failed"] for each in said] == [[]] * 3


@pytest.mark.slow
def test_ten_processes_pass_no_limit_and_leave_little_of_what_they_may(place):
    submits, polls, active = (20, 3.0), (5, 1.0), 6
    counted, said = together(place, 10, SECONDS, looks=1, tasks=2, active=active, submits=submits, polls=polls)
    assert [each["failed"] for each in said] == [[]] * 10
    of_rates, of_tasks = counted["kie"], counted["bfl"]
    assert fullest(of_rates.came["submit"], submits[1]) <= submits[0]
    assert fullest(of_rates.came["poll"], polls[1]) <= polls[0]
    assert of_tasks.most <= active
    assert all(each["held"] for each in said)  # each has had its share
    held = mean(held for each in said for held in each["held"])
    parts = [
        used(of_rates.came["submit"], submits[0], submits[1] + held),
        used(of_tasks.came["submit"], active, TAKES + PAUSE + held),
    ]
    assert min(parts) >= LEAST, (parts, held)
