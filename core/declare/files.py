"""Files that are put in: in which forms a field takes them, and how bytes get to a provider first."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import attrs

from anymedia.model.forms import FILE, FILES, Form, texts_in
from anymedia.model.media import Media
from anymedia.model.strict_json import Json

from .endpoint import Endpoint
from .fields import Flaw, Value, outside
from .path import Place, place
from .several import pair, several
from .typed import typed

FORMS = ("url", "upload", "data", "base64", "part")
"""In which ways a file may stand in a body: as a public URL, as the URL that the provider's own upload names, as a data
URI, as base64 alone, or as a part of the form that the submit sends."""

MEGA = 1_000_000
"""Bytes of a megabyte, as pages count them: our choice, the smaller of the two."""

NAMED = re.compile(r"\{(\w+)\}")
"""A name within a text of a step."""

OF_A_FILE = frozenset(("name", "type", "size", "sha256", "md5", "base64", "data", "file"))
"""What a step may name of the file itself."""

INLINE = 10.0
"""Megabytes of a file that goes into a JSON body where the page names no bound: our choice."""


def _forms(_: Any, attribute: Any, given: tuple[str, ...]) -> None:
    several("forms", str)(_, attribute, given)
    unknown = [form for form in given if form not in FORMS]
    if unknown or not given:
        raise ValueError(f"forms: {', '.join(unknown) or 'none'}; there are {', '.join(FORMS)}")


def _sides(_: Any, attribute: Any, given: Any) -> None:
    if given is not None:
        pair("sides", "the least and the most pixels of a side, like (300, 6000)", given)


@attrs.frozen(kw_only=True, field_transformer=typed)
class _Takes(Value):
    """What a field takes of each file that is put in."""

    forms: tuple[str, ...] = attrs.field(default=("url",), validator=_forms)
    types: tuple[str, ...] = attrs.field(default=(), validator=several("media types", str))
    megabytes: float | None = None
    sides: tuple[int, int] | None = attrs.field(default=None, validator=_sides)
    megapixels: float | None = None
    https: bool = False
    inline: float = INLINE

    def each(self, value: str | Media) -> Iterator[Flaw]:
        """Yield everything that is wrong with one file."""
        if isinstance(value, Media):
            yield from self._of_file(value)
        elif "url" not in self.forms:
            yield Flaw("takes the file itself and no URL: give its bytes, or a Path", documented=False)
        elif self.https and not value.lower().startswith("https:"):
            yield Flaw(f"takes https URLs only, not {value}")

    def _of_file(self, media: Media) -> Iterator[Flaw]:
        if self.types and media.media_type not in self.types:
            yield Flaw(f"takes {', '.join(self.types)}, and {media.label} is {media.media_type}")
        if self.megabytes is not None and media.size > self.megabytes * MEGA:
            shown = f"{media.size / MEGA:.1f}"
            yield Flaw(f"takes at most {self.megabytes:g} megabytes, and {media.label} has {shown}")
        known = media.format
        if known is None or known.width is None or known.height is None:
            return
        size = f"{media.label} is {known.width}x{known.height}"
        if self.sides is not None and not all(
            self.sides[0] <= side <= self.sides[1] for side in (known.width, known.height)
        ):
            yield Flaw(f"takes {self.sides[0]} to {self.sides[1]} pixels a side, and {size}")
        if self.megapixels is not None and known.width * known.height > self.megapixels * (1 << 20):
            yield Flaw(f"takes at most {self.megapixels:g} megapixels, and {size}")


@attrs.frozen(kw_only=True, field_transformer=typed)
class File(_Takes):
    """One file that is put in.

    `forms` are the ways in which a file may stand in a body, the best one first: url, upload (the URL that the
    provider's own upload names), data (a data URI), base64 (base64 alone), part (a part of the form that the submit
    sends). `types` are media types (none: every one), `megabytes` is of one file, `sides` the least and the most pixels
    of a side, `megapixels` (of 1024 × 1024) of both together; pixels that are not known are not held against them.
    `https` takes no other URLs. A file goes into a JSON body up to `inline` megabytes.
    """

    wants: ClassVar[Form] = FILE

    def flaws(self, value: str | Media) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        yield from self.each(value)


@attrs.frozen(field_transformer=typed)
class Files(_Takes):
    """A list of `least` to `most` files that are put in, each as File says; `single`: written as the one that it is."""

    wants: ClassVar[Form] = FILES

    least: int = 0
    most: int | None = None
    single: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.single and self.most != 1:
            raise ValueError(f"single: it is written as one file, and takes {self.most or 'any number'}")

    def flaws(self, value: tuple[str | Media, ...]) -> Iterator[Flaw]:
        """Yield everything that is wrong with a value."""
        for flaw in outside("files", len(value), self.least, self.most):
            # Of several files all but one would be lost where one alone is written.
            yield attrs.evolve(flaw, documented=not self.single)
        for each in value:
            yield from self.each(each)

    def write(self, value: tuple[str | Media, ...]) -> Json:
        """Return a value in the wire's words."""
        return value[0] if self.single else list(value)

    def read(self, wire: Json) -> Any:
        """Return what the wire's words stand for."""
        if isinstance(wire, list):
            return tuple(wire)
        return (wire,) if self.single and wire is not None else wire


