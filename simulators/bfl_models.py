"""What Black Forest Labs sells, as its page says: pictures by the megapixel, and flux-3-video by the second.

Ours, where the page is silent: a picture of no told size is 1024x1024, and one that is put in by a link that nobody
follows is of one megapixel; a film without a length has 5 s; a draft costs 6 cents a second, and what is made of it is
billed as any in fhd; each mode takes the fields that no other one is told to have; what max and klein bill for a
megapixel that is put in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from math import ceil

from attrs import field, frozen

from .fields import Cause, Choice, Field, Fields, Flag, Link, Number, Problem, Text, Whole, problems
from .inputs import MEGAPIXEL, PICTURES, Fetched, Takes
from .model import Given, Made, number, said
from .picture import film_size, measured

LARGEST = 4 * MEGAPIXEL
IMAGES = Takes(PICTURES.types, megabytes=20, megapixels=20)
FILM = Takes(("video/mp4",), megabytes=50)

HOOK: dict[str, Field] = {"webhook_url": Link(schemes=("https",)), "webhook_secret": Text()}


# Pictures


@frozen
class Side:
    """Pixels of a side: at least 64, in steps of 16."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, int) or isinstance(value, bool):
            return "type", "must be an integer"
        return None if value >= 64 and value % 16 == 0 else ("range", "must be a multiple of 16, 64 at least")


COMMON: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "width": Side(),
    "height": Side(),
    "seed": Whole(0, 2**63),
    "safety_tolerance": Whole(0, 5),
    "output_format": Choice(("jpeg", "png")),
    **HOOK,
}
FLEX: dict[str, Field] = {"prompt_upsampling": Flag(), "guidance": Number(1.5, 10), "steps": Whole(1, 50)}


def _images(most: int) -> dict[str, Field]:
    """The fields that take the first, the second, … image."""
    names = ("input_image", *(f"input_image_{number}" for number in range(2, most + 1)))
    return dict.fromkeys(names, Link(takes=IMAGES, inline=("base64",)))


@frozen
class Model:
    """What a model takes, and its prices in cents: the first megapixel, each further one, each one put in."""

    fields: Fields
    first: Decimal = field(converter=Decimal)
    further: Decimal = field(converter=Decimal)
    put_in: Decimal = field(converter=Decimal)

    def made(self, body: Given) -> Made:
        """A JPEG, unless a PNG is asked for."""
        size = number(body, "width", 1024), number(body, "height", 1024)
        return Made(size, "png" if body.get("output_format") == "png" else "jpeg")

    def cents(self, body: Given, put_in: int) -> Decimal:
        """What a task costs, with so many megapixels put in; a begun megapixel counts whole."""
        width, height = self.made(body).size
        return self.first + self.further * (ceil(width * height / MEGAPIXEL) - 1) + self.put_in * put_in

    def rules(self, body: Given) -> Iterator[Problem]:
        """Both sides together are at most 4 megapixels."""
        width, height = self.made(body).size
        if width * height > LARGEST:
            yield Problem("width", "rule", "times height must be at most 4 megapixels")


MODELS: Mapping[str, Model] = {
    "flux-2-pro": Model({**COMMON, **_images(8)}, "3", "1.5", "1.5"),
    "flux-2-flex": Model({**COMMON, **_images(8), **FLEX}, "5", "5", "5"),
    "flux-2-max": Model({**COMMON, **_images(8)}, "7", "3", "3"),
    "flux-2-klein-4b": Model({**COMMON, **_images(4)}, "1.4", "0.1", "0.1"),
    "flux-2-klein-9b": Model({**COMMON, **_images(4)}, "1.5", "0.2", "0.2"),
}


def megapixels(there: Fetched) -> int:
    """How many are billed of a picture that is put in."""
    size = measured(there.content) if there.content else None
    return 1 if size is None else ceil(size[0] * size[1] / MEGAPIXEL)


# Films

VIDEO = "flux-3-video"
ALIASES = {
    "text-to-video": "t2v",
    "image-continuation": "i2v",
    "video-continuation": "v2v",
    "draft-enhance": "draft_enhance",
}
MODES = ("t2v", "i2v", "v2v", "draft_enhance")
RATIOS = ("auto", "21:9", "2:1", "16:9", "4:3", "1:1", "3:4", "9:16")
RESOLUTIONS = {"hd": "720p", "fhd": "1080p"}
CENTS = {"hd": (17, 41), "fhd": (29, 53)}
"""A second, and one that continues a film."""

DRAFT = 6
SHORTEST, LONGEST = 5, 20
USUAL_FILM = 5
PINS = 10
PINNED_APART = 1 / 24
IMAGE = Link(takes=IMAGES, inline=("base64",))

FILES = (*_images(8), "keyframes", "start_video", "draft_cache")
"""The fields that hold files."""


