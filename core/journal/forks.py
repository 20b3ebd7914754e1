"""What is closed while the process is forked: files that may be open in neither of the two processes meanwhile."""

import contextlib
import os
import threading
import weakref
from typing import Protocol


class Forked(Protocol):
    """Something that is closed before a fork, and may be opened again after it."""

    def hold(self) -> None:
        """Close it, and keep it closed until `go_on`."""

    def go_on(self) -> None:
        """Let it be opened again, in whichever process this is."""


_all: "weakref.WeakSet[Forked]" = weakref.WeakSet()
_held: list[Forked] = []
_forking = threading.Lock()


def at_forks(this: Forked) -> None:
    """Hold it at every fork from now on, as long as there is another reference to it."""
    with _forking:
        _all.add(this)


def _before_fork() -> None:
    _forking.acquire()
    for each in _all:
        each.hold()
        _held.append(each)


def _after_fork() -> None:
    while _held:
        _held.pop().go_on()
    with contextlib.suppress(RuntimeError):  # some programs fork without calling what is to come before
        _forking.release()


# Not every system has it, and without it nothing forks.
getattr(os, "register_at_fork", lambda **_: None)(
    before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
)
