"""kie.ai's seedance models: fields, rules, and credits a second, of August to October 2026.

Ours, where the page is silent: that a prompt is needed; a reference film is not billed itself; what -mini costs, and
the sound of 2-5; how long a film is that asks for no length, or leaves it to the model; a last frame needs a first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial

from .fields import Choice, Field, Flag, Link, Links, Problem, Text, Whole
from .inputs import PICTURES, Takes
from .model import Given, Made, Model, at_most_one, last_needs_first, number, said
from .picture import film_size

FIVE_RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16")
USUAL_SECONDS = 5

PICTURE = Takes(PICTURES.types, megabytes=30, sides=(300, 6000))
FILM = Takes(("video/mp4", "video/quicktime"), megabytes=50)
SOUND = Takes(("audio/wav", "audio/mpeg"), megabytes=15)
REFERENCES = ("reference_image_urls", "reference_video_urls", "reference_audio_urls")
SEEDANCE_RATIOS = (*FIVE_RATIOS, "21:9", "adaptive")


def seedance(
    most: tuple[int, int, int], resolutions: tuple[str, ...], duration: Field, **more: Field
) -> dict[str, Field]:
    """What a version takes: references of each medium, so many at most."""
    return {
        "prompt": Text(3, 20_000, required=True),
        "first_frame_url": Link(takes=PICTURE),
        "last_frame_url": Link(takes=PICTURE),
        **{
            name: Links(0, number_, takes=takes)
            for name, number_, takes in zip(REFERENCES, most, (PICTURE, FILM, SOUND), strict=True)
        },
        "resolution": Choice(resolutions),
        "aspect_ratio": Choice(SEEDANCE_RATIOS),
        "duration": duration,
        "generate_audio": Flag(),
        **more,
    }


CLIP, SMALL = Whole(4, 15), ("480p", "720p")
LAST: dict[str, Field] = {"return_last_frame": Flag()}
WEB: dict[str, Field] = {"web_search": Flag()}
CHECKED: dict[str, Field] = {"nsfw_checker": Flag()}
SEEDANCE_CREDITS = {"480p": ("19", "11.5"), "720p": ("41", "25"), "1080p": ("102", "62"), "4k": ("208", "208")}
FAST_CREDITS = {"480p": ("11.7", "6.8"), "720p": ("24.8", "15")}
"""A second without and with a reference film."""
CREDITS_2_5 = {"480p": "28", "720p": "63", "1080p": "114"}


def seedance_made(body: Given, ratio: str = "16:9") -> Made:
    """With sound, unless it is told otherwise; the last frame where it is asked for."""
    seconds = number(body, "duration", USUAL_SECONDS)
    return Made(
        film_size(said(body, "aspect_ratio", ratio), said(body, "resolution", "720p")),
        "mp4",
        seconds=USUAL_SECONDS if seconds < 0 else seconds,
        sound=body.get("generate_audio") is not False,
        last_frame=body.get("return_last_frame") is True,
    )


def seedance_credits(body: Given, credits: Mapping[str, tuple[str, str]]) -> Decimal:
    """By resolution, and less with a reference film."""
    a_second = credits[said(body, "resolution", "720p")][bool(body.get("reference_video_urls"))]
    return number(body, "duration", USUAL_SECONDS) * Decimal(a_second)


def seedance_2_5_credits(body: Given) -> Decimal:
    """By resolution; with sound half as much again."""
    sum_ = Decimal(seedance_made(body).seconds) * Decimal(CREDITS_2_5[said(body, "resolution", "720p")])
    return sum_ if body.get("generate_audio") is False else sum_ * Decimal("1.5")


def seedance_rules(body: Given) -> Iterable[Problem]:
    """Frames and references exclude each other; the web is searched for a text alone."""
    frames = ("first_frame_url", "last_frame_url")
    yield from at_most_one(body, frames, REFERENCES)
    yield from last_needs_first(body, *frames)
    if body.get("web_search") is True and any(body.get(name) for name in (*frames, *REFERENCES)):
        yield Problem("web_search", "rule", "is for text to video alone")


MODELS: Mapping[str, Model] = {
    "bytedance/seedance-2": Model(
        seedance((9, 3, 3), ("480p", "720p", "1080p", "4k"), CLIP, **LAST, **WEB),
        seedance_made,
        partial(seedance_credits, credits=SEEDANCE_CREDITS),
        seedance_rules,
    ),
    "bytedance/seedance-2-fast": Model(
        seedance((9, 3, 3), SMALL, CLIP, **LAST, **WEB, **CHECKED),
        seedance_made,
        partial(seedance_credits, credits=FAST_CREDITS),
        seedance_rules,
    ),
    "bytedance/seedance-2-mini": Model(
        seedance((9, 3, 3), SMALL, CLIP, **WEB, **CHECKED),
        seedance_made,
        partial(seedance_credits, credits=FAST_CREDITS),
        seedance_rules,
    ),
    "bytedance/seedance-2-5": Model(
        seedance(
            (30, 10, 10),
            ("480p", "720p", "1080p"),
            Whole(4, 30, beside=(-1,)),
            **LAST,
            output_format=Choice(("mp4", "mov")),
        ),
        partial(seedance_made, ratio="adaptive"),
        seedance_2_5_credits,
        seedance_rules,
    ),
}
