"""The official models of Replicate that the page lists: fields, bounds, what is made, and what that costs.

Ours, where the page is silent: the prices of pictures, of veo, of wan at 1080p, of kling at 4k, and of seedance but for
-fast with a reference film; ratio and resolution of a picture that are left out are 1:1 and 1 MP; a film whose length
is left to the model has 5 s; a last frame needs a first; webp is drawn as PNG.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from attrs import frozen

from .fields import Cause, Choice, Field, Fields, Flag, Link, Links, Number, Problem, Text, Whole
from .inputs import FILMS, PICTURES, SOUNDS
from .model import Given, Made, Model, at_most_one, last_needs_first, no_rules, number, said
from .picture import Size, film_size, snapped

PICTURE = Link(takes=PICTURES, inline=("data",))
SEED = Whole(0, 2**63)

# Pictures

RATIOS = ("match_input_image", "custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3")
MEGAPIXELS: Mapping[str, float] = {"0.5 MP": 0.5, "1 MP": 1, "2 MP": 2, "4 MP": 4}
FLUX_2: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "input_images": Links(0, 8, takes=PICTURES, inline=("data",)),
    "aspect_ratio": Choice(RATIOS),
    "resolution": Choice(tuple(MEGAPIXELS)),
    "width": Whole(256, 2048),
    "height": Whole(256, 2048),
    "seed": SEED,
    "safety_tolerance": Whole(1, 5),
    "output_format": Choice(("webp", "jpg", "png")),
    "output_quality": Whole(0, 100),
}
FLEX: dict[str, Field] = {
    **FLUX_2,
    "steps": Whole(1, 50),
    "guidance": Number(1.5, 10),
    "prompt_upsampling": Flag(),
}


def picture(body: Given) -> Made:
    """By ratio and resolution, or in pixels."""
    size = _size(said(body, "aspect_ratio", "1:1"), MEGAPIXELS[said(body, "resolution", "1 MP")])
    if body.get("aspect_ratio") == "custom":
        size = number(body, "width", size[0]), number(body, "height", size[1])
    return Made(size, "jpeg" if body.get("output_format") == "jpg" else "png")


def _size(ratio: str, megapixels: float) -> Size:
    """Width and height; what goes by an image that is put in, or is custom, is taken as 1:1."""
    across, down = map(int, ratio.split(":")) if ":" in ratio else (1, 1)
    width = float(megapixels * 1024 * 1024 * across / down) ** 0.5
    return snapped(width, width * down / across)


def picture_rules(body: Given) -> Iterator[Problem]:
    """What goes by an image needs one."""
    if body.get("aspect_ratio") == "match_input_image" and not body.get("input_images"):
        yield Problem("aspect_ratio", "rule", "match_input_image needs input_images")


def flat(cents: int, _: Given) -> Decimal:
    """The same for every picture."""
    return Decimal(cents)


# Films


@frozen
class Shots:
    """A text that is JSON: at most six shots, each with a prompt and a length."""

    required: bool = False

    def wrong(self, value: object) -> tuple[Cause, str] | None:
        """See Field."""
        if not isinstance(value, str):
            return "type", "must be a string"
        return None if 1 <= len(shots(value)) <= 6 else ("entries", "must be a JSON list of 1 to 6 shots")


def shots(text: object) -> list[int]:
    """The lengths of the shots that a text tells; none where it tells none."""
    try:
        told = json.loads(str(text))
        return [int(shot["duration"]) for shot in told if str(shot["prompt"])]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return []


def filmed(body: Given, *, usual: str, audio: bool, size: str = "resolution") -> Made:
    """A film of the usual resolution, with sound or without, where neither is told."""
    named = {"standard": "720p", "pro": "1080p"}
    told = said(body, size, usual)
    sound = body.get("generate_audio", audio) is True
    shape = film_size(said(body, "aspect_ratio", "16:9"), named.get(told, told))
    return Made(shape, "mp4", 1, seconds(body), sound)


def seconds(body: Given) -> int:
    """As told; five where that is left to the model."""
    told = number(body, "duration", 5)
    return told if told > 0 else 5


def by_the_second(cents: Mapping[tuple[str, bool], str], *, by: str, usual: str, audio: bool, body: Given) -> Decimal:
    """By resolution or mode, and sound."""
    sound = body.get("generate_audio", audio) is True
    return seconds(body) * Decimal(cents[said(body, by, usual), sound])


KLING: dict[str, Field] = {
    "prompt": Text(1, 2500, required=True),
    "duration": Whole(3, 15),
    "aspect_ratio": Choice(("16:9", "9:16", "1:1")),
    "mode": Choice(("standard", "pro", "4k")),
    "generate_audio": Flag(),
    "negative_prompt": Text(),
    "start_image": PICTURE,
    "end_image": PICTURE,
    "multi_prompt": Shots(),
}
KLING_CENTS = {
    ("standard", False): "8.4",
    ("standard", True): "12.6",
    ("pro", False): "11.2",
    ("pro", True): "16.8",
    ("4k", False): "42",
    ("4k", True): "42",
}


def kling_rules(body: Given) -> Iterator[Problem]:
    """Shots are as long together as the film."""
    yield from last_needs_first(body, "start_image", "end_image")
    if "multi_prompt" in body and sum(shots(body["multi_prompt"])) != seconds(body):
        yield Problem("multi_prompt", "rule", "the durations of its shots must add up to duration")


FAST_SIZES = ("480p", "720p")
SEEDANCE: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "duration": Whole(4, 15, beside=(-1,)),
    "resolution": Choice((*FAST_SIZES, "1080p")),
    "aspect_ratio": Choice(("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "9:21", "adaptive")),
    "generate_audio": Flag(),
    "seed": SEED,
    "image": PICTURE,
    "last_frame_image": PICTURE,
    "reference_images": Links(0, 9, takes=PICTURES, inline=("data",)),
    "reference_videos": Links(0, 3, takes=FILMS, inline=("data",)),
    "reference_audios": Links(0, 3, takes=SOUNDS, inline=("data",)),
}
SEEDANCE_SMALL: dict[str, Field] = {**SEEDANCE, "resolution": Choice(FAST_SIZES)}
REFERENCES = ("reference_images", "reference_videos", "reference_audios")


def seedance_rules(body: Given) -> Iterable[Problem]:
    """Frames and references exclude each other."""
    yield from last_needs_first(body, "image", "last_frame_image")
    yield from at_most_one(body, ("image", "last_frame_image"), REFERENCES)


def seedance_cents(usual: str, with_film: str, body: Given) -> Decimal:
    """By the second, and otherwise with a reference film."""
    return seconds(body) * Decimal(with_film if body.get("reference_videos") else usual)


VEO: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "duration": Whole(4, 8, step=2),
    "resolution": Choice(("720p", "1080p")),
    "aspect_ratio": Choice(("16:9", "9:16")),
    "generate_audio": Flag(),
    "negative_prompt": Text(),
    "seed": SEED,
    "image": PICTURE,
    "last_frame": PICTURE,
}
VEO_CENTS = {(size, sound): "15" if sound else "10" for size in ("720p", "1080p") for sound in (False, True)}

WAN: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "duration": Whole(2, 15),
    "resolution": Choice(("720p", "1080p")),
    "negative_prompt": Text(),
    "audio": Link(takes=SOUNDS, inline=("data",)),
    "enable_prompt_expansion": Flag(),
    "seed": SEED,
}
WAN_TEXT: dict[str, Field] = {**WAN, "aspect_ratio": Choice(("16:9", "9:16", "1:1", "4:3", "3:4"))}
WAN_IMAGE: dict[str, Field] = {
    **WAN,
    "first_frame": Link(required=True, takes=PICTURES, inline=("data",)),
    "last_frame": PICTURE,
}
WAN_CENTS = {("720p", False): "10", ("1080p", False): "15"}


def _film(fields: Fields, rules: Any, *, usual: str, audio: bool, price: Any, size: str = "resolution") -> Model:
    return Model(fields, partial(filmed, usual=usual, audio=audio, size=size), price, rules)


def _per_second(cents: Mapping[tuple[str, bool], str], *, usual: str, audio: bool, by: str = "resolution") -> Any:
    def price(body: Given) -> Decimal:
        return by_the_second(cents, by=by, usual=usual, audio=audio, body=body)

    return price


def _seedance(fields: Fields, usual: str, with_film: str) -> Model:
    price = partial(seedance_cents, usual, with_film)
    return _film(fields, seedance_rules, usual="720p", audio=True, price=price)


def _wan(fields: Fields) -> Model:
    price = _per_second(WAN_CENTS, usual="720p", audio=False)
    return _film(fields, no_rules, usual="720p", audio=False, price=price)


MODELS: Mapping[str, Model] = {
    "black-forest-labs/flux-2-pro": Model(FLUX_2, picture, partial(flat, 5), picture_rules),
    "black-forest-labs/flux-2-flex": Model(FLEX, picture, partial(flat, 10), picture_rules),
    "kwaivgi/kling-v3-video": _film(
        KLING,
        kling_rules,
        usual="pro",
        audio=False,
        price=_per_second(KLING_CENTS, usual="pro", audio=False, by="mode"),
        size="mode",
    ),
    "bytedance/seedance-2.0": _seedance(SEEDANCE, "30", "20"),
    "bytedance/seedance-2.0-fast": _seedance(SEEDANCE_SMALL, "25", "17"),
    "bytedance/seedance-2.0-mini": _seedance(SEEDANCE_SMALL, "15", "10"),
    "google/veo-3.1-fast": _film(
        VEO,
        partial(last_needs_first, first="image", last="last_frame"),
        usual="720p",
        audio=True,
        price=_per_second(VEO_CENTS, usual="720p", audio=True),
    ),
    "wan-video/wan-2.7-t2v": _wan(WAN_TEXT),
    "wan-video/wan-2.7-i2v": _wan(WAN_IMAGE),
}
"""Each model that is sold, by owner and name; prices are in cents."""


def drawn(_: Given) -> Made:
    """A picture of one megapixel: what a community model makes, and of which format, nobody here knows."""
    return Made((1024, 1024), "png")


COMMUNITY = Model({"prompt": Text()}, drawn, partial(flat, 1))
"""A model that somebody has put there, known by its version alone: any input will do, and it costs a cent."""

# The schema of a model's fields


def schema(fields: Fields) -> dict[str, object]:
    """What a model's page tells of its fields, as OpenAPI has it."""
    properties = {name: {**_property(rule), "x-order": order} for order, (name, rule) in enumerate(fields.items())}
    needed = [name for name, rule in fields.items() if rule.required]
    put = {"type": "object", "title": "Input", "required": needed, "properties": properties}
    made = {"type": "string", "title": "Output", "format": "uri"}
    return {
        "openapi": "3.0.2",
        "info": {"title": "Cog", "version": "0.1.0"},
        "paths": {},
        "components": {"schemas": {"Input": put, "Output": made}},
    }


def _property(rule: Field) -> dict[str, object]:
    match rule:
        case Whole() | Number():
            kind = "integer" if isinstance(rule, Whole) else "number"
            return {"type": kind, "minimum": rule.least, "maximum": rule.most}
        case Flag():
            return {"type": "boolean"}
        case Choice():
            return {"type": "string", "enum": list(rule.allowed)}
        case Links():
            return {"type": "array", "items": {"type": "string", "format": "uri"}, "maxItems": rule.most}
        case Link():
            return {"type": "string", "format": "uri"}
        case Text():
            return {"type": "string", "minLength": rule.least}
        case _:
            return {"type": "string"}
