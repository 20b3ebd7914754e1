"""The command line: `anymedia`, and `python -m anymedia`."""

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from click import Command


def main() -> None:
    """Run the command line and exit with its code."""
    pressed: list[int] = []
    # Ctrl-C waits until there is somebody to end clearly: a module that is imported by half could not.
    if is_heard := signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        ends_as_interrupted()
        app = _app()
    finally:
        if is_heard:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    from .command import interrupted
    from .errors import INTERRUPTED

    if pressed:
        sys.exit(interrupted(sys.argv[1:]))
    try:
        app.main(prog_name="anymedia")
    except SystemExit as end:
        if end.code == INTERRUPTED:  # what a second Ctrl-C left open is closed by the end of the process: no word of it
            import logging

            logging.getLogger("asyncio").disabled = True
        raise


def ends_as_interrupted() -> None:
    """Have SIGTERM and SIGHUP end the command as the first Ctrl-C does, also in a process that is number 1.

    A later one changes nothing, as some systems send several: Ctrl-C still ends at once what they began. What is
    ignored stays so, like SIGHUP under nohup.
    """
    ended: list[int] = []

    def end(_: int, frame: "FrameType | None") -> None:
        if ended:
            return
        ended.append(signal.SIGINT)
        interrupt = signal.getsignal(signal.SIGINT)
        # Where Ctrl-C is ignored, as in the background of a shell, nobody has put a handler in its place.
        (interrupt if callable(interrupt) else signal.default_int_handler)(signal.SIGINT, frame)

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # not every system has both
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end)


def _app() -> "Command":
    try:
        # Said at once, not half way through a command.
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"anymedia: {error.name} is not installed; for the command line install anymedia with its extra cli")
    from .app import app

    return app
