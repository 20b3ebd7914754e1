"""The error text for an unknown name: it names the nearest known one."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any


def no_such(what: str, name: str, known: Mapping[str, Any]) -> str:
    """Return the error text for a name that is not among those known, with the nearest one."""
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else "there are " + (", ".join(known) or "none")
    return f"no {what} is named {name!r}; {hint}"
