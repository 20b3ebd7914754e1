"""Kling, Seedance and Veo at fal: fields and prices as its page prints them, of July to November 2026.

Durations are texts ("5", "8s"); of seedance whole numbers are taken too, and its files are not counted together, of
which twelve are allowed. Ours, where the page is silent: of seedance every ratio has as many pixels as 16:9; ratios
that are taken where none is told; the prices of seedance mini, and of veo in 4k and by references.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .fal_clip import AUTO_SECONDS, PUT_IN_SECONDS, clip, made, picture, seconds_of, several, sounds
from .fal_model import SEED, Endpoint, WordOrWhole, fields_of
from .fields import Choice, Field, Flag, Number, Objects, Problem, Text
from .inputs import FILMS, PICTURES, SOUNDS
from .model import Given, Made, listed, said
from .picture import film_size

# kling v3

KLING_CENTS = {"standard": ("8.4", "12.6", "15.4"), "pro": ("11.2", "16.8", "19.6")}
"""A second without sound, with it, and with a voice of one's own."""

KLING_RESOLUTION = {"standard": "720p", "pro": "1080p"}
SHOTS: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "duration": Choice(tuple(map(str, range(1, 16)))),
}
KLING: dict[str, Field] = {
    "prompt": Text(1),
    "multi_prompt": Objects(SHOTS),
    "duration": Choice(tuple(map(str, range(3, 16)))),
    "generate_audio": Flag(),
    "negative_prompt": Text(),
    "cfg_scale": Number(0, 1),
    "shot_type": Choice(("customize", "intelligent")),
}
KLING_TEXT: dict[str, Field] = {**KLING, "aspect_ratio": Choice(("16:9", "9:16", "1:1"))}
KLING_IMAGE: dict[str, Field] = {
    **KLING,
    "start_image_url": picture(required=True),
    "end_image_url": picture(),
    "elements": Objects(
        {
            "frontal_image_url": picture(),
            "reference_image_urls": several(3, PICTURES, 1),
            "video_url": clip(),
            "voice_id": Text(1),
        }
    ),
}


def kling_seconds(body: Given) -> int:
    """As long as its shots, or as its duration."""
    shots = listed(body, "multi_prompt")
    return sum(seconds_of(shot, AUTO_SECONDS) for shot in shots) if shots else seconds_of(body, 5)


def kling_rules(body: Given) -> Iterable[Problem]:
    """A prompt or several, and not both; who cuts several shots of a picture is told."""
    if bool(body.get("prompt")) == bool(body.get("multi_prompt")):
        yield Problem("prompt", "rule", "exactly one of prompt and multi_prompt is required")
    if body.get("multi_prompt") and body.get("start_image_url") and not body.get("shot_type"):
        yield Problem("shot_type", "rule", "is required with multi_prompt")


def _kling(tier: str, fields: Mapping[str, Field]) -> Endpoint:
    silent, heard, voiced = map(Decimal, KLING_CENTS[tier])

    def cents(body: Given) -> Decimal:
        voice = any(element.get("voice_id") for element in listed(body, "elements"))
        return kling_seconds(body) * (silent if not sounds(body) else voiced if voice else heard)

    def film(body: Given) -> Made:
        size = film_size(said(body, "aspect_ratio", "16:9"), KLING_RESOLUTION[tier])
        return Made(size, "mp4", 1, kling_seconds(body), sounds(body))

    return Endpoint(fields, film, cents, "video", "seconds", silent / 100, kling_rules)


# seedance 2.0

TOKENS_A_SECOND = {"480p": 864 * 480, "720p": 1280 * 720, "1080p": 1920 * 1080}
"""Width × height, of which 24 pictures a second make a token for each 1024 pixels."""

A_MILLION = {"": "14", "/fast": "11.2", "/mini": "5.6"}
"""USD for a million tokens."""

SEEDANCE_RATIOS = ("auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16")


