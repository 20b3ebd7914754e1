"""The films of Replicate: Kling, Seedance, Veo and Wan, each with the names of its own schema.

Page: the models' schemas on replicate.com, as clients of 2026 have them.
Odd: Kling is at 1080p and silent by default, Seedance and Veo have sound; a Wan from a picture is another model than
one from a text, and has no ratio. Everything that may move a price is sent. Kling's `multi_prompt`, a text of JSON, is
given in `extra`: {"input": {"multi_prompt": ...}}; its shots add up to the duration.
"""

from anymedia.declare import (
    ANY, UNKNOWN, Choice, File, Files, Flag, Offer, Param, Per, Rule, Table, Text, Whole, when,
)  # fmt: skip

from .files import FORMS, INLINE

FILMS = ("video/mp4", "video/quicktime", "video/webm")  # no page names the types of films and sounds: our choice
SOUNDS = ("audio/mpeg", "audio/wav", "audio/mp4", "audio/aac", "audio/flac", "audio/ogg")
SEEN = "as clients of October 2026 have it; Replicate has no page of prices that was read"
LONGEST_SOURCE = 15  # seconds of all films together, as other sellers tell
WITH_FILMS = f"{SEEN}; the seconds of reference films may be billed too, as other sellers do"

PROMPT = Param("input.prompt", Text(1), required=True)
SEED = Param("input.seed", Whole())
NEGATIVE = Param("input.negative_prompt", Text())


def picture(place: str) -> Param:
    return Param(place, File(forms=FORMS, inline=INLINE))


def references(place: str, most: int, types: tuple[str, ...] = ()) -> Param:
    return Param(place, Files(1, most, forms=FORMS, inline=INLINE, types=types))


def lasting(takes: Whole, default: int) -> Param:
    return Param("input.duration", takes, default=default, always_sent=True)


def sized(*sizes: str) -> Param:
    return Param("input.resolution", Choice(*sizes), default="720p", always_sent=True)  # the default is our choice


def sound(*, default: bool) -> Param:
    return Param("input.generate_audio", Flag(), default=default, always_sent=True)


def seedance(name: str, *sizes: str, prices: Table | None = None) -> Offer:
    return Offer(
        name=name,
        wire_id=f"bytedance/{name}",
        kind="video",
        params={
            "prompt": PROMPT,
            "first_frame": picture("input.image"),
            "last_frame": picture("input.last_frame_image"),
            "images": references("input.reference_images", 9),
            "videos": references("input.reference_videos", 3, FILMS),
            "audios": references("input.reference_audios", 3, SOUNDS),
            "duration": lasting(Whole(4, 15, auto=-1), 5),
            "aspect_ratio": Param(
                "input.aspect_ratio",
                Choice("16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "9:21", {"auto": "adaptive"}),
                default=UNKNOWN,
            ),
            "resolution": sized(*sizes),
            "audio": sound(default=True),
            "seed": SEED,
        },
        rules=(Rule(when={"first_frame": ANY}, excludes=("audios",)),),
        prices=prices,
    )


OFFERS = (
    Offer(
        name="kling-3.0",
        wire_id="kwaivgi/kling-v3-video",
        kind="video",
        params={
            "prompt": Param("input.prompt", Text(1, 2500), required=True),
            "negative_prompt": NEGATIVE,
            "first_frame": picture("input.start_image"),
            "last_frame": picture("input.end_image"),
            "duration": lasting(Whole(3, 15), 5),
            "aspect_ratio": Param("input.aspect_ratio", Choice("16:9", "9:16", "1:1"), default=UNKNOWN),
            "resolution": Param(
                "input.mode",
                Choice({"720p": "standard", "1080p": "pro", "4K": "4k"}),
                default="1080p",
                always_sent=True,
            ),
            "audio": sound(default=False),
        },
        prices=Table.printed(
            "resolution audio",
            ("false true",),
            {"720p": ".084 .126", "1080p": ".112 .168"},
            per="duration",
            doubt=SEEN,
        ),
    ),
    seedance("seedance-2.0", "480p", "720p", "1080p"),
    seedance(
        "seedance-2.0-fast",
        *("480p", "720p"),
        prices=Table.printed(
            "variant resolution", ("720p",), {"videos": ".17"}, per="duration", more=LONGEST_SOURCE, doubt=WITH_FILMS
        ),
    ),
    seedance("seedance-2.0-mini", "480p", "720p"),
    Offer(
        name="veo-3.1-fast",
        wire_id="google/veo-3.1-fast",
        kind="video",
        params={
            "prompt": PROMPT,
            "negative_prompt": NEGATIVE,
            "first_frame": picture("input.image"),
            "last_frame": picture("input.last_frame"),
            "duration": lasting(Whole(4, 8, step=2), 8),
            "aspect_ratio": Param("input.aspect_ratio", Choice("16:9", "9:16"), default=UNKNOWN),
            "resolution": sized("720p", "1080p"),
            "audio": sound(default=True),
            "seed": SEED,
        },
    ),
    Offer(
        name="wan-2.7",
        wire_id=when(first_frame="wan-video/wan-2.7-i2v", otherwise="wan-video/wan-2.7-t2v"),
        kind="video",
        params={
            "prompt": PROMPT,
            "negative_prompt": NEGATIVE,
            "first_frame": picture("input.first_frame"),
            "last_frame": picture("input.last_frame"),
            "audios": Param("input.audio", Files(1, 1, single=True, forms=FORMS, inline=INLINE, types=SOUNDS)),
            "duration": lasting(Whole(2, 15), 5),
            "aspect_ratio": Param(
                "input.aspect_ratio",
                when(first_frame=None, otherwise=Choice("16:9", "9:16", "1:1", "4:3", "3:4")),
                default=UNKNOWN,
            ),
            "resolution": sized("720p", "1080p"),
            "seed": SEED,
        },
        knobs={"enable_prompt_expansion": Param("input.enable_prompt_expansion", Flag())},
        # "about .10", of a text; that it is of 720p, the lesser one, is our reading.
        prices=Table("variant resolution", {("text", "720p"): Per(".10", approximate=True)}),
    ),
)
