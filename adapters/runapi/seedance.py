"""Seedance 2.0, 2.0 fast and 2.5 at RunAPI.

Page: RunAPI's client library, its contract of 2026-08-21.
Odd: text_to_video makes clips of every sort; with films as references a second costs less, and their own seconds may
be billed too, as another seller of the model does; only 2.5 tells its last frame, leaves the length to the model, and
has sound unless it is told otherwise.
"""

from anymedia.declare import ANY, UNKNOWN, Choice, Files, Flag, Offer, Param, Rule, Table, Whole

from .common import CHECKER, FILMS, FORMS, INFERRED, PICTURE, SOUNDS, lasting, prompt, sized

RATIOS = Choice("1:1", "4:3", "3:4", "16:9", "9:16", "21:9", "auto")
BY, SOLD = "variant resolution", ("480p 720p 1080p 4K",)
SIZES = {"480p": "480p", "720p": "720p", "1080p": "1080p", "4K": "4k"}
LONGEST_SOURCE = 15  # seconds of all films together, as other sellers tell
WITH_FILMS = f"{INFERRED}; the seconds of reference films may be billed too"
# Our choice: that frames and references exclude each other is told of 2.5, and holds at other sellers of all three.
FRAMES_ALONE = Rule(when={"first_frame": ANY}, excludes=("audios",))


def shared(pictures: int, films: int, sounds: int, *sizes: str) -> dict[str, Param]:
    return {
        "first_frame": Param("first_frame_image_url", PICTURE),
        "last_frame": Param("last_frame_image_url", PICTURE),
        "images": Param("reference_image_urls", Files(1, pictures, forms=FORMS)),
        "videos": Param("reference_video_urls", Files(1, films, forms=FORMS, types=FILMS)),
        "audios": Param("reference_audio_urls", Files(1, sounds, forms=FORMS, types=SOUNDS)),
        "aspect_ratio": Param("aspect_ratio", RATIOS, default=UNKNOWN),
        "resolution": sized(Choice({size: SIZES[size] for size in sizes})),
    }


def seedance_2(name: str, *sizes: str, rules: tuple[Rule, ...] = (), prices: Table | None = None) -> Offer:
    return Offer(
        name=name,
        kind="video",
        path="/api/v1/seedance/text_to_video",
        params={
            "prompt": prompt(required=False),
            **shared(9, 3, 3, *sizes),
            "duration": lasting(Whole(4, 15)),
            "audio": Param("generate_audio", Flag(), default=False, always_sent=True),  # the default is our choice
            "moderation": CHECKER,
        },
        knobs={"web_search": Param("web_search", Flag())},
        rules=(FRAMES_ALONE, *rules),
        prices=prices,
    )


OFFERS = (
    seedance_2(
        "seedance-2.0",
        *("480p", "720p", "1080p", "4K"),
        rules=(Rule(when={"resolution": "4K"}, excludes=("videos",)),),
        prices=Table.printed(BY, SOLD, {"text first_frame images": ".19 .41 1.02 2.08"}, per="duration", doubt=INFERRED)
        | Table.printed(BY, SOLD, {"videos": ".115 .25 .62"}, per="duration", more=LONGEST_SOURCE, doubt=WITH_FILMS),
    ),
    seedance_2("seedance-2.0-fast", "480p", "720p"),
    Offer(
        name="seedance-2.5",
        kind="video",
        path="/api/v1/seedance/text_to_video",
        params={
            "prompt": prompt(30_000, 3),
            **shared(30, 10, 10, "480p", "720p", "1080p"),
            "duration": lasting(Whole(4, 30, auto=-1)),
            "audio": Param("generate_audio", Flag(), default=True, always_sent=True),
        },
        knobs={"return_last_frame": Param("return_last_frame", Flag())},
        rules=(FRAMES_ALONE,),
    ),
)
