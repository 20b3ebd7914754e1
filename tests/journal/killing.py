"""What the rounds of kill -9 share: simulators that live on and are watched, what kills at a moment, and their page."""

import os
import platform
import random
import re
import sqlite3
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from .child import STUCK

LABEL = re.compile(r"(\d+/\d+): a lighthouse")

FAULTS = (
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "no_answer", "seconds": 0.2},
    {"kind": "no_answer", "seconds": 0.2, "created": True},
    {"kind": "cut_body", "on": "submit"},
    {"kind": "cut_json"},
    {"kind": "not_json"},
    {"kind": "html"},
    {"kind": "without_id"},
    {"kind": "wrong_types"},
    {"kind": "status", "on": "submit", "status": 502, "body": "html", "created": True},
    {"kind": "status", "on": "submit", "status": 502, "body": "html"},
    {"kind": "status", "on": "submit", "status": 503},
    {"kind": "throttled", "on": "submit"},
    {"kind": "no_credit"},
    {"kind": "failed"},
    {"kind": "moderated", "on": "poll"},
    {"kind": "latency", "seconds": 10},
    {"kind": "reset_before", "on": "poll"},
    {"kind": "html", "on": "poll"},
    {"kind": "status", "on": "poll", "status": 500},
    {"kind": "not_found", "on": "poll"},
    {"kind": "unknown_state", "on": "poll"},
    {"kind": "cut_body", "on": "result"},
    {"kind": "reset_after", "on": "result"},
)
"""At each provider six of them in each round."""


class Watched:
    """A simulator whose requests are counted, and told of as they come and before they are answered.

    Each submit has its label in its prompt: what it is for, with its round.
    """

    def __init__(self, simulator, tell):
        self.simulator = simulator
        self.requests = 0
        self.arrived = Counter()
        self.fetched = Counter()
        self._tell = tell
        self._service = simulator.service
        self._answer, self._draw = simulator.service.answer, simulator.service.work
        self._drawn = b""
        self._service.balance = 10**9
        self._service.answer, self._service.work = self._watching, self._picture

    def _watching(self, request):
        if request.path.startswith("/__"):
            return self._answer(request)
        self.requests += 1
        label = LABEL.search(request.body.decode("latin-1")) if request.method == "POST" else None
        if label is not None and request.fetched is None:  # else it comes again, with the inputs that it leads to
            self.arrived[label[1]] += 1
            self._tell("arrived")
        tasks = len(self._service.tasks)
        response = self._answer(request)
        if label is None:
            self._told(request)
        elif len(self._service.tasks) > tasks:
            self._tell("billed")
        return response

    def _told(self, request):
        """Tell of a call that buys nothing."""
        place = self._service.place(request)
        if place == "result":
            self.fetched[request.path.split("/")[-2]] += 1
            self._tell("fetched")
        else:
            self._tell("uploaded" if place in self._service.files_at else "looked")

    def _picture(self, task, index):
        """Draw one for all, as that takes a while; it ends with the id of its task."""
        self._drawn = self._drawn or self._draw(task, index).draw()
        return self._drawn + task.id.encode()

    def settle(self):
        """Have everything read that a killed process has sent: what is asked for later is answered later."""
        for _ in range(4):
            with urlopen(f"{self.simulator.base_url}/__faults") as answer:
                answer.read()

    def billed(self, number):
        """Return the tasks that were made for a round, and for which submit each."""
        made = {task.id: LABEL.search(task.order.prompt)[1] for task in list(self._service.tasks.values())}
        return {task: label for task, label in made.items() if round_of(label) == number}

    def gave_back(self, name):
        """Return whether the price of a task was given back."""
        task = self._service.tasks[name]
        return task.refunded == task.order.price


class Killer:
    """Kills a process at the nth of something, a moment later if told so."""

    def __init__(self):
        self._lock = threading.Lock()
        self._what = None
        self._left = 0

    @contextmanager
    def aiming(self, process, what, count, delay):
        """Kill a process when the time has come."""
        self._process, self._what, self._left, self._delay = process, what, count, delay
        yield
        assert self._what is None, f"it ended by itself, or hung for {STUCK:g} s"

    def tell(self, what):
        """Count what happened."""
        with self._lock:
            self._left -= self._what in (what, "anything")
            if self._what is None or (self._left > 0 and what != "all"):
                return
            self._what = None
        if self._delay:
            threading.Timer(self._delay, self._process.kill).start()
        else:
            self._process.kill()


def round_of(label):
    return int(label.partition("/")[0])


def label_of(attempt):
    return attempt.order.labels["submit"]


def is_uncertain(attempt):
    return attempt.open and attempt.task is None


SEED = int(os.environ.get("ANYMEDIA_SEED") or random.randrange(10**6))


class Rounds:
    """One round after the other, at simulators that survive them all; each test says how one is played."""

    def __init__(self, simulators, folder, counts):
        self.counts = counts
        self._simulators = simulators
        self._folder = folder
        self._dice = random.Random(SEED)
        self._killer = Killer()
        self._watched = {one.name: Watched(one, self._killer.tell) for one in simulators}
        self._moments = []

    def play_all(self, rounds):
        """Play so many rounds; what fails says in which, and with which dice."""
        for number in range(rounds):
            try:
                self.play(number, last=number == rounds - 1)
            except BaseException as error:
                error.add_note(f"in round {number} of ANYMEDIA_SEED={SEED}")
                raise

    def _plant(self, simulator, number):
        for fault in self._dice.sample(FAULTS, number):
            simulator.fault(**fault)


# The page: each test writes its own part

PAGE = Path(__file__).parents[2] / "docs" / "durability.md"
HEAD = "# Durability\n"
WRITTEN = "<!-- Written by {} in `make soak`: change the test, not this part. -->"
_PARTS = re.compile(rf"^{re.escape(WRITTEN).replace(re.escape('{}'), '(?P<by>.*)')}$", re.MULTILINE)
ENOUGH = 200
"""Rounds that a part of the page is written after."""


def parts():
    """Return the parts of the page by the tests that write them, in order."""
    _, *texts = _PARTS.split(PAGE.read_text("utf-8"))
    return dict(zip(texts[::2], texts[1::2], strict=True))


def write(by, text):
    """Write the part of a test, and leave the others as they are."""
    told = parts() | {by: f"\n\n{text.strip()}\n\n"}
    whole = "".join(f"{WRITTEN.format(name)}{part}" for name, part in told.items())
    PAGE.write_text(f"{HEAD}\n{whole.rstrip()}\n", "utf-8")


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(
        "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in line) + " |\n" for line in lines
    )


def system(seed, database=f"SQLite {sqlite3.sqlite_version}"):
    """Return what it was measured on, and the dice that were thrown."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {database}, {platform.system()} {platform.machine()}; seed {seed}.\n"


def figures(part):
    """Return the figures of the first table of a part, by what they are."""
    return dict(re.findall(r"^\| (?:… )?\**([^|*]+?)\** \| ([\d,]+) \|$", part, re.MULTILINE))
