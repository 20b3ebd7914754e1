"""What test_kill.py kills: many submits at once, or the taking up of what they left; each step is a line on stdout."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from anymedia import AnymediaError, Attempt, Client, ImageRequest, Task, read_config
from anymedia.clock import Clock
from anymedia.journal import MemoryJournal
from anymedia.journal.postgres import PostgresJournal
from anymedia.limits import health
from anymedia.transport.retry import Patience

SPEED = 100


class Fast(Clock):
    """A clock on which time runs a hundred times as fast, as at the simulators; the wall time is real."""

    def monotonic(self):
        return super().monotonic() * SPEED

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / SPEED)


PATIENCE = Patience(tries=3, first=0.5, most=2.0)


def log_to(path):
    """Have all that is logged in a file."""
    logging.basicConfig(filename=path, level="INFO", format="%(asctime)s %(message)s", encoding="utf-8", force=True)


def by_their_clock():
    """Have processes leave an account alone by their own clock, and soon ask it again that had no credit.

    By the clock of the server that they share, they would do so a hundred times as long.
    """
    own = MemoryJournal().limits
    PostgresJournal.limits = property(lambda journal: own)
    health.NO_CREDIT = health.CHECK_BALANCE


def say(*words):
    """Tell the parent, in one write: a line is there whole or not at all."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def told(event):
    if isinstance(event, Attempt):
        say("intent" if event.outcome is None else "ended", event.id)
    else:
        say("seen", event.id)


def request_of(label):
    """Return what is asked for under a label, which is in its prompt too."""
    return ImageRequest(
        model="flux-2-pro", resolution="1K", prompt=f"{label}: a lighthouse at dusk", labels={"submit": label}
    )


async def one(client, job, number, verb):
    """Submit, then stop there, wait for the task, or fetch its files too."""
    label = f"{job['round']}/{number}"
    say("begun", label)
    provider = job["providers"][number % len(job["providers"])]
    try:
        task = await client.submit(request_of(label), provider, idempotency_key=label if job["keyed"] else None)
        if verb != "submit":
            task = await client.wait(task)
        if verb == "fetch":
            await client.download(task, job["directory"])
    except AnymediaError as error:
        say("failed", label, type(error).__name__)
    else:
        say("done", label)


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def dying(step):
    """Return a step of a path that is the last one where a picture is to have its name."""

    def last(*paths):
        return die() if paths[-1].suffix == ".jpg" or paths[0].suffix == ".jpg" else step(*paths)

    return last


async def main(job):
    def listening(event):
        if job["dies"] == "at the end of a task" and isinstance(event, Task) and event.state.final:
            die()
        told(event)

    if job["dies"] == "before a file has its name":
        for step in ("replace", "rename", "hardlink_to"):
            setattr(Path, step, dying(getattr(Path, step)))
    client = Client(read_config(job["config"], os.environ), clock=Fast(), on_event=listening, patience=PATIENCE)
    end = client._ledger.end

    async def heard(attempt):
        say("heard", attempt.id)  # the answer is in, and not on disk yet
        return await end(attempt)

    client._ledger.end = heard
    async with client:
        if job["verbs"]:
            await asyncio.gather(*(one(client, job, number, verb) for number, verb in enumerate(job["verbs"])))
        else:
            await client.recover(job["directory"], replay=job["replay"])
        say("all", "over")
        sys.stdin.read()  # until it is killed
