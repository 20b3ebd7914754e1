"""What a field of a request may hold, and what it is for."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs

from . import spellings
from .media import Media, is_data_uri, put_in
from .names import either, meant
from .strict_json import dumps
from .urls import is_url

SUBJECTS = ("prompt", "text", "lyrics", "voice")
"""Fields that say what the work is of, whichever kind has them; what is put in as a file does so too."""

MOST = 1000
"""The most units of one request: our choice, against a slip of the hand."""

LONGEST = 86_400
"""The most seconds of a work: our choice, against a slip of the hand."""

LONGEST_NAME = 200
"""The most characters of a provider's word, like the name of a voice: our choice."""

_NOTHING: Mapping[str, str] = MappingProxyType({})

_RATIO = re.compile(r"[1-9][0-9]{0,3}:[1-9][0-9]{0,3}")


class Role(StrEnum):
    """What a field is for."""

    INPUT = "input"  # where it is given, it decides the variant of the request
    SUBJECT = "subject"  # what the work is of: never dropped; files put in and the fields of SUBJECTS always are
    TEXT = "text"  # the caller's own words: private; every field that takes any text is
    SHAPE = "shape"  # one way to say the size of the result; a Shape may exchange it for another
    LOOK = "look"  # every result has it, asked for or not
    FREE = "free"  # no known price depends on its value


@attrs.frozen
class Form:
    """What a field may hold: `fits` decides, `message` says what it must be and holds {shown} for the wrong value.

    `example` is a value that fits, by which the kinds of values are told apart; None: there is nothing to tell. `told`
    says more exactly what is wrong with some values, and nothing of others. `words` are all that fit, where they can be
    listed. `read` returns the value that another spelling of it means, and what means none as it is.
    """

    message: str
    fits: Callable[[Any], bool]
    example: Any = None
    told: Callable[[Any], str | None] = lambda _: None
    words: tuple[str, ...] = ()
    read: spellings.Reader | None = None

    def canonical(self, value: Any) -> Any:
        """Return the value that fits for any spelling of it; what fits, and what means nothing that does, as it is."""
        if self.read is None or self.fits(value):
            return value
        found = self.read(value)
        return found if self.fits(found) else value

    def fault(self, value: Any) -> str | None:
        """Return what is wrong with a value; None where it fits."""
        return None if self.fits(value) else self.told(value) or self.message.format(shown=shown(value))


def holds(form: Form, *roles: Role, medium: str | None = None) -> Mapping[str, Any]:
    """Return the metadata of a field: its form, its roles with those that follow from the form, and of a file the
    medium: image, video or audio."""
    implied = {Role.SUBJECT: form in MEDIA or Role.INPUT in roles, Role.TEXT: form is TEXT}
    return {"form": form, "medium": medium, "roles": {*roles, *(role for role, holds_ in implied.items() if holds_)}}


@attrs.frozen
class Roles:
    """The fields of a kind of request, by what they are for; each group is in the order in which the kind names them.

    `names` are the fields that an offer can map, `forms` the forms of all fields, `optional` those that may be None;
    `files` are those into which files are put, and whether one (False) or several (True); `media` which medium each is
    of, where the kind says so.
    """

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    subject: tuple[str, ...]
    texts: tuple[str, ...]
    shape: tuple[str, ...]
    looks: tuple[str, ...]
    free: tuple[str, ...]
    files: Mapping[str, bool] = attrs.field(hash=False)
    media: Mapping[str, str] = attrs.field(hash=False)
    forms: Mapping[str, Form] = attrs.field(hash=False)
    optional: tuple[str, ...]

    @classmethod
    def of(cls, kind: type[Any]) -> "Roles":
        """Return the roles of a request class: its model, its own fields, then those that every kind has."""
        fields = sorted(attrs.fields(kind), key=lambda field: field.inherited and field.name != "model")

        def named(role: Role, *more: str) -> tuple[str, ...]:
            return tuple(each.name for each in fields if role in each.metadata["roles"] or each.name in more)

        return cls(
            names=tuple(field.name for field in fields if field.name not in ("model", "extra", "labels")),
            inputs=named(Role.INPUT),
            subject=named(Role.SUBJECT, *SUBJECTS),
            texts=tuple(name for name in named(Role.TEXT) if name != "model"),
            shape=named(Role.SHAPE),
            looks=named(Role.LOOK),
            free=named(Role.FREE),
            files={field.name: field.metadata["form"] == FILES for field in fields if field.metadata["form"] in MEDIA},
            media={field.name: medium for field in fields if (medium := field.metadata.get("medium")) is not None},
            forms={field.name: field.metadata["form"] for field in fields},
            optional=tuple(field.name for field in fields if field.default is None),
        )


