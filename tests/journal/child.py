"""A process that a test lets live for a while."""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

STUCK = 60.0
"""Seconds after which a process counts as hanging: none comes near."""


@contextmanager
def child(script, job, environ):
    """Start a script of this folder with a job as JSON, and kill it at the end, or when it hangs."""
    command = [sys.executable, str(Path(__file__).with_name(script)), json.dumps(job)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ | environ) as process:
        guard = threading.Timer(STUCK, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            guard.join()
            process.kill()


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
