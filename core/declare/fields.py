"""What values a field of an offer takes, and how they are written on the wire; numbers are in `numbers`."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, ClassVar

import attrs

from anymedia.model.forms import ANYTHING, LINK, SIZE, TEXT, Form
from anymedia.model.strict_json import Json

from .several import pair, several
from .typed import typed


@attrs.frozen
class Flaw:
    """What is wrong with a value.

    `documented`: a limit of the provider's page, which may have drifted. `unsupported`: the offer has no such thing.
    """

    message: str
    documented: bool = True
    unsupported: bool = False


class Value(ABC):
    """A kind of value: `flaws` checks it, `write` puts it into the wire's words, `read` takes it back from them.

    `wants` is what a value of the kind is at all, whatever the bounds.
    """

    wants: ClassVar[Form] = ANYTHING

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The keys of the object that a value is written as; None where it is no object."""
        return None

    @abstractmethod
    def flaws(self, value: Any) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""

    def write(self, value: Any) -> Json:
        """Return a value in the wire's words."""
        return value

    def read(self, wire: Json) -> Any:
        """Return what the wire's words stand for; None when nothing does."""
        return wire

    def holds(self, value: Any) -> bool:
        """Return whether a value is one of the kind, whatever the bounds."""
        return self.wants.fits(value)


@attrs.frozen(field_transformer=typed)
class Always(Value):
    """What each work has, asked for or not: Param(None, Always(True)). It is not sent, and nothing else is taken."""

    value: Any

    def flaws(self, value: Any) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        if not is_same(value, self.value):
            yield Flaw(f"is always {_said(self.value)}", documented=False, unsupported=True)


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@attrs.frozen(field_transformer=typed)
class Text(Value):
    """A text of `least` to `most` characters, counted in code points."""

    wants: ClassVar[Form] = TEXT

    least: int = 0
    most: int | None = None

    def flaws(self, value: str) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        yield from outside("characters", len(value), self.least, self.most)


@attrs.frozen(field_transformer=typed)
class Url(Value):
    """A public URL; http only where the page allows it."""

    wants: ClassVar[Form] = LINK

    https: bool = False

    def flaws(self, value: str) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        if self.https and not value.lower().startswith("https:"):
            yield Flaw(f"takes https URLs only, not {value}")


@attrs.frozen(init=False, field_transformer=typed)
class Choice(Value):
    """One of several values, written as they are or as a mapping says: Choice("auto", "low"), Choice({"1K": "1k"}).

    A value in `not_honoured` is accepted on the wire, and then ignored.
    """

    wants: ClassVar[Form] = TEXT

    wire: Mapping[str, Json] = attrs.field(hash=False)
    not_honoured: tuple[str, ...] = attrs.field(default=(), validator=several("values", str))

    def __init__(self, *values: str | Mapping[str, Json], not_honoured: tuple[str, ...] = ()) -> None:
        wire: dict[str, Json] = {}
        for value in values:
            if not isinstance(value, str | Mapping):
                raise ValueError(f"Choice, values: takes texts, and {{a text: how it is written}}, not {value!r}")
            wire |= {value: value} if isinstance(value, str) else value
        self.__attrs_init__(wire, not_honoured)

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The keys of the objects that the values are written as; None where any is no object."""
        objects = [each for each in self.wire.values() if isinstance(each, Mapping)]
        return tuple({key: None for each in objects for key in each}) if len(objects) == len(self.wire) else None

    def flaws(self, value: str) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        if value not in self.wire:
            # A word that is written as itself may still be tried; how another would be written, nobody knows.
            written_alike = all(value == wire for value, wire in self.wire.items())
            yield Flaw(f"takes {', '.join(self.wire)}, not {value}", documented=written_alike)
        elif value in self.not_honoured:
            yield Flaw(f"{value} is accepted but not honoured", unsupported=True, documented=False)

    def write(self, value: str) -> Json:
        """Return a value in the wire's words."""
        return self.wire.get(value, value)

    def read(self, wire: Json) -> str | None:
        """Return what the wire's words stand for; None when nothing does."""
        return next((value for value, written in self.wire.items() if is_same(written, wire)), None)


