"""Seedream 4.5 and 5 lite: a size is a name, or pixels where the page tells their bounds.

Page: docs.fal.ai, fal-ai/bytedance/seedream/v4.5 and v5/lite.
Odd: a size that the model chooses is named by its resolution, auto_2K; auto_4K (of 5 lite auto_3K) is given in `extra`,
as `image_size`. How a ratio and a resolution go together is not told. `max_images` makes several related pictures of
one task, each of which is billed: how many is told afterwards, so that its price is unknown.
"""

from anymedia.declare import UNKNOWN, Choice, Offer, Param, Size, Table, when

from .common import CHECKER, NAMED, PICTURES, SEED, files, prompt


def seedream(version: str, path: str, usd: str, more: dict[str, Param]) -> Offer:
    return Offer(
        name=f"seedream-{version}",
        wire_id=when(
            images=f"fal-ai/bytedance/seedream/{path}/edit", otherwise=f"fal-ai/bytedance/seedream/{path}/text-to-image"
        ),
        params={
            "prompt": prompt(),
            "images": Param("image_urls", files()),
            "aspect_ratio": Param("image_size", Choice(NAMED, {"auto": "auto_2K"}), default=UNKNOWN),
            **more,
        },
        knobs={"pictures": Param("max_images", Choice({"one": None}), default="one")},
        prices=Table("pictures", {"one": usd}),
    )


OFFERS = (
    seedream(
        "4.5",
        "v4.5",
        "0.04",
        {
            "size": Param("image_size", Size(least=1920, most=4096)),
            "count": PICTURES,
            "seed": SEED,
            "moderation": CHECKER,
        },
    ),
    seedream("5-lite", "v5/lite", "0.035", {}),
)
