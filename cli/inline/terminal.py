"""How a terminal takes pictures: told by its environment, else by what it answers when it is asked."""

import os
import re
import select
import time
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum

SECONDS = 1.0
"""How long an answer is waited for: every terminal of today answers, if from afar."""

QUERY = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c"
"""Asks for kitty's graphics, which others pass over, and then for what the terminal can, which all of them answer."""

_CAN = re.compile(rb"\x1b\[\?([\d;]+)c")


class Way(StrEnum):
    """How a picture is shown."""

    KITTY = "kitty"
    ITERM = "iterm"
    SIXEL = "sixel"
    BLOCKS = "blocks"


def way(environ: Mapping[str, str]) -> Way:
    """Return how pictures are shown on the terminal of this process: half blocks where it can nothing better."""
    return told(environ) or read(_asked(environ)) or Way.BLOCKS


def told(environ: Mapping[str, str]) -> Way | None:
    """Return how a terminal takes pictures by its environment; None where that does not say so.

    Inside tmux and screen the environment is that of the terminal around them, which gets no picture from in there.
    """
    if environ.get("TMUX") or environ.get("STY"):
        return None
    term, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "").lower()
    if environ.get("KITTY_WINDOW_ID") or "kitty" in term or program == "ghostty":
        return Way.KITTY
    if program in ("iterm.app", "wezterm", "mintty") or environ.get("LC_TERMINAL") == "iTerm2":
        return Way.ITERM
    if "sixel" in term or term.partition("-")[0] in ("foot", "mlterm", "yaft", "contour"):
        return Way.SIXEL
    return None


def read(answer: bytes) -> Way | None:
    """Return how a terminal takes pictures by what it answers to QUERY."""
    if b"\x1b_Gi=31;OK" in answer:
        return Way.KITTY
    can = _CAN.search(answer)
    return Way.SIXEL if can is not None and b"4" in can[1].split(b";")[1:] else None


def _asked(environ: Mapping[str, str]) -> bytes:
    """Return what the terminal answers; nothing where asking it is not safe."""
    if environ.get("TERM", "dumb") in ("dumb", "linux", "unknown"):
        return b""  # they might print the question
    with suppress(OSError, ImportError):
        tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            return ask(tty, SECONDS) if os.tcgetpgrp(tty) == os.getpgrp() else b""
        finally:
            os.close(tty)
    return b""


def ask(tty: int, seconds: float) -> bytes:
    """Ask a terminal, and return what it answers in so many seconds; nothing where somebody has typed ahead."""
    import termios
    from tty import setcbreak

    before = termios.tcgetattr(tty)
    try:
        setcbreak(tty, termios.TCSANOW)  # no echo, and no waiting for a line feed
        if select.select([tty], [], [], 0)[0]:
            return b""  # what is typed is for the shell
        os.write(tty, QUERY)
        return _answer(tty, time.monotonic() + seconds)
    finally:
        termios.tcsetattr(tty, termios.TCSANOW, before)


def _answer(tty: int, until: float) -> bytes:
    answer = b""
    while not _CAN.search(answer) and (left := until - time.monotonic()) > 0 and select.select([tty], [], [], left)[0]:
        answer += os.read(tty, 1024)
    return answer
