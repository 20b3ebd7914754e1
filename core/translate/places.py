"""Places in a body, as Param.to names them: written to, laid over, and reached by raw fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from anymedia.declare.files import NAMED
from anymedia.declare.offer import Param
from anymedia.declare.path import Path
from anymedia.declare.written import Numbered, keys_of, merges
from anymedia.model.strict_json import Json


def put(body: dict[str, Json], to: str | Numbered, value: Json) -> None:
    """Write a value to its place in a body."""
    if isinstance(to, Numbered):
        for name, element in zip(to.names(len(value)), value, strict=True):
            put(body, name, element)
    elif "[]." in to:
        items, _, key = to.partition("[].")
        put(body, items, [_object(key, element) for element in value])
    else:
        keys = keys_of(to)
        if merges(to):
            _entered(body, keys, {}).update(value)
        else:
            _set(_entered(body, keys[:-1], [] if keys[-1][0] == "[" else {}), keys[-1], value)


def _entered(body: Any, keys: Sequence[str], empty: Any) -> Any:
    """Return the object or the list to which keys lead, where each is made that is not there, the last one `empty`."""
    for key, following in zip(keys, (*keys[1:], None), strict=False):  # none leads to the body itself
        made: Any = empty if following is None else [] if following[0] == "[" else {}
        held = body.get(key) if isinstance(body, dict) else body[int(key[1:-1])] if int(key[1:-1]) < len(body) else None
        if held is None:
            _set(body, key, held := made)
        body = held
    return body


def _set(holder: Any, key: str, value: Json) -> None:
    """Write a value under a key of an object, or as an element of a list, whose elements come in order."""
    if isinstance(holder, dict):
        holder[key] = value
    else:
        at = int(key[1:-1])
        holder += [None] * (at - len(holder))  # what is missing there is refused, and moves nothing to its place
        holder[at : at + 1] = [value]


def held(body: Json, to: str, keys: Iterable[str]) -> Json:
    """Return what stands at a place of a body; of what is merged there, the value of each of these keys."""
    found = Path(to.removesuffix(".")).one(body)
    return {key: found[key] for key in keys if key in found} if merges(to) and isinstance(found, Mapping) else found


def said(value: Any, known: Mapping[str, Any]) -> Any:
    """Return a value with what its texts and keys name; a text that is one name alone becomes what it names."""
    if isinstance(value, Mapping):
        return {str(said(name, known)): said(each, known) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [said(each, known) for each in value]
    if not isinstance(value, str):
        return value
    whole = NAMED.fullmatch(value)
    if whole is not None and whole[1] in known:
        return known[whole[1]]
    return NAMED.sub(lambda found: str(known.get(found[1], found[0])), value)


def replaced(body: Mapping[str, Json], place: str, value: Json) -> dict[str, Json]:
    """Return a body with another value where one stands at a place of plain keys; None: with none there."""
    key, _, rest = place.partition(".")
    inner = replaced(body[key], rest, value) if rest else value
    return {name: each for name, each in {**body, key: inner}.items() if each is not None or name != key}


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
    """Return whether raw fields reach a place of the body, or anything that it lies under."""
    if isinstance(to, Numbered):
        starts = (to.first, to.further.partition("{n}")[0])
        return any(_reached(extra, start.split("."), str.startswith) for start in starts)
    # A raw field replaces a list as a whole, so that what is an element of one is reached with it.
    return _reached(extra, [key for key in keys_of(to.replace("[]", "")) if key[0] != "["] or [""], str.__eq__)


def reaches(extra: Mapping[str, Json], param: Param) -> bool:
    """Return whether raw fields reach any place that a field is written to."""
    return any(touches(extra, place) for place in param.places)


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
