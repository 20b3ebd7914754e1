"""Veo 3.1 fast at RunAPI.

Page: RunAPI's client library, its contract of 2026-08-21.
Odd: a mode says what is put in; a clip always has sound, and costs the same whatever its length; a larger size is an
action of its own, upscale_video.
"""

from anymedia.declare import UNKNOWN, Always, Choice, Files, Flag, Offer, Param, Price, Text, Whole, when

from .common import FORMS, PICTURE, prompt

OFFERS = (
    Offer(
        name="veo-3.1-fast",
        kind="video",
        path="/api/v1/veo_3_1/text_to_video",
        fixed={"input_mode": when(first_frame="first_and_last_frames", images="reference", otherwise="text")},
        params={
            "prompt": prompt(),
            "first_frame": Param("first_frame_image_url", PICTURE),
            "last_frame": Param("last_frame_image_url", PICTURE),
            "images": Param("reference_image_urls", Files(1, 3, forms=FORMS)),
            "duration": Param("duration_seconds", Whole(4, 8, step=2), default=UNKNOWN),
            "aspect_ratio": Param("aspect_ratio", Choice("16:9", "9:16", "auto"), default=UNKNOWN),
            "audio": Param(None, Always(True)),
            "seed": Param("seeds", Whole(0, 2**31 - 1)),
        },
        knobs={
            "enable_translation": Param("enable_translation", Flag()),
            "watermark": Param("watermark", Text()),
        },
        prices=Price("0.60"),
    ),
)
