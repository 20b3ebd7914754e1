"""Seedream 4.5, 5 lite and 5 pro: the quality is the size.

Page: docs.kie.ai, seedream.
Odd: one word of quality is 1K here, 2K or 4K there; the one of lite for 3K has no word here, and is given in `extra`,
as input.quality. An edit is called -edit of 4.5, and -image-to-image of 5. Ratio and quality are required of 4.5, and
no page names a default: 1:1 and the least quality are our choice, and of 5 too.
"""

from anymedia.declare import UNKNOWN, Choice, Files, Offer, Param, Price, Table, when

from .common import EIGHT, FORMS, MODERATION, prompt

FURTHER = "each image that is put in, but the first, costs $0.0025 more; ten are taken"
FORMAT = Param("input.output_format", Choice("png", "jpeg"), default=UNKNOWN)


def seedream(
    version: str,
    edit: str,
    texts: tuple[int, int],
    most: int,
    sizes: dict[str, str],
    more: dict[str, Param],
    prices: Price | Table,
) -> Offer:
    return Offer(
        name=f"seedream-{version}",
        wire_id=when(images=f"seedream/{version}-{edit}", otherwise=f"seedream/{version}-text-to-image"),
        params={
            "prompt": prompt(texts[1], texts[0]),
            "images": Param("input.image_urls", Files(1, most, forms=FORMS)),
            "aspect_ratio": Param("input.aspect_ratio", Choice(*EIGHT), default="1:1", always_sent=True),
            "resolution": Param("input.quality", Choice(sizes), default=next(iter(sizes)), always_sent=True),
            **more,
        },
        prices=prices,
    )


OFFERS = (
    seedream(
        "4.5",
        "edit",
        (1, 3000),
        14,
        {"2K": "basic", "4K": "high"},
        {"moderation": MODERATION},
        Price("0.0325"),
    ),
    seedream(
        "5-lite",
        "image-to-image",
        (3, 3000),
        14,
        {"2K": "basic", "4K": "ultra"},
        {"output_format": FORMAT},
        Price("0.0275"),
    ),
    seedream(
        "5-pro",
        "image-to-image",
        (3, 5000),
        10,
        {"1K": "basic", "2K": "high"},
        {"output_format": FORMAT},
        Table(
            "variant resolution",
            {
                ("text", "1K"): "0.035",
                ("text", "2K"): "0.07",
                ("images", "1K"): Price("0.0575", doubt=FURTHER),
                ("images", "2K"): Price("0.0925", doubt=FURTHER),
            },
        ),
    ),
)
