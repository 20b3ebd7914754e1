"""seedream-5-lite: one image a task, since several are a sequence of related ones, of which there may be fewer.

Page: reAPI's own validators, July 2026, doubao-seedream-5-0-lite.
Odd: an older quick reference writes aspect_ratio and "2K"; 3k, which costs what 2k does, has no word here: it is given
in `extra`, as `resolution`.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Flag, Offer, Param, Price, Text

EIGHT = ("1:1", "4:3", "3:4", "16:9", "9:16", "2:3", "3:2", "21:9")  # our choice: the page counts them

OFFERS = (
    Offer(
        name="doubao-seedream-5-0-lite",
        model="seedream-5-lite",
        page="reAPI's own validators, July 2026, doubao-seedream-5-0-lite",
        params={
            "prompt": Param("prompt", Text(1, 4000), required=True),
            "images": Param("image_urls", Files(1, 20)),
            "aspect_ratio": Param("size", Choice(*EIGHT, "auto"), default=UNKNOWN),
            "resolution": Param("resolution", Choice({"2K": "2k"}), default=UNKNOWN),
            "output_format": Param("output_format", Choice("jpeg", "png"), default=UNKNOWN),
        },
        knobs={"watermark": Param("watermark", Flag(), default=UNKNOWN)},
        prices=Price("0.0308"),
    ),
)
