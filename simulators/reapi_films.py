"""reAPI's video models: fields, rules and prices of 2026-07-28, each as its page prints them.

Ours, where the page is silent: the text of a rule whose own is not told; a last frame needs a first, everywhere; a film
of several shots is as long as they are; a film with a reference video is billed at 5/3 of its seconds, as if the
reference were short; the price of wan2.7-video at 720P and of veo3.1-fast-official; which modes of wan2.7-video exclude
each other, and that its `audio_url` goes with a text too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from math import ceil

from attrs import evolve

from .fields import Choice, Field, Flag, Link, Links, Object, Objects, Problem, Text, Whole
from .inputs import FILMS, PICTURES, SOUNDS
from .model import Given, Made, Model, at_most_one, listed, number, said
from .picture import film_size

FIVE_RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4")
PLACES = ("first_frame", "last_frame")


def film(ratio: str, resolution: str, seconds: int, *, sound: bool = False, count: int = 1) -> Made:
    """A film."""
    return Made(film_size(ratio, resolution), "mp4", count, seconds, sound)


# kling-3-0

KLING_SIZES = {"std": "720p", "pro": "1080p", "4K": "4k"}
KLING_USD = {"std": (".077", ".11"), "pro": (".099", ".1485"), "4K": (".3685", ".3685")}
"""A second without and with sound."""

KLING: dict[str, Field] = {
    "prompt": Text(1, 2500),
    "image_urls": Links(0, 2, takes=PICTURES),
    "duration": Whole(3, 15),
    "aspect_ratio": Choice(("16:9", "9:16", "1:1")),
    "mode": Choice(tuple(KLING_SIZES)),
    "sound": Flag(),
    "multi_shots": Flag(),
    "multi_prompt": Objects({"prompt": Text(1, 500, required=True), "duration": Whole(1, 12, required=True)}, 0, 5),
    "kling_elements": Objects(
        {
            "name": Text(1, required=True),
            "description": Text(),
            "element_input_urls": Links(2, 4, required=True, takes=PICTURES),
        },
        0,
        3,
    ),
}


def kling_seconds(body: Given) -> int:
    """As long as its shots, or as its duration."""
    if body.get("multi_shots") is True:
        return sum(number(shot, "duration", 0) for shot in listed(body, "multi_prompt"))
    return number(body, "duration", 5)


def kling_made(body: Given) -> Made:
    """The mode says the size."""
    size = KLING_SIZES[said(body, "mode", "pro")]
    return film(said(body, "aspect_ratio", "16:9"), size, kling_seconds(body), sound=body.get("sound") is True)


def kling_usd(body: Given) -> Decimal:
    """By mode and sound."""
    return kling_seconds(body) * Decimal(KLING_USD[said(body, "mode", "pro")][body.get("sound") is True])


def kling_rules(body: Given) -> Iterable[Problem]:
    """One shot needs a prompt, several need theirs."""
    if not body.get("multi_prompt" if body.get("multi_shots") is True else "prompt"):
        text = "prompt is required for single-shot; multi_prompt is required when multi_shots is true"
        yield Problem("prompt", "rule", text)


# doubao-seedance-2.0

SEEDANCE_USD = {
    "480p": (".079816", ".0484"),
    "720p": (".171776", ".10384"),
    "1080p": (".3872", ".23496"),
    "4k": (".817559", ".503112"),
}
FAST_USD = {"480p": (".06424", ".03828"), "720p": (".13816", ".08272")}
"""A second without and with a reference video."""

SEEDANCE: dict[str, Field] = {
    "prompt": Text(3, 4000, required=True),
    "duration": Whole(4, 15),
    "size": Choice((*FIVE_RATIOS, "21:9", "adaptive")),
    "resolution": Choice(("480p", "720p", "1080p", "4k")),
    "generate_audio": Flag(),
    "return_last_frame": Flag(),
    "image_urls": Links(0, 9, takes=PICTURES),
    "image_with_roles": Objects(
        {"url": Link(required=True, takes=PICTURES), "role": Choice(PLACES, required=True)}, 0, 2
    ),
    "video_urls": Links(0, 3, takes=FILMS),
    "audio_urls": Links(0, 3, takes=SOUNDS),
    "tools": Objects({"type": Choice(("web_search",), required=True)}),
    "nsfw_checker": Flag(),
    "fallback": Object(fields={"enabled": Flag()}),
}


def seedance_made(body: Given) -> Made:
    """Sound and the last frame where they are asked for."""
    made = film(
        said(body, "size", "16:9"),
        said(body, "resolution", "720p"),
        number(body, "duration", 5),
        sound=body.get("generate_audio") is True,
    )
    return evolve(made, last_frame=body.get("return_last_frame") is True)


def seedance_usd(body: Given, usd: Mapping[str, tuple[str, str]]) -> Decimal:
    """By resolution; with a reference video more seconds are billed than are made."""
    without, with_video = usd[said(body, "resolution", "720p")]
    seconds = number(body, "duration", 5)
    return ceil(5 * seconds / 3) * Decimal(with_video) if body.get("video_urls") else seconds * Decimal(without)


def seedance_rules(body: Given) -> Iterable[Problem]:
    """Frames and references exclude each other; a sound goes with pictures or films."""
    if body.get("image_urls") and body.get("image_with_roles"):
        yield Problem("image_urls", "rule", "image_urls and image_with_roles are mutually exclusive")
    if body.get("image_with_roles") and (body.get("video_urls") or body.get("audio_urls")):
        text = "image_with_roles cannot be combined with video_urls or audio_urls"
        yield Problem("image_with_roles", "rule", text)
    if body.get("audio_urls") and not (body.get("image_urls") or body.get("video_urls")):
        yield Problem("audio_urls", "rule", "audio_urls requires image_urls or video_urls")
    yield from frames(body)


def fast_rules(body: Given) -> Iterable[Problem]:
    """No more than 720p."""
    if (resolution := said(body, "resolution", "720p")) not in FAST_USD:
        named = "is not supported by doubao-seedance-2.0-fast (use doubao-seedance-2.0 or doubao-seedance-2.0-face)"
        yield Problem("resolution", "rule", f"resolution={resolution} {named}")
    yield from seedance_rules(body)


def frames(body: Given) -> Iterable[Problem]:
    """One of each place, and no last one without a first one."""
    places = [role for each in listed(body, "image_with_roles") if (role := said(each, "role", ""))]
    if len(set(places)) < len(places):
        yield Problem("image_with_roles", "rule", "image_with_roles accepts one entry of each role")
    if "last_frame" in places and "first_frame" not in places:
        yield Problem("image_with_roles", "rule", "image_with_roles: last_frame requires first_frame")


# veo3.1-fast

VEO: dict[str, Field] = {
    "prompt": Text(1, 4000, required=True),
    "duration": Whole(8, 8),
    "aspect_ratio": Choice(("16:9", "9:16")),
    "resolution": Choice(("720p", "1080p", "4k")),
    "enable_gif": Flag(),
    "image_urls": Links(0, 3, takes=PICTURES),
    "generation_type": Choice(("frame", "reference")),
}
VEO_OFFICIAL: dict[str, Field] = {
    "prompt": VEO["prompt"],
    "duration": Whole(4, 8, step=2),
    "aspect_ratio": VEO["aspect_ratio"],
    "resolution": VEO["resolution"],
    "negative_prompt": Text(0, 4000),
    "first_frame_image": Link(takes=PICTURES),
    "last_frame_image": Link(takes=PICTURES),
    "seed": Whole(0, 4_294_967_295),
    "sample_count": Whole(1, 4),
    "generate_audio": Flag(),
    "person_generation": Text(1),
    "resize_mode": Choice(("pad", "crop")),
    "enhance_prompt": Flag(),
}
OFFICIAL_USD = ".10"


def veo_made(body: Given) -> Made:
    """Eight seconds, always with sound."""
    return film(said(body, "aspect_ratio", "16:9"), said(body, "resolution", "720p"), 8, sound=True)


def veo_usd(body: Given) -> Decimal:
    """By the clip."""
    return Decimal(".66" if body.get("resolution") == "4k" else ".189")


def veo_rules(body: Given) -> Iterable[Problem]:
    """A GIF is small; two frames are all there are."""
    if body.get("enable_gif") is True and said(body, "resolution", "720p") != "720p":
        yield Problem("enable_gif", "rule", "enable_gif is not supported at 1080p or 4k")
    if body.get("generation_type") == "frame" and len(listed(body, "image_urls")) > 2:
        yield Problem("image_urls", "rule", "generation_type=frame accepts at most 2 entries in image_urls")
    if body.get("generation_type") and not body.get("image_urls"):
        yield Problem("generation_type", "rule", "generation_type requires image_urls")


def official_made(body: Given) -> Made:
    """As many films as samples."""
    ratio, resolution = said(body, "aspect_ratio", "16:9"), said(body, "resolution", "720p")
    sound, count = body.get("generate_audio") is True, number(body, "sample_count", 1)
    return film(ratio, resolution, number(body, "duration", 8), sound=sound, count=count)


def official_usd(body: Given) -> Decimal:
    """By the second of each sample."""
    return number(body, "sample_count", 1) * number(body, "duration", 8) * Decimal(OFFICIAL_USD)


def official_rules(body: Given) -> Iterable[Problem]:
    """A last frame needs a first."""
    if body.get("last_frame_image") and not body.get("first_frame_image"):
        yield Problem("last_frame_image", "rule", "last_frame_image requires first_frame_image")


# wan2.7-video

WAN_USD = {"1080P": ".1206", "720P": ".0804"}

WAN: dict[str, Field] = {
    "prompt": Text(1, 5000),
    "negative_prompt": Text(0, 500),
    "size": Choice(FIVE_RATIOS),
    "resolution": Choice(("720P", "1080P")),
    "duration": Whole(2, 15),
    "prompt_extend": Flag(),
    "watermark": Flag(),
    "seed": Whole(0, 2**63 - 1),
    "image_urls": Links(0, 4, takes=PICTURES),
    "image_with_roles": Objects({"url": Link(required=True, takes=PICTURES), "role": Choice(PLACES)}, 0, 2),
    "video_urls": Links(0, 1, takes=FILMS),
    "audio_url": Link(takes=SOUNDS),
    "reference_image_urls": Links(0, 5, takes=PICTURES),
    "reference_video_urls": Links(0, 5, takes=FILMS),
    "reference_voice_urls": Links(0, 5, takes=SOUNDS),
    "video_url": Link(takes=FILMS),
    "audio_setting": Choice(("auto", "origin")),
}
OF_IMAGE = ("image_urls", "image_with_roles", "video_urls")
OF_REFERENCE = ("reference_image_urls", "reference_video_urls", "reference_voice_urls")
OF_EDIT = ("video_url", "audio_setting")


def wan_made(body: Given) -> Made:
    """Without sound, unless one is given."""
    resolution, sound = said(body, "resolution", "1080P").lower(), bool(body.get("audio_url"))
    return film(said(body, "size", "16:9"), resolution, number(body, "duration", 5), sound=sound)


def wan_usd(body: Given) -> Decimal:
    """By resolution."""
    return number(body, "duration", 5) * Decimal(WAN_USD[said(body, "resolution", "1080P")])


def wan_rules(body: Given) -> Iterable[Problem]:
    """The modes exclude each other; a text and references need a prompt."""
    yield from at_most_one(body, OF_IMAGE, OF_REFERENCE, OF_EDIT)
    yield from at_most_one(body, ("audio_url",), OF_REFERENCE, OF_EDIT)
    yield from at_most_one(body, ("image_urls",), ("image_with_roles",))
    of_image, of_edit = any(body.get(name) for name in OF_IMAGE), bool(body.get("video_url"))
    if not (of_image or of_edit or body.get("prompt")):
        yield Problem("prompt", "missing", "is required")
    if of_image and body.get("size"):
        yield Problem("size", "rule", "size is not supported in image mode")
    if body.get("audio_setting") and not of_edit:
        yield Problem("audio_setting", "rule", "audio_setting requires video_url")
    yield from frames(body)


MODELS: Mapping[str, Model] = {
    "kling-3-0": Model(KLING, kling_made, kling_usd, kling_rules),
    "doubao-seedance-2.0": Model(SEEDANCE, seedance_made, partial(seedance_usd, usd=SEEDANCE_USD), seedance_rules),
    "doubao-seedance-2.0-fast": Model(SEEDANCE, seedance_made, partial(seedance_usd, usd=FAST_USD), fast_rules),
    "veo3.1-fast": Model(VEO, veo_made, veo_usd, veo_rules),
    "veo3.1-fast-official": Model(VEO_OFFICIAL, official_made, official_usd, official_rules),
    "wan2.7-video": Model(WAN, wan_made, wan_usd, wan_rules),
}
