"""Workers of one journal on PostgreSQL, killed and frozen again and again: nothing is bought twice, no file is lost.

ANYMEDIA_ROUNDS says how many rounds; of the 50 of `make soak` the first one is long, and its part of docs/durability.md
is written after them. ANYMEDIA_SEED throws the dice of an earlier run again: its faults and victims, not the order in
which processes come by.
"""

import asyncio
import hashlib
import os
import signal
import threading
import time
from collections import Counter
from contextlib import AsyncExitStack, ExitStack, suppress
from operator import itemgetter

import attrs
import pytest

from anymedia import JournalError, read_config
from anymedia.simulators import in_thread
from anymedia.worker import Queue
from tests.journal.child import child
from tests.journal.kill import request_of
from tests.journal.killing import SEED, Rounds, figures, is_uncertain, label_of, parts, round_of, system, table, write
from tests.journal.reading import attempts_in
from tests.postgres import needs_postgres
from tests.providers import FOUR

from .test_kill import sweeping

WRITER = "tests/worker/test_kill_workers.py"
ROUNDS = int(os.environ.get("ANYMEDIA_ROUNDS", "2"))
ENOUGH = 50
"""Rounds that the part of the page is written after."""

WORKERS = 3
PROGRAMS = ("queued", "worker")
LEASE = 3.0
"""Seconds: no lease may be shorter."""
FROZEN = 5.0
"""Seconds for which a worker is frozen: its lease is long over."""
STUCK = 120.0
"""Seconds after the last kill in which a round ends."""


@attrs.frozen
class Plan:
    """How many requests come in during a round, evenly over so many seconds, and what happens meanwhile.

    So many times a worker is killed, a worker is frozen, and the server is stopped for `away` seconds. So many faults
    are planted at each simulator. What cannot be sent for `tried` seconds is given up.
    """

    requests: int
    seconds: float
    kills: int = 0
    freezes: int = 0
    outages: int = 0
    away: float = 1.0
    faults: int = 0
    tried: float = 5.0

    @property
    def every(self):
        """Seconds between two requests."""
        return self.seconds / self.requests


LONG = Plan(requests=500, seconds=120, kills=120, freezes=8, outages=2, faults=60)
SHORT = Plan(requests=40, seconds=6, kills=8, freezes=1, faults=4)


@attrs.define
class Counts:
    """What came of all rounds."""

    rounds: int = 0
    by_command: int = 0
    requests: int = 0
    kills: int = 0
    freezes: int = 0
    outages: int = 0
    posts: int = 0
    billed: int = 0
    given_back: int = 0
    succeeded: int = 0
    failed_billed: int = 0
    uncertain_billed: int = 0
    uncertain: int = 0
    nothing: int = 0
    lost: int = 0
    twice: int = 0
    fetched_again: int = 0
    spoiled: int = 0


class Worker:
    """A process that works until it is killed, and is started anew then; what it says is read all the while.

    `over` is set once it has nothing more to do, if it says so, or has ended.
    """

    def __init__(self, program, job, environ):
        self.over, self.frozen, self.lines = threading.Event(), False, []
        self._given, self._stack = (program, job, environ), ExitStack()
        self.start()

    def start(self):
        self.over.clear()
        self._process = self._stack.enter_context(child(*self._given, LONG.seconds + 2 * STUCK))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.strip())
            if line.startswith("all "):
                self.over.set()
        self.over.set()

    def freeze(self):
        self.frozen = True
        self._process.send(signal.SIGSTOP)

    def wake(self):
        self.frozen = False
        self._process.send(signal.SIGCONT)

    def kill(self):
        self._process.kill()
        return self._ended()

    def revive(self):
        """Start it anew where it has ended by itself, and return how it did; None where it lives."""
        if self._reader.is_alive():
            return None
        code = self._ended()
        self.start()
        return code

    def end(self):
        """Let it end, and return how it did."""
        self._process.send(signal.SIGTERM)
        return self._ended()

    def _ended(self):
        code = self._process.wait()
        self._reader.join()
        self._stack.close()
        return code

    def close(self):
        self._process.kill()
        self._ended()


