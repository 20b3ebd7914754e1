"""What is said of what cannot be written: nothing more while the journal is away, which it says itself, once."""

import logging

from anymedia.model.errors import JournalError

_log = logging.getLogger("anymedia")


def say(error: JournalError, message: str, *facts: object, level: int = logging.ERROR) -> None:
    """Log what is not written down, or not known, with the error behind it."""
    _log.log(logging.DEBUG if error.away else level, f"{message}: %s", *facts, error)