@frozen
class Duration:
    """Whole seconds from 5 to 20, or auto."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        return None if value == "auto" else Whole(SHORTEST, LONGEST).wrong(value)


@frozen
class Keyframes:
    """A picture; a list of them; or a list of [seconds, picture]."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        images, times = pictures(value), pins(value)
        if not images or len(images) > PINS:
            return "entries", f"takes 1 to {PINS} frames"
        if isinstance(value, list) and any(isinstance(each, list) for each in value) and len(times) < len(images):
            return "type", "must be all pictures, or all [seconds, picture]"
        if not all(0 <= time <= LONGEST for time in times):
            return "range", f"must have times from 0 to {LONGEST} seconds"
        if any(later - earlier < PINNED_APART for earlier, later in pairwise((-1.0, *times))):
            return "range", "must rise by a 24th of a second"
        return next(filter(None, map(IMAGE.wrong, images)), None)


def pictures(value: object) -> list[object]:
    """The pictures of keyframes."""
    each = value if isinstance(value, list) else [value]
    return [frame[1] if isinstance(frame, list) and len(frame) == 2 else frame for frame in each]


def pins(value: object) -> list[float]:
    """The times of keyframes that have times."""
    each = value if isinstance(value, list) else []
    times = [frame[0] for frame in each if isinstance(frame, list) and frame]
    return [time for time in times if isinstance(time, int | float) and not isinstance(time, bool)]


EVERYWHERE: dict[str, Field] = {"mode": Choice((*MODES, *ALIASES), required=True), "version": Text(), **HOOK}
FILMED: dict[str, Field] = {
    **EVERYWHERE,
    "prompt": Text(1, required=True),
    "duration": Duration(),
    "resolution": Choice(tuple(RESOLUTIONS)),
    "aspect_ratio": Choice(RATIOS),
    "generate_audio": Flag(),
    "draft": Flag(),
    "batch": Whole(1, 4),
    "safety_tolerance": Whole(0, 4),
}
FIELDS: Mapping[str, Fields] = {
    "t2v": FILMED,
    "i2v": {**FILMED, "keyframes": Keyframes(required=True)},
    "v2v": {**FILMED, "start_video": Link(required=True, takes=FILM, inline=("base64",))},
    "draft_enhance": {**EVERYWHERE, "draft_cache": Text(1, required=True)},
}
"""The fields of each mode."""


def mode_of(body: Given) -> str:
    """The mode, by its usual name; a text's where none is told."""
    told = said(body, "mode", "t2v")
    return ALIASES.get(told, told if told in MODES else "t2v")


def wrong(body: Given) -> list[Problem]:
    """Everything that is wrong with a film: an unknown field too, and one of another mode."""
    found = problems(body, FIELDS[mode_of(body)], closed=True)
    return found or [*_rules(body)]


def _rules(body: Given) -> Iterator[Problem]:
    draft, times = body.get("draft") is True, pins(body.get("keyframes"))
    if draft and body.get("resolution") == "fhd":
        yield Problem("resolution", "rule", "a draft is in hd only")
    if "batch" in body and not draft:
        yield Problem("batch", "rule", "needs draft")
    duration = body.get("duration", "auto")
    if times and isinstance(duration, int) and times[-1] > duration:
        yield Problem("keyframes", "rule", "must lie within the duration")
    if not times and len(pictures(body.get("keyframes"))) > 2 and "duration" not in body:
        yield Problem("duration", "missing", "is required where more than two frames have no time")


def files(body: Given) -> tuple[Given, Fields]:
    """The files of a film, each as a link, and what is taken of them."""
    frames = [frame for frame in pictures(body.get("keyframes")) if frame is not None]
    named: dict[str, object] = {f"keyframes[{at}]": frame for at, frame in enumerate(frames)}
    fields: dict[str, Field] = dict.fromkeys(named, IMAGE)
    if "start_video" in body:
        named["start_video"], fields["start_video"] = body["start_video"], FIELDS["v2v"]["start_video"]
    return named, fields


def filmed(body: Given, drafted: float | None) -> Made:
    """A film; one that is made of a draft is as long as that."""
    times, duration = pins(body.get("keyframes")), body.get("duration", "auto")
    lasts = max(SHORTEST, ceil(times[-1])) if times else USUAL_FILM
    size = film_size(said(body, "aspect_ratio", "auto"), RESOLUTIONS[resolution(body)])
    seconds = drafted or (duration if isinstance(duration, int) else lasts)
    return Made(size, "mp4", number(body, "batch", 1), seconds, body.get("generate_audio", True) is True)


def resolution(body: Given) -> str:
    """hd, but of what is made of a draft."""
    return said(body, "resolution", "fhd" if mode_of(body) == "draft_enhance" else "hd")


def film_cents(body: Given, made: Made) -> Decimal:
    """By the second, and by how many films there are."""
    usual, continued = CENTS[resolution(body)]
    cents = DRAFT if body.get("draft") is True else continued if mode_of(body) == "v2v" else usual
    return Decimal(cents) * Decimal(str(made.seconds)) * made.count


# Drafts


def draft(seconds: float) -> bytes:
    """The file with which a draft can be made better."""
    return json.dumps({"draft": "simulated", "seconds": seconds}).encode()


def drafted(content: bytes) -> float | None:
    """How long the draft is that a file is of; None where it is none, or of no length that there is."""
    try:
        held = json.loads(content)
        seconds = float(held["seconds"]) if held["draft"] == "simulated" else 0
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return seconds if SHORTEST <= seconds <= LONGEST else None