class Application(threading.Thread):
    """Puts the requests of a round into the queue of `anymedia worker`, each at its time, and waits for all of them."""

    def __init__(self, config, job):
        super().__init__()
        self.fault = None
        self._config, self._job = config, job

    def run(self):
        try:
            asyncio.run(self._put())
        except BaseException as error:  # noqa: BLE001 - it is told where it is waited for
            self.fault = error

    def close(self):
        """End it before its time, where a test has failed."""
        with suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._putting.cancel)

    async def _put(self):
        job, self._loop, self._putting = self._job, asyncio.get_running_loop(), asyncio.current_task()
        labels = [f"{job['round']}/{number}" for number in range(job["requests"])]
        async with AsyncExitStack() as stack:
            queue = await patiently(stack.enter_async_context, Queue(self._config))
            await stack.enter_async_context(sweeping(queue))
            for number, label in enumerate(labels):
                await asyncio.sleep(job["begun"] + number * job["every"] - time.time())
                request, provider = request_of(label), FOUR[number % len(FOUR)]
                await patiently(queue.submit, request, provider, idempotency_key=label, timeout=job["tried"])
            for label in labels:
                while not (await patiently(queue.result, label)).is_over:
                    await asyncio.sleep(0.1)


async def patiently(function, *given, **options):
    """Call a function until the database answers."""
    while True:
        try:
            return await function(*given, **options)
        except JournalError:
            await asyncio.sleep(0.1)


