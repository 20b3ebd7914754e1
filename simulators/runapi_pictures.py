"""RunAPI's models that make pictures: fields and cents of 2026-07-23.

Ours, where nothing is written: the paths of seedream and imagen-4, and the name of the model that edits with qwen-2;
bounds that only other sellers of a model tell; what is made of a request that does not say its ratio, size or format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import Choice, Field, Fields, Flag, Link, Links, Text, Whole
from .inputs import PICTURES as ANY_PICTURE
from .picture import pixels
from .runapi_model import Given, Model

FIVE = ("1:1", "4:3", "3:4", "16:9", "9:16")
SEVEN = (*FIVE, "3:2", "2:3")
EIGHT = (*SEVEN, "21:9")
TEN = (*EIGHT, "5:4", "4:5")
FOURTEEN = (*TEN, "1:4", "4:1", "1:8", "8:1")
FIFTEEN = (*TEN, "2:1", "1:2", "3:1", "1:3", "9:21")
AUTO = ("auto",)

TIERS = ("1k", "2k", "4k")
FORMATS = ("png", "jpeg", "jpg")
DRAWN_AS = {"4.5": {"basic": "2k", "high": "4k"}, "5-lite": {"basic": "2k", "high": "3k", "ultra": "4k"}}
"""What is drawn for a quality, by the version of seedream."""

RESOLUTION = ("output_resolution",)
MOST_SEED = 2**31 - 1

PROMPTED: dict[str, Field] = {"model": Text(required=True), "prompt": Text(1, required=True), "callback_url": Link()}


def sources(most: int | None = None) -> dict[str, Field]:
    """The pictures that are edited."""
    return {"source_image_urls": Links(1, most, required=True, takes=ANY_PICTURE)}


def picture(body: Given) -> Mapping[str, Any]:
    """A picture of its ratio and size."""
    tier = body.get("output_resolution") or DRAWN_AS[body["version"]][body["output_quality"]]
    media = "png" if body.get("output_format") == "png" else "jpeg"
    return {"prompt": body["prompt"], "size": pixels(body.get("aspect_ratio", "1:1"), tier), "media": media}


def sold(
    service: str,
    action: str,
    names: tuple[str, ...] | str,
    fields: Fields,
    cents: int | str,
    *,
    usual: Mapping[str, object] | None = None,
    unpriced: bool = False,
) -> Model:
    """A model, at one price or at one for each of its resolutions, in their order."""
    known = (names,) if isinstance(names, str) else names
    said = {"output_format": "jpeg", "output_resolution": "1k", **(usual or {})}
    if isinstance(cents, int):
        return Model(service, action, known, fields, {"": cents}, picture, usual=said, unpriced=unpriced)
    by_tier = dict(zip(TIERS, map(int, cents.split()), strict=False))
    return Model(service, action, known, fields, by_tier, picture, RESOLUTION, said)


def _flux(tier: str, cents: str) -> list[Model]:
    text = {
        **PROMPTED,
        "prompt": Text(3, 5000, required=True),
        "aspect_ratio": Choice(SEVEN),
        "output_resolution": Choice(("1k", "2k")),
        "enable_safety_checker": Flag(),
    }
    remix = {**text, "aspect_ratio": Choice((*SEVEN, *AUTO)), **sources(8)}
    return [
        sold("flux_2", "text_to_image", f"flux-2-{tier}-text-to-image", text, cents),
        sold("flux_2", "remix_image", f"flux-2-{tier}-remix-image", remix, cents),
    ]


def _nano_banana(ratios: tuple[str, ...], prompt: int, most: int) -> dict[str, Field]:
    return {
        **PROMPTED,
        "prompt": Text(1, prompt, required=True),
        "aspect_ratio": Choice((*AUTO, *ratios)),
        "output_resolution": Choice(TIERS),
        "output_format": Choice(FORMATS),
        "reference_image_urls": Links(1, most, takes=ANY_PICTURE),
    }


def _seedream(version: str, fields: Fields, cents: int, made_as: str) -> list[Model]:
    usual = {"output_resolution": "", "version": version, "output_format": made_as}
    text, edit = f"seedream-{version}-text-to-image", f"seedream-{version}-edit"
    return [
        sold("seedream", "text_to_image", text, fields, cents, usual=usual),
        sold("seedream", "edit_image", edit, {**fields, **sources(14)}, cents, usual=usual),
    ]


def _imagen(tier: str, cents: int, more: tuple[str, ...] = ()) -> Model:
    fields = {
        **PROMPTED,
        "prompt": Text(1, 5000, required=True),
        "negative_prompt": Text(0, 5000),
        "aspect_ratio": Choice((*FIVE, *more)),
        "seed": Whole(0, MOST_SEED),
    }
    return sold("imagen_4", "text_to_image", f"imagen-4{tier}", fields, cents)


MAX: dict[str, Field] = {
    **PROMPTED,
    "prompt": Text(3, 5000, required=True),
    "aspect_ratio": Choice(SEVEN, required=True),
    "output_resolution": Choice(("1k",)),
    "output_count": Whole(1, 1),
}
GPT: dict[str, Field] = {
    **PROMPTED,
    "model": Text(),
    "aspect_ratio": Choice((*AUTO, *FIFTEEN)),
    "output_resolution": Choice(TIERS),
}
Z_IMAGE: dict[str, Field] = {
    **PROMPTED,
    "model": Text(),
    "prompt": Text(1, 1000, required=True),
    "aspect_ratio": Choice(FIVE, required=True),
    "enable_safety_checker": Flag(),
}
LITE: dict[str, Field] = {
    **PROMPTED,
    "prompt": Text(1, 20_000, required=True),
    "aspect_ratio": Choice((*AUTO, *FOURTEEN), required=True),
}
SEEDREAM_4_5: dict[str, Field] = {
    **PROMPTED,
    "prompt": Text(1, 3000, required=True),
    "aspect_ratio": Choice(EIGHT, required=True),
    "output_quality": Choice(("basic", "high"), required=True),
}
SEEDREAM_5_LITE: dict[str, Field] = {
    **SEEDREAM_4_5,
    "prompt": Text(3, 3000, required=True),
    "output_quality": Choice(("basic", "high", "ultra"), required=True),
    "output_format": Choice(("png", "jpeg")),
}
QWEN: dict[str, Field] = {
    **PROMPTED,
    "prompt": Text(1, 800, required=True),
    "aspect_ratio": Choice(FIVE),
    "seed": Whole(0, MOST_SEED),
    "output_format": Choice(("png", "jpeg")),
    "enable_safety_checker": Flag(),
}
ONE_SOURCE: dict[str, Field] = {"source_image_url": Link(required=True, takes=ANY_PICTURE)}

PICTURES = (
    *_flux("pro", "5 7"),
    *_flux("flex", "14 24"),
    # The price of max is unknown; ours is 10 cents.
    sold("flux_2", "text_to_image", "flux-2-max-text-to-image", MAX, 10, unpriced=True),
    sold("flux_2", "remix_image", "flux-2-max-remix-image", {**MAX, **sources(1)}, 10, unpriced=True),
    # The names of these models on the wire are unknown, and whether one must be given: ours take both forms, or none.
    sold(
        "gpt_image_2",
        "text_to_image",
        ("gpt-image-2", "gpt-image-2-text-to-image"),
        GPT,
        "6 10 16",
        usual={"output_format": "png"},
    ),
    # "edit 16" is read as the price of every edit.
    sold(
        "gpt_image_2",
        "edit_image",
        ("gpt-image-2", "gpt-image-2-edit-image"),
        {**GPT, **sources()},
        "16 16 16",
        usual={"output_format": "png"},
    ),
    sold("z_image", "text_to_image", ("z-image", "z-image-text-to-image"), Z_IMAGE, 1),
    sold("nano_banana", "text_to_image", "nano-banana-2", _nano_banana(FOURTEEN, 20_000, 14), "8 12 18"),
    sold("nano_banana", "text_to_image", "nano-banana-pro", _nano_banana(TEN, 10_000, 8), "18 18 24"),
    sold(
        "nano_banana",
        "text_to_image",
        "nano-banana-2-lite",
        {**LITE, "reference_image_urls": Links(1, 10, takes=ANY_PICTURE)},
        3,
    ),
    sold("nano_banana", "edit_image", "nano-banana-2-lite", {**LITE, **sources(10)}, 3),
    *_seedream("4.5", SEEDREAM_4_5, 7, "jpeg"),
    *_seedream("5-lite", SEEDREAM_5_LITE, 6, "png"),
    _imagen("", 8),
    _imagen("-fast", 4, AUTO),
    _imagen("-ultra", 12),
    # The price of qwen-2 is unknown; ours is 6 cents.
    sold("qwen_2", "text_to_image", "qwen-2-text-to-image", QWEN, 6, usual={"output_format": "png"}, unpriced=True),
    sold(
        "qwen_2",
        "edit_image",
        ("qwen-2-edit-image", "qwen-2-image-edit"),
        {**QWEN, **ONE_SOURCE},
        6,
        usual={"output_format": "png"},
        unpriced=True,
    ),
)
