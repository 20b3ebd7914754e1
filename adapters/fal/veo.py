"""veo-3.1-fast at three endpoints, and veo-3.1 of references.

Page: fal's own client, fal-ai/veo3.1/fast; its price is veo 3's fast, taken for the same.
Odd: lengths are texts with an s behind them; a first frame alone and a first with a last one are endpoints with other
fields; sound is on by default, and costs half as much again. Of the endpoint that takes references the page names no
more than its path and their field: that they are three at most, as at other sellers, is our choice.
"""

from anymedia.declare import (
    UNKNOWN, Choice, Flag, Offer, Param, Table, Text, Whole, when,
)  # fmt: skip

from .common import PICTURE, SEED, files, prompt, tolerance, with_sound

TWO = Choice("16:9", "9:16")
SIZES = Choice("720p", "1080p")
INFERRED = "the price of veo 3 fast, of which the page does not say that it holds of veo 3.1 fast"

OFFERS = (
    Offer(
        name="veo-3.1-fast",
        kind="video",
        wire_id=when(
            last_frame="fal-ai/veo3.1/fast/first-last-frame-to-video",
            first_frame="fal-ai/veo3.1/fast/image-to-video",
            otherwise="fal-ai/veo3.1/fast",
        ),
        params={
            "prompt": prompt(),
            "negative_prompt": Param("negative_prompt", Text()),
            "first_frame": Param(when(last_frame="first_frame_url", otherwise="image_url"), PICTURE),
            "last_frame": Param("last_frame_url", PICTURE),
            "duration": Param("duration", Whole(4, 8, step=2, form="{}s"), default=8, always_sent=True),
            "aspect_ratio": Param(
                "aspect_ratio",
                when(first_frame=Choice("16:9", "9:16", "auto"), otherwise=TWO),
                default=when(first_frame="auto", otherwise=UNKNOWN),
            ),
            "resolution": Param(
                "resolution",
                when(last_frame=Choice("720p", "1080p", {"4K": "4k"}), otherwise=SIZES),
                default="720p",
                always_sent=True,
            ),
            "audio": with_sound(),
            "seed": SEED,
        },
        knobs={
            "auto_fix": Param("auto_fix", Flag(), default=when(first_frame=False, otherwise=True)),
            "safety_tolerance": tolerance(6, 4),
        },
        prices=Table.printed(
            "resolution audio", ("false true",), {"720p 1080p": ".10 .15"}, per="duration", doubt=INFERRED
        ),
    ),
    Offer(
        name="veo-3.1",
        kind="video",
        wire_id="fal-ai/veo3.1/reference-to-video",
        params={"prompt": prompt(), "images": Param("image_urls", files(3), required=True)},
    ),
)