def _seedance_fields(tier: str) -> dict[str, Field]:
    return {
        "prompt": Text(1, 4000, required=True),
        "duration": WordOrWhole(("auto", *map(str, range(4, 16)))),
        "resolution": Choice(("480p", "720p", "1080p") if not tier else ("480p", "720p")),
        "aspect_ratio": Choice(SEEDANCE_RATIOS),
        "generate_audio": Flag(),
        "seed": SEED,
    }


SEEDANCE_MORE: Mapping[str, Mapping[str, Field]] = {
    "text-to-video": {},
    "image-to-video": {"image_url": picture(required=True), "end_image_url": picture()},
    "reference-to-video": {
        "image_urls": several(9, PICTURES),
        "video_urls": several(3, FILMS),
        "audio_urls": several(3, SOUNDS),
    },
}


def _seedance(tier: str, fields: Mapping[str, Field]) -> Endpoint:
    usd = Decimal(A_MILLION[tier])

    def cents(body: Given) -> Decimal:
        put_in = len(listed(body, "video_urls"))
        seconds = seconds_of(body, AUTO_SECONDS) + put_in * PUT_IN_SECONDS
        tokens = TOKENS_A_SECOND[said(body, "resolution", "720p")] * 24 * seconds / Decimal(1024)
        return tokens * usd / 10_000 * (Decimal("0.6") if put_in else 1)

    def film(body: Given) -> Made:
        ratio, resolution = said(body, "aspect_ratio", "auto"), said(body, "resolution", "720p")
        return made(body, AUTO_SECONDS, ratio, resolution, sound=sounds(body))

    return Endpoint(fields, film, cents, "video", "1m tokens", usd, tells=("seed",))


# veo 3.1

VEO: dict[str, Field] = {
    "prompt": Text(1, required=True),
    "duration": Choice(("4s", "6s", "8s")),
    "resolution": Choice(("720p", "1080p", "4k")),
    "generate_audio": Flag(),
    "negative_prompt": Text(),
    "seed": SEED,
    "auto_fix": Flag(),
    "safety_tolerance": Choice(("1", "2", "3", "4", "5", "6")),
}
VEO_RATIOS = Choice(("16:9", "9:16"))
VEO_AUTO = Choice(("auto", "16:9", "9:16"))


def _veo(more: Mapping[str, Field], silent: str, heard: str) -> Endpoint:
    def cents(body: Given) -> Decimal:
        twice = 2 if body.get("resolution") == "4k" else 1
        return seconds_of(body, 8) * twice * Decimal(heard if sounds(body) else silent)

    def film(body: Given) -> Made:
        ratio, resolution = said(body, "aspect_ratio", "16:9"), said(body, "resolution", "720p")
        return made(body, 8, ratio, resolution, sound=sounds(body))

    return Endpoint(fields_of(VEO, more), film, cents, "video", "seconds", Decimal(silent) / 100)


FILMS_SOLD: Mapping[str, Endpoint] = {
    **{
        f"fal-ai/kling-video/v3/{tier}/{name}-to-video": _kling(tier, fields)
        for tier in KLING_CENTS
        for name, fields in (("text", KLING_TEXT), ("image", KLING_IMAGE))
    },
    **{
        f"bytedance/seedance-2.0{tier}/{name}": _seedance(tier, fields_of(_seedance_fields(tier), more))
        for tier in A_MILLION
        for name, more in SEEDANCE_MORE.items()
    },
    "fal-ai/veo3.1/fast": _veo({"aspect_ratio": VEO_RATIOS}, "10", "15"),
    "fal-ai/veo3.1/fast/image-to-video": _veo(
        {"aspect_ratio": VEO_AUTO, "image_url": picture(required=True)}, "10", "15"
    ),
    "fal-ai/veo3.1/fast/first-last-frame-to-video": _veo(
        {
            "aspect_ratio": VEO_AUTO,
            "first_frame_url": picture(required=True),
            "last_frame_url": picture(required=True),
        },
        "10",
        "15",
    ),
    "fal-ai/veo3.1/reference-to-video": _veo(
        {"aspect_ratio": VEO_AUTO, "image_urls": several(3, PICTURES, 1, required=True)}, "20", "40"
    ),
}
