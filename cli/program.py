"""A program that is run as if there were nothing around it: its streams, its signals, and how it ends."""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

import click

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
"""What is passed on to it, where the system has it."""

FROM_KEYS = ("SIGINT", "SIGQUIT", "SIGWINCH")
"""What a terminal sends to all that runs in its foreground."""

KILLED = 128
"""What a shell adds to the number of the signal that killed a program."""


def check_program(name: str, environ: Mapping[str, str], hint: str = "") -> None:
    """Check that a program is there. Errors: UsageError."""
    if shutil.which(name, path=environ.get("PATH")) is None:
        raise click.UsageError(f"{name}: no such program{hint}")


async def run(program: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program until it ends, and return its exit code; 128 and the number of a signal, if one killed it.

    Errors: UsageError when it cannot be started.
    """
    signals = _Signals()
    signals.take()
    try:
        process = await asyncio.create_subprocess_exec(*program, env=dict(environ))
    except OSError as error:
        raise click.UsageError(f"{program[0]}: {error.strerror or error}") from None
    signals.pass_to(process)
    code = await process.wait()
    return code if code >= 0 else KILLED - code


class _Signals:
    """Signals that come to this process, and are passed on to another."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._early: list[signal.Signals] = []

    def take(self) -> None:
        """Take all that is not ignored: what is ignored here, like SIGHUP under nohup, is ignored there too."""
        numbers = (getattr(signal, name) for name in SIGNALS if hasattr(signal, name))
        for number in numbers:
            if signal.getsignal(number) is not signal.SIG_IGN:
                asyncio.get_running_loop().add_signal_handler(number, self._pass, number)

    def pass_to(self, process: asyncio.subprocess.Process) -> None:
        """Pass on to a process what came so far, and what will come."""
        self._process = process
        for number in self._early:
            self._pass(number)

    def _pass(self, number: signal.Signals) -> None:
        if number.name in FROM_KEYS and _in_foreground():
            return  # the program was sent it too
        if self._process is None:
            self._early.append(number)
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """Return whether this process, and so what it has started, gets what is pressed at a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
