"""One process buys and waits, another one takes webhooks, over one journal: told in time, and killed at every step."""

import asyncio
import shutil
import signal
import socket
import time
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from anymedia import Client, Outcome, State, SubmitUncertain, read_config
from anymedia.simulators import in_thread
from anymedia.testing import FakeClock
from anymedia.transport.retry import Patience

from .child import STUCK, child, killed, until
from .conftest import REQUEST
from .reading import attempts_in

SIGNED, HINTED = "runapi", "revidapi"
END = 60.0
"""Seconds after which every task is over, and what was posted in vain is posted again."""


@attrs.frozen
class Site:
    """Simulators on a clock that stands, and what processes share that buy there and are told."""

    simulators: object
    clock: FakeClock
    folder: Path
    port: int

    @property
    def data(self):
        return self.simulators.config | {"webhooks": {"url": f"http://127.0.0.1:{self.port}/hooks"}}

    @property
    def environ(self):
        return self.simulators.environ | {"ANYMEDIA_JOURNAL": str(self.folder / "journal.db")}

    @contextmanager
    def process(self, provider, *, port=None, dies=None):
        job = {"config": self.data, "provider": provider, "port": port, "dies": dies, "seconds": self.clock.seconds}
        with child("hooked", job | {"folder": str(self.folder / "files")}, self.environ) as process:
            yield process

    @contextmanager
    def receiver(self, provider, dies=None):
        """Run a process that takes webhooks."""
        with self.process(provider, port=self.port, dies=dies) as process:
            until(process, "serves")
            yield process

    async def client(self, work):
        """Return what comes of something that a client of this process does."""
        config = read_config(self.data, self.environ)
        async with Client(config, clock=FakeClock(self.clock.seconds), patience=Patience(tries=1)) as client:
            return await work(client)

    def submit(self, provider):
        """Submit, and wait for nothing."""
        return asyncio.run(self.client(lambda client: client.submit(REQUEST, provider)))

    def recover(self):
        return asyncio.run(self.client(lambda client: client.recover(self.folder / "files")))

    def attempt(self):
        (attempt,) = attempts_in(self.folder / "journal.db")
        return attempt

    def files(self):
        """Return how many files have their names."""
        return len([*(self.folder / "files").glob("[!.]*")])

    def posts(self, provider):
        return self.simulators[provider].bills()["webhooks"]

    def holds(self, provider, looks=None):
        """Hold that it was bought once, that the journal has its end, and that its file is fetched, or will be."""
        fetched = () if self.files() else self.recover().tasks
        bills, attempt = self.simulators[provider].bills(), self.attempt()
        assert (bills["submits"], [entry["task_id"] for entry in bills["entries"]]) == (1, [attempt.task.id])
        assert looks in (None, bills["polls"])
        assert (attempt.outcome, attempt.task.state) == (Outcome.ACCEPTED, State.SUCCEEDED)
        assert {task.id for task in fetched} <= {attempt.task.id}
        assert (self.files(), self.recover().tasks) == (1, ())
        assert self.simulators[provider].bills()["submits"] == 1


def wait_for(condition):
    """Wait until something holds that other threads and processes bring about."""
    stuck = time.monotonic() + STUCK
    while not condition():
        assert time.monotonic() < stuck, "it never holds"
        time.sleep(0.005)


def dead(process):
    process.stdout.read()
    assert process.wait() == -signal.SIGKILL


@pytest.fixture
def site(tmp_path):
    clock = FakeClock()
    with in_thread(SIGNED, HINTED, clock=clock.time) as simulators, socket.socket() as taken:
        # Held here, so that the port is nobody else's between two receivers.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        yield Site(simulators, clock, tmp_path / "shared", taken.getsockname()[1])


def go_on(process):
    """Let a process's clock go on until it has slept what it says that it sleeps."""
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.mark.parametrize(("provider", "looks"), [(SIGNED, 0), (HINTED, 1)])
def test_a_waiter_hears_of_it_within_a_second_of_its_clock(site, provider, looks):
    with site.receiver(provider) as receiver, site.process(provider) as waiter:
        until(waiter, "submitted")
        assert float(until(waiter, "sleeps")) == 0.5
        site.clock.seconds += END
        assert until(receiver, "took") == "200"
        assert site.simulators[provider].bills()["polls"] == looks  # the receiver's own
        go_on(waiter)
        state, seconds = until(waiter, "came").split()
        assert (state, float(seconds)) == ("succeeded", 0.5)
        until(waiter, "fetched")
    site.holds(provider, looks)


# A receiver that is killed


SAW = ("before want", "after want", "after see", "answered")
"""Where a receiver dies: verified and nothing written, behind each of its writes, and where all is written."""
NAMED = ("before accepted_by_webhook", "after accepted_by_webhook", *SAW[1:])
STEPS = [
    (provider, fault, dies)
    for provider in (SIGNED, HINTED)
    for fault, steps in ((None, SAW), ("reset_after", NAMED))
    for dies in steps
]


def bought(site, provider, fault):
    """Buy, and wait for nothing."""
    if fault is None:
        site.submit(provider)
    else:
        site.simulators[provider].fault(fault)
        with pytest.raises(SubmitUncertain):
            site.submit(provider)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "dies"), STEPS)
def test_a_receiver_that_is_killed_loses_nothing(site, provider, fault, dies):
    bought(site, provider, fault)
    with site.receiver(provider, dies) as receiver:
        site.clock.seconds += END
        dead(receiver)
    wait_for(lambda: site.posts(provider)["sent"])
    assert site.posts(provider)["answered"] == 0
    if site.attempt().task is not None:  # it is taken up where nobody posts any more
        other = attrs.evolve(site, folder=site.folder.with_name("other"))
        shutil.copytree(site.folder, other.folder)
        other.holds(provider)
    with site.receiver(provider) as receiver:
        site.clock.seconds += END
        assert until(receiver, "took") == "200"
        wait_for(lambda: site.posts(provider)["answered"])
        site.holds(provider)  # while somebody takes webhooks


# A waiter that is killed


@pytest.mark.slow
@pytest.mark.parametrize("provider", [SIGNED, HINTED])
@pytest.mark.parametrize("dies", ["before end", "after end", "before moved", "after moved", "told", "came"])
def test_a_waiter_that_is_killed_loses_nothing(site, provider, dies):
    hears = dies in ("told", "came")
    with site.receiver(provider) as receiver:
        with site.process(provider, dies=None if dies == "came" else dies) as waiter:
            if hears:
                until(waiter, "sleeps")
            else:
                dead(waiter)
            site.clock.seconds += END
            assert until(receiver, "took") == "200"
            if hears:
                go_on(waiter)
            if dies == "told":
                dead(waiter)
            elif dies == "came":
                until(waiter, "came")
                killed(waiter)
        site.holds(provider)


@pytest.mark.slow
@pytest.mark.parametrize("provider", [SIGNED, HINTED])
def test_both_may_be_killed(site, provider):
    with site.receiver(provider, "before attempt") as receiver, site.process(provider) as waiter:
        until(waiter, "sleeps")
        killed(waiter)
        site.clock.seconds += END
        dead(receiver)
    assert site.attempt().task.state is State.QUEUED
    site.holds(provider)
