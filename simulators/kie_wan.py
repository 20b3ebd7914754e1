"""kie.ai's wan models: fields, rules, and credits a second, of October 2026.

Ours, where the page is silent: that only a film from a text needs a prompt; a film that begins with a picture or a clip
needs one of them, and a last frame a first; how long a film is that asks for no length, and an edit that is as long as
its film; that references are five of each medium, and not together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Flag, Link, Links, Problem, Text, Whole
from .inputs import FILMS, PICTURES, SOUNDS, Takes
from .model import Given, Made, Model, last_needs_first, listed, no_rules, number, said
from .picture import film_size

USUAL_SECONDS = 5

WAN: dict[str, Field] = {
    "prompt": Text(1, 5000),
    "negative_prompt": Text(0, 500),
    "resolution": Choice(("720p", "1080p")),
    "duration": Whole(2, 15),
    "prompt_extend": Flag(),
    "watermark": Flag(),
    "seed": Whole(0, 2_147_483_647),
    "nsfw_checker": Flag(),
}
RATIO = Choice(("16:9", "9:16", "1:1", "4:3", "3:4"))
SHORT = Whole(2, 10)
WAN_CREDITS = {"720p": "16", "1080p": "24"}
WAN_SOUNDS = ("audio_url", "driving_audio_url", "reference_voice")
WAN_MODES: Mapping[str, dict[str, Field]] = {
    "text-to-video": {**WAN, "prompt": Text(1, 5000, required=True), "ratio": RATIO, "audio_url": Link(takes=SOUNDS)},
    "image-to-video": {
        **WAN,
        "first_frame_url": Link(takes=PICTURES),
        "last_frame_url": Link(takes=PICTURES),
        "first_clip_url": Link(takes=FILMS),
        "driving_audio_url": Link(takes=SOUNDS),
    },
    "r2v": {
        **WAN,
        "duration": SHORT,
        "reference_image": Links(0, 5, takes=PICTURES),
        "reference_video": Links(0, 5, takes=FILMS),
        "first_frame": Link(takes=PICTURES),
        "reference_voice": Link(takes=Takes(SOUNDS.types, megabytes=15)),
        "aspect_ratio": RATIO,
    },
    "videoedit": {
        **WAN,
        "duration": Whole(2, 10, beside=(0,)),
        "video_url": Link(required=True, takes=Takes(FILMS.types, megabytes=100)),
        "reference_image": Link(takes=PICTURES),
        "audio_setting": Choice(("auto", "origin")),
    },
}


def wan_made(body: Given) -> Made:
    """With a sound, where one is put in."""
    ratio = said(body, "ratio", said(body, "aspect_ratio", "16:9"))
    sound = any(body.get(name) for name in WAN_SOUNDS)
    seconds = number(body, "duration", USUAL_SECONDS) or USUAL_SECONDS
    return Made(film_size(ratio, said(body, "resolution", "1080p")), "mp4", seconds=seconds, sound=sound)


def wan_credits(body: Given) -> Decimal:
    """By resolution."""
    seconds = number(body, "duration", USUAL_SECONDS) or USUAL_SECONDS
    return seconds * Decimal(WAN_CREDITS[said(body, "resolution", "1080p")])


def of_image_rules(body: Given) -> Iterable[Problem]:
    """A frame or a clip is what it begins with."""
    yield from last_needs_first(body, "first_frame_url", "last_frame_url")
    if not (body.get("first_frame_url") or body.get("first_clip_url")):
        yield Problem("first_frame_url", "missing", "is required")


def of_reference_rules(body: Given) -> Iterable[Problem]:
    """There is at least one reference."""
    if not (listed(body, "reference_image") or listed(body, "reference_video")):
        yield Problem("reference_image", "missing", "or reference_video is required")


WAN_RULES = {"image-to-video": of_image_rules, "r2v": of_reference_rules}

MODELS: Mapping[str, Model] = {
    f"wan/2-7-{mode}": Model(fields, wan_made, wan_credits, WAN_RULES.get(mode, no_rules))
    for mode, fields in WAN_MODES.items()
}
