"""Seedance 2.0, fast, mini, and 2.5.

Page: docs.kie.ai, bytedance/seedance-2, 2026-08-19; that a prompt is required, and its bound at 2.5, are our choice.
Odd: sound is on unless it is told otherwise; `aspect_ratio` may be adaptive, which is our auto; with films as
references a second costs less, and their own seconds may be billed too, as other sellers of the model do; sound makes
2.5 dearer, and nobody says by how much. Frames and references exclude each other, though the page's own example sends
both.
"""

from anymedia.declare import ANY, Choice, File, Files, Flag, Offer, Param, Rule, Table, Whole

from .common import FORMS, MODERATION, prompt

SIDES = (300, 6000)
FRAME = File(forms=FORMS, megabytes=30, sides=SIDES)
FILMS = ("video/mp4", "video/quicktime")
SOUNDS = ("audio/wav", "audio/mpeg")
RATIOS = Choice("1:1", "4:3", "3:4", "16:9", "9:16", "21:9", {"auto": "adaptive"})
REFERENCES = ("images", "videos", "audios")
LAST_FRAME = {"return_last_frame": Param("input.return_last_frame", Flag(), default=False)}
WEB_SEARCH = {"web_search": Param("input.web_search", Flag())}
FROM_TEXT = (Rule(when={"web_search": True}, excludes=("first_frame", *REFERENCES)),)
BY, SOLD = "variant resolution", ("480p 720p 1080p",)
LONGEST_SOURCE = 15  # seconds of all films together
WITH_FILMS = "the seconds of reference films may be billed too"
EQUAL_TABLE = "inferred from another seller, whose figures are else twice these"


def seedance(
    version: str,
    resolutions: Choice,
    most: tuple[int, int, int],
    duration: Whole,
    ratio: str,
    more: dict[str, Param],
    knobs: dict[str, Param],
    rules: tuple[Rule, ...],
    prices: Table | None,
) -> Offer:
    return Offer(
        name=f"seedance-{version}",
        wire_id=f"bytedance/seedance-{version.replace('2.0', '2').replace('.', '-')}",
        kind="video",
        params={
            "prompt": prompt(20_000, 3),
            "first_frame": Param("input.first_frame_url", FRAME),
            "last_frame": Param("input.last_frame_url", FRAME),
            "images": Param("input.reference_image_urls", Files(1, most[0], forms=FORMS, megabytes=30, sides=SIDES)),
            "videos": Param("input.reference_video_urls", Files(1, most[1], forms=FORMS, types=FILMS, megabytes=50)),
            "audios": Param("input.reference_audio_urls", Files(1, most[2], forms=FORMS, types=SOUNDS, megabytes=15)),
            "duration": Param("input.duration", duration, default=5, always_sent=True),
            "aspect_ratio": Param("input.aspect_ratio", RATIOS, default=ratio),
            "resolution": Param("input.resolution", resolutions, default="720p", always_sent=True),
            "audio": Param("input.generate_audio", Flag(), default=True, always_sent=True),
            **more,
        },
        knobs=knobs,
        rules=(Rule(when={"first_frame": ANY}, excludes=("audios",)), *rules),
        prices=prices,
    )


def printed(usd: str, with_films: str) -> Table:
    return Table.printed(BY, SOLD, {"text first_frame images": usd}, per="duration") | Table.printed(
        BY, SOLD, {"videos": with_films}, per="duration", more=LONGEST_SOURCE, doubt=WITH_FILMS
    )


SMALL, LARGE = Choice("480p", "720p"), Choice("480p", "720p", "1080p", {"4K": "4k"})
NINE, CLIP = (9, 3, 3), Whole(4, 15)
MODERATED = {"moderation": MODERATION}

OFFERS = (
    seedance(
        "2.0",
        LARGE,
        NINE,
        CLIP,
        "16:9",
        {},
        LAST_FRAME | WEB_SEARCH,
        FROM_TEXT,
        printed(".095 .205 .51", ".0575 .125 .31")
        | Table.printed(BY, ("4K",), {"text first_frame images": "1.04"}, per="duration", doubt=EQUAL_TABLE),
    ),
    seedance(
        "2.0-fast",
        SMALL,
        NINE,
        CLIP,
        "16:9",
        MODERATED,
        LAST_FRAME | WEB_SEARCH,
        FROM_TEXT,
        printed(".0585 .124", ".034 .075"),
    ),
    seedance("2.0-mini", SMALL, NINE, CLIP, "16:9", MODERATED, WEB_SEARCH, FROM_TEXT, None),
    seedance(
        "2.5",
        Choice("480p", "720p", "1080p"),
        (30, 10, 10),
        Whole(4, 30, auto=-1),
        "auto",
        {},
        {"output_format": Param("input.output_format", Choice("mp4", "mov"))},
        (),
        # Silent alone, and without films: what else costs is not told.
        Table.printed(
            "variant audio resolution",
            ("false", "480p 720p 1080p"),
            {"text first_frame images": ".14 .315 .57"},
            per="duration",
        ),
    ),
)
