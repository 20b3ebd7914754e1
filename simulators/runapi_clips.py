"""RunAPI's models that make films: fields, rules, and cents of 2026-07-23, of which the unit is inferred: a second.

Ours, where nothing is written: what stands in multi_prompt and kling_elements, and bounds of weights, texts and seeds
(as at kie.ai, whose contract this one repeats); that kling needs a prompt; what is taken for what a request does not
say; that references exclude frames, and a last frame needs a first; what seedance-2.0-fast and 2.5 cost; that a film
that is asked for as mov is an MP4 all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from .fields import Choice, Field, Fields, Flag, Link, Links, Number, Objects, Text, Whole
from .inputs import FILMS, PICTURES, SOUNDS
from .picture import film_size
from .runapi_model import LASTS, Given, Model, Rule

FIRST, LAST = "first_frame_image_url", "last_frame_image_url"
REFERENCES = ("reference_image_urls", "reference_video_urls", "reference_audio_urls")
SOUNDING = (
    *("enable_sound", "generate_audio", "has_audio"),
    *("background_audio_url", "driving_audio_url", "reference_audio_url"),
)
"""What gives a film a sound, if it is there and not false."""

AUTO_SECONDS = 5
"""The length of a clip that is left to the model."""

SEED = Whole(0, 2**31 - 1)
COMMON: dict[str, Field] = {"model": Text(required=True), "prompt": Text(1), "callback_url": Link()}
FRAMES: dict[str, Field] = {FIRST: Link(takes=PICTURES), LAST: Link(takes=PICTURES)}
LAST_NEEDS_FIRST = Rule(LAST, required=(FIRST,))
FRAMES_ALONE = Rule(FIRST, forbidden=REFERENCES)

USUAL: Mapping[str, object] = {"aspect_ratio": "16:9", "output_resolution": "720p", LASTS: 5}


def clip(body: Given) -> Mapping[str, Any]:
    """A film of its length, size and sound."""
    ratio, seconds = body.get("ratio") or body["aspect_ratio"], body[LASTS]
    return {
        "prompt": body.get("prompt", ""),
        "size": film_size(ratio, body["output_resolution"]),
        "media": "mp4",
        "seconds": AUTO_SECONDS if seconds < 0 else seconds,
        "sound": any(body.get(name) for name in SOUNDING),
        "last_frame": bool(body.get("return_last_frame")),
    }


def references(pictures: int, films: int, sounds: int) -> dict[str, Field]:
    """What a film may be made after, so many of each at most."""
    return {
        "reference_image_urls": Links(1, pictures, takes=PICTURES),
        "reference_video_urls": Links(1, films, takes=FILMS),
        "reference_audio_urls": Links(1, sounds, takes=SOUNDS),
    }


def by_second(
    where: str,
    name: str,
    fields: Fields,
    cents: Mapping[str, str],
    *,
    by: str = "",
    usual: Mapping[str, object] | None = None,
    rules: Sequence[Rule] = (),
    unpriced: bool = False,
) -> Model:
    """A model that is sold by the second, at the cents of each resolution, without and with what `by` names."""
    service, action = where.split("/")
    columns = (" false", " true") if by else ("",)
    table = {
        f"{resolution}{column}": Decimal(figure)
        for resolution, figures in cents.items()
        for column, figure in zip(columns, figures.split(), strict=True)
        if figure != "–"
    }
    return Model(
        *(service, action, (name,), fields, table, clip),
        by=("output_resolution", *filter(None, [by])),
        usual={**USUAL, **(usual or {})},
        rules=rules,
        per_second=True,
        unit="second",
        unpriced=unpriced,
    )


KLING: dict[str, Field] = {
    **COMMON,
    **FRAMES,
    "prompt": Text(1, 2500, required=True),
    LASTS: Whole(3, 15),
    "aspect_ratio": Choice(("16:9", "9:16", "1:1")),
    "output_resolution": Choice(("720p", "1080p", "4k")),
    "enable_sound": Flag(),
    "negative_prompt": Text(),
    "cfg_scale": Number(0, 1),
    "multi_shots": Flag(),
    "multi_prompt": Objects({"prompt": Text(1, 500, required=True), "duration": Whole(1, 12, required=True)}, 1, 5),
    "kling_elements": Objects(
        {
            "name": Text(1, required=True),
            "description": Text(required=True),
            "element_input_urls": Links(2, 4, required=True),
            "element_input_audio_urls": Links(),
        },
        most=3,
    ),
}


def _seedance(resolutions: tuple[str, ...]) -> dict[str, Field]:
    return {
        **COMMON,
        **FRAMES,
        **references(9, 3, 3),
        LASTS: Whole(4, 15),
        "aspect_ratio": Choice(("1:1", "4:3", "3:4", "16:9", "9:16", "21:9", "auto")),
        "output_resolution": Choice(resolutions),
        "generate_audio": Flag(),
        "web_search": Flag(),
        "enable_safety_checker": Flag(),
    }


SEEDANCE_2_5: dict[str, Field] = {
    **COMMON,
    **FRAMES,
    **references(30, 10, 10),
    "prompt": Text(3, 30_000, required=True),
    LASTS: Whole(4, 30, beside=(-1,)),
    "aspect_ratio": Choice(("1:1", "4:3", "3:4", "16:9", "9:16", "21:9", "auto")),
    "output_resolution": Choice(("480p", "720p", "1080p")),
    "generate_audio": Flag(),
    "return_last_frame": Flag(),
    "output_format": Choice(("mp4", "mov")),
}
VEO: dict[str, Field] = {
    **COMMON,
    **FRAMES,
    "prompt": Text(1, required=True),
    "input_mode": Choice(("text", "first_and_last_frames", "reference")),
    "aspect_ratio": Choice(("16:9", "9:16", "auto")),
    LASTS: Whole(4, 8, step=2),
    "seeds": SEED,
    "reference_image_urls": Links(1, 3, takes=PICTURES),
    "enable_translation": Flag(),
    "watermark": Text(),
}
VEO_RULES = (
    LAST_NEEDS_FIRST,
    Rule("input_mode", "first_and_last_frames", required=(FIRST,), forbidden=("reference_image_urls",)),
    Rule("input_mode", "reference", required=("reference_image_urls",), forbidden=(FIRST, LAST)),
    Rule("input_mode", "text", forbidden=("reference_image_urls", FIRST, LAST)),
)

WAN: dict[str, Field] = {
    **COMMON,
    "prompt": Text(1, 5000),
    LASTS: Whole(2, 15),
    "output_resolution": Choice(("720p", "1080p")),
    "negative_prompt": Text(0, 500),
    "seed": SEED,
    "enable_prompt_expansion": Flag(),
    "watermark": Flag(),
}
RATIOS: dict[str, Field] = {name: Choice(("16:9", "9:16", "1:1", "4:3", "3:4")) for name in ("aspect_ratio", "ratio")}
WAN_CENTS = {"720p": "16", "1080p": "24"}

CLIPS = (
    by_second(
        "kling/text_to_video",
        "kling-3.0",
        KLING,
        {"720p": "14 20", "1080p": "18 27", "4k": "67 67"},
        by="enable_sound",
        usual={"enable_sound": False},
        rules=(LAST_NEEDS_FIRST,),
    ),
    by_second(
        "seedance/text_to_video",
        "seedance-2.0",
        _seedance(("480p", "720p", "1080p", "4k")),
        {"480p": "19 11.5", "720p": "41 25", "1080p": "102 62", "4k": "208 –"},
        by="reference_video_urls",
        rules=(LAST_NEEDS_FIRST, FRAMES_ALONE),
    ),
    # The price of -fast and 2.5 is unknown; ours are 10 and 20 cents, and some more.
    by_second(
        "seedance/text_to_video",
        "seedance-2.0-fast",
        _seedance(("480p", "720p")),
        {"480p": "10", "720p": "20"},
        rules=(LAST_NEEDS_FIRST, FRAMES_ALONE),
        unpriced=True,
    ),
    by_second(
        "seedance/text_to_video",
        "seedance-2.5",
        SEEDANCE_2_5,
        {"480p": "20", "720p": "50", "1080p": "110"},
        usual={"generate_audio": True},
        rules=(LAST_NEEDS_FIRST, FRAMES_ALONE),
        unpriced=True,
    ),
    Model(
        *("veo_3_1", "text_to_video", ("veo-3.1-fast",), VEO, {"": 60}, clip),
        usual={**USUAL, LASTS: 8, "has_audio": True},
        rules=VEO_RULES,
        unit="clip",
    ),
    by_second(
        "wan/text_to_video",
        "wan-2.7-text-to-video",
        {**WAN, **RATIOS, "background_audio_url": Link(takes=SOUNDS)},
        WAN_CENTS,
    ),
    by_second(
        "wan/image_to_video",
        "wan-2.7-image-to-video",
        {
            **WAN,
            **FRAMES,
            "prompt": Text(1, 5000, required=True),
            "source_video_url": Link(takes=FILMS),
            "driving_audio_url": Link(takes=SOUNDS),
        },
        WAN_CENTS,
        rules=(LAST_NEEDS_FIRST, Rule(FIRST, forbidden=("source_video_url",))),
    ),
    by_second(
        "wan/text_to_video",
        "wan-2.7-r2v",
        {
            **WAN,
            **RATIOS,
            LASTS: Whole(2, 10),
            "reference_image_urls": Links(1, 5, takes=PICTURES),
            "reference_video_urls": Links(1, 5, takes=FILMS),
            FIRST: Link(takes=PICTURES),
            "reference_audio_url": Link(takes=SOUNDS),
        },
        WAN_CENTS,
    ),
)
