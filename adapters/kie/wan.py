"""Wan 2.7: a text, frames, a film that is continued, or references, each a model of its own; and one that edits a film.

Page: docs.kie.ai, wan 2.7, 2026-08-19; that a prompt is required is our choice, and that 5 s are sent where no page
names a default.
Odd: the ratio is `ratio` of the model from texts, and `aspect_ratio` of the one from references; a sound goes to
another field of each model; an edit lasts as long as its film, which is written 0, and takes one reference.
"""

from anymedia.declare import UNKNOWN, Choice, File, Files, Flag, Offer, Param, Table, Text, Whole, when

from .common import FILMS, FIVE, FORMS, MODERATION, SOUNDS, prompt

PICTURE, FILM = File(forms=FORMS), File(forms=FORMS, types=FILMS)
REFERENCES, FILMED = Files(1, 5, forms=FORMS), Files(1, 5, forms=FORMS, types=FILMS)
CLIP, SHORT = Whole(2, 15), Whole(2, 10)
IMAGE, REFERENCE = "wan/2-7-image-to-video", "wan/2-7-r2v"
INFERRED = "no page of kie.ai prints a price; it is inferred from another seller, whose figures are twice these"
PRICES = Table.printed("resolution", (), {"720p": ".08", "1080p": ".12"}, per="duration", doubt=INFERRED)

SHARED = {
    "resolution": Param("input.resolution", Choice("720p", "1080p"), default="1080p", always_sent=True),
    "negative_prompt": Param("input.negative_prompt", Text(0, 500)),
    "seed": Param("input.seed", Whole(0, 2**31 - 1)),
    "moderation": MODERATION,
}
KNOBS = {
    "prompt_extend": Param("input.prompt_extend", Flag(), default=True),
    "watermark": Param("input.watermark", Flag(), default=False),
}

OFFERS = (
    Offer(
        name="wan-2.7",
        kind="video",
        wire_id=when(
            video=IMAGE, first_frame=IMAGE, videos=REFERENCE, images=REFERENCE, otherwise="wan/2-7-text-to-video"
        ),
        params={
            "prompt": prompt(5000),
            "video": Param("input.first_clip_url", FILM),
            "first_frame": Param("input.first_frame_url", when(video=None, otherwise=PICTURE)),
            "last_frame": Param("input.last_frame_url", when(video=None, otherwise=PICTURE)),
            "videos": Param("input.reference_video", when(video=None, otherwise=FILMED)),
            "images": Param("input.reference_image", when(video=None, otherwise=REFERENCES)),
            "audios": Param(
                when(
                    video="input.driving_audio_url",
                    first_frame="input.driving_audio_url",
                    videos="input.reference_voice",
                    images="input.reference_voice",
                    otherwise="input.audio_url",
                ),
                Files(1, 1, single=True, forms=FORMS, types=SOUNDS),
            ),
            "duration": Param(
                "input.duration",
                when(video=CLIP, videos=SHORT, images=SHORT, otherwise=CLIP),
                default=5,
                always_sent=True,
            ),
            "aspect_ratio": Param(
                when(videos="input.aspect_ratio", images="input.aspect_ratio", otherwise="input.ratio"),
                when(video=None, first_frame=None, otherwise=Choice(*FIVE)),
                default=when(video=None, first_frame=None, otherwise=UNKNOWN),
            ),
            **SHARED,
        },
        knobs=KNOBS,
        prices=PRICES,
    ),
    Offer(
        name="wan-2.7-edit",
        wire_id="wan/2-7-videoedit",
        kind="video",
        params={
            "prompt": prompt(5000),
            "video": Param("input.video_url", File(forms=FORMS, types=FILMS, megabytes=100), required=True),
            "images": Param("input.reference_image", Files(1, 1, single=True, forms=FORMS)),
            "duration": Param("input.duration", Whole(2, 10, auto=0), default="auto", always_sent=True),
            **SHARED,
        },
        knobs=KNOBS | {"audio_setting": Param("input.audio_setting", Choice("auto", "origin"))},
        prices=PRICES,
    ),
)
