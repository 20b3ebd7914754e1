"""The canonical model to JSON and back, without loss; strict about what it reads."""

import base64
from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin

import attrs

from .errors import OutOfBounds, Problem
from .forms import shown
from .media import Media
from .strict_json import BESIDE, UNWRITTEN, Json

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")

DIGITS = 1000
"""Digits before the point, or zeros behind it, of the largest and the smallest amount that is read."""


def to_json(value: Any) -> Json:
    """Return a value of the canonical model as plain JSON: amounts and times are texts, bytes base64."""
    return _converter().unstructure(value)


def to_bare_json(value: Any) -> Json:
    """Do as `to_json`, without the fields that the journal stores beside it."""
    return _bare_converter().unstructure(value)


def to_comparable_json(value: Any) -> Json:
    """Do as `to_json`, with the digest of a file in its place. Errors: Unreadable."""
    return _comparing_converter().unstructure(value)


def to_json_with(value: Any, media: Callable[[Media], Json]) -> Json:
    """Do as `to_json`, with what `media` returns in the place of each file."""
    return _made(UNWRITTEN, media=media).unstructure(value)


def from_json(cls: type[T], data: Json) -> T:
    """Return a value of the canonical model from plain JSON. Errors: OutOfBounds with every fault and its place."""
    from cattrs import BaseValidationError, transform_error

    try:
        return _converter().structure(data, cls)
    except BaseValidationError as error:
        faults = [fault.rpartition(" @ ") for fault in transform_error(error, path=cls.__name__, format_exception=_say)]
    except (TypeError, ValueError, AttributeError):
        faults = [(f"must be an object, not {type(data).__name__}", "", cls.__name__)]
    raise OutOfBounds(problems=[Problem(field=where, message=message) for message, _, where in faults])


def _say(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return f"required: {error.args[0]}"
    if isinstance(error, AttributeError):
        return "must be an object"
    return str(error)


@cache
def _converter() -> "Converter":
    return _made(UNWRITTEN)


@cache
def _bare_converter() -> "Converter":
    return _made(UNWRITTEN, BESIDE)


@cache
def _comparing_converter() -> "Converter":
    return _made(UNWRITTEN, media=lambda media: {"sha256": media.sha256, "media_type": media.media_type})


def _made(*left_out: str, media: Callable[[Media], Json] = Media.data_uri) -> "Converter":
    """Return a converter that leaves out the fields with some marks, and writes files as `media` says."""
    # cattrs takes 45 ms to import, and few calls need it.
    from cattrs import Converter
    from cattrs.fns import identity

    converter = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})
    for kind in (int, bool, float, str):
        converter.register_structure_hook(kind, _strict)
    tuples = converter.get_structure_hook(tuple[Any, ...])
    converter.register_structure_hook_func(_is_tuple, lambda value, cls: tuples(_strict(value, list), cls))
    converter.register_structure_hook_func(_is_literal, _one_of)
    converter.register_structure_hook_func(_is_scalar, _scalar)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(datetime, _datetime)
    converter.register_structure_hook(Path, lambda text, _: Path(_strict(text, str)))
    converter.register_structure_hook(bytes, lambda text, _: base64.b64decode(_strict(text, str), validate=True))
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _written(cls, converter, left_out))
    converter.register_unstructure_hook_func(_is_plain, identity)  # else each such field costs a call, of twenty a task
    # A request makes Media of what is no URL; a text is never the path of a file.
    converter.register_structure_hook_func(_is_file, _file)
    converter.register_unstructure_hook_func(
        _is_file, lambda value: media(value) if isinstance(value, Media) else value
    )
    # What is JSON already stays as it is: however deeply a provider nests its answer, it can be written.
    converter.register_unstructure_hook(dict, lambda value: _json(value, converter))
    converter.register_unstructure_hook(list, lambda value: _json(value, converter))
    converter.register_unstructure_hook(bytes, lambda data: base64.b64encode(data).decode())
    converter.register_unstructure_hook(StrEnum, str)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_unstructure_hook(Path, str)
    return converter


def _written(cls: type[Any], converter: "Converter", left_out: Collection[str]) -> Any:
    from cattrs.gen import make_dict_unstructure_fn, override

    omitted: dict[str, Any] = {
        field.name: override(omit=True) for field in attrs.fields(cls) if any(map(field.metadata.get, left_out))
    }
    return make_dict_unstructure_fn(cls, converter, **omitted)


_PLAIN = (str, int, float, bool)
_IS_JSON = frozenset((*_PLAIN, type(None), dict, list))


def _is_plain(cls: Any) -> bool:
    """Return whether a field of a type holds what is JSON already, or nothing."""
    if _is_literal(cls):
        return _IS_JSON.issuperset(map(type, get_args(cls)))
    return cls in _PLAIN or (get_origin(cls) in (UnionType, Union) and {*get_args(cls)} <= {*_PLAIN, type(None)})


def _json(value: Any, converter: "Converter") -> Json:
    """Return a dict or list with its values of the model as JSON; one that holds none is JSON, and stays as it is."""
    held = value.values() if isinstance(value, dict) else value
    if _IS_JSON.issuperset(map(type, held)) or not any(attrs.has(type(each)) for each in held):
        return value
    if isinstance(value, dict):
        return {name: converter.unstructure(each) for name, each in value.items()}
    return [converter.unstructure(each) for each in value]


def _is_tuple(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is tuple


def _file(value: Any, cls: Any) -> Any:
    return value if value is None and type(None) in get_args(cls) else _strict(value, str)


def _is_file(cls: Any) -> bool:
    return cls is Media or Media in get_args(cls)


def _is_literal(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is Literal


def _is_scalar(cls: Any) -> bool:
    """Return whether a field may hold values of several plain types, like whole seconds or "auto"."""
    types = [each for each in get_args(cls) if each is not type(None)]
    return get_origin(cls) in (UnionType, Union) and len(types) > 1 and all(map(_is_plain, types))


def _scalar(value: Any, cls: Any) -> Any:
    """Return a value of one of several plain types; which of them fit, the request says."""
    if type(value) not in (*_PLAIN, type(None)):
        raise TypeError(f"expected a plain value, got {type(value).__name__}")
    return value


def _strict(value: Any, cls: type) -> Any:
    if issubclass(cls, str) and cls is not str:
        return cls(value)  # a word of a fixed vocabulary
    if type(value) is not cls:
        raise TypeError(f"expected {cls.__name__}, got {type(value).__name__}")
    return value


def _one_of(value: Any, cls: Any) -> Any:
    """Return a word of a fixed list of texts."""
    *most, last = get_args(cls)
    if not isinstance(value, str) or value not in (*most, last):
        raise ValueError(f"expected {', '.join(most)} or {last}, got {shown(value)}")
    return value


def _decimal(text: Any, _: type) -> Decimal:
    try:
        value = Decimal(_strict(text, str))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount") from None
    if not value.is_finite() or abs(value.adjusted()) > DIGITS:
        raise ValueError(f"{text!r:.60} is not an amount")
    return value


def _datetime(text: Any, _: type) -> datetime:
    moment = datetime.fromisoformat(_strict(text, str))
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment
