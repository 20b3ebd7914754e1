"""Seedream 4.5 and 5 lite at RunAPI.

Page: RunAPI's client library, seedream-4.5 and -5-lite; bounds of prompts: other sellers of the model. Its actions are
not told: those of its sisters are taken.
Odd: a quality stands for a size, and 5 lite has one between 2K and 4K, "high", which is given in `extra` by its name
on the wire, output_quality; ratio and quality are required, and no page names a default.
"""

from anymedia.declare import Choice, Files, Offer, Param, Price, when

from .common import EIGHT, FORMS, prompt


def seedream(version: str, least: int, sizes: dict[str, str], usd: str, more: dict[str, Param]) -> Offer:
    return Offer(
        name=f"seedream-{version}",
        wire_id=when(images=f"seedream-{version}-edit", otherwise=f"seedream-{version}-text-to-image"),
        path=when(images="/api/v1/seedream/edit_image", otherwise="/api/v1/seedream/text_to_image"),
        params={
            "prompt": prompt(3000, least),
            "images": Param("source_image_urls", Files(1, 14, forms=FORMS)),
            "aspect_ratio": Param("aspect_ratio", Choice(*EIGHT), default="1:1", always_sent=True),  # our choice
            "resolution": Param("output_quality", Choice(sizes), default="2K", always_sent=True),  # our choice
            **more,
        },
        prices=Price(usd),
    )


OFFERS = (
    seedream("4.5", 1, {"2K": "basic", "4K": "high"}, "0.07", {}),
    seedream(
        "5-lite",
        3,
        {"2K": "basic", "4K": "ultra"},
        "0.06",
        {"output_format": Param("output_format", Choice("png", "jpeg"), default="png")},
    ),
)