def _places(given: Mapping[str, str | Place]) -> Mapping[str, Place]:
    return {name: place(where) for name, where in given.items()}


def _found_headers(_: Any, attribute: Any, given: Any) -> None:
    if isinstance(given, Mapping):
        raise ValueError(
            "Step, headers: it is the name of headers that an earlier step found, a text; headers that are known "
            "stand in its call, Endpoint(headers={…})"
        )


@attrs.frozen(kw_only=True, field_transformer=typed)
class Step:
    """One call of an upload: what it sends, and what its answer tells the steps after it.

    `sends` is the body, as JSON or as the fields of a form: texts may hold {name}, {type}, {size}, {sha256}, {md5} (of
    the file, in base64), {base64}, {data} (a data URI), and what earlier steps found; a whole text keeps the type of
    what it names, and "{file}" in a form is the file. A `call` whose body is "file" sends its bytes. `finds` names
    places of the answer; `call.link` is the name of one that holds the URL to call, or what comes before the `path` of
    the call, `headers` the name of one that holds an object of headers to send.
    """

    call: Endpoint
    sends: Mapping[str, Json] = attrs.field(factory=dict, hash=False)
    finds: Mapping[str, Place] = attrs.field(factory=dict, converter=_places, hash=False)
    headers: str | None = attrs.field(default=None, validator=_found_headers)

    @property
    def texts(self) -> Iterator[str]:
        """Every text of it that may name something."""
        return texts_in((self.sends, self.call.headers, self.call.query, self.call.path))


@attrs.frozen(init=False, field_transformer=typed)
class Upload:
    """How bytes get to a provider: the calls, in order, after which it names a URL.

    `url` is the name of what a step found: the URL that stands in the submit, or, with `reference`, a text that is no
    URL and stands there as it is, like "file_123" or "asset://abc". `expires` is the name of a time that a step found,
    or how many seconds a URL can be fetched (None: nobody says). `megabytes` is of one file.
    """

    steps: tuple[Step, ...] = attrs.field(validator=several("steps", Step))
    url: str
    expires: str | float | None
    megabytes: float | None
    reference: bool

    def __init__(
        self,
        *steps: Step,
        url: str = "url",
        expires: str | float | None = None,
        megabytes: float | None = None,
        reference: bool = False,
    ) -> None:
        self.__attrs_init__(steps, url, expires, megabytes, reference)

    def __attrs_post_init__(self) -> None:
        wrong = "; ".join(_unknown(self))
        if wrong:
            raise ValueError(f"upload: {wrong}")


def _unknown(upload: Upload) -> Iterator[str]:
    """Yield what a step, or the upload itself, names before anything has found it, and what no step reads."""
    known = set(OF_A_FILE)
    for number, step in enumerate(upload.steps, 1):
        named = [name for text in step.texts for name in NAMED.findall(text)]
        named += [each for each in (step.call.link, step.headers) if each is not None]
        for name in named:
            if name not in known:
                yield f"step {number} names {name}, which no step before it finds; there are {', '.join(sorted(known))}"
        if step.call.body == "file" and step.sends:
            yield f"step {number} sends the file itself, so nothing reads what it sends beside it"
        known |= step.finds.keys()
    for name in (upload.url, upload.expires):
        if isinstance(name, str) and name not in known - OF_A_FILE:
            yield f"no step finds {name}"