class Workers(Rounds):
    """Rounds of workers that share one journal: in turn `anymedia worker`, which take from one queue, and workers of
    the two verbs, each of which goes over all requests by itself.
    """

    def __init__(self, simulators, folder, postgres, url):
        super().__init__(simulators, folder, Counts())
        self._postgres, self._url, self.logs = postgres, url, []
        journal = {"url": url, "lease": LEASE, "folder": str(folder / "state")}
        self._data = simulators.config | {"journal": journal}
        tables = {f"providers.{name}": table for name, table in self._data["providers"].items()} | {"journal": journal}
        with (folder / "anymedia.toml").open("w") as file:
            for name, words in tables.items():
                lines = [f"{key} = {value!r}\n" for key, value in words.items() if key != "settings"]
                file.writelines([f"[{name}]\n", *lines])
        self._environ = simulators.environ | {"ANYMEDIA_CONFIG": str(folder / "anymedia.toml")}

    def play(self, number, *, last):
        self.play_one(number, LONG if number < 2 and ROUNDS >= ENOUGH else SHORT)

    def play_one(self, number, plan):
        """Have workers buy while they are killed and frozen; let them end, and another one look for what is left."""
        self._round, self._plan, self._files = number, plan, self._folder / f"files {number}"
        self._outages = 0
        self._begun, self._program = time.time(), PROGRAMS[number % len(PROGRAMS)]
        self.counts.rounds += 1
        self.counts.by_command += self._program == "queued"
        self.counts.requests += plan.requests
        with ExitStack() as stack:
            self._work(stack, WORKERS, self._meddle)
            self._settle()
            whole, before = self._whole(), self._fetched()
            self._work(stack, 1)
            self.counts.fetched_again += sum(self._fetched()[task] - before[task] for task in whole)
        self._settle()
        self._check()

    def _work(self, stack, number, meddle=lambda workers: None):
        """Have workers go over all requests to the end."""
        workers = [self._worker(stack) for _ in range(number)]
        application = Application(read_config(self._data, self._environ), self._job())
        if self._program == "queued":
            stack.callback(application.close)
            application.start()
        meddle(workers)
        if self._program == "queued":
            application.join(STUCK)
            assert not application.is_alive(), f"it hangs: {[worker.lines[-5:] for worker in workers]}"
            assert application.fault is None, application.fault
        for worker in workers:
            assert self._program == "queued" or worker.over.wait(STUCK), f"it hangs after {worker.lines[-20:]}"
            assert worker.end() in (0, 1 if self._outages else 0), worker.lines[-20:]

    def _worker(self, stack):
        self.logs.append(self._folder / f"{len(self.logs)}.log")
        worker = Worker(self._program, self._job(), self._environ)
        stack.callback(worker.close)
        return worker

    def _job(self):
        return {
            "config": self._data,
            "providers": list(FOUR),
            "round": self._round,
            "requests": self._plan.requests,
            "begun": self._begun,
            "every": self._plan.every,
            "tried": self._plan.tried,
            "directory": str(self._files),
            "log": str(self.logs[-1]),
            "seed": self._dice.random(),
        }

    # What happens to them

    def _meddle(self, workers):
        """Do all that a plan says, each thing at a moment of its own part of the time."""
        plan, begun = self._plan, time.monotonic()
        steps = [(moment, self._kill) for moment in self._moments_of(plan.kills)]
        steps += [(moment, self._fault) for moment in self._moments_of(plan.faults)]
        for moment in self._moments_of(plan.freezes, FROZEN):
            steps += [(moment, self._freeze), (moment + FROZEN, self._wake)]
        for moment in self._moments_of(plan.outages, plan.away):
            steps += [(moment, self._stop), (moment + plan.away, self._start)]
        for moment, step in sorted(steps, key=itemgetter(0)):
            time.sleep(max(begun + moment - time.monotonic(), 0))
            for worker in workers:  # one that begins while the server is away says so, and ends
                assert worker.revive() in (None, 1 if self._outages else None), worker.lines[-20:]
            step(workers)

    def _moments_of(self, times, lasts=0.0):
        """Return as many moments, one in each part of the time."""
        part = self._plan.seconds / max(times, 1)
        return [part * number + self._dice.uniform(0, max(part - lasts, 0)) for number in range(times)]

    def _kill(self, workers):
        victim = self._dice.choice([worker for worker in workers if not worker.frozen])
        assert victim.kill() in (-signal.SIGKILL, 1 if self._outages else None), victim.lines[-20:]
        self.counts.kills += 1
        victim.start()

    def _freeze(self, workers):
        self._dice.choice(workers).freeze()
        self.counts.freezes += 1

    def _wake(self, workers):
        for worker in workers:
            worker.wake()

    def _stop(self, _):
        self._postgres.stop()
        self._outages += 1
        self.counts.outages += 1

    def _start(self, _):
        self._postgres.start()

    def _fault(self, _):
        for one in self._simulators:
            self._plant(one, 1)

    def _settle(self):
        for watched in self._watched.values():
            watched.settle()
            watched.simulator.clear()

    # What is true then

    def _attempts(self):
        return [each for each in attempts_in(self._url) if round_of(label_of(each)) == self._round]

    def _fetched(self):
        return sum((watched.fetched for watched in self._watched.values()), Counter())

    def _whole(self):
        """Return the tasks of which the journal knows that their files are saved."""
        tasks = [each.task for each in self._attempts() if each.status == "succeeded"]
        return [task.id for task in tasks if all(asset.kept for asset in task.assets)]

    def _check(self):
        """Hold the bills against the journal, request by request, and the files against both."""
        counts, attempts, paid = self.counts, self._attempts(), Counter()
        for name, watched in self._watched.items():
            billed = watched.billed(self._round)
            ours = [each for each in attempts if each.order.provider == name]
            known = {each.task.id: each for each in ours if each.task is not None}
            succeeded = {task for task, each in known.items() if each.status == "succeeded"}
            uncertain = Counter(label_of(each) for each in ours if is_uncertain(each))
            unknown = Counter(label for task, label in billed.items() if task not in known)
            kept = {task for task in billed if not watched.gave_back(task)}
            assert len(known) == sum(each.task is not None for each in ours)
            assert succeeded <= known.keys() <= billed.keys()
            assert all(each.task.state.final for each in known.values())
            failed = kept & known.keys() - succeeded
            assert len(kept) == len(succeeded) + len(failed) + len(kept - known.keys())
            counts.posts += sum(n for label, n in watched.arrived.items() if round_of(label) == self._round)
            counts.billed += len(billed)
            counts.given_back += len(billed) - len(kept)
            counts.succeeded += len(succeeded)
            counts.failed_billed += len(failed)
            counts.uncertain += uncertain.total()
            counts.uncertain_billed += len(kept - known.keys())
            counts.lost += (unknown - uncertain).total()
            paid += Counter(billed[task] for task in kept)
        counts.twice += sum(number - 1 for number in paid.values())
        told = paid.keys() | {label_of(each) for each in attempts if is_uncertain(each)}
        counts.nothing += self._plan.requests - len(told)
        self._check_files(attempts)
        assert (counts.lost, counts.twice, counts.spoiled, counts.fetched_again) == (0, 0, 0, 0)

    def _check_files(self, attempts):
        """Each task that succeeded has its file, whole and under one name; no other file is there."""
        names = set()
        for task in [each.task for each in attempts if each.status == "succeeded"]:
            (asset,) = task.assets
            content = asset.path.read_bytes()
            names.add(asset.path)
            is_whole = asset.sha256 == hashlib.sha256(content).hexdigest() and content.endswith(task.id.encode())
            self.counts.spoiled += not is_whole
        self.counts.spoiled += len(names ^ set(self._files.glob("[!.]*")))


