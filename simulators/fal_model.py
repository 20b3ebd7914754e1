"""What fal sells, as its pages write it: an endpoint, its fields, what it makes, its price, its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, cast

from attrs import frozen

from .fields import Cause, Field, Fields, Problem, Whole, problems
from .message import Refusal
from .model import Given, Made, no_rules
from .picture import Size

SIZES: Mapping[str, Size] = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
"""The pixels of the named sizes: our choice."""

SEED = Whole(0, 2**63)

Result = Literal["images", "video", "audio"]


@frozen
class Endpoint:
    """One endpoint: `unit` is what its price list counts, and `unit_usd` what one of it costs.

    `cents` are those of a body; `tells` names what the result tells beside the files: seed, details (of a film: its
    size, length and rate), duration_ms.
    """

    fields: Fields
    made: Callable[[Given], Made]
    cents: Callable[[Given], Decimal]
    result: Result
    unit: str
    unit_usd: Decimal
    rules: Callable[[Given], Iterable[Problem]] = no_rules
    tells: Sequence[str] = ()
    subject: str = "prompt"


@frozen
class ImageSize:
    """One of the named sizes, of a few more words, or {width, height}, of which each has so many pixels."""

    more: Sequence[str] = ()
    least: int = 1
    most: int = 2**31
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if isinstance(value, dict):
            sides = [side for side in (value.get("width"), value.get("height")) if type(side) is int and side > 0]
            if len(sides) < 2:
                return "type", "needs width and height"
            if not all(self.least <= side <= self.most for side in sides):
                return "range", f"must have {self.least} to {self.most} pixels a side"
            return None
        words = (*SIZES, *self.more)
        return None if isinstance(value, str) and value in words else ("choice", ", ".join(words))


@frozen
class WordOrWhole:
    """One of some words; the number that one of them writes is taken too."""

    words: Sequence[str]
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        word = str(value) if type(value) is int else value
        return None if isinstance(word, str) and word in self.words else ("choice", ", ".join(self.words))


@frozen
class Anything:
    """An object of which no page tells what stands in it."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field; all that stands in it counts as read."""
        if not isinstance(value, dict):
            return "type", "must be an object"
        for name in value:
            value.get(name)
        return None


def size_of(body: Given, usual: Size, words: Mapping[str, Size] | None = None) -> Size:
    """Width and height of an image_size; `usual` where it is not given, or left to the model."""
    wanted = body.get("image_size")
    if isinstance(wanted, dict):
        return cast("int", wanted["width"]), cast("int", wanted["height"])
    return {**SIZES, **(words or {})}.get(str(wanted), usual)


def either(body: Given, names: Sequence[str], most: int = 1) -> Iterable[Problem]:
    """Of several fields one is given, or up to `most` of them."""
    given = [name for name in names if body.get(name)]
    if not 1 <= len(given) <= most:
        yield Problem(
            names[0], "rule", f"{'exactly' if most == 1 else 'at least'} one of {', '.join(names)} is required"
        )


def invalid(field: str, text: str) -> Refusal:
    """The refusal of one field."""
    return Refusal(422, "value_error", "", {field: [text]})


def refuse(wrong: Iterable[Problem]) -> None:
    """Raises a 422 that tells everything that is wrong, field by field, if anything is."""
    if found := {problem.field: [problem.predicate] for problem in wrong}:
        raise Refusal(422, "value_error", "", found)


def check(body: Given, fields: Fields) -> None:
    """422 for everything that is wrong with a body."""
    refuse(problems(body, fields))


def fields_of(*groups: Mapping[str, Field]) -> dict[str, Field]:
    """Several groups of fields as one."""
    return {name: field for group in groups for name, field in group.items()}
