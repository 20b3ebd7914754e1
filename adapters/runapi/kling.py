"""Kling 3.0 at RunAPI.

Page: RunAPI's client library, its contract of 2026-08-21; the bound of the prompt: other sellers of the model.
Odd: a clip from a picture goes to text_to_video too. `multi_shots` with `multi_prompt`, and `kling_elements`, are given
in `extra` as they are on the wire; what several shots are billed by is not told, so their price is unknown.
"""

from anymedia.declare import UNKNOWN, Choice, Flag, Number, Offer, Param, Table, Text, Whole

from .common import INFERRED, PICTURE, lasting, prompt, sized

OFFERS = (
    Offer(
        name="kling-3.0",
        kind="video",
        path="/api/v1/kling/text_to_video",
        params={
            "prompt": prompt(2500),  # the contract requires the model alone
            "first_frame": Param("first_frame_image_url", PICTURE),
            "last_frame": Param("last_frame_image_url", PICTURE),
            "duration": lasting(Whole(3, 15)),
            "aspect_ratio": Param("aspect_ratio", Choice("16:9", "9:16", "1:1"), default=UNKNOWN),
            "resolution": sized(Choice({"720p": "720p", "1080p": "1080p", "4K": "4k"})),
            "audio": Param("enable_sound", Flag(), default=False, always_sent=True),  # the default is our choice
            "negative_prompt": Param("negative_prompt", Text()),
        },
        knobs={
            "cfg_scale": Param("cfg_scale", Number(0, 1)),  # its bounds are not told: our choice
            "shots": Param("multi_shots", Choice({"one": False}), default="one"),
        },
        prices=Table.printed(
            "resolution audio shots",
            ("false true", "one"),
            {"720p": ".14 .20", "1080p": ".18 .27", "4K": ".67 .67"},
            per="duration",
            doubt=INFERRED,
        ),
    ),
)
