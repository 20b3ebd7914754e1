"""Wan 2.7 at RunAPI: three models, told apart by what is put in.

Page: RunAPI's client library, its contract of 2026-08-21; bounds of texts and lengths: kie.ai's, whose contract it
repeats.
Odd: a sound goes to another field of each model; only clips from text and from references have a ratio.
"""

from anymedia.declare import ANY, UNKNOWN, Choice, File, Files, Flag, Offer, Param, Rule, Table, Text, Whole, when

from .common import FILMS, FIVE, FORMS, INFERRED, PICTURE, SOUNDS, lasting, prompt, sized

CLIP, SHORT = Whole(2, 15), Whole(2, 10)
IMAGE, REFERENCES = "wan-2.7-image-to-video", "wan-2.7-r2v"

OFFERS = (
    Offer(
        name="wan-2.7",
        kind="video",
        wire_id=when(
            video=IMAGE, first_frame=IMAGE, videos=REFERENCES, images=REFERENCES, otherwise="wan-2.7-text-to-video"
        ),
        path=when(
            video="/api/v1/wan/image_to_video",
            first_frame="/api/v1/wan/image_to_video",
            otherwise="/api/v1/wan/text_to_video",
        ),
        params={
            "prompt": prompt(5000, required=False),
            "video": Param("source_video_url", File(forms=FORMS, types=FILMS)),
            "first_frame": Param("first_frame_image_url", when(video=None, otherwise=PICTURE)),
            "last_frame": Param("last_frame_image_url", when(video=None, otherwise=PICTURE)),
            "videos": Param("reference_video_urls", when(video=None, otherwise=Files(1, 5, forms=FORMS, types=FILMS))),
            "images": Param("reference_image_urls", when(video=None, otherwise=Files(1, 5, forms=FORMS))),
            "audios": Param(
                when(
                    video="driving_audio_url",
                    first_frame="driving_audio_url",
                    videos="reference_audio_url",
                    images="reference_audio_url",
                    otherwise="background_audio_url",
                ),
                Files(1, 1, single=True, forms=FORMS, types=SOUNDS),
            ),
            "duration": lasting(when(videos=SHORT, images=SHORT, otherwise=CLIP)),
            "aspect_ratio": Param(
                "aspect_ratio",
                when(video=None, first_frame=None, otherwise=Choice(*FIVE)),
                default=when(video=None, first_frame=None, otherwise=UNKNOWN),
            ),
            "resolution": sized(Choice("720p", "1080p")),
            "negative_prompt": Param("negative_prompt", Text(0, 500)),
            "seed": Param("seed", Whole(0, 2**31 - 1)),
        },
        knobs={
            "enable_prompt_expansion": Param("enable_prompt_expansion", Flag()),
            "watermark": Param("watermark", Flag()),
        },
        rules=(
            Rule(when={"video": ANY}, needs="prompt"),
            Rule(when={"first_frame": ANY}, needs="prompt"),
        ),
        prices=Table.printed("resolution", (), {"720p": ".16", "1080p": ".24"}, per="duration", doubt=INFERRED),
    ),
)