@pytest.fixture
def workers(tmp_path, postgres, postgres_url):
    with in_thread(*FOUR, speed=100) as simulators:
        yield Workers(simulators, tmp_path, postgres, postgres_url)


@pytest.mark.slow
@needs_postgres
def test_workers_that_are_killed_and_frozen_buy_each_request_once(workers, postgres):
    workers.play_all(ROUNDS)
    if ROUNDS >= ENOUGH:
        write(WRITER, page(workers.counts, SEED, postgres.version))


@pytest.mark.slow
@needs_postgres
@pytest.mark.parametrize("number", [0, 1], ids=PROGRAMS)
def test_a_restart_of_the_server_loses_nothing_and_each_worker_says_it_once(workers, number):
    workers.play_one(number, Plan(requests=40, seconds=5, outages=1, away=2.5, tried=STUCK))
    assert (workers.counts.succeeded, workers.counts.posts) == (40, 40)
    for log in workers.logs[:WORKERS]:
        said = log.read_text("utf-8")
        assert [said.count(f"PostgreSQL {what}") for what in ("does not answer", "answers again")] == [1, 1], said
        assert said.count("the queue does not answer") <= 1, said


# The page

PROMISES = """\
## Many workers

What holds when workers on many machines share a journal on PostgreSQL, and each may be killed or frozen at any moment:

- **Each request is bought once.** What is on the bills has succeeded, or has failed and is billed all the same, or is
  reported as uncertain. Two workers that take the same request buy it once, under its idempotency key.
- **A worker that slept past its lease sends nothing that it had begun before.** Others take its requests up: what it
  was just sending is uncertain for them, and never sent again. When it wakes up, it still writes down what it was
  answered.
- **Each file is whole, and there once.** What is whole and known is not fetched again, by whichever worker.
- **A server that is away stops buying, and nothing else.** What was being bought is on the worker's disk until the
  server is back.

### How that is measured

Three workers buy at four simulators with faults as above. In every other round they are `anymedia worker`, for which
an application puts requests into the queue; in the others each goes over all requests by itself, with
`submit(idempotency_key=…)` and `advance`, so that they meet as often as they can. One after the other is killed and
started again; some are frozen (SIGSTOP) for five seconds, with a lease of three, and woken. The first two rounds have
500 requests each, in two minutes with a kill each second, in which the server is also stopped for a second, twice; the
others have 40, in six seconds with eight kills and a freeze. In the end another worker goes over all requests once
more. Then the bills of the simulators, the journal and the files are held against each other.

### Measured
"""

NONE = ("lost: neither of both", "bought twice for one request", "that were whole and known, and were fetched again")


def page(counts, seed, version):
    """Return its part of docs/durability.md."""
    rows = [
        ["rounds", counts.rounds],
        ["… by `anymedia worker`", counts.by_command],
        ["requests", counts.requests],
        ["workers killed, and started again", counts.kills],
        ["workers frozen past their lease, and woken", counts.freezes],
        ["times that the server was stopped, and started again", counts.outages],
        ["POSTs that came to a provider", counts.posts],
        ["tasks on the bills", counts.billed],
        ["… that failed and were given back", counts.given_back],
        ["… that succeeded", counts.succeeded],
        ["… that failed and are billed, which is reported", counts.failed_billed],
        ["… reported as uncertain", counts.uncertain_billed],
        ["… **lost: neither of both**", counts.lost],
        ["… **bought twice for one request**", counts.twice],
        ["reported as uncertain, and not on the bills", counts.uncertain - counts.uncertain_billed],
        ["requests of which nothing was bought, and that is known", counts.nothing],
        ["files, held against their bytes and the journal", counts.succeeded],
        ["… **that are not whole, or there twice**", counts.spoiled],
        ["… **that were whole and known, and were fetched again**", counts.fetched_again],
    ]
    return "\n".join((PROMISES, system(seed, f"PostgreSQL {version}"), table(["", "number"], rows).rstrip("\n") + "\n"))


def test_the_page_says_what_is_promised_and_what_was_measured():
    said = parts()[WRITER]
    assert said.strip().startswith(PROMISES.strip()), "docs/durability.md is out of date: run `make soak`"
    told = figures(said)
    assert int(told["rounds"]) >= ENOUGH
    assert all(told[none] == "0" for none in NONE)