def _area(_: Any, attribute: Any, given: Any) -> None:
    if given is not None:
        pair("area", "a width and a height in pixels, like (3840, 2160)", given)


@attrs.frozen(field_transformer=typed)
class Size(Value):
    """Width and height in pixels, as text ("{width}x{height}") or as {"width": …, "height": …}.

    `least`, `most` and `step` hold for each side; `megapixels` (of 1024 × 1024) for both together, and so does `area`:
    as many pixels as this size has. `ratio` is how many times as long as the other a side may be. `beside` is what
    else is written into the object: {"aspect_ratio": "custom"}. Errors: ValueError for a text with something beside it.
    """

    wants: ClassVar[Form] = SIZE

    text: str | None = None
    least: int = 1
    step: int = 1
    megapixels: int | None = None
    most: int | None = attrs.field(default=None, kw_only=True)
    ratio: int | None = attrs.field(default=None, kw_only=True)
    area: tuple[int, int] | None = attrs.field(default=None, kw_only=True, validator=_area)
    beside: Mapping[str, Json] = attrs.field(factory=dict, kw_only=True, hash=False)

    def __attrs_post_init__(self) -> None:
        if self.text is not None and self.beside:
            raise ValueError(f"beside: nothing stands beside a size that is written as a text, {self.text!r}")

    @property
    def keys(self) -> tuple[str, ...] | None:
        """The keys of the object that a size is written as; None where it is a text."""
        return ("width", "height", *self.beside) if self.text is None else None

    def flaws(self, value: tuple[int, int]) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        width, height = value
        if min(value) < self.least:
            yield Flaw(f"takes at least {self.least} pixels a side, not {width}x{height}")
        if self.most is not None and max(value) > self.most:
            yield Flaw(f"takes at most {self.most} pixels a side, not {width}x{height}")
        if width % self.step or height % self.step:
            yield Flaw(f"takes multiples of {self.step}, not {width}x{height}")
        if self.megapixels is not None and width * height > self.megapixels << 20:
            yield Flaw(f"takes at most {self.megapixels} megapixels, not {width}x{height}")
        if self.area is not None and width * height > prod(self.area):
            yield Flaw(f"takes at most as many pixels as {'x'.join(map(str, self.area))}, not {width}x{height}")
        if self.ratio is not None and max(value) > self.ratio * min(value):
            yield Flaw(f"takes ratios from 1:{self.ratio} to {self.ratio}:1, not {width}x{height}")

    def write(self, value: tuple[int, int]) -> Json:
        """Return a value in the wire's words."""
        width, height = value
        if self.text is not None:
            return self.text.format(width=width, height=height)
        return {"width": width, "height": height, **self.beside}

    def read(self, wire: Json) -> tuple[int, int] | None:
        """Return the size that the wire's words stand for; None where they are no size: a ratio may share the place."""
        if isinstance(wire, Mapping) and not all(is_same(wire.get(key), value) for key, value in self.beside.items()):
            return None
        sides = [wire.get("width"), wire.get("height")] if isinstance(wire, Mapping) else _numbers(wire)
        match sides:
            case [int(width), int(height)] if isinstance(wire, Mapping) or self.write((width, height)) == wire:
                return width, height
        return None


def _numbers(wire: Json) -> list[Any]:
    return [int(digits) for digits in re.findall(r"[0-9]{1,9}", wire)] if isinstance(wire, str) else []


def is_same(one: Json, other: Json) -> bool:
    """Return whether two JSON values are the same; true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def outside(unit: str, number: float, least: float, most: float | None) -> Iterator[Flaw]:
    """Yield that a number, or a length in some unit, is out of its bounds."""
    if number < least or (most is not None and number > most):
        bounds = f"at least {least}" if most is None else str(most) if least == most else f"{least} to {most}"
        counted = unit.removesuffix("s") if bounds.split()[-1] == "1" else unit
        yield Flaw(f"takes {bounds} {counted}".rstrip() + f", not {number}")
