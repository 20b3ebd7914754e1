"""The words that a provider's fields are written in, and what is wrong with a body that does not fit them.

Lengths count code points (no page says what it counts). A bool is no integer. `null` is the same as not given: the
pages are silent, so this is our choice at every provider.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, cast
from urllib.parse import urlsplit

from attrs import field, frozen

from .inputs import Fetched, Takes, from_inline, is_inline, is_loopback, links
from .message import Sent
from .multipart import Part

Cause = Literal[
    "missing",
    "unlisted",
    "type",
    "short",
    "long",
    "choice",
    "range",
    "entries",
    "link",
    "rule",
    "unreachable",
    "unreadable",
]
Fields = Mapping[str, "Field"]

PIXELS = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
WEB = ("http", "https")


@frozen
class Problem:
    """One thing that is wrong: `text` is a predicate of the field ("is required"); of a choice, the allowed words."""

    field: str
    cause: Cause
    text: str
    value: object = None

    @property
    def predicate(self) -> str:
        """What is wrong with the field, in words that follow its name."""
        return f"must be one of {self.text}" if self.cause == "choice" else self.text


class Field(Protocol):
    """What may stand in a field."""

    @property
    def required(self) -> bool:
        """Whether the field must be given."""

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """Why a value does not fit: the cause and a predicate; None when it fits."""


@frozen
class Text:
    """A string of `least` to `most` code points; an empty one counts as missing where one is required."""

    least: int = 0
    most: int | None = None
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, str):
            return "type", "must be a string"
        if self.required and not value:
            return "missing", "is required"
        if len(value) < self.least:
            return "short", f"must be at least {self.least} characters"
        if self.most is not None and len(value) > self.most:
            return "long", f"must be at most {self.most} characters"
        return None


@frozen
class Choice:
    """One of the allowed words; in any case if `any_case`; or WIDTHxHEIGHT if `pixels`."""

    allowed: Sequence[str]
    required: bool = False
    any_case: bool = False
    pixels: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, str):
            return "type", "must be a string"
        fits = value in self.allowed or (self.any_case and value.lower() in self.allowed)
        if fits or (self.pixels and PIXELS.fullmatch(value)):
            return None
        return "choice", ", ".join([*self.allowed, *(["or WxH pixels"] if self.pixels else [])])


@frozen
class Whole:
    """An integer of a range, in steps from its least on, or one that stands `beside` the range."""

    least: int
    most: int
    required: bool = False
    step: int = 1
    beside: Sequence[int] = ()

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, int) or isinstance(value, bool):
            return "type", "must be an integer"
        if value in self.beside or (self.least <= value <= self.most and not (value - self.least) % self.step):
            return None
        if self.step > 1:
            return "range", f"must be one of {', '.join(map(str, range(self.least, self.most + 1, self.step)))}"
        span = f"between {self.least} and {self.most}" if self.least < self.most else f"{self.least}"
        return "range", f"must be {span}"


@frozen
class Number:
    """A number of a range, whole or not."""

    least: float
    most: float
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, int | float) or isinstance(value, bool):
            return "type", "must be a number"
        return None if self.least <= value <= self.most else ("range", f"must be from {self.least} to {self.most}")


@frozen
class Flag:
    """True or false."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        return None if isinstance(value, bool) else ("type", "must be a boolean")


@frozen
class Object:
    """A JSON object that has these fields; without any, what stands in it is looked at by itself."""

    required: bool = False
    fields: Fields = field(factory=dict)

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, dict):
            return "type", "must be an object"
        return next((("entries", f"{each.field} {each.predicate}") for each in problems(value, self.fields)), None)


@frozen
class Objects:
    """A list of `least` to `most` JSON objects that have these fields."""

    fields: Fields
    least: int = 0
    most: int | None = None
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, list):
            return "type", "must be a list of objects"
        return _miscounted(value, self.least, self.most) or next(
            filter(None, map(Object(fields=self.fields).wrong, value)), None
        )


