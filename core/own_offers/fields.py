"""The fields of an offer in anymedia.toml: where each goes, what it takes, what holds when it is not given."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from anymedia.declare.fields import Always, Value
from anymedia.declare.numbers import of_word
from anymedia.declare.offer import Param
from anymedia.declare.prices import Dearest
from anymedia.declare.when import UNKNOWN, Said, When, cases
from anymedia.declare.written import Numbered
from anymedia.model.errors import ConfigError
from anymedia.model.forms import Form
from anymedia.tables import SCALAR, Key, fits, fitting, only

from .values import is_value, value_of

T = TypeVar("T")

PLACE = Form("must be a place, like 'input.prompt', not {shown}", lambda place: isinstance(place, str))
OTHERWISE = "otherwise"
"""What holds where none of the fields is given that a table names."""

FIELD: Mapping[str, Key] = {
    "to": Key(
        (str, Mapping),
        says="Where it is written: its place in the body, or a table of places.",
        like='"input.prompt"',
        default="is needed",
    ),
    "takes": Key(
        (str, Mapping),
        says="What it may be.",
        like="{ text = [1, 4000] }",
        default="is needed",
    ),
    "required": Key(bool, says="Whether it has to be given.", like="true", default="`false`"),
    "default": Key(
        object,
        says='What the provider takes when it is left out: a value, `{ said = "the first image\'s ratio" }`, or '
        "`{ unknown = true }`.",
        like='"1:1"',
        default="nothing is known to be taken",
    ),
    "always_sent": Key(
        bool, says="Whether the default is sent where nothing is given.", like="true", default="`false`"
    ),
    "bills_as": Key(
        Mapping,
        says="Values that are billed as another one; `{ auto = { dearest = true } }` as the dearest.",
        like='{ auto = "high" }',
        default="each as itself",
    ),
}
"""The keys of the table of a field."""


def in_each(read: Callable[[Any, str], T]) -> Callable[[Any, str], T | When[T]]:
    """Return what reads a thing, or a table that says it for each field that may be given (false: there is none)."""
    return lambda given, where: _cases(read, given, where) if isinstance(given, Mapping) else read(given, where)


def _cases(read: Callable[[Any, str], T], given: Mapping[str, Any], where: str) -> When[T]:
    each = {field: None if value is False else read(value, f"{where}.{field}") for field, value in given.items()}
    return When(tuple((field, held) for field, held in each.items() if field != OTHERWISE), each.get(OTHERWISE))


def fields_of(given: Mapping[str, Any], where: str) -> dict[str, Param]:
    """Return the fields that a table declares, in its order. Errors: ConfigError; ValueError for no place."""
    return {name: _param(each, f"{where}.{name}") for name, each in given.items()}


def _param(given: Any, where: str) -> Param:
    if not isinstance(given, Mapping):
        raise ConfigError(f'{where}: must be a table like {{ to = "prompt", takes = "text" }}, not {given!r:.60}')
    only(given, FIELD, where, "word of a field")
    if "takes" not in given:
        raise ConfigError(f"{where}: takes: is needed")
    takes = _takes(given["takes"], f"{where}: takes")
    if "to" not in given and not isinstance(takes, Always):
        raise ConfigError(f"{where}: to: is needed")
    return Param(
        _to(given["to"], f"{where}: to") if "to" in given else None,
        takes,
        required=given.get("required", False),
        default=_default(given["default"], f"{where}: default") if "default" in given else None,
        always_sent=given.get("always_sent", False),
        bills_as={
            _value_named(word, takes, f"{where}: bills_as"): _billed(billed, f"{where}: bills_as.{word}")
            for word, billed in given.get("bills_as", {}).items()
        },
    )


def _to(given: Any, where: str) -> str | Numbered | When[str]:
    """Return a place, one for each element of a list, or one for each field that may be given. Errors: ConfigError."""
    if isinstance(given, Mapping) and not {*given} & {"first", "further"}:
        return _cases(fits(PLACE), given, where)
    return _place(given, where)


def _place(given: Any, where: str) -> str | Numbered:
    if isinstance(given, str):
        return given
    if {*given} != {"first", "further"} or not all(isinstance(name, str) for name in given.values()):
        raise ConfigError(
            f'{where}: must be a place, or {{ first = "image", further = "image_{{n}}" }}, not {given!r:.60}'
        )
    return Numbered(given["first"], given["further"])


def _takes(given: Any, where: str) -> Value | When[Value]:
    return value_of(given, where) if is_value(given) else _cases(value_of, given, where)


def _default(given: Any, where: str) -> Any:
    """Return a default: a value, what the page says in words, that it is unknown, or any of these for each input."""
    if isinstance(given, Mapping) and not _is_said(given):
        return _cases(_default, given, where)
    if isinstance(given, Mapping):
        ((how, words),) = given.items()
        return UNKNOWN if how == "unknown" else Said(fitting(words, SCALAR, f"{where}.{how}"))
    if isinstance(given, list):
        return tuple(fitting(each, SCALAR, where) for each in given)
    return fitting(given, SCALAR, where)


def _is_said(given: Mapping[str, Any]) -> bool:
    return given == {"unknown": True} or (given.keys() == {"said"} and isinstance(given["said"], str))


def _value_named(word: str, takes: Value | When[Value], where: str) -> Any:
    """Return the value of a field that a word names. Errors: ConfigError."""
    values = [of_word(each, word) for each in cases(takes)]
    value = next((value for value in values if value is not None), None)
    if value is None:
        raise ConfigError(f"{where}: {word}: is no value of this field")
    return value


def _billed(given: Any, where: str) -> Any:
    """Return the value that another is billed as, or that it is billed as the dearest. Errors: ConfigError."""
    if isinstance(given, Mapping) and given.keys() == {"dearest"}:
        why = fitting(given["dearest"], SCALAR, f"{where}.dearest")
        return Dearest(why if isinstance(why, str) else None)
    return fitting(given, SCALAR, where)
