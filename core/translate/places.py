"""Places in a body, as Param.to names them: written to, laid over, and reached by raw fields."""

from collections.abc import Callable, Mapping

from anymedia.declare.written import Numbered
from anymedia.model.strict_json import Json


def put(body: dict[str, Json], to: str | Numbered, value: Json) -> None:
    """Write a value to its place in a body."""
    if isinstance(to, Numbered):
        for name, element in zip(to.names(len(value)), value, strict=True):
            put(body, name, element)
    elif not to:
        body.update(value)
    elif "[]." in to:
        items, _, key = to.partition("[].")
        put(body, items, [_object(key, element) for element in value])
    else:
        *parents, last = to.split(".")
        for key in parents:
            body = body.setdefault(key, {})
        body[last] = value


def _object(key: str, value: Json) -> dict[str, Json]:
    item: dict[str, Json] = {}
    put(item, key, value)
    return item


def merged(body: Mapping[str, Json], extra: Mapping[str, Json]) -> dict[str, Json]:
    """Return a body with raw fields laid over it, object by object."""
    over = {
        key: merged(body[key], value) if isinstance(value, Mapping) and isinstance(body.get(key), Mapping) else value
        for key, value in extra.items()
    }
    return {**body, **over}


def touches(extra: Mapping[str, Json], to: str | Numbered) -> bool:
    """Return whether raw fields reach a place of the body (or all of it, "")."""
    if isinstance(to, Numbered):
        starts = (to.first, to.further.partition("{n}")[0])
        return any(_reached(extra, start.split("."), str.startswith) for start in starts)
    return _reached(extra, to.replace("[]", "").split("."), str.__eq__) if to else bool(extra)


def _reached(extra: Mapping[str, Json], keys: list[str], fits: Callable[[str, str], bool]) -> bool:
    """Return whether raw fields reach a place, or anything that it lies under; `fits` compares its last key."""
    *parents, last = keys
    held: Json = extra
    for key in parents:
        if not isinstance(held, Mapping):
            return True
        if key not in held:
            return False
        held = held[key]
    return not isinstance(held, Mapping) or any(fits(name, last) for name in held)