@frozen
class Link:
    """A web address; of what `takes` says, where it leads to a file.

    The file itself may stand in its place where `inline` names a form for that: data (a data URI) or base64 (plain);
    and so may a reference to an upload, the text `reference` with its id behind it.
    """

    schemes: Sequence[str] = WEB
    required: bool = False
    takes: Takes | None = None
    inline: Sequence[str] = ()
    reference: str = ""

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, str):
            return "type", "must be a string"
        if self.reference and value.startswith(self.reference):
            return None
        if is_link(value, self.schemes) or (is_inline(value, self.inline) and from_inline(value) is not None):
            return None
        return "link", f"must be a public {'http(s)' if 'http' in self.schemes else 'https'} URL"


@frozen
class Links:
    """A list of `least` to `most` web addresses, each as in Link."""

    least: int = 0
    most: int | None = None
    schemes: Sequence[str] = WEB
    required: bool = False
    takes: Takes | None = None
    inline: Sequence[str] = ()
    reference: str = ""

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, list):
            return "type", "must be a list of strings"
        each = Link(self.schemes, inline=self.inline, reference=self.reference)
        return _miscounted(value, self.least, self.most) or next(filter(None, map(each.wrong, value)), None)


@frozen
class Parts:
    """A file that is a part of a form, or `least` to `most` of them; of what `takes` says."""

    takes: Takes
    least: int = 1
    most: int = 1
    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        files = value if isinstance(value, list) else [value]
        if not self.least <= len(files) <= self.most:
            return "entries", f"takes {self.least} to {_entries(self.most)}"
        return next(filter(None, map(self._wrong, files)), None)

    def _wrong(self, value: object) -> tuple[Cause, str] | None:
        return self.takes.wrong(Fetched(value.content)) if isinstance(value, Part) else ("type", "must be a file")


def is_link(text: str, schemes: Sequence[str] = WEB) -> bool:
    """Whether a text is an absolute address with a host under one of the schemes.

    Plain HTTP is as good as HTTPS on this machine, where nobody has a certificate.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    fits = parts.scheme in schemes or (parts.scheme == "http" and "https" in schemes and is_loopback(host))
    return fits and bool(host) and not re.search(r"\s", text)


def inputs(body: Mapping[str, object], fields: Fields) -> list[tuple[str, str, Takes]]:
    """The links to files in a body that fits its fields: the field, the link, and what the field takes."""
    media = {name: rule.takes for name, rule in fields.items() if isinstance(rule, Link | Links)}
    found = [(name, link, takes) for name, takes in media.items() if takes for link in links(body.get(name))]
    for name, rule in fields.items():
        if isinstance(rule, Objects):
            for entry in cast("list[Mapping[str, object]]", body.get(name) or []):
                found += [(name, link, takes) for _, link, takes in inputs(entry, rule.fields)]
    return found


def given(body: Mapping[str, object]) -> dict[str, object]:
    """The fields that are not null; reading one of them is reading it of the body."""
    if isinstance(body, Sent):
        return body.given()
    return {name: value for name, value in body.items() if value is not None}


def problems(body: Mapping[str, object], fields: Fields, *, closed: bool = False) -> list[Problem]:
    """Everything that is wrong with a body, in the order of the fields; `closed` also refuses what is not listed."""
    found = []
    for name, rule in fields.items():
        if (value := body.get(name)) is not None:
            if wrong := rule.wrong(value):
                found.append(Problem(name, *wrong, value))
        elif rule.required:
            found.append(Problem(name, "missing", "is required"))
    if closed:
        found += [Problem(name, "unlisted", "is not supported here") for name in given(body) if name not in fields]
    return found


def _miscounted(value: list[object], least: int, most: int | None) -> tuple[Cause, str] | None:
    if len(value) < least:
        return "entries", f"needs at least {_entries(least)}"
    return ("entries", f"accepts at most {_entries(most)}") if most is not None and len(value) > most else None


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"
