"""What a field of an offer in anymedia.toml takes: the words of `anymedia.declare`, a row for each."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from anymedia.declare.fields import Always, Choice, Size, Text, Url, Value
from anymedia.declare.files import FORMS, File, Files
from anymedia.declare.numbers import Flag, Number, Whole
from anymedia.model.errors import ConfigError
from anymedia.model.forms import FLAG, Form, is_json, one_of
from anymedia.model.names import no_such
from anymedia.tables import SCALAR, fitting

FURTHEST = 10**15
"""A bound lies within this."""

NOTHING = object()
"""What stands behind a word that says nothing when it stands alone."""


def _is_bound(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= FURTHEST


def _are_bounds(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 2 and all(map(_is_bound, value))


def _are_lengths(value: Any) -> bool:
    return _are_bounds(value) and all(bound >= 0 for bound in value)


def _are_decimals(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 2
        and all(isinstance(each, float) or _is_bound(each) for each in value)
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _are_words(value: Any) -> bool:
    """Return whether values are a list of texts, or a table from texts to what is written for them."""
    return _are_texts(value) or (isinstance(value, dict) and bool(value) and is_json(value))


def _is_size(value: Any) -> bool:
    """Return whether a text holds the two sides, each once, and no other braces; or a table, what is beside them."""
    if not isinstance(value, str):
        return isinstance(value, dict) and is_json(value)
    left = value.replace("{width}", "", 1).replace("{height}", "", 1)
    return len(value) - len(left) == len("{width}{height}") and not {*left} & {*"{}"}


LENGTHS = Form("must be [least, most] or [least], in whole numbers from 0 on, not {shown}", _are_lengths)
BOUNDS = Form("must be [least, most] or [least], in whole numbers, not {shown}", _are_bounds)
DECIMALS = Form("must be [least, most] or [least], not {shown}", _are_decimals)
ON_OFF = Form(
    'must be the two words on the wire, like ["enabled", "disabled"], not {shown}',
    lambda value: isinstance(value, list) and len(value) == 2 and is_json(value),
)
VALUES = Form('must be a list of texts, or a table like {{ "1K" = "1k" }}, not {shown}', _are_words)
TEXTS = Form("must be a list of texts, not {shown}", _are_texts)
PIXELS = Form(
    'must be a text like "{{width}}x{{height}}", or what stands beside both in a table, not {shown}', _is_size
)
LEAST = Form("must be a whole number, 1 or more, not {shown}", lambda value: _is_bound(value) and value > 0)
WAYS = Form(
    f"must be a list of {', '.join(FORMS)}, not {{shown}}", lambda value: _are_texts(value) and {*value} <= {*FORMS}
)
SIDES = Form("must be [least, most] pixels, not {shown}", lambda value: _are_lengths(value) and len(value) == 2)
SIZE_OF = Form("must be a number above 0, not {shown}", lambda value: _are_decimals([value]) and value > 0)
WRITTEN = Form(
    'must be "text", or a text in which {{}} stands for the number, like "{{}}s", not {shown}',
    lambda value: isinstance(value, str),
)


@attrs.frozen
class Word:
    """A kind of value: the form of what stands behind its name, and of what may stand beside it; how both make one.

    `alone` stands behind a name that stands alone.
    """

    form: Form
    make: Callable[..., Value]
    beside: Mapping[str, Form] = attrs.field(factory=dict)
    alone: Any = NOTHING


def _named(bounds: Iterable[float]) -> dict[str, Any]:
    return dict(zip(("least", "most"), bounds, strict=False))


def _form(text: str | None) -> Any:
    return str if text == "text" else text


def _files(kind: type[File | Files], forms: Iterable[str], beside: Mapping[str, Any]) -> Value:
    lists = {name: tuple(value) for name, value in beside.items() if isinstance(value, list)}
    return kind(forms=tuple(forms), **{**beside, **lists})


OF_FILES: Mapping[str, Form] = {
    **dict.fromkeys(("megabytes", "megapixels", "inline"), SIZE_OF),
    "types": TEXTS,
    "sides": SIDES,
    "https": FLAG,
}
"""What may stand beside the ways in which files are taken."""

WORDS: Mapping[str, Word] = {
    "text": Word(LENGTHS, lambda bounds: Text(**_named(bounds)), alone=()),
    "whole": Word(
        BOUNDS,
        lambda bounds, form=None, **beside: Whole(**_named(bounds), form=_form(form), **beside),
        {"form": WRITTEN, "step": LEAST, "auto": SCALAR},
        (),
    ),
    "number": Word(
        DECIMALS, lambda bounds, form=None: Number(**_named(bounds), form=_form(form)), {"form": WRITTEN}, ()
    ),
    "flag": Word(ON_OFF, lambda words: Flag(*words), alone=()),
    "choice": Word(
        VALUES,
        lambda values, not_honoured=(): Choice(
            *(values if isinstance(values, list) else [values]), not_honoured=tuple(not_honoured)
        ),
        {"not_honoured": TEXTS},
    ),
    "always": Word(SCALAR, Always),
    "url": Word(one_of(("http", "https")), lambda scheme: Url(https=scheme == "https"), alone="http"),
    "file": Word(WAYS, lambda forms, **beside: _files(File, forms, beside), OF_FILES, ("url",)),
    "files": Word(
        WAYS,
        lambda forms, bounds=(), **beside: _files(Files, forms, {**_named(bounds), **beside}),
        {**OF_FILES, "bounds": LENGTHS, "single": FLAG},
        ("url",),
    ),
    "size": Word(
        PIXELS,
        lambda form, area=None, **beside: Size(
            **{"beside" if isinstance(form, Mapping) else "text": form},
            area=None if area is None else (*area,),
            **beside,
        ),
        {**dict.fromkeys(("least", "most", "step", "megapixels", "ratio"), LEAST), "area": SIDES},
        {},
    ),
}
"""The kinds of value by name; a word more is a row more."""


def is_value(given: Any) -> bool:
    """Return whether a table names a kind of value, and does not say what holds in each variant."""
    return isinstance(given, str) or (
        isinstance(given, Mapping) and "otherwise" not in given and bool({*given} & {*WORDS})
    )


def value_of(given: Any, where: str) -> Value:
    """Return the value that a word, or a table with one word and what stands beside it, describes.

    Errors: ConfigError.
    """
    name, argument, beside = _parted(given, where)
    word = WORDS[name]
    if argument is NOTHING:
        raise ConfigError(f"{where}: {name} says what it takes: {word.form.message.format(shown='nothing')}")
    for other, value in beside.items():
        if other not in word.beside:
            raise ConfigError(f"{where}: {no_such(f'word beside {name}', other, word.beside)}")
        fitting(value, word.beside[other], f"{where}.{other}")
    try:
        return word.make(argument, **beside)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _parted(given: Any, where: str) -> tuple[str, Any, dict[str, Any]]:
    """Return the word of a value, what stands behind it, and what beside it. Errors: ConfigError."""
    if isinstance(given, str):
        if given not in WORDS:
            raise ConfigError(f"{where}: {no_such('kind of value', given, WORDS)}")
        return given, WORDS[given].alone, {}
    names = [name for name in given if name in WORDS] if isinstance(given, Mapping) else []
    if len(names) != 1:
        raise ConfigError(f"{where}: must be one of {', '.join(WORDS)}, like {{ text = [1, 2000] }}, not {given!r:.60}")
    (name,) = names
    argument = fitting(given[name], WORDS[name].form, f"{where}.{name}")
    return name, argument, {other: value for other, value in given.items() if other != name}
