"""The process from which child.py has all others forked: it has loaded what they need, and does nothing else.

To load it takes longer than most of them live. It holds no thread, no event loop and no file of anybody's, so that each
is as one that has been started anew.
"""

import asyncio
import gc
import importlib
import json
import os
import signal
import socket
import sys
from contextlib import suppress

from anymedia.registry import adapters

PROGRAMS = ("batched", "buyer", "forks", "hooked", "kill", "pruner", "queued", "sharer", "spender", "worker")
LONGEST = 1 << 16
BORN = {}
"""Where the end of each process that lives is told, by its id."""


def bury(*_):
    """Tell of each process that has ended how it did."""
    for pid in list(BORN):
        with suppress(ChildProcessError):  # a signal came in the middle of this, and has told of it
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                told = BORN.pop(pid)
                os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(told)


def asked(parent):
    """Return what a process is to do, with its stdin, its stdout and where its end is told; None when all is over."""
    text, files, *_ = socket.recv_fds(parent, LONGEST, 3)
    while text and not text.endswith(b"\n"):
        text += parent.recv(LONGEST)
    return (json.loads(text), files) if text else None


def grow_up(parent, task, files):
    """Let a new process be its own."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for each in (parent.fileno(), *BORN.values()):
        os.close(each)
    parent.detach()
    for number, file in enumerate(files[:2]):
        os.dup2(file, number)
    for file in files:
        os.close(file)
    os.chdir(task["folder"])
    os.environ.clear()
    os.environ.update(task["environ"])


def main():
    """Return what there is to do in each new process; in the first one, None when all is over."""
    parent = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, bury)
    while (come := asked(parent)) is not None:
        task, files = come
        pid = os.fork()
        if not pid:
            grow_up(parent, task, files)
            return task
        BORN[pid] = files.pop()
        for file in files:
            os.close(file)
        parent.sendall(f"{pid}\n".encode())
        bury()
    return None


if __name__ == "__main__":
    for name in PROGRAMS:
        importlib.import_module(name)
    adapters()
    gc.freeze()  # what is looked through for garbage is copied
    if (task := main()) is not None:
        work = sys.modules[task["program"]].main(task["job"])
        if asyncio.iscoroutine(work):
            asyncio.run(work)
