"""Places in a body, as Param.to names them: written to, laid over, and reached by raw fields."""

from collections.abc import Mapping

from anymedia.declare.offer import Numbered
from anymedia.model.strict_json import Json


def put(body: dict[str, Json], to: str | Numbered, value: Json) -> None:
    """Write a value to its place in a body."""
    if isinstance(to, Numbered):
        body.update(zip(to.names(len(value)), value, strict=True))
    elif not to:
        body.update(value)
    elif "[]." in to:
        items, _, key = to.partition("[].")
        put(body, items, [{key: element} for element in value])
    else:
        *parents, last = to.split(".")
        for key in parents:
            body = body.setdefault(key, {})
        body[last] = value


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
        return any(name.startswith(to.first) for name in extra)
    held: Json = extra
    for key in to.replace("[]", "").split(".") if to else ():
        if not isinstance(held, Mapping):
            return True
        if key not in held:
            return False
        held = held[key]
    return bool(to) or bool(extra)
