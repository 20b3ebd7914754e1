"""qwen-image-2: one image makes it an edit, which takes three ratios more.

Page: reAPI's own validators, July 2026, qwen-image-2.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Text, Whole, when

FIVE = ("1:1", "3:4", "4:3", "9:16", "16:9")
RATIOS = when(images=Choice(*FIVE, "2:3", "3:2", "21:9"), otherwise=Choice(*FIVE))

OFFERS = (
    Offer(
        name="qwen-image-2",
        page="reAPI's own validators, July 2026, qwen-image-2",
        params={
            "prompt": Param("prompt", Text(1, 800), required=True),
            "images": Param("image_url", Files(1, 1, single=True)),
            "aspect_ratio": Param("image_size", RATIOS, default=UNKNOWN),
            "output_format": Param("output_format", Choice("png", "jpeg"), default=UNKNOWN),
            "seed": Param("seed", Whole(0, 2**31 - 1)),  # our choice: no bound is told
            "moderation": Param("nsfw_checker", Choice({"off": False, "standard": True}), default=UNKNOWN),
        },
        prices=Price("0.0308"),
    ),
)
