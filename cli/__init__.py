"""The command line: `anymedia`, and `python -m anymedia.cli`."""

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Command


def main() -> None:
    """Run the command line and exit with its code."""
    pressed: list[int] = []
    # Ctrl-C waits until there is somebody to end clearly: a module that is imported by half could not.
    if is_heard := signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
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


def _app() -> "Command":
    try:
        # Said at once, not half way through a command.
        import click  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"anymedia: {error.name} is not installed; the command line needs: pip install 'anymedia[cli]'")
    from .app import app

    return app
