"""kling-3.0: the mode says the resolution, and sound costs up to 1.5 times as much.

Page: reAPI's own validators, 2026-07-23, kling-3-0.
Odd: frames are the first and second of one list. `multi_shots` with `multi_prompt`, and `kling_elements`, are given in
`extra` as they are on the wire; what a film of several shots is billed by is not told, so its price is unknown.
"""

from anymedia.declare import Choice, File, Flag, Offer, Param, Table, Text, Whole

OFFERS = (
    Offer(
        name="kling-3-0",
        model="kling-3.0",
        kind="video",
        path="/api/v1/videos/generations",
        page="reAPI's own validators, 2026-07-23, kling-3-0",
        params={
            "prompt": Param("prompt", Text(1, 2500), required=True),
            "first_frame": Param("image_urls[0]", File()),
            "last_frame": Param("image_urls[1]", File()),
            "duration": Param("duration", Whole(3, 15), default=5, always_sent=True),
            "aspect_ratio": Param("aspect_ratio", Choice("16:9", "9:16", "1:1"), default="16:9"),
            "resolution": Param(
                "mode", Choice({"720p": "std", "1080p": "pro", "4K": "4K"}), default="1080p", always_sent=True
            ),
            "audio": Param("sound", Flag(), default=False, always_sent=True),
        },
        knobs={"shots": Param("multi_shots", Choice({"one": False}), default="one")},
        prices=Table.printed(
            "resolution audio shots",
            ("false true", "one"),
            {"720p": ".077 .11", "1080p": ".099 .1485", "4K": ".3685 .3685"},
            per="duration",
        ),
    ),
)
