"""Qwen image 2 and its pro tier, in names of sizes.

Page: fal's own client, fal-ai/qwen-image-2. No price is told; that pictures stand in image_urls, as at its sisters, is
our choice.
"""

from anymedia.declare import UNKNOWN, Choice, Flag, Offer, Param, Text, when

from .common import NAMED, PICTURES, SEED, files, prompt


def qwen_image_2(tier: str, path: str) -> Offer:
    return Offer(
        name=f"qwen-image-2{tier}",
        wire_id=when(images=f"fal-ai/qwen-image-2{path}/edit", otherwise=f"fal-ai/qwen-image-2{path}/text-to-image"),
        params={
            "prompt": prompt(),
            "negative_prompt": Param("negative_prompt", Text(0, 500)),
            "images": Param("image_urls", files()),
            "aspect_ratio": Param("image_size", Choice(NAMED), default=UNKNOWN),
            "count": PICTURES,
            "seed": SEED,
        },
        knobs={"enable_prompt_expansion": Param("enable_prompt_expansion", Flag(), default=UNKNOWN)},
    )


OFFERS = (qwen_image_2("", ""), qwen_image_2("-pro", "/pro"))
