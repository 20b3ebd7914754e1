"""Tables of a configuration, as they stand in an anymedia.toml."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def toml(tables: Mapping[str, Any]) -> str:
    """Return tables as TOML."""
    return "\n".join(_lines(tables, ()))


def _lines(table: Mapping[str, Any], name: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    if plain and name:
        yield f"[{'.'.join(name)}]"
    for key, value in plain.items():
        yield f"{key} = {json.dumps(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, (*name, key))
