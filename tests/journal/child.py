"""A process that a test lets live for a while."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

STUCK = 60.0
"""Seconds after which a process counts as hanging: none comes near."""


class Child:
    """A process that runs a program of this folder, with pipes as its stdin and its stdout."""

    def __init__(self, program, job, environ):
        (asks, self.stdin), (self.stdout, says), (self._told, tells) = map(_pipe, (True, False, False))
        task = {"program": program, "job": job, "environ": environ, "folder": str(Path.cwd())}
        self._pid = _born(task, [asks, says, tells])
        for number in (asks, says, tells):
            os.close(number)
        self.returncode = None

    def kill(self):
        self.send(signal.SIGKILL)

    def send(self, number):
        """Send it a signal, if it has not ended."""
        # Once its end is told, the number may be another process's.
        if self.returncode is None and not select.select([self._told], [], [], 0)[0]:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def wait(self):
        if self.returncode is None:
            self.returncode = int(self._told.read())
        return self.returncode

    def close(self):
        """Close what leads there; what was not read of it is lost."""
        for file in (self.stdout, self.stdin, self._told):
            with suppress(BrokenPipeError):
                file.close()


def _pipe(down):
    """Return the two ends of a pipe, that of a process as a number."""
    read, write = os.pipe()
    return (read, os.fdopen(write, "w")) if down else (os.fdopen(read), write)


def _born(task, files):
    """Return the id of a new process, whose files these are."""
    nursery = _nursery()
    socket.send_fds(nursery, [json.dumps(task).encode() + b"\n"], files)
    return int(nursery.recv(64))


@cache
def _nursery():
    """Return the way to the process that has all others forked."""
    here, there = socket.socketpair()
    command = [sys.executable, str(Path(__file__).with_name("nursery.py")), str(there.fileno())]
    process = subprocess.Popen(command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
    there.close()

    def over():
        here.close()
        process.wait()

    atexit.register(over)
    return here


@contextmanager
def child(program, job, environ, stuck=STUCK):
    """Start a program of this folder with a job as JSON, and kill it at the end, or when it hangs."""
    process = Child(program, job, os.environ | environ)
    guard = threading.Timer(stuck, process.kill)
    guard.start()
    try:
        yield process
    finally:
        guard.cancel()
        guard.join()
        process.kill()
        process.wait()
        process.close()


def until(process, word):
    """Read what a process says up to a word, and return what it says with it."""
    for line in process.stdout:
        said, _, rest = line.strip().partition(" ")
        if said == word:
            return rest
    raise AssertionError(f"it ended without {word!r}")


def killed(process):
    process.kill()
    process.wait()
