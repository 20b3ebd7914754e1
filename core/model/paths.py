"""Paths as people write them."""

import os
from pathlib import Path

from .errors import ConfigError


def expanded(named: str | os.PathLike[str]) -> Path:
    """Return the path that a text names, with `~` as the user's home folder. Errors: ConfigError where none is known.

    A folder that is called ~ is meant by nobody; as ./~ it can be named all the same.
    """
    try:
        return Path(named).expanduser()
    except RuntimeError:
        raise ConfigError(f"{named}: no home folder is known for ~; write the path from the root") from None
