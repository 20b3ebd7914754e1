"""What the caller wants, in words that belong to no provider."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

import attrs

from .errors import OutOfBounds, Problem
from .strict_json import dumps
from .urls import is_url

Mode: TypeAlias = Literal["text", "edit"]
Size: TypeAlias = tuple[int, int]

RESOLUTIONS = ("1K", "2K", "4K")
QUALITIES = ("low", "medium", "high", "auto")
BACKGROUNDS = ("auto", "opaque", "transparent")
MODERATIONS = ("off", "low", "standard")
OUTPUT_FORMATS = ("png", "jpeg", "webp")

MOST = 1000
"""Pictures of one request: our choice, against a slip of the hand."""

DELIVERY = ("callback_url", "labels")
"""Fields about delivery: an offer that does not take them is not refused for it."""

_RATIO = re.compile(r"[1-9][0-9]{0,3}:[1-9][0-9]{0,3}")


def _several(given: Any) -> Any:
    return (given,) if isinstance(given, str) else _pair(given)


def _pair(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _copied(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return copy.deepcopy(given)


@attrs.frozen(kw_only=True)
class ImageRequest:
    """One picture, or `count` of them; None means the provider's default, which `explain` shows.

    `images` (references: the request is then an edit) and `mask` are public URLs; the mask's transparent parts are
    painted. `aspect_ratio` is "16:9" or "auto", `size` (width, height) in pixels: one of the two. `resolution` is 1K,
    2K or 4K; `quality` low, medium, high or auto; `background` auto, opaque or transparent; `moderation` off, low or
    standard; `output_format` png, jpeg or webp. `extra` passes raw fields by provider ({"acme": {"steps": 20}}) and
    wins over the mapped ones; `labels` are the caller's own. Errors: OutOfBounds with every problem, for
    what no provider could take.
    """

    model: str
    prompt: str
    images: tuple[str, ...] = attrs.field(default=(), converter=_several)
    mask: str | None = None
    aspect_ratio: str | None = None
    size: Size | None = attrs.field(default=None, converter=_pair)
    resolution: str | None = None
    count: int | None = None
    quality: str | None = None
    background: str | None = None
    moderation: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    output_format: str | None = None
    callback_url: str | None = None
    extra: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, converter=_copied, hash=False)
    labels: Mapping[str, str] = attrs.field(factory=dict, converter=_copied, hash=False)

    def __attrs_post_init__(self) -> None:
        problems = tuple(_problems(self))
        if problems:
            raise OutOfBounds(problems=problems)

    @property
    def mode(self) -> Mode:
        """Whether the picture comes from text alone or from other pictures."""
        return "edit" if self.images else "text"

    @property
    def given(self) -> dict[str, Any]:
        """What was asked for beside the model: the fields that are not None."""
        values = ((name, getattr(self, name)) for name in FIELDS)
        return {name: value for name, value in values if value is not None and value != ()}


FIELDS = tuple(field.name for field in attrs.fields(ImageRequest) if field.name not in ("model", "extra", "labels"))
"""The fields that an offer can map."""

_OPTIONAL = {field.name for field in attrs.fields(ImageRequest) if field.default is None}


@attrs.frozen
class RawRequest:
    """Any body to any path of a provider: nothing is checked, the price is unknown, the task lives as any other."""

    provider: str
    path: str
    body: Mapping[str, Any] = attrs.field(converter=_copied, hash=False)
    kind: str = "image"

    def __attrs_post_init__(self) -> None:
        problems = []
        if not re.fullmatch(r"/(?!/)[!-~]*", str(self.path)) or re.search(r"[#\\]", self.path):
            problems.append(
                Problem(field="path", message=f"a path starts with one / and is plain ASCII, not {self.path!r}")
            )
        if not (isinstance(self.body, Mapping) and _is_json(self.body)):
            problems.append(Problem(field="body", message="a body is a JSON object"))
        if self.kind not in ("image", "video", "audio"):
            problems.append(Problem(field="kind", message=f"image, video or audio, not {self.kind!r}"))
        if problems:
            raise OutOfBounds(problems=problems)


def _problems(request: ImageRequest) -> Iterator[Problem]:
    for field in ("model", "prompt"):
        if not isinstance(value := getattr(request, field), str):
            yield _problem(field, f"a text is needed, not {value!r}")
    for field, (message, fits) in _FORMS.items():
        value = getattr(request, field)
        if not (value is None and field in _OPTIONAL) and not fits(value):
            yield _problem(field, message.format(shown=shown(value)))
    if request.aspect_ratio is not None and request.size is not None:
        yield _problem("size", "give aspect_ratio or size, not both")
    for field, value in attrs.asdict(request, recurse=False).items():
        if not _is_json(value):
            yield _problem(field, "cannot be written as JSON")


def _problem(field: str, message: str) -> Problem:
    return Problem(field=field, message=message, documented=False)


def shown(value: Any) -> str:
    """Return a value as it is named in a problem: not at any length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_size(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(_is_whole(side) and side > 0 for side in value)


def _is_extra(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(fields, Mapping) and all(map(_is_text, fields)) for fields in value.values()
    )


def _is_labels(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)


def _is_json(value: Any) -> bool:
    try:
        dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _one_of(words: tuple[str, ...]) -> tuple[str, Any]:
    return f"one of {', '.join(words)}, not {{shown}}", words.__contains__


_PUBLIC = "a public http(s) URL is needed, not {shown}; a local file has to be uploaded somewhere first"

_FORMS: dict[str, tuple[str, Any]] = {
    "images": (_PUBLIC, lambda urls: isinstance(urls, tuple) and all(map(is_url, urls))),
    "mask": (_PUBLIC, is_url),
    "aspect_ratio": (
        'two numbers like "16:9", or "auto", not {shown}',
        lambda ratio: _is_text(ratio) and (ratio == "auto" or _RATIO.fullmatch(ratio) is not None),
    ),
    "size": ("a width and a height in whole pixels are needed, not {shown}", _is_size),
    "resolution": _one_of(RESOLUTIONS),
    "count": ("a whole number from 1 to 1000 is needed, not {shown}", lambda n: _is_whole(n) and 1 <= n <= MOST),
    "quality": _one_of(QUALITIES),
    "background": _one_of(BACKGROUNDS),
    "moderation": _one_of(MODERATIONS),
    "seed": ("a whole number from 0 is needed, not {shown}", lambda seed: _is_whole(seed) and seed >= 0),
    "negative_prompt": ("a text is needed, not {shown}", _is_text),
    "output_format": _one_of(OUTPUT_FORMATS),
    "callback_url": ("an http(s) URL is needed, not {shown}", is_url),
    "extra": ('raw fields by provider are needed, like {{"acme": {{…}}}}, not {shown}', _is_extra),
    "labels": ("texts by name are needed, not {shown}", _is_labels),
}
