"""gpt-image-2, and the same at the maker's own price by size and quality: omitted quality bills at high.

Page: reAPI documentation, gpt-image-2 and gpt-image-2-official.
"""

from anymedia.declare import (
    ANY, DEAREST, Choice, File, Files, Grid, Offer, Param, Rule, Said, Size, Table, Text, Whole, when,
)  # fmt: skip

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "5:4", "4:5", "2:1", "1:2", "21:9", "9:21")
WIDE = ("16:9", "9:16", "2:1", "1:2", "21:9", "9:21")  # the only ratios at 4k

QUALITY = Choice("auto", "low", "medium", "high")
BACKGROUND = Choice("auto", "opaque", "transparent", not_honoured=("transparent",))  # silently downgraded
FOUR_K = Rule(when={"resolution": "4K"}, allows={"aspect_ratio": WIDE})

# An edit without a size takes the first reference's ratio; what that is billed is not said.
FIRST_IMAGE = when(images=Said("the first image's"), otherwise="1:1")
PARAMS = {
    "prompt": Param("prompt", Text(1, 4000), required=True),
    "aspect_ratio": Param("size", Choice(*RATIOS, "auto"), default=FIRST_IMAGE, bills_as={"auto": DEAREST}),
    "resolution": Param("resolution", Choice({"1K": "1k", "2K": "2k", "4K": "4k"}), default="1K"),
    "images": Param("image_urls", Files(1, 16)),
}

# Pixels, portrait mirrored.
GRID = Grid.printed(
    "1K 2K 4K",
    {
        "1:1": "1024x1024 2048x2048",
        "3:2": "1536x1024 2048x1360",
        "4:3": "1024x768 2048x1536",
        "5:4": "1280x1024 2560x2048",
        "16:9": "1536x864 2048x1152 3840x2160",
        "2:1": "2048x1024 2688x1344 3840x1920",
        "21:9": "2016x864 2688x1152 3840x1648",
    },
)

# USD an image, both orientations.
OFFICIAL = Table.printed(
    "aspect_ratio resolution quality",
    ("1K 2K 4K", "low medium high"),
    {
        "1:1": ".0048 .0424 .1688 | .01912 .1688 .6736",
        "16:9 9:16": ".00608 .0536 .2136 | .0108 .0952 .3792 | .03792 .3344 1.3328",
        "2:1 1:2": ".0096 .0848 .3376 | .01648 .1456 .58 | .03368 .2976 1.1848",
        "21:9 9:21": ".00792 .0704 .28 | .01416 .1248 .4984 | .02896 .256 1.0176",
        "3:2 2:3": ".0072 .0632 .252 | .01272 .112 .4472",
        "4:3 3:4": ".0036 .032 .1272 | .0144 .1272 .5064",
        "5:4 4:5": ".006 .0528 .2104 | .02392 .2112 .8424",
    },
)

OFFERS = (
    Offer(
        name="gpt-image-2",
        params=PARAMS,
        shape=GRID,
        rules=(FOUR_K,),
        prices=Table("resolution", {"1K": "0.03", "2K": "0.05", "4K": "0.08"}),
    ),
    Offer(
        name="gpt-image-2-official",
        model="gpt-image-2",
        params=PARAMS
        | {
            "size": Param("size", Size("{width}x{height}")),
            "quality": Param("quality", QUALITY, default="auto", bills_as={"auto": "high"}),
            "count": Param("n", Whole(1, 4), default=1),
            "mask": Param("mask_url", File(types=("image/png",))),
            "background": Param("background", BACKGROUND, default="auto"),
            "moderation": Param("moderation", Choice({"standard": "auto", "low": "low"}), default="standard"),
        },
        rules=(FOUR_K, Rule(when={"mask": ANY}, needs="images")),
        prices=OFFICIAL,
    ),
)
