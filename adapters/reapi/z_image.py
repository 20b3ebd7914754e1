"""z-image.

Page: reAPI's own validators, July 2026, z-image.
"""

from anymedia.declare import UNKNOWN, Choice, Offer, Param, Price, Text

OFFERS = (
    Offer(
        name="z-image",
        page="reAPI's own validators, July 2026, z-image",
        params={
            "prompt": Param("prompt", Text(1, 1000), required=True),
            "aspect_ratio": Param("aspect_ratio", Choice("1:1", "4:3", "3:4", "16:9", "9:16"), default=UNKNOWN),
            "moderation": Param("nsfw_checker", Choice({"off": False, "standard": True}), default=UNKNOWN),
        },
        prices=Price("0.0044"),
    ),
)