def is_given(value: Any) -> bool:
    """Return whether a field has a value that decides anything: None, an empty list and false decide nothing."""
    return value is not None and value is not False and value != ()


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text that a value holds, at any depth."""
    left = [value]
    while left:
        held = left.pop()
        if isinstance(held, Mapping):
            left += reversed([*held.values()])
        elif isinstance(held, list | tuple):
            left += reversed(held)
        elif isinstance(held, str) and held:
            yield held


def files(given: Any) -> Any:
    """Return one file that is put in, or a list of them, as a tuple; None is no file, as in other fields."""
    if given is None:
        return ()
    return tuple(map(put_in, given)) if isinstance(given, list | tuple) else (put_in(given),)


def one_of(words: tuple[str, ...], also: Mapping[str, str] = _NOTHING) -> Form:
    """Return the form of a field that takes one of some words, in any letters, or what is `also` said for one."""
    message = f"must be one of {', '.join(words)}, not {{shown}}"

    def near(value: Any) -> str | None:
        return _with_hint(message, value, meant(value, words) if isinstance(value, str) else ())

    return Form(message, words.__contains__, words[0], near, words, spellings.word(words, also))


def _with_hint(message: str, value: Any, names: Iterable[str]) -> str | None:
    """Return what is wrong with a value, with what it may mean; None where it means nothing."""
    names = tuple(names)
    return f"{message.format(shown=shown(value))}; did you mean {either(names)}?" if names else None


def is_json(value: Any) -> bool:
    """Return whether a value can be written as JSON."""
    try:
        dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def shown(value: Any) -> str:
    """Return a value as a problem shows it: at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_seconds(value: Any) -> bool:
    return _is_whole(value) and 1 <= value <= LONGEST


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_ratio(value: Any) -> bool:
    return _is_text(value) and (value == "auto" or _RATIO.fullmatch(value) is not None)


def _is_size(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_whole(side) and side > 0 for side in value)


def _is_extra(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(fields, Mapping) and all(map(_is_text, fields)) for fields in value.values()
    )


def _is_labels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)


_FILE = (
    "must be a URL or a data URI, not {shown}: give a file of this machine as a Path, as bytes, or open in binary mode"
)


def _is_file(value: Any) -> bool:
    return value.fault is None if isinstance(value, Media) else is_url(value) and is_json(value)


def _file_fault(value: Any) -> str:
    """Return what is wrong with the first of some files that does not fit."""
    wrong = next(each for each in (value if isinstance(value, tuple) else (value,)) if not _is_file(each))
    if isinstance(wrong, Media):
        return f"{shown(wrong.source) if is_data_uri(wrong.source) else wrong.label} {wrong.fault}"
    return _FILE.format(shown=shown(wrong))


TEXT = Form("must be a text, not {shown}", _is_text, "a fox")
NAME = Form("must be a name, not {shown}", lambda value: _is_text(value) and 0 < len(value) <= LONGEST_NAME, "nova")
"""A word of the provider's, which is none of the caller's own words."""

FILE = Form(_FILE, _is_file, "https://a.example/1.png", _file_fault)
FILES = Form(
    _FILE,
    lambda given: isinstance(given, tuple) and all(map(_is_file, given)),
    ("https://a.example/1.png",),
    _file_fault,
)
MEDIA = (FILE, FILES)
"""The forms of fields into which files are put."""

LINK = Form("must be an http(s) URL, not {shown}", is_url, "https://a.example/1.png")
_TWO = 'must be two numbers like "16:9", or "auto", not {shown}'


def _ratio_fault(value: Any) -> str | None:
    """Return what is wrong with a ratio that may be another, or that is a size."""
    if isinstance(spellings.size(value), tuple):
        return f"{_TWO.format(shown=shown(value))}; a width and a height in pixels are a size"
    return _with_hint(_TWO, value, spellings.near_ratios(value))


RATIO = Form(_TWO, _is_ratio, "16:9", _ratio_fault, read=spellings.ratio)
SIZE = Form(
    "must be a width and a height in pixels, like 1024x1024, not {shown}", _is_size, (1024, 1024), read=spellings.size
)
COUNT = Form(f"must be a whole number from 1 to {MOST}, not {{shown}}", lambda n: _is_whole(n) and 1 <= n <= MOST, 1)
SECONDS = Form(f"must be whole seconds from 1 to {LONGEST}, not {{shown}}", _is_seconds, 5, read=spellings.seconds)
DURATION = Form(
    f'must be whole seconds from 1 to {LONGEST}, like 5, or "auto", not {{shown}}',
    lambda value: value == "auto" or _is_seconds(value),
    5,
    read=spellings.seconds,
)
_ABOVE = "must be a number above 0, not {shown}"
SPEED = Form(
    _ABOVE,
    lambda value: _is_number(value) and value > 0,
    1,
    lambda value: _with_hint(_ABOVE, value, spellings.with_point(value)),
)
WHOLE = Form("must be a whole number, 0 or more, not {shown}", lambda number: _is_whole(number) and number >= 0, 1)
ANYTHING = Form("may be anything, like {shown}", lambda _: True)
ANY_WHOLE = Form("must be a whole number, not {shown}", _is_whole)
NUMBER = Form("must be a number, not {shown}", _is_number)
FLAG = Form("must be true or false, not {shown}", lambda value: isinstance(value, bool), True)
EXTRA = Form('must be raw fields by provider, like {{"acme": {{…}}}}, not {shown}', _is_extra)
LABELS = Form("must be texts by name, not {shown}", _is_labels)
