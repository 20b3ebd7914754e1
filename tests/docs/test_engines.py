"""The recipes for engines: jobs that are run twice, lost, or run while no provider is there buy once, save one file."""

import importlib
import time
from collections import Counter

import pytest
from celery.app.task import Task
from celery.contrib.testing.worker import start_worker
from celery.signals import setup_logging, task_failure, task_postrun

from anymedia import SubmitUncertain

from .test_howto import PROGRAMS, entries, saved, submits

BOUND = 60.0
"""Seconds for which a worker may be busy, at most."""


class Queue:
    """The program of the page, whose jobs run in a worker thread; the clock is set forward where a job is to wait.

    `pauses` are for how long jobs were put off, `failed` counts the errors that jobs ended with, `lost` jobs are not
    sent. Each job is delivered `times` times.
    """

    def __init__(self, jobs, clock):
        self.jobs, self.clock = jobs, clock
        self.pauses, self.ran, self.sent, self.failed, self.lost, self.times = [], 0, 0, Counter(), set(), 1

    def put(self, send, job, args=None, kwargs=None, countdown=None, **options):
        self.pauses.append(countdown)
        self.clock.seconds += countdown or 0
        if job.name.partition(".")[2] not in self.lost:
            for _ in range(self.times):
                self.sent += 1
                send(job, args, kwargs, **options)

    def ended(self, **_):
        self.ran += 1

    def met(self, exception, **_):
        self.failed[type(exception)] += 1

    def work(self):
        """Wait until the worker has run every job, and those that follow from them."""
        until = time.monotonic() + BOUND
        while self.ran < self.sent:
            assert time.monotonic() < until
            time.sleep(0.01)


def _as_it_is(**_):
    """Set up no logging."""


@pytest.fixture(scope="module")
def jobs():
    """The program of the page, with a worker thread that waits for jobs in memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PROGRAMS))
        patch.setenv("CELERY_BROKER", "memory://")
        jobs = importlib.import_module("celery_app")
    jobs.app.conf.broker_transport_options = {"polling_interval": 0.01}
    setup_logging.connect(_as_it_is, weak=False)  # else what is logged in later tests is as Celery has it
    with start_worker(jobs.app, pool="solo", perform_ping_check=False, loglevel="CRITICAL"):
        yield jobs


@pytest.fixture
def queue(jobs, simulators, clock, monkeypatch):
    queue, send = Queue(jobs, clock), Task.apply_async
    monkeypatch.setattr(Task, "apply_async", lambda self, *args, **options: queue.put(send, self, *args, **options))
    task_postrun.connect(queue.ended)
    task_failure.connect(queue.met)
    yield queue
    task_postrun.disconnect(queue.ended)
    task_failure.disconnect(queue.met)
    jobs.close()


def test_an_order_is_bought_once_and_no_job_sleeps_until_it_is_made(queue, simulators, clock, monkeypatch):
    monkeypatch.setattr("sys.argv", ["celery_app.py", "a lighthouse", "order-17"])
    for _ in range(2):
        queue.jobs.main()
    queue.work()
    assert (len(entries(simulators)), saved(), queue.failed) == (1, 1, {})
    assert len([pause for pause in queue.pauses if pause]) >= 2
    assert max(clock.slept, default=0) < 1


def test_jobs_that_are_delivered_twice_buy_once(queue, simulators):
    queue.times = 2
    queue.jobs.buy.delay("order-17", "a lighthouse")
    queue.work()
    assert (submits(simulators), len(entries(simulators)), saved(), queue.failed) == (1, 1, 1, {})


def test_an_order_whose_answer_is_lost_is_told_of_and_not_sent_again(queue, simulators):
    for one in simulators:
        one.fault("reset_after")
    for _ in range(2):
        queue.jobs.buy.delay("order-17", "a lighthouse")
    queue.work()
    assert (submits(simulators), len(entries(simulators)), queue.failed) == (1, 1, {SubmitUncertain: 2})


def test_while_no_provider_is_reached_an_order_waits(queue, simulators):
    for one in simulators:
        one.fault("throttled", retry_after=40, times=3)
    queue.jobs.buy.delay("order-17", "a lighthouse")
    queue.work()
    assert (len(entries(simulators)), saved(), queue.failed) == (1, 1, {})
    assert queue.pauses[1] >= 1


def test_what_no_job_follows_any_more_is_swept_up(queue, simulators, clock, monkeypatch):
    clock.seconds = time.time() - 300  # the program goes by the real time
    queue.lost.add("advance")
    queue.jobs.buy.delay("order-17", "a lighthouse")
    queue.work()
    assert saved() == 0
    queue.lost.clear()
    queue.jobs.sweep.delay()
    queue.work()
    assert saved() == 0  # it is not late yet
    clock.seconds += 100
    monkeypatch.setattr(queue.jobs, "LATE", 200)
    for _ in range(2):
        queue.jobs.sweep.delay()
    queue.work()
    assert (len(entries(simulators)), saved(), queue.failed) == (1, 1, {})
