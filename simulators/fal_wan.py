"""wan 2.7 at fal: whole numbers as durations, 1080p by default, and what a result tells of its film.

Ours, where the page is silent: which fields each endpoint shares with the first; that a continuation and a beginning
exclude each other; a film that is put in lasts five seconds; the price of an edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from .fal_clip import INLINE, PUT_IN_SECONDS, clip, picture, several
from .fal_model import SEED, Endpoint, fields_of
from .fields import Choice, Field, Flag, Link, Problem, Text, Whole
from .inputs import FILMS, PICTURES, SOUNDS, Takes
from .model import Given, Made, listed, number, said
from .picture import film_size

WAN_RATIOS = Choice(("16:9", "9:16", "1:1", "4:3", "3:4"))
WAN_CENTS = {"720p": "10", "1080p": "15"}
WAN: dict[str, Field] = {
    "prompt": Text(1, 5000),
    "resolution": Choice(("720p", "1080p")),
    "negative_prompt": Text(0, 500),
    "seed": SEED,
    "enable_prompt_expansion": Flag(),
    "enable_safety_checker": Flag(),
}
SOUND: dict[str, Field] = {"audio_url": Link(takes=Takes(SOUNDS.types, 15), inline=INLINE)}
LARGE_PICTURE, LARGE_FILM = Takes(PICTURES.types, 20), Takes(FILMS.types, 100)
WAN_MORE: Mapping[str, Mapping[str, Field]] = {
    "text-to-video": {
        **SOUND,
        "prompt": Text(1, 5000, required=True),
        "duration": Whole(2, 15),
        "aspect_ratio": WAN_RATIOS,
    },
    "image-to-video": {
        **SOUND,
        "duration": Whole(2, 15),
        "image_url": picture(takes=LARGE_PICTURE),
        "end_image_url": picture(takes=LARGE_PICTURE),
        "video_url": clip(takes=LARGE_FILM),
    },
    "reference-to-video": {
        "prompt": Text(1, 5000, required=True),
        "duration": Whole(2, 10),
        "aspect_ratio": WAN_RATIOS,
        "reference_image_urls": several(5, PICTURES),
        "reference_video_urls": several(5, FILMS),
        "multi_shots": Flag(),
    },
    "edit-video": {
        "duration": Whole(2, 10, beside=(0,)),
        "aspect_ratio": WAN_RATIOS,
        "video_url": clip(required=True, takes=LARGE_FILM),
        "reference_image_url": picture(takes=LARGE_PICTURE),
        "audio_setting": Choice(("auto", "origin")),
    },
}


def wan_rules(body: Given) -> Iterable[Problem]:
    """It begins with a picture, or continues a film; and ends with a picture only where it begins with something."""
    if bool(body.get("image_url")) == bool(body.get("video_url")):
        yield Problem("image_url", "rule", "exactly one of image_url and video_url is required")


def wan_references(body: Given) -> Iterable[Problem]:
    """There are some."""
    if not (listed(body, "reference_image_urls") or listed(body, "reference_video_urls")):
        yield Problem("reference_image_urls", "rule", "at least one reference is required")


WAN_RULES: Mapping[str, Callable[[Given], Iterable[Problem]]] = {
    "image-to-video": wan_rules,
    "reference-to-video": wan_references,
}


def _wan(name: str) -> Endpoint:
    def seconds(body: Given) -> int:
        return number(body, "duration", 5) or PUT_IN_SECONDS

    def cents(body: Given) -> Decimal:
        if name == "reference-to-video":
            return 10 * (Decimal(seconds(body)) + PUT_IN_SECONDS * len(listed(body, "reference_video_urls")))
        return seconds(body) * Decimal(WAN_CENTS[said(body, "resolution", "1080p")])

    def film(body: Given) -> Made:
        size = film_size(said(body, "aspect_ratio", "16:9"), said(body, "resolution", "1080p"))
        return Made(size, "mp4", 1, seconds(body), bool(body.get("audio_url")))

    more: dict[str, Any] = {"rules": WAN_RULES[name]} if name in WAN_RULES else {}
    fields = fields_of(WAN, WAN_MORE[name])
    return Endpoint(fields, film, cents, "video", "seconds", Decimal("0.1"), tells=("seed", "details"), **more)


WANS_SOLD: Mapping[str, Endpoint] = {f"fal-ai/wan/v2.7/{name}": _wan(name) for name in WAN_MORE}
