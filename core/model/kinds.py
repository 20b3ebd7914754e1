"""What can be asked for: a picture, a film, a song, a voice. The fields of each kind are listed in its class alone."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

import attrs

from .errors import Problem
from .forms import (
    COUNT,
    DURATION,
    FILE,
    FILES,
    FLAG,
    NAME,
    RATIO,
    SECONDS,
    SIZE,
    SPEED,
    TEXT,
    WHOLE,
    Role,
    files,
    holds,
    one_of,
)
from .media import Media, put_in
from .names import together
from .request import Request
from .vocabulary import Kind

Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

Duration: TypeAlias = int | Literal["auto"]
"""Whole seconds, or "auto": the provider chooses."""

IMAGE_RESOLUTIONS = ("1K", "2K", "4K")
VIDEO_RESOLUTIONS = ("480p", "720p", "1080p", "4K")
QUALITIES = ("low", "medium", "high", "auto")
BACKGROUNDS = ("auto", "opaque", "transparent")
MODERATIONS = ("off", "low", "standard")
IMAGE_FORMATS = ("png", "jpeg", "webp")
SPEECH_FORMATS = ("mp3", "wav", "opus", "flac", "aac", "pcm")
VOCALS = ("male", "female")

LINES = one_of(
    VIDEO_RESOLUTIONS, {"480": "480p", "720": "720p", "1080": "1080p", "2160": "4K", "2160p": "4K", "uhd": "4K"}
)
"""What the resolution of a film may be, which is also told by its lines alone."""


@attrs.frozen(kw_only=True)
class ImageRequest(Request):
    """One picture, or `count` of them; None means the provider's default, which `explain` shows.

    `images` (references) and `mask` are files: a public URL or a data URI as a text, a Path, bytes, an open file, or
    Media; the mask's transparent parts are painted. `aspect_ratio` is "16:9"
    or "auto", `size` (width, height) in pixels: one of the two. `resolution` is 1K, 2K or 4K; `quality` low, medium,
    high or auto; `background` auto, opaque or transparent; `moderation` off, low or standard; `output_format` png, jpeg
    or webp. `extra` passes raw fields by provider ({"acme": {"steps": 20}}) and wins over the mapped ones; `labels` are
    the caller's own. Errors: OutOfBounds with every problem, for what no provider could take.
    """

    kind: ClassVar[Kind] = Kind.IMAGE
    exclusive: ClassVar[tuple[tuple[str, str], ...]] = (("aspect_ratio", "size"),)

    prompt: str = attrs.field(metadata=holds(TEXT, Role.SUBJECT, Role.TEXT, Role.FREE))
    images: tuple[str | Media, ...] = attrs.field(
        default=(), converter=files, metadata=holds(FILES, Role.INPUT, Role.FREE, medium="image")
    )
    mask: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.SUBJECT, Role.FREE, medium="image")
    )
    aspect_ratio: str | None = attrs.field(default=None, metadata=holds(RATIO, Role.SHAPE, Role.LOOK))
    size: Size | None = attrs.field(default=None, metadata=holds(SIZE, Role.SHAPE))
    resolution: str | None = attrs.field(default=None, metadata=holds(one_of(IMAGE_RESOLUTIONS), Role.SHAPE, Role.LOOK))
    count: int | None = attrs.field(default=None, metadata=holds(COUNT))
    quality: str | None = attrs.field(default=None, metadata=holds(one_of(QUALITIES), Role.LOOK))
    background: str | None = attrs.field(default=None, metadata=holds(one_of(BACKGROUNDS)))
    moderation: str | None = attrs.field(default=None, metadata=holds(one_of(MODERATIONS), Role.LOOK))
    seed: int | None = attrs.field(default=None, metadata=holds(WHOLE, Role.FREE))
    negative_prompt: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.TEXT, Role.FREE))
    output_format: str | None = attrs.field(default=None, metadata=holds(one_of(IMAGE_FORMATS, {"jpg": "jpeg"})))


@attrs.frozen(kw_only=True)
class VideoRequest(Request):
    """One clip, or `count` of them; None means the provider's default, which `explain` shows.

    `first_frame` and `last_frame` are what it begins and ends with; `images`, `videos` and `audios` are references
    (a sound may also go with the clip); `video` is the clip to be continued or edited. Each is a file, as in
    ImageRequest; frames go without `images` and `videos`, and a last frame needs a first. `duration` is in whole
    seconds, or "auto"; `aspect_ratio` is "16:9" or "auto", `size` (width, height) in pixels: one of the two;
    `resolution` is 480p, 720p, 1080p or 4K; `audio` says whether the clip has sound. Errors: OutOfBounds with every
    problem, for what no provider could take.
    """

    kind: ClassVar[Kind] = Kind.VIDEO
    exclusive: ClassVar[tuple[tuple[str, str], ...]] = (
        ("aspect_ratio", "size"),
        *((frame, references) for frame in ("first_frame", "last_frame") for references in ("images", "videos")),
    )

    prompt: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.SUBJECT, Role.TEXT, Role.FREE))
    video: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.INPUT, medium="video")
    )
    first_frame: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.INPUT, Role.FREE, medium="image")
    )
    last_frame: str | Media | None = attrs.field(
        default=None, converter=put_in, metadata=holds(FILE, Role.SUBJECT, Role.FREE, medium="image")
    )
    videos: tuple[str | Media, ...] = attrs.field(
        default=(), converter=files, metadata=holds(FILES, Role.INPUT, medium="video")
    )
    images: tuple[str | Media, ...] = attrs.field(
        default=(), converter=files, metadata=holds(FILES, Role.INPUT, Role.FREE, medium="image")
    )
    audios: tuple[str | Media, ...] = attrs.field(
        default=(), converter=files, metadata=holds(FILES, Role.SUBJECT, Role.FREE, medium="audio")
    )
    duration: Duration | None = attrs.field(default=None, metadata=holds(DURATION, Role.LOOK))
    aspect_ratio: str | None = attrs.field(default=None, metadata=holds(RATIO, Role.SHAPE, Role.LOOK))
    size: Size | None = attrs.field(default=None, metadata=holds(SIZE, Role.SHAPE))
    resolution: str | None = attrs.field(default=None, metadata=holds(LINES, Role.SHAPE, Role.LOOK))
    audio: bool | None = attrs.field(default=None, metadata=holds(FLAG, Role.LOOK))
    count: int | None = attrs.field(default=None, metadata=holds(COUNT))
    quality: str | None = attrs.field(default=None, metadata=holds(one_of(QUALITIES), Role.LOOK))
    moderation: str | None = attrs.field(default=None, metadata=holds(one_of(MODERATIONS), Role.LOOK))
    seed: int | None = attrs.field(default=None, metadata=holds(WHOLE, Role.FREE))
    negative_prompt: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.TEXT, Role.FREE))

    def conflicts(self) -> Iterator[Problem]:
        """Yield what a clip cannot be asked for together."""
        if self.last_frame is not None and self.first_frame is None:
            yield Problem(field="last_frame", message="needs a first_frame", documented=False)
        if self.prompt is None and not any(self.files):
            yield Problem(field="prompt", message="give a prompt, or a file to begin with", documented=False)


@attrs.frozen(kw_only=True)
class MusicRequest(Request):
    """One song, or as many as an offer makes for one price; None means the provider's default.

    `prompt` is the idea, from which the provider writes words and music; `lyrics` are sung as they are; `instrumental`
    asks for music without a voice: not beside lyrics. `style` tells how it sounds, `negative_prompt` how it must not;
    `duration` is in whole seconds; `vocal` is male or female. Errors: OutOfBounds with every problem, for what no
    provider could take.
    """

    kind: ClassVar[Kind] = Kind.MUSIC

    prompt: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.SUBJECT, Role.TEXT, Role.FREE))
    lyrics: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.INPUT, Role.FREE))
    style: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.SUBJECT, Role.FREE))
    title: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.SUBJECT, Role.FREE))
    instrumental: bool | None = attrs.field(default=None, metadata=holds(FLAG, Role.INPUT))
    duration: int | None = attrs.field(default=None, metadata=holds(SECONDS, Role.LOOK))
    vocal: str | None = attrs.field(default=None, metadata=holds(one_of(VOCALS), Role.LOOK))
    negative_prompt: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.FREE))
    seed: int | None = attrs.field(default=None, metadata=holds(WHOLE, Role.FREE))

    def conflicts(self) -> Iterator[Problem]:
        """Yield what a song cannot be asked for together."""
        if self.instrumental and self.lyrics is not None:
            yield Problem(field="lyrics", message="give lyrics or instrumental, not both", documented=False)
        if self.prompt is None and self.lyrics is None and self.style is None:
            yield Problem(field="prompt", message="give a prompt, lyrics or a style", documented=False)


@attrs.frozen(kw_only=True)
class SpeechRequest(Request):
    """A text, spoken; None means the provider's default.

    `voice` is the provider's own name of a voice, `language` a code like en; `speed` is 1 as usual; `instructions` say
    how it is spoken; `output_format` is mp3, wav, opus, flac, aac or pcm. Errors: OutOfBounds with every problem, for
    what no provider could take.
    """

    kind: ClassVar[Kind] = Kind.SPEECH

    text: str = attrs.field(metadata=holds(TEXT, Role.SUBJECT))
    voice: str | None = attrs.field(default=None, metadata=holds(NAME, Role.SUBJECT))
    language: str | None = attrs.field(default=None, metadata=holds(NAME, Role.LOOK))
    speed: int | float | None = attrs.field(default=None, metadata=holds(SPEED, Role.LOOK))
    instructions: str | None = attrs.field(default=None, metadata=holds(TEXT, Role.FREE))
    output_format: str | None = attrs.field(default=None, metadata=holds(one_of(SPEECH_FORMATS), Role.LOOK))


KINDS: Mapping[Kind, type[Request]] = MappingProxyType(
    {each.kind: each for each in (ImageRequest, VideoRequest, MusicRequest, SpeechRequest)}
)
"""The class of requests of each kind."""


def text_names() -> tuple[str, ...]:
    """Return the names of the text fields of every kind: under such a key stand the caller's own words."""
    return tuple(dict.fromkeys(name for kind in KINDS.values() for name in kind.roles.texts))


def kinds_with(field: str) -> tuple[Kind, ...]:
    """Return the kinds of requests that have a field."""
    return tuple(kind for kind, request in KINDS.items() if field in request.roles.forms)


def required(kind: Kind) -> tuple[str, ...]:
    """Return the fields without which there is no request of a kind."""
    return tuple(field.name for field in attrs.fields(KINDS[kind]) if field.default is attrs.NOTHING)


def works(kinds: Iterable[Kind]) -> str:
    """Return what is made of several kinds: pictures and clips."""
    return together(f"{kind.work}s" for kind in kinds)
