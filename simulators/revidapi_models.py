"""What RevidAPI sells: fields and credits, of its records below /paid, of its speech, and of its images below /v1.

Ours, where the page is silent: nano-banana-pro and seedream-4.5 take what they take at kie.ai, whose records these are;
a begun thousand of characters counts whole; what an image of /v1 costs, its formats, and how long its prompt may be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import frozen

from .fields import Choice, Field, Fields, Link, Links, Number, Text, Whole
from .inputs import PICTURES as ANY_PICTURE
from .inputs import Takes
from .model import spoken_seconds
from .picture import pixels

Given = Mapping[str, Any]
Family = Literal["record", "speech", "image"]

RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")
TEN = (*RATIOS, "21:9", "5:4", "4:5")
PICTURES = Takes(("image/jpeg", "image/png", "image/webp"), megabytes=10)
QUALITIES = {"basic": "2K", "high": "4K"}


@frozen
class Model:
    """A model: its path of creation, its fields, its credits for a body, and what it makes: arguments of an Order."""

    path: str
    fields: Fields
    credits: Callable[[Given], int]
    makes: Callable[[Given], Mapping[str, Any]]
    family: Family = "record"


def picture(body: Given) -> Mapping[str, Any]:
    """A picture of its ratio and size."""
    tier = body.get("resolution") or QUALITIES.get(body.get("quality", ""), "1K")
    media = "png" if body.get("output_format") == "png" else "jpeg"
    return {"prompt": body["prompt"], "size": pixels(body.get("aspect_ratio", "1:1"), tier), "media": media}


def speech(body: Given) -> Mapping[str, Any]:
    """A speech as long as its text takes to say."""
    seconds = spoken_seconds(body["text"], body.get("speed", 1))
    return {"prompt": body["text"], "size": (0, 0), "media": "mp3", "seconds": seconds}


def _by_resolution(one: int, two: int, four: int = 0) -> Callable[[Given], int]:
    credits = {"1K": one, "2K": two, "4K": four}
    return lambda body: credits[body.get("resolution", "1K")]


FLUX: dict[str, Field] = {
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(RATIOS, required=True),
    "resolution": Choice(("1K", "2K"), required=True),
}
FLUX_EDIT: dict[str, Field] = {
    **FLUX,
    "aspect_ratio": Choice((*RATIOS, "auto"), required=True),
    "input_urls": Links(1, 8, required=True, takes=PICTURES),
}
NANO_BANANA_PRO: dict[str, Field] = {
    "prompt": Text(1, 10_000, required=True),
    "image_input": Links(1, 8, takes=ANY_PICTURE),
    "aspect_ratio": Choice(("auto", *TEN)),
    "resolution": Choice(("1K", "2K", "4K")),
    "output_format": Choice(("png", "jpg")),
}
SEEDREAM: dict[str, Field] = {
    "prompt": Text(1, 3000, required=True),
    "aspect_ratio": Choice((*RATIOS, "21:9"), required=True),
    "quality": Choice(("basic", "high"), required=True),
}
SPEECH: dict[str, Field] = {
    "text": Text(1, required=True),
    "engine": Choice(("edge", "capcut", "google")),
    "voice_id": Whole(0, 2**31 - 1),
    "voice": Text(1),
    "speed": Number(0.5, 2),
    "pitch": Number(-20, 20),
    "webhook_url": Link(),
    "id": Text(),
}
IMAGE: dict[str, Field] = {
    "model": Choice(("gpt-image-2",), required=True),
    "prompt": Text(1, required=True),
    "aspect_ratio": Choice(("1:1", "4:3", "16:9", "9:16")),
    "output_format": Choice(("png", "jpeg")),
}

FLUX_PATH, NANO_PATH, SEEDREAM_PATH = (f"/paid/{each}/create" for each in ("flux-2", "nano/banana", "seedream"))
SPEECH_PATH, IMAGE_PATH = "/paid/text-to-speech", "/v1/images/generations"


def _png(body: Given) -> Mapping[str, Any]:
    return picture({"output_format": "png", **body})


RECORDS: Mapping[str, Model] = {
    "flux-2/pro-text-to-image": Model(FLUX_PATH, FLUX, _by_resolution(10, 15), picture),
    "flux-2/pro-image-to-image": Model(FLUX_PATH, FLUX_EDIT, _by_resolution(10, 15), picture),
    "flux-2/flex-text-to-image": Model(FLUX_PATH, FLUX, _by_resolution(25, 40), picture),
    "flux-2/flex-image-to-image": Model(FLUX_PATH, FLUX_EDIT, _by_resolution(25, 40), picture),
    "nano-banana-pro": Model(NANO_PATH, NANO_BANANA_PRO, _by_resolution(25, 25, 35), _png),
    "seedream/4.5-text-to-image": Model(SEEDREAM_PATH, SEEDREAM, lambda _: 12, picture),
    "seedream/4.5-edit": Model(
        SEEDREAM_PATH, {**SEEDREAM, "image_urls": Links(1, 14, required=True, takes=ANY_PICTURE)}, lambda _: 12, picture
    ),
}
"""The models of the paths of creation, by the names by which they are asked for."""

BY_PATH: Mapping[str, Model] = {
    SPEECH_PATH: Model(SPEECH_PATH, SPEECH, lambda body: 10 * -(-len(body["text"]) // 1000), speech, "speech"),
    IMAGE_PATH: Model(IMAGE_PATH, IMAGE, lambda _: 12, _png, "image"),
}
"""What a path alone says."""
