"""kie.ai's kling models: fields, rules, and credits a second, of August to October 2026.

Ours, where the page is silent: a film of several shots is as long, and billed as long, as they are; what turbo costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fields import Choice, Field, Flag, Links, Objects, Problem, Text, Whole
from .inputs import PICTURES, SOUNDS, Takes
from .model import Given, Made, Model, listed, number, said
from .picture import film_size

SHOTS = Objects({"prompt": Text(1, 500, required=True), "duration": Whole(1, 12, required=True)}, 0, 5, required=True)
ELEMENTS = Objects(
    {
        "name": Text(1, required=True),
        "description": Text(required=True),
        "element_input_urls": Links(2, 4, required=True, takes=Takes(("image/jpeg", "image/png"), megabytes=10)),
        "element_input_audio_urls": Links(takes=SOUNDS),
    },
    0,
    3,
)
SECONDS = tuple(map(str, range(3, 16)))
KLING_RATIOS = ("16:9", "9:16", "1:1")
KLING_SIZES = {"std": "720p", "pro": "1080p", "4K": "4k"}
KLING_CREDITS = {"std": ("14", "20"), "pro": ("18", "27"), "4K": ("67", "67")}
"""A second without and with sound."""

KLING: dict[str, Field] = {
    "prompt": Text(0, 2500),
    "mode": Choice(tuple(KLING_SIZES), required=True),
    "duration": Choice(SECONDS, required=True),
    "sound": Flag(required=True),
    "aspect_ratio": Choice(KLING_RATIOS),
    "image_urls": Links(0, 2, takes=PICTURES),
    "multi_shots": Flag(required=True),
    "multi_prompt": SHOTS,
    "kling_elements": ELEMENTS,
}
TURBO: dict[str, Field] = {
    "prompt": Text(1, 2500, required=True),
    "duration": Choice(SECONDS, required=True),
    "resolution": Choice(("720p", "1080p")),
    "aspect_ratio": Choice(KLING_RATIOS),
}
TURBO_CREDITS = {"720p": "14", "1080p": "18"}


def film(ratio: str, resolution: str, seconds: int, sound: bool = False) -> Made:
    """A film."""
    return Made(film_size(ratio, resolution), "mp4", 1, seconds, sound)


def kling_seconds(body: Given) -> int:
    """As long as its shots, or as its duration."""
    if body.get("multi_shots") is True:
        return sum(number(shot, "duration", 0) for shot in listed(body, "multi_prompt"))
    return int(said(body, "duration", "5"))


def kling_sound(body: Given) -> bool:
    """Several shots have sound by themselves."""
    return body.get("sound") is True or body.get("multi_shots") is True


def kling_made(body: Given) -> Made:
    """The mode says the size."""
    size = KLING_SIZES[said(body, "mode", "pro")]
    return film(said(body, "aspect_ratio", "16:9"), size, kling_seconds(body), kling_sound(body))


def kling_credits(body: Given) -> Decimal:
    """By mode and sound."""
    return kling_seconds(body) * Decimal(KLING_CREDITS[said(body, "mode", "pro")][kling_sound(body)])


def kling_rules(body: Given) -> Iterable[Problem]:
    """One shot needs a prompt, several need theirs; without pictures a ratio is needed, and with elements pictures."""
    several, pictures = body.get("multi_shots") is True, listed(body, "image_urls")
    shots = listed(body, "multi_prompt")
    if several and not shots:
        yield Problem("multi_prompt", "missing", "is required")
    if not (several or body.get("prompt")):
        yield Problem("prompt", "missing", "is required")
    if several and len(pictures) > 1:
        yield Problem("image_urls", "rule", "takes a first frame alone with multi_shots")
    if not (pictures or body.get("aspect_ratio")):
        yield Problem("aspect_ratio", "missing", "is required")
    words = " ".join([said(body, "prompt", ""), *(said(shot, "prompt", "") for shot in shots)])
    if not pictures and any(f"@{element['name']}" in words for element in listed(body, "kling_elements")):
        yield Problem("kling_elements", "rule", "needs image_urls where the prompt names an element")


def turbo_made(body: Given) -> Made:
    """Without sound."""
    return film(said(body, "aspect_ratio", "16:9"), said(body, "resolution", "720p"), kling_seconds(body))


def turbo_credits(body: Given) -> Decimal:
    """By resolution."""
    return kling_seconds(body) * Decimal(TURBO_CREDITS[said(body, "resolution", "720p")])


MODELS: Mapping[str, Model] = {
    "kling-3.0/video": Model(KLING, kling_made, kling_credits, kling_rules),
    "kling/v3-turbo-text-to-video": Model(TURBO, turbo_made, turbo_credits),
    "kling/v3-turbo-image-to-video": Model(
        {**TURBO, "image_urls": Links(1, 2, required=True, takes=PICTURES)}, turbo_made, turbo_credits
    ),
}
