"""wan-2.7: a text, a frame, a film to be continued, or references; and the edit of a film, an offer of its own.

Page: docs.fal.ai and fal's own client, fal-ai/wan/v2.7. Our choices: 20 MB of every picture, and 100 MB of a film that
is continued, as told of a frame and of an edit; five references of each medium and the words of audio_setting, as at
another seller; references need a prompt.
Odd: lengths are whole numbers here, unlike at every other model of fal, though its client writes texts; 1080p is the
default, so that the resolution is always sent. An edit is as long as its film where no length is given.
"""

from anymedia.declare import (
    ANY, UNKNOWN, Choice, File, Flag, Offer, Param, Per, Rule, Table, Text, Whole, when,
)  # fmt: skip

from .common import FILMS, FORMS, INLINE, SEED, SOUNDS, film, files, prompt

LONG, SHORT = Whole(2, 15), Whole(2, 10)
REFERENCES, BEGUN = "fal-ai/wan/v2.7/reference-to-video", "fal-ai/wan/v2.7/image-to-video"
FRAME = File(forms=FORMS, inline=INLINE, megabytes=20)
ONE_PRICE = "the page names one price, and no resolution: the larger is taken to cost what it does elsewhere"

SHARED = {
    "negative_prompt": Param("negative_prompt", Text(0, 500)),
    "resolution": Param("resolution", Choice("720p", "1080p"), default="1080p", always_sent=True),
    "seed": SEED,
    "moderation": Param("enable_safety_checker", Choice({"off": False, "standard": True}), default="standard"),
}
EXPANDED = {"enable_prompt_expansion": Param("enable_prompt_expansion", Flag(), default=True)}

OFFERS = (
    Offer(
        name="wan-2.7",
        kind="video",
        wire_id=when(
            video=BEGUN,
            first_frame=BEGUN,
            videos=REFERENCES,
            images=REFERENCES,
            otherwise="fal-ai/wan/v2.7/text-to-video",
        ),
        params={
            "prompt": prompt(5000, required=False),
            "video": Param("video_url", film(100)),
            "first_frame": Param("image_url", when(video=None, otherwise=FRAME)),
            "last_frame": Param("end_image_url", when(video=None, otherwise=FRAME)),
            "videos": Param("reference_video_urls", when(video=None, otherwise=files(5, FILMS))),
            "images": Param("reference_image_urls", when(video=None, otherwise=files(5))),
            "audios": Param(
                "audio_url", when(videos=None, images=None, otherwise=files(1, SOUNDS, single=True, megabytes=15))
            ),
            # A frame or a film has a ratio of its own, and of references the page names none.
            "aspect_ratio": Param(
                "aspect_ratio",
                when(
                    video=None,
                    first_frame=None,
                    videos=None,
                    images=None,
                    otherwise=Choice("16:9", "9:16", "1:1", "4:3", "3:4"),
                ),
                default=when(video=None, first_frame=None, videos=None, images=None, otherwise=UNKNOWN),
            ),
            "duration": Param(
                "duration", when(video=LONG, videos=SHORT, images=SHORT, otherwise=LONG), default=5, always_sent=True
            ),
            **SHARED,
        },
        knobs=EXPANDED | {"multi_shots": Param("multi_shots", when(videos=Flag(), images=Flag()))},
        rules=tuple(Rule(when={references: ANY}, needs="prompt") for references in ("images", "videos")),
        # The seconds of a reference film are billed on top, and how many they may be is not told.
        prices=Table.printed(
            "variant resolution", ("720p 1080p",), {"text first_frame video": ".10 .15"}, per="duration"
        )
        | Table(
            "variant resolution", {("images", "720p"): Per(".10"), ("images", "1080p"): Per(".15", doubt=ONE_PRICE)}
        ),
    ),
    Offer(
        name="wan-2.7-edit",
        kind="video",
        wire_id="fal-ai/wan/v2.7/edit-video",
        params={
            "prompt": prompt(5000, required=False),
            "video": Param("video_url", film(100), required=True),
            "images": Param("reference_image_url", files(1, single=True, megabytes=20)),
            "duration": Param("duration", Whole(2, 10, auto=0), default="auto"),
            **SHARED,
        },
        knobs=EXPANDED | {"audio_setting": Param("audio_setting", Choice("auto", "origin"))},
    ),
)
