"""seedance-2.0 and -fast: the mode follows from the files; sound costs nothing more.

Page: reAPI's own validators, 2026-07-23, doubao-seedance-2.0.
Odd: frames are objects with roles; the form shows 480p as default and the page 720p, so the resolution is always sent.
With a reference video more seconds are billed than are made: max(output + source, 5/3 × output) was seen at 2.5. How
long a source is nobody tells beforehand, so the price is an estimate with the longest there is: 15 s for all sources
together, as other sellers of the model tell.
"""

from anymedia.declare import (
    ANY, Choice, File, Files, Flag, Offer, Param, Rule, Table, Text, Whole, when,
)  # fmt: skip

from .media import FILMS, SOUNDS

BY = "variant resolution"
LONGEST_SOURCE = 15
DOUBT = "the seconds of a reference video are billed too"


def seedance(name: str, model: str, resolutions: Choice, usd: str, with_video: str) -> Offer:
    return Offer(
        name=name,
        model=model,
        kind="video",
        path="/api/v1/videos/generations",
        page=f"reAPI's own validators, 2026-07-23, {name}",
        params={
            "prompt": Param("prompt", Text(3, 4000), required=True),
            "first_frame": Param("image_with_roles[0].url", File()),
            "last_frame": Param("image_with_roles[1].url", File()),
            "images": Param("image_urls", Files(1, 9)),
            "videos": Param("video_urls", Files(1, 3, types=FILMS)),
            "audios": Param("audio_urls", Files(1, 3, types=SOUNDS)),
            "duration": Param("duration", Whole(4, 15), default=5, always_sent=True),
            "aspect_ratio": Param(
                "size", Choice("16:9", "9:16", "1:1", "4:3", "3:4", "21:9", {"auto": "adaptive"}), default="16:9"
            ),
            "resolution": Param("resolution", resolutions, default="720p", always_sent=True),
            "audio": Param("generate_audio", Flag(), default=False, always_sent=True),
            "moderation": Param("nsfw_checker", Choice({"off": False, "standard": True}), default="standard"),
        },
        knobs={
            "return_last_frame": Param("return_last_frame", Flag(), default=False),
            "tool": Param("tools[0].type", Choice("web_search")),
            "fallback": Param("fallback.enabled", Flag(), default=True),  # to another channel of reAPI's
        },
        fixed={
            "image_with_roles[0].role": when(first_frame="first_frame"),
            "image_with_roles[1].role": when(last_frame="last_frame"),
        },
        rules=(
            Rule(when={"audios": ANY}, needs=("images", "videos")),
            Rule(when={"first_frame": ANY}, excludes=("audios",)),
        ),
        prices=Table.printed(BY, (" ".join(resolutions.wire),), {"text first_frame images": usd}, per="duration")
        | Table.printed(
            BY, (" ".join(resolutions.wire),), {"videos": with_video}, per="duration", more=LONGEST_SOURCE, doubt=DOUBT
        ),
    )


OFFERS = (
    seedance(
        "doubao-seedance-2.0",
        "seedance-2.0",
        Choice("480p", "720p", "1080p", {"4K": "4k"}),
        ".079816 .171776 .3872 .817559",
        ".0484 .10384 .23496 .503112",
    ),
    seedance(
        "doubao-seedance-2.0-fast",
        "seedance-2.0-fast",
        Choice("480p", "720p"),
        ".06424 .13816",
        ".03828 .08272",
    ),
)
