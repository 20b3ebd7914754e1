"""Numbers, and what is true or false: which of them a field takes, and how they are written."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import attrs

from anymedia.model.forms import ANY_WHOLE, FLAG, NUMBER, Form
from anymedia.model.strict_json import Json

from .fields import Flaw, Value, is_same, outside
from .typed import typed

AUTO = "auto"
"""What is asked for where the provider is to choose a number."""

_WHOLE = r"(-?(?:0|[1-9][0-9]{0,17}))"
_DECIMAL = r"(-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?)"


def as_word(value: object) -> str:
    """Return a value as a table of prices and a message name it: "true", "5", "0.5", "16:9"."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def of_word(takes: Value, word: str) -> Any:
    """Return the value of a kind that a word names in a table of prices; None where it names none."""
    match takes:
        case Flag():
            return {as_word(flag): flag for flag in (True, False)}.get(word)
        case Whole() | Number():
            pattern = _WHOLE if isinstance(takes, Whole) else _DECIMAL
            return _read(word, "{}", pattern)
        case _:
            return word


def _template(given: Any) -> str | None:
    """Return the text in which a number is written; None where it is written as a number. Errors: ValueError."""
    form = "{}" if given is str else given
    if form is None or (isinstance(form, str) and form.count("{}") == 1 and not {*form.replace("{}", "")} & {*"{}"}):
        return form
    raise ValueError(f"form is str, or a text in which {{}} stands for the number, like '{{}}s', not {given!r}")


def _step(takes: Any, _: Any, step: int) -> None:
    if step < 1 or (step > 1 and takes.most is None):
        raise ValueError(f"step: it is 1 or more, and from 2 on it goes up to most, not {step}")


@attrs.frozen(field_transformer=typed)
class Whole(Value):
    """A whole number, written as a number, with form=str as a text ("5"), or in a text: form="{}s" writes "5s".

    Whole(4, 8, step=2) takes 4, 6 and 8. `auto` is how the word "auto" is written; None: it is not taken.
    """

    wants: ClassVar[Form] = ANY_WHOLE

    least: int = 0
    most: int | None = None
    form: str | None = attrs.field(default=None, converter=_template)
    step: int = attrs.field(default=1, kw_only=True, validator=_step)
    auto: Json = attrs.field(default=None, kw_only=True, hash=False)

    @property
    def values(self) -> range | None:
        """Every number that it takes; None where there is no largest."""
        return None if self.most is None else range(self.least, self.most + 1, self.step)

    def flaws(self, value: int | str) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        if isinstance(value, str):
            if value != AUTO or self.auto is None:
                yield Flaw(f"takes {self._bounds}, not {value}", documented=False)
        elif self.step == 1:
            yield from outside("", value, self.least, self.most)
        elif value not in (self.values or ()):
            yield Flaw(f"takes {self._bounds}, not {value}")

    @property
    def _bounds(self) -> str:
        if self.step > 1 or self.least == self.most:
            return ", ".join(map(str, self.values or ()))
        return f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"

    def write(self, value: int | str) -> Json:
        """Return a value in the wire's words."""
        return self.auto if isinstance(value, str) else _written(value, self.form)

    def read(self, wire: Json) -> Any:
        """Return what the wire's words stand for; None where they have not the form."""
        if self.auto is not None and is_same(self.auto, wire):
            return AUTO
        return _read(wire, self.form, _WHOLE)

    def holds(self, value: Any) -> bool:
        """Return whether a value is a whole number, or "auto" where that is taken."""
        return super().holds(value) or (value == AUTO and self.auto is not None)


@attrs.frozen(field_transformer=typed)
class Number(Value):
    """A number, whole or not, written as a number or in a text, as Whole is."""

    wants: ClassVar[Form] = NUMBER

    least: float = 0
    most: float | None = None
    form: str | None = attrs.field(default=None, converter=_template)

    def flaws(self, value: float) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        yield from outside("", value, self.least, self.most)

    def write(self, value: float) -> Json:
        """Return a value in the wire's words."""
        return _written(value, self.form)

    def read(self, wire: Json) -> Any:
        """Return what the wire's words stand for; None where they have not the form."""
        return _read(wire, self.form, _DECIMAL)


@attrs.frozen(field_transformer=typed)
class Flag(Value):
    """True or false, written as they are or in other words: Flag(on="enabled", off="disabled")."""

    wants: ClassVar[Form] = FLAG

    on: Json = attrs.field(default=True, hash=False)
    off: Json = attrs.field(default=False, hash=False)

    def __attrs_post_init__(self) -> None:
        if is_same(self.on, self.off):
            raise ValueError(f"on and off are both {self.on!r}: they are written differently, or nothing is chosen")

    def flaws(self, value: bool) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        yield from ()

    def write(self, value: bool) -> Json:
        """Return a value in the wire's words."""
        return self.on if value else self.off

    def read(self, wire: Json) -> bool | None:
        """Return what the wire's words stand for; None when nothing does."""
        return True if is_same(self.on, wire) else False if is_same(self.off, wire) else None


def _written(value: float, form: str | None) -> Json:
    return value if form is None else form.replace("{}", as_word(value))


def _read(wire: Json, form: str | None, number: str) -> Any:
    if form is None:
        return wire
    before, after = map(re.escape, form.split("{}"))
    found = re.fullmatch(before + number + after, wire) if isinstance(wire, str) else None
    if found is None:
        return None
    return float(found[1]) if "." in found[1] else int(found[1])
